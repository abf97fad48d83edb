// Calendars that are imported and office hours that change while deadlines are reckoned: each is explained by what it was reckoned by.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("What deadlines are reckoned by, while it changes")
struct ReckoningRacesTests {
  static let first = "date,kind,name\n2026-01-01,holiday,元旦\n"
  /// The notice for 2027 makes the last day of 2026 a day off.
  static let second = first + "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n"

  static func time(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0, year: Int = 2026) -> Instant {
    ShanghaiTime(year: year, month: month, day: day, hour: hour, minute: minute).instant
  }

  /// Whether an item's log comes to the deadlines that it has.
  static func expectExplained(_ store: Store) throws {
    let replay = try store.replay()
    let items = try store.itemsOpened(from: Instant(microseconds: 0), to: time(1, 1, 0, year: 2099), after: 0, limit: 10_000)
    let logs = try store.logs(of: items.map(\.id))
    for item in items {
      let again = try replay.asItWas(item, logs[item.id] ?? []).item
      #expect(again.deadline == item.deadline && again.resolutionDueAt == item.resolutionDueAt, "\(item.key)")
    }
  }

  /// Waits until so many connections wait for a lock, or something else holds.
  private static func until(waiting count: Int, or condition: String = "false", _ test: TestStore) throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try !test.ask(
      """
      SELECT \(condition) OR (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock') >= \(count)
      """)
    {
      guard .now < deadline else { throw TestFault("nobody waits for the lock") }
    }
  }

  @Test(
    "what is reckoned while a calendar is imported, or office hours change, is explained by what its transaction had read",
    arguments: ["calendar", "former_office_hours"])
  func beside(_ table: String) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: ReplayStoreTests.workhours)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      try test.setClock(at: Self.time(12, 30, 16))
      // The change has read its clock, and is not committed for a while.
      let gate = try test.database.connect()
      try gate.runScript(
        """
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON \(table) DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
        """)
      _ = try gate.execute("SELECT pg_advisory_lock(42)")
      let change = Task.detached(executorPreference: ownThreads) {
        let store = try test.connect()
        if table == "calendar" {
          _ = try store.importCalendar(Self.second, name: "cn", by: "test")
        } else {
          try store.apply(directory: .read(yaml: "hours: [08:30-12:00, 13:30-16:30]\n" + TestStore.directory))
        }
      }
      try Self.until(waiting: 1, test)
      let taking = Task.detached(executorPreference: ownThreads) {
        try take(
          [Sample.envelope("complaint.submitted", id: "1", subject: "A", time: Self.time(12, 30, 16).rfc3339)], test.connect())
      }
      try Self.until(waiting: 2, or: "EXISTS (SELECT FROM item)", test)
      _ = try gate.execute("SELECT pg_advisory_unlock(42)")
      try await change.value
      #expect(try await taking.value == [.applied])
      try Self.expectExplained(store)
    }
  }

  @Test("items that are taken while calendars and office hours change all the time are each explained by their log")
  func churn() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: ReplayStoreTests.workhours)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      try test.setClock(at: Self.time(12, 30, 16))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<3 {
          group.addTask(executorPreference: ownThreads) {
            let store = try test.connect()
            for batch in 0..<20 {
              try take(
                try (0..<3).map {
                  let id = "\(worker).\(batch).\($0)"
                  return try Sample.envelope("complaint.submitted", id: id, subject: id, time: Self.time(12, 30, 16).rfc3339)
                }, store)
            }
          }
        }
        group.addTask(executorPreference: ownThreads) {
          let store = try test.connect()
          for i in 0..<20 { _ = try store.importCalendar(i % 2 == 0 ? Self.second : Self.first, name: "cn", by: "test") }
        }
        group.addTask(executorPreference: ownThreads) {
          let store = try test.connect()
          for i in 0..<20 {
            let hours = i % 2 == 0 ? "hours: [08:30-12:00, 13:30-16:30]\n" : ""
            try store.apply(directory: .read(yaml: hours + TestStore.directory))
          }
        }
        try await group.waitForAll()
      }
      #expect(try test.ask("SELECT count(DISTINCT due_at) FROM item", as: Int.self) > 1, "nothing has changed beside them")
      try Self.expectExplained(store)
    }
  }
}
