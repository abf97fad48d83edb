// Dead letters as casework, on real queues.

import AMQP
import Duban
import DubanStore
import DubanWorkers
import Testing
import TestServers

@Suite("Dead letters")
struct DeadLetterTests {
  /// One letter that names an unknown source, and a desk to deal with it.
  func withLetter(_ body: @Sendable @escaping (Surroundings, DeadLetterDesk, FiledLetter) async throws -> Void) async throws {
    try await Surroundings.with { test in
      try test.publish([Sample.event("complaint.submitted", id: "1", source: "/nobody", subject: "S")])
      try await test.withDaemon { _ in
      }
      let desk = try DeadLetterDesk(try AMQP.Connection(test.broker.configuration))
      try await body(test, desk, try #require(try desk.letters(limit: 10).first))
    }
  }

  @Test("a letter that is mended and replayed becomes an item, leaves its queue, and bears no marks of its death")
  func mended() async throws {
    try await withLetter { test, desk, letter in
      #expect(letter.reason == "unknown-source" && letter.pointer == "/source" && letter.worker.hasPrefix("intake"))
      let mended = Sample.event("complaint.submitted", id: "1", subject: "S")
      try desk.replay(letter, with: Array(mended.utf8), by: "王", reason: "来源写错", try test.store.connect())
      let delivery = try #require(try test.take(1, from: "duban.complaints").first)
      #expect(delivery.properties.headers.keys.sorted() == ["duban-first-seen", "duban-replay-of"])
      #expect(delivery.body == Array(mended.utf8))
      #expect(try test.depth(of: "duban.complaints.dead") == 0)
      #expect(
        try test.store.ask("SELECT action || done_by || reason || refused_for FROM dead_letter_action")
          == "mended王来源写错unknown-source")
    }
  }

  @Test("a letter is dealt with once: a second replay or a discard afterwards is refused and does nothing")
  func once() async throws {
    try await withLetter { test, desk, letter in
      let store = try test.store.connect()
      try desk.replay(letter, by: "王", reason: nil, store)
      let fault = #expect(throws: StoreFault.self) { try desk.replay(letter, by: "李", reason: nil, store) }
      #expect(fault?.description.contains("was replayed by 王") == true)
      #expect(throws: StoreFault.self) { try desk.discard(letter, by: "李", reason: "重复", store) }
      #expect(try test.depth(of: "duban.complaints") == 1)
    }
  }

  @Test("a replayed letter that is refused again keeps the time when it was first seen")
  func refusedAgain() async throws {
    try await withLetter { test, desk, letter in
      try desk.replay(letter, by: "王", reason: nil, try test.store.connect())
      try await test.withDaemon { _ in
        let again = try #require(try test.take(1, from: "duban.complaints.dead").first)
        #expect(again.header("duban-first-seen") == letter.firstSeen && again.header("duban-letter") != letter.id)
      }
    }
  }

  @Test("looking at letters leaves them where they are")
  func looking() async throws {
    try await Surroundings.with { test in
      try test.publish(["{", "["])
      try await test.withDaemon { _ in _ = try test.take(2, from: "test.events") }
      for _ in 0..<3 {
        let connection = try AMQP.Connection(test.broker.configuration)
        #expect(try DeadLetterDesk(connection).letters(limit: 10).count == 2)
        connection.close()
      }
    }
  }
}
