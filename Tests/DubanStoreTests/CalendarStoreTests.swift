// Calendars in the database: the one in force, and those before it.

import Duban
import DubanStore
import Testing
import TestServers

@Suite("Calendars in the database")
struct CalendarStoreTests {
  private let older = "date,kind,name\n2025-01-01,holiday,元旦\n"
  private let newer = "date,kind,name\n2026-01-01,holiday,元旦\n2027-01-01,holiday,元旦\n"

  @Test("each document is a version kept for ever, the same one again is the same version, and a year is lost on purpose alone")
  func versions() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      #expect(throws: StoreFault.self) { try store.calendarInForce() }
      let first = try store.importCalendar(older, name: "cn", by: "wang")
      let again = try store.importCalendar(older, name: "cn", by: "li")
      #expect(again == first)
      let fault = #expect(throws: FileFault.self) { try store.importCalendar(newer, name: "cn", by: "li") }
      #expect(fault?.problem.hasPrefix("2025 is announced in the calendar in force, and not in this file; add the days") == true)
      #expect(try store.calendarInForce().calendar == first)
      let second = try store.importCalendar(newer, name: "cn", by: "li", losingYears: true)
      #expect(second.version > first.version)
      let inForce = try store.calendarInForce()
      #expect(inForce.calendar == second && inForce.calendar.announcedYears == [2026, 2027])
      #expect(inForce.importedBy == "li" && inForce.name == "cn")
      #expect(try abs((store.now() - inForce.importedAt).microseconds) < 60_000_000)
      #expect(try test.ask("SELECT string_agg(imported_by, ',' ORDER BY version) FROM calendar") == "wang,li")
    }
  }

  @Test("a document that is no calendar changes nothing")
  func fault() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let present = try store.importCalendar(older, name: "cn", by: "wang")
      #expect(throws: FileFault.self) { try store.importCalendar(newer + "2027-01-02,off,元旦\n", name: "cn", by: "wang") }
      #expect(try store.calendarInForce().calendar == present)
      #expect(try test.ask("SELECT count(*) FROM calendar", as: Int.self) == 1)
    }
  }

  @Test("a calendar in the database that cannot be read is named, and does not hinder the import of a good one")
  func unreadable() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.importCalendar(older, name: "cn", by: "wang")
      try test.database.connect().runScript("UPDATE calendar SET document = 'date,kind,name'")
      let fault = #expect(throws: StoreFault.self) { try store.calendarInForce() }
      #expect(fault?.description.contains("calendar version 1 in the database cannot be read: no day is announced") == true)
      _ = try store.importCalendar(newer, name: "cn", by: "wang")
      #expect(try store.calendarInForce().calendar.announcedYears == [2026, 2027])
    }
  }
}
