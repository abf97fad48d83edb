// What all measurements can be told.

import ArgumentParser
import Foundation

struct CommonOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object and nothing else; progress goes to standard error in any case.")
  var json = false

  @Option(help: "How many items the database holds before the measurement, with their messages and events.")
  var rowsBefore = 0

  @Option(
    name: .customLong("set"),
    help: .init(
      "A setting of duband other than the default, such as DUBAN_INTAKE_BATCH=1000; can be repeated.", valueName: "NAME=VALUE"))
  var settings: [String] = []

  @Option(help: "The duband to measure.")
  var duband: String

  @Option(help: "The folder for duband's log.")
  var folder = "."

  func validate() throws {
    guard rowsBefore >= 0 else { throw ValidationError("--rows-before: a number of items") }
    if let wrong = settings.first(where: { !$0.hasPrefix("DUBAN_") || !$0.contains("=") }) {
      throw ValidationError("--set \(wrong): write NAME=VALUE with the name of the environment variable")
    }
  }

  /// The servers' addresses, from the environment.
  func servers() throws -> Servers {
    let environment = ProcessInfo.processInfo.environment
    guard let amqpURL = environment["DUBAN_AMQP_URL"], let postgresDSN = environment["DUBAN_POSTGRES_DSN"] else {
      throw ValidationError("DUBAN_AMQP_URL and DUBAN_POSTGRES_DSN are not set: run deploy/bench, which starts servers")
    }
    return Servers(amqpURL: amqpURL, postgresDSN: postgresDSN, folder: environment["DUBAN_SERVERS_DIR"])
  }

  /// duband's settings beyond the servers' addresses.
  func environment(workers: Int?) -> [String: String] {
    var environment: [String: String] = [:]
    if let workers { environment["DUBAN_INTAKE_WORKERS"] = "\(workers)" }
    // Its place on the machine, no matter of performance: another daemon may have the default port.
    environment["DUBAN_STATUS_PORT"] = ProcessInfo.processInfo.environment["DUBAN_STATUS_PORT"]
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      environment[String(parts[0])] = String(parts[1])
    }
    return environment
  }
}

/// Where broker and database are.
struct Servers {
  var amqpURL: String
  var postgresDSN: String
  /// The folder of `deploy/lib/servers`, where it started them.
  var folder: String?

  /// The same server, another database: in both forms of a DSN the last mention of a keyword counts.
  func dsn(of database: String) -> String {
    guard postgresDSN.contains("://") else { return postgresDSN + " dbname=\(database)" }
    return postgresDSN + (postgresDSN.contains("?") ? "&" : "?") + "dbname=\(database)"
  }
}

/// Why there is no result.
struct BenchFault: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Says on standard error how far it is.
func progress(_ line: String) {
  FileHandle.standardError.write(Data("bench: \(line)\n".utf8))
}
