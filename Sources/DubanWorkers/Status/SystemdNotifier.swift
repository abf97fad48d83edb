// Notifications to systemd: readiness, status, watchdog and stopping. For `Type=notify` and `WatchdogSec=`.

import DubanStore
import FoundationEssentials
import Glibc
import ServiceLifecycle

/// Reports the service's health to systemd until graceful shutdown. Does nothing if systemd did not start the process.
///
/// Put it last in a service group: then it is shut down first, and STOPPING=1 is sent before the workers drain. That datagram
/// also resets the watchdog for the last time, so `WatchdogSec=` must be longer than `drain.seconds`.
public struct SystemdNotifier: Service {
  private let health: Health
  private let socket: NotifySocket?
  private let watchdog: Duration?

  /// Makes a notifier for the service that the environment describes.
  ///
  /// - Parameters:
  ///   - health: The state to report.
  ///   - environment: NOTIFY_SOCKET, WATCHDOG_USEC (microseconds) and WATCHDOG_PID are read.
  public init(health: Health, environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.health = health
    socket = environment["NOTIFY_SOCKET"].flatMap(NotifySocket.init)
    let isForOther = environment["WATCHDOG_PID"].map { $0 != "\(getpid())" } ?? false
    let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
    watchdog = isForOther || microseconds <= 0 ? nil : .microseconds(microseconds)
  }

  /// Sends assignments such as `["STATUS": "migrating"]` in one datagram. Safe from any thread. Without systemd, they are
  /// dropped.
  public func notify(_ state: [String: String]) {
    socket?.send(state)
  }

  /// Reports until graceful shutdown or cancellation.
  public func run() async throws {
    guard socket != nil else {
      try? await gracefulShutdown()
      return
    }
    try? await cancelWhenGracefulShutdown {
      var conversation = SystemdConversation(watchdog: watchdog)
      while true {
        let news = conversation.news(of: health.report, at: .now)
        if !news.isEmpty { notify(news) }
        try await Task.sleep(for: conversation.pause)
      }
    }
    notify(
      ["STOPPING": "1", "STATUS": "stopping"].merging(watchdog != nil && health.report.isAlive ? ["WATCHDOG": "1"] : [:]) { $1 })
  }
}

/// Decides on the assignments for systemd. Does not send them.
struct SystemdConversation {
  /// WatchdogSec= of the unit: after this time without a watchdog message, systemd kills the service. Nil without a watchdog.
  let watchdog: Duration?
  private var isReady = false
  private var status = ""
  private var lastSignOfLife: ContinuousClock.Instant?

  init(watchdog: Duration?) {
    self.watchdog = watchdog
  }

  /// The time until the next check. It is short until the service is ready, because units ordered after it are waiting.
  var pause: Duration {
    min(isReady ? .seconds(5) : .milliseconds(500), watchdog.map { $0 / 2 } ?? .seconds(5))
  }

  /// Returns the assignments to send now; none if nothing has changed.
  mutating func news(of report: Health.Report, at now: ContinuousClock.Instant) -> [String: String] {
    var news: [String: String] = [:]
    if report.isReady && !isReady {
      isReady = true
      news["READY"] = "1"
    }
    let status = Self.status(of: report)
    if status != self.status {
      self.status = status
      news["STATUS"] = status
    }
    // Not sent while a worker hangs. systemd then kills and restarts the process, which is the remedy.
    if let watchdog, report.isAlive, lastSignOfLife.map({ now - $0 >= watchdog / 2 }) ?? true {
      lastSignOfLife = now
      news["WATCHDOG"] = "1"
    }
    return news
  }

  private static func status(of report: Health.Report) -> String {
    guard report.complaints.isEmpty else { return report.complaints.joined(separator: "; ") }
    guard report.isReady else { return "starting" }
    guard let lag = report.lag else { return "at work" }
    let unassigned = lag.unassigned > 0 ? ", \(lag.unassigned) items 待派" : ""
    return
      "at work; oldest due item \(seconds(lag.oldestDueSeconds)), oldest unpublished event \(seconds(lag.oldestOutboxSeconds))"
      + unassigned
  }

  private static func seconds(_ value: Double) -> String { "\(Int(clampingSeconds: value)) s" }
}

extension Int {
  fileprivate init(clampingSeconds value: Double) {
    self = value.isFinite ? Int(Swift.min(Swift.max(value, 0), 1e9).rounded()) : 0
  }
}
