// Tracks whether intake has read all messages that were waiting in its queues. Deadlines wait for that, so that an answer
// given in time is processed before its deadline passes.

import Duban
import Synchronization

/// The intake workers of this process that have not yet read all messages waiting for them.
///
/// A message in a queue may be an answer that was given in time. Only reading it shows that. So deadlines wait for intake
/// after a start and after a loss of the broker or the database, but no longer than ``patience``, so that an item always has
/// an owner. Safe from any thread.
final class Backlog: Sendable {
  private struct Contents {
    var behind: Set<String>
    /// The time since which at least one worker is behind.
    var since: ContinuousClock.Instant
    var deferred: [String: Set<ItemKey>] = [:]
  }

  private let contents: Mutex<Contents>
  private let workers: Set<String>
  private let patience: Duration

  /// - Parameters:
  ///   - workers: The workers that are behind at the start; none if this process has no intake.
  ///   - patience: The longest time that deadlines wait for them.
  init(of workers: some Sequence<String>, patience: Duration) {
    self.workers = Set(workers)
    contents = Mutex(Contents(behind: self.workers, since: .now))
    self.patience = patience
  }

  /// Reports that a worker has lost the broker, or the database without which it cannot process messages.
  func fellBehind(_ worker: String, at now: ContinuousClock.Instant = .now) {
    contents.withLock {
      if $0.behind.isEmpty { $0.since = now }
      $0.behind.insert(worker)
    }
  }

  /// Marks every worker as behind. A loss of the database may have stopped other workers that have not noticed it yet.
  func resetAll(at now: ContinuousClock.Instant = .now) {
    contents.withLock { ($0.behind, $0.since) = (workers, now) }
  }

  /// Reports that a worker has read all waiting messages.
  func caughtUp(_ worker: String) {
    contents.withLock { _ = $0.behind.remove(worker) }
  }

  func isBehind(_ worker: String) -> Bool { contents.withLock { $0.behind.contains(worker) } }

  /// Whether no worker is behind.
  var isEmpty: Bool { contents.withLock { $0.behind.isEmpty } }

  /// Returns how long a worker that can work since `began` should still wait; nil if no worker is behind or the patience is
  /// used up. Time before `began` does not count: the worker could not work then, e.g. for lack of a database.
  func wait(since began: ContinuousClock.Instant, at now: ContinuousClock.Instant = .now) -> Duration? {
    contents.withLock {
      let left = patience - (now - max($0.since, began))
      return $0.behind.isEmpty || left <= .zero ? nil : left
    }
  }

  /// The matters of which a worker has messages that it could not take yet: their deadlines wait.
  func deferred(_ matters: Set<ItemKey>, by worker: String) {
    contents.withLock { $0.deferred[worker] = matters.isEmpty ? nil : matters }
  }

  /// The matters of which this copy has unread messages.
  var unread: Set<ItemKey> { contents.withLock { $0.deferred.values.reduce(into: []) { $0.formUnion($1) } } }
}
