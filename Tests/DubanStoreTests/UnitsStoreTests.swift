// Parts of supporting units (协办) in the database: opened, found and ended with their whole, whatever comes first and in whichever batch.

import Duban
@testable import DubanStore
import PostgreSQL
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

  @Test(
    "whatever ends the whole ends its parts, in a batch of its own: a recheck, a rejection, a closing under the lead's name, a merging into what is settled; parts were left open for ever",
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
      try take([Sample.envelope("complaint.submitted", id: "m", subject: "MAIN")], store)
      try take([Sample.envelope("complaint.resolved", id: "n", subject: "MAIN", data: "{}")], store)
      let due = #","due":"2027-12-01T18:00:00+08:00"}"#
      try take([Sample.envelope(opening, id: "1", subject: "A", data: String(Self.shared.dropLast()) + due)], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE subject = 'A' AND phase = 'open'") == 3)
      #expect(try take([Sample.envelope(ending, id: "2", subject: "A", data: data)], store) == [.applied])
      #expect(try test.ask("SELECT count(*) FROM item WHERE subject = 'A' AND phase = 'closed'") == 3)
    }
  }

  @Test("an early closing under the name of a unit that gets the lead ends the parts of the whole too")
  func earlyClosingByLead() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "A", data: #"{"supporting":["供电公司"]}"#)], store)
      try take([Sample.envelope("complaint.resolved", id: "2", subject: "A", data: #"{"part":"供水公司"}"#)], store)
      try take([Sample.envelope("complaint.accepted", id: "3", subject: "A", data: #"{"lead":"供水公司"}"#)], store)
      #expect(try test.ask("SELECT string_agg(unit || phase, ' ' ORDER BY unit) FROM item") == "closed 供水公司awaited 供电公司closed")
    }
  }

  /// Waits until so many connections wait for a lock.
  private static func untilWaiting(_ count: Int, _ test: TestStore) throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try test.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
      < count
    {
      guard .now < deadline else { throw TestFault("nobody waits for the lock") }
    }
  }

  @Test("an event of the lead's that comes while its item is being opened elsewhere, or the lead named, is never forgotten")
  func earlyLeadRace() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let opening = try Sample.envelope("complaint.submitted", id: "1", subject: "A", data: #"{"lead":"供水公司"}"#)
      #expect(throws: PostgresError.self) {
        try one.transaction { one in
          let machine = try one.machine()
          var fold = IntakeFold(try one.intakeSnapshot(for: [opening]), machine: machine)
          #expect(fold.take(opening) == .applied)
          let answer = try Sample.envelope("complaint.responded", id: "2", subject: "A", data: #"{"part":"供水公司"}"#)
          #expect(try take([answer], two) == [.waits])
          try one.write(fold.finish(), at: machine.now)
        }
      }
      #expect(try take([opening], one) == [.applied])
      #expect(try test.ask("SELECT phase FROM item WHERE unit = ''") == "responded")
      // Where the item is there, whoever names the lead waits for who takes its event.
      try take([Sample.envelope("complaint.submitted", id: "3", subject: "B")], one)
      let answer = try Sample.envelope("complaint.responded", id: "4", subject: "B", data: #"{"part":"供水公司"}"#)
      let naming: Task<[IntakeFold.Verdict], any Error> = try one.transaction { one in
        let machine = try one.machine()
        var fold = IntakeFold(try one.intakeSnapshot(for: [answer]), machine: machine)
        #expect(fold.take(answer) == .waits)
        try one.write(fold.finish(), at: machine.now)
        let naming = Task.detached(executorPreference: ownThreads) {
          try take([Sample.envelope("complaint.accepted", id: "5", subject: "B", data: #"{"lead":"供水公司"}"#)], test.connect())
        }
        try Self.untilWaiting(1, test)
        return naming
      }
      #expect(try await naming.value == [.applied])
      #expect(try test.ask("SELECT phase FROM item WHERE unit = '' AND subject = 'B'") == "responded")
      #expect(try test.ask("SELECT count(*) FROM waiting_event") == 0)
    }
  }

  @Test("moving items to another policy beside intake waits in the same order: each would have waited for the other")
  func moveBesideIntake() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      let version = try one.apply(policy: TestStore.policy + "\n")
      // The ids run against the keys.
      for subject in ["B", "A"] { try take([Sample.envelope("complaint.submitted", id: subject, subject: subject)], one) }
      let ids = try one.itemsInWork(onPolicy: version, after: 0, limit: 9)
      let (intake, move): (Task<[IntakeFold.Verdict], any Error>, Task<Int, any Error>) = try one.transaction { one in
        _ = try one.connection.execute("SELECT FROM item WHERE subject = 'A' FOR UPDATE")
        let intake = Task.detached(executorPreference: ownThreads) {
          try take(
            ["A", "B"].map { try Sample.envelope("reminder.urged", id: "u\($0)", subject: $0, data: "{}") }, test.connect())
        }
        try Self.untilWaiting(1, test)
        let move = Task.detached(executorPreference: ownThreads) {
          try test.connect().move(ids, to: 1, by: "张三", because: "整改", isTrial: false).count { $0.after != nil }
        }
        try Self.untilWaiting(2, test)
        return (intake, move)
      }
      #expect(try await intake.value == [.applied, .applied])
      #expect(try await move.value == 2 && ids.count == 2)
    }
  }

  @Test("a part that is due is listed by its unit, not as its whole")
  func duePart() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "A", data: Self.shared)], store)
      try test.setClock(ahead: "20 days")
      #expect(Set(try store.dueItems(limit: 9).map(\.key.unit)) == [nil, "供电公司", "燃气公司"])
    }
  }
}
