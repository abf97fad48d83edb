// The HTTP status page for orchestrators, Prometheus and operators: liveness, readiness and metrics.

import CoreMetrics
import Duban
import DubanSettings
import DubanStore
import Glibc
import Hummingbird
import Logging
import ServiceLifecycle

/// Serves `/healthz`, `/readyz` and `/metrics` over HTTP until graceful shutdown.
///
/// It logs the start but no requests. It runs on NIO's own threads, so it answers even if workers hang.
public struct StatusPage: Service {
  /// The page cannot be served. The description gives the reason and the remedy in one line.
  public struct Fault: Error, CustomStringConvertible {
    /// The reason and the remedy, in one line.
    public let description: String
  }

  private let host: String
  private let port: Int
  private let health: Health
  private let metrics: PrometheusMetrics
  private let logger: Logger
  private let onListening: @Sendable (Int) -> Void

  /// Makes a page for a host and port.
  ///
  /// - Parameters:
  ///   - host: The address to listen on.
  ///   - port: The port. With 0 the system chooses one; duband instead omits the page if `status.port` is 0.
  ///   - health: The state to report.
  ///   - metrics: The metrics for `/metrics`.
  ///   - logger: Logs the start.
  ///   - onListening: Called once with the port, when the page accepts connections.
  public init(
    host: String, port: Int, health: Health, metrics: PrometheusMetrics = .shared, logger: Logger,
    onListening: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.host = host
    self.port = port
    self.health = health
    self.metrics = metrics
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown.
  ///
  /// - Throws: ``Fault`` if it cannot listen, e.g. because the port is taken.
  public func run() async throws {
    let application = Application(
      router: router,
      // Shutdown must not wait for a client that keeps an idle connection open.
      server: .http1(configuration: .init(idleTimeout: .seconds(30))),
      configuration: .init(address: .hostname(host, port: port)),
      onServerRunning: { [onListening, port] in onListening($0.localAddress?.port ?? port) },
      logger: logger)
    do {
      try await application.run()
    } catch let error where !(error is CancellationError) {
      throw Fault(
        description: "status.port (\(SettingKey.statusPort.variable)): cannot listen on \(host):\(port): \(Self.reason(error)); "
          + "free the port, set another, or set 0 for no status page")
    }
  }

  /// The system's error text. NIO's own text adds a function name and ends with `(errno: 98)`.
  private static func reason(_ error: any Error) -> String {
    guard let code = "\(error)".firstMatch(of: /errno: (\d+)/).flatMap({ Int32($0.1) }) else { return "\(error)" }
    return String(cString: strerror(code))
  }

  private var router: Router<BasicRequestContext> {
    let router = Router()
    let gauges = HealthGauges(metrics)
    router.get("healthz") { [health] _, _ in
      let report = health.report
      return Self.response(report.isAlive, "text/plain; charset=utf-8", report.isAlive ? "alive\n" : report.complaints.lines)
    }
    router.get("readyz") { [health] _, _ in
      let report = health.report
      return Self.response(report.isReady, "application/json", JSONText.encode(Readiness(report)) + "\n")
    }
    router.get("metrics") { [health, metrics] _, _ in
      gauges.set(health.report)
      return Self.response(true, PrometheusText.contentType, metrics.render())
    }
    return router
  }

  private static func response(_ isWell: Bool, _ contentType: String, _ body: String) -> Response {
    Response(
      status: isWell ? .ok : .serviceUnavailable, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: body)))
  }
}

/// The content of `/readyz`. Every key is always present.
private struct Readiness: Encodable {
  let report: Health.Report

  init(_ report: Health.Report) { self.report = report }

  private enum CodingKeys: CodingKey {
    case ready, complaints, lag
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(report.isReady, forKey: .ready)
    try container.encode(report.complaints, forKey: .complaints)
    try container.encode(report.lag, forKey: .lag)
  }
}

/// The health as metrics, updated on each request.
private struct HealthGauges: Sendable {
  private let ready, alive, oldestDue, behind, oldestOutbox, unroutable, waiting, overdueWaiting, unassigned: any MeterHandler

  init(_ metrics: PrometheusMetrics) {
    func gauge(_ name: String) -> any MeterHandler { metrics.makeMeter(label: name, dimensions: []) }
    ready = gauge("duban_ready")
    alive = gauge("duban_alive")
    oldestDue = gauge("duban_oldest_due_item_seconds")
    behind = gauge("duban_deadlines_behind")
    oldestOutbox = gauge("duban_oldest_unpublished_event_seconds")
    unroutable = gauge("duban_unroutable_events")
    waiting = gauge("duban_waiting_events")
    overdueWaiting = gauge("duban_overdue_waiting_events")
    unassigned = gauge("duban_unassigned_items")
  }

  /// NaN if the database could not be asked: unknown is not zero.
  func set(_ report: Health.Report) {
    ready.set(report.isReady ? 1 : 0 as Int64)
    alive.set(report.isAlive ? 1 : 0 as Int64)
    oldestDue.set(report.lag?.oldestDueSeconds ?? .nan)
    behind.set(report.deadlinesAreBehind.map { $0 ? 1 : 0 } ?? .nan)
    oldestOutbox.set(report.lag?.oldestOutboxSeconds ?? .nan)
    unroutable.set(report.lag.map { Double($0.unroutable) } ?? .nan)
    waiting.set(report.lag.map { Double($0.waiting) } ?? .nan)
    overdueWaiting.set(report.lag.map { Double($0.overdueWaiting) } ?? .nan)
    unassigned.set(report.lag.map { Double($0.unassigned) } ?? .nan)
  }
}

extension [String] {
  fileprivate var lines: String { map { $0 + "\n" }.joined() }
}
