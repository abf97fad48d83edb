// dubanctl directory|schedules apply: brings what an operator keeps in files into the database.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct DirectoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "directory", abstract: "The organs of the chain and the upstream systems.", subcommands: [Apply.self])

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds and updates the organs and sources of a file; those it does not name stay.",
      discussion:
        "Items in work that are 待派 are assigned to the streets and units that the directory knows now; their clocks run on.")

    @OptionGroup var connections: Connections
    @Argument(help: "A YAML file, such as deploy/directory/huangshi.yaml.") var file: String

    func run() async throws {
      let text = try readFile(file)
      let draft = try await naming(file) { try DirectoryDraft.read(yaml: text) }
      let store = try await connections.migratedStore()
      try store.apply(directory: draft)
      let streets = draft.districts.reduce(0) { $0 + $1.streets.count }
      let counts = [
        draft.districts.count.of("district"), streets.of("street"), (draft.units ?? []).count.of("unit"),
        draft.sources.count.of("source"),
      ]
      print("\(draft.city): \(counts.joined(separator: ", "))")
      let (assigned, unassigned) = try store.assignUnassigned()
      if assigned > 0 { print("items that were 待派 and are assigned now: \(assigned)") }
      if unassigned > 0 { print("items that are still 待派: \(unassigned); dubanctl items list --unassigned") }
    }
  }
}

struct SchedulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules", abstract: "Periodic 通报 and 约谈.", subcommands: [Apply.self])

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Brings the schedules to what a file states; a schedule it does not name is disabled.")

    @OptionGroup var connections: Connections
    @Argument(help: "A YAML file, such as deploy/schedules/default.yaml.") var file: String

    func run() async throws {
      let text = try readFile(file)
      let drafts = try await naming(file) { try ScheduleDraft.read(yaml: text) }
      try await connections.migratedStore().apply(schedules: drafts)
      for draft in drafts { print("\(draft.name): \(draft.notice.rawValue), every \(draft.every)") }
    }
  }
}

/// Puts the file's name before what is wrong in it.
func naming<T>(_ file: String, _ body: () async throws -> T) async throws -> T {
  do {
    return try await body()
  } catch let fault as FileFault {
    throw ValidationError("\(file): \(fault)")
  }
}
