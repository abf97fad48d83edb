// Two policies side by side: what came of real items, and what another policy would have made of the same events.

import Duban
import DubanStore

/// Totals of two policies, by district, and the items in which they differ.
public struct PolicyComparison: Encodable, Sendable {
  public struct Totals: Encodable, Sendable {
    public var breaches = 0
    public var climbs = 0
    public var slips = 0
    public var summonses = 0
    public var warnings = 0

    mutating func add(_ other: Totals) {
      (breaches, climbs, slips) = (breaches + other.breaches, climbs + other.climbs, slips + other.slips)
      (summonses, warnings) = (summonses + other.summonses, warnings + other.warnings)
    }
  }

  public struct District: Encodable, Sendable {
    public var district: String
    public var items = 0
    public var was = Totals()
    public var wouldBe = Totals()
  }

  public struct Difference: Encodable, Sendable {
    public var item: String
    public var district: String
    public var breaches: [String]
    public var wouldBe: [String]
  }

  /// Up to when they are compared.
  public let until: Instant
  /// Entries that counted and would not have.
  public private(set) var entriesInapplicable = 0
  /// Items that differ, the first ``limit`` of them.
  public private(set) var items: [Difference] = []
  public private(set) var itemsThatDiffer = 0

  private let policy: Policy
  private let references: References
  private let limit: Int
  private var byDistrict: [String: District] = [:]

  public init(trying policy: Policy, against references: References, until: Instant, limit: Int) {
    (self.policy, self.references, self.until, self.limit) = (policy, references, until, limit)
  }

  /// Adds a matter: its log as it is, and as the other policy would have it, every deadline handled in time.
  public mutating func add(_ matter: Matter, _ log: [Entry], _ breaches: [Breach]) {
    let log = log.filter { $0.recordedAt < until }
    var (asItIs, tried) = (matter, matter)
    asItIs.log.sweptTo = matter.log.sweptTo.map { min($0, until) }
    tried.log.sweptTo = until
    let real = Fold.whole(
      log, of: asItIs, references: references, now: until, recorded: breaches.filter { $0.lapse.foundAt <= until }, explains: true
    )
    let trial = Fold.whole(log, of: tried, references: references, now: until, explains: true, trial: policy)
    let place = real.matter.opening?.place
    let directory = references.directory
    let district = directory.name(of: place?.districtID) ?? directory.name(of: place?.cityID) ?? "–"
    byDistrict[district, default: District(district: district)].items += 1
    byDistrict[district]?.was.add(Totals(real))
    byDistrict[district]?.wouldBe.add(Totals(trial))
    entriesInapplicable += trial.verdicts.count { number, verdict in
      if case .inapplicable = verdict { real.verdicts[number] == .applied } else { false }
    }
    let (was, wouldBe) = (real.breachTexts, trial.breachTexts)
    guard was != wouldBe else { return }
    itemsThatDiffer += 1
    if items.count < limit {
      items.append(Difference(item: "\(matter.key)", district: district, breaches: was, wouldBe: wouldBe))
    }
  }

  /// Each district, and all together where there are several.
  public var districts: [District] {
    let each = byDistrict.values.sorted { $0.district < $1.district }
    guard each.count > 1 else { return each }
    var all = District(district: "all")
    for district in each {
      all.items += district.items
      all.was.add(district.was)
      all.wouldBe.add(district.wouldBe)
    }
    return each + [all]
  }

  enum CodingKeys: CodingKey { case until, districts, entriesInapplicable, itemsThatDiffer, items }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(until, forKey: .until)
    try container.encode(districts, forKey: .districts)
    try container.encode(entriesInapplicable, forKey: .entriesInapplicable)
    try container.encode(itemsThatDiffer, forKey: .itemsThatDiffer)
    try container.encode(items, forKey: .items)
  }
}

extension PolicyComparison.Totals {
  fileprivate init(_ fold: Fold) {
    self.init(
      breaches: fold.lapses.count, climbs: fold.lapses.count { $0.raisedTo != nil }, slips: fold.lapses.count { $0.slip != nil },
      summonses: fold.summonses.count, warnings: fold.warningsDue)
  }
}

extension Fold {
  fileprivate var breachTexts: [String] {
    lapses.map { "\($0.step.tier.chinese)\($0.step.clock.chinese) \($0.dueAt.rfc3339)" }
  }
}

/// What a move to another policy does to an item.
public struct PolicyMoveView: Encodable, Sendable {
  public var id: Int64
  public var item: String
  public var fromPolicy, toPolicy: Int
  public var responseDueAtBefore, responseDueAt, resolutionDueAtBefore, resolutionDueAt: Instant?
  public var refused: String?

  public init(_ row: PolicyMoveRow) {
    let after = row.after ?? row.before
    (id, item, refused) = (row.before.id, row.before.key.description, row.refusal)
    (fromPolicy, toPolicy) = (row.before.opening?.policyVersion ?? 0, after.opening?.policyVersion ?? 0)
    func due(_ matter: Matter, _ kind: Item.ClockKind) -> Instant? {
      matter.whole.clocks.first { $0.kind == kind }?.clock.dueAt
    }
    (responseDueAtBefore, responseDueAt) = (due(row.before, .response), due(after, .response))
    (resolutionDueAtBefore, resolutionDueAt) = (due(row.before, .resolution), due(after, .resolution))
  }
}
