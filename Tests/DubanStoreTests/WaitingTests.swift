// Entries that wait for their matter: flagged once after the policy's time, set aside on record, seen only by who may see them.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Entries that do not count")
struct WaitingTests {
  private func wait(_ id: String, for subject: String, source: String = "/hotline/12345", _ store: Store) throws {
    #expect(
      try take([Sample.envelope("complaint.responded", id: id, source: source, subject: subject, data: "{}")], store) == [.waits])
  }

  private static let waiting = "SELECT count(*) FROM verdict WHERE verdict = 'waits'"

  @Test("an entry is flagged once it has waited longer than the policy in force allows, and once only, however many look")
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
          group.addTask(executorPreference: ownThreads) {
            let store = try test.connect()
            var count = 0
            // Rows that another holds are passed over: until none is left.
            while try test.ask("SELECT count(*) FROM verdict WHERE flagged_at IS NULL") > 0 {
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
      #expect(try test.ask("SELECT bool_and(flagged_at > changed_at + interval '24 hours') FROM verdict"))
    }
  }

  @Test("a policy that gives less time counts from when it is in force, for entries that wait already too")
  func shorterPolicy() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try wait("1", for: "S", store)
      try test.setClock(ahead: "2 hours")
      #expect(try store.flagOverdueWaiting(limit: 10).count == 0)
      _ = try store.apply(policy: TestStore.policy.replacing("hearing-after: 1h", with: "hearing-after: 1h\nwaiting: 1h"))
      #expect(try store.flagOverdueWaiting(limit: 10).bySource == ["/hotline/12345": 1])
    }
  }

  @Test(
    "an entry whose matter comes is not flagged; a flagged one counts all the same when its matter comes, and is flagged no more")
  func appliedAfterFlag() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try wait("1", for: "S", store)
      try wait("2", for: "T", store)
      try take([complaint("submitted", "T")], store)
      try test.setClock(ahead: "25 hours")
      #expect(try store.flagOverdueWaiting(limit: 10).count == 1)
      try take([complaint("submitted", "S")], store)
      #expect(try test.ask(Self.waiting) == 0 && test.ask("SELECT count(flagged_at) FROM verdict") == 0)
      #expect(try test.ask("SELECT phase FROM item WHERE subject = 'S'") == "responded" && store.lag().overdueWaiting == 0)
      try RecordLaws.expect(store)
    }
  }

  @Test("an entry about a part that is named only later waits, is listed with its part, and is flagged")
  func waitsForPart() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      try take([complaint("submitted", "S", at: start)], store)
      #expect(try take([complaint("responded", "S", at: start + .seconds(1), #"{"part":"供电公司"}"#)], store) == [.waits])
      try take([complaint("accepted", "S", at: start + .seconds(2), #"{"supporting":["供电公司"]}"#)], store)
      let entry = try #require(try store.waitingEntries(overdueOnly: false, limit: 9).first)
      #expect(entry.item.unit == "供电公司" && entry.phase == .open && entry.number == 2)
      try test.setClock(ahead: "25 hours")
      #expect(try store.flagOverdueWaiting(limit: 9).count == 1)
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "12388: of confidential entries, and of those about confidential items, a round tells how many and no more; lists keep them from others"
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
      #expect(try clerk.waitingEntries(overdueOnly: true, limit: 10).map(\.item.subject) == ["open"])
      let all = try store.waitingEntries(overdueOnly: true, limit: 10)
      #expect(all.count == 3)
      for entry in all where entry.item.subject == "secret" {
        #expect(try clerk.idleEntry(entry.number, of: entry.itemID) == nil)
        try store.setAside(entry.number, of: entry.itemID, by: "王", reason: "测试")
      }
      #expect(try store.entriesSetAside(limit: 10).count == 2 && clerk.entriesSetAside(limit: 10).isEmpty)
    }
  }

  @Test("an entry that is set aside is on record and never counts; its message stays known; its matter can still come")
  func setAside() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second() - .seconds(10)
      let answers = try [1, 2].map { try complaint("responded", "S", at: start + .seconds($0)) }
      #expect(try take(answers, store) == [.waits, .waits])
      let entries = try store.waitingEntries(overdueOnly: false, limit: 10)
      #expect(entries.map(\.key) == answers.map(\.key) && entries.allSatisfy { $0.phase == .awaited && $0.flaggedAt == nil })
      try store.setAside(1, of: entries[0].itemID, by: "王", reason: "来源系统已撤销")
      #expect(throws: StoreFault.self) { try store.setAside(1, of: entries[0].itemID, by: "李", reason: "again") }
      #expect(throws: StoreFault.self) { try store.setAside(9, of: entries[0].itemID, by: "李", reason: "none") }
      let record = try #require(try store.entriesSetAside(limit: 10).first)
      #expect(record.by == "王" && record.reason == "来源系统已撤销" && record.key == answers[0].key && record.item.subject == "S")
      #expect(try take([answers[0]], store) == [.duplicate] && store.waitingEntries(overdueOnly: false, limit: 10).count == 1)
      try take([complaint("submitted", "S", at: start)], store)
      let matter = try store.matter("S")
      #expect(matter.whole.answeredAt == answers[1].time)
      #expect(
        try store.logs(of: [matter])[matter.id]?.map(\.type)
          == ["complaint.responded", "complaint.responded", "entry.set-aside", "complaint.submitted"])
      try RecordLaws.expect(store)
    }
  }

  @Test(
    "an entry that cannot be about its matter is inapplicable, with a receipt; what is heard later makes it count, with the next one"
  )
  func inapplicable() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      let decision = try complaint("extension-decided", "S", at: start + .seconds(9), #"{"decision":"rejected"}"#)
      try take([complaint("submitted", "S", at: start)], store)
      #expect(try take([decision], store) == [.inapplicable(.notRequested)])
      let entry = try #require(try store.inapplicableEntries(limit: 9).first)
      #expect(entry.key == decision.key && entry.number == 2)
      #expect(try test.announced("receipt.rejected") == 1 && store.waitingEntries(overdueOnly: false, limit: 9).isEmpty)
      let until = (start + .days(60)).rfc3339
      try take([complaint("extension-requested", "S", at: start + .seconds(5), #"{"reason":"雨季","until":"\#(until)"}"#)], store)
      #expect(try store.inapplicableEntries(limit: 9).isEmpty)
      #expect(try test.ask("SELECT verdict || revision FROM verdict WHERE number = 2") == "applied2")
      let receipts: [String] = try store.connection.execute("SELECT data FROM outbox WHERE type LIKE 'receipt.%' ORDER BY id").map
      {
        try $0.decode(0)
      }
      #expect(receipts.count == 2 && receipts[0].contains(#""revision":1"#) && receipts[1].contains(#""revision":2"#))
      try RecordLaws.expect(store)
    }
  }

  @Test("what counted, and does no more because of what is heard later, has a receipt of the next revision")
  func countsNoMore() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      func event(_ verb: String, hour: Int64, _ data: String = "{}") throws -> Envelope {
        try Sample.envelope(
          "complaint.\(verb)", id: "\(hour)", source: "/qr/mashang", subject: "S", time: (start + .hours(hour)).rfc3339,
          data: data)
      }
      let asked = #"{"reason":"雨季","until":"\#((start + .days(60)).rfc3339)"}"#
      let granted = #"{"decision":"approved","approver":"黄石市","until":"\#((start + .days(60)).rfc3339)"}"#
      try test.setClock(at: start + .hours(20))
      try take(
        [
          event("submitted", hour: 0), event("extension-requested", hour: 10, asked),
          event("extension-decided", hour: 11, granted),
        ], store)
      // The one extension that the policy allows had been granted before.
      try take([event("extension-requested", hour: 2, asked), event("extension-decided", hour: 3, granted)], store)
      #expect(
        try test.ask("SELECT string_agg(concat_ws(' ', number, verdict, reason, revision), ', ' ORDER BY number) FROM verdict")
          == "2 inapplicable limit-reached 2, 3 inapplicable not-requested 2")
      #expect(
        try test.ask(
          "SELECT count(*) FROM outbox WHERE type = 'receipt.rejected' AND (data::jsonb ->> 'revision')::integer = 2") == 2)
      #expect(try test.announced("receipt.accepted") == 5)
      try RecordLaws.expect(store)
    }
  }

  @Test("setting an entry aside while its matter is being opened comes too late: it counts, and is not on record as set aside")
  func setAsideRace() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      try wait("1", for: "S", one)
      let entry = try #require(try one.waitingEntries(overdueOnly: false, limit: 1).first)
      var setting: Task<Bool, any Error>?
      try take([complaint("submitted", "S")], one) {
        setting = Task.detached(executorPreference: ownThreads) {
          do {
            try test.connect().setAside(entry.number, of: entry.itemID, by: "王", reason: "测试")
            return true
          } catch is StoreFault {
            return false
          }
        }
        try test.untilWaiting()
      }
      #expect(try await setting?.value == false)
      #expect(try test.phases() == "S responded" && one.entriesSetAside(limit: 9).isEmpty)
    }
  }
}
