// The yardstick: floor.c, which moves the same messages into one table and does nothing else.

import AMQP
import Foundation

/// The compiled floor, on the same servers.
struct Floor {
  private let executable: String
  private let environment: [String: String]

  /// Makes ready to run it; `dsn` names a database of its own, in which it drops and makes its table.
  ///
  /// - Throws: ``BenchFault`` where it cannot be run on these servers, or its queue is not its own.
  init(_ executable: String, amqpURL: String, dsn: String) throws {
    guard let url = URLComponents(string: amqpURL), url.scheme == "amqp", let host = url.host else {
      throw BenchFault("it takes one plain amqp:// URL")
    }
    self.executable = executable
    environment = [
      "AMQP_HOST": host, "AMQP_PORT": "\(url.port ?? 5672)", "AMQP_USER": url.user ?? "guest",
      "AMQP_PASSWORD": url.password ?? "guest", "PG_DSN": dsn,
    ]
    // Its queue is always in the vhost `/`, and it begins by deleting it.
    let credentials = "\(url.percentEncodedUser ?? "guest"):\(url.percentEncodedPassword ?? "guest")"
    let connection = try Connection(ConnectionConfiguration("amqp://\(credentials)@\(host):\(url.port ?? 5672)"))
    defer { connection.close() }
    if let status = try BenchQueues.status(of: "floor.complaints", on: connection), status.messages > 0 || status.consumers > 0 {
      throw BenchFault("the queue floor.complaints is in use")
    }
  }

  /// Publishes messages, then takes them in, 500 a transaction: messages a second of the latter.
  func measure(_ count: Int, settle: () -> Void) throws -> Double {
    _ = try run(["publish", "\(count)"])
    settle()
    let output = try run(["e2e", "\(count)", "500"])
    // `e2e N=100000 B=500 quorum: 2.551 s, 39200/s`
    guard let rate = output.firstMatch(of: /(\d+)\/s/).flatMap({ Double($0.1) }) else {
      throw BenchFault("floor said something unknown: \(output)")
    }
    return rate
  }

  private func run(_ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try Interruption.check()
    guard process.terminationStatus == 0 else {
      throw BenchFault("floor \(arguments.joined(separator: " ")) ended with status \(process.terminationStatus)")
    }
    return text
  }
}
