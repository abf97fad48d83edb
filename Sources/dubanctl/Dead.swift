// dubanctl dead: dead letters as casework.

import AMQP
import ArgumentParser
import Duban
import DubanBroker
import DubanStore
import Glibc

struct Dead: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Dead letters: list, show, replay (corrected or as they are), discard, and who did that.",
    discussion: """
      Each is dealt with once, and it is recorded who did what. What is only looked at stays where it is, in its order; while one operator's \
      command looks through a queue, another's does not see what it holds. Who a person is, is taken from SUDO_USER or USER.
      """,
    subcommands: [List.self, Show.self, Replay.self, Discard.self, History.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists dead letters with the reason of each, oldest first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @OptionGroup var filter: Filter
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 100

    func run() async throws {
      let queues = try DeadLetterQueues(try await connections.broker())
      defer { queues.close() }
      var letters: [LetterView] = []
      var hasMore = false
      try queues.look(in: filter.queues()) { letter in
        guard filter.matches(letter) else { return true }
        hasMore = letters.count >= limit
        if !hasMore { letters.append(LetterView(letter)) }
        return !hasMore
      }
      try output.print(
        letters,
        table: Table(
          heading: ["letter", "queue", "reason", "pointer", "first seen", "worker", "detail"],
          rows: letters.map { [$0.letter, $0.queue, $0.reason, $0.pointer, $0.firstSeen, $0.worker, $0.detail] },
          empty: "no dead letters"))
      if hasMore { complain("there are more; --limit shows them") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints a letter's body as it came, to be corrected in a file; its other data are shown with --json.",
      discussion: """
        What may come from a confidential source (12388) is printed only with --confidential, and only to a database user who may see that \
        source's items. So is what cannot be read as far as its source, where any source is confidential. This holds for dubanctl: who may \
        read the dead-letter queues on the broker sees all that is in them.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "The letter's id.") var letter: String
    @Flag(help: "Print what may come from a confidential source.") var confidential = false

    func run() async throws {
      let queues = try DeadLetterQueues(try await connections.broker())
      defer { queues.close() }
      var found: FiledLetter?
      try queues.look(in: DubanTopology.intakeQueues) { candidate in
        if candidate.id == letter { found = candidate }
        return found == nil
      }
      guard let found else { throw ValidationError("no dead letter \(letter)") }
      guard !output.json else { return try output.print(LetterView(found), table: Table(heading: [], rows: [])) }
      let store = try await connections.migratedStore()
      if try !found.isOpen(in: store.directory()) {
        guard confidential else {
          throw ValidationError(
            "letter \(letter) may be a confidential source's; --confidential prints it to those who may see it")
        }
        guard try store.maySeeConfidential() else {
          throw ValidationError(
            "letter \(letter) may be a confidential source's, and the database user is not a member of duban_confidential")
        }
      }
      print(String(decoding: found.body, as: UTF8.self))
    }
  }

  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Publishes letters to intake again, oldest first, and takes them out of the dead-letter queue.")

    @OptionGroup var connections: Connections
    @OptionGroup var selection: Selection
    @Option(help: "A file with the corrected body, for one letter.") var body: String?
    @Option(help: "Why, without anything personal, for the record.", transform: reason) var because: String?
    @Flag(help: "Also where a copy of the letter was published before.") var again = false
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func validate() throws {
      if body != nil && selection.letters.count != 1 { throw ValidationError("--body corrects one letter: name it") }
    }

    func run() async throws {
      let mended = try body.map { Array(try readFile($0).utf8) }
      try await selection.deal(connections, did: "replayed", would: dryRun ? "would replay" : nil) { letter, queues, store in
        if dryRun {
          let action = letter.action(mended == nil ? .replayed : .mended, by: operatorName, reason: because)
          if let objection = try store.objection(to: action, again: again) { throw objection }
        } else {
          try queues.replay(letter, with: mended, by: operatorName, reason: because, again: again, store)
        }
      }
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Throws letters away, for a reason that is kept.")

    @OptionGroup var connections: Connections
    @OptionGroup var selection: Selection
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func run() async throws {
      try await selection.deal(connections, did: "discarded", would: dryRun ? "would discard" : nil) { letter, queues, store in
        if dryRun {
          let action = letter.action(.discarded, by: operatorName, reason: because)
          if let objection = try store.objection(to: action) { throw objection }
        } else {
          try queues.discard(letter, by: operatorName, reason: because, store)
        }
      }
    }
  }

  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows what was done with dead letters, by whom and why, the latest first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Only of this letter.") var letter: String?
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 100

    struct View: Encodable {
      var letter, queue, action, refusedFor: String
      var reason: String?
      var by, begunAt: String
      /// Absent where it is unknown whether it came to an end.
      var doneAt: String?
    }

    func run() async throws {
      let records = try await connections.migratedStore().deadLetterHistory(of: letter, limit: limit).map {
        View(
          letter: $0.letter, queue: $0.queue, action: $0.kind.rawValue, refusedFor: $0.refusedFor, reason: $0.reason, by: $0.by,
          begunAt: $0.begunAt.rfc3339, doneAt: $0.doneAt?.rfc3339)
      }
      try output.print(
        records,
        table: Table(
          heading: ["done", "who", "what", "letter", "queue", "refused for", "why"],
          rows: records.map {
            [
              $0.doneAt ?? "begun \($0.begunAt), end unknown", $0.by, $0.action, $0.letter, $0.queue, $0.refusedFor,
              $0.reason ?? "–",
            ]
          }, empty: "nothing was done with a dead letter yet"))
    }
  }

  /// Conditions on letters; all must hold.
  struct Filter: ParsableArguments {
    @Option(help: "Only letters of this queue, e.g. duban.complaints.") var queue: String?
    @Option(help: "Only letters with this reason, e.g. unknown-source.") var reason: String?

    var isEmpty: Bool { queue == nil && reason == nil }

    func validate() throws {
      // Those behind Duban's own are the broker's, of what it dead-lettered by itself.
      let reasons = Refusal.Reason.allCases.map(\.rawValue) + ["rejected", "expired", "maxlen", "delivery_limit", "unknown"]
      if let reason, !reasons.contains(reason) {
        throw ValidationError("no reason \(reason); there are \(reasons.joined(separator: ", "))")
      }
    }

    func queues() throws -> [DubanTopology.IntakeQueue] {
      guard let queue else { return DubanTopology.intakeQueues }
      let found = DubanTopology.intakeQueues.filter { [$0.name, $0.deadLetterQueue].contains(queue) }
      guard !found.isEmpty else {
        throw ValidationError("no queue \(queue); there are \(DubanTopology.intakeQueues.map(\.name).joined(separator: ", "))")
      }
      return found
    }

    func matches(_ letter: FiledLetter) -> Bool { reason == nil || letter.reason == reason }
  }

  /// The letters that are to be dealt with.
  struct Selection: ParsableArguments {
    @Argument(help: "The letters' ids; without them, all that --queue and --reason select.") var letters: [String] = []
    @OptionGroup var filter: Filter
    @Flag(help: "All letters of all queues.") var all = false

    func validate() throws {
      if letters.isEmpty && filter.isEmpty && !all {
        throw ValidationError("name letters, or select by --queue or --reason, or --all")
      }
    }

    /// Deals with each letter that is selected, oldest first, and says so; what is not done is said too, and ends the command
    /// with code 1, or 64 where a letter is not there.
    func deal(
      _ connections: Connections, did: String, would: String?, _ act: (FiledLetter, DeadLetterQueues, Store) throws -> Void
    ) async throws {
      let store = try await connections.migratedStore()
      let queues = try DeadLetterQueues(try await connections.broker())
      defer { queues.close() }
      var missing = Set(letters)
      var count = 0
      var isComplete = true
      try queues.look(in: filter.queues()) { letter in
        guard letters.isEmpty || missing.remove(letter.id) != nil, filter.matches(letter) else { return true }
        do {
          try act(letter, queues, store)
          count += 1
          print("\(would ?? did) \(letter.id) (\(letter.reason))")
        } catch let refusal as DeadLetterRefusal {
          isComplete = false
          complain("letter \(letter.id): \(refusal)")
        }
        return letters.isEmpty || !missing.isEmpty
      }
      if count == 0 && isComplete && missing.isEmpty { print("no letter is selected") }
      guard missing.isEmpty else { throw ValidationError("no dead letter \(missing.sorted().joined(separator: ", "))") }
      if !isComplete { throw ExitCode.failure }
    }
  }
}

/// Says on standard error what is not as it was asked for.
private func complain(_ text: String) {
  let line = Array((text + "\n").utf8)
  // If the reader is gone, the exit code still tells.
  _ = write(STDERR_FILENO, line, line.count)
}

/// A dead letter as it is printed: its marks, nothing of what it says.
private struct LetterView: Encodable {
  var letter, queue, reason, pointer, detail, firstSeen, worker, routingKey: String
  var traceparent: String?

  init(_ filed: FiledLetter) {
    (letter, queue, reason, pointer) = (filed.id, filed.queue.deadLetterQueue, filed.reason, filed.pointer)
    (detail, firstSeen, worker, routingKey) = (filed.detail, filed.firstSeen, filed.worker, filed.routingKey)
    traceparent = filed.traceparent
  }
}
