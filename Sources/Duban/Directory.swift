// The directory: the organs of the chain and the upstream systems that Duban knows.

/// An organ of the chain: the city, one of its districts, or a street (街道, 乡镇).
public struct Organ: Hashable, Sendable {
  public var id: Int64
  public var tier: Tier
  public var name: String
  /// The organ above; nil for the city.
  public var parentID: Int64?

  public init(id: Int64, tier: Tier, name: String, parentID: Int64?) {
    (self.id, self.tier, self.name, self.parentID) = (id, tier, name, parentID)
  }
}

/// An upstream system that may send (R2: 二维码, 12345, 12388; R19: 现场接待; R43: 小微权力监督平台).
public struct UpstreamSource: Hashable, Sendable {
  /// The CloudEvents `source`.
  public var uri: String
  public var name: String
  /// Whether it is sent `receipt.accepted` for each message taken.
  public var wantsReceipts: Bool
  /// The AMQP users that may send for it; empty where the broker's permissions alone decide.
  public var users: [String]
  /// Whether what it sends may be seen only by those who handle it (12388: discipline and inspection).
  public var isConfidential: Bool

  public init(uri: String, name: String, wantsReceipts: Bool = false, users: [String] = [], isConfidential: Bool = false) {
    (self.uri, self.name, self.wantsReceipts) = (uri, name, wantsReceipts)
    (self.users, self.isConfidential) = (users, isConfidential)
  }

  /// Whether a message with this `user-id` may be the source's. The broker has checked that the user is who it says.
  func admits(_ user: String?) -> Bool {
    users.isEmpty || user.map(users.contains) == true
  }
}

/// Organs by name and by id, and sources by URI.
public struct Directory: Sendable {
  public let version: Int
  public let organs: [Int64: Organ]
  public let sources: [String: UpstreamSource]
  private let city: Organ?
  private let districts: [String: Organ]
  private let streets: [StreetKey: Organ]

  private struct StreetKey: Hashable {
    var districtID: Int64
    var name: String
  }

  public init(version: Int, organs: [Organ], sources: [UpstreamSource]) {
    self.version = version
    self.organs = Dictionary(organs.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    self.sources = Dictionary(sources.map { ($0.uri, $0) }, uniquingKeysWith: { a, _ in a })
    city = organs.first { $0.tier == .city }
    districts = Dictionary(organs.filter { $0.tier == .district }.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
    var streets: [StreetKey: Organ] = [:]
    for organ in organs where organ.tier == .street {
      if let district = organ.parentID { streets[StreetKey(districtID: district, name: organ.name)] = organ }
    }
    self.streets = streets
  }

  /// Finds the place that a message names, as far down as it is known.
  ///
  /// A name that is missing or unknown leaves the place at the tier above it, marked 待派: a citizen's complaint is taken all the same
  /// (messages.md, "Rules for bad input").
  public func place(of region: EventData.Region?) -> Place {
    var place = Place(cityID: city?.id, community: region?.community, isUnassigned: true)
    guard let name = region?.district, let district = districts[name] else { return place }
    place.districtID = district.id
    guard let name = region?.street, let street = streets[StreetKey(districtID: district.id, name: name)] else { return place }
    place.streetID = street.id
    place.isUnassigned = false
    return place
  }

  /// What may be said of an item to those who do not handle it: its title, unless its source is confidential.
  func publicTitle(of item: Item) -> String {
    sources[item.key.source]?.isConfidential == true ? "保密件" : item.title ?? item.key.subject
  }

  /// Whether a message may be spoken of only to those who handle its source's matters: by who sent it, or by whose item it is about.
  public func isConfidential(_ envelope: Envelope) -> Bool {
    [envelope.key.source, envelope.item.source].contains { sources[$0]?.isConfidential == true }
  }

  /// Whether what a message says is known to be no confidential source's.
  ///
  /// What cannot be read as far as its source, or names one that is not known, may well be: it was sent by mistake. So it is open only where
  /// no source is confidential at all. A `user` that sends for a confidential source settles it too.
  public func isOpen(_ head: MessageHead, sentBy user: String?) -> Bool {
    let confidential = sources.values.filter(\.isConfidential)
    if confidential.isEmpty { return true }
    if let user, confidential.contains(where: { $0.users.contains(user) }) { return false }
    guard let source = head.source.flatMap({ sources[$0] }), !source.isConfidential else { return false }
    guard let itemSource = head.itemSource else { return true }
    return sources[itemSource]?.isConfidential == false
  }

  public func name(of organ: Int64?) -> String? {
    organ.flatMap { organs[$0]?.name }
  }
}

// MARK: - Files

/// A directory as a file states it.
public struct DirectoryDraft: Hashable, Sendable, Decodable {
  public struct District: Hashable, Sendable, Decodable {
    public var name: String
    public var streets: [String]
  }

  public struct Source: Hashable, Sendable, Decodable {
    public var uri: String
    public var name: String
    /// Whether the system is sent a receipt for each message taken.
    public var receipts: Bool?
    /// The AMQP users that may send for it; any, where the file names none.
    public var users: [String]?
    /// Whether only the role `duban_confidential` may see its items.
    public var confidential: Bool?
  }

  public var city: String
  public var districts: [District]
  public var sources: [Source]

  /// Reads a directory file.
  ///
  /// - Throws: ``FileFault`` that names the place and the remedy.
  public static func read(yaml: String) throws(FileFault) -> DirectoryDraft {
    let file = try OperatorFile<DirectoryDraft>(yaml: yaml)
    let draft = file.content
    try file.allow(["city", "districts", "sources"])
    if let (i, twice) = draft.districts.map(\.name).firstRepeated {
      throw file.fault(at: "districts", .place(i), "name", because: "'\(twice)' stands twice")
    }
    for (i, district) in draft.districts.enumerated() {
      try file.allow(["name", "streets"], at: "districts", .place(i))
      if let (j, twice) = district.streets.firstRepeated {
        throw file.fault(at: "districts", .place(i), "streets", .place(j), because: "'\(twice)' stands twice")
      }
    }
    for i in draft.sources.indices {
      try file.allow(["uri", "name", "receipts", "users", "confidential"], at: "sources", .place(i))
    }
    if let (i, twice) = draft.sources.map(\.uri).firstRepeated {
      throw file.fault(at: "sources", .place(i), "uri", because: "'\(twice)' stands twice")
    }
    return draft
  }
}

extension [String] {
  fileprivate var firstRepeated: (Int, String)? {
    var seen: Set<String> = []
    return enumerated().first { !seen.insert($1).inserted }.map { ($0, $1) }
  }
}
