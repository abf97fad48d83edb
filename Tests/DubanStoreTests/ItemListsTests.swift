// Lists of items: what is overdue, in which order items press, what a day brings, and who sees what.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Lists of items")
struct ItemListsTests {
  /// 响应 48 h, 办结 19 days, of a day with its hours ahead and behind.
  private static let start = ShanghaiTime(year: 2026, month: 11, day: 2, hour: 9).instant

  private func listed(_ store: Store, _ change: (inout ItemFilter) -> Void = { _ in }) throws -> [String] {
    var filter = ItemFilter()
    change(&filter)
    return try store.items(filter, at: store.now()).map(\.summary.key.number)
  }

  /// By Duban's clock at so many hours from the start, swept.
  private func go(to hours: Int64, _ test: TestStore, _ store: Store) throws {
    try test.setClock(at: Self.start + .hours(hours))
    try sweep(store)
  }

  @Test("逾期 is what let its own deadline pass and is not done: not what was done late, is stopped, or is contested")
  func overdue() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = Self.start
      _ = try store.apply(policy: BreachStoreTests.policy(annulsWithin: "1h"))
      try test.setClock(at: start)
      try take(
        ["plain", "late", "held", "disputed", "again"].map { try complaint("submitted", $0, at: start) }
          + [complaint("submitted", "whole", at: start, #"{"supporting":["供水公司"]}"#)], store)
      try go(to: 49, test, store)
      func overdue() throws -> [String: String] {
        var filter = ItemFilter()
        filter.overdueOnly = true
        return Dictionary(
          uniqueKeysWithValues: try store.items(filter, at: store.now()).map { item in
            let overdue = try #require(item.overdue)
            return (item.summary.key.number, "\(overdue.clock) \((overdue.since - start).microseconds / 3_600_000_000) h")
          })
      }
      let response = "response 48 h"
      #expect(
        try overdue() == [
          "plain": response, "late": response, "held": response, "disputed": response, "again": response, "whole": response,
        ])
      try take(
        [
          complaint("responded", "late", at: start + .hours(49)), complaint("suspended", "held", at: start + .hours(49), paused),
          complaint("responded", "disputed", at: start + .hours(47)), complaint("resolved", "again", at: start + .hours(49)),
          complaint("reopened", "again", at: start + .hours(49) + .seconds(1)),
        ], store)
      try test.setClock(at: start + .hours(51))
      #expect(try test.ask("SELECT string_agg(DISTINCT status, ' ') FROM breach", as: String.self).contains("contested"))
      // A new cycle has its own deadlines.
      #expect(try overdue() == ["plain": response, "whole": response])
      // Whoever is raised to supervise lets its time pass too: overdue counts from the responsible unit's deadline still.
      try go(to: 24 * 8, test, store)
      #expect(try overdue()["plain"] == response && overdue()["late"] == nil)
      try go(to: 24 * 30, test, store)
      #expect(try overdue()["plain"] == response && overdue()["late"] == "resolution 456 h")
      #expect(try overdue()["whole#供水公司"] != nil && overdue()["held"] == nil)
    }
  }

