// Another calendar and what is in work: which deadlines it moves, and which it leaves.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Another calendar and what is in work")
struct CalendarReachTests {
  private static let (first, second) = (Workdays.first, Workdays.second)

  private static func time(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0, year: Int = 2026) -> Instant {
    Workdays.time(month, day, hour, minute, year: year)
  }

  private static let lastDay = time(12, 31, 17, 30)
  private static let monday = time(1, 4, 17, 30, year: 2027)

  /// Opens matters whose limit of 13 工作日 ends on the last day of the year.
  private static func open(_ subjects: [String], _ test: TestStore, _ store: Store) throws {
    try test.setClock(at: time(12, 14, 8, 50))
    try take(try subjects.map { try complaint("submitted", $0, at: time(12, 14, 8, 50)) }, store)
  }

  /// Recomputes until there is nothing more to do; returns how many matters were changed.
  private static func reach(_ store: Store, limit: Int = 100, window: Int = 100) throws -> Int {
    var count = 0
    while case let round = try store.recomputeChanged(limit: limit, window: window) {
      count += round.count
      if round.isAtEnd { return count }
    }
  }

  private static func recomputed(_ test: TestStore) throws -> String {
    try test.ask(
      "SELECT coalesce(string_agg(subject, ' ' ORDER BY subject), '') FROM finding JOIN item ON item.id = item_id WHERE type = 'item.recomputed'"
    )
  }

