// Parts of supporting units (协办) in the database: opened, found and ended with their whole, whatever comes first and in whichever batch.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Units in the store")
struct PartsStoreTests {
  private static let shared =
    #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"lead":"供水公司","supporting":["供电公司","燃气公司"]}"#

  /// A matter with units, told in messages of which each may be heard first.
  private static func history(_ start: Instant) throws -> [Envelope] {
    func at(_ minutes: Int64) -> Instant { start + .seconds(60 * minutes) }
    return try [
      complaint("submitted", "A", at: at(0), shared), complaint("accepted", "A", at: at(1), #"{"supporting":["通信公司"]}"#),
      complaint("responded", "A", at: at(2), #"{"part":"供水公司"}"#), complaint("resolved", "A", at: at(3), #"{"part":"供电公司"}"#),
      complaint("returned", "A", at: at(4), #"{"part":"通信公司","reason":"不在职责内"}"#),
    ]
  }

  private static let fates = """
    SELECT array_to_string(array_agg(concat_ws(' ', unit, phase, cycle, organ.name, returns, unassigned, clock) ORDER BY unit), '; ')
    FROM item LEFT JOIN organ ON organ.id = responsible_id WHERE phase <> 'awaited'
    """

  @Test("R12: in whatever order and batches a matter with units is heard, the whole and its parts come out the same")
  func anyOrder() async throws {
    let orders = [
      [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 0, 4, 2, 3], [3, 1, 4, 0, 2], [2, 4, 1, 3, 0], [1, 4, 3, 2, 0],
    ]
    for (run, order) in orders.enumerated() {
      try await TestStore.with { test in
        let store = try test.connect()
        let history = try Self.history(store.now() - .seconds(600))
        let outcomes = try order.flatMap { try take([history[$0]], store) }
        #expect(outcomes.allSatisfy { $0 == .applied || $0 == .waits })
        #expect(
          try test.ask(Self.fates)
            == " responded 1 供水公司 0 f resolution; 供电公司 closed 1 供电公司 0 f; 燃气公司 open 1 燃气公司 0 f resolution; "
            + "通信公司 open 1 胜阳港街道 1 t resolution", "run \(run)")
        #expect(try test.ask("SELECT count(*) FROM verdict WHERE verdict <> 'applied'") == 0, "run \(run)")
        // What is told twice makes nothing twice.
        #expect(try history.flatMap { try take([$0], store) }.allSatisfy { $0 == .duplicate })
        #expect(try test.ask("SELECT count(*) FROM item WHERE phase <> 'awaited'") == 4)
        try RecordLaws.expect(store)
      }
    }
  }

  @Test("the end of the whole, in a batch of its own, ends the open parts; each is found by its name")
  func ending() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      for event in try Self.history(store.now() - .seconds(600)) { try take([event], store) }
      try take([complaint("resolved", "A")], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'closed'") == 4)
      for name in ["A", "A#供电公司", "A#燃气公司", "A#通信公司", "/hotline/12345/A#燃气公司"] {
        let found = try #require(try store.item(named: name))
        #expect(found.key.description.hasSuffix(name) && found.item.phase == .closed, "\(name)")
      }
      #expect(try store.parts(of: store.matter("A")).map(\.key.unit) == ["供电公司", "燃气公司", "通信公司"])
      // One of them closed by itself before: four ends are told.
      #expect(try test.announced("item.closed") == 4)
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "what ends the whole under the lead's name ends its parts, whether the naming or the end is heard first",
    arguments: [true, false])
  func endedByLead(_ isNamedFirst: Bool) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second() - .seconds(600)
      let naming = try complaint("accepted", "A", at: start + .seconds(1), #"{"lead":"供水公司","supporting":["供电公司"]}"#)
      let ending = try complaint("resolved", "A", at: start + .seconds(2), #"{"part":"供水公司"}"#)
      try take([complaint("submitted", "A", at: start, #"{"supporting":["燃气公司"]}"#)], store)
      for event in isNamedFirst ? [naming, ending] : [ending, naming] { try take([event], store) }
      #expect(try test.ask("SELECT bool_and(phase = 'closed') FROM item WHERE phase <> 'awaited'"))
      #expect(try test.ask("SELECT count(*) FROM verdict WHERE verdict = 'waits'") == 0)
      try RecordLaws.expect(store)
    }
  }

  @Test("a unit that had the lead before it was named a supporting one, as is heard late, has no part, and no row of one")
  func noPartBesideTheLead() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second() - .seconds(60)
      try take([complaint("submitted", "A", at: start)], store)
      try take([complaint("accepted", "A", at: start + .seconds(2), #"{"supporting":["供水公司","供电公司"]}"#)], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE unit <> ''") == 2)
      try take([complaint("accepted", "A", at: start + .seconds(1), #"{"lead":"供水公司"}"#)], store)
      #expect(try test.ask("SELECT string_agg(unit, ' ') FROM item WHERE unit <> ''") == "供电公司")
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "an end that is other than was told, because of what is heard late, is told: of a part that was unknown, of a later cycle")
  func correctedEnds() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second() - .seconds(60)
      func ends() throws -> String {
        try test.ask(
          "SELECT string_agg(subject || ' ' || (data::jsonb ->> 'closedAt'), ', ' ORDER BY id) FROM outbox WHERE type = 'item.closed'"
        )
      }
      func told(_ subject: String, _ seconds: Int64) -> String {
        "/hotline/12345/\(subject) \((start + .seconds(seconds)).rfc3339)"
      }
      try take(
        [
          complaint("submitted", "A", at: start), complaint("resolved", "A", at: start + .seconds(5)),
          complaint("resolved", "A", at: start + .seconds(10)),
        ], store)
      #expect(try ends() == told("A", 5))
      try take([complaint("accepted", "A", at: start + .seconds(1), #"{"supporting":["供电公司"]}"#)], store)
      #expect(try ends() == [told("A", 5), told("A#供电公司", 5)].joined(separator: ", "))
      try take([complaint("reopened", "A", at: start + .seconds(7))], store)
      #expect(try ends() == [told("A", 5), told("A#供电公司", 5), told("A", 10)].joined(separator: ", "))
    }
  }

  @Test("a 通报 counts a matter once, however many units have a part in it, and a unit's breach is not its street's")
  func figures() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([complaint("submitted", "A", Self.shared)], store)
      try test.setClock(ahead: "20 days")
      try sweep(store)
      let now = try store.now()
      let period = Period(start: now - .days(30), end: now + .days(1))
      let figures = try store.streetFigures(in: period).values.joined().first { $0.street == "胜阳港街道" }
      #expect(figures == StreetFigures(street: "胜阳港街道", open: 1, overdue: 1, escalated: 0))
      let organs: String = try test.ask(
        "SELECT string_agg(DISTINCT organ.name, ' ' ORDER BY organ.name) FROM breach JOIN organ ON organ.id = organ_id WHERE breach.tier = 'street'"
      )
      #expect(Set(organs.split(separator: " ")) == ["供水公司", "供电公司", "燃气公司"])
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "whatever ends the whole ends its parts: a recheck, a rejection, a closing under the lead's name, a merging into what is settled",
    arguments: [
      ("inspection.assigned", "rectification.verified", #"{"passed":true}"#),
      ("funding.requested", "funding.reviewed", #"{"decision":"rejected"}"#),
      ("complaint.submitted", "complaint.resolved", #"{"part":"供水公司"}"#),
      ("complaint.submitted", "complaint.merged", #"{"into":{"source":"/hotline/12345","subject":"MAIN"}}"#),
      ("reminder.scheduled", "reminder.done", "{}"),
    ])
  func everyEnding(_ opening: String, _ ending: String, _ data: String) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([complaint("submitted", "MAIN")], store)
      try take([complaint("resolved", "MAIN")], store)
      let due = #","due":"2099-12-01T18:00:00+08:00"}"#
      try take([Sample.envelope(opening, id: "1", subject: "A", data: String(Self.shared.dropLast()) + due)], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE subject = 'A' AND phase = 'open'") == 3)
      #expect(try take([Sample.envelope(ending, id: "2", subject: "A", data: data)], store) == [.applied])
      try follow(store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE subject = 'A' AND phase = 'closed'") == 3)
      try RecordLaws.expect(store)
    }
  }

  @Test("a part that is due is listed by its unit, not as its whole, and lapses by itself")
  func duePart() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(
        policy: TestStore.policy.replacing(
          "resolution: { within: 19d, district: 5d, city: 5d } }",
          with: "resolution: { within: 19d, district: 5d, city: 5d }, supporting: { within: 1d, district: 5d, city: 5d } }"))
      try take([complaint("submitted", "A", Self.shared)], store)
      try test.setClock(ahead: "25 hours")
      let (due, matter) = (try store.dueItems(limit: 9), try store.matter("A"))
      #expect(due.map(\.key.unit) == ["供电公司", "燃气公司"] && due.allSatisfy { $0.id == matter.id })
      #expect(due.allSatisfy { $0.since == matter.due(.resolution, of: "供电公司") })
      #expect(try sweep(store) == 1)
      #expect(try test.ask("SELECT string_agg(unit, ' ' ORDER BY unit) FROM breach") == "供电公司 燃气公司")
      #expect(try test.ask("SELECT string_agg(unit, ' ' ORDER BY unit) FROM item WHERE tier = 'district'") == "供电公司 燃气公司")
      try RecordLaws.expect(store)
    }
  }
}
