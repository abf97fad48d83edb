// A newer schema that is applied while a program runs: the program stops at its next batch, not only when it connects again.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("A newer schema under a running program")
struct NewerSchemaTests {
  @Test("an old binary that meets newer rules while it runs folds nothing more, says why, and goes on once the schema is its own")
  func oldBinary() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      try take([complaint("submitted", "A", at: start), complaint("submitted", "B", at: start)], store)
      try take([complaint("responded", "early", at: start), complaint("submitted", "M", at: start)], store)
      let version = try store.apply(policy: TestStore.policy.replacing("within: 48h", with: "within: 60h"))
      // So that there is something to do for each: a deadline, a merging to be told, entries that wait.
      try take([merging("B", into: "M", at: start), merging("A", into: "unknown", at: start)], store)
      try test.setClock(at: start + .hours(50))
      let (a, early) = (try store.matter("A").id, try store.matter("early").id)
      let before = try test.contents()

      let newer = Migrator.schemaVersion + 1
      try test.run("INSERT INTO schema_migration (number, name, checksum) VALUES (\(newer), 'newer', '')")
      let attempts: [(name: String, run: () throws -> Void)] = [
        ("taking", { _ = try take([complaint("responded", "A", at: start), complaint("submitted", "C", at: start)], store) }),
        ("sweeping", { _ = try store.sweep(limit: 100) }),
        ("following", { _ = try store.followOnce(limit: 100) }),
        ("setting aside", { try store.setAside(1, of: early, by: "王", reason: "撤销") }),
        ("moving", { _ = try store.move([a], to: version, by: "王", because: "试点", isTrial: false) }),
      ]
      for attempt in attempts {
        let fault = #expect(throws: StoreFault.self, "\(attempt.name)") { try attempt.run() }
        let said = fault?.description ?? ""
        #expect(said.contains("schema is at \(newer)") && said.contains("the \(Migrator.schemaVersion) this"), "\(attempt.name)")
        #expect(said.contains("install the duband"), "\(attempt.name)")
        #expect(try test.contents() == before, "\(attempt.name)")
      }

      try test.run("DELETE FROM schema_migration WHERE number = \(newer)")
      #expect(
        try take([complaint("responded", "A", at: start), complaint("submitted", "C", at: start)], store) == [.applied, .applied])
      #expect(try follow(store) > 0)
      #expect(try sweep(store) > 0)
      try store.setAside(1, of: early, by: "王", reason: "撤销")
      #expect(try store.move([a], to: version, by: "王", because: "试点", isTrial: false).allSatisfy { $0.after != nil })
      try RecordLaws.expect(store)
    }
  }

  @Test("a main item that nobody has heard of is not made by an old binary either")
  func unknownMain() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([complaint("submitted", "A"), merging("A", into: "unknown")], store)
      try test.run("INSERT INTO schema_migration (number, name, checksum) VALUES (\(Migrator.schemaVersion + 1), 'newer', '')")
      let before = try test.contents()
      #expect(throws: StoreFault.self) { try store.followOnce(limit: 100) }
      #expect(try test.contents() == before)
    }
  }

  @Test("a schema that was taken back under a running program stops it, too")
  func olderSchema() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try test.run("DELETE FROM schema_migration WHERE number = \(Migrator.schemaVersion)")
      let fault = #expect(throws: StoreFault.self) { try take([complaint("submitted", "A")], store) }
      #expect(fault?.description.contains("dubanctl migrate") == true)
    }
  }
}

extension TestStore {
  /// Every row of what folds and their jobs write, as one text.
  fileprivate func contents() throws -> String {
    try ["item", "item_event", "verdict", "breach", "finding", "notice", "merging", "following", "message", "outbox"].map {
      table in
      try ask("SELECT '\(table) ' || coalesce(string_agg(line::text, ' ' ORDER BY line::text), '') FROM \(table) AS line")
    }.joined(separator: "\n")
  }
}
