// Checklists (检查表) as data: what is to be checked, in which order, what passes, and who may say so.

/// A checklist (检查表): what a report of an inspection has to say, and what of it passes.
public struct Checklist: Hashable, Sendable {
  /// By which messages name it, such as `three-checks`.
  public var name: String
  /// As an office writes it, such as 三检记录.
  public var title: String
  /// Given by the database when it is applied: 1, 2, 3 … of each name. 0 of one that is only read.
  public var version: Int
  /// 依据: the document that asks for it, or `preset` where no document does.
  public var citation: String
  /// How long a result counts, in natural time; nil where it counts for good.
  public var validity: Span?
  /// The roles in which a report may be made; empty where any may.
  public var reporters: [String]
  public var checks: [Check]

  /// A line of a checklist (检查项).
  public struct Check: Hashable, Sendable {
    /// By which `data.results` names it.
    public var name: String
    /// What is to be seen there, in full.
    public var asks: String?
    public var form: Form
    /// Of a sign-off the roles that may sign; of any other check those in which it may be reported, empty where all may.
    public var roles: [String]
    /// The checks that must have passed before this one can pass (R16 三检).
    public var after: [String]
    /// Whether a report may leave it out.
    public var isOptional: Bool
  }

  /// What a result is, and when it passes.
  public enum Form: Hashable, Sendable {
    /// 是否.
    case yesNo(passesWhen: Bool)
    /// 数值.
    case number(Threshold)
    /// 选项.
    case choice([String], failing: [String])
    /// 文字: passes where something is written.
    case text
    /// 照片: references to at least so many.
    case photo(atLeast: Int)
    /// 资料: references to at least so many documents.
    case document(atLeast: Int)
    /// 签字 by one of the check's roles: passes where it agrees.
    case signOff
  }

  /// What a number can be, and from where to where it passes; both ends count.
  public struct Threshold: Hashable, Sendable {
    public var unit: String?
    public var atLeast: Double?
    public var atMost: Double?
    /// Nil where any number can be.
    public var possible: ClosedRange<Double>?
  }
}

/// The checklists in force, by their names.
public struct ChecklistBook: Sendable {
  public var inForce: [String: Checklist]

  public init(_ checklists: [Checklist] = []) {
    inForce = Dictionary(checklists.map { ($0.name, $0) }) { $0.version > $1.version ? $0 : $1 }
  }
}
