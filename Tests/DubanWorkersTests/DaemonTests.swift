// The daemon on a real broker and a real database: from a message on a queue to what an upstream system hears.

import AMQP
import Duban
import DubanBroker
import DubanStore
import DubanWorkers
import Foundation
import PostgreSQL
import Testing
import TestServers

@Suite("The daemon")
struct DaemonTests {
  @Test("messages of all four kinds become items, and later events change them")
  func fourKinds() async throws {
    try await Surroundings.with { test in
      try await test.withDaemon { _ in
        try test.publish([
          Sample.event("complaint.submitted", id: "1", subject: "C"), Sample.event("inspection.assigned", id: "2", subject: "I"),
          Sample.event("funding.requested", id: "3", subject: "F"),
          Sample.event("reminder.scheduled", id: "4", subject: "R", data: #"{"title":"专报","due":"2036-11-28T18:00:00+08:00"}"#),
        ])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'open') = 4")
        try test.publish([
          Sample.event("complaint.responded", id: "5", subject: "C", data: "{}"),
          Sample.event("inspection.reported", id: "6", subject: "I", data: "{}"),
          Sample.event("funding.reviewed", id: "7", subject: "F", data: #"{"decision":"approved"}"#),
          Sample.event("reminder.done", id: "8", subject: "R", data: "{}"),
          Sample.event(
            "reminder.urged", id: "9", source: "/portal/street", subject: "U",
            data: #"{"item":{"source":"/hotline/12345","subject":"C"}}"#),
        ])
        try test.store.until(
          "(SELECT count(*) FROM item WHERE phase = 'responded') = 3 AND (SELECT phase = 'closed' FROM item WHERE subject = 'R')")
        try test.store.until("(SELECT urgings = 1 FROM item WHERE subject = 'C')")
        let events = try test.take(1, from: "test.events").map(Outgoing.init)
        #expect(events.map(\.type) == ["duban.item.closed"] && events[0].subject == "/hotline/12345/R")
      }
      for queue in DubanTopology.intakeQueues {
        #expect(try test.depth(of: queue.name) == 0 && test.depth(of: queue.deadLetterQueue) == 0)
      }
    }
  }

  @Test("a bad message becomes a dead letter that says why, its sender is told, and its neighbours are taken")
  func deadLetters() async throws {
    try await Surroundings.with { test in
      let unknown = Sample.event("complaint.submitted", id: "u", source: "/nobody", subject: "X")
      try test.publish([
        Sample.event("complaint.submitted", id: "1", subject: "A"), #"{"specversion":"1.0","id""#, unknown,
        Sample.event("complaint.submitted", id: "2", subject: "B"),
      ])
      try await test.withDaemon { _ in
        try test.store.until("(SELECT count(*) FROM item) = 2")
        let letters = try test.take(2, from: "duban.complaints.dead")
        #expect(letters.map { $0.header("duban-reason") } == ["not-json", "unknown-source"])
        #expect(letters.map { $0.header("duban-pointer") } == ["", "/source"])
        #expect(letters[1].body == Array(unknown.utf8) && letters[1].header("duban-routing-key") == "complaint.submitted")
        for letter in letters {
          #expect(letter.header("duban-worker")?.hasPrefix("intake-") == true && letter.properties.deliveryMode == .persistent)
          #expect(letter.header("duban-first-seen").flatMap { Duban.Instant(rfc3339: $0) } != nil)
        }
        let receipts = try test.take(2, from: "test.events").map(Outgoing.init)
        #expect(receipts.map(\.type) == ["duban.receipt.rejected", "duban.receipt.rejected"])
        #expect(receipts.map(\.subject).sorted() == ["/nobody/u", "?/?"])
      }
    }
  }

  @Test("a message that only the database refuses is found among its neighbours, becomes a dead letter, and they are taken")
  func databaseRefuses() async throws {
    try await Surroundings.with { test in
      let connection = try test.store.database.connect()
      try connection.runScript("ALTER TABLE item ADD CHECK (subject NOT LIKE 'poison%')")
      connection.close()
      try test.publish(
        (0..<100).map { Sample.event("complaint.submitted", id: "\($0)", subject: $0 % 40 == 7 ? "poison\($0)" : "S\($0)") })
      try await test.withDaemon { _ in
        let letters = try test.take(3, from: "duban.complaints.dead")
        #expect(
          letters.allSatisfy {
            $0.header("duban-reason") == "database-refused" && $0.header("duban-detail")?.contains("23514") == true
          })
        try test.store.until("(SELECT count(*) FROM item) = 97")
        #expect(
          try test.take(3, from: "test.events").map { try Outgoing($0).type }
            == Array(repeating: "duban.receipt.rejected", count: 3))
      }
    }
  }

