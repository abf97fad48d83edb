// How statements are carried out: what was planned on small tables must not read large ones from end to end.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Plans")
struct PlansTests {
  @Test("however much the tables grow after the first messages, taking one and relaying it reads none of them from end to end")
  func growth() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try store.useIndexes()
      // An autovacuum that comes by summarises the messages' BRIN index, which counts as reading them from end to end.
      try store.connection.runScript("ALTER TABLE message SET (autovacuum_enabled = false)")
      func scanned() throws -> Int64 {
        _ = try store.connection.execute("SELECT pg_stat_force_next_flush()")
        return try test.ask(
          """
          SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables
          WHERE relname IN ('item', 'message', 'outbox', 'waiting_event', 'breach') OR relname LIKE 'item_event%'
          """)
      }
      /// Openings, answers to earlier items, answers before their items, and a receipt for each; then the relay's part.
      func exchange(_ number: Int) throws {
        func event(_ type: String, _ id: String, _ subject: Int) throws -> Envelope {
          try Sample.envelope(
            "complaint.\(type)", id: "\(id)\(number * 100 + subject)", source: "/qr/mashang", subject: "S\(subject)", data: "{}")
        }
        let batch = try (number * 100..<number * 100 + 100).flatMap {
          [try event("submitted", "o", $0), try event("responded", "a", $0 - 100), try event("accepted", "e", $0 + 100)]
        }
        try take(batch, store)
        try store.transaction { try $0.deleteFromOutbox($0.claimOutbox(limit: 1000)) }
      }
      // Often enough for plans that do not depend on the parameters any more.
      for number in 0..<10 { try exchange(number) }
      try store.connection.runScript(
        """
        SET session_replication_role = replica;
        INSERT INTO item (id, source, subject, kind, phase, tier, unassigned, policy_version, due_at, clock, cycle, escalations, urgings,
          returns, sequence)
        SELECT 1000000 + n, source, 'G' || n, kind, phase, tier, unassigned, policy_version, due_at, clock, cycle, escalations, urgings,
          returns, sequence
        FROM generate_series(1, 20000) AS n, (SELECT * FROM item LIMIT 1) AS model;
        INSERT INTO message SELECT source, 'G' || n, digest, taken_at FROM generate_series(1, 20000) AS n, (SELECT * FROM message LIMIT 1) AS model;
        INSERT INTO waiting_event (source, message_id, item_id, type, occurred_at, recorded_at, body)
        SELECT '/s', 'G' || n, 1000000 + n, 't', now(), now(), '{}' FROM generate_series(1, 20000) AS n;
        INSERT INTO outbox (lane, type, subject, occurred_at, recorded_at, data, retry_at)
        SELECT 99, 't', 's', now(), now(), '{}', 'infinity' FROM generate_series(1, 20000);
        SET session_replication_role = origin;
        """)
      let before = try scanned()
      for number in 10..<15 { try exchange(number) }
      #expect(try scanned() - before < 1000)
    }
  }

  @Test("however many items there are, one is found by its number, and those that are 待派 are counted, through indexes")
  func numbers() async throws {
    try await TestStore.with { test in
      try take([Sample.envelope("complaint.submitted", id: "1", subject: "S")], test.connect())
      let (operatorStore, audit) = (try test.connect(), try test.connect())
      try audit.useIndexes()
      func read() throws -> Int64 {
        for store in [operatorStore, audit] { _ = try store.connection.execute("SELECT pg_stat_force_next_flush()") }
        return try test.ask(
          """
          SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'item')
            + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'item')::bigint
          """)
      }
      // Often enough for a plan that is kept.
      for _ in 0..<10 { #expect(try audit.lag().unassigned == 0) }
      try operatorStore.connection.runScript(
        """
        SET session_replication_role = replica;
        INSERT INTO item (id, source, subject, kind, phase, tier, unassigned, policy_version, cycle, escalations, urgings, returns, sequence)
        SELECT 1000000 + n, CASE n % 3 WHEN 0 THEN '/a' WHEN 1 THEN '/b' ELSE source END, 'G' || n, kind,
          CASE WHEN n % 1000 = 0 THEN 'closed' ELSE phase END, tier, n % 500 = 0, policy_version, cycle, escalations, urgings, returns, sequence
        FROM generate_series(1, 20000) AS n, (SELECT * FROM item LIMIT 1) AS model;
        SET session_replication_role = origin;
        """)
      let before = try read()
      #expect(try operatorStore.item(named: "G7")?.item.key == ItemKey(source: "/b", subject: "G7"))
      #expect(try operatorStore.item(named: "/a/G9")?.item.id == 1_000_009)
      #expect(try operatorStore.item(named: "1000011")?.item.key.subject == "G11")
      #expect(try operatorStore.item(named: "/b/G9") == nil)
      #expect(try audit.lag().unassigned == 20)
      #expect(try read() - before < 500)
    }
  }

  @Test("looking for old deduplication keys asks the clock once, not for each message there is")
  func oldMessages() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try store.connection.runScript(
        """
        INSERT INTO message SELECT '/s', n, '\\x00', now() FROM generate_series(1, 5000) AS n;
        SET track_functions = 'all';
        """)
      #expect(try store.forgetOldMessages(limit: 100) == 0)
      _ = try store.connection.execute("SELECT pg_stat_force_next_flush()")
      let calls: Int64 = try test.ask("SELECT sum(calls)::bigint FROM pg_stat_user_functions WHERE funcname = 'duban_now'")
      #expect(calls < 10)
    }
  }

  @Test("a batch that runs alone waits until the one before it is committed, and then meets no race")
  func alone() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      let opening = try Sample.envelope("complaint.submitted", id: "1", subject: "S")
      let answer = try Sample.envelope("complaint.responded", id: "2", subject: "S", data: "{}")
      let other = try one.transaction { one in
        try one.beginTaking(alone: false)
        let machine = try one.machine()
        var fold = IntakeFold(try one.intakeSnapshot(for: [opening]), machine: machine)
        _ = fold.take(opening)
        let other = Task(executorPreference: ownThreads) {
          try test.connect().transaction { two in
            try two.beginTaking(alone: true)
            let machine = try two.machine()
            var fold = IntakeFold(try two.intakeSnapshot(for: [answer]), machine: machine)
            let verdict = fold.take(answer)
            try two.write(fold.finish(), at: machine.now)
            return verdict
          }
        }
        while try test.ask(
          "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")
        {}
        try one.write(fold.finish(), at: machine.now)
        return other
      }
      #expect(try await other.value == .applied)
    }
  }
}
