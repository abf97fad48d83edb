// Decides whether deadlines are handled in time, from the database's answers to one daemon.

import Duban
import DubanStore

/// Whether due items stay unhandled for too long, no matter which daemon should handle them. Pure: the caller supplies the
/// time.
///
/// One bound serves three purposes. First, a due item may stay unhandled for that long. Second, items that are already late
/// when the daemon starts, or when the database returns after a longer absence, are the backlog of an outage: the daemon
/// complains of them only after the bound has passed again. Third, without an answer for longer than the bound, the daemon
/// cannot know whether items are late, and complains of that.
struct DeadlineAudit {
  /// The oldest due item, and the remedy.
  struct LateItem: Equatable {
    var id: Int64
    var since: Instant
    /// The number of connected daemons with the role deadlines.
    var workers: Int

    var remedy: String {
      workers == 0
        ? "no duband with the role deadlines is connected: start one"
        : "duband with the role deadlines is connected (\(workers)): see its log for the reason; restart one that hangs"
    }
  }

  /// A change caused by an answer.
  enum Change: Equatable {
    case fellBehind(LateItem)
    /// Deadlines are handled in time again. Carries how long they were not.
    case caughtUp(after: Duration)
  }

  private let bound: Duration
  /// The latest answer; nil after the audit has stopped asking.
  private var lag: Lag?
  /// The time of the latest answer; before the first one, the time of the start.
  private var answeredAt: ContinuousClock.Instant
  /// The time since which no gap between answers was longer than the bound; nil before the first answer.
  private var watchedSince: ContinuousClock.Instant?
  private var late: (item: LateItem, since: ContinuousClock.Instant)?

  init(bound: Duration, since: ContinuousClock.Instant) {
    (self.bound, answeredAt) = (bound, since)
  }

  var isBehind: Bool { late != nil }

  /// Takes an answer of the database, or nil if the audit has stopped asking. Nil changes nothing until the bound has passed.
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

  /// Returns the latest answer, unless it is older than the bound.
  func lag(at now: ContinuousClock.Instant) -> Lag? { now - answeredAt > bound ? nil : lag }

  /// Returns the complaint, if any, in one line.
  func complaint(at now: ContinuousClock.Instant) -> String? {
    if now - answeredAt > bound {
      return "the database has not answered the audit for longer than \(bound): whether deadlines are handled is unknown"
    }
    return late.map { late in
      "deadlines are behind: item \(late.item.id) has been due since \(late.item.since.rfc3339) and is not handled; "
        + "\(late.item.remedy); dubanctl items due lists what is due"
    }
  }
}
