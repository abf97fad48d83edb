// The status page over real HTTP.

import Duban
import Foundation
import FoundationNetworking
import Logging
import ServiceLifecycle
import Testing

@testable import DubanStore
@testable import DubanWorkers

@Suite(.timeLimit(.minutes(1))) struct StatusPageTests {
  let health = Health()
  let metrics = PrometheusMetrics()

  @Test("not ready is 503 with the complaints, ready is 200 with the lag")
  func readiness() async throws {
    health.report("intake-1", .waiting("no broker answers"))
    try await withPage { page in
      let early = try await get(page, "readyz")
      #expect(early.status == 503)
      #expect(early.body == #"{"complaints":["intake-1 waits: no broker answers"],"lag":null,"ready":false}"# + "\n")

      health.report("intake-1", .working)
      health.report(
        lag: Lag(
          oldestDueSeconds: 1.5, oldestDueItem: 7, oldestDueSince: Duban.Instant(rfc3339: "2026-11-20T08:00:00+08:00"),
          deadlineWorkers: 1,
          oldestOutboxSeconds: 0, unroutable: 2, waiting: 3, overdueWaiting: 1, unassigned: 4))
      #expect(try await get(page, "metrics").body.contains("\nduban_unassigned_items 4\n"))
      let later = try await get(page, "readyz")
      #expect(later.status == 200)
      #expect(later.contentType == "application/json")
      #expect(
        later.body
          == #"{"complaints":[],"lag":{"deadlineWorkers":1,"oldestDueItem":7,"oldestDueSeconds":1.5,"#
          + #""oldestDueSince":"2026-11-20T08:00:00+08:00","oldestOutboxSeconds":0,"overdueWaiting":1,"#
          + #""unassigned":4,"unroutable":2,"waiting":3},"#
          + #""ready":true}"# + "\n")
    }
  }

  @Test("a worker that waits is alive, one that hangs is not")
  func liveness() async throws {
    let clock = TestClock()
    let health = Health(now: { clock.now })
    health.report("relay", .waiting("no database answers"))
    try await withPage(health) { page in
      #expect(try await get(page, "healthz").body == "alive\n")
      clock.advance(by: Health.patience + .seconds(1))
      let hung = try await get(page, "healthz")
      #expect(hung.status == 503)
      #expect(hung.body.contains("relay has not reported for 91"))
    }
  }

  @Test("/metrics is Prometheus's text, health included; what is not known is not zero")
  func scraping() async throws {
    metrics.makeCounter(label: "n", dimensions: []).increment(by: 2)
    try await withPage { page in
      let scrape = try await get(page, "metrics")
      #expect(scrape.status == 200)
      #expect(scrape.contentType == "text/plain; version=0.0.4; charset=utf-8")
      let lines = scrape.body.split(separator: "\n")
      #expect(lines.contains("n_total 2"))
      #expect(lines.contains("duban_ready 0"))
      #expect(lines.contains("duban_alive 1"))
      #expect(lines.contains("duban_oldest_due_item_seconds NaN") && lines.contains("duban_deadlines_behind NaN"))
      #expect(lines.contains("duban_unassigned_items NaN"))
    }
  }

  @Test("any other path is 404")
  func otherPath() async throws {
    try await withPage { page in
      let answer = try await get(page, "")
      #expect(answer.status == 404)
    }
  }

  @Test("requests leave no line in the log")
  func silence() async throws {
    let pipe = Pipe()
    let logger = Logger(label: "status") {
      LineLogHandler(
        label: $0, level: .debug, format: .logfmt, descriptor: pipe.fileHandleForWriting.fileDescriptor, isJournal: false)
    }
    try await withPage(logger: logger) { page in
      for path in ["healthz", "readyz", "metrics", "missing"] { _ = try await get(page, path) }
    }
    try pipe.fileHandleForWriting.close()
    let log = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    #expect(log.split(separator: "\n").count { $0.contains("listening") } == 1)
    for word in ["healthz", "readyz", "metrics", "missing"] { #expect(!log.contains(word)) }
  }

  @Test("a port that is taken is one clear line")
  func takenPort() async throws {
    try await withPage { port in
      let second = StatusPage(host: "127.0.0.1", port: port, health: health, metrics: metrics, logger: .silent)
      let fault = try await #require(throws: StatusPage.Fault.self) {
        try await ServiceGroup(services: [second], logger: .silent).run()
      }
      #expect(
        fault.description
          == "status.port (DUBAN_STATUS_PORT): cannot listen on 127.0.0.1:\(port): Address already in use; "
          + "free the port, set another, or set 0 for no status page")
    }
  }

  /// Runs a page on a free port as long as `body`, then shuts it down gracefully, which must not wait for kept-alive connections.
  private func withPage(
    _ health: Health? = nil, logger: Logger = .silent, _ body: (Int) async throws -> Void
  ) async throws {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let page = StatusPage(host: "127.0.0.1", port: 0, health: health ?? self.health, metrics: metrics, logger: logger) {
      port.yield($0)
    }
    let group = ServiceGroup(services: [page], logger: .silent)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { port.finish() }
        try await group.run()
      }
      for await port in ports.prefix(1) { try await body(port) }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  private func get(_ port: Int, _ path: String) async throws -> (status: Int, contentType: String?, body: String) {
    let url = try #require(URL(string: "http://127.0.0.1:\(port)/\(path)"))
    let (data, response) = try await URLSession.shared.data(from: url)
    let http = try #require(response as? HTTPURLResponse)
    return (http.statusCode, http.value(forHTTPHeaderField: "Content-Type"), String(decoding: data, as: UTF8.self))
  }
}

extension Logger {
  static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
}
