// Who may see what, by row-level security: confidential sources (12388), and personal data.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Who may see what")
struct ConfidentialTests {
  private static let reported = #"{"lead":"供水公司","supporting":["供电公司"],"reporter":{"name":"张三"}}"#

  /// An open and a confidential matter, each with whatever can hang on a matter.
  private func with(_ body: (TestStore, Store) throws -> Void) async throws {
    try await TestStore.with { test in
      try test.makeConfidential()
      let store = try test.connect()
      _ = try store.apply(policy: BreachStoreTests.policy(annulsWithin: "1h"))
      let start = try store.second()
      for (subject, source) in [("open", "/hotline/12345"), ("secret", "/qr/mashang")] {
        func event(_ type: String, _ data: String, at seconds: Int64 = 0) throws -> Envelope {
          try Sample.envelope(
            "complaint.\(type)", id: "\(type) \(subject)", source: source, subject: subject,
            time: (start + .seconds(seconds)).rfc3339,
            data: data)
        }
        try take(
          [
            event("submitted", Self.reported), event("extension-decided", #"{"decision":"rejected"}"#, at: 1),
            event("merged", #"{"into":{"source":"\#(source)","subject":"main of \#(subject)"}}"#, at: 2),
          ], store)
      }
      try follow(store)
      for hours in [48, 72] as [Int64] {
        try test.setClock(at: start + .hours(hours) + .seconds(60))
        try sweep(store)
      }
      for subject in ["open", "secret"] { _ = try store.erase([store.matter(subject).id], by: "王", because: "试验") }
      // Something to see again.
      try store.connection.runScript(
        """
        INSERT INTO original SELECT item_id, number, recorded_at, 'body' FROM item_event WHERE number = 1;
        INSERT INTO contact SELECT item_id, number, '{}' FROM item_event WHERE number = 1;
        """)
      try body(test, store)
    }
  }

  private static let byMatter = [
    "item_event", "verdict", "breach", "finding", "merging", "erasure", "notice", "notice_ground",
  ]

  @Test("12388: of a confidential source only members of duban_confidential see the items, and whatever hangs on them")
  func confidentialRows() async throws {
    try await with { test, store in
      for (role, sees) in [(TestStore.outsider, false), (TestStore.insider, true)] {
        let person = try Store(dsn: test.dsn(as: role), name: "test").connection
        func count(_ sql: String) throws -> Int {
          try #require(try person.execute("SELECT count(*) FROM \(sql)").first).decode(0)
        }
        #expect(
          try (count("item WHERE subject = 'open'") > 0, count("item WHERE subject = 'secret'") > 0) == (true, sees), "\(role)")
        let ids = try ["open", "secret"].map { try store.matter($0).id }
        for table in Self.byMatter {
          #expect(try count("\(table) WHERE item_id = \(ids[0])") > 0, "\(role) does not see \(table)")
          #expect(try (count("\(table) WHERE item_id = \(ids[1])") > 0) == sees, "\(role) sees \(table)")
        }
        // Neither past the tables' own policies, nor by what is on its way; nor, for either, personal data.
        let partitions: [String] = try store.connection.execute(
          "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent IN ('item_event'::regclass, 'original'::regclass)"
        ).map { try $0.decode(0) }
        for table in partitions + ["outbox", "message", "suspect", "following", "original", "contact"] {
          #expect(try count(table) == 0, "\(role) sees \(table)")
        }
      }
    }
  }

  @Test(
    "reporters and originals are seen by members of duban_contact, and of confidential matters by nobody who may not see these")
  func contacts() async throws {
    try await with { test, store in
      let expected = [(TestStore.contactReader, ["open"]), (TestStore.contactInsider, ["open", "secret"])]
      for (role, subjects) in expected {
        let person = try Store(dsn: test.dsn(as: role), name: "test")
        for table in ["original", "contact"] {
          let seen: [String] = try person.connection.execute(
            "SELECT subject FROM \(table) JOIN item ON item.id = item_id ORDER BY subject"
          ).map { try $0.decode(0) }
          #expect(seen == subjects, "\(role) sees \(table)")
        }
        #expect(
          try (person.original(of: store.matter("open").id, 1) != nil, person.original(of: store.matter("secret").id, 1) != nil)
            == (true, subjects.count == 2))
      }
    }
  }

  @Test("12388: due items of confidential sources are listed to who may see them, to nobody else")
  func dueItems() async throws {
    try await TestStore.with { test in
      try test.makeConfidential()
      let store = try test.connect()
      try take([Sample.envelope("complaint.submitted", id: "1", source: "/qr/mashang", subject: "secret")], store)
      try take([complaint("submitted", "open")], store)
      try test.setClock(ahead: "49 hours")
      #expect(try store.dueItems(limit: 10).map(\.key.subject) == ["secret", "open"])
      let clerk = try Store(dsn: test.dsn(as: TestStore.outsider), name: "test")
      #expect(try clerk.dueItems(limit: 10).map(\.key.subject) == ["open"])
      #expect(try !clerk.maySeeConfidential() && store.maySeeConfidential())
    }
  }
}
