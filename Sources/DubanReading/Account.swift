// The account of a matter: its log folded once more, for people to see how each deadline came about and what became of it.

import Duban
import DubanStore

/// A matter's log, folded with reasons.
///
/// Two questions about the past have two answers. *As at* a time is what Duban knew then: entries recorded, and breaches found, up to it.
/// *As of* a time is how things stood then, by all that is known today: entries that happened, and deadlines that lapsed, up to it.
public struct Account {
  public let fold: Fold
  public let log: [Entry]
  /// Breaches on record, as they were known.
  public let breaches: [Breach]
  public let findings: [FindingRow]
  public let asAt: Instant?
  public let asOf: Instant?

  public var matter: Matter { fold.matter }
  var directory: Directory { fold.references.directory }

  public init(
    of row: Matter, log: [Entry], breaches: [Breach], findings: [FindingRow] = [], references: References, now: Instant,
    asAt: Instant? = nil, asOf: Instant? = nil
  ) {
    // As far as the row went when it was read: duband may be at work on it.
    var log = log.filter { $0.number <= row.entries }
    var breaches = breaches.filter { $0.number <= row.log.breaches }
    var findings = findings
    var sweptTo = row.log.sweptTo
    var references = references
    if let asAt {
      references.calendars = Calendars(references.calendars.versions.filter { $0.from <= asAt })
      log = log.filter { $0.recordedAt <= asAt }
      findings = findings.filter { $0.at <= asAt }
      let facts = findings.map(FindingFacts.init)
      breaches = breaches.filter { $0.lapse.foundAt <= asAt }.map { $0.asKnown(by: facts) }
      // Sweeps leave no line of their own: what they found does.
      sweptTo =
        (breaches.map(\.lapse.dueAt)
        + findings.filter { ["item.due-soon", "item.recomputed"].contains($0.type) }.map(\.at)).max()
    }
    if let asOf {
      log = log.filter { min($0.place, $0.recordedAt) <= asOf }
      breaches = breaches.filter { $0.lapse.dueAt <= asOf }
      findings = findings.filter { $0.at <= asOf }
      sweptTo = asAt == nil ? asOf : sweptTo.map { min($0, asOf) }
    }
    var matter = row
    matter.log.sweptTo = sweptTo
    fold = Fold.whole(log, of: matter, references: references, now: now, recorded: breaches, explains: true)
    (self.log, self.breaches, self.findings) = (log, breaches, findings)
    (self.asAt, self.asOf) = (asAt, asOf)
  }

  public init(
    of row: Matter, _ record: MatterRecord, references: References, now: Instant, asAt: Instant? = nil, asOf: Instant? = nil
  ) {
    self.init(
      of: row, log: record.log, breaches: record.breaches, findings: record.findings, references: references, now: now,
      asAt: asAt,
      asOf: asOf)
  }

  /// What the row says and its log does not: a defect. Nil where they agree.
  public func contradiction(of row: Matter) -> String? {
    let (has, comes) = (row.deadlines, matter.deadlines)
    guard has != comes else { return nil }
    func text(_ lines: [String]) -> String { lines.isEmpty ? "no deadline" : lines.joined(separator: ", ") }
    return "DEFECT: item \(row.key) has \(text(has)); its log comes to \(text(comes)); please report it"
  }

  func entry(_ number: Int32) -> Entry? { log.first { $0.number == number } }

  func name(_ organ: Int64?, _ tier: Tier) -> String { directory.name(of: organ) ?? tier.chinese }

  /// The breach on record for a lapse, matched as when it was recorded; nil where it is not on record.
  func breach(of lapse: Lapse) -> Breach? {
    let known = breaches.filter { $0.status != .annulled }.sorted { $0.lapse.dueAt < $1.lapse.dueAt }
    return Breach.match(lapse, in: known).map { known[$0] }
  }
}

extension Matter {
  fileprivate var deadlines: [String] {
    items.flatMap { unit, item in
      Item.ClockKind.allCases.compactMap { kind in
        item.isInWork
          ? item.cycle?[kind].map { "\(unit.map { "\($0) " } ?? "")\(kind.chinese) due \($0.dueAt.rfc3339)" } : nil
      }
    }
  }
}

