// A daemon in the test's own process, on a database and a vhost of its own.

import AMQP
import Duban
import DubanBroker
import DubanSettings
import DubanStore
import DubanWorkers
import Foundation
import Logging
import PostgreSQL
import ServiceLifecycle
import Testing
import TestServers

/// What a test of the daemon has: its servers, and ways to publish, consume and start daemons.
struct Surroundings: Sendable {
  let store: TestStore
  let broker: TestBroker

  static func with(_ body: @Sendable @escaping (Surroundings) async throws -> Void) async throws {
    // Making and dropping databases takes its time, in which no other test should want for a thread.
    try await withOwnThreads {
      try await TestStore.with { store in
        try await withTestBroker { broker in
          try await body(try Surroundings(store: store, declaringOn: broker))
        }
      }
    }
  }

  /// A store and a vhost, on which it declares the topology and a queue of all that Duban tells.
  init(store: TestStore, declaringOn broker: TestBroker) throws {
    (self.store, self.broker) = (store, broker)
    let connection = try AMQP.Connection(broker.configuration)
    defer { connection.close() }
    try DubanTopology.all.declare(on: connection)
    // What an upstream system would do to hear of its matters, but for what is told of each step in their lives.
    let types = Announcement.Kind.allCases.filter(\.mustArrive).map { $0.rawValue + ".#" }
    try declare("test.events", binding: types + types.map { "confidential." + $0 }, on: connection)
  }

  /// Declares a queue of events, bound by these keys.
  func declare(_ queue: String, binding keys: [String], on connection: AMQP.Connection) throws {
    let bindings = keys.map { Topology.Binding(queue: queue, exchange: DubanTopology.eventsExchange, routingKey: $0) }
    try Topology(queues: [.init(queue)], bindings: bindings).declare(on: connection)
  }

  func settings(_ extra: [String: String] = [:]) async throws -> Settings {
    var environment = ["DUBAN_AMQP_URL": broker.url, "DUBAN_POSTGRES_DSN": store.database.dsn, "DUBAN_STATUS_PORT": "0"]
    environment.merge(extra) { _, new in new }
    return try await Settings.load(configFile: nil, environment: environment, roles: nil)
  }

  /// Runs a daemon while `body` runs, then drains it.
  func withDaemon(_ extra: [String: String] = [:], _ body: (Daemon) async throws -> Void) async throws {
    let daemon = Daemon(try await settings(extra), logger: quiet)
    let group = daemon.group()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      do {
        try await body(daemon)
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  /// Publishes lines to the intake exchange, each by its type or by the key given, and waits for the confirms.
  func publish(_ lines: [String], key: String? = nil) throws {
    let connection = try AMQP.Connection(broker.configuration)
    defer { connection.close() }
    let publisher = try Publisher(connection: connection)
    let messages = lines.map { line in
      let type = line.firstMatch(of: /"type":"duban\.([a-z.-]+)"/).map { String($0.1) }
      return OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: key ?? type ?? "complaint.submitted",
        properties: Properties(contentType: "application/cloudevents+json", deliveryMode: .persistent), body: Array(line.utf8))
    }
    for start in stride(from: 0, to: messages.count, by: 5000) {
      let outcomes = try publisher.publish(
        batch: Array(messages[start..<min(start + 5000, messages.count)]), timeout: .seconds(60))
      #expect(outcomes.allSatisfy { $0 == .confirmed })
    }
  }

  /// Takes `count` messages from a queue, waiting for them.
  func take(_ count: Int, from queue: String, within bound: Duration = patience) throws -> [Delivery] {
    let connection = try AMQP.Connection(broker.configuration)
    defer { connection.close() }
    let channel = try connection.openChannel()
    _ = try channel.consume(queue: queue)
    let deadline = ContinuousClock.now + bound
    var deliveries: [Delivery] = []
    while deliveries.count < count {
      let left = deadline - .now
      guard left > .zero else { throw TestFault("\(deliveries.count) of \(count) messages came on \(queue) within \(bound)") }
      if case .delivery(let delivery)? = try channel.next(timeout: left) { deliveries.append(delivery) }
    }
    if let last = deliveries.last { try channel.acknowledge(last.tag, multiple: true) }
    channel.close()
    return deliveries
  }

  /// How many messages are ready in a queue.
  func depth(of queue: String) throws -> Int {
    let connection = try AMQP.Connection(broker.configuration)
    defer { connection.close() }
    return try connection.openChannel().queueStatus(queue).messages
  }

  /// Waits until a queue holds so many messages. The bound is that of a machine on which all other tests run at once.
  func untilDepth(of queue: String, is count: Int, within bound: Duration = patience) throws {
    let connection = try AMQP.Connection(broker.configuration)
    defer { connection.close() }
    let channel = try connection.openChannel()
    let deadline = ContinuousClock.now + bound
    var depth = 0
    repeat {
      depth = try channel.queueStatus(queue).messages
      if depth == count { return }
    } while ContinuousClock.now < deadline
    throw TestFault("\(queue) held \(depth) messages, not \(count), after \(bound)")
  }
}

/// An outgoing CloudEvent as a consumer reads it.
struct Outgoing: Decodable {
  var specversion, id, source, type, time, subject: String
  var traceparent: String?

  init(_ delivery: Delivery) throws {
    self = try JSONDecoder().decode(Outgoing.self, from: Data(delivery.body))
  }
}

private let quiet: Logger = {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  return logger
}()

extension Delivery {
  func header(_ name: String) -> String? { properties.headers[name]?.string }
}
