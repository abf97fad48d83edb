// Migrations: numbered SQL files, built into the program, applied in order, once each, by one runner at a time.

import Crypto
import PostgreSQL

/// A numbered SQL file.
public struct Migration: Hashable, Sendable {
  public var number: Int
  public var name: String
  public var sql: String

  public init(number: Int, name: String, sql: String) {
    (self.number, self.name, self.sql) = (number, name, sql)
  }

  /// SHA-256 of the file, in hexadecimal.
  public var checksum: String {
    SHA256.hash(data: Array(sql.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}

/// Brings a database's schema up to date, and tells whether it is.
public struct Migrator: Sendable {
  /// The schema that this program was built for: the number of its last migration.
  public static let schemaVersion = embedded.last?.number ?? 0

  public let migrations: [Migration]

  /// A migrator of the program's own migrations, unless others are given.
  ///
  /// - Throws: ``StoreFault`` where the numbers are not 1, 2, 3 … without gap or repetition.
  public init(_ migrations: [Migration] = embedded) throws(StoreFault) {
    self.migrations = migrations.sorted { $0.number < $1.number }
    for (i, migration) in self.migrations.enumerated() where migration.number != i + 1 {
      throw StoreFault("migrations: number \(i + 1) is expected where \(migration.number) (\(migration.name)) stands")
    }
  }

  /// Applies what is missing, each file in a transaction of its own, under an advisory lock: a second runner waits, then finds nothing to do.
  ///
  /// With `dryRun` it changes nothing. Returns what was, or would be, applied.
  /// - Throws: ``StoreFault`` where a file that was applied has been changed since or is missing; ``PostgresError`` where a file fails
  ///   (those before it stay applied).
  public func migrate(_ store: Store, dryRun: Bool = false) throws -> [Migration] {
    let connection = store.connection
    guard !dryRun else { return try missing(connection) }
    // A migration may take its time, and a second runner waits for the first.
    try connection.runScript("SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock(\(Self.lock))")
    defer { _ = try? connection.execute("SELECT pg_advisory_unlock($1)", Self.lock) }
    try connection.runScript(
      """
      CREATE TABLE IF NOT EXISTS schema_migration (
        number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(), applied_by text NOT NULL DEFAULT session_user)
      """)
    let missing = try missing(connection)
    for migration in missing {
      try connection.transaction { connection in
        try connection.runScript(migration.sql)
        _ = try connection.execute(
          "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)", Int32(migration.number), migration.name,
          migration.checksum)
      }
    }
    return missing
  }

  /// Refuses a schema that this program was not built for, with the command that mends it.
  ///
  /// - Throws: ``StoreFault``; ``PostgresError`` where the database cannot be asked.
  public static func check(_ store: Store) throws {
    try check(version: try applied(store.connection).last?.number ?? 0)
  }

  /// Refuses the version of a schema, as ``check(_:)`` does.
  static func check(version: Int) throws(StoreFault) {
    if version < schemaVersion {
      throw StoreFault("the schema is at \(version), this program needs \(schemaVersion); run: dubanctl migrate")
    }
    if version > schemaVersion {
      throw StoreFault(
        "the schema is at \(version), newer than the \(schemaVersion) this program knows; install the duband that came with it")
    }
  }

  /// The key of the advisory lock: any number, the same in every version.
  private static let lock: Int64 = 0x6475_6261_6e00

  private static func applied(_ connection: Connection) throws -> [(number: Int, checksum: String)] {
    let exists: Bool = try connection.execute("SELECT to_regclass('schema_migration') IS NOT NULL").only().decode(0)
    guard exists else { return [] }
    return try connection.execute("SELECT number, checksum FROM schema_migration ORDER BY number").map { row in
      (number: try row.decode(0), checksum: try row.decode(1))
    }
  }

  private func missing(_ connection: Connection) throws -> [Migration] {
    let applied = try Self.applied(connection)
    for row in applied {
      guard row.number <= migrations.count else {
        throw StoreFault("migration \(row.number) was applied, but is not in this program; use the dubanctl that came with it")
      }
      let file = migrations[row.number - 1]
      guard file.checksum == row.checksum else {
        throw StoreFault(
          "migration \(file.number) (\(file.name)) was changed after it was applied; restore the file and add a new one instead")
      }
    }
    return Array(migrations.dropFirst(applied.count))
  }
}
