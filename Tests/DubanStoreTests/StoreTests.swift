// The store against a real PostgreSQL: what is written is read back, all of a transaction or nothing of it.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("The store")
struct StoreTests {
  @Test("a sweep's writing finds its items by their key, even by a plan that was made while the table was empty and is kept")
  func planOfSweep() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let update = ItemRow.update(moved: .byTime)
      try store.connection.runScript("SET plan_cache_mode = force_generic_plan; PREPARE swept AS \(update)")
      let count = ItemRow.columns.count { $0.moves == .byTime } + 1
      let explain = "EXPLAIN EXECUTE swept (\((0..<count).map { _ in "NULL" }.joined(separator: ", ")))"
      func plan() throws -> String {
        let lines: [String] = try store.connection.execute(explain).map { try $0.decode(0) }
        return lines.joined(separator: "\n")
      }
      #expect(try plan().contains("Seq Scan on item"), "what is guarded against does not come any more")
      try store.useIndexes()
      try store.connection.runScript("DEALLOCATE swept; PREPARE swept AS \(update)")
      #expect(try plan().contains("Index Scan using item_pkey") && !plan().contains("Seq Scan"))
    }
  }

  @Test("a matter is read back as it was written, every field of it, after its opening and after each change")
  func roundTrip() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      let opening =
        #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山"},"category":"屋面防水","grade":"紧急","title":"漏水 🏠","lead":"供水公司","supporting":["供电公司","无此单位"]}"#
      let until = #""until":"2099-01-01T00:00:00+08:00""#
      let story: [(hour: Int64, type: String, data: String)] = [
        (0, "complaint.submitted", opening), (1, "reminder.urged", "{}"), (2, "complaint.returned", #"{"reason":"非本辖区"}"#),
        (3, "complaint.suspended", paused), (4, "complaint.resumed", "{}"), (50, "complaint.suspended", paused),
        (51, "complaint.resumed", "{}"), (52, "complaint.responded", "{}"),
        (53, "complaint.extension-requested", #"{"reason":"雨季",\#(until)}"#),
        (54, "complaint.extension-decided", #"{"decision":"approved","approver":"黄石市",\#(until)}"#),
        (55, "complaint.resolved", #"{"part":"供电公司"}"#),
        (56, "complaint.merged", #"{"into":{"source":"/hotline/12345","subject":"T"}}"#), (57, "complaint.withdrawn", "{}"),
        (58, "complaint.reopened", "{}"), (59, "complaint.extension-requested", #"{"reason":"雨季",\#(until)}"#),
      ]
      try take([complaint("submitted", "T", at: start)], store)
      var phases: Set<Item.Phase> = []
      for (hour, type, data) in story {
        try test.setClock(at: start + .hours(hour))
        let event = try Sample.envelope(type, id: "\(hour)", subject: "S", time: (start + .hours(hour)).rfc3339, data: data)
        let result = try store.take([event]) { _, _, _ in [] }
        #expect(result.outcomes == [.applied], "\(type)")
        let written = result.effects.matters.map(\.matter)
        #expect(try written == store.transaction { try $0.lock(written.map(\.id)) }, "\(type)")
        try follow(store)
        try sweep(store)
        try RecordLaws.expect(store, "\(type)")
        phases.insert(try store.matter("S").whole.phase)
      }
      #expect(phases == [.open, .responded, .merged, .closed])
      let summary = try #require(try store.item(named: "S"))
      #expect(summary.matter.opening?.title == "漏水 🏠" && summary.matter.opening?.grade == "紧急")
      #expect(summary.item.phase == .open && summary.item.cycles == 2 && summary.responsible == "供水公司")
      #expect(try store.parts(of: summary.matter).map(\.key.unit) == ["供电公司", "无此单位"])
      let log = try #require(try store.logs(of: [summary.matter])[summary.id])
      #expect(log.filter { $0.key != nil }.map(\.type) == story.map(\.type))
      #expect(log.filter { $0.key == nil }.map(\.type) == ["item.followed"])
    }
  }

  @Test("what is not due is not claimed; once time has come it lapses once, however many sweep")
  func lapsesOnce() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try (0..<40).map { try complaint("submitted", "S\($0)") }, store)
      #expect(try sweep(store) == 0)
      #expect(try store.timeUntilNextDue() == .seconds(Store.dueHorizon))
      try test.setClock(ahead: "48 hours 1 minute")
      #expect(try store.timeUntilNextDue() < .zero)
      let handled = try await withThrowingTaskGroup(of: [Int64].self) { group in
        for _ in 0..<4 {
          group.addTask(executorPreference: ownThreads) {
            let store = try test.connect()
            var all: [Int64] = []
            while try store.sweep(limit: 7, claimed: { all += $0 }).count > 0 {}
            return all
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(handled.count == 40 && Set(handled).count == 40)
      #expect(try test.ask("SELECT count(*) FROM breach") == 40)
      #expect(try test.ask("SELECT count(*) FROM item WHERE tier = 'district' AND escalations = 1") == 40)
      #expect(try test.announced("item.escalated") == 40)
      try RecordLaws.expect(store)
    }
  }

  @Test("a sweep passes over the matters that it is told of: those left aside, and those of which a message waits")
  func passedOver() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try ["A", "B", "C"].map { try complaint("submitted", $0) }, store)
      try test.setClock(ahead: "49 hours")
      let (a, b) = (try store.matter("A"), try store.matter("B"))
      #expect(try store.sweep(limit: 9, except: [a.id], unread: [b.key]).count == 1)
      #expect(try test.ask("SELECT string_agg(subject, ' ') FROM item WHERE breached_at IS NOT NULL") == "C")
    }
  }

  @Test("a transaction that fails at any of its writings leaves nothing half done", arguments: ["take", "sweep", "follow"])
  func allOrNothing(_ job: String) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let shared = #"{"lead":"供水公司","supporting":["供电公司"],"reporter":{"name":"张三"}}"#
      try take([complaint("submitted", "M"), complaint("submitted", "A", shared), merging("A", into: "M")], store)
      if job == "sweep" { try test.setClock(ahead: "49 hours") }
      func act() throws {
        switch job {
        case "take":
          try take(
            [
              complaint("submitted", "N", shared), complaint("resolved", "A"), complaint("responded", "early"),
              merging("N", into: "M"),
            ], store)
        case "sweep": try sweep(store)
        default: try follow(store)
        }
      }
      func contents() throws -> String {
        try test.ask(
          """
          SELECT string_agg(line, ';' ORDER BY line) FROM (
            SELECT 'item' || subject || unit || coalesce(state, '') || phase AS line FROM item
            UNION ALL SELECT 'event' || item_id || type || number FROM item_event
            UNION ALL SELECT 'original' || item_id || number FROM original UNION ALL SELECT 'contact' || item_id FROM contact
            UNION ALL SELECT 'message' || id FROM message UNION ALL SELECT 'breach' || item_id || number FROM breach
            UNION ALL SELECT 'finding' || item_id || type FROM finding UNION ALL SELECT 'outbox' || type || subject FROM outbox
            UNION ALL SELECT 'verdict' || item_id || number FROM verdict UNION ALL SELECT 'merging' || item_id FROM merging
            UNION ALL SELECT 'following' || main_subject || item_id FROM following) AS lines
          """)
      }
      let before = try contents()
      let tables =
        switch job {
        case "take": ["message", "item_event", "original", "contact", "verdict", "merging", "following", "outbox"]
        case "sweep": ["breach", "finding", "outbox"]
        default: ["item_event"]
        }
      try test.run(
        """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = 'P0001'; END $$
        """)
      for table in tables {
        try test.run("CREATE TRIGGER fail BEFORE INSERT ON \(table) FOR EACH ROW EXECUTE FUNCTION fail()")
        #expect(throws: PostgresError.self, "\(table)") { try act() }
        #expect(try contents() == before, "\(table)")
        try test.run("DROP TRIGGER fail ON \(table)")
      }
      try act()
      #expect(try contents() != before)
      try RecordLaws.expect(store)
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
      // A receipt and an opening of each.
      #expect(all.count == 12)
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
      try take([complaint("submitted", "old")], store)
      let first = try store.apply(policy: TestStore.policy)
      let second = try store.apply(policy: TestStore.policy.replacing("within: 48h", with: "within: 1h"))
      #expect(second == first + 1)
      #expect(try store.apply(policy: TestStore.policy.replacing("within: 48h", with: "within: 1h")) == second)
      try take([complaint("submitted", "new")], store)
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
      let fault = #expect(throws: StoreFault.self) { try store.referencesInForce() }
      #expect(fault?.description.contains("dubanctl policy apply") == true)
    }
  }

  @Test("partitions are made for this month and two more, again when time has moved on; rows outside all months are kept")
  func partitions() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      #expect(try store.ensurePartitions() == 0)
      try test.setClock(ahead: "400 days")
      try take([complaint("submitted", "S")], store)
      #expect(try test.ask("SELECT (SELECT count(*) FROM item_event_default) + (SELECT count(*) FROM original_default)") == 2)
      // The month of which the default partitions hold a row is left to them; the two after it are made, for entries and originals.
      #expect(try store.ensurePartitions() == 4)
      #expect(try store.ensurePartitions() == 0)
      try take([complaint("responded", "S")], store)
      try RecordLaws.expect(store)
    }
  }

  @Test("the log of a matter stays in the partition of the month in which it was recorded, however late its last entry comes")
  func partitionOfMonth() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([complaint("submitted", "S")], store)
      try test.setClock(ahead: "40 days")
      try take([complaint("responded", "S")], store)
      #expect(try test.ask("SELECT count(DISTINCT tableoid) = 1 AND min(born) = max(born) FROM item_event"))
      #expect(try test.ask("SELECT count(DISTINCT tableoid) FROM original") == 2)
      try RecordLaws.expect(store)
    }
  }

  @Test("a message is known for 200 days and then forgotten, a little at a time")
  func deduplicationWindow() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try (0..<5).map { try complaint("submitted", "S\($0)") }, store)
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
      try take(try (0..<3).map { try complaint("submitted", "S\($0)") }, store)
      try test.setClock(ahead: "49 hours")
      try sweep(store)
      let now = try store.now()
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
