// Databases for the benchmark: one that is set up once, and a fresh copy of it for every run.

import Duban
import DubanStore
import Foundation

/// Makes databases whose names begin with `duban_bench_` and drops them again; it never touches another.
final class BenchDatabases {
  private let servers: Servers
  private let maintenance: Store
  private let prefix = "duban_bench_\(ProcessInfo.processInfo.processIdentifier)_"
  private var names: [String] = []

  /// - Throws: ``PostgresError`` where the server cannot be reached.
  init(_ servers: Servers) throws {
    self.servers = servers
    maintenance = try Store(dsn: servers.postgresDSN, name: "duban-bench")
  }

  /// Makes a database and returns its DSN.
  func make(_ name: String, copying template: String? = nil) throws -> String {
    try maintenance.createDatabase(prefix + name, copying: template.map { prefix + $0 })
    names.append(prefix + name)
    return dsn(of: name)
  }

  /// How a database that ``make(_:copying:)`` made is reached.
  func dsn(of name: String) -> String { servers.dsn(of: prefix + name) }

  /// Drops a database that ``make(_:copying:)`` made.
  func drop(_ name: String) {
    do {
      try maintenance.dropDatabase(prefix + name)
      names.removeAll { $0 == prefix + name }
    } catch {
      progress("database \(prefix + name) could not be dropped: \(error)")
    }
  }

  /// Drops all that are left.
  func dropAll() {
    for name in names { drop(String(name.dropFirst(prefix.count))) }
  }

  /// Settles the server before something is timed; where the role may not, that is as well.
  func checkpoint() { try? maintenance.checkpoint() }

  // MARK: - Duban's schema

  /// The database that a run's is a copy of.
  static func template(rowsBefore: Int) -> String { "template_\(rowsBefore)" }

  /// Makes the database that runs' are copies of: the schema, the default policy, a city, and items from before.
  func makeTemplate(rowsBefore: Int) throws {
    let store = try Store(dsn: make(Self.template(rowsBefore: rowsBefore)), name: "duban-bench")
    _ = try Migrator().migrate(store)
    try store.apply(directory: DirectoryDraft.read(yaml: Self.text("deploy/directory/huangshi.yaml")))
    let policy = try store.apply(policy: Self.text("deploy/policies/default.yaml"))
    guard rowsBefore > 0 else { return }
    try store.prepareForEarlierItems()
    for first in stride(from: 1, through: rowsBefore, by: 20_000) {
      try Interruption.check()
      let last = min(first + 19_999, rowsBefore)
      try store.insertEarlierItems(ids: Int64(first)...Int64(last), policyVersion: policy)
      if last % 100_000 == 0 { progress("items from before: \(last)") }
    }
    try store.finishEarlierItems(count: Int64(rowsBefore))
  }

  private static func text(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw BenchFault("\(path): cannot be read; the benchmark runs in the repository's root")
    }
    return text
  }
}
