// The directory: the organs of the chain and the upstream systems that Duban knows.

/// An organ of the chain: the city, one of its districts, or a street (街道, 乡镇); or a unit beside the chain.
public struct Organ: Hashable, Sendable {
  public var id: Int64
  /// Nil for a unit (主办, 协办单位) that holds items, or its part in them, before the chain does: 水, 电, 气, 通信 (R12).
  public var tier: Tier?
  public var name: String
  /// The organ above, of a unit the city; nil for the city.
  public var parentID: Int64?
  /// The office hours that it kept before the present ones, the earliest first.
  public var formerHours: [FormerHours] = []
  /// When it works (工作时); nil where it keeps the hours of the organ above.
  public var officeHours: OfficeHours?

  public init(
    id: Int64, tier: Tier?, name: String, parentID: Int64?, officeHours: OfficeHours? = nil
  ) {
    (self.id, self.tier, self.name, self.parentID, self.officeHours) = (id, tier, name, parentID, officeHours)
  }
}

extension Organ {
  /// When an organ worked (nil: by the hours of the organ above), until others were in force.
  public struct FormerHours: Hashable, Sendable {
    public var hours: OfficeHours?
    public var until: Instant

    public init(_ hours: OfficeHours?, until: Instant) {
      (self.hours, self.until) = (hours, until)
    }
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
  private let units: [String: Int64]

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
    units = Dictionary(organs.lazy.filter { $0.tier == nil }.map { ($0.name, $0.id) }, uniquingKeysWith: { a, _ in a })
  }

  /// What the directory makes of an event when it is recorded: the organs of its place, as far down as they are known, and its units.
  ///
  /// A name that is missing or unknown leaves the place at the tier above it, 待派: a citizen's complaint is taken all the same.
  public func stamp(_ event: Event, policy: Int, units: [String] = []) -> Stamp {
    var stamp = Stamp()
    switch event {
    case .opened(let opening):
      stamp.policy = policy
      place(opening.region, in: &stamp)
    case .assigned(let assignment): if let region = assignment.region { place(region, in: &stamp) }
    case .placed(let region): place(region, in: &stamp)
    default: break
    }
    for unit in event.units?.all ?? units { stamp.units[unit] = self.units[unit] }
    return stamp
  }

  private func place(_ region: Event.Region?, in stamp: inout Stamp) {
    stamp.cityID = city?.id
    guard let district = region?.district.flatMap({ districts[$0] }) else { return }
    stamp.districtID = district.id
    stamp.streetID = region?.street.flatMap { streets[StreetKey(districtID: district.id, name: $0)]?.id }
  }

  /// Whether an item may be spoken of only to those who handle its source's matters.
  public func isConfidential(_ item: ItemKey) -> Bool { sources[item.source]?.isConfidential == true }

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

  /// When an organ works by the hours in force at a time: by its own, or those of the nearest organ above that has some.
  func officeHours(of organ: Int64?, at time: Instant) -> OfficeHours {
    guard let organ = organ.flatMap({ organs[$0] }) else { return .standard }
    let former = organ.formerHours.first { time < $0.until }
    let own = if let former { former.hours } else { organ.officeHours }
    return own ?? officeHours(of: organ.parentID, at: time)
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
    public var streets: [Member]
    public var hours: OfficeHours?
  }

  /// A street or a unit, written as its name alone, or with its own hours.
  public struct Member: Hashable, Sendable, Decodable {
    public var name: String
    public var hours: OfficeHours?

    enum CodingKeys: CodingKey { case name, hours }

    public init(from decoder: any Decoder) throws {
      if let name = try? decoder.singleValueContainer().decode(String.self) {
        self.name = name
      } else {
        let c = try decoder.container(keyedBy: CodingKeys.self)
        name = try c.decode(String.self, forKey: .name)
        hours = try c.decodeIfPresent(OfficeHours.self, forKey: .hours)
      }
    }
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
  /// The city's office hours, which count for all that set none: `[08:30-12:00, 14:30-17:30]`.
  public var hours: OfficeHours?
  public var districts: [District]
  /// Units beside the chain that can have the lead (主办) of an item or a part in it (协办).
  public var units: [Member]?
  public var sources: [Source]

  /// Reads a directory file.
  ///
  /// - Throws: ``FileFault`` that names the place and the remedy.
  public static func read(yaml: String) throws(FileFault) -> DirectoryDraft {
    let file = try OperatorFile<DirectoryDraft>(yaml: yaml)
    let draft = file.content
    try file.allow(["city", "hours", "districts", "units", "sources"])
    if let (i, twice) = draft.districts.map(\.name).firstRepeated {
      throw file.fault(at: "districts", .place(i), "name", because: "'\(twice)' appears twice")
    }
    for (i, district) in draft.districts.enumerated() {
      try file.allow(["name", "hours", "streets"], at: "districts", .place(i))
      for j in district.streets.indices {
        try file.allow(["name", "hours"], at: "districts", .place(i), "streets", .place(j))
      }
      if let (j, twice) = district.streets.map(\.name).firstRepeated {
        throw file.fault(at: "districts", .place(i), "streets", .place(j), because: "'\(twice)' appears twice")
      }
    }
    let units = draft.units ?? []
    for i in units.indices { try file.allow(["name", "hours"], at: "units", .place(i)) }
    if let (i, twice) = (draft.districts.map(\.name) + units.map(\.name)).firstRepeated {
      throw file.fault(at: "units", .place(i - draft.districts.count), because: "'\(twice)' appears twice")
    }
    for i in draft.sources.indices {
      try file.allow(["uri", "name", "receipts", "users", "confidential"], at: "sources", .place(i))
    }
    if let (i, twice) = draft.sources.map(\.uri).firstRepeated {
      throw file.fault(at: "sources", .place(i), "uri", because: "'\(twice)' appears twice")
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

extension OfficeHours: Decodable {
  /// A list of intervals: `[08:30-12:00, 14:30-17:30]`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let texts = try container.decode([String].self)
    guard let hours = OfficeHours(text: texts.joined(separator: ",")) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "write the intervals of a day in order, like [08:30-12:00, 14:30-17:30]")
    }
    self = hours
  }

  /// Reads `08:30-12:00,14:30-17:30`; nil for anything else.
  public init?(text: String) {
    func minutes(_ time: Substring) -> Int? {
      let parts = time.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }), let hour = Int(parts[0]), let minute = Int(parts[1]),
        0...24 ~= hour, 0...59 ~= minute
      else { return nil }
      return hour * 60 + minute
    }
    var intervals: [Range<Int>] = []
    for interval in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = interval.split(separator: "-", omittingEmptySubsequences: false).map(minutes)
      guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
      intervals.append(start..<end)
    }
    self.init(intervals)
  }

  public var text: String {
    func time(_ minutes: Int) -> String { "\(minutes / 60 + 100)".dropFirst() + ":" + "\(minutes % 60 + 100)".dropFirst() }
    return intervals.map { "\(time($0.lowerBound))-\(time($0.upperBound))" }.joined(separator: ",")
  }
}
