// What is due and not handled, as the audit and operators are told of it.

import Duban
import DubanStore
import PostgreSQL
import Testing
import TestServers

@Suite("Due items")
struct DueTests {
  @Test("the oldest due item is told with its id and since when; what is handled, held or not due yet is not")
  func oldest() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take(try ["1", "2", "3"].map { try Sample.envelope("complaint.submitted", id: $0, subject: "S\($0)") }, store)
      try take([Sample.envelope("inspection.assigned", id: "4", subject: "I")], store)
      let early = try store.lag()
      #expect(early.oldestDueSeconds == 0 && early.oldestDueItem == nil && early.oldestDueSince == nil)
      #expect(try store.dueItems(limit: 10).isEmpty)
      try take([Sample.envelope("complaint.suspended", id: "5", subject: "S1", data: #"{"reason":"等待居民配合"}"#)], store)
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

  @Test("12388: due items of confidential sources are listed to who may see them, to nobody else")
  func confidential() async throws {
    try await TestStore.with { test in
      try test.makeConfidential()
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", source: "/qr/mashang", subject: "secret")], store)
      try take([Sample.envelope("complaint.submitted", id: "2", subject: "open")], store)
      try test.setClock(ahead: "49 hours")
      #expect(try store.dueItems(limit: 10).map(\.key.subject) == ["secret", "open"])
      let clerk = try Store(dsn: test.dsn(as: TestStore.outsider), name: "test")
      #expect(try clerk.dueItems(limit: 10).map(\.key.subject) == ["open"])
    }
  }
}
