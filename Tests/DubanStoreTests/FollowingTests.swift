// 合并: duplicates follow their main item, whether it is there yet or not, comes and goes at the same time, or is a duplicate itself.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Duplicates follow their main items")
struct FollowingTests {
  private func with(_ body: (TestStore, Store, Instant) throws -> Void) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let start = try store.second() - .days(2)
      try test.setClock(at: start)
      try body(test, store, start)
      try follow(store)
      try RecordLaws.expect(store)
      #expect(try test.ask("SELECT count(*) FROM following") == 0)
    }
  }

  @Test("a merging alone changes nothing; once told, a duplicate's clocks are suspended, and it ends with its main item")
  func followers() async throws {
    try await with { test, store, start in
      try take(try ["A", "B"].map { try complaint("submitted", $0, at: start) } + [merging("A", into: "M", at: start)], store)
      try follow(store)
      // While its main item is unknown, its clocks run.
      #expect(try test.phases() == "A open, B open")
      #expect(try test.ask("SELECT bool_and(suspended_at IS NULL) FROM item WHERE phase = 'open'"))
      try test.setClock(at: start + .hours(1))
      try take([complaint("submitted", "M", at: start + .hours(1)), merging("B", into: "M", at: start + .hours(1))], store)
      #expect(try test.phases() == "A open, B open, M open")
      try follow(store)
      #expect(try test.phases() == "A merged, B merged, M open")
      #expect(try test.ask("SELECT string_agg(main_subject, ' ') FROM item WHERE phase = 'merged'") == "M M")
      // A suspended clock is not due.
      try test.setClock(at: start + .hours(50))
      #expect(try store.dueItems(limit: 9).map(\.key.subject) == ["M"])
      try take([complaint("resolved", "M", at: start + .hours(50))], store)
      try follow(store)
      #expect(try test.phases() == "A closed, B closed, M closed")
      #expect(try test.announced("item.closed") == 3)
      #expect(try test.ask("SELECT string_agg(subject, ' ') FROM breach JOIN item ON item.id = item_id") == "M")
      #expect(try store.matter("A").whole.closedAt == start + .hours(50))
    }
  }

  @Test("a duplicate is its own again when its main item is withdrawn, and its clocks run on with what was left")
  func released() async throws {
    try await with { test, store, start in
      try take(try ["A", "M"].map { try complaint("submitted", $0, at: start) }, store)
      let due = try #require(try store.matter("A").due(.response))
      try test.setClock(at: start + .seconds(1))
      try take([merging("A", into: "M", at: start + .seconds(1))], store)
      try follow(store)
      try test.setClock(at: start + .hours(10))
      try take([complaint("withdrawn", "M", at: start + .hours(10))], store)
      try follow(store)
      #expect(try test.phases() == "A open, M closed")
      let after = try store.matter("A").due(.response)
      #expect(after == due + .hours(10) - .seconds(1))
      try test.setClock(at: start + .hours(12))
      // Its own now: the next end of what was its main item is nothing to it.
      try take([complaint("reopened", "M", at: start + .hours(11)), complaint("resolved", "M", at: start + .hours(12))], store)
      try follow(store)
      #expect(try test.phases() == "A open, M closed")
    }
  }

  @Test(
    "what is merged into a main item that is opened and settled in one batch, or before the merging is heard, is settled with it",
    arguments: 0..<4)
  func settledAtOnce(_ order: Int) async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      let (a, m) = (try complaint("submitted", "A", at: at(0)), try complaint("submitted", "M", at: at(1)))
      let (merged, closed) = (try merging("A", into: "M", at: at(2)), try complaint("resolved", "M", at: at(3)))
      let batches = [
        [[a, merged], [m, closed]], [[m, closed], [merged], [a]], [[m, merged], [a, closed]], [[closed], [merged, m, a]],
      ]
      try test.setClock(at: at(60))
      for batch in batches[order] {
        try take(batch, store)
        try follow(store)
      }
      #expect(try test.phases() == "A closed, M closed" && store.matter("A").whole.closedAt == at(3))
      #expect(try test.announced("item.closed") == 2)
    }
  }

  @Test("what is merged into a main item that stands settled is settled at once, with its own duplicates")
  func mergedIntoSettled() async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      try test.setClock(at: at(60))
      try take(try ["A", "M", "N"].map { try complaint("submitted", $0, at: at(0)) }, store)
      try take([merging("A", into: "M", at: at(1)), complaint("resolved", "N", at: at(1))], store)
      try follow(store)
      try take([merging("M", into: "N", at: at(2))], store)
      try follow(store)
      #expect(try test.phases() == "A closed, M closed, N closed")
    }
  }

  @Test("a duplicate that is opened again after it was settled is in its next cycle and its own, however late its end is heard")
  func reopenedByItself() async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      try test.setClock(at: at(60))
      for event in [
        try complaint("submitted", "A", at: at(0)), try merging("A", into: "M", at: at(1)),
        try complaint("reopened", "A", at: at(4)),
        try complaint("submitted", "M", at: at(2)), try complaint("resolved", "M", at: at(3)),
      ] {
        try take([event], store)
        try follow(store)
      }
      #expect(try test.phases() == "A open, M closed" && store.matter("A").whole.cycles == 2)
    }
  }

  @Test("a main item that is opened and settled while a duplicate is being merged into it is followed all the same")
  func mainAtOnce() async throws {
    try await with { test, store, start in
      let two = try test.connect()
      try take([complaint("submitted", "A", at: start)], store)
      try take([merging("A", into: "M", at: start)], store) {
        try take([complaint("submitted", "M", at: start), complaint("resolved", "M", at: start)], two)
        try follow(two)
      }
      try follow(store)
      #expect(try test.phases() == "A closed, M closed")
    }
  }

  @Test(
    "a late reopening of the main item: what was merged after it is in work with it again, what was merged before stays settled")
  func lateReopening() async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      try test.setClock(at: at(60))
      try take(try ["A", "B", "M"].map { try complaint("submitted", $0, at: at(0)) }, store)
      try take(
        [merging("A", into: "M", at: at(1)), complaint("resolved", "M", at: at(2)), merging("B", into: "M", at: at(4))], store)
      try follow(store)
      #expect(try test.phases() == "A closed, B closed, M closed")
      try take([complaint("reopened", "M", at: at(3))], store)
      try follow(store)
      #expect(try test.phases() == "A closed, B merged, M open")
      try take([complaint("resolved", "M", at: at(5))], store)
      try follow(store)
      #expect(try test.phases() == "A closed, B closed, M closed" && store.matter("B").whole.closedAt == at(5))
    }
  }

  @Test(
    "what ended a cycle of the main item is corrected late, when it is in its next one: its duplicates are told",
    arguments: ["resolved", "withdrawn"])
  func lateEndOfEarlierCycle(_ verb: String) async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      try test.setClock(at: at(60))
      try take(try ["A", "M"].map { try complaint("submitted", $0, at: at(0)) } + [merging("A", into: "M", at: at(1))], store)
      try take([complaint("resolved", "M", at: at(10)), complaint("reopened", "M", at: at(20))], store)
      try follow(store)
      #expect(try test.phases() == "A closed, M open")
      try take([complaint(verb, "M", at: at(8))], store)
      try follow(store)
      #expect(try store.matter("A").whole.closedAt == (verb == "resolved" ? at(8) : nil))
      #expect(try test.phases() == (verb == "resolved" ? "A closed, M open" : "A open, M open"))
    }
  }

  @Test("a main item that ends by an event that waited, because the lead was named late, ends its duplicates too")
  func endsByWhatWaited() async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      try test.setClock(at: at(60))
      try take(try ["A", "M"].map { try complaint("submitted", $0, at: at(0)) } + [merging("A", into: "M", at: at(1))], store)
      #expect(try take([complaint("resolved", "M", at: at(3), #"{"part":"供水公司"}"#)], store) == [.waits])
      try follow(store)
      #expect(try test.phases() == "A merged, M open")
      try take([complaint("accepted", "M", at: at(2), #"{"lead":"供水公司"}"#)], store)
      try follow(store)
      #expect(try test.phases() == "A closed, M closed")
    }
  }

  @Test("in a circle the latest merging is void, in whatever order the circle is heard", arguments: [2, 3])
  func circle(of count: Int) async throws {
    let names = ["A", "B", "C"].prefix(count)
    var ends: Set<String> = []
    for order in permutations(Array(0..<count)) {
      try await with { test, store, start in
        try test.setClock(at: start + .seconds(60))
        try take(try names.map { try complaint("submitted", $0, at: start) }, store)
        for i in order {
          try take([merging(names[i], into: names[(i + 1) % count], at: start + .seconds(Int64(i + 1)))], store)
          try follow(store)
        }
        // The last of them, which closes the circle in the order of happening, is its own.
        let expected = names.dropLast().map { "\($0) merged" } + ["\(names[count - 1]) open"]
        #expect(try test.phases() == expected.joined(separator: ", "), "heard \(order)")
        ends.insert(try test.phases())
        try take([complaint("resolved", names[count - 1], at: start + .seconds(30))], store)
        try follow(store)
        #expect(try test.ask("SELECT bool_and(phase = 'closed') FROM item"), "heard \(order)")
      }
    }
    #expect(ends.count == 1)
  }

  private func permutations(_ values: [Int]) -> [[Int]] {
    guard values.count > 1 else { return [values] }
    return values.flatMap { first in permutations(values.filter { $0 != first }).map { [first] + $0 } }
  }

  @Test("1,000 duplicates are told in steps of 200, between which everybody else goes on, and each is told once")
  func thousand() async throws {
    try await with { test, store, start in
      let two = try test.connect()
      try take([complaint("submitted", "M", at: start)], store)
      for tens in 0..<10 {
        try take(
          try (0..<100).flatMap {
            [
              try complaint("submitted", "D\(tens * 100 + $0)", at: start),
              try merging("D\(tens * 100 + $0)", into: "M", at: start),
            ]
          }, store)
      }
      #expect(try follow(store, limit: 200) == 5)
      #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'merged'") == 1000)
      try take([complaint("resolved", "M", at: start)], store)
      for step in 1...5 {
        #expect(try store.followOnce(limit: 200))
        #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'closed'") == 1 + step * 200)
        #expect(try take([complaint("accepted", "D999", at: start + .seconds(Int64(step)))], two) == [.applied])
      }
      #expect(try follow(store) == 1)
      #expect(try test.announced("item.closed") == 1001)
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.followed'") == 2000)
    }
  }

  @Test("a main item that turns while its duplicates are being told is told of from the beginning")
  func turnsMeanwhile() async throws {
    try await with { test, store, start in
      func at(_ seconds: Int64) -> Instant { start + .seconds(seconds) }
      try test.setClock(at: at(60))
      try take(
        try [complaint("submitted", "M", at: at(0))]
          + (0..<6).flatMap { [try complaint("submitted", "D\($0)", at: at(0)), try merging("D\($0)", into: "M", at: at(1))] },
        store)
      #expect(try store.followOnce(limit: 4))
      try take([complaint("resolved", "M", at: at(2))], store)
      try follow(store, limit: 4)
      #expect(try test.ask("SELECT bool_and(phase = 'closed') FROM item"))
    }
  }

  @Test("a walk waits for nobody: while another transaction holds the main item or a duplicate, that is left for later")
  func heldByOthers() async throws {
    for held in ["M", "D3"] {
      try await with { test, store, start in
        let two = try test.connect()
        try take(
          try [complaint("submitted", "M", at: start)]
            + (0..<6).flatMap { [try complaint("submitted", "D\($0)", at: start), try merging("D\($0)", into: "M", at: start)] },
          store)
        try two.transaction { two in
          _ = try two.connection.execute("SELECT FROM item WHERE subject = $1 FOR UPDATE", held)
          let clock = ContinuousClock.now
          for _ in 0..<5 { _ = try store.followOnce(limit: 200) }
          #expect(ContinuousClock.now - clock < .seconds(2), "it waited")
          #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'merged'") == (held == "M" ? 0 : 5))
        }
        try follow(store)
        #expect(try test.ask("SELECT count(*) FROM item WHERE phase = 'merged'") == 6, "\(held)")
      }
    }
  }

  @Test("a walk and a batch that turns its main item, or merges more into it, do not wait for each other in a circle")
  func noDeadlock() async throws {
    try await with { test, store, start in
      let two = try test.connect()
      try take(
        [complaint("submitted", "M", at: start), complaint("submitted", "A", at: start), merging("A", into: "M", at: start)],
        store)
      try follow(store)
      try take([complaint("submitted", "B", at: start), merging("B", into: "M", at: start)], store)
      // The batch holds the main item, and wants the row of its walk; the walk has its row, and wants the main item.
      let clock = ContinuousClock.now
      try take([complaint("resolved", "M", at: start)], store) { _ = try two.followOnce(limit: 200) }
      #expect(ContinuousClock.now - clock < .seconds(1), "a deadlock was ended by the database")
      try follow(two)
      // The batch is making the row of an unknown main item, and the walk would make it too.
      try take([complaint("submitted", "C", at: start), merging("C", into: "N", at: start)], store)
      try take([complaint("submitted", "N", at: start), merging("B", into: "N", at: start)], store) {
        _ = try two.followOnce(limit: 200)
      }
      try follow(two)
      #expect(try test.phases() == "A closed, B closed, C merged, M closed, N open")
    }
  }
}
