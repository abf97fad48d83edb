// The store against a real PostgreSQL: what is written is read back, and two at once come to the same result as one.

import Duban
@testable import DubanStore
import PostgreSQL
import Testing
import TestServers

/// What intake does with a batch, without a broker.
@discardableResult
func take(_ batch: [Envelope], _ store: Store) throws -> [IntakeFold.Verdict] {
  try store.transaction { store in
    let machine = try store.machine()
    var fold = IntakeFold(try store.intakeSnapshot(for: batch), machine: machine)
    let verdicts = batch.map { fold.take($0) }
    try store.write(fold.finish(), at: machine.now)
    return verdicts
  }
}

/// What the deadline role does with a batch; returns the ids it handled.
@discardableResult
func sweep(_ store: Store, limit: Int = 100) throws -> [Int64] {
  try store.transaction { store in
    let machine = try store.machine()
    var items = try store.claimDueItems(limit: limit)
    let history = try store.breaches(of: items.map(\.id))
    var effects = Effects()
    for i in items.indices { machine.lapse(&items[i], history: history[items[i].id] ?? [], into: &effects) }
    effects.wokenItems = items
    try store.write(effects, at: machine.now)
    return items.map(\.id)
  }
}

@Suite("The store")
struct StoreTests {
  @Test("a sweep's writing finds its items by their key, even by a plan that was made while the table was empty and is kept")
  func planOfSweep() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try store.connection.runScript("SET plan_cache_mode = force_generic_plan; PREPARE woken AS \(ItemRow.updateWoken)")
      let explain = "EXPLAIN EXECUTE woken (\((0...ItemRow.waking.count).map { _ in "NULL" }.joined(separator: ", ")))"
      func plan() throws -> String {
        let lines: [String] = try store.connection.execute(explain).map { try $0.decode(0) }
        return lines.joined(separator: "\n")
      }
      #expect(try plan().contains("Seq Scan on item"), "what is guarded against does not come any more")
      try store.useIndexes()
      try store.connection.runScript("DEALLOCATE woken; PREPARE woken AS \(ItemRow.updateWoken)")
      #expect(try plan().contains("Index Scan using item_pkey") && !plan().contains("Seq Scan"))
    }
  }

  @Test("an item is read back as it was written, every field of it, after its opening and after each change")
  func roundTrip() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let data =
        #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山"},"category":"屋面防水","grade":"紧急","title":"漏水 🏠"}"#
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "S", data: data)], store)
      let until = #""until":"2099-01-01T00:00:00+08:00""#
      for (id, type, data) in [
        ("2", "reminder.urged", "{}"), ("3", "complaint.returned", #"{"reason":"非本辖区"}"#), ("4", "complaint.responded", "{}"),
        ("5", "complaint.resumed", "{}"), ("6", "complaint.suspended", #"{"reason":"等待居民配合"}"#),
        ("7", "complaint.extension-decided", #"{"decision":"approved","approver":"黄石市",\#(until)}"#),
        ("8", "complaint.extension-requested", #"{"reason":"雨季",\#(until)}"#),
        ("9", "complaint.merged", #"{"into":{"source":"/hotline/12345","subject":"T"}}"#), ("10", "complaint.withdrawn", "{}"),
      ] {
        let event = try Sample.envelope(type, id: id, subject: "S", data: data)
        let (written, read) = try store.transaction { store in
          let machine = try store.machine()
          var fold = IntakeFold(try store.intakeSnapshot(for: [event]), machine: machine)
          _ = fold.take(event)
          let effects = fold.finish()
          try store.write(effects, at: machine.now)
          return (effects.changedItems, try store.intakeSnapshot(for: [event]).items[event.item])
        }
        #expect(written == [read], "\(type)")
      }
      let summary = try #require(try store.item(named: "S"))
      #expect(
        summary.item.title == "漏水 🏠" && summary.item.grade == "紧急" && summary.item.phase == .closed && summary.organ == "胜阳港街道")
      #expect(
        try store.timeline(of: summary.item.id).map(\.type) == [
          "complaint.submitted", "reminder.urged", "complaint.returned", "complaint.responded", "complaint.resumed",
          "complaint.suspended", "complaint.extension-decided", "complaint.extension-requested", "complaint.merged",
          "complaint.withdrawn",
        ])
    }
  }

  @Test("duplicates are settled with their main item, whenever they were merged into it; a held clock is not due")
  func followers() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let into = #"{"into":{"source":"/hotline/12345","subject":"M"}}"#
      for subject in ["A", "B"] { try take([Sample.envelope("complaint.submitted", id: subject, subject: subject)], store) }
      try take([Sample.envelope("complaint.merged", id: "A2", subject: "A", data: into)], store)
      // While its main item is not there, its clock runs.
      #expect(try test.ask("SELECT phase = 'open' AND suspended_at IS NULL FROM item WHERE subject = 'A'"))
      try take([Sample.envelope("complaint.submitted", id: "M", subject: "M")], store)
      try take([Sample.envelope("complaint.merged", id: "B2", subject: "B", data: into)], store)
      #expect(try test.ask("SELECT string_agg(phase, ' ' ORDER BY subject) = 'merged merged open' FROM item"))
      try test.setClock(ahead: "49 hours")
      #expect(try store.transaction { try $0.claimDueItems(limit: 9).map(\.key.subject).sorted() } == ["M"])
      try test.setClock(ahead: "0 hours")
      try take([Sample.envelope("complaint.resolved", id: "M2", subject: "M", data: "{}")], store)
      #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'closed'") == 3)
      #expect(try test.ask("SELECT count(*) FROM outbox WHERE type = 'item.closed'") == 3)
    }
  }

  @Test("two workers that open the same item at once: one fails with a unique violation and, trying again, finds a duplicate")
  func sameItemAtOnce() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let event = try Sample.envelope("complaint.submitted", id: "1", subject: "S")
      let error = #expect(throws: PostgresError.self) {
        try one.transaction { one in
          let machine = try one.machine()
          var fold = IntakeFold(try one.intakeSnapshot(for: [event]), machine: machine)
          _ = fold.take(event)
          try take([event], two)
          try one.write(fold.finish(), at: machine.now)
        }
      }
      #expect(error?.sqlState == .uniqueViolation)
      #expect(try take([event], one) == [.duplicate])
      #expect(try test.ask("SELECT count(*) FROM item") == 1)
    }
  }

  @Test("a duplicate that had to wait while the first was being taken is a duplicate, not a second opening")
  func duplicateBehindALock() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      // The item has a row already, because an answer came before it: the second taker waits on that row, not on a unique key.
      try take([Sample.envelope("complaint.responded", id: "0", subject: "S", data: "{}")], one)
      let opening = try Sample.envelope("complaint.submitted", id: "1", subject: "S")
      let second: Task<[IntakeFold.Verdict], any Error> = try one.transaction { one in
        let machine = try one.machine()
        var fold = IntakeFold(try one.intakeSnapshot(for: [opening]), machine: machine)
        #expect(fold.take(opening) == .applied)
        try one.write(fold.finish(), at: machine.now)
        let second = Task.detached(executorPreference: ownThreads) { try take([opening], try test.connect()) }
        let deadline = ContinuousClock.now + .seconds(30)
        while try test.ask(
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0
        {
          guard .now < deadline else { throw TestFault("nobody waits for the lock") }
        }
        return second
      }
      #expect(try await second.value == [.duplicate])
    }
  }

  @Test("an event that comes while its item is being opened elsewhere is never forgotten")
  func earlyEventRace() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let opening = try Sample.envelope("complaint.submitted", id: "1", subject: "S")
      let answer = try Sample.envelope("complaint.responded", id: "2", subject: "S", data: "{}")
      // The opener has looked and seen nothing; the answer arrives and waits; the opener must not pass it by.
      #expect(throws: PostgresError.self) {
        try one.transaction { one in
          let machine = try one.machine()
          var fold = IntakeFold(try one.intakeSnapshot(for: [opening]), machine: machine)
          _ = fold.take(opening)
          #expect(try take([answer], two) == [.waits])
          try one.write(fold.finish(), at: machine.now)
        }
      }
      #expect(try take([opening], one) == [.applied])
      #expect(try test.ask("SELECT phase FROM item") == "responded")
      #expect(try test.ask("SELECT count(*) FROM waiting_event") == 0)
    }
  }

  @Test("what is not due is not claimed; once time has come it climbs once, however many sweep")
  func climbsOnce() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try (0..<40).map { try Sample.envelope("complaint.submitted", id: "\($0)", subject: "S\($0)") }, store)
      #expect(try sweep(store).isEmpty)
      #expect(try store.timeUntilNextDue() == .seconds(Store.dueHorizon))
      try test.setClock(ahead: "48 hours 1 minute")
      #expect(try store.timeUntilNextDue() < .zero)
      let handled = try await withThrowingTaskGroup(of: [Int64].self) { group in
        for _ in 0..<4 {
          group.addTask {
            let store = try test.connect()
            var all: [Int64] = []
            while case let ids = try sweep(store, limit: 7), !ids.isEmpty { all += ids }
            return all
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(handled.count == 40 && Set(handled).count == 40)
      #expect(try test.ask("SELECT count(*) FROM breach") == 40)
      #expect(try test.ask("SELECT count(*) FROM item WHERE tier = 'district' AND escalations = 1") == 40)
      #expect(try test.ask("SELECT count(*) FROM outbox WHERE type = 'item.escalated'") == 40)
    }
  }

  @Test("a sweep that dies after any step leaves nothing half done")
  func sweepDies() async throws {
    struct Death: Error {}
    try await TestStore.with { test in
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "S")], store)
      try test.setClock(ahead: "49 hours")
      #expect(throws: Death.self) {
        try store.transaction { store in
          let machine = try store.machine()
          var items = try store.claimDueItems(limit: 10)
          var effects = Effects()
          machine.lapse(&items[0], into: &effects)
          effects.changedItems = items
          try store.write(effects, at: machine.now)
          throw Death()
        }
      }
      #expect(try test.ask("SELECT count(*) FROM breach") == 0)
      #expect(try sweep(store).count == 1)
      #expect(try test.ask("SELECT count(*) FROM breach") == 1)
    }
  }

  @Test("one lane is one relay's, in the order in which its events were made; a relay that dies gives it back whole")
  func lanes() async throws {
    struct Death: Error {}
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      // Receipts of one item share its lane.
      try take([Sample.envelope("complaint.submitted", id: "0", source: "/qr/mashang", subject: "S")], one)
      for i in 1...5 {
        try take([Sample.envelope("complaint.accepted", id: "\(i)", source: "/qr/mashang", subject: "S", data: "{}")], one)
      }
      #expect(throws: Death.self) {
        try one.transaction { one in
          let entries = try one.claimOutbox(limit: 3)
          #expect(entries.count == 3 && entries.map(\.id) == entries.map(\.id).sorted())
          #expect(try two.transaction { try $0.claimOutbox(limit: 3) }.isEmpty)
          try one.deleteFromOutbox(entries)
          throw Death()
        }
      }
      let all = try two.transaction { two in
        let entries = try two.claimOutbox(limit: 100)
        try two.deleteFromOutbox(Array(entries.dropLast()))
        try two.postpone(Array(entries.suffix(1)))
        return entries
      }
      #expect(all.count == 6)
      // The postponed one has its time to wait.
      #expect(try one.transaction { try $0.claimOutbox(limit: 100) }.isEmpty)
      try test.setClock(ahead: "6 seconds")
      #expect(try one.transaction { try $0.claimOutbox(limit: 100) }.map(\.attempts) == [1])
    }
  }

  @Test("a policy applied twice is one version; open items stay on the one they were opened under")
  func policyVersions() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "old")], store)
      let first = try store.apply(policy: TestStore.policy)
      let second = try store.apply(policy: TestStore.policy.replacing("within: 48h", with: "within: 1h"))
      #expect(second == first + 1)
      #expect(try store.apply(policy: TestStore.policy.replacing("within: 48h", with: "within: 1h")) == second)
      try take([Sample.envelope("complaint.submitted", id: "2", subject: "new")], store)
      #expect(
        try test.ask("SELECT bool_and(policy_version = CASE subject WHEN 'old' THEN \(first) ELSE \(second) END) FROM item"))
      #expect(try test.ask("SELECT due_at < duban_now() + interval '61 minutes' FROM item WHERE subject = 'new'"))
      #expect(throws: FileFault.self) { try store.apply(policy: "policy: broken") }
    }
  }

  @Test("a store without a policy says which command is wanted")
  func noPolicy() async throws {
    try await TestDatabase.with { database in
      let store = try Store(dsn: database.dsn, name: "test")
      _ = try Migrator().migrate(store)
      let fault = #expect(throws: StoreFault.self) { try store.machine() }
      #expect(fault?.description.contains("dubanctl policy apply") == true)
    }
  }

  @Test(
    "the log's partitions are made for this month and two more, again when time has moved on, and rows outside all months are kept"
  )
  func partitions() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      #expect(try store.ensureEventPartitions() == 0)
      try test.setClock(ahead: "400 days")
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "S")], store)
      #expect(try test.ask("SELECT count(*) FROM item_event_default") == 1)
      // The month that the default partition holds a row of is left to it; the two after it are made.
      #expect(try store.ensureEventPartitions() == 2)
      #expect(try store.ensureEventPartitions() == 0)
    }
  }

  @Test("12388: only members of duban_confidential see the items of a confidential source, their logs and notices")
  func confidentialRows() async throws {
    try await TestStore.with { test in
      try test.makeConfidential()
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "open")], store)
      try take([Sample.envelope("complaint.submitted", id: "2", source: "/qr/mashang", subject: "secret")], store)
      for (role, seen) in [(TestStore.outsider, 1), (TestStore.insider, 2)] {
        let person = try test.database.connect()
        try person.runScript("SET ROLE \(role)")
        let items: Int = try #require(try person.execute("SELECT count(*) FROM item").first).decode(0)
        let events: Int = try #require(try person.execute("SELECT count(*) FROM item_event").first).decode(0)
        #expect(items == seen && events == seen, "\(role)")
        // Neither past the log's own policy, nor by what is on its way.
        for table in ["item_event_default", "outbox", "message"] {
          let rows: Int = try #require(try person.execute("SELECT count(*) FROM \(table)").first).decode(0)
          #expect(rows == 0, "\(role) sees \(table)")
        }
        person.close()
      }
    }
  }

  @Test("a message is known for 200 days and then forgotten, a little at a time")
  func deduplicationWindow() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try (0..<5).map { try Sample.envelope("complaint.submitted", id: "\($0)", subject: "S\($0)") }, store)
      try test.setClock(ahead: "199 days")
      #expect(try store.forgetOldMessages(limit: 3) == 0)
      try test.setClock(ahead: "201 days")
      #expect(try store.forgetOldMessages(limit: 3) == 3)
      #expect(try store.forgetOldMessages(limit: 3) == 2)
    }
  }

  @Test("figures are those of the period's end: what was opened or closed later does not count")
  func figures() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try (0..<3).map { try Sample.envelope("complaint.submitted", id: "\($0)", subject: "S\($0)") }, store)
      try test.setClock(ahead: "49 hours")
      try sweep(store)
      let now: Instant = try store.transaction { try $0.machine().now }
      let period = Period(start: now + .hours(-100), end: now + .hours(1))
      let figures = try store.streetFigures(in: period).values.flatMap { $0 }.filter { $0.street == "胜阳港街道" }
      #expect(figures == [StreetFigures(street: "胜阳港街道", open: 3, overdue: 3, escalated: 3)])
      let before = Period(start: now + .hours(-200), end: now + .hours(-100))
      #expect(
        try store.streetFigures(in: before).values.flatMap { $0 }.allSatisfy {
          $0.open == 0 && $0.overdue == 0 && $0.escalated == 0
        })
      let breaches = try store.organBreaches(at: .street, in: period)
      #expect(breaches.values.map(\.count) == [3])
    }
  }
}
