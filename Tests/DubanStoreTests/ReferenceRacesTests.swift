// Calendars that are imported and office hours that change while matters are folded: each deadline follows from the log and what is on record.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

/// Policies and calendars of working days, for the tests of what changes beside intake.
enum Workdays {
  static let policy = """
    policy: workdays
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h }
        resolution: { within: 13wd from-next-day until-close, district: 3wd, city: 3wd }
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  static let hours = """
    policy: workhours
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        resolution: { within: 5wh, district: 5wh, city: 5wh }
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  static let first = "date,kind,name\n2026-01-01,holiday,元旦\n"
  /// The notice for 2027 makes the last day of 2026 a day off.
  static let second = first + "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n"

  static func time(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0, year: Int = 2026) -> Instant {
    ShanghaiTime(year: year, month: month, day: day, hour: hour, minute: minute).instant
  }
}

@Suite("What deadlines are computed by, while it changes")
struct ReferenceRacesTests {
  @Test(
    "what is folded while a calendar is imported, or office hours change, follows from its log and what is on record",
    arguments: ["calendar", "former_office_hours"])
  func beside(_ table: String) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.hours)
      _ = try store.importCalendar(Workdays.first, name: "cn", by: "test")
      try test.setClock(at: Workdays.time(12, 30, 16))
      // The change has read its clock, and is not committed for a while.
      let gate = try test.database.connect()
      try gate.runScript(
        """
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM set_config('lock_timeout', '0', true); PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON \(table) DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
        """)
      _ = try gate.execute("SELECT pg_advisory_lock(42)")
      let change = Task.detached(executorPreference: ownThreads) {
        let store = try test.connect()
        if table == "calendar" {
          _ = try store.importCalendar(Workdays.second, name: "cn", by: "test")
        } else {
          try store.apply(directory: .read(yaml: "hours: [08:30-12:00, 13:30-16:30]\n" + TestStore.directory))
        }
      }
      try test.untilWaiting()
      let taking = Task.detached(executorPreference: ownThreads) {
        try take([complaint("submitted", "A", at: Workdays.time(12, 30, 16))], test.connect())
      }
      try test.untilWaiting(2, or: "EXISTS (SELECT FROM item)")
      _ = try gate.execute("SELECT pg_advisory_unlock(42)")
      try await change.value
      #expect(try await taking.value == [.applied])
      try RecordLaws.expect(store)
    }
  }

  @Test("matters that are taken while calendars and office hours change all the time each follow from their log")
  func churn() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.hours)
      _ = try store.importCalendar(Workdays.first, name: "cn", by: "test")
      try test.setClock(at: Workdays.time(12, 30, 16))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<3 {
          group.addTask(executorPreference: ownThreads) {
            let store = try test.connect()
            for batch in 0..<20 {
              let now = try store.now()
              try take(try (0..<3).map { try complaint("submitted", "\(worker).\(batch).\($0)", at: now) }, store)
            }
          }
        }
        group.addTask(executorPreference: ownThreads) {
          let store = try test.connect()
          for i in 0..<20 {
            let calendar = i % 2 == 0 ? Workdays.second : Workdays.first
            _ = try store.importCalendar(calendar, name: "cn", by: "test", losingYears: true)
          }
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
      while try !store.recomputeChanged(limit: 100).isAtEnd {}
      #expect(try test.ask("SELECT count(*) FROM item") == 180)
      let between =
        "SELECT EXISTS (SELECT FROM calendar WHERE imported_at BETWEEN (SELECT min(recorded_at) FROM item_event) AND (SELECT max(recorded_at) FROM item_event))"
      #expect(try test.ask(between), "nothing has changed beside them")
      try RecordLaws.expect(store)
    }
  }
}
