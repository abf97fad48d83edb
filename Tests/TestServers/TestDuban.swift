// A Duban of its own for a test: a migrated database with the small city, a vhost, and ways to publish, move time and wait.

import AMQP
import Duban
import DubanStore
import Foundation
import PostgreSQL

/// How long a test waits for what must come: longer than anything takes on two cores on which all other tests run at once.
public let patience = Duration.seconds(240)

/// A migrated database in which a small city's directory and a policy of hours are applied.
public struct TestStore: Sendable {
  public let database: TestDatabase

  /// Runs a test with a store of its own, cloned from one that was migrated once.
  public static func with<T>(isolation: isolated (any Actor)? = #isolation, _ body: (TestStore) async throws -> T) async throws
    -> T
  {
    try await TestDatabase.with(template: template.get().name) { try await body(TestStore(database: $0)) }
  }

  init(database: TestDatabase) {
    self.database = database
  }

  /// Migrates an empty database, and applies the small city's directory and the policy.
  public init(preparing database: TestDatabase) throws {
    let store = try Store(dsn: database.dsn, name: "test")
    _ = try Migrator().migrate(store)
    try store.apply(directory: DirectoryDraft.read(yaml: Self.directory))
    _ = try store.apply(policy: Self.policy)
    try self.init(watching: database)
  }

  /// Has a migrated database tell a waiting test that there is something new to look at.
  public init(watching database: TestDatabase) throws {
    self.database = database
    let connection = try database.connect()
    defer { connection.close() }
    try connection.runScript(
      """
      CREATE FUNCTION test_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY test_changed; RETURN NULL; END $$;
      DO $$ DECLARE name text; BEGIN
        FOREACH name IN ARRAY ARRAY['message', 'item', 'item_event', 'verdict', 'breach', 'notice', 'outbox', 'schedule', 'following'] LOOP
          EXECUTE format('CREATE TRIGGER test_changed AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION test_changed()', name);
        END LOOP;
      END $$;
      """)
  }

  public func connect() throws -> Store { try Store(dsn: database.dsn, name: "test") }

  /// Moves Duban's clock ahead of the real time, or back to it.
  public func setClock(ahead: String) throws {
    let connection = try database.connect()
    defer { connection.close() }
    _ = try connection.execute(
      "INSERT INTO clock_override (ahead) VALUES (cast($1 AS interval)) ON CONFLICT (only_row) DO UPDATE SET ahead = excluded.ahead",
      ahead)
  }

  /// Lets Duban's clock show a time, from which it runs on.
  public func setClock(at time: Duban.Instant) throws {
    let connection = try database.connect()
    defer { connection.close() }
    let microseconds: Int64 =
      try connection.execute(
        "SELECT (extract(epoch FROM $1 - statement_timestamp()) * 1000000)::bigint", time
      ).first?.decode(0) ?? 0
    try setClock(ahead: "\(microseconds) microseconds")
  }

  /// One value from the database.
  public func ask<T: PostgresDecodable>(_ sql: String, as type: T.Type = T.self) throws -> T {
    let connection = try database.connect()
    defer { connection.close() }
    guard let row = try connection.execute(sql).first else { throw TestFault("no row: \(sql)") }
    return try row.decode(0)
  }

  /// Waits until a condition of the database holds; it is asked again whenever something was written.
  ///
  /// - Throws: ``TestFault`` that says what `describing` yields where it does not hold in time.
  public func until(_ condition: String, within bound: Duration = patience, describing: String? = nil) throws {
    let connection = try database.connect()
    defer { connection.close() }
    try connection.listen("test_changed")
    let deadline = ContinuousClock.now + bound
    while true {
      let holds: Bool? = try connection.execute("SELECT \(condition)").first?.decode(0)
      if holds == true { return }
      let left = deadline - .now
      guard left > .zero else {
        let said: String? = try describing.flatMap { try connection.execute("SELECT (\($0))::text").first?.decode(0) }
        throw TestFault("not within \(bound): \(condition)" + (said.map { "; \($0)" } ?? ""))
      }
      _ = try connection.waitForNotification(timeout: left)
    }
  }

  /// The repository's root, found from this file.
  public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  public static let policy = """
    policy: test
    counts-from-hearing-after: 1h
    rules:
      - { kind: complaint, response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d } }
      - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  public static let directory = """
    city: 黄石市
    districts:
      - { name: 黄石港区, streets: [胜阳港街道, 花湖街道] }
      - { name: 下陆区, streets: [新下陆街道] }
    units: [供水公司, 供电公司, 燃气公司]
    sources:
      - { uri: /hotline/12345, name: 12345, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}, { sources: [/qr/mashang] }] }
      - { uri: /qr/mashang, name: 码上, receipts: true, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}] }
      - { uri: /portal/street, name: 街道平台, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}, { sources: [/qr/mashang] }] }
    """

  /// Migrated once for the whole run; the test servers' end is its end.
  private static let template: Result<TestDatabase, any Error> = Result {
    let database = try TestDatabase.create()
    _ = try TestStore(preparing: database)
    return database
  }
}

/// What a test expected of its surroundings and did not find.
public struct TestFault: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
