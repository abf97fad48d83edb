// Dead letters as casework, on real queues.

import AMQP
import Duban
import DubanBroker
import DubanStore
import DubanWorkers
import Testing
import TestServers

@Suite("Dead letters")
struct DeadLetterTests {
  /// One letter that names an unknown source, and the queues to deal with it in.
  func withLetter(_ body: @Sendable @escaping (Surroundings, DeadLetterQueues, FiledLetter) async throws -> Void) async throws {
    try await Surroundings.with { test in
      try test.publish([Sample.event("complaint.submitted", id: "1", source: "/nobody", subject: "S")])
      try await test.withDaemon { _ in
        // The receipt may overtake the letter.
        try test.untilDepth(of: "duban.complaints.dead", is: 1)
      }
      let queues = try DeadLetterQueues(try AMQP.Connection(test.broker.configuration))
      try await body(test, queues, try firstLetter(in: queues))
    }
  }

  /// A quorum queue may have confirmed a message a moment before it can be fetched.
  func firstLetter(in queues: DeadLetterQueues) throws -> FiledLetter {
    let deadline = ContinuousClock.now + patience
    while .now < deadline { if let letter = try queues.letters(limit: 1).first { return letter } }
    throw TestFault("no letter can be fetched")
  }

  @Test("a letter that is mended and replayed becomes an item, leaves its queue, and bears no marks of its death")
  func mended() async throws {
    try await withLetter { test, queues, letter in
      #expect(letter.reason == "unknown-source" && letter.pointer == "/source" && letter.worker.hasPrefix("intake"))
      let mended = Sample.event("complaint.submitted", id: "1", subject: "S")
      try queues.replay(letter, with: Array(mended.utf8), by: "王", reason: "来源写错", try test.store.connect())
      let delivery = try #require(try test.take(1, from: "duban.complaints").first)
      #expect(delivery.properties.headers.keys.sorted() == ["duban-first-seen", "duban-replay-of"])
      #expect(delivery.header("duban-first-seen") == letter.firstSeen && delivery.header("duban-replay-of") == letter.id)
      #expect(delivery.body == Array(mended.utf8))
      #expect(try test.depth(of: "duban.complaints.dead") == 0)
      #expect(
        try test.store.ask("SELECT action || done_by || reason || refused_for FROM dead_letter_action")
          == "mended王来源写错unknown-source")
    }
  }

  @Test("a letter is dealt with once: one that is on record as done and was left in its queue is taken out, and nothing more")
  func once() async throws {
    try await withLetter { test, queues, letter in
      let connection = try test.store.database.connect()
      _ = try connection.execute(
        """
        INSERT INTO dead_letter_action (letter, content, queue, action, refused_for, done_by, begun_at, done_at)
        VALUES ($1, 'digest', 'duban.complaints.dead', 'replayed', 'unknown-source', '王', now(), now())
        """, letter.id)
      connection.close()
      let fault = #expect(throws: DeadLetterRefusal.self) {
        try queues.replay(letter, by: "李", reason: nil, try test.store.connect())
      }
      #expect(fault?.description.contains("was replayed by 王") == true)
      #expect(try test.depth(of: "duban.complaints") == 0 && test.depth(of: "duban.complaints.dead") == 0)
    }
  }

  @Test("what was begun and never finished, because the tool died, is done again; the message's own key keeps it single")
  func begunAgain() async throws {
    try await withLetter { test, queues, letter in
      let store = try test.store.connect()
      _ = try store.begin(letter.action(.discarded, by: "王", reason: nil))
      try queues.replay(letter, by: "李", reason: nil, store)
      let history = try store.deadLetterHistory(limit: 10)
      #expect(history.map(\.by) == ["李", "王"] && history.map(\.kind) == [.replayed, .discarded])
      #expect(history[0].doneAt != nil && history[1].doneAt == nil)
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
    try await withLetter { test, queues, letter in
      try queues.replay(letter, by: "王", reason: nil, try test.store.connect())
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
      // The receipts may overtake the letters.
      try await test.withDaemon { _ in try test.untilDepth(of: "duban.complaints.dead", is: 2) }
      let deadline = ContinuousClock.now + patience
      for _ in 0..<3 {
        // A quorum queue may have taken a message back a moment before it can be fetched.
        var seen = 0
        repeat { seen = try withQueues(test) { try $0.letters(limit: 10).count } } while seen != 2 && .now < deadline
        #expect(seen == 2)
      }
    }
  }

  /// Puts messages straight into a dead-letter queue, as duband or a broker would.
  func file(_ letters: [(headers: [String: FieldValue], body: String)], _ test: Surroundings) throws {
    let connection = try AMQP.Connection(test.broker.configuration)
    defer { connection.close() }
    let messages = letters.map {
      OutgoingMessage(
        exchange: "", routingKey: "duban.complaints.dead", properties: Properties(headers: $0.headers, deliveryMode: .persistent),
        body: Array($0.body.utf8))
    }
    let publisher = try Publisher(connection: connection)
    for start in stride(from: 0, to: messages.count, by: 5000) {
      let batch = Array(messages[start..<min(start + 5000, messages.count)])
      #expect(try publisher.publish(batch: batch, timeout: .seconds(60)).allSatisfy { $0 == .confirmed })
    }
  }

  /// Opens the dead-letter queues for a while.
  func withQueues<T>(_ test: Surroundings, _ body: (DeadLetterQueues) throws -> T) throws -> T {
    let connection = try AMQP.Connection(test.broker.configuration)
    defer { connection.close() }
    let queues = try DeadLetterQueues(connection)
    defer { queues.close() }
    return try body(queues)
  }

  @Test(
    "letters are sent at least once: of two copies one is replayed; the other is left to be discarded, or replayed on request")
  func copies() async throws {
    try await Surroundings.with { test in
      let event = Sample.event("complaint.submitted", id: "1", subject: "S")
      try file([(["duban-letter": "one"], event), (["duban-letter": "two"], event), (["duban-letter": "three"], event)], test)
      let store = try test.store.connect()
      try withQueues(test) { queues in
        let letters = try queues.letters(limit: 10)
        try queues.replay(letters[0], by: "王", reason: nil, store)
        let refusal = #expect(throws: DeadLetterRefusal.self) { try queues.replay(letters[1], by: "李", reason: nil, store) }
        #expect(refusal?.description.contains("letter one, which was replayed by 王") == true)
        // Whoever mends it, to send it under another id, would give it a second effect.
        #expect(throws: DeadLetterRefusal.self) { try queues.replay(letters[1], with: [0x7B], by: "李", reason: nil, store) }
        try queues.discard(letters[1], by: "李", reason: "重复", store)
        try queues.replay(letters[2], by: "李", reason: nil, again: true, store)
      }
      #expect(try test.depth(of: "duban.complaints") == 2 && test.depth(of: "duban.complaints.dead") == 0)
      try await test.withDaemon { _ in
        try test.store.until("(SELECT count(*) FROM item_event) = 1")
        try test.publish([Sample.event("complaint.submitted", id: "2", subject: "T")])
        try test.store.until("(SELECT count(*) FROM item_event) = 2")
      }
      #expect(try test.depth(of: "duban.complaints.dead") == 0)
    }
  }

  @Test("a copy that somebody has begun to replay is not begun by another at the same time")
  func copyBegun() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      func action(_ letter: String) -> DeadLetterAction {
        DeadLetterAction(letter: letter, content: "same", queue: "q", kind: .replayed, refusedFor: "r", reason: nil, by: letter)
      }
      _ = try one.begin(action("a"))
      #expect(throws: DeadLetterRefusal.self) { try two.begin(action("b")) }
      #expect(try test.ask("SELECT count(*) FROM dead_letter_action") == 1)
    }
  }

  @Test("a letter that was replayed and refused again is another letter, not a copy, and is replayed in its turn")
  func refusedTwice() async throws {
    try await withLetter { test, queues, letter in
      let store = try test.store.connect()
      try queues.replay(letter, by: "王", reason: nil, store)
      try await test.withDaemon { _ in
        try test.untilDepth(of: "duban.complaints.dead", is: 1)
      }
      let again = try firstLetter(in: queues)
      #expect(again.id != letter.id && again.firstSeen == letter.firstSeen)
      try queues.replay(again, by: "王", reason: nil, store)
      #expect(try test.take(1, from: "duban.complaints").first?.header("duban-replay-of") == again.id)
    }
  }

  @Test(
    "what the broker itself dead-lettered has a reason and a time, and is replayed without the marks of that death, as often as it dies"
  )
  func brokerLetters() async throws {
    try await Surroundings.with { test in
      let event = Sample.event("complaint.submitted", id: "1", subject: "S")
      try test.publish([event])
      let store = try test.store.connect()
      var ids: Set<String> = []
      for _ in 1...2 {
        let connection = try AMQP.Connection(test.broker.configuration)
        let channel = try connection.openChannel()
        _ = try channel.consume(queue: "duban.complaints")
        guard case .delivery(let delivery)? = try channel.next(timeout: patience) else { throw TestFault("nothing came") }
        #expect(!delivery.properties.headers.keys.contains { $0.contains("death") })
        try channel.reject(delivery.tag, requeue: false)
        channel.close()
        try test.untilDepth(of: "duban.complaints.dead", is: 1)
        try withQueues(test) { queues in
          let letter = try firstLetter(in: queues)
          #expect(letter.reason == "rejected" && Duban.Instant(rfc3339: letter.firstSeen) != nil && letter.worker == "the broker")
          ids.insert(letter.id)
          try queues.replay(letter, by: "王", reason: nil, store)
        }
        connection.close()
      }
      #expect(ids.count == 2)
      let delivery = try #require(try test.take(1, from: "duban.complaints").first)
      #expect(
        delivery.header("duban-replay-of") != nil
          && !delivery.properties.headers.keys.contains { $0.hasPrefix("x-") && $0 != "x-delivery-count" })
    }
  }

  @Test("marks of an earlier death do not reach the letter; a header of the sender's own does, and is there when it is replayed")
  func foreignMarks() async throws {
    try await Surroundings.with { test in
      let connection = try AMQP.Connection(test.broker.configuration)
      defer { connection.close() }
      let stale: [String: FieldValue] = [
        "x-death": .array([.table(["reason": "expired", "count": 3])]), "x-first-death-reason": "expired",
        "x-last-death-queue": "theirs", "duban-traceparent": "forged", "x-request-id": "r-1",
      ]
      let message = OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: "complaint.submitted", properties: Properties(headers: stale),
        body: Array("{".utf8))
      #expect(try Publisher(connection: connection).publish(batch: [message], timeout: .seconds(10)) == [.confirmed])
      try await test.withDaemon { _ in
        try test.untilDepth(of: "duban.complaints.dead", is: 1)
      }
      try withQueues(test) { queues in
        let letter = try firstLetter(in: queues)
        #expect(letter.reason == "not-json" && letter.traceparent == nil)
        try queues.replay(letter, by: "王", reason: nil, try test.store.connect())
      }
      let reborn = try #require(try test.take(1, from: "duban.complaints").first)
      #expect(
        Set(reborn.properties.headers.keys).subtracting(["x-delivery-count"]) == [
          "duban-first-seen", "duban-replay-of", "x-request-id",
        ])
    }
  }

  @Test(
    "two thousand letters are looked through one at a time; what is dealt with goes, the rest stays in its order, however often")
  func many() async throws {
    try await Surroundings.with { test in
      let count = 2_000
      try file(
        (0..<count).map { (["duban-letter": .string("l\($0)"), "duban-reason": $0 % 100 == 99 ? "b" : "a"], "{\($0)") }, test)
      let store = try test.store.connect()
      func look(upTo limit: Int = .max, _ deal: (DeadLetterQueues, FiledLetter) throws -> Void = { _, _ in }) throws -> [String] {
        try withQueues(test) { queues in
          var seen: [String] = []
          try queues.look(in: DubanTopology.intakeQueues) { letter in
            seen.append(letter.id)
            try deal(queues, letter)
            return seen.count < limit
          }
          return seen
        }
      }
      // Compared here, so that a failure does not print thousands of ids.
      let all = try look { queues, letter in
        if letter.reason == "b" { try queues.discard(letter, by: "王", reason: "测试", store) }
      }
      let isWhole = all == (0..<count).map { "l\($0)" }
      #expect(isWhole)
      _ = try look(upTo: 700)
      for _ in 1...2 {
        let left = try look()
        let isInOrder = left == (0..<count).filter { $0 % 100 != 99 }.map { "l\($0)" }
        #expect(
          isInOrder,
          "\(left.count) of \(count - 20), \(zip(left, left.dropFirst()).prefix { Int($0.dropFirst())! < Int($1.dropFirst())! }.count) in order"
        )
      }
    }
  }

  @Test("what is replayed and refused again meanwhile does not come round in the same go")
  func noCircle() async throws {
    try await Surroundings.with { test in
      try test.publish(["{", "["])
      let store = try test.store.connect()
      try await test.withDaemon { _ in
        try test.untilDepth(of: "duban.complaints.dead", is: 2)
        var replayed = 0
        try withQueues(test) { queues in
          try queues.look(in: DubanTopology.intakeQueues) { letter in
            replayed += 1
            try queues.replay(letter, by: "王", reason: nil, store)
            // It is refused again before the next one is looked at.
            try test.untilDepth(of: "duban.complaints.dead", is: replayed)
            return true
          }
        }
        #expect(replayed == 2)
      }
    }
  }
}
