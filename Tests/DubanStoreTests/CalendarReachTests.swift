// Another calendar and what is in work: which deadlines it moves, and which it leaves.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Another calendar and what is in work")
struct CalendarReachTests {
  private static let (first, second) = (ReckoningRacesTests.first, ReckoningRacesTests.second)

  private static func time(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0, year: Int = 2026) -> Instant {
    ReckoningRacesTests.time(month, day, hour, minute, year: year)
  }

  private static let lastDay = time(12, 31, 17, 30)
  private static let monday = time(1, 4, 17, 30, year: 2027)

  /// Opens items whose limit of 13 工作日 ends on the last day of the year.
  private static func open(_ subjects: [String], _ test: TestStore, _ store: Store) throws {
    try test.setClock(at: time(12, 14, 8, 50))
    try take(
      try subjects.map { try Sample.envelope("complaint.submitted", id: $0, subject: $0, time: time(12, 14, 8, 50).rfc3339) },
      store)
  }

  private static func item(_ subject: String, _ store: Store) throws -> Item { try #require(try store.item(named: subject)).item }

  /// Reckons anew until there is nothing more to do; returns how many items were changed.
  private static func reach(_ store: Store, limit: Int = 100, window: Int = 100) throws -> Int {
    var count = 0
    while case let round = try store.recomputeChanged(limit: limit, window: window) {
      #expect(round.unreadable.isEmpty)
      count += round.count
      if round.isAtEnd { return count }
    }
  }

  @Test("a day that a later notice takes from an announced year moves what was counted over it, on record, and nothing else")
  func lastDays() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: ReplayStoreTests.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      #expect(try Self.reach(store) == 0)
      try test.setClock(at: Self.time(12, 7, 8, 50))
      try take([Sample.envelope("complaint.submitted", id: "early", subject: "early", time: "2026-12-07T08:50:00+08:00")], store)
      try Self.open(["answered", "settled", "held"], test, store)
      let later = "2026-12-14T08:50:01+08:00"
      try test.setClock(at: Self.time(12, 14, 9))
      try take(
        [
          Sample.envelope("complaint.responded", id: "2", subject: "answered", time: later, data: "{}"),
          Sample.envelope("complaint.resolved", id: "3", subject: "settled", time: later, data: "{}"),
          Sample.envelope("complaint.suspended", id: "4", subject: "held", time: later, data: #"{"reason":"等待居民配合"}"#),
        ], store)
      #expect(try Self.item("answered", store).deadline?.dueAt == Self.lastDay)
      #expect(try Self.item("answered", store).provisionalUnder == nil)
      _ = try store.importCalendar(Self.second, name: "cn", by: "test")
      #expect(try store.recomputeProvisional(limit: 9).count == 0)
      #expect(try Self.reach(store) == 2)
      #expect(try Self.item("answered", store).deadline?.dueAt == Self.monday)
      #expect(try Self.item("held", store).resolutionDueAt == Self.monday)
      #expect(
        try test.ask(
          "SELECT string_agg(subject, ' ' ORDER BY subject) FROM item_event JOIN item ON item.id = item_id WHERE type = 'item.recomputed'"
        )
          == "answered held")
      let body: String = try test.ask("SELECT body FROM item_event WHERE type = 'item.recomputed' LIMIT 1")
      #expect(body.contains(Self.lastDay.rfc3339) && body.contains(Self.monday.rfc3339))
      #expect(try Self.reach(store) == 0 && test.ask("SELECT bool_and(reached IS NULL) FROM calendar"), "once for each calendar")
      try ReckoningRacesTests.expectExplained(store)
    }
  }

  @Test("a corrected file moves what was reckoned anew before, back too, but never into the past")
  func corrected() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: ReplayStoreTests.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      try Self.open(["A"], test, store)
      try take(
        [Sample.envelope("complaint.responded", id: "2", subject: "A", time: "2026-12-14T08:50:01+08:00", data: "{}")], store)
      func bring(_ document: String) throws -> Instant? {
        _ = try store.importCalendar(document, name: "cn", by: "test")
        _ = try Self.reach(store)
        return try Self.item("A", store).deadline?.dueAt
      }
      #expect(try bring(Self.second) == Self.monday)
      #expect(try bring(Self.first + "2027-01-01,holiday,元旦\n") == Self.lastDay)
      #expect(try bring(Self.second) == Self.monday)
      try test.setClock(at: Self.time(1, 1, 9, year: 2027))
      let entries: Int = try test.ask("SELECT count(*) FROM item_event")
      #expect(try bring(Self.first + "2027-01-01,holiday,元旦\n") == Self.monday)
      #expect(try test.ask("SELECT count(*) FROM item_event") == entries, "nothing was changed, and so nothing said")
      try ReckoningRacesTests.expectExplained(store)
    }
  }

  @Test("a calendar that changes no day touches nothing and looks for nothing")
  func sameDays() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: ReplayStoreTests.policy)
      _ = try store.importCalendar(Self.first, name: "cn", by: "test")
      try Self.open(["A"], test, store)
      _ = try Self.reach(store)
      let row: String = try test.ask("SELECT xmin::text || ctid FROM item")
      // A Saturday is given a name.
      _ = try store.importCalendar(Self.first + "2026-12-19,holiday,试验\n", name: "cn", by: "test")
      let round = try store.recomputeChanged(limit: 9)
      #expect(round.isAtEnd && round.count == 0)
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
      _ = try one.apply(policy: ReplayStoreTests.policy)
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
      #expect(try Self.item("S4", one).resolutionDueAt == Self.lastDay)
      #expect(try Self.item("S0", one).resolutionDueAt == Self.monday)
      // It is one day more now, for those that were brought to the second calendar and for those that were not.
      _ = try one.importCalendar(Self.second + "2027-01-04,holiday,元旦\n", name: "cn", by: "test")
      #expect(try Self.reach(two, limit: 2, window: 3) == 7)
      for i in 0..<7 { #expect(try Self.item("S\(i)", one).resolutionDueAt == Self.monday + .days(1)) }
      #expect(try test.ask("SELECT bool_and(reached IS NULL) FROM calendar"))
      try ReckoningRacesTests.expectExplained(one)
    }
  }
}