  @Test("a deadline that no sweep has come to is overdue all the same")
  func unswept() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try test.setClock(at: Self.start)
      try take([complaint("submitted", "S", at: Self.start)], store)
      try test.setClock(at: Self.start + .hours(48))
      #expect(try listed(store) { $0.overdueOnly = true } == ["S"])
      let list = try store.items(at: store.now(), day: Self.start..<Self.start + .days(3), limit: 5)
      #expect(list.entries.values.first?[.overdue]?.count == 1 && list.entries.values.first?[.due] == nil)
    }
  }

  @Test("the longest overdue come first, then what falls due the soonest, then what has no deadline that runs")
  func order() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = Self.start
      try test.setClock(at: start)
      func opened(_ subject: String, _ hours: Int64, _ seconds: Int64 = 0) throws -> Envelope {
        try complaint("submitted", subject, at: start + .hours(hours) + .seconds(seconds))
      }
      try take(
        [opened("second", 0), opened("first", 0, -1), opened("held", 0, -2), opened("closed", 0, -3)]
          + [complaint("responded", "awaited", at: start)], store)
      try take([complaint("resolved", "closed", at: start), complaint("suspended", "held", at: start, paused)], store)
      try test.setClock(at: start + .hours(30))
      try take([opened("later", 30, -1), opened("sooner", 30)], store)
      try take([complaint("responded", "later", at: start + .hours(30))], store)
      try go(to: 60, test, store)
      let all = try listed(store)
      #expect(all.prefix(4) == ["first", "second", "sooner", "later"], "\(all)")
      #expect(Set(all.suffix(3)) == ["closed", "held", "awaited"], "\(all)")
      // Cut anywhere, a list is the beginning of the whole one.
      for limit in 1...all.count { #expect(try listed(store) { $0.limit = limit } == Array(all.prefix(limit))) }
      #expect(try listed(store) { $0.overdueOnly = true } == Array(all.prefix(2)))
      #expect(try listed(store) { $0.dueWithin = .hours(18) } == ["sooner"])
      #expect(try listed(store) { $0.dueWithin = .hours(17) } == [])
      #expect(try listed(store) { $0.dueWithin = .days(30) } == ["sooner", "later"])
      #expect(try listed(store) { $0.phase = .closed } == ["closed"])
      #expect(try store.itemCount(ItemFilter(), at: store.now(), upTo: 100) == 7)
      #expect(try store.itemCount(ItemFilter(), at: store.now(), upTo: 3) == 3)
    }
  }

  @Test("what has run out of tiers, and has no deadline any more, stays overdue; districts, streets and units choose among items")
  func places() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try test.setClock(at: Self.start)
      func opened(_ subject: String, _ district: String, _ street: String, _ units: String = "") throws -> Envelope {
        try complaint(
          "submitted", subject, at: Self.start, #"{"region":{"district":"\#(district)","street":"\#(street)"}\#(units)}"#)
      }
      try take(
        [
          opened("A", "黄石港区", "胜阳港街道"), opened("B", "黄石港区", "花湖街道", #","lead":"供水公司","supporting":["供电公司"]"#),
          opened("C", "下陆区", "新下陆街道"), opened("D", "无此区", "无此街道"),
        ], store)
      let directory = try store.directory()
      func ids(_ name: String) -> [Int64] { directory.organs.values.filter { $0.name == name }.map(\.id) }
      #expect(try Set(listed(store) { $0.districts = ids("黄石港区") }) == ["A", "B", "B#供电公司"])
      #expect(try listed(store) { $0.streets = ids("新下陆街道") } == ["C"])
      #expect(try listed(store) { $0.responsible = ids("供水公司") } == ["B"])
      #expect(try listed(store) { $0.responsible = ids("供电公司") } == ["B#供电公司"])
      #expect(try listed(store) { ($0.districts, $0.responsible) = (ids("下陆区"), ids("供水公司")) } == [])
      #expect(try listed(store) { $0.unassignedOnly = true } == ["D"])
      for days in [60, 90, 120] as [Int64] { try go(to: 24 * days, test, store) }
      #expect(try test.ask("SELECT bool_and(due_at IS NULL) FROM item", as: Bool.self))
      #expect(try Set(listed(store) { $0.overdueOnly = true }) == ["A", "B", "B#供电公司", "C", "D"])
    }
  }

  @Test("a day ends at 24:00: its last deadline is due today, and no more tomorrow; what was opened on it is new, closed or not")
  func day() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let midnight = ShanghaiTime(year: 2026, month: 11, day: 4).instant
      try test.setClock(at: midnight - .days(2))
      func opened(_ subject: String, at time: Instant, _ data: String? = nil) throws -> Envelope {
        try complaint("submitted", subject, at: time, data)
      }
      // Due 48 hours later: at 24:00 of the 3rd, at 24:00 of the 4th, a second later.
      try take([opened("yesterday", at: midnight - .days(2))], store)
      try test.setClock(at: midnight - .hours(24) + .seconds(60))
      try take([opened("today", at: midnight - .days(1)), opened("tomorrow", at: midnight - .days(1) + .seconds(1))], store)
      try test.setClock(at: midnight + .hours(9))
      try sweep(store)
      try take(
        [
          opened("new", at: midnight, #"{"region":{"district":"下陆区","street":"新下陆街道"},"supporting":["供水公司"]}"#),
          opened("done", at: midnight + .hours(1), "{}"), complaint("resolved", "done", at: midnight + .hours(2)),
        ], store)
      let list = try store.items(at: store.now(), day: midnight..<midnight + .days(1), limit: 1)
      let directory = try store.directory()
      var found: [String: [String: [String]]] = [:]
      for (id, sections) in list.entries {
        for (section, entry) in sections {
          found[directory.name(of: id) ?? "–", default: [:]]["\(section)"] =
            ["\(entry.count)"] + entry.items.map(\.summary.key.number)
        }
      }
      #expect(
        found == [
          "黄石港区": ["due": ["1", "today"], "overdue": ["1", "yesterday"]], "下陆区": ["opened": ["1", "new"]],
          "–": ["opened": ["1", "done"]],
        ], "\(found)")
      // So many are counted, and the most urgent are listed.
      try test.setClock(at: midnight + .hours(24))
      try sweep(store)
      let next = try store.items(at: store.now(), day: midnight + .days(1)..<midnight + .days(2), limit: 1)
      let entries = next.entries[directory.organs.values.first { $0.name == "黄石港区" }?.id]
      #expect(entries?[.overdue]?.count == 2 && entries?[.overdue]?.items.map(\.summary.key.number) == ["yesterday"])
      #expect(entries?[.due]?.items.map(\.summary.key.number) == ["tomorrow"])
    }
  }

  @Test("12388: no list shows or counts what its reader may not see; a number needs its source where the reader sees another")
  func confidential() async throws {
    try await TestStore.with { test in
      try test.makeConfidential()
      let store = try test.connect()
      try test.setClock(at: Self.start)
      func opened(_ subject: String, _ source: String) throws -> Envelope {
        try Sample.envelope(
          "complaint.submitted", id: subject, source: source, subject: subject, time: Self.start.rfc3339)
      }
      try take(
        [opened("open", "/hotline/12345"), opened("secret", "/qr/mashang"), opened("same", "/hotline/12345")]
          + [opened("same", "/qr/mashang"), opened("twice", "/hotline/12345"), opened("twice", "/portal/street")], store)
      try go(to: 49, test, store)
      for (role, count) in [(TestStore.outsider, 4), (TestStore.insider, 6)] {
        let person = try Store(dsn: test.dsn(as: role), name: "test")
        var filter = ItemFilter()
        for overdueOnly in [false, true] {
          filter.overdueOnly = overdueOnly
          let items = try person.items(filter, at: person.now())
          #expect(try items.count == count && person.itemCount(filter, at: person.now(), upTo: 100) == count)
          #expect(items.contains { $0.summary.key.source == "/qr/mashang" } == (count == 6))
          #expect(items.filter(\.needsSource).count == (count == 6 ? 4 : 2))
        }
        let day = try person.items(at: person.now(), day: Self.start..<Self.start + .days(1), limit: 10)
        #expect(day.entries.values.first?[.overdue]?.count == count && day.entries.values.first?[.opened]?.count == count)
      }
    }
  }
}
