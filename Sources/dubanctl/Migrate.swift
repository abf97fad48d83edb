// dubanctl migrate: brings the schema up to date.

import ArgumentParser
import DubanStore
import FoundationEssentials

struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Applies the migrations that the database lacks, in order; safe to run twice, and by two at once.")

  @OptionGroup var connections: Connections

  @Option(help: "The folder with the numbered SQL files.")
  var migrations = ProcessInfo.processInfo.environment["DUBAN_MIGRATIONS"] ?? "migrations"

  @Flag(help: "Say what would be applied, and change nothing.")
  var dryRun = false

  func run() async throws {
    let names = try? FileManager.default.contentsOfDirectory(atPath: migrations).filter { $0.hasSuffix(".sql") }.sorted()
    guard let names, !names.isEmpty else {
      throw ValidationError("\(migrations): no migrations there; give the folder with --migrations")
    }
    let files = try names.map { name in
      guard let migration = Migration(fileName: name, sql: try readFile("\(migrations)/\(name)")) else {
        throw ValidationError("\(migrations)/\(name): a migration is named like 0001_items.sql")
      }
      return migration
    }
    let applied = try Migrator(files).migrate(try await connections.store(), dryRun: dryRun)
    for migration in applied {
      print("\(dryRun ? "would apply" : "applied") \(migration.number) \(migration.name)")
    }
    if applied.isEmpty { print("the schema is up to date") }
  }
}
