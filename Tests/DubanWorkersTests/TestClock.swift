// A clock that tests set forward instead of waiting.

import Synchronization

/// Time that stands still until it is advanced.
final class TestClock: Sendable {
  private let time = Mutex(ContinuousClock.now)

  var now: ContinuousClock.Instant { time.withLock { $0 } }

  func advance(by span: Duration) { time.withLock { $0 += span } }
}
