// 合并 where the main item is not there yet, or comes and goes at the same time: a duplicate is settled with it all the same.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Merging in the store")
struct MergingTests {
  private func opening(_ subject: String) throws -> Envelope {
    try Sample.envelope("complaint.submitted", id: "open \(subject)", subject: subject)
  }

  private func closing(_ subject: String) throws -> Envelope {
    try Sample.envelope("complaint.resolved", id: "close \(subject)", subject: subject, data: "{}")
  }

  private func merging(_ subject: String, into main: String) throws -> Envelope {
    try Sample.envelope(
      "complaint.merged", id: "merge \(subject)", subject: subject,
      data: #"{"into":{"source":"/hotline/12345","subject":"\#(main)"}}"#)
  }

  private func phases(_ test: TestStore) throws -> String {
    try test.ask("SELECT string_agg(subject || ' ' || phase, ', ' ORDER BY subject) FROM item")
  }

  @Test("a duplicate is settled with a main item that is opened and settled in one batch")
  func mainInOneBatch() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([opening("A"), merging("A", into: "M")], store)
      try take([opening("M"), closing("M")], store)
      #expect(try phases(test) == "A closed, M closed")
    }
  }

  @Test("a duplicate on its own whose end lets an early 返工 take effect at once is in its next cycle, and stored so")
  func endedAndReopened() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      // They happened before the reopening, though they are heard after it.
      let main = try Sample.envelope("complaint.submitted", id: "open M", subject: "M", time: "2026-01-01T07:00:00+08:00")
      let closing = try Sample.envelope(
        "complaint.resolved", id: "close M", subject: "M", time: "2026-01-01T08:00:00+08:00", data: "{}")
      // And that after the merging.
      let (opened, merged) = (try opening("A"), try merging("A", into: "M"))
      let reopening = try Sample.envelope("complaint.reopened", id: "reopen A", subject: "A", data: "{}")
      for event in [opened, merged, reopening, main, closing] { try take([event], store) }
      #expect(
        try test.ask(
          "SELECT phase || ' ' || cycle || ' ' || (SELECT count(*) FROM item_event WHERE item_id = item.id) - sequence FROM item WHERE subject = 'A'"
        )
          == "open 2 0")
    }
  }

  @Test("a duplicate is settled with a main item that is opened and settled elsewhere while it is being merged")
  func mainAtOnce() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      try take([opening("A")], one)
      let merging = try merging("A", into: "M")
      let error = #expect(throws: PostgresError.self) {
        try one.transaction { one in
          let machine = try one.machine()
          var fold = IntakeFold(try one.intakeSnapshot(for: [merging]), machine: machine)
          #expect(fold.take(merging) == .applied)
          try take([opening("M")], two)
          try take([closing("M")], two)
          try one.write(fold.finish(), at: machine.now)
        }
      }
      #expect(error?.sqlState == .uniqueViolation)
      #expect(try take([merging], one) == [.applied])
      #expect(try phases(test) == "A closed, M closed")
    }
  }

  @Test("a merging that waited for its item finds its main item, in work or settled")
  func waitingMerging() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([opening("M"), opening("N"), closing("N")], store)
      try take([merging("A", into: "M"), merging("B", into: "N")], store)
      try take([opening("A"), opening("B")], store)
      #expect(try phases(test) == "A merged, B closed, M open, N closed")
    }
  }

  @Test("a merging that waited for its item is followed by a closing of its main item in the same batch")
  func waitingMergingAndClosing() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([opening("M"), merging("A", into: "M")], store)
      try take([opening("A"), closing("M")], store)
      #expect(try phases(test) == "A closed, M closed")
    }
  }

  @Test("a main item that is merged into a settled one is settled with its own duplicates")
  func mainMergedIntoSettled() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([opening("A"), opening("M"), opening("N")], store)
      try take([merging("A", into: "M"), closing("N")], store)
      try take([merging("M", into: "N")], store)
      #expect(try phases(test) == "A closed, M closed, N closed")
    }
  }
}