  @Test("an item that the database will not let climb is left aside, and those behind it climb")
  func stuckItem() async throws {
    try await Surroundings.with { test in
      let connection = try test.store.database.connect()
      try connection.runScript("ALTER TABLE item ADD CHECK (subject <> 'S3' OR tier = 'street')")
      connection.close()
      try test.publish((0..<9).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
      try await test.withDaemon { _ in
        try test.store.until("(SELECT count(*) FROM item) = 9")
        try test.store.setClock(ahead: "49 hours")
        try test.store.until("(SELECT count(*) FROM item WHERE tier = 'district') = 8")
      }
      #expect(try test.store.ask("SELECT count(*) FROM breach") == 8)
    }
  }

  @Test(
    "binary CloudEvents, as headers beside the data, are taken like structured ones", arguments: ["cloudEvents:", "cloudEvents_"])
  func binaryMode(prefix: String) async throws {
    try await Surroundings.with { test in
      let connection = try AMQP.Connection(test.broker.configuration)
      let attributes = [
        "specversion": "1.0", "id": "1", "source": "/qr/mashang", "type": "duban.complaint.submitted",
        "time": "2026-11-20T08:00:00+08:00",
        "subject": "Q",
      ]
      let message = OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: "complaint.submitted",
        properties: Properties(
          contentType: "application/json",
          headers: Dictionary(uniqueKeysWithValues: attributes.map { (prefix + $0, .string($1)) })),
        body: Array(#"{"title":"飞线"}"#.utf8))
      #expect(try Publisher(connection: connection).publish(batch: [message], timeout: .seconds(10)) == [.confirmed])
      try await test.withDaemon { _ in
        try test.store.until("(SELECT title = '飞线' AND unassigned FROM item WHERE subject = 'Q')")
        #expect(try test.take(1, from: "test.events").map { try Outgoing($0).type } == ["duban.receipt.accepted"])
      }
    }
  }

  @Test("a structured CloudEvent is read from its body, though an intermediary repeats attributes as headers")
  func structuredWithHeaders() async throws {
    try await Surroundings.with { test in
      let connection = try AMQP.Connection(test.broker.configuration)
      let message = OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: "complaint.submitted",
        properties: Properties(
          contentType: "application/cloudevents+json; charset=utf-8",
          headers: ["cloudEvents:id": "1", "cloudEvents:source": "/other"]),
        body: Array(Sample.event("complaint.submitted", id: "1", subject: "S").utf8))
      #expect(try Publisher(connection: connection).publish(batch: [message], timeout: .seconds(10)) == [.confirmed])
      try await test.withDaemon { _ in
        try test.store.until("(SELECT source = '/hotline/12345' AND title IS NOT NULL FROM item WHERE subject = 'S')")
      }
    }
  }

  @Test("an event before its item waits and is applied when it comes; a duplicate does nothing twice")
  func earlyAndDuplicate() async throws {
    try await Surroundings.with { test in
      try await test.withDaemon { _ in
        try test.publish([Sample.event("complaint.responded", id: "2", subject: "S", data: "{}")])
        try test.store.until("(SELECT count(*) FROM verdict WHERE verdict = 'waits') = 1")
        let opening = Sample.event("complaint.submitted", id: "1", subject: "S")
        try test.publish([opening, opening, opening])
        try test.store.until("(SELECT phase = 'responded' AND entries = 2 FROM item WHERE subject = 'S')")
        try test.publish([opening, Sample.event("complaint.submitted", id: "3", subject: "T")])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'open') = 1")
        #expect(try test.store.ask("SELECT count(*) FROM item_event") == 3)
        #expect(try test.depth(of: "duban.complaints.dead") == 0)
      }
    }
  }

