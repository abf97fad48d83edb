// Databases of earlier versions, with something in every table: each migration is tried on one that is filled.

import Duban
import Foundation
import PostgreSQL
import TestServers

@testable import DubanStore

/// A filled database of one version of the schema, as SQL in `Tests/FilledDatabases`.
///
/// Whoever adds a migration has the file of the version before, and makes one of the new version beside it:
///
///     DUBAN_FILL=1 deploy/test MigratorTests
struct FilledDatabase {
  static let folder = TestStore.root.appending(path: "Tests/FilledDatabases")
  static let isToBeWritten = ProcessInfo.processInfo.environment["DUBAN_FILL"] != nil

  let version: Int
  var file: URL { Self.folder.appending(path: String(String(10000 + version).dropFirst()) + ".sql") }

  /// Those that there are.
  static func all() throws -> [FilledDatabase] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().compactMap { name in
      name.hasSuffix(".sql") ? Int(name.prefix(4)).map(FilledDatabase.init) : nil
    }
  }

  /// Brings an empty database to this version, and fills it.
  func fill(_ store: Store) throws {
    _ = try Migrator(Array(Migrator.embedded.prefix(version))).migrate(store)
    try store.connection.runScript(String(contentsOf: file, encoding: .utf8))
  }

  /// What a database of the present version holds, as a script.
  ///
  /// - Throws: ``TestFault`` where a table is empty.
  static func contents(of store: Store) throws -> String {
    let tables: [String] = try store.connection.execute(
      """
      SELECT relname::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_migration' ORDER BY relname
      """
    ).map { try $0.decode(0) }
    var script = "-- What a database of this version may hold; written by a test (FilledDatabases.swift).\n"
    script += "SET session_replication_role = replica;\n"
    for table in tables {
      let rows: [String] = try store.connection.execute("SELECT to_jsonb(line)::text FROM \(table) AS line ORDER BY 1").map {
        try $0.decode(0)
      }
      guard !rows.isEmpty else { throw TestFault("\(table) is empty: the story must fill every table") }
      script +=
        "DELETE FROM \(table);\nINSERT INTO \(table) OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_recordset(NULL::\(table), $json$[\n"
      script += rows.joined(separator: ",\n") + "\n]$json$);\n"
      let serial: [String] = try store.connection.execute(
        """
        SELECT format('SELECT setval(%L, (SELECT max(%I) FROM %I));', pg_get_serial_sequence(attrelid::regclass::text, attname), attname,
          attrelid::regclass)
        FROM pg_attribute WHERE attrelid = $1::text::regclass AND attidentity <> ''
        """, table
      ).map { try $0.decode(0) }
      script += serial.map { $0 + "\n" }.joined()
    }
    let last: Int64 = try store.connection.execute("SELECT nextval('item_id')").only().decode(0)
    script += "SELECT setval('item_id', \(last));\nSET session_replication_role = origin;\n"
    return script
  }

  /// Something of everything: matters in every phase, breaches of every status, whatever waits or does not count, notices, and what operators do.
  static func tell(_ test: TestStore, _ store: Store) throws {
    let start = ShanghaiTime(year: 2026, month: 11, day: 2, hour: 8, minute: 50).instant
    try test.setClock(at: start)
    _ = try store.ensurePartitions()
    _ = try store.apply(policy: BreachStoreTests.policy(annulsWithin: "2h"))
    try store.apply(directory: .read(yaml: "hours: [08:30-12:00, 13:30-16:30]\n" + TestStore.directory + Self.directory))
    _ = try store.importCalendar(Workdays.first, name: "cn", by: "王")
    try store.apply(schedules: ScheduleDraft.read(yaml: Self.schedules))
    _ = try store.apply(checklists: ["checklist: sewers\ntitle: 接驳检查\ncitation: preset\nchecks: [{ check: 接驳, kind: yes-no }]\n"])
    let reported =
      #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"lead":"供水公司","supporting":["供电公司","无此单位"],"reporter":{"name":"张三"}}"#
    func at(_ hours: Int64) -> Instant { start + .hours(hours) }
    try take(
      [
        complaint("submitted", "open", at: start, reported), complaint("submitted", "answered", at: start),
        complaint("submitted", "main", at: start), complaint("submitted", "duplicate", at: start),
        complaint("submitted", "late", at: start), complaint("submitted", "excused", at: start),
        complaint("submitted", "held", at: start),
        complaint("responded", "early", at: start),
        Sample.envelope(
          "reminder.scheduled", id: "r", subject: "reminder", time: start.rfc3339, data: #"{"due":"2026-11-20T08:00:00+08:00"}"#),
        Sample.envelope(
          "inspection.assigned", id: "i", source: "/qr/mashang", subject: "inspection", time: start.rfc3339, data: "{}"),
        Sample.envelope("problem.raised", id: "p", source: "/qr/mashang", subject: "problem", time: start.rfc3339, data: "{}"),
      ], store)
    try test.setClock(at: at(1))
    try take(
      [
        complaint("responded", "answered", at: at(1)), complaint("suspended", "held", at: at(1), paused),
        merging("duplicate", into: "main", at: at(1)), complaint("resolved", "open", at: at(1), #"{"part":"供电公司"}"#),
        complaint("extension-decided", "answered", at: at(1), #"{"decision":"rejected"}"#),
      ], store)
    try follow(store)
    for hours in [48, 49, 72, 73] as [Int64] {
      try test.setClock(at: at(hours) + .seconds(60))
      try sweep(store)
    }
    try take([complaint("responded", "late", at: at(47))], store)
    try store.decide(.excuse, on: 1, of: store.matter("excused").id, by: "王", because: "洪水")
    try take([complaint("resolved", "main", at: at(73)), merging("late", into: "unknown", at: at(73))], store)
    try store.setAside(1, of: store.matter("early").id, by: "王", reason: "撤销")
    _ = try store.move([store.matter("held").id], to: 1, by: "王", because: "试点", isTrial: false)
    _ = try store.erase([store.matter("main").id], by: "王", because: "期满")
    _ = try store.begin(
      DeadLetterAction(
        letter: "l", content: "c", queue: "q", kind: .discarded, refusedFor: "unknown-type", reason: "废件", by: "王"))
    _ = try store.begin(suspect: ContentDigest(bytes: Array(repeating: 7, count: 32)))
  }

  private static let directory = """

      - { uri: /finance/bureau, name: 财政局, users: [finance], organs: [黄石市], grants: [{ acts: [responded], regions: [黄石港区] }] }
    persons: [{ name: 李四, role: 街道干部, street: 黄石港区胜阳港街道 }]
    operators: [duban-operator]
    """

  private static let schedules = """
    schedules:
      - { name: 周通报, notice: bulletin, every: month, tier: district }
    """
}