extension Breach {
  /// As it stood by the findings up to a time.
  fileprivate func asKnown(by findings: [FindingFacts]) -> Breach {
    var breach = self
    let own = findings.filter { $0.breach == number && $0.dueAt != nil }
    breach.status = own.last?.status.flatMap(Status.init) ?? .standing
    if let dueAt = own.last?.dueAt.flatMap({ Instant(rfc3339: $0) }) { breach.lapse.dueAt = dueAt }
    breach.revision = own.last?.revision ?? revision
    return breach
  }
}

// MARK: - Cycles and their clocks

/// A cycle of an item, with what became of it.
struct CycleAccount {
  var unit: String?
  var number: Int32
  var cycle: Item.Cycle
  /// When and how it ended; nil of one in work.
  var end: (at: Instant, how: Ending)?
  /// The main item of a duplicate.
  var main: ItemKey?
  var clocks: [ClockStory]

  /// The first answer, or what came in its place.
  var answered: Instant? { cycle.answeredAt ?? end?.at }
}

/// What ended a cycle.
enum Ending {
  case settled, withdrawn
  /// 审核 of a funding request: not approved.
  case rejected
  /// A part ends with the whole.
  case withWhole(isWithdrawal: Bool)
  /// A duplicate ends with its main item.
  case withMain
  /// A part whose unit has got the lead.
  case tookLead
}

/// What became of a clock in a cycle: who owed each step of its chain, and until when.
struct ClockStory {
  var kind: Item.ClockKind
  var matterKind: Kind
  /// The unit whose part it is, and who has to do the work.
  var unit: String?
  var responsible: String
  var steps: [StepStory]
  var outcome: Outcome

  enum Outcome {
    /// What was due was done; late by so much of natural time where the first step lapsed.
    case done(at: Instant, lateBy: Span?)
    /// The cycle ended first, or otherwise.
    case ended(at: Instant, how: Ending, lateBy: Span?)
    case suspended(since: Instant)
    case running
    /// The policy that it was moved to has no such clock.
    case dropped
  }
}

struct StepStory {
  var isSupervising: Bool
  var organ: String
  /// How its deadline came about, and each change of it.
  var settings: [Setting]
  var lapse: Lapse?
  var breach: Breach?
  /// Who is to blame for the lapse, or would be if it lapsed as it stands.
  var accountable: String
}

/// A deadline as it was set or changed.
struct Setting {
  var derivation: Derivation
  var cause: Cause
  /// The deadline before it; nil of the first of a step.
  var dueBefore: Instant?
  /// What was left of the limit at the end of the last pause.
  var left: (limit: TimeLimit, amount: Int64)?
  /// The days counted and passed over; nil where no days are.
  var days: Explanation?

  enum Cause {
    case opened, named
    case reopened(isDissatisfied: Bool)
    case escalated(countedFrom: Instant?)
    case resumed(Item.Pause, reason: String?)
    case extended(Item.Grant, by: String?, because: String?)
    /// An extension was not granted: the deadline stays.
    case refused(at: Instant)
    case policy(version: Int, by: String, because: String)
    case calendar(version: Int)
    /// The clock started again for who was told to do it (派单, 改派).
    case assigned
    /// 挂账, or the review before.
    case parked
    case changed

    /// For programs.
    var name: String {
      switch self {
      case .opened: "opened"
      case .named: "named"
      case .reopened: "reopened"
      case .escalated: "escalated"
      case .resumed: "resumed"
      case .extended: "extended"
      case .refused: "extension-refused"
      case .policy: "policy-moved"
      case .calendar: "calendar-came"
      case .assigned: "assigned"
      case .parked: "parked"
      case .changed: "changed"
      }
    }
  }

  /// Whether an extension set it, not the limit.
  var isExtended: Bool { derivation.grant.map { derivation.dueAt >= $0.until } ?? false }
}

