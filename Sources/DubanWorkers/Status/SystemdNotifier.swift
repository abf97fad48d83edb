// What systemd is told: that the service is ready, how it is, that it lives, that it stops. For `Type=notify` and `WatchdogSec=`.

import DubanStore
import FoundationEssentials
import Glibc
import ServiceLifecycle

/// Tells systemd of the service's health until graceful shutdown; does nothing where systemd did not start it.
///
/// Belongs last in a service group, so that it is the first to be shut down and STOPPING=1 goes out before the workers drain. That
/// datagram feeds the watchdog for the last time, so `WatchdogSec=` must be longer than `drain.seconds`.
public struct SystemdNotifier: Service {
  private let health: Health
  private let socket: NotifySocket?
  private let watchdog: Duration?

  /// A notifier for the service that systemd describes in the environment.
  ///
  /// - Parameters:
  ///   - health: what to tell.
  ///   - environment: NOTIFY_SOCKET, WATCHDOG_USEC (microseconds) and WATCHDOG_PID are read.
  public init(health: Health, environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.health = health
    socket = environment["NOTIFY_SOCKET"].flatMap(NotifySocket.init)
    let isForOther = environment["WATCHDOG_PID"].map { $0 != "\(getpid())" } ?? false
    let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
    watchdog = isForOther || microseconds <= 0 ? nil : .microseconds(microseconds)
  }

  /// Sends assignments such as `["STATUS": "migrating"]` in one datagram. Safe from any thread; lost where systemd does not listen.
  public func notify(_ state: [String: String]) {
    socket?.send(state)
  }

  /// Tells until graceful shutdown or cancellation.
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

/// What there is to tell systemd, decided without sending it.
struct SystemdConversation {
  /// WatchdogSec= of the unit: without a sign of life for so long, systemd kills the service. Nil without a watchdog.
  let watchdog: Duration?
  private var isReady = false
  private var status = ""
  private var lastSignOfLife: ContinuousClock.Instant?

  init(watchdog: Duration?) {
    self.watchdog = watchdog
  }

  /// How long to wait before asking again: units that are ordered after this one wait until it is ready, later nobody does.
  var pause: Duration {
    min(isReady ? .seconds(5) : .milliseconds(500), watchdog.map { $0 / 2 } ?? .seconds(5))
  }

  /// The assignments to send now; none where systemd knows it all.
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
    // Withheld while a worker hangs: to be killed and started anew is then the remedy.
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
