// dubanctl items and notices: what Duban holds, and what happened to it.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Items: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Items (件) and their timelines.", subcommands: [List.self, Due.self, Show.self, Explain.self, Assign.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists items, the most urgent first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "complaint, inspection, funding or reminder.") var kind: Kind?
    @Option(help: "awaited, open, responded, merged or closed.") var phase: Item.Phase?
    @Option(help: "street, district or city: the tier that supervises it (督办), or is responsible (承办) where none does.") var tier:
      Tier?
    @Flag(help: "Only those that let a deadline pass and are not closed.") var overdue = false
    @Flag(help: "Only those whose street or unit the directory does not know (待派).") var unassigned = false
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 50

    func run() async throws {
      var filter = ItemFilter()
      (filter.kind, filter.phase, filter.tier) = (kind, phase, tier)
      (filter.overdueOnly, filter.unassignedOnly, filter.limit) = (overdue, unassigned, limit)
      let store = try await connections.migratedStore()
      let items = try unassigned ? store.unassignedItems(filter) : store.items(filter).map(ItemView.init)
      try output.print(
        items,
        table: Table(
          heading: ["id", "number", "kind", "phase", "承办", "督办", "clock", "due", "overdue since", "climbs", "urged"]
            + (unassigned ? ["region", "meant perhaps"] : []),
          rows: items.map { i in
            [
              "\(i.id)", i.key.number, i.kind.rawValue, i.phase + (i.unassigned ? " 待派" : ""), i.responsible ?? "–",
              i.supervisor ?? "–", i.clock ?? "–", i.standing ?? "–", i.breachedAt?.rfc3339 ?? "–", "\(i.escalations)",
              "\(i.urgings)",
            ] + (unassigned ? [i.region ?? "–", i.suggestions?.joined(separator: ", ") ?? "–"] : [])
          }))
      let count = items.count < limit ? items.count : try store.itemCount(filter)
      if items.count < count { warn("\(items.count) of \(count) shown; --limit shows more") }
    }
  }

  struct Assign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Assigns items in work to the organs and units that the directory has now (派件), on record in their logs.",
      discussion: """
        Those that are 待派 go to their street and unit where the directory knows them by now. Those of an organ or unit that is retired go to \
        its successor, those of a street that was moved go with it. Clocks run on. `directory apply` and `directory retire` do this, too: run it \
        where one of them was cut short.
        """)

    @OptionGroup var connections: Connections

    func run() async throws { try await connections.migratedStore().assignItems() }
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
          "\(part.unit ?? ""): \(part.phase), \(part.standing.map { part.whyStopped ?? "due \($0)" } ?? "no deadline runs")",
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

  /// Items with the regions that their openings name, and what may have been meant by them.
  fileprivate func unassignedItems(_ filter: ItemFilter) throws -> [ItemView] {
    let (items, directory) = (try items(filter), try directory())
    let regions = try openingRegions(of: items.map(\.matter))
    return items.map { ItemView($0, region: regions[$0.matter.id], directory) }
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
