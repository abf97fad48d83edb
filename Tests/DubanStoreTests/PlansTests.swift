// How statements are carried out: what was planned on small tables must not read large ones from end to end.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Plans")
struct PlansTests {
  private static let tables = [
    "item", "message", "outbox", "verdict", "breach", "finding", "merging", "following", "notice", "contact",
  ]

  /// Many rows more of each table, like one that it has or is given.
  private static let growth = """
    SET statement_timeout = 0; SET session_replication_role = replica;
    INSERT INTO item SELECT (jsonb_populate_record(model, jsonb_build_object('id', 1000000 + n, 'matter_id', 1000000 + n, 'subject', 'G' || n,
      'wake_at', CASE WHEN n % 2 = 0 THEN timestamptz '2099-01-01' END))).*
    FROM (SELECT item AS model FROM item WHERE unit = '' AND phase = 'open' LIMIT 1) AS one, generate_series(1, 20000) AS n;
    INSERT INTO item_event SELECT (jsonb_populate_record(model, jsonb_build_object('item_id', 1000000 + n))).*
    FROM (SELECT item_event AS model FROM item_event LIMIT 1) AS one, generate_series(1, 20000) AS n;
    INSERT INTO original SELECT 1000000 + n, 1, now(), '{}' FROM generate_series(1, 20000) AS n;
    INSERT INTO message SELECT source, 'G' || n, digest, taken_at FROM (SELECT * FROM message LIMIT 1) AS model, generate_series(1, 20000) AS n;
    INSERT INTO verdict SELECT 1000000 + n, 1, 1, 'waits', NULL, NULL, NULL, now(), now() FROM generate_series(1, 20000) AS n;
    INSERT INTO breach SELECT 1000000 + n, 1, 1, 'standing', NULL, 1, 'response', 'street', 1, false, 1, now(), now(), now() FROM generate_series(1, 20000) AS n;
    INSERT INTO finding (item_id, at, type, data) SELECT 1000000 + n, now(), 't', '{}' FROM generate_series(1, 20000) AS n;
    INSERT INTO merging SELECT 1000000 + n, 1, '/s', 'G' || n % 100, now() FROM generate_series(1, 20000) AS n;
    INSERT INTO contact SELECT 1000000 + n, 1, '{}' FROM generate_series(1, 20000) AS n;
    INSERT INTO outbox (lane, type, routing_key, subject, occurred_at, recorded_at, data, retry_at)
    SELECT 99, 't', 't', 's', now(), now(), '{}', 'infinity' FROM generate_series(1, 20000);
    SET session_replication_role = origin;
    """

  @Test(
    "however much the tables grow after the first messages, taking, sweeping, following and relaying read none of them from end to end"
  )
  func growth() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try store.useIndexes()
      // An autovacuum that comes by summarises the BRIN indexes, which counts as reading their tables from end to end.
      try store.connection.runScript(
        "ALTER TABLE message SET (autovacuum_enabled = false); ALTER TABLE item SET (autovacuum_enabled = false)")
      _ = try store.apply(policy: BreachStoreTests.policy(annulsWithin: "1h"))
      let start = try store.second()
      func scanned() throws -> Int64 {
        _ = try store.connection.execute("SELECT pg_stat_force_next_flush()")
        let names = Self.tables.map { "'\($0)'" }.joined(separator: ", ")
        return try test.ask(
          """
          SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables
          WHERE relname IN (\(names)) OR relname LIKE 'item_event%' OR relname LIKE 'original%'
          """)
      }
      /// Openings, answers to earlier ones, answers that come first, late ones, which fold whole logs, and merged ones; with a receipt for
      /// each. Then the sweeps, of which some lapse, the walks over duplicates, and the relay.
      func exchange(_ number: Int) throws {
        let now = start + .hours(Int64(24 * number))
        try test.setClock(at: now)
        func event(_ type: String, _ id: String, _ subject: Int, _ data: String = "{}", late: Int64 = 0) throws -> Envelope {
          try Sample.envelope(
            "complaint.\(type)", id: "\(id)\(number * 100 + subject)", source: "/qr/mashang", subject: "S\(subject)",
            time: (now - .seconds(late)).rfc3339, data: data)
        }
        let batch = try (number * 20..<number * 20 + 20).flatMap {
          [
            try event("submitted", "o", $0), try event($0 % 2 == 0 ? "responded" : "accepted", "a", $0 - 20),
            try event("accepted", "e", $0 + 20),
            try event("returned", "r", $0 - 20, #"{"reason":"非本辖区"}"#, late: 5),
            try event("merged", "m", $0 - 40, #"{"into":{"source":"/qr/mashang","subject":"S\#($0 - 39)"}}"#),
          ]
        }
        try take(batch, store)
        _ = try store.sweep(limit: 50)
        try follow(store, limit: 20)
        try store.transaction { try $0.deleteFromOutbox($0.claimOutbox(limit: 1000)) }
        _ = try (store.timeUntilNextDue(), store.dueItems(limit: 5))
      }
      // Often enough for plans that do not depend on the parameters any more.
      for number in 0..<10 { try exchange(number) }
      try store.connection.runScript(Self.growth)
      let before = try scanned()
      for number in 10..<15 { try exchange(number) }
      #expect(try scanned() - before < 1000)
      #expect(try test.ask("SELECT count(*) FROM breach WHERE item_id < 1000000", as: Int.self) > 20)
      #expect(try test.ask("SELECT count(*) FROM item_event WHERE type = 'item.followed'", as: Int.self) > 5)
    }
  }