  @Test("a day that a later notice takes from an announced year moves what was counted over it, on record, and nothing else")
  func lastDays() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      #expect(try Self.reach(store) == 0)
      try test.setClock(at: Self.time(12, 7, 8, 50))
      try take([complaint("submitted", "early", at: Self.time(12, 7, 8, 50))], store)
      try Self.open(["answered", "settled", "held"], test, store)
      let later = Self.time(12, 14, 8, 51)
      try test.setClock(at: Self.time(12, 14, 9))
      try take(
        [
          complaint("responded", "answered", at: later), complaint("responded", "early", at: later),
          complaint("resolved", "settled", at: later), complaint("suspended", "held", at: later, paused),
        ], store)
      #expect(try store.matter("answered").due(.resolution) == Self.lastDay)
      #expect(try test.ask("SELECT bool_or(provisional) FROM item") == false)
      _ = try store.importCalendar(Self.second, name: "cn", by: "test")
      #expect(try Self.reach(store) == 2)
      #expect(try store.matter("answered").due(.resolution) == Self.monday)
      #expect(try store.matter("held").due(.resolution) == Self.monday)
      #expect(try Self.recomputed(test) == "answered held")
      let data: String = try test.ask("SELECT data FROM finding WHERE type = 'item.recomputed' LIMIT 1")
      #expect(data.contains(Self.lastDay.rfc3339) && data.contains(Self.monday.rfc3339))
      #expect(try Self.reach(store) == 0 && test.ask("SELECT bool_and(reached IS NULL) FROM calendar"), "once for each calendar")
      try RecordLaws.expect(store)
    }
  }

  @Test("a corrected file moves what was computed anew before, back too, but never into the past")
  func corrected() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      try Self.open(["A"], test, store)
      try take([complaint("responded", "A", at: Self.time(12, 14, 8, 50) + .seconds(1))], store)
      func bring(_ document: String) throws -> Instant? {
        _ = try store.importCalendar(document, name: "cn", by: "test")
        _ = try Self.reach(store)
        return try store.matter("A").due(.resolution)
      }
      #expect(try bring(Self.second) == Self.monday)
      #expect(try bring(Self.first + "2027-01-01,holiday,元旦\n") == Self.lastDay)
      #expect(try bring(Self.second) == Self.monday)
      try test.setClock(at: Self.time(1, 1, 9, year: 2027))
      let findings: Int = try test.ask("SELECT count(*) FROM finding")
      #expect(try bring(Self.first + "2027-01-01,holiday,元旦\n") == Self.monday)
      #expect(try test.ask("SELECT count(*) FROM finding") == findings, "nothing was changed, and so nothing said")
      try RecordLaws.expect(store)
    }
  }

  @Test("a breach by a provisional deadline is annulled where the calendar of that year, which comes later, gives more time")
  func provisionalBreach() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.hours)
      // 5 工作时 from the last day of 2026, counted without knowing that the first of January is a holiday.
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      _ = try Self.reach(store)
      try test.setClock(at: Self.time(12, 31, 16))
      try take([complaint("submitted", "A", at: Self.time(12, 31, 16))], store)
      #expect(
        try store.matter("A").due(.resolution).map { ShanghaiTime($0).day } == 1 && test.ask("SELECT provisional FROM item"))
      try test.setClock(at: Self.time(1, 1, 18, year: 2027))
      try sweep(store)
      #expect(try test.ask("SELECT status FROM breach") == "standing")
      _ = try store.importCalendar(Self.first + "2027-01-01,holiday,元旦\n", name: "cn", by: "test")
      #expect(try Self.reach(store) == 1)
      #expect(try test.ask("SELECT status FROM breach") == "annulled" && test.announced("breach.annulled") == 1)
      #expect(try store.matter("A").due(.resolution).map { ShanghaiTime($0).day } == 4)
      try RecordLaws.expect(store)
    }
  }

  @Test("a calendar that changes no day touches nothing and looks for nothing")
  func sameDays() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      try Self.open(["A"], test, store)
      _ = try Self.reach(store)
      let row: String = try test.ask("SELECT xmin::text || ctid FROM item")
      // A Saturday is given a name.
      _ = try store.importCalendar(Self.first + "2026-12-19,holiday,试验\n", name: "cn", by: "test")
      let round = try store.recomputeChanged(limit: 9)
      #expect(round.count == 0)
      _ = try Self.reach(store)
      #expect(try test.ask("SELECT bool_and(reached IS NULL) FROM calendar"))
      #expect(try test.ask("SELECT xmin::text || ctid FROM item") == row)
    }
  }

  @Test(
    "the walk goes on where it stopped, leaves what another holds for later, and begins anew with a calendar that comes meanwhile"
  )
  func walk() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      _ = try one.apply(policy: Workdays.policy)
      _ = try one.importCalendar(Self.first, name: "cn", by: "test")
      _ = try Self.reach(one)
      try Self.open((0..<7).map { "S\($0)" }, test, one)
      _ = try one.importCalendar(Self.second, name: "cn", by: "test")
      let count = try two.transaction { two in
        _ = try two.connection.execute("SELECT FROM item WHERE subject = 'S4' FOR UPDATE")
        return try Self.reach(one, limit: 2, window: 3)
      }
      // Two at a time: the fifth was held, and what was locked beside it is done.
      #expect(4...6 ~= count)
      #expect(try one.matter("S4").due(.resolution) == Self.lastDay)
      #expect(try one.matter("S0").due(.resolution) == Self.monday)
      // It is one day more now, for those that were brought to the second calendar and for those that were not.
      _ = try one.importCalendar(Self.second + "2027-01-04,holiday,元旦\n", name: "cn", by: "test")
      #expect(try Self.reach(two, limit: 2, window: 3) == 7)
      for i in 0..<7 { #expect(try one.matter("S\(i)").due(.resolution) == Self.monday + .days(1)) }
      #expect(try test.ask("SELECT bool_and(reached IS NULL) FROM calendar"))
      try RecordLaws.expect(one)
    }
  }

  @Test("a walk beside intake: what a batch takes with the old calendar, and what it takes with the new one, comes to the same")
  func besideIntake() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      _ = try one.apply(policy: Workdays.policy)
      _ = try one.importCalendar(Self.first, name: "cn", by: "test")
      _ = try Self.reach(one)
      try Self.open(["A"], test, one)
      var importing: Task<Void, any Error>?
      try take([complaint("submitted", "B", at: Self.time(12, 14, 8, 50))], two) {
        importing = Task.detached(executorPreference: ownThreads) {
          _ = try test.connect().importCalendar(Self.second, name: "cn", by: "test")
        }
        try test.untilWaiting()
      }
      try await importing?.value
      try test.setClock(at: Self.time(12, 14, 8, 52))
      try take([complaint("submitted", "C", at: Self.time(12, 14, 8, 52))], two)
      #expect(try Self.reach(one) == 2)
      #expect(try ["A", "B", "C"].map { try one.matter($0).due(.resolution) } == [Self.monday, Self.monday, Self.monday])
      try RecordLaws.expect(one)
    }
  }

  @Test("a trial says which deadlines a calendar would move, of wholes and parts, as its import then does, and changes nothing")
  func trial() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Workdays.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      _ = try Self.reach(store)
      try Self.open(["A", "settled"], test, store)
      let later = Self.time(12, 14, 8, 51)
      try test.setClock(at: Self.time(12, 14, 9))
      try take(
        [
          complaint("responded", "A", at: later), complaint("resolved", "settled", at: later),
          complaint("submitted", "shared", at: later, #"{"region":{"district":"黄石港区"},"supporting":["供电公司"]}"#),
        ], store)
      // The answer is due, and no sweep was there yet: that is no calendar's doing.
      try test.setClock(at: Self.time(12, 17, 9))
      let before: [String] = try ["item", "item_event", "breach", "finding", "calendar", "outbox"].map {
        try test.ask("SELECT count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) FROM \($0)")
      }
      for window in [1, 2, 100] {
        let trial = try store.tryCalendar(Self.second, listing: 2, window: window)
        #expect(trial.days.map(\.instant.rfc3339) == ["2026-12-31T00:00:00+08:00", "2027-01-01T00:00:00+08:00"])
        #expect(trial.deadlines == 3 && trial.items == 3 && trial.first.map(\.item.number) == ["A", "shared"])
        #expect(trial.first.allSatisfy { $0.clock == .resolution && $0.before == Self.lastDay && $0.after == Self.monday })
      }
      let same = try store.tryCalendar(Self.first + "2026-12-19,holiday,试验\n", listing: 9)
      #expect(same.days.isEmpty && same.deadlines == 0)
      #expect(throws: FileFault.self) { try store.tryCalendar("date,kind,name\n2027-01-01,holiday,元旦\n", listing: 9) }
      #expect(
        try before
          == ["item", "item_event", "breach", "finding", "calendar", "outbox"].map {
            try test.ask("SELECT count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) FROM \($0)")
          })
      try sweep(store)
      _ = try store.importCalendar(Self.second, name: "cn", by: "test")
      #expect(try Self.reach(store) == 2)
      #expect(
        try store.matter("shared").items.map { $0.item.clocks.first { $0.kind == .resolution }?.clock.dueAt } == [
          Self.monday, Self.monday,
        ])
      try RecordLaws.expect(store)
    }
  }
}
