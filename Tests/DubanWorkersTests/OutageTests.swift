// The servers that duband stands on go away and come back, while it works and before it starts, without a hand on it.

import Foundation
import PostgreSQL
import Testing
import TestServers

@Suite("duband without its servers")
struct OutageTests {
  @Test("with both servers away at its start duband waits, is not ready and says why, and works as soon as they come")
  func awayAtStart() async throws {
    try await PrivateServers.with { servers in
      let test = servers.surroundings
      try test.publish(complaints: 500)
      try servers.stop()
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(try freePort())"]) { daemon in
        for worker in ["intake", "deadlines", "relay"] {
          let said = try await daemon.untilReadiness(is: 503, saying: "\"\(worker)")
          #expect(said.contains("Connection refused"))
        }
        try servers.start()
        try await daemon.untilReadiness(is: 200)
        try test.store.until("(SELECT count(*) FROM item) = 500")
      }
      try test.expectEachTakenOnce(500)
    }
  }

  @Test("who answered in time while Duban was away is not blamed when it is back: what waits is heard before deadlines lapse")
  func answeredMeanwhile() async throws {
    try await Surroundings.with { test in
      let count = 3_000
      try test.publish(complaints: count + 10)
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item) = \(count + 10)") }
      // Within the hour, and heard two days later.
      try test.publish((0..<count).map { Sample.event("complaint.responded", id: "answer\($0)", subject: "S\($0)", data: "{}") })
      try test.store.setClock(ahead: "49 hours")
      try await test.withProcess { _ in
        try test.store.until("(SELECT count(*) FROM item_event WHERE message_id LIKE 'answer%') = \(count)")
        try test.store.until("(SELECT count(*) FROM breach) >= 10")
      }
      #expect(try test.store.ask("SELECT count(*) FROM breach") == 10)
      #expect(try test.store.ask("SELECT count(*) FROM item WHERE phase = 'responded' AND escalations = 0") == count)
    }
  }

  @Test("nor who answered in time while the database was away")
  func answeredWithoutDatabase() async throws {
    try await Surroundings.with { test in
      let count = 500
      try test.publish(complaints: count + 10)
      try await test.withProcess { _ in
        try test.store.until("(SELECT count(*) FROM item) = \(count + 10)")
        let (name, observer) = (test.store.database.name, try test.store.database.connect())
        let maintenance = try Connection(TestDatabase.maintenanceDSN)
        _ = try maintenance.runScript("ALTER DATABASE \"\(name)\" ALLOW_CONNECTIONS false")
        _ = try maintenance.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'duband%'", name)
        try test.publish(
          (0..<count).map { Sample.event("complaint.responded", id: "answer\($0)", subject: "S\($0)", data: "{}") })
        _ = try observer.execute("INSERT INTO clock_override (ahead) VALUES ('49 hours')")
        _ = try maintenance.runScript("ALTER DATABASE \"\(name)\" ALLOW_CONNECTIONS true")
        try test.store.until("(SELECT count(*) FROM item_event WHERE message_id LIKE 'answer%') = \(count)")
        try test.store.until("(SELECT count(*) FROM breach) >= 10")
      }
      #expect(try test.store.ask("SELECT count(*) FROM breach") == 10)
    }
  }

  @Test("deadlines do not wait for ever for an intake that hears nothing")
  func intakeHangs() async throws {
    try await Surroundings.with { test in
      try test.publish(complaints: 10)
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item) = 10") }
      try test.publish([Sample.event("complaint.submitted", id: "late", subject: "late")])
      try test.store.setClock(ahead: "49 hours")
      let blocker = try test.store.database.connect()
      _ = try blocker.runScript("BEGIN; LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
      try await test.withProcess(["DUBAN_AUDIT_SECONDS": "2"]) { daemon in
        try test.store.until("(SELECT count(*) FROM breach) = 10")
        try daemon.untilLog(contains: "intake has not heard all that waits")
        blocker.close()
        try test.store.until("(SELECT count(*) FROM item) = 11")
      }
    }
  }

  @Test("the broker and the database restarted and killed under load: not ready meanwhile, nothing lost or doubled after")
  func underLoad() async throws {
    try await PrivateServers.with { servers in
      let test = servers.surroundings
      let count = 4_000
      let small = ["DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_INTAKE_BATCH": "50", "DUBAN_DEADLINES_BATCH": "50"]
      try test.publish(complaints: count)
      try await test.withProcess(small) { daemon in
        try test.store.until("(SELECT count(*) FROM item) > 100")
        async let restart: Void = servers.restartBroker()
        try await daemon.untilReadiness(is: 503, saying: "\"intake")
        try await restart
        try test.store.until("(SELECT count(*) FROM item) = \(count)")
        try await daemon.untilReadiness(is: 200)
        try test.expectEachTakenOnce(count)

        try test.store.setClock(ahead: "49 hours")
        try test.store.until("(SELECT count(*) FROM breach) > 100")
        async let kill: Void = servers.killBroker()
        try await daemon.untilReadiness(is: 503, saying: "\"relay")
        try await kill
        try test.store.until("(SELECT count(*) FROM breach) = \(count)")

        try test.store.setClock(ahead: "74 hours")
        try test.store.until("(SELECT count(*) FROM breach) > \(count + 100)")
        try servers.restartDatabase()
        try test.store.until("(SELECT count(*) FROM breach) = \(count * 2)")

        try test.publish((0..<count).map { Sample.event("funding.requested", id: "F\($0)", subject: "F\($0)") })
        try test.store.setClock(ahead: "99 hours")
        try test.store.until("(SELECT count(*) FROM breach) > \(count * 2 + 100)")
        try servers.killDatabase()
        try test.store.until(
          "(SELECT count(*) FROM breach) = \(count * 3) AND (SELECT count(*) FROM item WHERE kind = 'funding') = \(count)")
        try test.store.until("(SELECT count(*) FROM outbox) = 0")
        try await daemon.untilReadiness(is: 200)
      }
      #expect(try test.store.ask("SELECT count(*) FROM item_event WHERE message_id LIKE 'F%'") == count)
      #expect(try test.depth(of: "duban.funding") == 0 && test.depth(of: "duban.funding.dead") == 0)
      try test.expectChainClimbedOnce(count)
    }
  }
}
