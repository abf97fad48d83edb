// The baseline for intake: a C program that DUBAN_FLOOR names, which moves the same messages into one table and does nothing else.

import AMQP
import Foundation

/// The compiled floor on the same servers.
struct Floor {
  private let tool: Tool
  /// The vhost `/`, which the floor always uses.
  private let broker: ConnectionConfiguration

  private static let queue = "floor.complaints"

  /// Prepares a run. `dsn` names a separate database, in which the floor drops and creates its table.
  ///
  /// - Throws: ``BenchFault`` if it cannot run on these servers, or if its queue exists: it would delete that queue.
  init(_ executable: String, amqpURL: String, dsn: String) throws {
    guard let url = URLComponents(string: amqpURL), url.scheme == "amqp", let host = url.host else {
      throw BenchFault("the floor needs one plain amqp:// URL")
    }
    let environment = [
      "AMQP_HOST": host, "AMQP_PORT": "\(url.port ?? 5672)", "AMQP_USER": url.user ?? "guest",
      "AMQP_PASSWORD": url.password ?? "guest", "PG_DSN": dsn,
    ]
    tool = Tool(executable, environment: environment)
    let credentials = "\(url.percentEncodedUser ?? "guest"):\(url.percentEncodedPassword ?? "guest")"
    broker = try ConnectionConfiguration("amqp://\(credentials)@\(host):\(url.port ?? 5672)")
    let connection = try Connection(broker)
    defer { connection.close() }
    guard try BenchQueues.status(of: Self.queue, on: connection) == nil else {
      throw BenchFault("the vhost / has a queue \(Self.queue), which the floor would delete")
    }
  }

  /// Deletes the queue that the floor made.
  func removeQueue() {
    guard let connection = try? Connection(broker), let channel = try? connection.openChannel() else { return }
    _ = try? channel.deleteQueue(Self.queue)
    connection.close()
  }

  /// Fills its queue.
  func fill(_ count: Int) throws { _ = try tool.run(["publish", "\(count)"]) }

  /// Publishes messages, then takes them in with 500 per transaction. Returns the intake rate in messages per second.
  func measure(_ count: Int, settle: () -> Void) throws -> Double {
    try fill(count)
    settle()
    return try tool.rate(["e2e", "\(count)", "500"])
  }
}
