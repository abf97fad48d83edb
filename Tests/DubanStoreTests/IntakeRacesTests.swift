// Several intake workers at once: what one holds the other defers; nothing is lost, doubled or waited for.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Intake beside others")
struct IntakeRacesTests {
  /// Takes a batch on a thread of its own.
  private func taking(_ batch: [Envelope], _ test: TestStore) -> Task<[Intake.Outcome], any Error> {
    Task.detached(executorPreference: ownThreads) { try takeInTheEnd(batch, test.connect()) }
  }

  @Test("a matter that another transaction holds is deferred at once, its neighbours are taken, and later it is taken too")
  func heldMatter() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      try take(["A", "B"].map { try complaint("submitted", $0) }, one)
      let batch = try [
        complaint("responded", "A"), complaint("responded", "B"), complaint("submitted", "C"),
        complaint("returned", "A", #"{"reason":"非本辖区"}"#),
      ]
      try one.transaction { one in
        _ = try one.connection.execute("SELECT FROM item WHERE subject = 'A' FOR UPDATE")
        #expect(try take(batch, two) == [.deferred, .applied, .applied, .deferred])
        #expect(try take(batch, two) == [.deferred, .duplicate, .duplicate, .deferred])
      }
      #expect(try take(batch, two) == [.applied, .duplicate, .duplicate, .applied])
      #expect(try test.ask("SELECT count(*) FROM item_event") == 6 && test.ask("SELECT count(*) FROM message") == 6)
      try RecordLaws.expect(two)
    }
  }

  @Test("of two that open the same matter at once the second tries again, takes the neighbours, and finds a duplicate")
  func sameMatterAtOnce() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      let event = try complaint("submitted", "S")
      var second: Task<[Intake.Outcome], any Error>?
      let first = try take([event], one) {
        second = taking([event, try complaint("submitted", "T")], test)
        try test.untilWaiting()
      }
      #expect(first == [.applied])
      #expect(try await second?.value == [.duplicate, .applied])
      #expect(try test.phases() == "S open, T open")
      #expect(try test.ask("SELECT count(*) FROM item_event") == 2 && test.ask("SELECT count(*) FROM original") == 2)
      try RecordLaws.expect(one)
    }
  }

  @Test("a transaction that opens a matter and does not end stops nobody for long: the other one learns that it is held")
  func openerStandsStill() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let began = ContinuousClock.now
      try take([complaint("submitted", "S")], one) { () throws in
        #expect(throws: NewMatterHeld.self) { try take([complaint("responded", "S"), complaint("submitted", "T")], two) }
        #expect(try take([complaint("submitted", "T")], two) == [.applied])
      }
      #expect(ContinuousClock.now - began < .seconds(5))
      try RecordLaws.expect(two)
    }
  }

  @Test("the opener that dies leaves the matter to the second, which was waiting for it")
  func openerDies() async throws {
    struct Death: Error {}
    try await TestStore.with { test in
      let one = try test.connect()
      let event = try complaint("submitted", "S")
      var second: Task<[Intake.Outcome], any Error>?
      #expect(throws: (any Error).self) {
        try take([event], one) {
          second = taking([event], test)
          try test.untilWaiting()
          one.connection.close()
        }
      }
      #expect(try await second?.value == [.applied])
      try RecordLaws.expect(test.connect())
    }
  }

  @Test("a duplicate that comes while the first is being taken is a duplicate, not a second opening")
  func duplicateBesideTheFirst() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      // The matter has a row already, because an answer came before it: the second meets that row, not a unique key.
      #expect(try take([complaint("responded", "S")], one) == [.waits])
      let opening = try complaint("submitted", "S")
      try take([opening], one) { () throws in #expect(try take([opening], two) == [.deferred]) }
      #expect(try take([opening], two) == [.duplicate])
      try RecordLaws.expect(one)
    }
  }

  @Test("an event that comes while its matter is being opened elsewhere is never forgotten")
  func earlyEventRace() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      let start = try one.second()
      let opening = try complaint("submitted", "S", at: start)
      let answer = try complaint("responded", "S", at: start + .seconds(1))
      var second: Task<[Intake.Outcome], any Error>?
      #expect(
        try take([opening], one) {
          second = taking([answer], test)
          try test.untilWaiting()
        } == [.applied])
      #expect(try await second?.value == [.applied])
      #expect(try test.phases() == "S responded" && test.ask("SELECT count(*) FROM verdict") == 0)
    }
  }

  @Test("an event of the lead's that comes while its matter is being opened elsewhere, or the lead named, is never forgotten")
  func earlyLeadRace() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let start = try one.second()
      let opening = try complaint("submitted", "A", at: start, #"{"lead":"供水公司"}"#)
      let answer = try complaint("responded", "A", at: start + .seconds(1), #"{"part":"供水公司"}"#)
      var second: Task<[Intake.Outcome], any Error>?
      try take([opening], one) {
        second = taking([answer], test)
        try test.untilWaiting()
      }
      #expect(try await second?.value == [.applied])
      // Where the matter is there, whoever names the lead has it for himself.
      try take([complaint("submitted", "B", at: start)], one)
      let naming = try complaint("accepted", "B", at: start + .seconds(1), #"{"lead":"供水公司"}"#)
      let later = try complaint("responded", "B", at: start + .seconds(2), #"{"part":"供水公司"}"#)
      try take([later], one) { () throws in #expect(try take([naming], two) == [.deferred]) }
      #expect(try test.ask("SELECT count(*) FROM verdict WHERE verdict = 'waits'") == 1)
      #expect(try take([naming], two) == [.applied])
      #expect(try test.phases() == "A responded, B responded")
      #expect(try test.ask("SELECT count(*) FROM verdict WHERE verdict = 'waits'") == 0)
      try RecordLaws.expect(one)
    }
  }

  @Test("two batches with the same new matters in opposite order do not wait for each other in a circle")
  func oppositeOrder() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      let openings = try (0..<20).map { try complaint("submitted", "S\($0)") }
      var second: Task<[Intake.Outcome], any Error>?
      let first = try take(openings, one) {
        second = taking(try openings.reversed() + [complaint("submitted", "T")], test)
        try test.untilWaiting()
      }
      #expect(first.allSatisfy { $0 == .applied })
      #expect(try await second?.value == openings.map { _ in .duplicate } + [.applied])
      try RecordLaws.expect(one)
    }
  }

  @Test("two contents under one id: the second is refused, in the batch or later, and the first stays")
  func conflict() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let first = try Sample.envelope("complaint.submitted", id: "1", subject: "A", data: "{}")
      let other = try Sample.envelope("complaint.submitted", id: "1", subject: "A", data: #"{"title":"其他"}"#)
      for batch in [[first, other, first], [other]] {
        let outcomes = try take(batch, store)
        if case .refused(let refusal) = outcomes[batch.count == 1 ? 0 : 1] {
          #expect(refusal.reason == .conflictingDuplicate)
        } else {
          Issue.record("\(outcomes)")
        }
      }
      #expect(try test.ask("SELECT count(*) FROM item_event") == 1)
      try RecordLaws.expect(store)
    }
  }

  @Test("a matter takes no more entries than a fold is bounded by, in one batch or over many; its neighbours are taken")
  func entryLimit() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second()
      let flood = try (0..<2100).map { try complaint("accepted", "S", at: start + .seconds(Int64($0))) }
      try take([complaint("submitted", "S", at: start)], store)
      let outcomes = try take(flood + [complaint("submitted", "T", at: start)], store)
      #expect(outcomes.count { $0 == .applied } == 2000 && outcomes.last == .applied)
      let late = try complaint("resolved", "S", at: start + .seconds(5000))
      if case .refused(let refusal) = try take([late], store)[0] {
        #expect(refusal.reason == .tooManyEvents)
      } else {
        Issue.record("taken")
      }
      try RecordLaws.expect(store)
    }
  }
}
