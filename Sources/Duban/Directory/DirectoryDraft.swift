// A directory as a file states it: what an operator writes in YAML.

/// A directory as a file states it.
public struct DirectoryDraft: Hashable, Sendable {
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
    var path: [FileStep] = []
  }

  public struct Person: Hashable, Sendable {
    public var name: String
    public var role: Duban.Person.Role
    /// The street, or the unit: one of them.
    public var street: String?
    public var unit: String?
    public var community: String?
    public var project: String?
    var line: Int?
    var path: [FileStep] = []
  }

  public struct Source: Hashable, Sendable {
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
    var path: [FileStep] = []
  }

  public struct Grant: Hashable, Sendable {
    /// The verbs of types: `responded`; every one, where the file names none.
    public var acts: [String]?
    /// URIs; every source that is not confidential, where the file names none.
    public var sources: [String]?
    /// Organs; everywhere, where the file names none.
    public var regions: [String]?
    var line: Int?
    var path: [FileStep] = []
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
}
