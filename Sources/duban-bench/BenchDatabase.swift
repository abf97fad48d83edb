// Databases for the benchmark: templates that are set up once, and a fresh copy for every run.

import Duban
import DubanStore
import Foundation

/// Creates databases whose names begin with `duban_bench_` and drops them. It never changes other databases.
final class BenchDatabases {
  private let servers: Servers
  private let maintenance: BenchStore
  private let prefix = "duban_bench_\(ProcessInfo.processInfo.processIdentifier)_"
  private var names: [String] = []

  /// - Throws: ``PostgresError`` if the server cannot be reached.
  init(_ servers: Servers) throws {
    self.servers = servers
    maintenance = try BenchStore(dsn: servers.postgresDSN)
  }

  /// Creates a database and returns its DSN.
  func make(_ name: String, copying template: String? = nil) throws -> String {
    try maintenance.createDatabase(prefix + name, copying: template.map { prefix + $0 })
    names.append(prefix + name)
    return dsn(of: name)
  }

  /// Returns the DSN of a database that ``make(_:copying:)`` created.
  func dsn(of name: String) -> String { servers.dsn(of: prefix + name) }

  /// Drops a database that ``make(_:copying:)`` created.
  func drop(_ name: String) {
    do {
      try maintenance.dropDatabase(prefix + name)
      names.removeAll { $0 == prefix + name }
    } catch {
      progress("database \(prefix + name) was not dropped: \(error)")
    }
  }

  /// Drops all remaining databases.
  func dropAll() {
    for name in names { drop(String(name.dropFirst(prefix.count))) }
  }

  /// Runs a checkpoint before a measurement. If the role may not, the measurement runs without it.
  func checkpoint() { try? maintenance.checkpoint() }

  // MARK: - Duban's schema

  /// The name of the template that a run's database is copied from.
  static func template(rowsBefore: Int) -> String { "template_\(rowsBefore)" }

  /// Creates a template: the schema, the default policy, a city, and earlier items.
  func makeTemplate(rowsBefore: Int) throws {
    let dsn = try make(Self.template(rowsBefore: rowsBefore))
    let store = try Store(dsn: dsn, name: "duban-bench")
    _ = try Migrator().migrate(store)
    var directory = try DirectoryDraft.read(yaml: Self.text("deploy/directory/huangshi.yaml"))
    // One user sends for every source here.
    for i in directory.sources.indices { directory.sources[i].users = nil }
    try store.apply(directory: directory)
    let policy = try store.apply(policy: Self.text("deploy/policies/default.yaml"))
    guard rowsBefore > 0 else { return }
    let bench = try BenchStore(dsn: dsn)
    try bench.prepareForEarlierItems()
    for first in stride(from: 1, through: rowsBefore, by: 20_000) {
      try Interruption.check()
      let last = min(first + 19_999, rowsBefore)
      try bench.insertEarlierItems(ids: Int64(first)...Int64(last), policyVersion: policy)
      if last % 100_000 == 0 { progress("earlier items: \(last)") }
    }
    try bench.finishEarlierItems(count: Int64(rowsBefore))
  }

  private static func text(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw BenchFault("\(path): cannot be read; run the benchmark in the root of the repository")
    }
    return text
  }
}
