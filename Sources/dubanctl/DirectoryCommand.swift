// dubanctl directory: the organs, units, persons and upstream systems; shown, checked, compared, applied, exported, ended.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct DirectoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "directory", abstract: "The organs of the chain, units, persons and upstream systems.",
    subcommands: [Show.self, Check.self, Diff.self, Apply.self, Export.self, Retire.self, History.self, Reference.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the directory that is in force as a tree, or one organ with what is below it.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "A name, a full name such as 黄石港区胜阳港街道, a code or an alias; all if left out.") var name: String?

    func run() async throws {
      let directory = try await connections.migratedStore().directory()
      let view =
        try name.map { DirectoryView(directory, of: try directory.organs(asked: $0)) } ?? DirectoryView(directory)
      if output.json { return try output.print(view, table: Table(heading: [], rows: [])) }
      print(view.text)
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a directory file and says what is wrong with it. Needs no servers.",
      discussion: "dubanctl directory reference has every key that a file may have.")

    @Argument(help: "A YAML file, such as deploy/directory/huangshi.yaml.") var file: String

    func run() async throws { print("\(try await readDirectory(file).summary), valid") }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what a directory file would change, and what of the directory it does not name.")

    @OptionGroup var connections: Connections
    @Argument(help: "A YAML file.") var file: String

    func run() async throws {
      let draft = try await readDirectory(file)
      let present = try await connections.migratedStore().directory()
      let update = try await naming(file) { try DirectoryUpdate(draft, onto: present) }
      print(update.text)
    }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Brings the directory to what a file states; organs and sources that it does not name stay.",
      discussion: """
        An organ that got another name says so with `formerly: [OLD]`, a street that came from another district with `moved-from: DISTRICT`, one \
        into which others went with `merges: [OTHERS]`: they keep their matters, and their old names lead to them. Items in work that are 待派 are \
        assigned to the streets and units that the directory knows now, and those of streets that moved or ended follow; their clocks run on.
        """)

    @OptionGroup var connections: Connections
    @Argument(help: "A YAML file, such as deploy/directory/huangshi.yaml.") var file: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func run() async throws {
      let draft = try await readDirectory(file)
      let store = try await connections.migratedStore()
      if dryRun {
        let present = try store.directory()
        print(try await naming(file) { try DirectoryUpdate(draft, onto: present) }.text)
        return print("nothing was changed")
      }
      let update = try await naming(file) { try store.apply(directory: draft, by: operatorName) }
      print(draft.summary)
      print(update.summary)
      try store.assignItems()
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the directory that is in force as a file that applies to the same.")

    @OptionGroup var connections: Connections

    func run() async throws {
      let directory = try await connections.migratedStore().directory()
      guard !directory.organs.isEmpty else {
        throw ValidationError("no directory has been applied; run: dubanctl directory apply FILE")
      }
      print(directory.file, terminator: "")
    }
  }

  struct Retire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ends an organ or a unit, with a record of who did it and why.",
      discussion: """
        It stays in the database, so that names on record stay readable, but no new name leads to it. Its names, communities, persons and matters in \
        work go to the successor. Take it out of the directory file, too.
        """)

    @OptionGroup var connections: Connections
    @Argument(help: "A name, a full name such as 黄石港区胜阳港街道, a code or an alias.") var name: String
    @Option(help: "The organ of its kind that has its matters from now on.") var successor: String?
    @Option(help: "Why: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func run() async throws {
      let store = try await connections.migratedStore()
      let directory = try store.directory()
      let organ = try directory.organ(asked: name)
      let successor = try successor.map { try directory.organ(asked: $0).id }
      if dryRun {
        do throws(RetirementFault) {
          print(try DirectoryUpdate(retiring: organ.id, successor: successor, in: directory).text)
        } catch {
          throw ValidationError("\(name) cannot be retired: \(error.description)")
        }
        return print("nothing was changed")
      }
      let update = try store.retire(organ.id, successor: successor, by: operatorName, because: because)
      for line in update.changes { print(line) }
      print(update.summary)
      try store.assignItems()
    }
  }

  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists every change of the directory, or with a version prints the file that was applied.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "A version.") var version: Int?

    func run() async throws {
      struct View: Encodable {
        var version: Int
        var appliedAt, appliedBy: String
        var because: String?
        var changes: [String]
      }
      let versions = try await connections.migratedStore().directoryVersions()
      if let version {
        guard let wanted = versions.first(where: { $0.version == version }) else {
          throw ValidationError("there is no directory version \(version)")
        }
        guard let document = wanted.document else {
          throw ValidationError("no file was applied for directory version \(version)")
        }
        return print(document, terminator: document.hasSuffix("\n") ? "" : "\n")
      }
      let views = versions.map {
        View(
          version: $0.version, appliedAt: $0.appliedAt.rfc3339, appliedBy: $0.appliedBy, because: $0.because, changes: $0.changes)
      }
      let rows = views.flatMap { view in
        view.changes.enumerated().map { i, change in
          i == 0 ? ["\(view.version)", view.appliedAt, view.appliedBy, view.because ?? "", change] : ["", "", "", "", change]
        }
      }
      try output.print(
        views, table: Table(heading: ["version", "applied", "by", "because", "changes"], rows: rows, empty: "no change"))
    }
  }
}

extension DirectoryCommand {
  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints every key of a directory file, with its values and meaning.")

    func run() { print(DirectoryDraft.reference) }
  }
}

private func readDirectory(_ file: String) async throws -> DirectoryDraft {
  let text = try readFile(file)
  return try await naming(file) { try DirectoryDraft.read(yaml: text) }
}

extension Directory {
  /// The organs that an operator may mean.
  fileprivate func organs(asked name: String) throws -> [Organ] {
    let finder = OrganFinder(self)
    let found = finder.organs(named: name)
    guard found.isEmpty else { return found }
    throw ValidationError("no organ or unit '\(name)'" + (finder.nearest(to: name).map { "; the nearest is \($0)" } ?? ""))
  }

  /// The one organ that an operator means.
  func organ(asked name: String) throws -> Organ {
    let found = try organs(asked: name)
    guard found.count == 1, let organ = found.first else {
      throw ValidationError("'\(name)' may be several, so write \(found.map { fullName(of: $0.id) }.joined(separator: " or "))")
    }
    return organ
  }
}

extension DirectoryDraft {
  fileprivate var summary: String {
    let streets = districts.flatMap(\.streets)
    let communities = streets.reduce(0) { $0 + $1.communities.count }
    let counts =
      [districts.count.of("district"), streets.count.of("street")]
      + (communities == 0 ? [] : [communities == 1 ? "1 community" : "\(communities) communities"])
      + [(units ?? []).count.of("unit")] + (persons.map { [$0.count.of("person")] } ?? []) + [sources.count.of("source")]
    return "\(city): \(counts.joined(separator: ", "))"
  }
}

extension DirectoryUpdate {
  fileprivate var text: String {
    let changes = changes.isEmpty ? ["no difference to version \(before.version)"] : changes
    return (changes + absent.map { "not in the file: \($0)" }).joined(separator: "\n")
  }

  fileprivate var summary: String {
    changes.isEmpty
      ? "directory version \(before.version) is in force; nothing has changed"
      : "directory version \(after.version) is in force, with \(changes.count.of("change"))"
  }
}
