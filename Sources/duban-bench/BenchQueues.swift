// Duban's queues for the benchmark: empty before each run, and as they were found when all is over.

import AMQP
import DubanBroker

/// The broker's side of the benchmark.
///
/// Connects anew for each thing that it does: in between, nobody would tend a connection's heartbeats for minutes.
struct BenchQueues {
  private let configuration: ConnectionConfiguration
  /// Those that were not there before.
  private var made: [String] = []

  /// Hears what Duban publishes, as an upstream system would; without it every event would be unroutable and tried again and again.
  private static let events = Topology.Queue("duban.bench.events", arguments: ["x-max-length": 1000])

  private static var topology: Topology {
    var topology = DubanTopology.all
    topology.queues.append(events)
    topology.bindings.append(.init(queue: events.name, exchange: DubanTopology.eventsExchange, routingKey: "#"))
    return topology
  }

  /// Declares the queues.
  ///
  /// - Throws: ``BenchFault`` where one of them is in use; nothing is touched then.
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
            + "name a vhost in DUBAN_AMQP_URL that nobody else uses")
      }
    }
    try Self.topology.declare(on: connection)
  }

  /// A connection, for publishing at a pace of one's own.
  func connect() throws(AMQPError) -> Connection { try Connection(configuration) }

  /// Publishes so many events, all of them confirmed when it returns.
  func fill(_ traffic: inout Traffic, count: Int) throws {
    let connection = try connect()
    defer { connection.close() }
    let publisher = try Publisher(connection: connection)
    var left = count
    while left > 0 {
      try Interruption.check()
      let batch = (0..<min(left, 2000)).map { _ in traffic.next() }
      let outcomes = try publisher.publish(batch: batch, timeout: .seconds(120))
      if let bad = outcomes.first(where: { $0 != .confirmed }) { throw BenchFault("the broker did not take a message: \(bad)") }
      left -= batch.count
      if left > 0 && left % 100_000 == 0 { progress("published \(count - left)") }
    }
  }

  /// Removes what is in the queues, dead letters included.
  func empty() throws {
    let connection = try connect()
    defer { connection.close() }
    let channel = try connection.openChannel()
    for queue in Self.topology.queues { try channel.purge(queue: queue.name) }
  }

  /// A queue of Duban's that holds a message, if there is one; messages that somebody has not acknowledged yet are not seen.
  func firstNotEmpty() throws -> String? {
    let connection = try connect()
    defer { connection.close() }
    return try DubanTopology.all.queues.map(\.name).first { try Self.status(of: $0, on: connection)?.messages != 0 }
  }

  /// Removes what the benchmark brought: the queues it made, and the messages in the others. The exchanges, which hold nothing, stay.
  func restore() {
    guard let connection = try? connect(), let channel = try? connection.openChannel() else {
      return progress("the queues could not be removed: no broker")
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

  /// What a queue holds; nil where there is none.
  static func status(of queue: String, on connection: Connection) throws -> QueueStatus? {
    do throws(AMQPError) {
      // A channel each: asking for a queue that is not there costs the channel.
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