  @Test("R22, R34: an overdue item climbs 街道 → 区 → 市, each step once and told once, in order, and ends in a 约谈 proposal")
  func chain() async throws {
    try await Surroundings.with { test in
      try await test.withDaemon { _ in
        try test.publish([Sample.event("complaint.submitted", id: "1", subject: "S")])
        try test.store.until("(SELECT count(*) FROM item) = 1")
        for (ahead, tier, breaches) in [("49 hours", "district", 1), ("74 hours", "city", 2), ("99 hours", "city", 3)] {
          try test.store.setClock(ahead: ahead)
          try test.store.until("(SELECT tier = '\(tier)' FROM item) AND (SELECT count(*) FROM breach) = \(breaches)")
        }
        let events = try test.take(4, from: "test.events").map(Outgoing.init)
        #expect(
          events.map(\.type) == ["duban.item.escalated", "duban.item.escalated", "duban.item.overdue", "duban.notice.proposed"])
        #expect(Set(events.map(\.id)).count == 4)
        try test.store.until("(SELECT count(*) FROM outbox) = 0")
      }
      #expect(try test.depth(of: "test.events") == 0)
    }
  }

  @Test("R30, R34: schedules write one 通报 to each district and a 约谈 for a street that is late again and again, once each")
  func schedules() async throws {
    try await Surroundings.with { test in
      let drafts = try ScheduleDraft.read(
        yaml: """
          schedules:
            - { name: b, notice: bulletin, every: month, tier: district }
            - { name: s, notice: summons, every: month, tier: street, threshold: 2 }
          """)
      try test.store.connect().apply(schedules: drafts)
      try await test.withDaemon { _ in
        try await test.withDaemon { _ in
          try test.publish((1...2).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
          try test.store.until("(SELECT count(*) FROM item) = 2")
          try test.store.setClock(ahead: "49 hours")
          try test.store.until("(SELECT count(*) FROM breach) = 2")
          // Past the end of the month in which the breaches were found.
          try test.store.setClock(ahead: "33 days")
          try test.store.until(
            "(SELECT count(*) FROM notice WHERE schedule_id IS NOT NULL) >= 3 AND (SELECT count(*) FROM schedule WHERE due_at > duban_now()) = 2"
          )
          try test.store.until("(SELECT count(*) FROM outbox) = 0")
        }
      }
      #expect(try test.store.ask("SELECT count(*) FROM notice WHERE kind = 'bulletin'") == 2)
      #expect(
        try test.store.ask(
          "SELECT count(*) FROM notice WHERE kind = 'summons' AND organ_name = '胜阳港街道' AND schedule_id IS NOT NULL") == 1)
      #expect(
        try test.store.ask(
          "SELECT body LIKE '%胜阳港街道：在办2件，其中有逾期记录2件，提级督办2件次%' FROM notice WHERE kind = 'bulletin' AND organ_name = '黄石港区'"))
    }
  }

  @Test(
    "stopping in the middle of a backlog finishes what is held, hands back the rest, and a restart completes it: every message once"
  )
  func drain() async throws {
    try await Surroundings.with { test in
      let count = 3_000
      try test.publish((0..<count).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
      try await test.withDaemon(["DUBAN_INTAKE_BATCH": "50", "DUBAN_INTAKE_PREFETCH": "200"]) { _ in
        try test.store.until("(SELECT count(*) FROM item) > 100")
      }
      let taken: Int = try test.store.ask("SELECT count(*) FROM item")
      // Nothing is left hanging: what was not taken is in the queue, ready for the next.
      #expect(try test.depth(of: "duban.complaints") == count - taken)
      try await test.withDaemon { _ in try test.store.until("(SELECT count(*) FROM item) = \(count)") }
      #expect(try test.store.ask("SELECT count(*) FROM item_event") == count)
    }
  }

  @Test("two daemons share queues, deadlines and the outbox with the same result as one")
  func twoDaemons() async throws {
    try await Surroundings.with { test in
      let count = 2_000
      try await test.withDaemon { _ in
        try await test.withDaemon { _ in
          try test.publish((0..<count).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
          try test.store.until("(SELECT count(*) FROM item) = \(count)")
          try test.store.setClock(ahead: "49 hours")
          try test.store.until("(SELECT count(*) FROM breach) = \(count)")
          let events = try test.take(count, from: "test.events").map(Outgoing.init)
          #expect(Set(events.map(\.id)).count == count && Set(events.map(\.subject)).count == count)
          try test.store.until("(SELECT count(*) FROM outbox) = 0")
        }
      }
      #expect(try test.store.ask("SELECT count(*) FROM item WHERE tier = 'district' AND escalations = 1") == count)
      #expect(try test.depth(of: "test.events") == 0)
    }
  }

  @Test(
    "sessions that the database ends in the middle are replaced by the daemon itself; readiness says so; nothing is lost or doubled"
  )
  func databaseSessionsEnded() async throws {
    try await Surroundings.with { test in
      let count = 2_000
      try await test.withDaemon(["DUBAN_INTAKE_BATCH": "50"]) { daemon in
        try test.publish((0..<count).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") })
        for threshold in [200, 800] {
          try test.store.until("(SELECT count(*) FROM item) > \(threshold)")
          _ = try test.store.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'duband%'",
            as: Int.self)
        }
        try test.store.until("(SELECT count(*) FROM item) = \(count)")
      }
      #expect(try test.store.ask("SELECT count(*) FROM item_event") == count)
    }
  }

  @Test("a queue that exists with other arguments is reported, left as it is, and keeps readiness away")
  func topologyMismatch() async throws {
    try await Surroundings.with { test in
      let connection = try AMQP.Connection(test.broker.configuration)
      let channel = try connection.openChannel()
      _ = try channel.deleteQueue("duban.funding")
      try Topology(queues: [.init("duban.funding", arguments: ["x-queue-type": "classic"])]).declare(on: connection)
      // Nobody services its heartbeats while the daemon is watched.
      connection.close()
      try await test.withDaemon { daemon in
        let deadline = ContinuousClock.now + .seconds(60)
        var said = ""
        while !said.contains("duban.funding"), ContinuousClock.now < deadline {
          said = daemon.health.report.complaints.joined(separator: "; ")
          await Task.yield()
        }
        #expect(said.contains("duban.funding") && said.contains("inequivalent arg"), "\(said)")
        #expect(!daemon.health.report.isReady)
      }
      #expect(try test.depth(of: "duban.funding") == 0)
    }
  }

  @Test("an event that no queue wants is kept and goes out once somebody binds one; a step in an item's life is dropped")
  func unroutable() async throws {
    try await Surroundings.with { test in
      let connection = try AMQP.Connection(test.broker.configuration)
      _ = try connection.openChannel().deleteQueue("test.events")
      try await test.withDaemon { _ in
        try test.publish([Sample.event("complaint.submitted", id: "1", source: "/qr/mashang", subject: "S")])
        try test.store.until("(SELECT count(*) FROM outbox WHERE attempts = 1) = 1")
        try Topology(
          queues: [.init("test.events")],
          bindings: [.init(queue: "test.events", exchange: DubanTopology.eventsExchange, routingKey: "#")]
        ).declare(on: connection)
        try test.store.setClock(ahead: "10 minutes")
        #expect(try test.take(1, from: "test.events").map { try Outgoing($0).type } == ["duban.receipt.accepted"])
      }
    }
  }
}
