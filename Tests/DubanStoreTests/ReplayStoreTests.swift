// Logs read back from the database: matters are their folds, by the calendars and the office hours that were in force.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Folds of what is on record")
struct ReplayStoreTests {
  @Test("a matter in the database is the fold of its log, and is found by when it was opened")
  func fold() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.policy)
      try take([complaint("submitted", "A")], store)
      try take([complaint("suspended", "A", paused)], store)
      try take([complaint("resumed", "A")], store)
      try take([complaint("responded", "A")], store)
      let matter = try store.matter("A")
      #expect(try store.mattersOpened(from: Instant(microseconds: 0), to: store.now(), after: 0, limit: 9) == [matter])
      #expect(try store.mattersOpened(from: Instant(microseconds: 0), to: store.now(), after: matter.id, limit: 9).isEmpty)
      let record = try store.record(of: matter)
      #expect(record.log.count == 4 && record.breaches.isEmpty && record.verdicts.isEmpty && record.findings.isEmpty)
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "what was computed without a calendar is provisional, and computed anew once one is in force, with before and after on record"
  )
  func recomputation() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.policy)
      try take([complaint("submitted", "A")], store)
      #expect(try test.ask("SELECT provisional FROM item"))
      #expect(try store.recomputeChanged(limit: 10).count == 0, "there is nothing to compute by")
      let before = try #require(try store.matter("A").due(.resolution))
      // Every weekday for a month is a holiday, in this year and the next.
      let now = ShanghaiTime(try store.now())
      let today = ShanghaiTime(year: now.year, month: now.month, day: now.day).instant
      let days = (0..<30).map { "\(String((today + .days(Int64($0))).rfc3339.prefix(10))),holiday,试验\n" }
      _ = try store.importCalendar("date,kind,name\n\(days.joined())", name: "test", by: "test")
      #expect(try store.recomputeChanged(limit: 10).count == 1)
      #expect(try store.recomputeChanged(limit: 10).count == 0, "once for each calendar")
      let matter = try store.matter("A")
      #expect(try #require(matter.due(.resolution)) > before + .days(20))
      let findings = try store.findings(of: matter.id)
      #expect(findings.map(\.type) == ["item.recomputed"] && findings[0].data.contains(before.rfc3339))
      try RecordLaws.expect(store)
    }
  }

  @Test("a deadline is explained by the office hours that it was computed by, not by those that a directory file brings later")
  func formerHours() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.hours)
      // A Wednesday; office time as ever, 5 工作时.
      try test.setClock(at: Workdays.time(10, 14, 8, 50))
      try take([complaint("submitted", "A", at: Workdays.time(10, 14, 8, 50))], store)
      let told = try #require(try store.matter("A").due(.resolution))
      #expect(ShanghaiTime(told).minute == 20)
      let summer = TestStore.directory.replacing("city: 黄石市\n", with: "city: 黄石市\nhours: [08:30-12:00, 15:00-18:00]\n")
      for directory in [TestStore.directory, summer, summer] { try store.apply(directory: .read(yaml: directory)) }
      #expect(try test.ask("SELECT count(*) FROM former_office_hours", as: Int.self) == 1, "only what has changed is kept")
      try test.setClock(at: Workdays.time(10, 14, 8, 52))
      try take([complaint("submitted", "B", at: Workdays.time(10, 14, 8, 51))], store)
      #expect(try store.matter("A").due(.resolution) == told)
      let later = try store.matter("B").due(.resolution)
      #expect(later == told + .seconds(1860))
      try RecordLaws.expect(store)
      // And back again in October: of three times, each follows from its own.
      try test.setClock(at: Workdays.time(10, 14, 16, 30))
      try sweep(store)
      try store.apply(directory: .read(yaml: TestStore.directory))
      try take([complaint("submitted", "C", at: Workdays.time(10, 14, 16, 30))], store)
      try RecordLaws.expect(store)
      #expect(try store.matter("A").whole.cycle?.supervisor == .district)
    }
  }
}
