// kill -9 at random moments, over and over: what was published has its effect exactly once, and everybody hears of it.

import AMQP
import DubanBroker
import DubanWorkers
import Foundation
import PostgreSQL
import Testing
import TestServers

@Suite("duband killed at random moments", .serialized)
struct FaultTests {
  @Test("killed ten times amid 20,000 complaints: an item of each, once, and nothing left behind")
  func intake() async throws {
    try await Surroundings.with { test in
      let count = 20_000
      try test.publish(complaints: count)
      try await test.withProcess { daemon in
        for _ in 1...10 {
          let taken: Int = try test.store.ask("SELECT count(*) FROM item")
          try test.store.until("(SELECT count(*) FROM item) > \(taken + Int.random(in: 0...1500))")
          daemon = try daemon.replaceByKilling()
        }
        try test.store.until("(SELECT count(*) FROM item) = \(count)", within: .seconds(120))
      }
      try await test.takeCopies()
      try test.expectEachTakenOnce(count)
    }
  }

  @Test(
    "killed amid mixed traffic, out of order, with duplicates and bad messages: each event applied once, each bad one a dead letter"
  )
  func mixedTraffic() async throws {
    try await Surroundings.with { test in
      let count = 2_000
      var lines: [String] = []
      for i in 0..<count {
        for (hour, type) in ["complaint.submitted", "complaint.responded", "complaint.resolved"].enumerated() {
          let time = "2026-11-20T0\(hour + 1):00:00+08:00"
          lines.append(Sample.event(type, id: "\(i)/\(hour)", subject: "S\(i)", time: time, data: "{}"))
        }
      }
      lines += (0..<500).map { _ in lines[Int.random(in: 0..<count * 3)] }
      let bad = (0..<200).map { Sample.event("complaint.submitted", id: "bad\($0)", source: "/nobody", subject: "B") }
      try test.publish((lines + bad).shuffled())
      try await test.withProcess { daemon in
        for _ in 1...6 {
          let taken: Int = try test.store.ask("SELECT count(*) FROM message")
          try test.store.until("(SELECT count(*) FROM message) > \(taken + Int.random(in: 0...900))")
          daemon = try daemon.replaceByKilling()
        }
        // A closed item may still miss its answer, and who is refused has no row: each is waited for by itself.
        try test.store.until("(SELECT count(*) FROM message) = \(count * 3)")
        try daemon.until("each bad one is a dead letter") { try test.depth(of: "duban.complaints.dead") >= bad.count }
        try test.store.until("(SELECT count(*) FROM outbox) = 0")
      }
      try await test.takeCopies()
      #expect(try test.store.ask("SELECT count(*) FROM item WHERE phase = 'closed'") == count)
      #expect(try test.store.ask("SELECT count(*) FROM message") == count * 3)
      #expect(try test.store.ask("SELECT count(*) FROM item_event") == count * 3)
      #expect(try test.store.ask("SELECT count(DISTINCT message_id) FROM item_event") == count * 3)
      #expect(try test.store.ask("SELECT count(*) FROM verdict WHERE verdict = 'waits'") == 0)
      #expect(try test.depth(of: "duban.complaints") == 0)
      // A dead letter that was confirmed, but whose original was not acknowledged any more, is sent again.
      let letters = try test.take(try test.depth(of: "duban.complaints.dead"), from: "duban.complaints.dead")
      #expect(Set(letters.map(\.body)) == Set(bad.map { Array($0.utf8) }))
      let told = try test.take(try test.depth(of: "test.events"), from: "test.events").map(Outgoing.init)
      let byID = Dictionary(told.map { ($0.id, $0) }) { $1 }.values
      #expect(Set(byID.filter { $0.type == "duban.item.closed" }.map(\.subject)).count == count)
      #expect(byID.count { $0.type == "duban.item.closed" } == count)
      #expect(Set(byID.filter { $0.type == "duban.receipt.rejected" }.map(\.subject)).count == bad.count)
      #expect(byID.count { $0.type == "duban.receipt.rejected" } == bad.count)
    }
  }

  @Test("R22: killed while thousands of items climb: each breach once, each event told, under one id and in the item's order")
  func chain() async throws {
    try await Surroundings.with { test in
      let count = 3_000
      try test.publish(complaints: count)
      try await test.withProcess { daemon in
        try test.store.until("(SELECT count(*) FROM item) = \(count)")
        for (step, ahead) in ["49 hours", "74 hours", "99 hours"].enumerated() {
          try test.store.setClock(ahead: ahead)
          let goal = count * (step + 1)
          for _ in 1...4 {
            let found: Int = try test.store.ask("SELECT count(*) FROM breach")
            let more = Int.random(in: 1...count / 5)
            try test.store.until("(SELECT count(*) FROM breach) >= \(min(found + more, goal))")
            daemon = try daemon.replaceByKilling()
          }
          try test.store.until("(SELECT count(*) FROM breach) = \(goal)")
        }
        try test.store.until("(SELECT count(*) FROM outbox) = 0")
      }
      try test.expectChainClimbedOnce(count)
    }
  }