extension Account {
  /// The cycles of the whole or of a unit's part, in order.
  func cycles(of unit: String?) -> [CycleAccount] {
    var cycles = fold.endedCycles.filter { $0.unit == unit }.map { ended in
      CycleAccount(
        unit: unit, number: ended.number, cycle: ended.cycle, end: (ended.at, ending(of: ended)), clocks: [])
    }
    if let item = matter.item(of: unit), item.isInWork, let cycle = item.cycle {
      cycles.append(CycleAccount(unit: unit, number: item.cycles, cycle: cycle, main: item.main, clocks: []))
    }
    for i in cycles.indices { cycles[i].clocks = Item.ClockKind.allCases.compactMap { story(of: $0, in: cycles[i]) } }
    return cycles
  }

  private func ending(of cycle: EndedCycle) -> Ending {
    let entry = entry(cycle.entry)
    if let unit = cycle.unit, entry?.unit != unit {
      switch entry?.event {
      case .accepted, .assigned: return .tookLead
      default: break
      }
      return .withWhole(isWithdrawal: cycle.isWithdrawal)
    }
    return switch entry?.event {
    case .followed: .withMain
    case .reviewed(isApproved: false): .rejected
    default: cycle.isWithdrawal ? .withdrawn : .settled
    }
  }

  private func story(of kind: Item.ClockKind, in cycle: CycleAccount) -> ClockStory? {
    let derivations = fold.derivations.filter { $0.unit == cycle.unit && $0.cycle == cycle.number && $0.kind == kind }
    guard !derivations.isEmpty else { return nil }
    let lapses = fold.lapses.filter {
      $0.step.unit == cycle.unit && $0.step.begunBy == cycle.cycle.begunBy && $0.step.clock == kind
    }
    var steps: [StepStory] = []
    var before: Derivation?
    for derivation in derivations {
      let isNew = before?.clock.step != derivation.clock.step
      // The first step is named by the tier of the responsible unit when it lapses: that may have changed (改派).
      let lapse = lapses.first {
        derivation.clock.step == 0 ? !$0.isSupervising : $0.isSupervising && $0.step.tier == derivation.clock.tier
      }
      let setting = setting(derivation, after: before, in: cycle, lapses)
      if isNew {
        steps.append(
          StepStory(
            isSupervising: derivation.clock.step > 0, organ: name(derivation.organID, derivation.clock.tier), settings: [],
            lapse: lapse, breach: lapse.flatMap(breach), accountable: ""))
      }
      steps[steps.count - 1].settings.append(setting)
      steps[steps.count - 1].accountable = name(
        lapse?.organID ?? fold.accountable(for: derivation.clock, in: cycle.cycle), derivation.clock.tier)
      before = derivation
    }
    if kind == .resolution { steps[0].settings += refusals(in: cycle, derivations.filter { $0.clock.step == 0 }) }
    return ClockStory(
      kind: kind, matterKind: matter.kind, unit: cycle.unit, responsible: name(cycle.cycle.responsibleID, cycle.cycle.startTier),
      steps: steps, outcome: outcome(of: kind, in: cycle, steps))
  }

  /// The extensions that were not granted in a cycle, each with the deadline that stayed.
  private func refusals(in cycle: CycleAccount, _ derivations: [Derivation]) -> [Setting] {
    log.compactMap { entry in
      guard case .extensionDecided(.rejected) = entry.event, entry.unit == cycle.unit, fold.verdicts[entry.number] == .applied,
        entry.place >= cycle.cycle.beganAt, cycle.end.map({ entry.place <= $0.at }) ?? true,
        let kept = derivations.last(where: { $0.at <= entry.place })
      else { return nil }
      return Setting(derivation: kept, cause: .refused(at: entry.place))
    }
  }

