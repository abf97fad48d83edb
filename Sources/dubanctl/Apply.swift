// dubanctl schedules apply: brings the schedules that an operator keeps in a file into the database.

import ArgumentParser
import Duban
import DubanStore

struct SchedulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules", abstract: "Periodic 通报 and 约谈.", subcommands: [Check.self, Apply.self, Reference.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a schedules file and says what is wrong with it. Needs no servers.")

    @Argument(help: "A YAML file, such as deploy/schedules/default.yaml.") var file: String

    func run() async throws {
      let text = try readFile(file)
      let drafts = try await naming(file) { try ScheduleDraft.read(yaml: text) }
      print("\(drafts.count.of("schedule")), valid")
    }
  }

  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints every key of a schedules file, with its values and meaning.")

    func run() { print(ScheduleDraft.reference) }
  }

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

/// Puts the file's name before each thing that is wrong in it.
func naming<T>(_ file: String, _ body: () async throws -> T) async throws -> T {
  do {
    return try await body()
  } catch let fault as FileFault {
    throw ValidationError(fault.lines.map { "\(file): \($0)" }.joined(separator: "\n"))
  }
}
