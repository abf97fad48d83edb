// 补派 in the database: what is 待派 is assigned once an operator has taught the directory, and each log folds to what is stored.

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

  /// Of each item its phase, who supervises it or where it began, and who is responsible.
  private func holders(_ test: TestStore) throws -> String {
    try test.ask(
      """
      SELECT string_agg(concat_ws(' ', subject || unit, phase, item.tier, organ.name, CASE WHEN unassigned THEN '待派' END), '; '
        ORDER BY subject, unit)
      FROM item LEFT JOIN organ ON organ.id = responsible_id
      """)
  }

  @Test("streets and units that a directory file adds have what they should have had, on record; nothing else is touched")
  func taught() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      func open(_ subject: String, _ data: String) throws -> Envelope { try complaint("submitted", subject, data) }
      try take(
        [
          open("A", "{\(Self.nowhere)}"), open("B", #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"lead":"热力公司"}"#),
          open("C", "{\(Self.nowhere)}"), open("D", "{}"),
          open("E", #"{\#(Self.nowhere),"lead":"供水公司","supporting":["热力公司","无此单位"]}"#), open("F", "{\(Self.nowhere)}"),
        ], store)
      try take([complaint("resolved", "C")], store)
      try take([complaint("responded", "A")], store)
      try take([complaint("suspended", "F", paused)], store)
      // B, D and E let their 响应时限 pass; A was answered, and F's clocks are suspended.
      try test.setClock(ahead: "49 hours")
      try sweep(store)
      let before = try holders(test)
      #expect(try store.assignUnassigned() == (0, 7) && holders(test) == before)
      let count: Int = try test.ask("SELECT count(*) FROM item_event")

      try store.apply(directory: DirectoryDraft.read(yaml: Self.taught))
      #expect(try store.assignUnassigned() == (5, 2))
      // Who is responsible changes; a tier that supervises goes on to.
      #expect(
        try holders(test) == """
          A responded street 新街道; B open district 热力公司; C closed district 黄石港区 待派; D open city 黄石市 待派; \
          E open city 供水公司; E无此单位 open street 新街道 待派; E热力公司 open street 热力公司; F open street 新街道
          """)
      // One entry for each matter; that of E says it of its parts too.
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.placed'") == 4)
      #expect(try test.ask("SELECT count(*) FROM item_event") == count + 4 && store.lag().unassigned == 2)
      #expect(try store.assignUnassigned() == (0, 2) && test.ask("SELECT count(*) FROM item_event") == count + 4)
      // Opened by who knows the street already.
      try take([open("G", "{\(Self.nowhere)}")], store)
      #expect(try holders(test).hasSuffix("G open street 新街道"))
      // What was breached before stays as it was found.
      #expect(try test.ask("SELECT count(*) FROM breach WHERE revision > 1") == 0)
      try RecordLaws.expect(store)
    }
  }

  @Test("more than a round of matters are assigned, each once; a message heard late is folded with them")
  func manyRounds() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      for hundred in 0..<6 {
        try take(
          try (0..<100).map { try complaint("submitted", "S\(hundred * 100 + $0)", at: start, "{\(Self.nowhere)}") }, store)
      }
      try store.apply(directory: DirectoryDraft.read(yaml: Self.taught))
      #expect(try store.assignUnassigned() == (600, 0))
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.placed'") == 600)
      try take([complaint("responded", "S7", at: start + .seconds(1))], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE tier = 'street' AND NOT unassigned") == 600)
      try RecordLaws.expect(store)
    }
  }

  @Test("who records by the old directory is done before the new one counts: the operator waits for batches that are under way")
  func batchUnderWay() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      var applied: Task<(Int, Int), any Error>?
      try take([complaint("submitted", "S", "{\(Self.nowhere)}")], one) {
        applied = Task.detached(executorPreference: ownThreads) {
          let other = try test.connect()
          try other.apply(directory: DirectoryDraft.read(yaml: Self.taught))
          let counts = try other.assignUnassigned()
          return (counts.assigned, counts.unassigned)
        }
        try test.untilWaiting(or: "EXISTS (SELECT FROM organ WHERE name = '新街道')")
      }
      let counts = try #require(try await applied?.value)
      #expect(counts == (1, 0))
      #expect(try two.matter("S").whole.cycle?.startTier == .street)
      try RecordLaws.expect(two)
    }
  }
}
