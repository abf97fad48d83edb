// Breaches on record: annulled, contested, decided about by people, and what is withdrawn with them.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Breaches on record")
struct BreachStoreTests {
  static func policy(annulsWithin: String, countsAfter: String = "1h", summonsAt: String = "district") -> String {
    """
    policy: breaches
    counts-from-hearing-after: \(countsAfter)
    annuls-within: \(annulsWithin)
    rules:
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h }
        resolution: { within: 19d, district: 5d, city: 5d }
        slips: [blue, orange, red]
        summons-at: \(summonsAt)
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """
  }

  /// A complaint whose street and district let 响应 pass, for which a 约谈 is proposed.
  private func breached(
    annulsWithin: String, countsAfter: String = "1h", _ body: (TestStore, Store, Matter, Instant) throws -> Void
  ) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Self.policy(annulsWithin: annulsWithin, countsAfter: countsAfter))
      let start = try store.second()
      try take([complaint("submitted", "S", at: start)], store)
      for hour in [48, 72] as [Int64] {
        try test.setClock(at: start + .hours(hour) + .seconds(60))
        #expect(try sweep(store) == 1)
      }
      #expect(try statuses(test) == "1 standing 1, 2 standing 1" && test.announced("slip.issued") == 2)
      #expect(try test.announced("notice.proposed") == 1)
      try body(test, store, store.matter("S"), start)
      try RecordLaws.expect(store)
    }
  }

  private func statuses(_ test: TestStore) throws -> String {
    try test.ask("SELECT string_agg(concat_ws(' ', number, status, revision), ', ' ORDER BY number) FROM breach")
  }

  @Test("a late answer annuls the breaches that did not happen; slips and the 约谈 are withdrawn, and the chain moves back")
  func annulled() async throws {
    try await breached(annulsWithin: "48h") { test, store, _, start in
      try take([complaint("responded", "S", at: start + .hours(47))], store)
      #expect(try statuses(test) == "1 annulled 2, 2 annulled 2")
      #expect(try test.announced("breach.annulled") == 2 && test.announced("slip.withdrawn") == 2)
      #expect(try test.announced("notice.withdrawn") == 1 && test.ask("SELECT status FROM notice") == "withdrawn")
      #expect(try test.ask("SELECT withdrawn_at IS NOT NULL FROM notice"))
      #expect(try test.phases() == "S responded" && test.ask("SELECT tier || escalations FROM item") == "street0")
      #expect(try test.ask("SELECT breached_at IS NULL FROM item"))
      #expect(
        try store.findings(of: test.ask("SELECT id FROM item"), breach: 1).map(\.type) == ["item.escalated", "breach.annulled"])
      // Folded again, nothing more is said.
      try take([complaint("accepted", "S", at: start + .hours(1))], store)
      #expect(try statuses(test) == "1 annulled 2, 2 annulled 2" && test.announced("breach.annulled") == 2)
      #expect(try test.announced("notice.withdrawn") == 1)
    }
  }

  @Test(
    "a lapse that follows again after its breach was annulled is a breach of its own, with the next number and a 约谈 of its own")
  func annulledAndBack() async throws {
    try await breached(annulsWithin: "48h", countsAfter: "48h") { test, store, _, start in
      try take([complaint("suspended", "S", at: start + .hours(40), paused)], store)
      #expect(try statuses(test) == "1 annulled 2, 2 annulled 2" && test.ask("SELECT status FROM notice") == "withdrawn")
      // The pause was over before the deadline.
      try take([complaint("resumed", "S", at: start + .hours(41))], store)
      #expect(try statuses(test) == "1 annulled 2, 2 annulled 2, 3 standing 1")
      try test.setClock(at: start + .hours(74))
      #expect(try sweep(store) == 1)
      #expect(try statuses(test) == "1 annulled 2, 2 annulled 2, 3 standing 1, 4 standing 1")
      #expect(try test.ask("SELECT string_agg(status, ' ' ORDER BY id) FROM notice") == "withdrawn proposed")
      #expect(try test.ask("SELECT count(DISTINCT reference) FROM notice") == 2 && test.announced("slip.issued") == 4)
    }
  }

  @Test("a back-dated answer makes breaches contested, which count until a person decides: upheld, lifted, excused")
  func contested() async throws {
    try await breached(annulsWithin: "2h") { test, store, matter, start in
      try take([complaint("responded", "S", at: start + .hours(47))], store)
      #expect(try statuses(test) == "1 contested 2, 2 contested 2")
      #expect(try test.announced("breach.contested") == 2 && test.announced("slip.withdrawn") == 0)
      #expect(try test.announced("notice.withdrawn") == 0)
      #expect(try store.breaches(of: nil, status: .contested, limit: 9).map(\.breach.number) == [2, 1])

      try store.decide(.uphold, on: 1, of: matter.id, by: "王", because: "时间系补录")
      try store.decide(.lift, on: 2, of: matter.id, by: "王", because: "确已答复")
      #expect(try statuses(test) == "1 upheld 3, 2 lifted 3" && test.announced("slip.withdrawn") == 1)
      #expect(try test.announced("notice.withdrawn") == 0, "one of its grounds stands")
      #expect(throws: RequestFault.self) { try store.decide(.uphold, on: 2, of: matter.id, by: "王", because: "再议") }
      #expect(throws: RequestFault.self) { try store.decide(.lift, on: 3, of: matter.id, by: "王", because: "没有") }
      // What people decided stays, whatever is heard afterwards.
      try take([complaint("accepted", "S", at: start + .hours(1))], store)
      #expect(try statuses(test) == "1 upheld 3, 2 lifted 3")

      try store.decide(.excuse, on: 1, of: matter.id, by: "王", because: "不可抗力")
      #expect(try statuses(test) == "1 excused 4, 2 lifted 3" && test.announced("breach.excused") == 1)
      #expect(try test.announced("slip.withdrawn") == 2 && test.announced("notice.withdrawn") == 1)
      let findings = try store.findings(of: matter.id, breach: 1)
      #expect(
        findings.map(\.type) == [
          "item.escalated", "breach.contested", "breach.decided", "breach.corrected", "breach.decided", "breach.excused",
        ])
      #expect(findings[2].data.contains("时间系补录") && findings[2].data.contains("王"))
    }
  }

  @Test("a contested breach that a sweep finds again stands, and is not recorded twice")
  func contestedAndFound() async throws {
    try await breached(annulsWithin: "1h", countsAfter: "48h") { test, store, _, start in
      try take([complaint("suspended", "S", at: start + .hours(47), paused)], store)
      #expect(try statuses(test) == "1 contested 2, 2 contested 2")
      // A pause of a few seconds: the deadline lapsed all the same.
      try take([complaint("resumed", "S", at: start + .hours(47) + .seconds(10))], store)
      try sweep(store)
      #expect(try statuses(test) == "1 standing 3, 2 standing 3")
    }
  }

  @Test("an excused breach happened: a fold of the whole log records it not again, and proposes no 约谈 over it")
  func excused() async throws {
    try await breached(annulsWithin: "2h") { test, store, matter, start in
      for number in [1, 2] as [Int32] { try store.decide(.excuse, on: number, of: matter.id, by: "王", because: "洪水") }
      #expect(try test.ask("SELECT string_agg(status, ' ') FROM notice") == "withdrawn")
      let figures = try store.streetFigures(in: Period(start: start, end: start + .days(30))).values.joined()
      #expect(figures.contains { $0.open == 1 } && figures.allSatisfy { $0.overdue == 0 && $0.escalated == 0 })
      try take([complaint("accepted", "S", at: start + .hours(1))], store)
      #expect(try statuses(test) == "1 excused 2, 2 excused 2" && test.ask("SELECT tier FROM item") == "city")
      #expect(try test.ask("SELECT string_agg(status, ' ') FROM notice") == "withdrawn")
      #expect(try test.announced("notice.proposed") == 1)
      // A lapse that counts is a ground again: another 约谈, under a reference of its own.
      try test.setClock(at: start + .hours(97))
      try sweep(store)
      #expect(try test.ask("SELECT string_agg(status, ' ' ORDER BY id) FROM notice") == "withdrawn proposed")
      #expect(try test.ask("SELECT count(DISTINCT reference) FROM notice") == 2)
      #expect(try test.ask("SELECT count(*) FROM notice_ground JOIN notice ON id = notice_id WHERE status = 'proposed'") == 1)
    }
  }

  @Test("breaches are listed, the latest found first, of an item or of a status, with who owed the step")
  func listed() async throws {
    try await breached(annulsWithin: "2h") { _, store, matter, _ in
      let rows = try store.breaches(of: matter.id, status: nil, limit: 9)
      #expect(rows.map(\.breach.number) == [2, 1] && rows.map(\.organ) == ["黄石港区", "胜阳港街道"])
      #expect(rows.allSatisfy { $0.key == matter.key } && rows.map(\.breach.lapse.isSupervising) == [true, false])
      #expect(try store.breaches(of: nil, status: .standing, limit: 1).map(\.breach.number) == [2])
      #expect(try store.breaches(of: nil, status: .annulled, limit: 9).isEmpty)
      #expect(try store.record(of: matter).breaches.map(\.number) == [1, 2])
    }
  }

  @Test("breaches that do not count are in no figures, and those that are contested or upheld are")
  func figures() async throws {
    try await breached(annulsWithin: "2h") { _, store, matter, start in
      let period = Period(start: start, end: start + .days(30))
      func counts() throws -> [Int] {
        [try store.organBreaches(at: .street, in: period), try store.organBreaches(at: .district, in: period)].map {
          $0.values.reduce(0) { $0 + $1.count }
        }
      }
      func overdue() throws -> Int { try store.streetFigures(in: period).values.joined().reduce(0) { $0 + $1.overdue } }
      #expect(try counts() == [1, 1] && overdue() == 1)
      try take([complaint("responded", "S", at: start + .hours(47))], store)
      #expect(try counts() == [1, 1])
      try store.decide(.lift, on: 1, of: matter.id, by: "王", because: "确已答复")
      try store.decide(.uphold, on: 2, of: matter.id, by: "王", because: "未答复")
      #expect(try counts() == [0, 1] && overdue() == 1)
      try store.decide(.excuse, on: 2, of: matter.id, by: "王", because: "洪水")
      #expect(try counts() == [0, 0] && overdue() == 0)
    }
  }
}
