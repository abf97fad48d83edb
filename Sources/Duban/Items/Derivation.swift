// Why a deadline is the day it is: what it was counted from, by which limit, under which policy and calendar.

/// How a deadline came about. Made only where a ``Fold`` is asked to explain itself.
public struct Derivation: Sendable {
  public var unit: String?
  public var kind: Item.ClockKind
  /// The clock as it was set.
  public var clock: Item.Clock
  public var allowance: Allowance
  /// The pauses that moved it, and the extension.
  public var pauses: [Item.Pause]
  public var grant: Item.Grant?
  public var cycle: Int32
  /// Who owes the step.
  public var organID: Int64?
  public var policyVersion: Int
  /// Where the rule begins in the policy's document, counted from 1.
  public var policyLine: Int
  /// The calendar and the office hours by which it was computed.
  public var days: WorkingTime
  /// Whether it is still the deadline from before, because the one by this limit had passed when it came: no organ is blamed for what it was
  /// not told.
  public var isKept: Bool
  /// When the clock should have started, where it started at the hearing instead.
  public var nominalStart: Instant?
  /// When this became so, in the order of happening.
  public var at: Instant

  public var dueAt: Instant { clock.dueAt }

  /// The days that were counted and passed over; nil for lengths that know no days, and for dates that were stated.
  public var explanation: Explanation? {
    guard clock.statedAt == nil, !isKept, case .limit(let limit) = allowance, limit.unit != .hours else { return nil }
    guard let pause = pauses.last, let until = pause.until else {
      return days.explanation(of: days.due(limit, from: clock.start))
    }
    // Exact only backwards: what was left at the end of the last pause, up to the deadline.
    return days.remaining(of: limit, from: until, to: dueAt).map { days.explanation(of: days.adding($0, of: limit, to: until)) }
  }
}

/// A cycle of an item as it ended. Noted only where a ``Fold`` is asked to explain itself.
public struct EndedCycle: Sendable {
  public var unit: String?
  /// Which cycle of the item, from 1.
  public var number: Int32
  public var cycle: Item.Cycle
  public var at: Instant
  public var isWithdrawal: Bool
  /// The number of the entry that ended it.
  public var entry: Int32
}

extension Fold {
  /// Notes how the clocks of an item came about, those that are not noted as they are; of one kind, where it is given.
  mutating func explain(_ unit: String?, _ only: Item.ClockKind? = nil, at time: Instant, insteadOf nominal: Instant? = nil) {
    guard explains, let item = matter.item(of: unit), let cycle = item.cycle, let rule = rule(unit) else { return }
    for kind in Item.ClockKind.allCases where only == nil || only == kind {
      guard let clock = cycle[kind] else { continue }
      let last = derivations.last { $0.unit == unit && $0.kind == kind && $0.cycle == item.cycles }
      if last?.clock == clock && last?.policyVersion == policy().version { continue }
      guard let allowance = rule.limit(of: kind)?.allowance(step: clock.step, tier: clock.tier) else { continue }
      let due = due(clock, kind, allowance, cycle, at: time)
      derivations.append(
        Derivation(
          unit: unit, kind: kind, clock: clock, allowance: allowance,
          pauses: cycle.pauses.filter { $0.until.map { $0 > clock.start } ?? false },
          grant: kind == .resolution ? cycle.grant : nil, cycle: item.cycles,
          organID: owner(of: clock, in: cycle),
          policyVersion: policy().version, policyLine: rule.line, days: due.days,
          isKept: due.instant != clock.dueAt, nominalStart: nominal, at: time))
    }
  }
}
