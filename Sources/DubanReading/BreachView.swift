// Breaches (逾期) as they are listed and shown.

import Duban
import DubanStore

/// A breach on record.
public struct BreachView: Encodable, Sendable {
  /// The matter's id, and its number within the matter: what names it.
  public var itemID: Int64
  public var number: Int32
  public var item: String
  public var unit: String?
  public var status: String
  /// Whether it counts against the organ.
  public var counts: Bool
  public var clock: String
  public var cycle: Int32
  public var tier: Tier
  /// Who owed the step, and whether as a supervising organ (督办) or as the responsible unit (承办).
  public var organ: String?
  public var isSupervising: Bool
  public var startedAt: Instant
  public var dueAt: Instant
  public var foundAt: Instant
  public var slip: String?
  public var raisedTo: Tier?
  public var nextDueAt: Instant?
  public var countedFrom: Instant?
  public var revision: Int32

  private let state: Breach.Status
  private let kind: Item.ClockKind
  private let colour: Slip?

  enum CodingKeys: CodingKey {
    case itemID, number, item, unit, status, counts, clock, cycle, tier, organ, isSupervising, startedAt, dueAt, foundAt, slip,
      raisedTo, nextDueAt, countedFrom, revision
  }

  public init(_ row: BreachRow) { self.init(row.breach, of: row.key, organ: row.organ) }

  init(_ breach: Breach, of key: ItemKey, organ: String?) {
    let (lapse, step) = (breach.lapse, breach.lapse.step)
    (itemID, number, item, unit) = (breach.itemID, breach.number, "\(key)", step.unit)
    (status, counts, state) = (breach.status.rawValue, breach.status.counts, breach.status)
    (clock, kind, cycle, tier) = (step.clock.rawValue, step.clock, lapse.cycle, step.tier)
    (self.organ, isSupervising) = (organ, lapse.isSupervising)
    (startedAt, dueAt, foundAt) = (lapse.startedAt, lapse.dueAt, lapse.foundAt)
    (slip, colour, raisedTo) = (lapse.slip?.rawValue, lapse.slip, lapse.raisedTo)
    (nextDueAt, countedFrom, revision) = (lapse.nextDueAt, lapse.countedFrom, breach.revision)
  }

  /// standing (已认定)
  public var statusText: String { "\(status) (\(state.chinese))" }
  public var clockText: String { kind.chinese }
  public var slipText: String? { colour?.text(isWithdrawn: !counts) }
  /// 胜阳港街道 (承办)
  public var owner: String { "\(organ ?? tier.chinese) (\(isSupervising ? "督办" : unit == nil ? "承办" : "协办"))" }

  /// Field by field, for people.
  public var lines: [(name: String, text: String)] {
    [
      ("item", item), ("breach", "\(number), revision \(revision)"),
      ("status", statusText + (counts ? ", counts" : ", does not count")),
      ("clock", "\(clockText), cycle \(cycle)"), ("owed by", owner), ("counted from", startedAt.rfc3339), ("due", dueAt.rfc3339),
      ("found", foundAt.rfc3339), ("slip", slipText ?? "–"),
      (
        "rose to",
        raisedTo.map { "\($0.chinese)" + (nextDueAt.map { ", due \($0.rfc3339)" } ?? "") } ?? "no organ is above"
      ),
    ]
  }
}

extension Slip {
  /// With what has become of it, for people who read English.
  func text(isWithdrawn: Bool) -> String { chinese + (isWithdrawn ? ", withdrawn (已撤销)" : "") }
}

/// A breach with its record.
public struct BreachDetail: Encodable, Sendable {
  public struct Line: Encodable, Sendable {
    public var at: Instant
    public var type: String
    public var summary: String
  }

  public var breach: BreachView
  public var history: [Line]

  public init(_ row: BreachRow, _ findings: [FindingRow]) {
    breach = BreachView(row)
    history = findings.map { Line(at: $0.at, type: $0.type, summary: FindingFacts($0).summary($0.type)) }
  }
}