  @Test("of two daemons that share the work one is killed again and again: the same result as of one that is left alone")
  func oneOfTwo() async throws {
    try await Surroundings.with { test in
      let count = 4_000
      try test.publish(complaints: count)
      try await test.withProcess { _ in
        try await test.withProcess { daemon in
          for _ in 1...5 {
            let taken: Int = try test.store.ask("SELECT count(*) FROM item")
            try test.store.until("(SELECT count(*) FROM item) >= \(min(taken + Int.random(in: 1...700), count))")
            daemon = try daemon.replaceByKilling()
          }
          try test.store.until("(SELECT count(*) FROM item) = \(count)")
          for (step, ahead) in ["49 hours", "74 hours", "99 hours"].enumerated() {
            try test.store.setClock(ahead: ahead)
            let goal = count * (step + 1)
            try test.store.until("(SELECT count(*) FROM breach) >= \(goal - Int.random(in: 0..<count))")
            daemon = try daemon.replaceByKilling()
            try test.store.until("(SELECT count(*) FROM breach) = \(goal)")
            daemon = try daemon.replaceByKilling()
          }
          try test.store.until("(SELECT count(*) FROM outbox) = 0")
        }
      }
      try await test.takeCopies()
      #expect(try test.store.ask("SELECT count(DISTINCT message_id) FROM item_event WHERE message_id IS NOT NULL") == count)
      try test.expectChainClimbedOnce(count)
    }
  }

  // MARK: - Deliveries that came back

  @Test("a message that daemons held when they died, fifty times over, without ever beginning it, is taken like any other")
  func heldWhenOthersDied() async throws {
    try await Surroundings.with { test in
      try test.publish(complaints: 20)
      try test.hold(20, times: 51)
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item) = 20") }
      try test.expectEachTakenOnce(20)
      #expect(try test.store.ask("SELECT count(*) FROM suspect") == 0)
    }
  }

  @Test("a message over which duband died again and again becomes a dead letter, and its neighbours are taken")
  func poison() async throws {
    try await Surroundings.with { test in
      try test.publish(complaints: 1)
      try test.hold(1, times: 8)
      try test.publish((1..<20).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
      let blocker = try test.store.database.connect()
      _ = try blocker.runScript("BEGIN; LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
      try await test.withProcess { daemon in
        for times in 1...5 {
          // It has begun with the message, and never comes to its end.
          try daemon.until("begun \(times) times") { try test.store.ask("SELECT coalesce(max(begun), 0) FROM suspect") == times }
          daemon = try daemon.replaceByKilling()
        }
        try daemon.until("begun once more") { try test.store.ask("SELECT coalesce(max(begun), 0) FROM suspect") > 5 }
        blocker.close()
        try test.store.until("(SELECT count(*) FROM item) = 19")
        let letter = try test.take(1, from: "duban.complaints.dead")[0]
        #expect(letter.header("duban-reason") == "delivery-limit" && letter.deliveryCount == 0)
        #expect(String(decoding: letter.body, as: UTF8.self).contains(#""subject":"S0""#))
      }
      #expect(try test.depth(of: "duban.complaints") == 0 && test.depth(of: "duban.complaints.dead") == 0)
      #expect(try test.store.ask("SELECT count(*) FROM suspect") == 0)
    }
  }

  @Test("a dead letter whose cause is mended is taken when it is published again as it is, headers and all")
  func replay() async throws {
    try await Surroundings.with { test in
      let body = Sample.event("complaint.submitted", id: "1", subject: "S")
      let connection = try AMQP.Connection(test.broker.configuration)
      let publisher = try Publisher(connection: connection)
      let message = OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: "complaint.submitted",
        properties: Properties(headers: ["x-delivery-count": 50, "duban-reason": "delivery-limit"]), body: Array(body.utf8))
      #expect(try publisher.publish(batch: [message], timeout: .seconds(10)) == [.confirmed])
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item) = 1") }
      try test.expectEachTakenOnce(1)
    }
  }

  // MARK: - Stopping

  @Test("SIGTERM amid a backlog drains: exit 0, what was not begun is back in the queue, and nothing is lost or doubled")
  func drain() async throws {
    try await Surroundings.with { test in
      let count = 3_000
      try test.publish(complaints: count)
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item) > 100") }
      let taken: Int = try test.store.ask("SELECT count(*) FROM item")
      #expect(try test.depth(of: "duban.complaints") == count - taken)
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item) = \(count)") }
      try test.expectEachTakenOnce(count)
    }
  }

  @Test(
    "told to stop while it waits for the database at its start, duband ends with 0: there is nothing to drain",
    arguments: [SIGTERM, SIGINT])
  func stoppedAtStart(signal: Int32) async throws {
    try await withOwnThreads {
      // A database that takes the connection, and never says a word.
      let database = try SilentServer()
      let child = try ChildProcess(
        try Program.duband.path, ["run"],
        environment: Program.environment([
          "DUBAN_AMQP_URL": "amqp://127.0.0.1:1", "DUBAN_POSTGRES_DSN": "host=127.0.0.1 port=\(database.port) user=duban",
          "DUBAN_STATUS_PORT": "0",
        ]))
      try database.awaitClient()
      child.send(signal)
      #expect(try child.wait(within: .seconds(15)) == .exit(0))
    }
  }

  @Test("a drain that cannot end within its bound is cut short with exit code 1, and nothing is lost", arguments: [true, false])
  func drainIsBounded(bySecondSignal: Bool) async throws {
    try await Surroundings.with { test in
      let bound = bySecondSignal ? 60 : 1
      let blocker = try test.store.database.connect()
      _ = try blocker.runScript("BEGIN; LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
      // The one that hangs is not the one that withProcess drains.
      try await test.withProcess(["DUBAN_DRAIN_SECONDS": "\(bound)", "DUBAN_LOG_LEVEL": "debug"]) { daemon in
        try test.publish(complaints: 10)
        try daemon.until("intake waits for the table") {
          try test.store.ask(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")
        }
        daemon.send(SIGTERM)
        if bySecondSignal {
          try daemon.untilLog(contains: "signal")
          daemon.send(SIGTERM)
        }
        #expect(try daemon.end(within: .seconds(15)) == .exit(1))
        #expect(daemon.log.contains(bySecondSignal ? "second signal" : "not drained within 1.0 seconds"))
        blocker.close()
        daemon = try daemon.replacement()
        try test.store.until("(SELECT count(*) FROM item) = 10")
      }
      try test.expectEachTakenOnce(10)
    }
  }
}

/// A server that takes a connection and leaves it unanswered for as long as it is there.
private final class SilentServer {
  let port: Int
  private let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  private var client: Int32 = -1

  init() throws {
    port = try freePort()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let listener = listener
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard bound == 0, listen(listener, 1) == 0 else { throw TestFault("cannot listen on \(port): error \(errno)") }
  }

  /// Waits until somebody has said something.
  func awaitClient() throws {
    try awaitInput(on: listener)
    client = accept(listener, nil, nil)
    try awaitInput(on: client)
  }

  private func awaitInput(on descriptor: Int32) throws {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, 60_000) == 1 else { throw TestFault("nobody came to port \(port)") }
  }

  deinit {
    if client >= 0 { close(client) }
    close(listener)
  }
}

