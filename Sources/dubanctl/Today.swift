// dubanctl today: what is due today, overdue and new, by district, for the office.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Today: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows by district what is due today (今日到期), overdue (逾期), new (今日新增) and to be reviewed (挂账待复核), in Chinese.",
    discussion: """
      The day is that of the database's clock in Asia/Shanghai, and ends at 24:00. 今日到期: not overdue, and due by then. 逾期: a deadline of the \
      responsible unit (承办) has passed, and what was due is not done. 今日新增: opened on the day, whatever became of it; a matter with parts \
      counts once. 挂账待复核: parked, and its review is due by then or was due before. What is stopped (中止计时, 重复件) is neither due nor \
      overdue. In each list the most urgent come first.
      """)

  @OptionGroup var connections: Connections
  @OptionGroup var output: Output
  @Option(help: "How many items of each list at most; the counts are of all.", transform: oneOrMore) var limit = 20

  func run() async throws {
    let store = try await connections.migratedStore()
    try store.useIndexes()
    let (directory, now) = (try store.directory(), try store.now())
    let view = DayView(try store.items(at: now, day: DayView.day(of: now), limit: limit), in: directory, now: now)
    let counts = view.counts
    if !output.json { print(view.title + "\n") }
    try output.print(view, table: Table(heading: counts.heading, rows: counts.rows))
    guard !output.json else { return }
    for district in view.districts where district.sections.contains(where: { $0.section.count > 0 }) {
      print("\n【\(district.name)】")
      for (name, section) in district.sections where section.count > 0 {
        let left = section.count - section.items.count
        print("\(name)\(section.count)件" + (left > 0 ? "（另有\(left)件未列，--limit 可多列）" : ""))
        let columns = Self.columns + (section.items.contains(where: \.item.isParked) ? [.stage, .review] : [])
        print(itemTable(section.items, columns, in: .zh).fitted(to: terminalWidth).text)
      }
    }
  }

  private static let columns: [ItemLine.Column] = [
    .number, .title, .street, .category, .responsible, .supervisor, .phase, .due, .overdue,
  ]
}
