// Personal data: originals and contacts are kept apart, seen by few, and erased on record; the log needs neither.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Personal data")
struct PrivacyTests {
  private static let data =
    #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"title":"漏水","reporter":{"name":"张三","phone":"13900000000"}}"#

  @Test("who reported a matter is in the original and the contact alone, in no other table and in no event")
  func apart() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([complaint("submitted", "A", Self.data), complaint("responded", "early", Self.data)], store)
      try test.setClock(ahead: "49 hours")
      try sweep(store)
      let tables: [String] = try store.connection.execute(
        "SELECT relname::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r'"
      ).map { try $0.decode(0) }
      let holding = try tables.filter { table in
        try test.ask(
          "SELECT EXISTS (SELECT FROM \"\(table)\" AS line WHERE line::text LIKE '%张三%' OR line::text LIKE '%13900000000%')")
      }
      #expect(holding.count == 2 && holding.contains("contact") && holding.contains { $0.hasPrefix("original_") }, "\(holding)")
      #expect(try test.ask("SELECT count(*) FROM contact") == 2 && test.ask("SELECT count(*) FROM original") == 2)
      #expect(try store.original(of: store.matter("A").id, 1)?.contains("13900000000") == true)
    }
  }

  @Test(
    "what is erased is gone and said so; the log, its fold and its explanation are as before, and late messages are still taken")
  func erased() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      try take(try ["A", "B", "C"].map { try complaint("submitted", $0, at: start, Self.data) }, store)
      try test.setClock(at: start + .hours(1))
      try take(try ["A", "B"].map { try complaint("resolved", $0, at: start + .hours(1)) }, store)
      try test.setClock(at: start + .days(400))
      let closed = try store.personalData(closedBefore: start + .days(30), after: 0, limit: 9)
      #expect(closed == [try store.matter("A").id, try store.matter("B").id])
      #expect(try store.personalData(closedBefore: start + .days(30), after: closed[0], limit: 9) == [closed[1]])
      #expect(try store.personalData(closedBefore: start, after: 0, limit: 9).isEmpty)
      let (a, c) = (try store.matter("A"), try store.matter("C"))
      let before = try store.record(of: a)
      let gone = try store.erase([a.id, c.id], by: "王", because: "期满")
      #expect(gone == (originals: 3, contacts: 2))
      #expect(try store.original(of: a.id, 1) == nil && store.original(of: closed[1], 1) != nil)
      #expect(
        try test.ask("SELECT string_agg(concat_ws(' ', originals, contacts, done_by, because), ', ' ORDER BY id) FROM erasure")
          == "2 1 王 期满, 1 1 王 期满")
      // Again there is nothing to erase, and nothing said of it.
      #expect(try store.erase([a.id], by: "王", because: "期满") == (originals: 0, contacts: 0))
      #expect(try test.ask("SELECT count(*) FROM erasure") == 2)
      #expect(try store.personalData(closedBefore: start + .days(30), after: 0, limit: 9) == [closed[1]])

      let after = try store.record(of: store.matter("A"))
      #expect(after.log == before.log && after.breaches == before.breaches)
      let fold = Fold.whole(after.log, of: a, references: try store.referencesInForce().0, now: start, explains: true)
      #expect(fold.derivations.count == 2 && fold.matter == a)
      // Known by its digest still, and open to what is heard late.
      #expect(try take([complaint("submitted", "A", at: start, Self.data)], store) == [.duplicate])
      let answer = try complaint("responded", "A", at: start + .seconds(60))
      #expect(try take([answer], store) == [.applied] && store.matter("A").whole.answeredAt == answer.time)
      try RecordLaws.expect(store)
    }
  }
}
