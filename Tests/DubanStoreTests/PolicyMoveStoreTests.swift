// Matters moved to another policy by an operator: on record, in the order of the locks, and once.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Moved to another policy")
struct PolicyMoveStoreTests {
  @Test("a move is an entry of the log; a trial changes nothing; what cannot be moved says why, and the others are moved")
  func moves() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      try take(
        try ["A", "B", "C"].map { try complaint("submitted", $0, at: start) } + [complaint("resolved", "C", at: start)], store)
      let version = try store.apply(policy: TestStore.policy.replacing("within: 48h", with: "within: 60h"))
      let ids = try ["A", "B", "C"].map { try store.matter($0).id }
      #expect(try store.itemsInWork(onPolicy: version - 1, after: 0, limit: 9) == Array(ids.prefix(2)))
      let due = try #require(try store.matter("A").due(.response))
      let trial = try store.move(ids, to: version, by: "张三", because: "试点", isTrial: true)
      #expect(trial.map { $0.after?.due(.response) } == [due + .hours(12), due + .hours(12), nil])
      #expect(trial[2].refusal?.contains("closed") == true)
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.policy-moved'") == 0)
      #expect(try store.matter("A").due(.response) == due)
      #expect(try store.move(ids, to: version, by: "张三", because: "试点", isTrial: false).count { $0.after != nil } == 2)
      #expect(try store.matter("A").due(.response) == due + .hours(12))
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.policy-moved'") == 2)
      let again = try store.move([ids[0]], to: version, by: "张三", because: "试点", isTrial: false)
      #expect(again[0].refusal?.contains("already") == true)
      #expect(try store.move([ids[0]], to: 99, by: "张三", because: "试点", isTrial: false)[0].refusal?.contains("99") == true)
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "between policies with another summons-at, there and back, before or after the breach, one 约谈 is proposed and the item lives on",
    arguments: [("street", "city"), ("city", "district"), ("district", "city")], [true, false])
  func summonsAt(_ tiers: (from: String, to: String), _ isMovedFirst: Bool) async throws {
    // A policy may not summon at the street.
    let tiers = (from: tiers.from == "street" ? "district" : tiers.from, to: tiers.to)
    try await TestStore.with { test in
      let store = try test.connect()
      let here = try store.apply(policy: BreachStoreTests.policy(annulsWithin: "1h", summonsAt: tiers.from))
      let there = try store.apply(policy: BreachStoreTests.policy(annulsWithin: "1h", summonsAt: tiers.to))
      let start = try store.second()
      try take([complaint("submitted", "S", at: start)], store)
      let id = try store.matter("S").id
      func move(_ version: Int) throws {
        let rows = try store.move([id], to: version, by: "张三", because: "试点", isTrial: false)
        #expect(rows.allSatisfy { $0.refusal == nil || $0.refusal?.contains("already") == true })
      }
      try move(here)
      if isMovedFirst { try move(there) }
      // The street, the district and the city let 响应 pass; then the same with 办结.
      for hour in [48, 72, 96, 19 * 24, 24 * 24, 29 * 24] as [Int64] {
        try test.setClock(at: start + .hours(hour) + .seconds(60))
        try sweep(store)
        try move(there)
        try move(here)
        try take([complaint("returned", "S", at: start + .hours(hour) + .seconds(61), #"{"reason":"非本辖区"}"#)], store)
        try RecordLaws.expect(store, "hour \(hour)")
        let proposed: Int = try test.ask("SELECT count(*) FROM notice")
        #expect(proposed == (hour < 72 ? 0 : 1), "hour \(hour)")
      }
      #expect(try test.announced("notice.proposed") == 1 && test.announced("notice.withdrawn") == 0)
      #expect(try test.ask("SELECT count(*) FROM breach") == 6 && store.dueItems(limit: 9).isEmpty)
    }
  }

  @Test("an operator's move waits for matters in the order of their keys, as everybody does, and holds up no neighbour meanwhile")
  func moveBesideIntake() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let version = try one.apply(policy: TestStore.policy + "\n")
      // The ids run against the keys.
      for subject in ["B", "A"] { try take([complaint("submitted", subject)], one) }
      let ids = try one.itemsInWork(onPolicy: version, after: 0, limit: 9)
      let move: Task<Int, any Error> = try one.transaction { one in
        _ = try one.connection.execute("SELECT FROM item WHERE subject = 'A' FOR UPDATE")
        let move = Task.detached(executorPreference: ownThreads) {
          try test.connect().move(ids, to: 1, by: "张三", because: "整改", isTrial: false).count { $0.after != nil }
        }
        try test.untilWaiting()
        let urgings = try ["A", "B"].map { try Sample.envelope("reminder.urged", id: "u\($0)", subject: $0, data: "{}") }
        #expect(try take(urgings, two) == [.deferred, .applied])
        return move
      }
      #expect(try await move.value == 2 && ids.count == 2)
      try RecordLaws.expect(one)
    }
  }
}
