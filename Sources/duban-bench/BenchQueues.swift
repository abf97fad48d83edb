// Duban's queues for the benchmark. They are emptied before each run and restored at the end.

import AMQP
import DubanBroker

/// The broker's side of the benchmark.
///
/// It opens a new connection for each operation, because no code sends a connection's heartbeats in the minutes between.
struct BenchQueues {
  private let configuration: ConnectionConfiguration
  /// The queues that did not exist before.
  private var made: [String] = []

  /// Receives Duban's events, like an upstream system. Without it every event would be unroutable and retried.
  private static let events = Topology.Queue("duban.bench.events", arguments: ["x-max-length": 1000])

  private static var topology: Topology {
    var topology = DubanTopology.all
    topology.queues.append(events)
    topology.bindings.append(.init(queue: events.name, exchange: DubanTopology.eventsExchange, routingKey: "#"))
    return topology
  }

  /// Declares the queues.
  ///
  /// - Throws: ``BenchFault`` if one of them is in use. Then nothing was changed.
  init(amqpURL: String) throws {
    var configuration = try ConnectionConfiguration(amqpURL)
    configuration.connectionName = "duban-bench"
    self.configuration = configuration
    let connection = try Connection(configuration)
    defer { connection.close() }
    for queue in Self.topology.queues {
      guard let status = try Self.status(of: queue.name, on: connection) else {
        made.append(queue.name)
        continue
      }
      guard status.messages == 0, status.consumers == 0 else {
        throw BenchFault(
          "queue \(queue.name) holds \(status.messages) messages and has \(status.consumers) consumers; "
            + "set DUBAN_AMQP_URL to a vhost that no other program uses")
      }
    }
    try Self.topology.declare(on: connection)
  }

  /// Opens a connection for a caller that publishes by itself.
  func connect() throws(AMQPError) -> Connection { try Connection(configuration) }

  /// Publishes `count` events and returns when all are confirmed.
  func fill(_ traffic: inout Traffic, count: Int) throws {
    let connection = try connect()
    defer { connection.close() }
    let publisher = try Publisher(connection: connection)
    var left = count
    while left > 0 {
      try Interruption.check()
      let batch = (0..<min(left, 2000)).map { _ in traffic.next() }
      let outcomes = try publisher.publish(batch: batch, timeout: .seconds(120))
      if let bad = outcomes.first(where: { $0 != .confirmed }) { throw BenchFault("the broker did not accept a message: \(bad)") }
      left -= batch.count
      if left > 0 && left % 100_000 == 0 { progress("published \(count - left)") }
    }
  }

  /// Deletes all messages in the queues, including dead letters.
  func empty() throws {
    let connection = try connect()
    defer { connection.close() }
    let channel = try connection.openChannel()
    for queue in Self.topology.queues { try channel.purge(queue: queue.name) }
  }

  /// Returns the name of a Duban queue that contains a message, or nil. Unacknowledged messages are not counted.
  func firstNotEmpty() throws -> String? {
    let connection = try connect()
    defer { connection.close() }
    return try DubanTopology.all.queues.map(\.name).first { try Self.status(of: $0, on: connection)?.messages != 0 }
  }

  /// Deletes the queues that the benchmark made, and the messages in the others. The exchanges stay; they hold no messages.
  func restore() {
    guard let connection = try? connect(), let channel = try? connection.openChannel() else {
      return progress("the queues were not removed: no connection to the broker")
    }
    for queue in Self.topology.queues {
      if made.contains(queue.name) {
        _ = try? channel.deleteQueue(queue.name)
      } else {
        _ = try? channel.purge(queue: queue.name)
      }
    }
    connection.close()
  }

  /// Returns the size of a queue; nil if it does not exist.
  static func status(of queue: String, on connection: Connection) throws -> QueueStatus? {
    do throws(AMQPError) {
      // A new channel each time: a query for a missing queue closes the channel.
      let channel = try connection.openChannel()
      let status = try channel.queueStatus(queue)
      channel.close()
      return status
    } catch {
      guard error.replyCode == 404 else { throw error }
      return nil
    }
  }
}