extension Surroundings {
  func publish(complaints count: Int) throws {
    try publish((0..<count).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
  }

  /// Does what a daemon does that dies of something else: takes messages ahead, and lets its connection end.
  func hold(_ count: Int, times: Int) throws {
    for _ in 1...times {
      let connection = try AMQP.Connection(broker.configuration)
      defer { connection.close() }
      let channel = try connection.openChannel()
      _ = try channel.consume(queue: "duban.complaints")
      for _ in 1...count {
        guard case .delivery? = try channel.next(timeout: .seconds(10)) else { throw TestFault("no delivery to hold") }
      }
    }
  }

  /// Lets duband take what is left once each effect is there: copies, of what a killed one had committed but not
  /// acknowledged. A queue tells only of what is ready, not of what somebody holds, who hands it back as he stops.
  func takeCopies() async throws {
    for _ in 1...10 where try depth(of: "duban.complaints") > 0 {
      try await withProcess { daemon in try daemon.until("all is taken") { try depth(of: "duban.complaints") == 0 } }
    }
  }

  /// What must hold of so many complaints once all are taken, whatever happened meanwhile.
  func expectEachTakenOnce(_ count: Int) throws {
    #expect(try store.ask("SELECT count(*) FROM message") == count)
    #expect(try store.ask("SELECT count(*) FROM item WHERE entries = 1 AND phase = 'open'") == count)
    #expect(try store.ask("SELECT count(*) FROM item_event") == count)
    #expect(try store.ask("SELECT count(DISTINCT (item_id, message_id)) FROM item_event") == count)
    #expect(try depth(of: "duban.complaints") == 0)
    #expect(try depth(of: "duban.complaints.dead") == 0)
  }

  /// What must hold of so many complaints that nobody answered, once all have gone 街道 → 区 → 市 and beyond.
  func expectChainClimbedOnce(_ count: Int) throws {
    #expect(try store.ask("SELECT count(*) FROM breach") == count * 3)
    #expect(try store.ask("SELECT count(*) FROM item WHERE tier = 'city' AND escalations = 2 AND entries = 1") == count)
    #expect(try store.ask("SELECT count(*) FROM notice WHERE status = 'proposed'") == count)
    let told = try take(try depth(of: "test.events"), from: "test.events")
    var bodies: [String: [UInt8]] = [:]
    var typesBySubject: [String: [String]] = [:]
    for delivery in told {
      let event = try Outgoing(delivery)
      if let earlier = bodies.updateValue(delivery.body, forKey: event.id) {
        #expect(earlier == delivery.body, "an id stands for one event only")
      } else {
        typesBySubject[event.subject, default: []].append(event.type)
      }
    }
    let climb = ["duban.item.escalated", "duban.item.escalated", "duban.item.overdue"]
    #expect(typesBySubject.count { $0.value == climb } == count, "told in the order in which it happened")
    #expect(typesBySubject.count { $0.value == ["duban.notice.proposed"] } == count, "whose subject is the notice's reference")
    #expect(bodies.count == count * 4)
  }
}
