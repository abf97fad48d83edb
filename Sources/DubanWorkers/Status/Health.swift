// The state of all workers, for readiness, the watchdog and the status line. In memory, shared by all threads.

import DubanStore
import Synchronization

/// The current state of every worker.
///
/// Workers report to it; the status page and the systemd notifier read it. Safe from any thread.
public final class Health: Sendable {
  /// The state of a worker.
  public enum State: Hashable, Sendable {
    case starting
    case working
    /// It cannot work now and retries by itself. Carries the reason.
    case waiting(String)
    case stopped
  }

  /// The state of the daemon at one moment.
  public struct Report: Sendable {
    /// True if every worker is working, messages are consumed, and deadlines are known to be handled in time, by any daemon.
    public var isReady: Bool
    /// True if every worker has reported recently, so that none hangs. The watchdog depends on it.
    public var isAlive: Bool
    /// One line for each worker that is not working or hangs, then the complaint of the audit.
    public var complaints: [String]
    /// The backlog of Duban; nil if unknown.
    public var lag: Lag?
    /// Whether due items stay unhandled for longer than the audit allows; nil if unknown.
    public var deadlinesAreBehind: Bool?
  }

  /// A worker that has not reported for this long hangs. It is longer than any bounded wait in a worker's loop.
  public static let patience = Duration.seconds(90)

  private struct Entry {
    var state: State
    var seen: ContinuousClock.Instant
  }

  private struct Contents {
    var workers: [String: Entry] = [:]
    var audit: DeadlineAudit
  }

  private let contents: Mutex<Contents>
  private let now: @Sendable () -> ContinuousClock.Instant

  /// - Parameter auditBound: The longest time that a due item may stay unhandled, the setting `audit.seconds`.
  public convenience init(auditBound: Duration = .seconds(60)) {
    self.init(auditBound: auditBound) { .now }
  }

  /// Uses another clock.
  init(auditBound: Duration = .seconds(60), now: @escaping @Sendable () -> ContinuousClock.Instant) {
    contents = Mutex(Contents(audit: DeadlineAudit(bound: auditBound, since: now())))
    self.now = now
  }

  /// Reports the state of a worker, and that it is alive.
  public func report(_ worker: String, _ state: State) {
    let seen = now()
    contents.withLock { $0.workers[worker] = Entry(state: state, seen: seen) }
  }

  /// Reports the backlog according to the database; nil when the audit has stopped asking. Returns the change, to be logged.
  @discardableResult
  func report(lag: Lag?) -> DeadlineAudit.Change? {
    let now = now()
    return contents.withLock { $0.audit.take(lag, at: now) }
  }

  /// The state at this moment.
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
          complaints.append("\(name) has not reported for \(now - entry.seen)")
          isAlive = false
        }
      }
      let fault = contents.audit.complaint(at: now)
      if let fault { complaints.append(fault) }
      let lag = contents.audit.lag(at: now)
      return Report(
        isReady: isReady && isAlive && fault == nil, isAlive: isAlive, complaints: complaints, lag: lag,
        deadlinesAreBehind: lag.map { _ in contents.audit.isBehind })
    }
  }
}
