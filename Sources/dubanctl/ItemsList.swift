// dubanctl items list: what is in work, the most urgent first, for whoever presses it.

import ArgumentParser
import Duban
import DubanReading
import DubanStore
import FoundationEssentials

extension Items {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists items, the most urgent first: what is overdue (逾期), what falls due, and the rest.",
      discussion: """
        Times are those of Asia/Shanghai. `due` is the responsible unit's (承办) deadline: the one that it let pass while the item is overdue, \
        else the next. What was done late is not overdue any more; `breaches list` has it. While the clocks are stopped (中止计时, 重复件) an \
        item is not overdue, and stands behind those whose clocks run. On a terminal long texts are cut to its width; --json has all of them.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "complaint, inspection, funding or reminder.") var kind: Kind?
    @Option(help: "awaited, open, responded, merged or closed.") var phase: Item.Phase?
    @Option(help: "street, district or city: the tier that supervises it (督办), or is responsible (承办) where none does.") var tier:
      Tier?
    @Option(help: "Only those in this district, by its name.") var district: String?
    @Option(help: "Only those in this street (街道), by its name.") var street: String?
    @Option(help: "Only those that this unit or organ is responsible for (承办), by its name.") var unit: String?
    @Option(help: "Only those that are not overdue and fall due within this time, such as 30m, 48h or 2d.", transform: span)
    var dueWithin: Span?
    @Flag(help: "Only those that are overdue (逾期): a deadline of the responsible unit has passed, and what was due is not done.")
    var overdue = false
    @Flag(help: "Only those in work whose street or unit the directory does not know (待派).") var unassigned = false
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 50
    @Option(help: "zh or en; the language of the locale if left out.") var lang: Language?

    func validate() throws {
      if overdue && dueWithin != nil {
        throw ValidationError("--due-within lists what is not overdue yet, --overdue what is: leave out one of them")
      }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      try store.useIndexes()
      let (directory, now) = (try store.directory(), try store.now())
      let filter = try filter(directory)
      let items = try store.items(filter, at: now)
      // Where they are in upstream's words: only what is 待派 needs it.
      let regions = try unassigned ? store.openingRegions(of: items.map(\.summary.matter)) : [:]
      let lines = items.map { ItemLine($0, region: regions[$0.summary.matter.id], in: directory, now: now) }
      let language = lang ?? Language(environment: ProcessInfo.processInfo.environment)
      try output.print(lines, table: itemTable(lines, ItemLine.columns + (unassigned ? [.region, .meant] : []), in: language))
      let bound = max(10_000, limit)
      let count = lines.count < limit ? lines.count : try store.itemCount(filter, at: now, upTo: bound + 1)
      guard lines.count < count else { return }
      switch language {
      case .zh: warn("共\(count > bound ? "超过\(bound)" : "\(count)")件，列出\(lines.count)件；--limit 可多列")
      case .en: warn("\(lines.count) of \(count > bound ? "more than \(bound)" : "\(count)") shown; --limit shows more")
      }
    }

    private func filter(_ directory: Directory) throws -> ItemFilter {
      var filter = ItemFilter()
      (filter.kind, filter.phase, filter.tier) = (kind, phase, tier)
      (filter.dueWithin, filter.overdueOnly, filter.unassignedOnly, filter.limit) = (dueWithin, overdue, unassigned, limit)
      filter.districts = try district.map { try directory.ids(of: $0, "--district") { $0.tier == .district } }
      filter.streets = try street.map { try directory.ids(of: $0, "--street") { $0.tier == .street } }
      filter.responsible = try unit.map { try directory.ids(of: $0, "--unit") { _ in true } }
      return filter
    }
  }
}

/// Items as a table, with their texts cut to the terminal.
func itemTable(_ lines: [ItemLine], _ columns: [ItemLine.Column], in language: Language) -> Table {
  Table(
    heading: columns.map { $0.heading(in: language) }, rows: lines.map { line in columns.map { line.cell($0, in: language) } },
    empty: language == .zh ? "无" : "none", mayBeCut: Set(columns.indices.filter { columns[$0].mayBeCut }))
}

extension Directory {
  /// The organs that go by a name, of those that an option is about: streets of two districts may have one name.
  func ids(of name: String, _ option: String, among isMeant: (Organ) -> Bool) throws -> [Int64] {
    let organs = organs.values.filter(isMeant)
    let ids = organs.filter { $0.name == name }.map(\.id)
    guard ids.isEmpty else { return ids.sorted() }
    let similar = Set(organs.map(\.name).filter { $0.contains(name) || name.contains($0) }).sorted().prefix(10)
    let remedy = similar.isEmpty ? "write the name as the directory file does" : "write \(similar.joined(separator: " or "))"
    throw ValidationError("\(option): the directory does not know \(name); \(remedy)")
  }
}

/// A length of time: the transform of `--due-within`.
private func span(_ text: String) throws -> Span {
  guard let span = Span(text: text) else { throw ValidationError("write a length of time like 30m, 48h or 2d") }
  return span
}
