// dubanctl items and notices: what Duban holds, and what happened to it.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Items: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Items (件) and their timelines.", subcommands: [List.self, Due.self, Show.self, Explain.self, Assign.self])

  struct Assign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Assigns one item (派单, 改派), or all that the directory has organs and units for by now (补派), on record in their logs.",
      discussion: """
        With ITEM and --to the work of that item goes to an organ or a unit, as you decide: who has it from now on must take it on (签收), and what \
        the resident waits runs on. --final makes it 指定承办, which may not be sent back. To give a matter to the district or the city itself, name that. \
        A community (社区) is responsible where the policy's rule has starts-at: community; elsewhere its street is.

        Without ITEM: those that are 待派 go to their street and unit where the directory knows them by now. Those of an organ or unit that is retired go to \
        its successor, those of a street that was moved go with it. Clocks run on. `directory apply` and `directory retire` do this, too: run it \
        where one of them was cut short.
        """)

    @OptionGroup var connections: Connections
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER; all that are 待派 where it is left out.") var item: String?
    @Option(help: "An organ or unit, by its name, a full name such as 黄石港区胜阳港街道, its code or an alias.") var to: String?
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String?
    @Flag(help: "指定承办: it may not be sent back.") var final = false

    func validate() throws {
      if item != nil && (to == nil || because == nil) {
        throw ValidationError("name the organ or unit, and say why: --to … --because …")
      }
      if item == nil && (to != nil || because != nil || final) { throw ValidationError("say which item is to be assigned") }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      guard let item, let to, let because else { return try store.assignItems() }
      let directory = try store.directory()
      let organ = try directory.organ(asked: to)
      let summary = try store.find(item)
      if summary.unit != nil { throw ValidationError("\(item) is a unit's part; assign the whole, \(summary.matter.key)") }
      let after = try store.assign(
        summary.matter.id,
        Event.Assignment(to: organ, isFinal: final, because: because, by: operatorName, in: directory))
      print("\(after.key): 承办 \(directory.name(of: after.whole.cycle?.responsibleID) ?? "–")\(final ? "（指定承办）" : "")")
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows one item with its timeline.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER; of a unit's part with #UNIT behind.") var item: String

    func run() async throws {
      let store = try await connections.migratedStore()
      let summary = try store.find(item)
      let (references, now) = try store.referencesInForce()
      let detail = ItemDetail(
        summary, parts: summary.unit == nil ? try store.parts(of: summary.matter) : [], try store.record(of: summary.matter),
        references: references, now: now)
      let parts = detail.parts.map { part in
        [
          "part (协办)",
          "\([part.unit, part.person].compactMap(\.self).joined(separator: ", ")): \(part.phase), \(part.standing.map { part.whyStopped ?? "due \($0)" } ?? "no deadline runs")",
        ]
      }
      let lines = detail.lines.map { [$0.name, $0.text] } + parts
      try output.print(detail, table: Table(heading: ["", ""], rows: lines + [["", ""]]))
      guard !output.json else { return }
      if !detail.breaches.isEmpty { print(breachTable(detail.breaches).text + "\n") }
      print(
        Table(
          heading: ["#", "happened", "recorded", "event", "from"],
          rows: detail.timeline.map {
            [
              $0.number.map { "\($0)" } ?? "", $0.occurredAt.rfc3339, $0.recordedAt.rfc3339, $0.summary, $0.source ?? "duban",
            ]
          }
        ).text)
    }
  }
}

extension Store {
  /// Assigns items in work to the organs and units that the directory has now, and says how many.
  func assignItems() throws {
    let moved = try assignMoved()
    if moved > 0 { print("matters that follow their organ or unit: \(moved)") }
    let (assigned, unassigned) = try assignUnassigned()
    if assigned > 0 { print("items that were 待派 and are assigned now: \(assigned)") }
    if unassigned > 0 { print("items that are still 待派: \(unassigned); dubanctl items list --unassigned") }
  }

  /// The item that an operator names.
  func find(_ name: String) throws -> ItemSummary {
    guard let summary = try item(named: name) else { throw ValidationError("no item \(name)") }
    return summary
  }
}

struct Notices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "通报 and 约谈, the latest first.")

  @OptionGroup var connections: Connections
  @OptionGroup var output: Output
  @Option(help: "How many at most.", transform: oneOrMore) var limit = 20
  @Flag(help: "Print the texts too.") var text = false

  func run() async throws {
    struct View: Encodable {
      var reference, kind, status, organ, title, body, createdAt: String
    }
    let notices = try await connections.migratedStore().notices(limit: limit).map {
      View(
        reference: $0.reference, kind: $0.kind, status: $0.status, organ: $0.organ, title: $0.title, body: $0.body,
        createdAt: $0.createdAt.rfc3339)
    }
    try output.print(
      notices,
      table: Table(
        heading: ["made", "kind", "status", "to", "title"],
        rows: notices.map { [$0.createdAt, $0.kind, $0.status, $0.organ, $0.title] }))
    guard text && !output.json else { return }
    for notice in notices { print("\n\(notice.title)\n\(notice.body)") }
  }
}

extension Kind: ExpressibleByArgument {}
extension Item.Phase: ExpressibleByArgument {}
extension Tier: ExpressibleByArgument {}
