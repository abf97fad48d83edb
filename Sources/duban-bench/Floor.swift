// The yardstick: floor.c, which moves the same messages into one table and does nothing else.

import AMQP
import Foundation

/// The compiled floor, on the same servers.
struct Floor {
  private let tool: Tool
  /// The vhost `/`, where its queue always is.
  private let broker: ConnectionConfiguration

  private static let queue = "floor.complaints"

  /// Makes ready to run it; `dsn` names a database of its own, in which it drops and makes its table.
  ///
  /// - Throws: ``BenchFault`` where it cannot be run on these servers, or a queue of that name is there: it begins by deleting it.
  init(_ executable: String, amqpURL: String, dsn: String) throws {
    guard let url = URLComponents(string: amqpURL), url.scheme == "amqp", let host = url.host else {
      throw BenchFault("it takes one plain amqp:// URL")
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
      throw BenchFault("there is a queue \(Self.queue) in the vhost /, which it would delete")
    }
  }

  /// Removes the queue that it made.
  func removeQueue() {
    guard let connection = try? Connection(broker), let channel = try? connection.openChannel() else { return }
    _ = try? channel.deleteQueue(Self.queue)
    connection.close()
  }

  /// Fills its queue.
  func fill(_ count: Int) throws { _ = try tool.run(["publish", "\(count)"]) }

  /// Publishes messages, then takes them in, 500 a transaction: messages a second of the latter.
  func measure(_ count: Int, settle: () -> Void) throws -> Double {
    try fill(count)
    settle()
    return try tool.rate(["e2e", "\(count)", "500"])
  }
}
