// What waited in the queues while nobody listened: it is heard before any deadline lapses, so that nobody is blamed who answered in time.

import Synchronization

/// Which intake workers of this copy have yet to come to the end of what waited for them.
///
/// An answer that lies in a queue was given in time or it was not; that shows only once it is heard. So deadlines wait for intake after
/// a start and after a loss of the broker or the database, but no longer than ``patience``: an item never waits for nobody. Safe from any thread.
final class Backlog: Sendable {
  private struct Contents {
    var behind: Set<String>
    /// Since when somebody is behind.
    var since: ContinuousClock.Instant
  }

  private let contents: Mutex<Contents>
  private let workers: Set<String>
  private let patience: Duration

  /// - Parameters:
  ///   - workers: those that are behind at the start; none where this copy has no intake.
  ///   - patience: how long deadlines wait for them at most.
  init(of workers: some Sequence<String>, patience: Duration) {
    self.workers = Set(workers)
    contents = Mutex(Contents(behind: self.workers, since: .now))
    self.patience = patience
  }

  /// Tells that a worker has lost the broker, or the database without which it hears nothing.
  func fellBehind(_ worker: String, at now: ContinuousClock.Instant = .now) {
    contents.withLock {
      if $0.behind.isEmpty { $0.since = now }
      $0.behind.insert(worker)
    }
  }

  /// Asks every worker anew: who was without a database does not know who else was, and has not noticed.
  func askAnew(at now: ContinuousClock.Instant = .now) {
    contents.withLock { $0 = Contents(behind: workers, since: now) }
  }

  /// Tells that a worker has taken all that waited.
  func caughtUp(_ worker: String) {
    contents.withLock { _ = $0.behind.remove(worker) }
  }

  func isBehind(_ worker: String) -> Bool { contents.withLock { $0.behind.contains(worker) } }

  /// Whether nobody is behind.
  var isEmpty: Bool { contents.withLock { $0.behind.isEmpty } }

  /// Whether somebody who can work since `began` should wait, and how long at most; nil where there is nothing to wait for, or it has lasted
  /// too long. While he could not work himself, as without a database, nobody waited.
  func wait(since began: ContinuousClock.Instant, at now: ContinuousClock.Instant = .now) -> Duration? {
    contents.withLock {
      let left = patience - (now - max($0.since, began))
      return $0.behind.isEmpty || left <= .zero ? nil : left
    }
  }
}
