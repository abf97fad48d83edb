// What an office sees to today, by district: 今日到期, 逾期, 今日新增, 挂账待复核.

import Duban
import DubanStore

/// The day's list, as `dubanctl today` shows it.
public struct DayView: Encodable, Sendable {
  /// A section of a district's list: how many items there are, and the most urgent of them.
  public struct Section: Encodable, Sendable {
    public var count: Int
    public var items: [ItemLine]
  }

  public struct District: Encodable, Sendable {
    /// Nil for what is 待派 so that no district is known: it is with the city.
    public var district: String?
    public var due, overdue, opened, review: Section

    /// Its name, and for what has none where it is.
    public var name: String { district ?? "市级（待派）" }

    /// Its sections with their words, in their order.
    public var sections: [(name: String, section: Section)] {
      [("今日到期", due), ("逾期", overdue), ("今日新增", opened), ("挂账待复核", review)]
    }
  }

  /// The time by the database's clock.
  public var at: Instant
  /// Every district of the directory; last what has none, where there is any.
  public var districts: [District]

  public init(_ list: DayList, in directory: Directory, now: Instant) {
    at = now
    func district(_ id: Int64?) -> District {
      func section(_ section: DayList.Section) -> Section {
        let entry = list.entries[id]?[section] ?? .init()
        return Section(count: entry.count, items: entry.items.map { ItemLine($0, in: directory, now: now) })
      }
      return District(
        district: directory.name(of: id), due: section(.due), overdue: section(.overdue), opened: section(.opened),
        review: section(.review))
    }
    let known = directory.organs.values.filter { $0.tier == .district }.map(\.id).sorted()
    districts = (known + (list.entries[nil] == nil ? [] : [nil])).map(district)
  }

  /// From 00:00 to 24:00 of the day that a time is on, in Asia/Shanghai.
  public static func day(of time: Instant) -> Range<Instant> {
    let date = ShanghaiTime(time)
    let start = ShanghaiTime(year: date.year, month: date.month, day: date.day).instant
    return start..<start + .days(1)
  }

  /// 2026年11月24日督办事项（截至08:05）
  public var title: String { "\(ShanghaiTime(at).chineseDate)督办事项（截至\(at.minute.suffix(5))）" }

  /// How many items of each section there are in each district, and in all.
  public var counts: (heading: [String], rows: [[String]]) {
    func row(_ name: String, _ counts: [Int]) -> [String] { [name] + counts.map { "\($0)件" } }
    let counts = districts.map { $0.sections.map(\.section.count) }
    let sums = counts.reduce([0, 0, 0, 0]) { zip($0, $1).map(+) }
    return (
      ["县（市、区）", "今日到期", "逾期", "今日新增", "挂账待复核"],
      zip(districts, counts).map { row($0.name, $1) } + [row("合计", sums)]
    )
  }
}
