// Events that wait for their item: flagged once after the policy's time, given up on record, seen only by who may see them.

import Duban
import DubanStore
import PostgreSQL
import Testing
import TestServers

@Suite("Waiting events")
struct WaitingTests {
  func wait(_ id: String, for subject: String, source: String = "/hotline/12345", _ store: Store) throws {
    #expect(
      try take([Sample.envelope("complaint.responded", id: id, source: source, subject: subject, data: "{}")], store) == [.waits])
  }

  @Test("an event is flagged once it has waited longer than the policy in force allows, and once only, however many look")
  func flaggedOnce() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      #expect(try store.flagOverdueWaiting(limit: 10).count == 0)
      for i in 0..<30 { try wait("\(i)", for: "S\(i)", store) }
      // The test's policy does not say: a day.
      try test.setClock(ahead: "23 hours 59 minutes")
      #expect(try store.flagOverdueWaiting(limit: 10).count == 0)
      #expect(try store.lag().overdueWaiting == 0)
      try test.setClock(ahead: "24 hours 1 minute")
      let flagged = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<3 {
          group.addTask {
            let store = try test.connect()
            var count = 0
            // Rows that another holds are passed over: until none is left.
            while try test.ask("SELECT count(*) FROM waiting_event WHERE flagged_at IS NULL") > 0 {
              let found = try store.flagOverdueWaiting(limit: 4)
              #expect(found.count == 0 || found.longest > .hours(24))
              count += found.count
            }
            return count
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(flagged == 30)
      let lag = try store.lag()
      #expect(lag.waiting == 30 && lag.overdueWaiting == 30)
      #expect(try test.ask("SELECT bool_and(flagged_at > recorded_at + interval '24 hours') FROM waiting_event"))
    }
  }

  @Test("a policy that gives less time counts from when it is in force, for events that wait already too")
  func shorterPolicy() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try wait("1", for: "S", store)
      try test.setClock(ahead: "2 hours")
      #expect(try store.flagOverdueWaiting(limit: 10).count == 0)
      _ = try store.apply(policy: TestStore.policy.replacing("counts-from-hearing-after: 1h", with: "counts-from-hearing-after: 1h\nwaiting: 1h"))
      #expect(try store.flagOverdueWaiting(limit: 10).bySource == ["/hotline/12345": 1])
    }
  }

  @Test("an event whose item comes is not flagged; a flagged one is applied all the same when its item comes")
  func appliedAfterFlag() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try wait("1", for: "S", store)
      try wait("2", for: "T", store)
      try take([Sample.envelope("complaint.submitted", id: "3", subject: "T")], store)
      try test.setClock(ahead: "25 hours")
      #expect(try store.flagOverdueWaiting(limit: 10).count == 1)
      try take([Sample.envelope("complaint.submitted", id: "4", subject: "S")], store)
      #expect(try test.ask("SELECT count(*) FROM waiting_event") == 0)
      #expect(try test.ask("SELECT phase FROM item WHERE subject = 'S'") == "responded")
    }
  }

  @Test(
    "12388: of confidential events, and of those about confidential items, a round tells how many and no more; lists keep them from others"
  )
  func confidential() async throws {
    try await TestStore.with { test in
      try test.makeConfidential()
      let store = try test.connect()
      try wait("1", for: "open", store)
      try wait("2", for: "secret", source: "/qr/mashang", store)
      let urging = try Sample.envelope(
        "reminder.urged", id: "3", source: "/portal/street", subject: "U",
        data: #"{"item":{"source":"/qr/mashang","subject":"secret"}}"#)
      #expect(try take([urging], store) == [.waits])
      try test.setClock(ahead: "25 hours")
      let found = try store.flagOverdueWaiting(limit: 10)
      #expect(found.bySource == ["/hotline/12345": 1] && found.confidential == 2)

      let clerk = try Store(dsn: test.dsn(as: TestStore.outsider), name: "test")
      #expect(try clerk.waitingEvents(overdueOnly: true, limit: 10).map(\.item.subject) == ["open"])
      #expect(try !clerk.maySeeConfidential() && store.maySeeConfidential())
      let all = try store.waitingEvents(overdueOnly: true, limit: 10)
      #expect(all.count == 3)
      for event in all where event.item.subject == "secret" { try store.discard(event, by: "王", reason: "测试") }
      #expect(try store.discardedEvents(limit: 10).count == 2 && clerk.waitingEvents(numbers: all.map(\.number)).count == 1)
      let person = try test.database.connect()
      try person.runScript("SET ROLE \(TestStore.outsider)")
      #expect(try person.execute("SELECT FROM discarded_event").isEmpty)
      person.close()
    }
  }

  @Test("an event that is given up is on record and never applied; its message stays known; its item can still come")
  func discarded() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try wait("1", for: "S", store)
      try wait("2", for: "S", store)
      let events = try store.waitingEvents(overdueOnly: false, limit: 10)
      #expect(events.map(\.key.id) == ["1", "2"] && events.allSatisfy { $0.phase == .awaited && $0.flaggedAt == nil })
      try store.discard(events[0], by: "王", reason: "来源系统已撤销")
      #expect(throws: StoreFault.self) { try store.discard(events[0], by: "李", reason: "again") }
      let record = try #require(try store.discardedEvents(limit: 10).first)
      #expect(record.by == "王" && record.reason == "来源系统已撤销" && record.key.id == "1" && record.item.subject == "S")
      let again = try Sample.envelope("complaint.responded", id: "1", subject: "S", data: "{}")
      #expect(try take([again], store).count == 1 && store.waitingEvents(overdueOnly: false, limit: 10).count == 1)
      try take([Sample.envelope("complaint.submitted", id: "3", subject: "S")], store)
      #expect(try store.timeline(of: test.ask("SELECT id FROM item")).map(\.messageID) == ["3", "2"])
    }
  }

  @Test(
    "giving an event up while its item is being opened either comes first or comes too late: it is never applied and on record as given up"
  )
  func discardRace() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      try wait("1", for: "S", one)
      let event = try #require(try one.waitingEvents(overdueOnly: false, limit: 1).first)
      let opening = try Sample.envelope("complaint.submitted", id: "2", subject: "S")
      let discard: Task<Bool, any Error> = try one.transaction { one in
        let machine = try one.machine()
        var fold = IntakeFold(try one.intakeSnapshot(for: [opening]), machine: machine)
        #expect(fold.take(opening) == .applied)
        let discard = Task.detached(executorPreference: ownThreads) {
          do {
            try test.connect().discard(event, by: "王", reason: "测试")
            return true
          } catch is StoreFault {
            return false
          }
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while try test.ask(
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0
        {
          guard .now < deadline else { throw TestFault("nobody waits for the lock") }
        }
        try one.write(fold.finish(), at: machine.now)
        return discard
      }
      #expect(try await discard.value == false)
      #expect(try test.ask("SELECT phase FROM item") == "responded")
      #expect(try test.ask("SELECT count(*) FROM discarded_event") == 0)
    }
  }
}
