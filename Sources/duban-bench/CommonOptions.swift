// The options that all measurements share.

import ArgumentParser
import Foundation

struct CommonOptions: ParsableArguments {
  @Flag(help: "Print only the result, as one JSON object. Progress always goes to standard error.")
  var json = false

  @Option(help: "The number of items in the database before the measurement, with their messages and events.")
  var rowsBefore = 0

  @Option(
    name: .customLong("set"),
    help: .init(
      "A setting of duband instead of the default, such as DUBAN_INTAKE_BATCH=1000; can be repeated.", valueName: "NAME=VALUE"))
  var settings: [String] = []

  @Option(help: "The duband to measure.")
  var duband: String

  @Option(help: "The folder for the log of duband.")
  var folder = "."

  func validate() throws {
    guard rowsBefore >= 0 else { throw ValidationError("--rows-before must not be negative") }
    if let wrong = settings.first(where: { !$0.hasPrefix("DUBAN_") || !$0.contains("=") }) {
      throw ValidationError("--set \(wrong): write NAME=VALUE with the name of an environment variable")
    }
  }

  /// Reads the servers' addresses from the environment.
  func servers() throws -> Servers {
    let environment = ProcessInfo.processInfo.environment
    guard let amqpURL = environment["DUBAN_AMQP_URL"], let postgresDSN = environment["DUBAN_POSTGRES_DSN"] else {
      throw ValidationError("DUBAN_AMQP_URL and DUBAN_POSTGRES_DSN are not set; run deploy/bench, which starts servers")
    }
    return Servers(amqpURL: amqpURL, postgresDSN: postgresDSN, folder: environment["DUBAN_SERVERS_DIR"])
  }

  /// Returns duband's settings except the servers' addresses.
  func environment(workers: Int?) -> [String: String] {
    var environment: [String: String] = [:]
    if let workers { environment["DUBAN_INTAKE_WORKERS"] = "\(workers)" }
    // The port does not affect performance, but another daemon may use the default.
    environment["DUBAN_STATUS_PORT"] = ProcessInfo.processInfo.environment["DUBAN_STATUS_PORT"]
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      environment[String(parts[0])] = String(parts[1])
    }
    return environment
  }
}

/// The addresses of broker and database.
struct Servers {
  var amqpURL: String
  var postgresDSN: String
  /// The folder of `deploy/lib/servers`, if it started them.
  var folder: String?

  /// The DSN of another database on the same server. In both forms of a DSN the last value of a keyword counts.
  func dsn(of database: String) -> String {
    guard postgresDSN.contains("://") else { return postgresDSN + " dbname=\(database)" }
    return postgresDSN + (postgresDSN.contains("?") ? "&" : "?") + "dbname=\(database)"
  }
}

/// The reason why there is no result.
struct BenchFault: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Prints progress on standard error.
func progress(_ line: String) {
  FileHandle.standardError.write(Data("bench: \(line)\n".utf8))
}