  @Test("the fold of a log reads the partition of the month in which the matter was recorded and no other")
  func onePartition() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try store.useIndexes()
      let start = try store.second()
      try take([complaint("submitted", "S", at: start), complaint("responded", "S", at: start + .seconds(9))], store)
      func reads() throws -> String {
        _ = try store.connection.execute("SELECT pg_stat_force_next_flush()")
        return try test.ask(
          """
          SELECT coalesce(string_agg(relname, ' '), '') FROM pg_stat_user_tables
          WHERE relname LIKE 'item_event%' AND coalesce(idx_scan, 0) + seq_scan > 0
          """)
      }
      #expect(try reads() == "")
      try take([complaint("accepted", "S", at: start + .seconds(5))], store)
      let table: String = try test.ask("SELECT tableoid::regclass::text FROM item_event LIMIT 1")
      #expect(try reads() == table)
    }
  }

  @Test("however many matters there are, one is found by its number, and those that are 待派 are counted, through indexes")
  func numbers() async throws {
    try await TestStore.with { test in
      try take([complaint("submitted", "S")], test.connect())
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
        SET statement_timeout = 0; SET session_replication_role = replica;
        INSERT INTO item SELECT (jsonb_populate_record(model, jsonb_build_object('id', 1000000 + n, 'matter_id', 1000000 + n,
          'source', CASE n % 3 WHEN 0 THEN '/a' WHEN 1 THEN '/b' ELSE '/c' END, 'subject', 'G' || n,
          'phase', CASE WHEN n % 1000 = 0 THEN 'closed' ELSE 'open' END, 'unassigned', n % 500 = 0))).*
        FROM (SELECT item AS model FROM item LIMIT 1) AS one, generate_series(1, 20000) AS n;
        SET session_replication_role = origin;
        """)
      let before = try read()
      #expect(try operatorStore.item(named: "G7")?.key == ItemKey(source: "/b", subject: "G7"))
      #expect(try operatorStore.item(named: "/a/G9")?.id == 1_000_009)
      #expect(try operatorStore.item(named: "1000011")?.key.subject == "G11")
      #expect(try operatorStore.item(named: "/b/G9") == nil)
      #expect(try audit.lag().unassigned == 20)
      #expect(try read() - before < 500)
    }
  }

  @Test("however many matters are closed, the lists of what is due, overdue and new read little more than what they show")
  func lists() async throws {
    try await TestStore.with { test in
      let (store, reader) = (try test.connect(), try test.connect())
      try reader.useIndexes()
      let start = try store.second()
      try take(
        (0..<20).map { try complaint("submitted", "late\($0)", at: start, $0 < 10 ? nil : #"{"supporting":["供水公司"]}"#) }, store)
      // Those that were closed long ago, and those that are in work and neither due nor overdue for long.
      try store.connection.runScript(
        """
        SET statement_timeout = 0; SET session_replication_role = replica;
        INSERT INTO item SELECT (jsonb_populate_record(model, jsonb_build_object('id', 1000000 + n, 'matter_id', 1000000 + n,
          'subject', 'G' || n, 'opened_at', (model).opened_at - interval '400 days', 'breached_at', (model).opened_at - interval '398 days')
          || CASE WHEN n % 20 = 0 THEN jsonb_build_object('due_at', '2099-01-01', 'wake_at', '2099-01-01', 'breached_at', NULL)
            ELSE jsonb_build_object('phase', 'closed', 'wake_at', NULL, 'due_at', NULL, 'clock', NULL) END)).*
        FROM (SELECT item AS model FROM item WHERE unit = '' LIMIT 1) AS one, generate_series(1, 20000) AS n;
        SET session_replication_role = origin;
        SELECT brin_summarize_new_values('item_opened'); ANALYZE item;
        """)
      try test.setClock(at: start + .hours(49))
      try sweep(store)
      try take((0..<20).map { try complaint("submitted", "new\($0)", at: start + .hours(49)) }, store)
      func read() throws -> Int64 {
        _ = try reader.connection.execute("SELECT pg_stat_force_next_flush()")
        return try test.ask(
          "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'item'")
      }
      let now = try store.now()
      func filter(_ change: (inout ItemFilter) -> Void) -> ItemFilter {
        var filter = ItemFilter()
        change(&filter)
        return filter
      }
      var before = try read()
      #expect(try reader.items(filter { $0.overdueOnly = true }, at: now).count == 20)
      #expect(try reader.items(filter { $0.dueWithin = .days(30) }, at: now).count == 30)
      #expect(try reader.itemCount(filter { $0.overdueOnly = true }, at: now, upTo: 100) == 20)
      let day = try reader.items(at: now, day: start + .hours(48)..<start + .hours(72), limit: 50)
      for section in [DayList.Section.overdue, .opened] {
        #expect(day.entries.values.reduce(0) { $0 + ($1[section]?.count ?? 0) } == 20)
      }
      #expect(try read() - before < 2000)
      before = try read()
      // What is in work, and no more, where that fills the list.
      #expect(try reader.items(filter { $0.limit = 60 }, at: now).count == 60)
      #expect(try read() - before < 2500)
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
}
