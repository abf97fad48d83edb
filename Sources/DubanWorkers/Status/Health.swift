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
    /// Every worker is at work, messages are consumed, and deadlines are known to be handled in time, by whichever copy.
    public var isReady: Bool
    /// Every worker came round its loop lately: none hangs. What the watchdog rests on.
    public var isAlive: Bool
    /// For each worker that is not at work, or hangs, a line; then what the audit has to complain of.
    public var complaints: [String]
    /// How far behind Duban is; nil while that is not known.
    public var lag: Lag?
    /// Whether due items stay unhandled for longer than the audit allows; nil while that is not known.
    public var deadlinesAreBehind: Bool?
  }

  /// A worker that has not come round its loop for so long hangs. Longer than any bounded wait in a loop.
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

  /// - Parameter auditBound: how long a due item may stay unhandled, the setting `audit.seconds`.
  public convenience init(auditBound: Duration = .seconds(60)) {
    self.init(auditBound: auditBound) { .now }
  }

  /// With another clock.
  init(auditBound: Duration = .seconds(60), now: @escaping @Sendable () -> ContinuousClock.Instant) {
    contents = Mutex(Contents(audit: DeadlineAudit(bound: auditBound, since: now())))
    self.now = now
  }

  /// Tells that a worker is in a state, and alive.
  public func report(_ worker: String, _ state: State) {
    let seen = now()
    contents.withLock { $0.workers[worker] = Entry(state: state, seen: seen) }
  }

  /// Tells how far behind the database says Duban is; nil when it is not asked any more. Returns what that changes, to be logged.
  @discardableResult
  func report(lag: Lag?) -> DeadlineAudit.Change? {
    let now = now()
    return contents.withLock { $0.audit.take(lag, at: now) }
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
      let fault = contents.audit.complaint(at: now)
      if let fault { complaints.append(fault) }
      let lag = contents.audit.lag(at: now)
      return Report(
        isReady: isReady && isAlive && fault == nil, isAlive: isAlive, complaints: complaints, lag: lag,
        deadlinesAreBehind: lag.map { _ in contents.audit.isBehind })
    }
  }
}
