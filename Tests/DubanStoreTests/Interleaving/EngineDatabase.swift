// The database of many runs, one after the other, as whoever steers a run sees it.

import Duban
import PostgreSQL
import TestServers

@testable import DubanStore

/// A database with the engine's policies. Belongs to one thread.
final class EngineDatabase {
  /// The first of the two policies between which matters are moved; a migrated database has one of its own before.
  static let firstPolicy = 2

  let test: TestStore
  let store: Store
  private var connection: PostgreSQL.Connection { store.connection }
  private var organs: Int64 = 0

  init(_ test: TestStore) throws {
    self.test = test
    let owner = try test.database.connect()
    defer { owner.close() }
    // What was put into the outbox is kept after it was published. A deadlock, which only the database ends, fails the run. What a crash of
    // the server could lose is not asked here.
    try owner.runScript(
      """
      CREATE TABLE test_announced (LIKE outbox);
      CREATE FUNCTION test_keep() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO test_announced SELECT NEW.*; RETURN NULL; END $$;
      CREATE TRIGGER test_keep AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION test_keep();
      DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''20ms''', current_database());
        EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
      END $$;
      """)
    store = try test.connect()
    for policy in EngineHistory.policies { _ = try store.apply(policy: policy) }
    organs = try connection.execute("SELECT max(id) FROM organ").only().decode(0)
  }

  /// Forgets what another run left.
  func clear() throws {
    try test.clear()
    _ = try connection.execute("DELETE FROM test_announced")
    _ = try connection.execute("DELETE FROM organ WHERE id > $1", organs)
    _ = try connection.execute("UPDATE reference_version SET directory = directory + 1")
    _ = try store.importCalendar(Workdays.first, name: "cn", by: "test")
    while try !store.recomputeChanged(limit: 9).isAtEnd {}
  }

  /// What an operator does about what is 待派. While somebody is at work it would wait for them.
  func teachDirectory() throws {
    try store.apply(directory: DirectoryDraft.read(yaml: EngineHistory.taughtDirectory))
    _ = try store.assignUnassigned()
  }

  /// Another calendar comes; it is brought to what is in work by whoever walks.
  func importCalendar(bringingIt: Bool) throws {
    _ = try store.importCalendar(EngineHistory.secondCalendar, name: "cn", by: "test")
    if bringingIt { while try !store.recomputeChanged(limit: 9).isAtEnd {} }
  }

  func setClock(_ time: Instant) throws {
    _ = try connection.execute(
      """
      INSERT INTO clock_override (ahead) VALUES ($1 - clock_timestamp())
      ON CONFLICT (only_row) DO UPDATE SET ahead = excluded.ahead
      """, time)
  }

  /// Sessions that wait for what another transaction holds.
  func waiters() throws -> Set<Int32> {
    Set(
      try connection.execute(
        "SELECT pid FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple', 'advisory', 'virtualxid')"
      ).map { try $0.decode(0) })
  }

  /// Ends a session from outside, and waits until it is gone with its locks.
  func end(session: Int32) throws {
    _ = try connection.execute("SELECT pg_terminate_backend($1)", session)
    let deadline = ContinuousClock.now + patience
    // Asked again at once: the function's own waiting looks every tenth of a second.
    while !(try connection.execute("SELECT FROM pg_stat_get_activity($1)", session).isEmpty) {
      guard .now < deadline else { throw TestFault("session \(session) does not end") }
    }
  }

  /// What there is to do.
  struct Work {
    var isDue, isToPublish, isToFollow, isToRecompute: Bool
  }

  func work() throws -> Work {
    let row = try connection.execute(
      """
      SELECT EXISTS (SELECT FROM item WHERE wake_at <= duban_now()), EXISTS (SELECT FROM outbox), EXISTS (SELECT FROM following),
        EXISTS (SELECT FROM calendar WHERE reached IS NOT NULL AND version = (SELECT calendar FROM reference_version))
      """
    ).only()
    return Work(
      isDue: try row.decode(0), isToPublish: try row.decode(1), isToFollow: try row.decode(2), isToRecompute: try row.decode(3))
  }

  /// When the last of the matters that have a clock running is to be looked at; nil where none has.
  func lastWake() throws -> Instant? { try connection.execute("SELECT max(wake_at) FROM item").only().decode(0) }
}
