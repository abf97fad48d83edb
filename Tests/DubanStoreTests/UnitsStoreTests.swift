// Parts of supporting units (协办) in the database: opened, found and ended with their whole, whatever comes first and in whichever batch.

import Duban
import DubanStore
import Testing
import TestServers

@Suite("Units in the store")
struct UnitsStoreTests {
  private static let shared =
    #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"lead":"供水公司","supporting":["供电公司","燃气公司"]}"#

  /// A matter with units, told in messages of which each may come first.
  private static func history() throws -> [Envelope] {
    try [
      Sample.envelope("complaint.submitted", id: "1", subject: "A", data: shared),
      Sample.envelope("complaint.accepted", id: "2", subject: "A", data: #"{"supporting":["通信公司"]}"#),
      Sample.envelope("complaint.responded", id: "3", subject: "A", data: #"{"part":"供水公司"}"#),
      Sample.envelope("complaint.resolved", id: "4", subject: "A", data: #"{"part":"供电公司"}"#),
      Sample.envelope("complaint.returned", id: "5", subject: "A", data: #"{"part":"通信公司","reason":"不在职责内"}"#),
    ]
  }

  private static let fates = """
    SELECT array_to_string(array_agg(concat_ws(' ', unit, phase, cycle, organ.name, returns, unassigned, clock) ORDER BY unit), '; ')
    FROM item LEFT JOIN organ ON organ.id = coalesce(unit_id, street_id) WHERE phase <> 'awaited'
    """

  @Test("R12: in whatever order and batches a matter with units is heard, the item and its parts come out the same")
  func anyOrder() async throws {
    var orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 0, 4, 2, 3], [3, 1, 4, 0, 2], [2, 4, 1, 3, 0]]
    orders.append([1, 4, 3, 2, 0])
    for (run, order) in orders.enumerated() {
      try await TestStore.with { test in
        let store = try test.connect()
        let history = try Self.history()
        let verdicts = try order.flatMap { try take([history[$0]], store) }
        #expect(verdicts.allSatisfy { $0 == .applied || $0 == .waits })
        #expect(
          try test.ask(Self.fates)
            == " responded 1 供水公司 0 f resolution; 供电公司 closed 1 供电公司 0 f; 燃气公司 open 1 燃气公司 0 f resolution; "
            + "通信公司 open 1 胜阳港街道 1 t resolution", "run \(run)")
        #expect(try test.ask("SELECT count(*) FROM waiting_event") == 0, "run \(run)")
        // What is told twice makes nothing twice.
        #expect(try history.flatMap { try take([$0], store) }.allSatisfy { $0 == .duplicate })
        #expect(try test.ask("SELECT count(*) FROM item WHERE phase <> 'awaited'") == 4)
      }
    }
  }

  @Test("the end of the whole, in a batch of its own, ends the open parts; each log is whole, and each item its fold")
  func ending() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      for event in try Self.history() { try take([event], store) }
      try take([Sample.envelope("complaint.resolved", id: "9", subject: "A", data: "{}")], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'closed'") == 4)
      let replay = try store.replay()
      for name in ["A", "A#供电公司", "A#燃气公司", "A#通信公司", "/hotline/12345/A#燃气公司"] {
        let item = try #require(try store.item(named: name)).item
        let log = try #require(try store.logs(of: [item.id])[item.id])
        #expect(log.count == Int(item.sequence))
        var again = try replay.asItWas(item, log).item
        again.sequence = item.sequence
        #expect(again == item, "\(name)")
      }
      #expect(try store.parts(of: #require(try store.item(named: "A")).item).map(\.item.key.unit) == ["供电公司", "燃气公司", "通信公司"])
    }
  }

  @Test("what ends the whole under the lead's name ends its parts, before the lead is named or after", arguments: [true, false])
  func endedByLead(_ isNamedFirst: Bool) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let naming = try Sample.envelope(
        "complaint.accepted", id: "2", subject: "A", data: #"{"lead":"供水公司","supporting":["供电公司"]}"#)
      let ending = try Sample.envelope("complaint.resolved", id: "3", subject: "A", data: #"{"part":"供水公司"}"#)
      try take(
        [
          Sample.envelope(
            "complaint.submitted", id: "1", subject: "A",
            data: #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"supporting":["燃气公司"]}"#)
        ], store)
      for event in isNamedFirst ? [naming, ending] : [ending, naming] { try take([event], store) }
      #expect(try test.ask("SELECT bool_and(phase = 'closed') FROM item WHERE phase <> 'awaited'"))
      #expect(try test.ask("SELECT count(*) FROM waiting_event") == 0)
    }
  }

  @Test("a 通报 counts a matter once, however many units have a part in it, and a unit's breach is not its street's")
  func figures() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "A", data: Self.shared)], store)
      try test.setClock(ahead: "20 days")
      while try sweep(store).count > 0 {}
      let now = try store.now()
      let period = Period(start: now - .days(30), end: now + .days(1))
      let figures = try store.streetFigures(in: period).values.joined().first { $0.street == "胜阳港街道" }
      #expect(figures == StreetFigures(street: "胜阳港街道", open: 1, overdue: 1, escalated: 0))
      let organs: String = try test.ask(
        "SELECT string_agg(DISTINCT organ.name, ' ' ORDER BY organ.name) FROM breach JOIN organ ON organ.id = organ_id WHERE breach.tier = 'street'"
      )
      #expect(Set(organs.split(separator: " ")) == ["供水公司", "供电公司", "燃气公司"])
    }
  }
}
