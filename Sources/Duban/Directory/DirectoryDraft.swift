// A directory as a file states it: what an operator writes in YAML.

/// A directory as a file states it.
public struct DirectoryDraft: Hashable, Sendable, Decodable {
  /// An organ or a unit, written as its name alone or with more.
  public struct Member: Hashable, Sendable {
    public var name: String
    /// 统计用区划代码, 12 digits.
    public var code: String?
    /// Other names that messages may use.
    public var aliases: [String] = []
    /// 承办机关, 督办机关 and government, by their formal names.
    public var handlingOffice: String?
    public var supervisingOffice: String?
    public var government: String?
    /// Its office hours: `[08:30-12:00, 14:30-17:30]`.
    public var hours: OfficeHours?
    /// Names that it had before. One that the database has by such a name is renamed.
    public var formerly: [String] = []
    /// Streets of the same district that have ended in it.
    public var merges: [String] = []
    /// The district that the street belonged to before.
    public var movedFrom: String?
    public var streets: [Member] = []
    public var communities: [Member] = []
    /// Where it stands in the file.
    var line: Int?
  }

  public struct Person: Hashable, Sendable, Decodable {
    public var name: String
    public var role: Duban.Person.Role
    /// The street, or the unit: one of them.
    public var street: String?
    public var unit: String?
    public var community: String?
    public var project: String?
    var line: Int?

    enum CodingKeys: CodingKey { case name, role, street, unit, community, project }
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
    /// The organs and units in whose name it speaks.
    public var organs: [String]?
    /// What it may say of the items of others.
    public var grants: [Grant]?
    /// Of a confidential source, the unit that its matters go to.
    public var recipient: String?
    var line: Int?

    enum CodingKeys: CodingKey { case uri, name, receipts, users, confidential, organs, grants, recipient }
  }

  public struct Grant: Hashable, Sendable, Decodable {
    /// The verbs of types: `responded`; every one, where the file names none.
    public var acts: [String]?
    /// URIs; every source that is not confidential, where the file names none.
    public var sources: [String]?
    /// Organs; everywhere, where the file names none.
    public var regions: [String]?
    var line: Int?

    enum CodingKeys: CodingKey { case acts, sources, regions }
  }

  /// The city, whose keys stand at the top of the file. Its office hours count for all that set none.
  public var cityOrgan: Member
  public var districts: [Member]
  /// Units beside the chain that can have the lead (主办) of an item or a part in it (协办).
  public var units: [Member]?
  /// The persons who are responsible at streets and units.
  public var persons: [Person]?
  /// The AMQP users of operators' tools, which may send for every source.
  public var operators: [String]?
  public var sources: [Source]
  /// The file as it was read.
  public internal(set) var document = ""

  public var city: String { cityOrgan.name }
  public var hours: OfficeHours? { cityOrgan.hours }

  /// Reads a directory file, and holds it against itself: what it names, it has.
  ///
  /// - Throws: ``FileFault`` that names the line, the place and the remedy.
  public static func read(yaml: String) throws(FileFault) -> DirectoryDraft {
    let file = try OperatorFile<DirectoryDraft>(yaml: yaml)
    var draft = try DirectoryChecks(file).checked()
    draft.document = yaml
    // A new database would have to take it.
    _ = try DirectoryUpdate(draft, onto: .empty)
    return draft
  }
}

// MARK: - Decoding

extension DirectoryDraft {
  enum CodingKeys: CodingKey { case city, districts, units, persons, operators, sources }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    cityOrgan = try Member(name: container.decode(String.self, forKey: .city), decoder.container(keyedBy: Member.CodingKeys.self))
    districts = try container.decode([Member].self, forKey: .districts)
    units = try container.decodeIfPresent([Member].self, forKey: .units)
    persons = try container.decodeIfPresent([Person].self, forKey: .persons)
    operators = try container.decodeIfPresent([String].self, forKey: .operators)
    sources = try container.decode([Source].self, forKey: .sources)
  }
}

extension DirectoryDraft.Member: Decodable {
  enum CodingKeys: String, CodingKey {
    case name, code, aliases, government, hours, formerly, merges, streets, communities
    case handlingOffice = "handling-office"
    case supervisingOffice = "supervising-office"
    case movedFrom = "moved-from"
  }

  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self.init(name: name)
    } else {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      try self.init(name: container.decode(String.self, forKey: .name), container)
    }
  }

  /// With the keys beside its name.
  fileprivate init(name: String, _ container: KeyedDecodingContainer<CodingKeys>) throws {
    func texts(_ key: CodingKeys) throws -> [String] { try container.decodeIfPresent([String].self, forKey: key) ?? [] }
    func members(_ key: CodingKeys) throws -> [Self] { try container.decodeIfPresent([Self].self, forKey: key) ?? [] }
    self.init(name: name)
    code = try container.decodeIfPresent(String.self, forKey: .code)
    handlingOffice = try container.decodeIfPresent(String.self, forKey: .handlingOffice)
    supervisingOffice = try container.decodeIfPresent(String.self, forKey: .supervisingOffice)
    government = try container.decodeIfPresent(String.self, forKey: .government)
    hours = try container.decodeIfPresent(OfficeHours.self, forKey: .hours)
    movedFrom = try container.decodeIfPresent(String.self, forKey: .movedFrom)
    (aliases, formerly, merges) = (try texts(.aliases), try texts(.formerly), try texts(.merges))
    (streets, communities) = (try members(.streets), try members(.communities))
  }
}

extension Person.Role: Decodable {
  public init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}
