// Migrations: applied once, in order, by whoever comes; refused where they cannot be right.

import Duban
import Foundation
import Testing
import TestServers

@testable import DubanStore

@Suite("Migrations")
struct MigratorTests {
  func store(_ database: TestDatabase) throws -> Store { try Store(dsn: database.dsn, name: "test") }

  @Test("what is built into the program is what the folder holds, to the letter, and the schema that it makes is the one known")
  func embedded() throws {
    let folder = TestStore.root.appending(path: "migrations")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      let sql = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      return Migration(number: Int(name.prefix(4)) ?? 0, name: String(name.dropFirst(5).dropLast(4)), sql: sql)
    }
    #expect(Migrator.embedded == files && !files.isEmpty)
    #expect(Migrator.schemaVersion == files.count)
    #expect(try Migrator().migrations == files)
  }

  @Test("an empty database is brought up to date, a second run finds nothing to do, a dry run changes nothing")
  func applied() async throws {
    try await TestDatabase.with { database in
      let store = try store(database)
      let migrator = try Migrator()
      #expect(try migrator.migrate(store, dryRun: true).count == Migrator.schemaVersion)
      #expect(throws: StoreFault.self) { try Migrator.check(store) }
      #expect(try migrator.migrate(store).map(\.number) == Array(1...Migrator.schemaVersion))
      #expect(try migrator.migrate(store).isEmpty)
      try Migrator.check(store)
    }
  }

  @Test("two runners at once apply each migration once")
  func twoRunners() async throws {
    try await TestDatabase.with { database in
      let migrator = try Migrator()
      let counts = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          group.addTask { try migrator.migrate(try Store(dsn: database.dsn, name: "runner")).count }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(counts.reduce(0, +) == Migrator.schemaVersion)
      try Migrator.check(try store(database))
    }
  }

  @Test("a file that was changed after it was applied is refused, with the remedy, and nothing more is applied")
  func changedFile() async throws {
    try await TestDatabase.with { database in
      let store = try store(database)
      let first = Migration(number: 1, name: "one", sql: "CREATE TABLE one ()")
      _ = try Migrator([first]).migrate(store)
      let changed = try Migrator([
        Migration(number: 1, name: "one", sql: "CREATE TABLE uno ()"),
        Migration(number: 2, name: "two", sql: "CREATE TABLE two ()"),
      ])
      let fault = #expect(throws: StoreFault.self) { try changed.migrate(store) }
      #expect(fault?.description.contains("migration 1 (one) was changed") == true)
      #expect(try changed.migrations.count == 2 && database.has("two") == false)
    }
  }

  @Test("a migration that fails leaves those before it applied and nothing of itself")
  func failing() async throws {
    try await TestDatabase.with { database in
      let store = try store(database)
      let migrator = try Migrator([
        Migration(number: 1, name: "good", sql: "CREATE TABLE good ()"),
        Migration(number: 2, name: "bad", sql: "CREATE TABLE half (); CREATE TABLE good ()"),
      ])
      #expect(throws: (any Error).self) { try migrator.migrate(store) }
      #expect(try database.has("good") && !database.has("half"))
      #expect(try migrator.migrate(store, dryRun: true).map(\.number) == [2])
    }
  }

  @Test("a schema that is older or newer than the program is refused, and the command that mends it is named")
  func schemaCheck() async throws {
    try await TestStore.with { test in
      let connection = try test.database.connect()
      let store = try test.connect()
      _ = try connection.execute("INSERT INTO schema_migration (number, name, checksum) VALUES (999, 'future', '')")
      let newer = #expect(throws: StoreFault.self) { try Migrator.check(store) }
      #expect(newer?.description.contains("newer") == true && newer?.description.contains("install the duband") == true)
      _ = try connection.execute("DELETE FROM schema_migration WHERE number > 1")
      let older = #expect(throws: StoreFault.self) { try Migrator.check(store) }
      #expect(older?.description.contains("dubanctl migrate") == true)
    }
  }

  @Test("a filled database of every version that there was is migrated, is as its logs say, and goes on")
  func filled() async throws {
    for filled in try FilledDatabase.all() {
      try await TestDatabase.with { database in
        let store = try store(database)
        try filled.fill(store)
        #expect(try Migrator().migrate(store).count == Migrator.schemaVersion - filled.version)
        try Migrator.check(store)
        try RecordLaws.expect(store, "version \(filled.version)")
        // What there was before is a version, too, to which a file adds.
        #expect(try store.directoryVersions().count >= 1 && store.directory().organs.values.contains { $0.name == "胜阳港街道" })
        let late = ShanghaiTime(year: 2026, month: 11, day: 3, hour: 9).instant
        #expect(try take([complaint("returned", "open", at: late, #"{"reason":"非本辖区"}"#)], store) == [.applied])
        #expect(try take([complaint("submitted", "new")], store) == [.applied])
        try follow(store)
        try sweep(store)
        try RecordLaws.expect(store, "version \(filled.version)")
      }
    }
  }

  @Test("the present version has its filled database, with something in every table: the next migration is tried on it")
  func isFilled() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try FilledDatabase.tell(test, store)
      try RecordLaws.expect(store)
      let script = try FilledDatabase.contents(of: store)
      let present = FilledDatabase(version: Migrator.schemaVersion)
      if FilledDatabase.isToBeWritten {
        try FileManager.default.createDirectory(at: FilledDatabase.folder, withIntermediateDirectories: true)
        try script.write(to: present.file, atomically: true, encoding: .utf8)
      }
      #expect(FileManager.default.fileExists(atPath: present.file.path), "run: DUBAN_FILL=1 deploy/test MigratorTests")
    }
  }

  @Test("numbers with a gap are refused before anything is applied")
  func gap() {
    #expect(throws: StoreFault.self) {
      try Migrator([Migration(number: 1, name: "a", sql: ""), Migration(number: 3, name: "c", sql: "")])
    }
  }
}

extension TestDatabase {
  fileprivate func has(_ table: String) throws -> Bool {
    let connection = try connect()
    defer { connection.close() }
    return try connection.execute("SELECT to_regclass($1) IS NOT NULL", table).first?.decode(0) ?? false
  }
}
