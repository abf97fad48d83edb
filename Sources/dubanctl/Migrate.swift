// dubanctl migrate: brings the schema up to date.

import ArgumentParser
import DubanStore

struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Applies the migrations that the database lacks, in order; safe to run twice, and by two at once.")

  @OptionGroup var connections: Connections

  @Flag(help: "Say what would be applied, and change nothing.")
  var dryRun = false

  func run() async throws {
    let applied = try Migrator().migrate(try await connections.store(), dryRun: dryRun)
    for migration in applied {
      print("\(dryRun ? "would apply" : "applied") \(migration.number) \(migration.name)")
    }
    if applied.isEmpty { print("the schema is up to date") }
  }
}
