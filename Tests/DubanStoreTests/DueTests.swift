// What is due and not handled, as the audit and operators are told of it.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Due items")
struct DueTests {
  @Test("the oldest due item is told with its id and since when; what is handled, suspended or not due yet is not")
  func oldest() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try ["S1", "S2", "S3"].map { try complaint("submitted", $0) }, store)
      try take([Sample.envelope("inspection.assigned", id: "4", subject: "I")], store)
      let early = try store.lag()
      #expect(early.oldestDueSeconds == 0 && early.oldestDueItem == nil && early.oldestDueSince == nil)
      #expect(try store.dueItems(limit: 10).isEmpty)
      try take([complaint("suspended", "S1", paused)], store)
      try test.setClock(ahead: "49 hours")
      let due = try store.dueItems(limit: 10)
      #expect(due.map(\.key.subject) == ["S2", "S3"] && due[0].id < due[1].id)
      #expect(due.allSatisfy { $0.key.source == "/hotline/12345" && $0.age > .hours(0) && $0.age < .hours(2) })
      let lag = try store.lag()
      #expect(lag.oldestDueItem == due[0].id && lag.oldestDueSince == due[0].since)
      #expect(lag.oldestDueSeconds >= Double(due[0].age.microseconds) / 1e6)
      #expect(try store.dueItems(limit: 1).count == 1)
      try sweep(store)
      #expect(try store.dueItems(limit: 10).isEmpty && store.lag().oldestDueItem == nil)
    }
  }

  @Test("daemons with the role deadlines are counted by their sessions on this database, and no others")
  func workers() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      #expect(try store.lag().deadlineWorkers == 0)
      let sessions = try ["duband deadlines", "duband deadlines", "duband relay"].map {
        try Store(dsn: test.database.dsn, name: $0)
      }
      #expect(try store.lag().deadlineWorkers == 2)
      withExtendedLifetime(sessions) {}
    }
  }

  @Test("a warning is sent once, by a sweep, whatever is heard afterwards and however often the log is folded again")
  func warnedOnce() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(
        policy: TestStore.policy.replacing(
          "response: { within: 48h, district: 24h, city: 24h }",
          with: "response: { within: 48h, district: 24h, city: 24h, warn: 6h }"))
      let start = try store.second()
      try take([complaint("submitted", "S", at: start)], store)
      try test.setClock(ahead: "43 hours")
      #expect(try sweep(store) == 1 && test.announced("item.due-soon") == 1)
      #expect(try sweep(store) == 0)
      // Heard late: the whole log is folded.
      try take([complaint("returned", "S", at: start + .hours(1), #"{"reason":"非本辖区"}"#)], store)
      try take([complaint("accepted", "S", at: start + .hours(2))], store)
      #expect(try test.announced("item.due-soon") == 1)
      #expect(try test.ask("SELECT count(*) FROM finding WHERE type = 'item.due-soon'") == 1)
      try RecordLaws.expect(store)
    }
  }
}
