// Why a deadline is the day it is: what it was counted from, by which limit, under which policy and calendar.

/// How a deadline came about. Made only where an ``ItemMachine`` is asked to explain itself.
public struct Derivation: Sendable {
  public enum Ground: Hashable, Sendable {
    /// Counted from a start, by the policy's allowance.
    case counted(Allowance, from: Instant)
    /// What was left of an allowance when it was held, added again from when it ran on.
    case held(Allowance, from: Instant, until: Instant)
    /// Granted by a decision (延期).
    case extended
    /// As the message said; `from` is what it said, which is not the deadline where Duban heard of it too late.
    case stated(Instant)
  }

  public var ground: Ground
  public var clock: Item.Clock
  public var tier: Tier
  public var organID: Int64?
  public var cycle: Int32
  public var dueAt: Instant
  public var policyVersion: Int
  /// Where the rule begins in the policy's document, counted from 1.
  public var policyLine: Int
  /// The calendar and the office hours by which it was reckoned.
  public var days: WorkingTime
  /// When the clock should have started, where it started at the hearing instead: Duban heard of it later than the policy tolerates, or it
  /// was said to happen only later.
  public var nominalStart: Instant?
  /// How late a tier may hear of a matter, by the policy, before its clock starts at the hearing.
  public var tolerance: Span

  /// When its clock started, or ran on; nil where no clock counted.
  public var start: Instant? {
    switch ground {
    case .counted(_, let start), .held(_, _, let start): start
    case .extended, .stated: nil
    }
  }

  /// Whether it rests on a year that was not announced when it was reckoned.
  public var isProvisional: Bool {
    switch ground {
    case .counted(.limit(let limit), let start): days.due(limit, from: start).isProvisional
    case .held(.limit(let limit), _, let until):
      days.remaining(of: limit, from: until, to: dueAt).map { days.adding($0, of: limit, to: until).isProvisional } ?? false
    default: false
    }
  }

  /// How much of the allowance was left when its clock was held, as people say it; nil where none was held.
  public var left: String? {
    guard case .held(let allowance, _, let until) = ground else { return nil }
    // As much as is left from when it ran on.
    switch allowance {
    case .natural: return Allowance.natural(max(.zero, dueAt - until)).chinese
    case .limit(let limit): return days.remaining(of: limit, from: until, to: dueAt).map(limit.chinese)
    }
  }

  /// The days that were counted and passed over; nil for lengths that know no days.
  public var explanation: Explanation? {
    switch ground {
    case .counted(.limit(let limit), let start) where limit.unit != .hours: days.explanation(of: days.due(limit, from: start))
    case .held(.limit(let limit), let since, let until) where limit.unit != .hours:
      // Exact only backwards: what is left at the end of the pause up to the deadline.
      days.remaining(of: limit, from: until, to: dueAt).map { days.explanation(of: days.adding($0, of: limit, to: until)) }
        ?? days.explanation(of: days.due(limit, from: since))
    default: nil
    }
  }
}
