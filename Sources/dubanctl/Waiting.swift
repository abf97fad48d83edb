// dubanctl waiting: entries that do not count, and what an operator can do about them.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Waiting: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Events that wait for their item; those that wait longer than the policy's `waiting` are flagged.",
    discussion: """
      An event waits because its item's opening has not come, or the part of the unit that it names; when that comes, it counts. Where it does \
      not come, ask the upstream system to send it, under the source and number shown. An event that will never count is set aside by \
      `waiting discard`, and `waiting history` shows by whom and why. Events that cannot count as things stand are listed with --inapplicable, \
      each with its reason: they count by themselves if something earlier is heard that allows it.
      """,
    subcommands: [List.self, Show.self, Discard.self, History.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists waiting events, the longest waiting first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Flag(help: "Only those that are flagged: they have waited longer than the policy in force allows.") var overdue = false
    @Flag(help: "Those that cannot count instead, the latest first, with the reason of each.") var inapplicable = false
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 50

    func validate() throws {
      if overdue && inapplicable { throw ValidationError("--overdue is about events that wait; leave out --inapplicable") }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      let entries =
        inapplicable ? try store.inapplicableEntries(limit: limit) : try store.waitingEntries(overdueOnly: overdue, limit: limit)
      let views = entries.map(IdleEntryView.init)
      try output.print(
        views,
        table: Table(
          heading: ["event", "item", "item is", "type", "from", "message", "since"]
            + (inapplicable ? ["reason", ""] : ["flagged"]),
          rows: views.map { event in
            [
              event.event, "\(event.item)", event.phase, event.type, event.source, event.messageID, event.since.rfc3339,
            ] + (inapplicable ? [event.reason ?? "–", event.detail ?? "–"] : [event.flaggedAt?.rfc3339 ?? "–"])
          }, empty: inapplicable ? "every event counts, or waits" : "no event waits"))
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows an event that does not count, and why.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "ITEM/NUMBER, as `waiting list` shows it.") var event: String

    func run() async throws {
      let store = try await connections.migratedStore()
      let view = IdleEntryView(try store.idleEntry(named: event))
      try output.print(
        view,
        table: Table(
          heading: ["", ""],
          rows: [
            ["event", view.event], ["item", "\(view.item), which is \(view.phase)"], ["type", view.type], ["from", view.source],
            ["message", view.messageID], ["happened", view.occurredAt.rfc3339], ["came", view.since.rfc3339],
            ["flagged", view.flaggedAt?.rfc3339 ?? "–"],
            ["reason", view.reason.map { "\($0) at \(view.pointer ?? ""): \(view.detail ?? "")" } ?? "it waits"],
          ]))
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sets events aside that do not count, for a reason that is kept. They will not count, whatever comes.")

    @OptionGroup var connections: Connections
    @Argument(help: "The events: ITEM/NUMBER, as `waiting list` shows them.") var events: [String]
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func run() async throws {
      let store = try await connections.migratedStore()
      let found = try events.map(store.idleEntry)
      for entry in found {
        if !dryRun { try store.setAside(entry.number, of: entry.itemID, by: operatorName, reason: because) }
        print(
          "\(dryRun ? "would set aside" : "set aside") \(entry.itemID)/\(entry.number) (\(entry.type) of \(entry.item))")
      }
    }
  }

  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows which events were set aside, by whom and why.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "How many at most, the latest first.", transform: oneOrMore) var limit = 50

    func run() async throws {
      let views = try await connections.migratedStore().entriesSetAside(limit: limit).map(SetAsideView.init)
      try output.print(
        views,
        table: Table(
          heading: ["when", "who", "item", "type", "from", "message", "why"],
          rows: views.map { [$0.at.rfc3339, $0.by, "\($0.item)", $0.type, $0.source, $0.messageID, $0.reason] },
          empty: "no event was ever set aside"))
    }
  }
}

extension Store {
  /// The event that an operator names as ITEM/NUMBER, and that does not count.
  fileprivate func idleEntry(named name: String) throws -> IdleEntry {
    let missing = ValidationError("no event \(name) that does not count; `waiting list` shows their names; nothing was changed")
    guard let slash = name.lastIndex(of: "/"), let number = Int32(name[name.index(after: slash)...]),
      let item = try item(named: String(name[..<slash])), let entry = try idleEntry(number, of: item.matter.id),
      entry.verdict != .setAside && entry.verdict != .applied
    else { throw missing }
    return entry
  }
}
