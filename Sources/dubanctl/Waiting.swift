// dubanctl waiting: events that came before their item, and what an operator can do about those whose item does not come.

import ArgumentParser
import Duban
import DubanStore

struct Waiting: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Events that wait for their item; those that wait longer than the policy's `waiting` are flagged.",
    discussion: """
      An event waits because its item's opening has not come, and is applied by itself when it does. Where it does not come, ask the \
      upstream system to send the opening, under the source and number shown; what waits for it is then applied in the order in which it \
      happened. Where the item has come and an event waits all the same, the event is of another kind than the item: ask upstream to \
      send the right one. An event whose item will never come is given up by `waiting discard`, and `waiting history` shows by whom and why.
      """,
    subcommands: [List.self, Discard.self, History.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists waiting events, the longest waiting first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Flag(help: "Only those that are flagged: they have waited longer than the policy in force allows.") var overdue = false
    @Option(help: "How many at most.") var limit = 50

    func run() async throws {
      let events = try await connections.migratedStore().waitingEvents(overdueOnly: overdue, limit: limit).map(View.init)
      try output.print(
        events,
        table: Table(
          heading: ["event", "item", "item is", "type", "from", "message", "since", "flagged"],
          rows: events.map { event in
            [
              "\(event.event)", "\(ItemKey(source: event.itemSource, subject: event.subject, unit: event.unit))", event.phase,
              event.type, event.source, event.messageID, event.since, event.flaggedAt ?? "–",
            ]
          }, empty: "no event waits"))
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Gives waiting events up, for a reason that is kept. Should the item come after all, it comes without them.")

    @OptionGroup var connections: Connections
    @Argument(help: "The events' numbers, as `waiting` lists them.") var events: [Int64]
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func run() async throws {
      let store = try await connections.migratedStore()
      let found = try store.waitingEvents(numbers: events)
      if let missing = events.first(where: { number in !found.contains { $0.number == number } }) {
        throw ValidationError("no waiting event \(missing); nothing was changed")
      }
      for event in found {
        if !dryRun { try store.discard(event, by: operatorName, reason: because) }
        print(
          "\(dryRun ? "would discard" : "discarded") \(event.number) (\(event.type) of \(event.item))"
        )
      }
    }
  }

  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows which waiting events were given up, by whom and why.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "How many at most, the latest first.") var limit = 50

    struct View: Encodable {
      var source, messageID, itemSource, subject, type, since, reason, by, at: String
      var unit: String?
    }

    func run() async throws {
      let rows = try await connections.migratedStore().discardedEvents(limit: limit).map {
        View(
          source: $0.key.source, messageID: $0.key.id, itemSource: $0.item.source, subject: $0.item.subject, type: $0.type,
          since: $0.since.rfc3339, reason: $0.reason, by: $0.by, at: $0.at.rfc3339, unit: $0.item.unit)
      }
      try output.print(
        rows,
        table: Table(
          heading: ["when", "who", "item", "type", "from", "message", "why"],
          rows: rows.map {
            [
              $0.at, $0.by, "\(ItemKey(source: $0.itemSource, subject: $0.subject, unit: $0.unit))", $0.type, $0.source,
              $0.messageID, $0.reason,
            ]
          },
          empty: "no waiting event was ever given up"))
    }
  }

  /// A waiting event as it is printed.
  private struct View: Encodable {
    var event: Int64
    var source, messageID, itemSource, subject, phase, type, occurredAt, since: String
    /// The unit whose part it is about.
    var unit: String?
    var flaggedAt: String?

    init(_ row: WaitingRow) {
      event = row.number
      (source, messageID, itemSource, subject) = (row.key.source, row.key.id, row.item.source, row.item.subject)
      unit = row.item.unit
      (phase, type, occurredAt) = (row.phase.rawValue, row.type, row.occurredAt.rfc3339)
      (since, flaggedAt) = (row.since.rfc3339, row.flaggedAt?.rfc3339)
    }
  }
}
