// dubanctl checklists: what inspections are reported against; read, applied, shown.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct ChecklistsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checklists", abstract: "Checklists (检查表): what inspections are reported against.",
    subcommands: [Check.self, Show.self, Apply.self, Reference.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads checklist files and says what is wrong with them. Needs no servers.",
      discussion: "dubanctl checklists reference has every key that a file may have.")

    @Argument(help: "YAML files, such as deploy/checklists/*.yaml.") var files: [String]

    func run() async throws {
      for (_, checklist) in try await readChecklists(files) {
        print("\(checklist.name) \(checklist.title): \(checklist.checks.count.of("check")), valid")
      }
    }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes checklist files the ones in force for reports from now on; those of other names stay.",
      discussion: """
        Each gets the next version of its name, or keeps the present one where the file has not changed. A report that comes later on an earlier \
        version is refused: tell those who fill them in. Either all of the files are applied or none.
        """)

    @OptionGroup var connections: Connections
    @Argument(help: "YAML files, such as deploy/checklists/*.yaml.") var files: [String]

    func run() async throws {
      let documents = try await readChecklists(files).map(\.document)
      for checklist in try await connections.migratedStore().apply(checklists: documents) {
        print("\(checklist.name) \(checklist.title): version \(checklist.version) is in force")
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the checklists in force, or prints one as it was applied, or with --versions which there were.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "A name; all are listed if left out.") var name: String?
    @Option(help: "A version of it; the one in force if left out.") var version: Int?
    @Flag(help: "List the versions instead.") var versions = false

    func validate() throws {
      if version != nil, name == nil { throw ValidationError("--version is of one checklist: write its NAME, too") }
    }

    func run() async throws {
      let all = try await connections.migratedStore().checklistVersions()
      let own = all.filter { name == nil || $0.checklist.name == name }
      guard name == nil || !own.isEmpty else {
        let words = Set(all.map(\.checklist.name)).sorted().map { Word($0) }
        throw ValidationError(
          "there is no checklist '\(name ?? "")'\(Word.nearest(to: name ?? "", in: words).suggestion); apply it first, or see: "
            + "dubanctl checklists show")
      }
      if name == nil || versions { return try list(own.filter { versions || $0.isInForce }) }
      guard let wanted = own.first(where: { version == nil ? $0.isInForce : $0.checklist.version == version }) else {
        throw ValidationError("there is no version \(version.map(String.init) ?? "in force") of '\(name ?? "")'")
      }
      print(wanted.document, terminator: wanted.document.hasSuffix("\n") ? "" : "\n")
    }

    private func list(_ versions: [ChecklistVersion]) throws {
      struct View: Encodable {
        var name, title: String
        var version, checks: Int
        var citation: String
        var appliedAt, appliedBy: String
        var isInForce: Bool
      }
      let views = versions.map { version in
        let checklist = version.checklist
        return View(
          name: checklist.name, title: checklist.title, version: checklist.version, checks: checklist.checks.count,
          citation: checklist.citation, appliedAt: version.appliedAt.rfc3339, appliedBy: version.appliedBy,
          isInForce: version.isInForce)
      }
      let rows = views.map {
        [
          $0.name, $0.title, "\($0.version)", "\($0.checks)", $0.citation, $0.appliedAt, $0.appliedBy,
          $0.isInForce ? "in force" : "",
        ]
      }
      let heading = ["name", "名称", "version", "checks", "依据", "applied", "by", ""]
      try output.print(views, table: Table(heading: heading, rows: rows, empty: "no checklist"))
    }
  }

  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints every key of a checklist file, with its values and meaning.")

    func run() { print(Checklist.reference) }
  }
}

/// Reads all of them, and says what is wrong in each.
private func readChecklists(_ files: [String]) async throws -> [(document: String, checklist: Checklist)] {
  var (read, faults): ([(document: String, checklist: Checklist)], [String]) = ([], [])
  for file in files {
    let document = try readFile(file)
    do {
      let checklist = try Checklist(yaml: document)
      if let other = read.firstIndex(where: { $0.checklist.name == checklist.name }) {
        faults.append("\(file): the checklist '\(checklist.name)' is in \(files[other]), too; remove one of them")
      }
      read.append((document, checklist))
    } catch {
      faults += error.lines.map { "\(file): \($0)" }
    }
  }
  guard faults.isEmpty else { throw ValidationError(faults.joined(separator: "\n")) }
  return read
}