  private func outcome(of kind: Item.ClockKind, in cycle: CycleAccount, _ steps: [StepStory]) -> ClockStory.Outcome {
    // What a person found not to have happened is no delay.
    let missed = steps.first.flatMap { $0.breach?.status == .lifted ? nil : $0.lapse?.dueAt }
    func late(_ time: Instant) -> Span? { missed.flatMap { $0 < time ? time - $0 : nil } }
    if let at = cycle.cycle.doneAt(kind) { return .done(at: at, lateBy: late(at)) }
    if let end = cycle.end {
      if kind == .resolution, case .settled = end.how { return .done(at: end.at, lateBy: late(end.at)) }
      return .ended(at: end.at, how: end.how, lateBy: late(end.at))
    }
    // Where its last step lapsed and no organ is above, no clock is left that could be suspended.
    if steps.last?.lapse != nil { return .running }
    if cycle.cycle[kind] == nil { return .dropped }
    if !cycle.cycle.isRunning(kind), let pause = cycle.cycle.pauses.last, pause.until == nil {
      return .suspended(since: pause.from)
    }
    return .running
  }

  private func setting(
    _ derivation: Derivation, after before: Derivation?, in cycle: CycleAccount, _ lapses: [Lapse]
  ) -> Setting {
    var setting = Setting(derivation: derivation, cause: cause(of: derivation, after: before, in: cycle, lapses))
    if let before, before.clock.step == derivation.clock.step { setting.dueBefore = before.dueAt }
    guard !setting.isExtended else { return setting }
    setting.days = derivation.explanation
    if case .limit(let limit) = derivation.allowance, derivation.clock.statedAt == nil, let until = derivation.pauses.last?.until
    {
      setting.left = derivation.days.remaining(of: limit, from: until, to: derivation.dueAt).map { (limit, $0.amount) }
    }
    return setting
  }

  private func cause(
    of derivation: Derivation, after before: Derivation?, in cycle: CycleAccount, _ lapses: [Lapse]
  ) -> Setting.Cause {
    if derivation.kind == .review, derivation.clock.step == 0, before?.clock.start != derivation.clock.start { return .parked }
    guard let before else { return beginning(of: cycle) }
    if before.clock.step != derivation.clock.step {
      let lapse = lapses.first { $0.raisedTo == derivation.clock.tier && $0.nextDueAt != nil }
      return .escalated(countedFrom: lapse?.countedFrom)
    }
    if before.policyVersion != derivation.policyVersion {
      for entry in log {
        if case .policyMoved(let version, let reason, let person) = entry.event, version == derivation.policyVersion {
          return .policy(version: version, by: person, because: reason)
        }
      }
    }
    if before.clock.start != derivation.clock.start { return .assigned }
    if before.grant != derivation.grant, let grant = derivation.grant {
      var (by, because): (String?, String?)
      for entry in log where entry.unit == cycle.unit && entry.place <= grant.at {
        if case .extensionRequested(let reason, _) = entry.event { because = reason }
        if case .extensionDecided(.approved(let until, let approver)) = entry.event, until == grant.until { by = approver }
      }
      return .extended(grant, by: by, because: because)
    }
    if before.pauses != derivation.pauses, let pause = derivation.pauses.last {
      return .resumed(pause, reason: reason(of: pause, cycle.unit))
    }
    if before.days.calendar.version != derivation.days.calendar.version {
      return .calendar(version: derivation.days.calendar.version)
    }
    return .changed
  }

  private func beginning(of cycle: CycleAccount) -> Setting.Cause {
    switch entry(cycle.cycle.begunBy)?.event {
    case .reopened where cycle.unit == nil || cycle.number > 1: .reopened(isDissatisfied: false)
    case .rated where cycle.unit == nil || cycle.number > 1, .judged where cycle.unit == nil || cycle.number > 1:
      .reopened(isDissatisfied: true)
    default: cycle.unit == nil ? .opened : .named
    }
  }

  /// Why clocks were suspended, in upstream's words; nil where the item was a duplicate.
  func reason(of pause: Item.Pause, _ unit: String?) -> String? {
    for entry in log where entry.unit == unit {
      if let reason = entry.event.reasonToStop, min(entry.place, entry.recordedAt) <= pause.from,
        pause.from - entry.place < .seconds(1)
      {
        return reason
      }
    }
    return nil
  }
}

extension Event {
  /// Why clocks are stopped by it: 中止计时, 挂账.
  fileprivate var reasonToStop: String? {
    switch self {
    case .suspended(let reason), .parked(let reason, _, _): reason
    default: nil
    }
  }
}
