// 派件 in the database: what is 待派 is assigned once an operator has taught the directory, and each log runs again to what is stored.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Assigned once the directory knows, in the database")
struct AssignmentStoreTests {
  /// The small city's file with another street and another unit.
  static let taught = TestStore.directory.replacing("花湖街道", with: "花湖街道, 新街道").replacing("燃气公司]", with: "燃气公司, 热力公司]")
  static let nowhere = #""region":{"district":"黄石港区","street":"新街道"}"#

  private func holders(_ test: TestStore) throws -> String {
    try test.ask(
      """
      SELECT string_agg(concat_ws(' ', subject || unit, phase, item.tier, organ.name, CASE WHEN unassigned THEN '待派' END), '; '
        ORDER BY subject, unit)
      FROM item LEFT JOIN organ ON organ.id = coalesce(unit_id, CASE item.tier WHEN 'street' THEN street_id WHEN 'district' THEN district_id
        ELSE city_id END)
      """)
  }

  @Test("streets and units that a directory file adds have what they should have had, on record; nothing else is touched")
  func taught() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      func open(_ subject: String, _ data: String) throws -> Envelope {
        try Sample.envelope("complaint.submitted", id: subject, subject: subject, data: data)
      }
      try take(
        [
          open("A", "{\(Self.nowhere)}"), open("B", #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"lead":"热力公司"}"#),
          open("C", "{\(Self.nowhere)}"), open("D", "{}"),
          open("E", #"{\#(Self.nowhere),"lead":"供水公司","supporting":["热力公司","无此单位"]}"#), open("F", "{\(Self.nowhere)}"),
        ], store)
      try take([Sample.envelope("complaint.resolved", id: "c", subject: "C", data: "{}")], store)
      try take([Sample.envelope("complaint.responded", id: "a", subject: "A", data: "{}")], store)
      try take([Sample.envelope("complaint.suspended", id: "f", subject: "F", data: #"{"reason":"等待居民配合"}"#)], store)
      // B, D and E let their 响应时限 pass; A was answered, and F's clock is held.
      try test.setClock(ahead: "49 hours")
      try sweep(store)
      let before = try holders(test)
      #expect(try store.assignUnassigned() == (0, 7) && holders(test) == before)
      let count: Int = try test.ask("SELECT count(*) FROM item_event")

      try store.apply(directory: DirectoryDraft.read(yaml: Self.taught))
      #expect(try store.assignUnassigned() == (5, 2))
      #expect(
        try holders(test) == """
          A responded street 新街道; B open district 黄石港区; C closed district 黄石港区 待派; D open city 黄石市 待派; \
          E open city 黄石市; E无此单位 open street 新街道 待派; E热力公司 open street 热力公司; F open street 新街道
          """)
      // The part of a unit that is not known has its street now, which is said too.
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.reassigned'") == 6)
      #expect(try test.ask("SELECT count(*) FROM item_event") == count + 6 && store.lag().unassigned == 2)
      #expect(try store.assignUnassigned() == (0, 2) && test.ask("SELECT count(*) FROM item_event") == count + 6)
      // Opened by who knows the street already.
      try take([open("G", "{\(Self.nowhere)}")], store)
      #expect(try holders(test).hasSuffix("G open street 新街道"))
      let replay = try store.replay()
      for id in try store.connection.execute("SELECT id FROM item").map({ try $0.decode(0, as: Int64.self) }) {
        let item = try #require(try store.item(named: "\(id)")).item
        var again = try replay.asItWas(item, #require(try store.logs(of: [id])[id]))
        again.item.sequence = item.sequence
        #expect(again.item == item, "\(item.key)")
        #expect(try again.breaches == store.breaches(of: [id])[id] ?? [], "\(item.key)")
      }
    }
  }

  @Test("who records by the old directory is done before the new one counts: the operator waits for batches that are under way")
  func batchUnderWay() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let opening = try Sample.envelope("complaint.submitted", id: "1", subject: "S", data: "{\(Self.nowhere)}")
      let applied = try one.transaction { one in
        let machine = try one.machine()
        var fold = IntakeFold(try one.intakeSnapshot(for: [opening]), machine: machine)
        _ = fold.take(opening)
        let applied = Task(executorPreference: ownThreads) {
          let other = try test.connect()
          try other.apply(directory: DirectoryDraft.read(yaml: Self.taught))
          return try other.assignUnassigned()
        }
        while try test.ask(
          """
          SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
            AND NOT EXISTS (SELECT FROM organ WHERE name = '新街道')
          """)
        {}
        try one.write(fold.finish(), at: machine.now)
        return applied
      }
      #expect(try await applied.value == (1, 0))
      let item = try #require(try two.item(named: "S")).item
      var again = try two.replay().asItWas(item, #require(try two.logs(of: [item.id])[item.id])).item
      again.sequence = item.sequence
      #expect(item.tier == .street && again == item)
    }
  }
}
