// dubanctl dead: dead letters as casework.

import AMQP
import ArgumentParser
import DubanStore
import DubanWorkers

struct Dead: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Dead letters: list, show, replay (mended or as they are), discard.",
    discussion: "Each is dealt with once, and it is recorded who did what. What is only looked at stays where it is.",
    subcommands: [List.self, Show.self, Replay.self, Discard.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists dead letters with the reason of each.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @OptionGroup var selection: Selection

    func run() async throws {
      let letters = try selection.letters(on: DeadLetterDesk(try await connections.broker())).map(LetterView.init)
      try output.print(
        letters,
        table: Table(
          heading: ["letter", "queue", "reason", "pointer", "first seen", "detail"],
          rows: letters.map { [$0.letter, $0.queue, $0.reason, $0.pointer, $0.firstSeen, $0.detail] }, empty: "no dead letters"))
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints a letter's body as it came, to be mended in a file; its marks go to --json.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "The letter's id.") var letter: String

    func run() async throws {
      let found = try Selection.one(letter, on: DeadLetterDesk(try await connections.broker()))
      if output.json {
        try output.print(LetterView(found), table: Table(heading: [], rows: []))
      } else {
        print(String(decoding: found.body, as: UTF8.self))
      }
    }
  }

  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Publishes letters to intake again and takes them out of the dead-letter queue.")

    @OptionGroup var connections: Connections
    @OptionGroup var selection: Selection
    @Argument(help: "The letter's id; without it, all that --queue and --reason select.") var letter: String?
    @Option(help: "A file with the mended body, for one letter.") var body: String?
    @Option(help: "Why, for the record.") var because: String?
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func validate() throws {
      if body != nil && letter == nil { throw ValidationError("--body mends one letter: name it") }
      if letter == nil && selection.queue == nil && selection.reason == nil {
        throw ValidationError("name a letter, or select by --queue or --reason")
      }
    }

    func run() async throws {
      let mended = try body.map { Array(try readFile($0).utf8) }
      let desk = try DeadLetterDesk(try await connections.broker())
      let letters = try letter.map { [try Selection.one($0, on: desk)] } ?? selection.letters(on: desk)
      guard !dryRun else { return report("would replay", letters) }
      let store = try await connections.migratedStore()
      for letter in letters { try desk.replay(letter, with: mended, by: operatorName, reason: because, store) }
      report("replayed", letters)
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Throws letters away, for a reason that is kept.")

    @OptionGroup var connections: Connections
    @Argument(help: "The letters' ids.") var letters: [String]
    @Option(help: "Why: it is kept with who did it.") var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func run() async throws {
      let desk = try DeadLetterDesk(try await connections.broker())
      let all = try desk.letters(limit: Selection.reach)
      let chosen = try letters.map { id in
        guard let letter = all.first(where: { $0.id == id }) else { throw ValidationError("no dead letter \(id)") }
        return letter
      }
      guard !dryRun else { return report("would discard", chosen) }
      let store = try await connections.migratedStore()
      for letter in chosen { try desk.discard(letter, by: operatorName, reason: because, store) }
      report("discarded", chosen)
    }
  }

  /// Which letters.
  struct Selection: ParsableArguments {
    @Option(help: "Only letters of this queue, e.g. duban.complaints.") var queue: String?
    @Option(help: "Only letters with this reason, e.g. unknown-source.") var reason: String?
    @Option(help: "At most so many letters of each queue.") var limit = 100

    /// How many letters of a queue are searched for one by its id.
    static let reach = 100_000

    func letters(on desk: DeadLetterDesk) throws -> [FiledLetter] {
      try desk.letters(limit: limit).filter { letter in
        (queue == nil || [letter.queue.name, letter.queue.deadLetterQueue].contains(queue))
          && (reason == nil || letter.reason == reason)
      }
    }

    static func one(_ id: String, on desk: DeadLetterDesk) throws -> FiledLetter {
      guard let letter = try desk.letters(limit: reach).first(where: { $0.id == id }) else {
        throw ValidationError("no dead letter \(id)")
      }
      return letter
    }
  }
}

private func report(_ what: String, _ letters: [FiledLetter]) {
  for letter in letters { print("\(what) \(letter.id) (\(letter.reason))") }
  if letters.isEmpty { print("no letter is selected") }
}

/// A dead letter as it is printed.
private struct LetterView: Encodable {
  var letter, queue, reason, pointer, detail, firstSeen, worker, routingKey: String

  init(_ filed: FiledLetter) {
    (letter, queue, reason, pointer) = (filed.id, filed.queue.deadLetterQueue, filed.reason, filed.pointer)
    (detail, firstSeen, worker, routingKey) = (filed.detail, filed.firstSeen, filed.worker, filed.routingKey)
  }
}
