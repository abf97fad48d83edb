// The environment of every measurement: servers with empty queues, and a fresh database for each run. All is removed at the
// end.

import DubanSettings
import DubanStore
import Foundation

/// The broker and the database for the benchmark.
struct Workbench {
  let options: CommonOptions
  let databases: BenchDatabases
  let queues: BenchQueues

  /// Runs `body` with prepared servers, and restores the servers when it returns or throws.
  static func with<T>(_ options: CommonOptions, _ body: (Workbench) throws -> T) throws -> T {
    Interruption.watch()
    let servers = try options.servers()
    let queues = try BenchQueues(amqpURL: servers.amqpURL)
    defer { queues.restore() }
    let databases = try BenchDatabases(servers)
    defer { databases.dropAll() }
    progress("preparing the database")
    for rows in Set([0, options.rowsBefore]) { try databases.makeTemplate(rowsBefore: rows) }
    return try body(Workbench(options: options, databases: databases, queues: queues))
  }

  /// Runs `body` with a fresh database and empty queues. The database has `rowsBefore` earlier items (the default is in the
  /// options), or is a copy of `template`.
  func run<T>(_ name: String, rowsBefore: Int? = nil, copying template: String? = nil, _ body: (Run) throws -> T) throws -> T {
    try queues.empty()
    let rowsBefore = rowsBefore ?? options.rowsBefore
    let dsn = try databases.make(name, copying: template ?? BenchDatabases.template(rowsBefore: rowsBefore))
    defer { databases.drop(name) }
    return try body(Run(workbench: self, name: name, dsn: dsn, rowsBefore: rowsBefore))
  }
}

/// One run's database, and the daemons on it.
struct Run {
  let workbench: Workbench
  let name: String
  let dsn: String
  let rowsBefore: Int

  /// Starts duband on the run's database. If there are several copies, only the first has a status page.
  func start(workers: Int? = nil, roles: [Role] = Role.allCases, copy: Int = 1) throws -> DubandProcess {
    let options = workbench.options
    var settings = options.environment(workers: workers)
    settings["DUBAN_ROLES"] = roles.map(\.rawValue).joined(separator: ",")
    if copy > 1 { settings["DUBAN_STATUS_PORT"] = "0" }
    settings["DUBAN_AMQP_URL"] = try options.servers().amqpURL
    settings["DUBAN_POSTGRES_DSN"] = dsn
    return try DubandProcess(
      options.duband, settings: settings, logFile: "\(options.folder)/duband-\(name)\(copy > 1 ? "-\(copy)" : "").log")
  }

  /// Compares duband's counts with the database.
  ///
  /// - Throws: ``BenchFault`` if a message is missing or stored twice. Then the measurement is invalid.
  func verify(_ traffic: Traffic, settled: Int) throws {
    let expected = traffic.kept + rowsBefore + rowsBefore / 2
    let found = try BenchStore(dsn: dsn).messageCount()
    guard found == expected, settled == traffic.count else {
      throw BenchFault(
        "of \(traffic.count) messages \(settled) were settled; the database has \(found), expected \(expected)")
    }
  }
}
