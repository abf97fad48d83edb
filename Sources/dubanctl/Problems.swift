// dubanctl problems: the ledger of problems (问题台账) and the table of a month, as an office files them.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Problems: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The ledger of problems (问题台账, 销号): every problem with its number, and the figures of a month.",
    subcommands: [Ledger.self, Month.self], defaultSubcommand: Ledger.self)

  struct Ledger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ledger",
      abstract: "Lists problems in the order of their numbers (附件3 具体问题台账).",
      discussion: """
        A problem keeps its number (立账编号) for good. What was withdrawn, and what was merged into another problem, is not on the ledger. \
        Without options, problems that are open, of every district.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "Only those of this district, by its name.") var district: String?
    @Flag(help: "Also those that are 销号.") var all = false
    @Flag(help: "As CSV, for a spreadsheet.") var csv = false

    func validate() throws {
      if csv && output.json { throw ValidationError("--csv or --json: leave one of them out") }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      let (references, now) = try store.referencesInForce()
      let organ = try district.flatMap { try references.directory.ids(of: $0, "--district") { $0.tier == .district }.first }
      let lines = try store.problems(of: organ, in: references, now: now)
        .map { ProblemLine($0.key, $0.1, in: references.directory, now: now) }.filter { all || $0.isOpen }
      try output.print(lines, ProblemLine.table(lines), csv: csv, empty: all ? "no problem on the ledger" : "no open problem")
    }
  }

  struct Month: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "month",
      abstract: "Counts the problems of a month by category (附件2 整改进度月报表).",
      discussion: """
        期初未销号 + 本月新增 + 反弹 − 本月销号 = 期末未销号, and 累计立账 − 累计销号 = 期末未销号. Times are those at which it happened; what is heard \
        later changes the figures. A report that is due before the month ends has its own period: --from and --to, both days included.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "The month, such as 2026-11; without it the present one, up to now.", transform: readMonth) var month:
      Range<Instant>?
    @Option(help: "The first day of a period, such as 2026-10-26.", transform: readDay) var from: Instant?
    @Option(help: "Its last day (数据截止日).", transform: readDay) var to: Instant?
    @Option(help: "Only those of this district, by its name.") var district: String?
    @Flag(help: "As CSV, for a spreadsheet.") var csv = false

    func validate() throws {
      if csv && output.json { throw ValidationError("--csv or --json: leave one of them out") }
      if (from == nil) != (to == nil) { throw ValidationError("--from and --to belong together: name both days") }
      if month != nil && from != nil { throw ValidationError("name a month, or --from and --to") }
      if let from, let to, to < from { throw ValidationError("--to is before --from; name the first day, then the last") }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      let (references, now) = try store.referencesInForce()
      let organ = try district.flatMap { try references.directory.ids(of: $0, "--district") { $0.tier == .district }.first }
      let period = from.flatMap { from in to.map { from..<$0 + .days(1) } } ?? month ?? Self.month(of: now)
      guard period.lowerBound < now else {
        throw ValidationError("the period has not begun; name one that has, such as the present month")
      }
      let table = ProblemTable(
        try store.problems(of: organ, in: references, now: now).map(\.1),
        of: references.policies.current.categories?.map(\.categories) ?? [], from: period.lowerBound, to: period.upperBound,
        now: now)
      try output.print(MonthView(table), table.table(in: references.directory), csv: csv, empty: "no problem on the ledger")
    }

    private static func month(of time: Instant) -> Range<Instant> {
      let date = ShanghaiTime(time)
      return range(date.year, date.month)
    }

    fileprivate static func range(_ year: Int, _ month: Int) -> Range<Instant> {
      let next = month == 12 ? (year + 1, 1) : (year, month + 1)
      return ShanghaiTime(year: year, month: month, day: 1).instant..<ShanghaiTime(year: next.0, month: next.1, day: 1).instant
    }
  }

  /// For programs.
  private struct MonthView: Encodable {
    struct Row: Encodable {
      var category: String?
      var openAtStart, raised, rebounded, due, closed, closedInTime, openAtEnd, overdueAtEnd, everRaised, everClosed: Int
      var closedShare, closedInTimeShare: String

      init(_ row: ProblemTable.Row) {
        (category, openAtStart, raised, rebounded) = (row.category, row.openAtStart, row.raised, row.rebounded)
        (due, closed, closedInTime, openAtEnd) = (row.due, row.closed, row.closedInTime, row.openAtEnd)
        (overdueAtEnd, everRaised, everClosed) = (row.overdueAtEnd, row.everRaised, row.everClosed)
        (closedShare, closedInTimeShare) = (row.closedShare, row.closedInTimeShare)
      }
    }

    var rows: [Row]
    var sum: Row

    init(_ table: ProblemTable) { (rows, sum) = (table.rows.map(Row.init), Row(table.sum)) }
  }
}

private func readMonth(_ text: String) throws -> Range<Instant> {
  let parts = text.split(separator: "-", omittingEmptySubsequences: false)
  guard parts.count == 2, parts[0].count == 4, parts[1].count == 2, let year = Int(parts[0]), let month = Int(parts[1]),
    (1...12).contains(month)
  else { throw ValidationError("'\(text)' is no month; write it as 2026-11") }
  return Problems.Month.range(year, month)
}

private func readDay(_ text: String) throws -> Instant {
  guard let time = Instant(rfc3339: text + "T00:00:00+08:00") else {
    throw ValidationError("'\(text)' is no day; write it as 2026-11-25")
  }
  return time
}

extension Output {
  /// As JSON, as CSV, or as a table.
  fileprivate func print(_ value: some Encodable, _ table: OfficeTable, csv: Bool, empty: String) throws {
    if csv { return Swift.print(table.csv, terminator: "") }
    let cut: Set<Int> = Set(
      table.heading.indices.filter { ["具体问题及部位", "整改措施", "主要举措", "牵头单位", "责任单位"].contains(table.heading[$0]) })
    try print(
      value, table: Table(heading: table.heading, rows: table.rows, empty: empty, mayBeCut: cut).fitted(to: terminalWidth))
  }
}
