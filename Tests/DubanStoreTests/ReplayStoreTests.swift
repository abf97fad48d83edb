// Logs read back from the database: items are their folds, and provisional deadlines are reckoned anew when a calendar comes.

import Duban
import DubanStore
import Testing
import TestServers

@Suite("Replays from the store")
struct ReplayStoreTests {
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

  static let workhours = """
    policy: workhours
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        resolution: { within: 5wh, district: 5wh, city: 5wh }
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  @Test("an item in the database is the fold of its log")
  func fold() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Self.policy)
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "A")], store)
      try take([Sample.envelope("complaint.suspended", id: "2", subject: "A", data: #"{"reason":"等待居民配合"}"#)], store)
      try take([Sample.envelope("complaint.resumed", id: "3", subject: "A", data: "{}")], store)
      try take([Sample.envelope("complaint.responded", id: "4", subject: "A", data: "{}")], store)
      let item = try #require(try store.item(named: "A")).item
      let log = try #require(try store.logs(of: [item.id])[item.id])
      var again = try store.replay().asItWas(item, log).item
      again.sequence = item.sequence
      #expect(again == item)
      #expect(
        try store.itemsOpened(from: Instant(microseconds: 0), to: try store.now(), after: 0, limit: 9).map(\.id) == [item.id])
    }
  }

  @Test(
    "what was reckoned without a calendar is provisional, and reckoned anew once one is in force, with before and after in the log"
  )
  func recomputation() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Self.policy)
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "A")], store)
      #expect(try test.ask("SELECT provisional_under FROM item") == 0)
      #expect(try store.recomputeProvisional(limit: 10).count == 0, "there is nothing to reckon by")
      let before = try #require(try store.item(named: "A")?.item.resolutionDueAt)
      // Every weekday for a month is a holiday, in this year and the next.
      let now = ShanghaiTime(try store.now())
      var days = "date,kind,name\n"
      for i in 0..<30 {
        let day = ShanghaiTime(ShanghaiTime(year: now.year, month: now.month, day: now.day).instant + .days(Int64(i)))
        days += "\(String(day.instant.rfc3339.prefix(10))),holiday,试验\n"
      }
      _ = try store.importCalendar(days, name: "test", by: "test")
      #expect(try store.recomputeProvisional(limit: 10).count == 1)
      #expect(try store.recomputeProvisional(limit: 10).count == 0, "once for each calendar")
      let item = try #require(try store.item(named: "A")).item
      #expect(try #require(item.resolutionDueAt) > before + .days(20))
      let entries = try store.timeline(of: item.id)
      #expect(entries.map(\.type) == ["complaint.submitted", "item.recomputed"])
      #expect(entries[1].body.contains(before.rfc3339))
      var again = try store.replay().asItWas(item, try store.logs(of: [item.id])[item.id] ?? []).item
      again.sequence = item.sequence
      #expect(again == item)
    }
  }

  @Test("a deadline is explained by the office hours that it was reckoned by, not by those that a directory file brings later")
  func formerHours() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Self.workhours)
      // A Wednesday; office time as ever, 5 工作时.
      try test.setClock(at: ShanghaiTime(year: 2026, month: 10, day: 14, hour: 8, minute: 50).instant)
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "A", time: "2026-10-14T08:50:00+08:00")], store)
      let told = try #require(try store.item(named: "A")?.item.deadline?.dueAt)
      #expect(ShanghaiTime(told).minute == 20)
      let summer = TestStore.directory.replacing("city: 黄石市\n", with: "city: 黄石市\nhours: [08:30-12:00, 15:00-18:00]\n")
      for directory in [TestStore.directory, summer, summer] { try store.apply(directory: .read(yaml: directory)) }
      #expect(try test.ask("SELECT count(*) FROM former_office_hours", as: Int.self) == 1, "only what has changed is kept")
      try take([Sample.envelope("complaint.submitted", id: "2", subject: "B", time: "2026-10-14T08:50:00+08:00")], store)
      func replayed(_ subject: String) throws -> (item: Item, again: Item) {
        let item = try #require(try store.item(named: subject)).item
        return (item, try store.replay().asItWas(item, try store.logs(of: [item.id])[item.id] ?? []).item)
      }
      let (a, again) = try replayed("A")
      #expect(a.deadline?.dueAt == told && again.deadline == a.deadline)
      let (b, bAgain) = try replayed("B")
      #expect(b.deadline?.dueAt == told + .seconds(1800) && bAgain.deadline == b.deadline)
      // And back again in October: of three times, each explains its own.
      try test.setClock(at: ShanghaiTime(year: 2026, month: 10, day: 14, hour: 16, minute: 30).instant)
      try sweep(store)
      try store.apply(directory: .read(yaml: TestStore.directory))
      try take([Sample.envelope("complaint.submitted", id: "3", subject: "C", time: "2026-10-14T16:30:00+08:00")], store)
      for subject in ["A", "B", "C"] {
        let (item, again) = try replayed(subject)
        #expect(again.deadline == item.deadline && again.resolutionDueAt == item.resolutionDueAt, "\(subject)")
      }
      #expect(try store.item(named: "A")?.item.tier == .district)
    }
  }
}
