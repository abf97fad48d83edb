// The database of many runs, one after the other, as whoever steers a run sees it.

import Duban
import PostgreSQL
import TestServers

@testable import DubanStore

/// A database with the engine's policy. Belongs to one thread.
final class EngineDatabase {
  let test: TestStore
  let store: Store
  private var connection: PostgreSQL.Connection { store.connection }

  init(_ test: TestStore) throws {
    self.test = test
    let owner = try test.database.connect()
    defer { owner.close() }
    // What was put into the outbox is kept after it was published. A deadlock, which only the database ends, is ended soon. What a
    // crash of the server could lose is not asked here.
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
    _ = try store.apply(policy: EngineHistory.policy)
  }

  /// Forgets what another run left. Not by TRUNCATE, after which every session would have to plan every statement anew.
  func clear() throws {
    for table in [
      "item", "item_event", "breach", "message", "waiting_event", "notice", "outbox", "test_announced", "clock_override",
    ] { _ = try connection.execute("DELETE FROM \(table)") }
    _ = try connection.execute("DELETE FROM organ WHERE known_since > 'epoch'")
    _ = try connection.execute("UPDATE reference_version SET directory = directory + 1")
  }

  /// What an operator does about what is 待派. While somebody is at work it would wait for them.
  func teachDirectory() throws {
    try store.apply(directory: DirectoryDraft.read(yaml: EngineHistory.taughtDirectory))
    _ = try store.assignUnassigned()
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
    let deadline = ContinuousClock.now + .seconds(30)
    // Asked again at once: the function's own waiting looks every tenth of a second.
    while !(try connection.execute("SELECT FROM pg_stat_get_activity($1)", session).isEmpty) {
      guard .now < deadline else { throw TestFault("session \(session) does not end") }
    }
  }

  /// Whether there is something due, and something to publish.
  func work() throws -> (isDue: Bool, isToPublish: Bool) {
    let row = try connection.execute(
      "SELECT EXISTS (SELECT FROM item WHERE wake_at <= duban_now()), EXISTS (SELECT FROM outbox)"
    ).only()
    return (try row.decode(0), try row.decode(1))
  }

  /// When the last of the items that have a clock running is to be looked at; nil where none has.
  func lastWake() throws -> Instant? { try connection.execute("SELECT max(wake_at) FROM item").only().decode(0) }
}
