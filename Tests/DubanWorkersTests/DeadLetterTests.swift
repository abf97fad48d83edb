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
        // The receipt may overtake the letter.
        let bound = ContinuousClock.now + .seconds(20)
        while try test.depth(of: "duban.complaints.dead") == 0, .now < bound {}
      }
      let desk = try DeadLetterDesk(try AMQP.Connection(test.broker.configuration))
      // A quorum queue may have confirmed a message a moment before it can be fetched.
      let deadline = ContinuousClock.now + .seconds(20)
      var letter: FiledLetter?
      while letter == nil, .now < deadline { letter = try desk.letters(limit: 10).first }
      try await body(test, desk, try #require(letter))
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

  @Test("a letter is dealt with once: one that is on record as done and was left in its queue is taken out, and nothing more")
  func once() async throws {
    try await withLetter { test, desk, letter in
      let connection = try test.store.database.connect()
      _ = try connection.execute(
        """
        INSERT INTO dead_letter_action (letter, queue, action, refused_for, done_by, begun_at, done_at)
        VALUES ($1, 'duban.complaints.dead', 'replayed', 'unknown-source', '王', now(), now())
        """, letter.id)
      connection.close()
      let fault = #expect(throws: StoreFault.self) { try desk.replay(letter, by: "李", reason: nil, try test.store.connect()) }
      #expect(fault?.description.contains("was replayed by 王") == true)
      #expect(try test.depth(of: "duban.complaints") == 0 && test.depth(of: "duban.complaints.dead") == 0)
    }
  }

  @Test("what was begun and never finished, because the tool died, is done again; the message's own key keeps it single")
  func begunAgain() async throws {
    try await withLetter { test, desk, letter in
      let store = try test.store.connect()
      let action = DeadLetterAction(
        letter: letter.id, queue: "duban.complaints.dead", kind: .replayed, refusedFor: letter.reason, reason: nil, by: "王")
      try store.begin(action)
      try desk.replay(letter, by: "李", reason: nil, store)
      #expect(try test.store.ask("SELECT done_by FROM dead_letter_action WHERE done_at IS NOT NULL") == "李")
      #expect(try test.depth(of: "duban.complaints") == 1 && test.depth(of: "duban.complaints.dead") == 0)
    }
  }

  @Test("a message that would expire, and one whose headers do not fit out again, become letters that stay")
  func awkwardProperties() async throws {
    try await Surroundings.with { test in
      let connection = try AMQP.Connection(test.broker.configuration)
      var properties = Properties(headers: ["big": .string(String(repeating: "x", count: 126_500))], deliveryMode: .persistent)
      properties.expiration = "60000"
      let message = OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: "complaint.submitted", properties: properties, body: Array("{".utf8))
      #expect(try Publisher(connection: connection).publish(batch: [message], timeout: .seconds(10)) == [.confirmed])
      try test.publish(["["])
      try await test.withDaemon { _ in
        let letters = try test.take(2, from: "duban.complaints.dead")
        #expect(
          letters.allSatisfy {
            $0.properties.expiration == nil && $0.header("duban-reason") == "not-json"
              || $0.header("duban-reason") == "wrong-type"
          })
      }
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
