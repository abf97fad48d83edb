// What the workers say of themselves, for readiness, the watchdog and the status line. In memory, shared by all threads.

import DubanStore
import Synchronization

/// The present state of every worker.
///
/// Workers report; the status page and systemd's notifier read. Safe from any thread.
public final class Health: Sendable {
  /// What a worker is about.
  public enum State: Hashable, Sendable {
    case starting
    case working
    /// It cannot work now and tries again by itself; why.
    case waiting(String)
    case stopped
  }

  /// All there is to say at one moment.
  public struct Report: Sendable {
    /// Every worker is at work: messages are consumed, deadlines watched.
    public var isReady: Bool
    /// Every worker came round its loop lately: none hangs. What the watchdog rests on.
    public var isAlive: Bool
    /// For each worker that is not at work, or hangs, a line.
    public var complaints: [String]
    public var lag: Lag?
  }

  /// A worker that has not come round its loop for so long hangs. Longer than any bounded wait in a loop.
  public static let patience = Duration.seconds(90)

  private struct Entry {
    var state: State
    var seen: ContinuousClock.Instant
  }

  private struct Contents {
    var workers: [String: Entry] = [:]
    var lag: Lag?
  }

  private let contents = Mutex(Contents())
  private let now: @Sendable () -> ContinuousClock.Instant

  public init() {
    now = { .now }
  }

  /// With another clock.
  init(now: @escaping @Sendable () -> ContinuousClock.Instant) {
    self.now = now
  }

  /// Tells that a worker is in a state, and alive.
  public func report(_ worker: String, _ state: State) {
    let seen = now()
    contents.withLock { $0.workers[worker] = Entry(state: state, seen: seen) }
  }

  /// Tells how far behind the database says Duban is; nil when it could not be asked.
  public func report(lag: Lag?) {
    contents.withLock { $0.lag = lag }
  }

  public var report: Report {
    contents.withLock { contents in
      let now = now()
      var complaints: [String] = []
      var isAlive = true
      var isReady = !contents.workers.isEmpty
      for (name, entry) in contents.workers.sorted(by: { $0.key < $1.key }) {
        switch entry.state {
        case .working: break
        case .starting: complaints.append("\(name) is starting")
        case .waiting(let why): complaints.append("\(name) waits: \(why)")
        case .stopped: complaints.append("\(name) has stopped")
        }
        if entry.state != .working { isReady = false }
        if entry.state != .stopped && now - entry.seen > Self.patience {
          complaints.append("\(name) has not come round its loop for \(now - entry.seen)")
          isAlive = false
        }
      }
      return Report(isReady: isReady && isAlive, isAlive: isAlive, complaints: complaints, lag: contents.lag)
    }
  }
}
