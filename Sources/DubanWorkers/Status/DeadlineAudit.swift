// The audit's judgement: are deadlines handled in time, as far as one copy of the daemon can tell from what the database answers it?

import Duban
import DubanStore

/// Whether due items stay unhandled for too long, whoever should have handled them. Pure: the caller says when.
///
/// One bound serves three questions. A due item may stay unhandled for no longer. What a copy meets when it starts, or when the database
/// has been away for longer, is the backlog of an outage: it may last for as long again before the copy complains of it. And a copy
/// that has had no answer for longer cannot say that nothing is due for longer: then it complains of that.
struct DeadlineAudit {
  /// The oldest due item, and what is to be done about it.
  struct LateItem: Equatable {
    var id: Int64
    var since: Instant
    /// How many daemons with the role deadlines are connected.
    var workers: Int

    var remedy: String {
      workers == 0
        ? "no duband with the role deadlines is connected: start one"
        : "duband with the role deadlines is connected (\(workers)): see its log for what hinders it, restart one that hangs"
    }
  }

  /// What an answer changes.
  enum Change: Equatable {
    case fellBehind(LateItem)
    /// In time again; for how long it was not.
    case caughtUp(after: Duration)
  }

  private let bound: Duration
  /// The latest answer; nil when nobody asks any more.
  private var lag: Lag?
  /// When that was; before the first one, when there could have been one.
  private var answeredAt: ContinuousClock.Instant
  /// Since when there has been an answer at least once within the bound; nil before the first one.
  private var watchedSince: ContinuousClock.Instant?
  private var late: (item: LateItem, since: ContinuousClock.Instant)?

  init(bound: Duration, since: ContinuousClock.Instant) {
    (self.bound, answeredAt) = (bound, since)
  }

  var isBehind: Bool { late != nil }

  /// Takes an answer of the database, or that it is not asked any more, which changes nothing for as long as the bound.
  mutating func take(_ answer: Lag?, at now: ContinuousClock.Instant) -> Change? {
    lag = answer
    guard let answer else { return nil }
    let watched = now - answeredAt > bound ? now : watchedSince ?? now
    (answeredAt, watchedSince) = (now, watched)
    if let id = answer.oldestDueItem, let since = answer.oldestDueSince, .seconds(answer.oldestDueSeconds) > bound,
      late != nil || now - watched >= bound
    {
      let isNew = late == nil
      let item = LateItem(id: id, since: since, workers: answer.deadlineWorkers)
      late = (item, late?.since ?? now)
      return isNew ? .fellBehind(item) : nil
    }
    defer { late = nil }
    return late.map { .caughtUp(after: now - $0.since) }
  }

  /// The latest answer, unless it is too old to be one.
  func lag(at now: ContinuousClock.Instant) -> Lag? { now - answeredAt > bound ? nil : lag }

  /// What there is to complain of, in a line.
  func complaint(at now: ContinuousClock.Instant) -> String? {
    if now - answeredAt > bound {
      return "whether deadlines are handled has not been known for longer than \(bound): the database does not answer the audit"
    }
    return late.map { late in
      "deadlines are behind: item \(late.item.id) has been due since \(late.item.since.rfc3339) and is not handled; "
        + "\(late.item.remedy); dubanctl items due lists what is due"
    }
  }
}
