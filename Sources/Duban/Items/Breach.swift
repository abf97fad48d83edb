// Breaches (逾期): what stands, what was corrected, annulled or contested, and what a person decided.

/// A step of a chain: what a deadline was set for. Cycle numbers shift when a closing and a reopening come late, so a cycle is named by the
/// entry that began it.
public struct Step: Hashable, Sendable {
  /// The unit whose part it is; nil for the whole.
  public var unit: String?
  /// The number of the entry that began the cycle.
  public var begunBy: Int32
  public var clock: Item.ClockKind
  /// The number of the entry that started the clock again within the cycle (改派, 挂账, its review); 0 where it runs from the cycle's beginning.
  public var startedBy: Int32
  public var tier: Tier

  public init(unit: String?, begunBy: Int32, clock: Item.ClockKind, startedBy: Int32 = 0, tier: Tier) {
    (self.unit, self.begunBy, self.clock, self.startedBy, self.tier) = (unit, begunBy, clock, startedBy, tier)
  }
}

/// A deadline that lapsed, as the fold derives it.
public struct Lapse: Hashable, Sendable {
  public var step: Step
  /// For people: which cycle of the item, from 1.
  public var cycle: Int32
  /// Who owed the step: the responsible unit (承办) at the first, a supervising organ (督办) at the others; nil where the directory has none.
  public var organID: Int64?
  public var startedAt: Instant
  public var dueAt: Instant
  /// When Duban found it, by the database's clock.
  public var foundAt: Instant
  /// The slip (督办单) issued for it; nil where the policy issues none.
  public var slip: Slip?
  /// Where the chain rose to, and until when that step has time; nil where no organ is above.
  public var raisedTo: Tier?
  public var nextDueAt: Instant?
  /// When the next step's clock started, where that is not the deadline that lapsed, because it was found too late.
  public var countedFrom: Instant?

  /// Whether the step was a supervising tier's (督办), not the responsible unit's (承办).
  public var isSupervising: Bool

  public init(
    step: Step, cycle: Int32, organID: Int64?, startedAt: Instant, dueAt: Instant, foundAt: Instant, slip: Slip? = nil,
    raisedTo: Tier? = nil, nextDueAt: Instant? = nil, countedFrom: Instant? = nil, isSupervising: Bool = false
  ) {
    (self.step, self.cycle, self.organID) = (step, cycle, organID)
    (self.startedAt, self.dueAt, self.foundAt, self.slip) = (startedAt, dueAt, foundAt, slip)
    (self.raisedTo, self.nextDueAt, self.countedFrom) = (raisedTo, nextDueAt, countedFrom)
    self.isSupervising = isSupervising
  }
}

/// A breach on record. Never lost; its revision and its status say what has become of it.
public struct Breach: Hashable, Sendable {
  public var itemID: Int64
  /// Its number within the matter, for good.
  public var number: Int32
  public var revision: Int32 = 1
  public var lapse: Lapse
  public var status: Status

  public init(itemID: Int64, number: Int32, revision: Int32 = 1, lapse: Lapse, status: Status = .standing) {
    (self.itemID, self.number, self.revision, self.lapse, self.status) = (itemID, number, revision, lapse, status)
  }

  public enum Status: String, CaseIterable, Sendable {
    /// It happened and counts.
    case standing
    /// Duban finds that it did not happen, and it is not contested.
    case annulled
    /// Only what lifts blame and was heard later than `annuls-within` says that it did not happen. It counts until a person decides.
    case contested
    /// 维持认定: a person decided that a contested breach counts.
    case upheld
    /// A person decided that a contested or standing breach did not happen (申诉).
    case lifted
    /// 免予计入: it happened, and does not count.
    case excused

    /// Whether it counts against the organ.
    public var counts: Bool { self == .standing || self == .contested || self == .upheld }

    public var chinese: String {
      switch self {
      case .standing: "已认定"
      case .annulled: "已撤销"
      case .contested: "待核定"
      case .upheld: "维持认定"
      case .lifted: "申诉成立"
      case .excused: "免予计入"
      }
    }
  }

  /// The number of its slip, where it has one.
  public var slipNumber: String { "slip/\(itemID)/\(number)" }

  /// What a person may decide.
  public enum Decision: String, CaseIterable, Sendable {
    case uphold, lift, excuse

    /// The status that follows; nil where the decision does not fit the breach.
    public func status(after status: Status) -> Status? {
      switch (self, status) {
      case (.uphold, .contested): .upheld
      case (.lift, .contested), (.lift, .standing): .lifted
      case (.excuse, .standing), (.excuse, .contested), (.excuse, .upheld): .excused
      default: nil
      }
    }
  }
}
