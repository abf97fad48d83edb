// dubanctl breaches: what was not done in time, and what a person decides about it (维持认定, 申诉成立, 免予计入).

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Breaches: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Breaches (逾期) on record, and decisions about them.",
    discussion: """
      A breach that only what was heard beyond the tolerance speaks against is contested (待核定): it counts until a person upholds it (维持认定) or \
      lifts it (申诉成立). A breach that happened and shall not count is excused (免予计入). Nothing is deleted: each decision is kept with \
      who made it and why.
      """,
    subcommands: [List.self, Show.self, Uphold.self, Lift.self, Excuse.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists breaches, the latest found first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "Only those of this item.") var item: String?
    @Flag(help: "Only those that wait for a decision (待核定).") var contested = false
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 50

    func run() async throws {
      let store = try await connections.migratedStore()
      let summary = try item.map(store.find)
      let rows = try store.breaches(of: summary?.matter.id, status: contested ? .contested : nil, limit: limit)
        .filter { row in summary?.unit.map { $0 == row.breach.lapse.step.unit } ?? true }
      let views = rows.map { BreachView($0) }
      try output.print(views, table: breachTable(views))
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows a breach and its record.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @OptionGroup var breach: BreachName

    func run() async throws {
      let store = try await connections.migratedStore()
      let item = try store.find(breach.item).matter.id
      guard let row = try store.breaches(of: item, status: nil, limit: .max).first(where: { $0.breach.number == breach.number })
      else { throw ValidationError("item \(breach.item) has no breach \(breach.number)") }
      let detail = BreachDetail(row, try store.findings(of: item, breach: breach.number))
      try output.print(
        detail,
        table: Table(heading: ["", ""], rows: detail.breach.lines.map { [$0.name, $0.text] } + [["", ""]]))
      guard !output.json else { return }
      print(
        Table(
          heading: ["when", "what", ""], rows: detail.history.map { [$0.at.rfc3339, $0.type, $0.summary] }, empty: "no record"
        ).text)
    }
  }

  struct Uphold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Decides that a contested breach counts (维持认定).")

    @OptionGroup var act: Act

    func run() async throws { try await act.decide(.uphold) }
  }

  struct Lift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Decides that a breach did not happen (申诉成立).")

    @OptionGroup var act: Act

    func run() async throws { try await act.decide(.lift) }
  }

  struct Excuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Decides that a breach happened and does not count (免予计入).")

    @OptionGroup var act: Act

    func run() async throws { try await act.decide(.excuse) }
  }

  struct BreachName: ParsableArguments {
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER.") var item: String
    @Argument(help: "The breach's number within the item.") var number: Int32
  }

  /// What every decision needs.
  struct Act: ParsableArguments {
    @OptionGroup var connections: Connections
    @OptionGroup var breach: BreachName
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String

    func decide(_ decision: Breach.Decision) async throws {
      let store = try await connections.migratedStore()
      let summary = try store.find(breach.item)
      try store.decide(decision, on: breach.number, of: summary.matter.id, by: operatorName, because: because)
      print("breach \(breach.number) of \(summary.matter.key): \(decision.rawValue) (\(decision.chinese))")
    }
  }
}

func breachTable(_ breaches: [BreachView]) -> Table {
  Table(
    heading: ["item", "breach", "status", "clock", "owed by", "due", "found", "slip"],
    rows: breaches.map {
      [
        $0.item, "\($0.number)", $0.statusText, $0.clockText, $0.owner, $0.dueAt.rfc3339, $0.foundAt.rfc3339, $0.slipText ?? "–",
      ]
    }, empty: "no breach")
}
