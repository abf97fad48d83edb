// The calendar of workdays (工作日): Monday to Friday, corrected by the State Council's annual announcements. Looking up a day
// takes one or two accesses to precomputed tables; nothing loops over days.

/// The workdays: Monday to Friday, without the statutory holidays (放假), with the make-up workdays (调休).
///
/// For a year that is not announced yet, only Monday to Friday are known, and results that depend on it are provisional. Days
/// are days in Asia/Shanghai, numbered from 1970-01-01. A value; use it from any thread.
public struct WorkCalendar: Hashable, Sendable {
  /// The announced kind of a day.
  public enum Kind: String, Hashable, Sendable {
    /// 放假: no work, on any day of the week.
    case holiday
    /// 调休: a Saturday or Sunday that is a workday.
    case workday
  }

  /// The announcement of a day: its kind, and its name such as 春节 or 国庆节调休.
  public struct Announcement: Hashable, Sendable {
    public var kind: Kind
    public var name: String

    public init(kind: Kind, name: String) {
      (self.kind, self.name) = (kind, name)
    }
  }

  /// The version number of the calendar; 0 for ``unannounced``.
  public var version: Int
  /// The years with at least one announced day, ascending.
  public let announcedYears: [Int]

  let announcements: [Int: Announcement]
  /// The number of the first announced day.
  private let first: Int
  /// For each day from ``first`` to the one after the last announced: the number of workdays before it.
  private let ranks: [Int]
  /// The workdays from ``first`` to the last announced day.
  private let listed: [Int]
  /// The number of workdays minus the number of plain weekdays, in total.
  private let surplus: Int

  /// The calendar before any year is announced: Monday to Friday.
  public static let unannounced = WorkCalendar(version: 0, announcements: [:])

  /// Makes a calendar from announced days, by day number.
  init(version: Int, announcements: [Int: Announcement]) {
    self.version = version
    self.announcements = announcements
    announcedYears = Set(announcements.keys.map { ShanghaiTime.date(ofDay: $0).year }).sorted()
    let first = announcements.keys.min() ?? 0
    let end = announcements.keys.max().map { $0 + 1 } ?? first
    var ranks = [Self.weekdays(before: first)]
    var listed: [Int] = []
    for day in first..<end {
      let isWorkday = announcements[day].map { $0.kind == .workday } ?? Self.isWeekday(day)
      if isWorkday { listed.append(day) }
      ranks.append(ranks[0] + listed.count)
    }
    surplus = ranks[0] + listed.count - Self.weekdays(before: end)
    (self.first, self.ranks, self.listed) = (first, ranks, listed)
  }

  /// The announced days in order. Each date is at 00:00 in Asia/Shanghai.
  public var announcedDays: [(date: ShanghaiTime, announcement: Announcement)] {
    announcements.sorted { $0.key < $1.key }.map { day, announcement in
      let (year, month, date) = ShanghaiTime.date(ofDay: day)
      return (ShanghaiTime(year: year, month: month, day: date), announcement)
    }
  }

  /// Whether at least one day of the year is announced.
  public func isAnnounced(year: Int) -> Bool { announcedYears.contains(year) }

  /// Returns the year that should be announced at `now` but is not: the current year, or in its last 60 days the next one.
  ///
  /// The State Council announces a year in November of the year before, so Duban starts to ask 60 days ahead (2 November).
  public func yearToImport(at now: Instant) -> Int? {
    let year = ShanghaiTime(now).year
    if !isAnnounced(year: year) { return year }
    let isNear = ShanghaiTime(year: year + 1, month: 1, day: 1).instant - now <= .days(60)
    return isNear && !isAnnounced(year: year + 1) ? year + 1 : nil
  }

  /// The days that are workdays in exactly one of the two calendars, in order. Each date is at 00:00 in Asia/Shanghai.
  public func days(unlike other: WorkCalendar) -> [ShanghaiTime] {
    Set(announcements.keys).union(other.announcements.keys).filter { isWorkday($0) != other.isWorkday($0) }.sorted().map {
      let (year, month, date) = ShanghaiTime.date(ofDay: $0)
      return ShanghaiTime(year: year, month: month, day: date)
    }
  }

  // MARK: - Days

  func isWorkday(_ day: Int) -> Bool { rank(of: day + 1) > rank(of: day) }

  /// Returns the number of workdays before a day, counted from the Monday after the epoch; negative before that.
  func rank(of day: Int) -> Int {
    let offset = day - first
    if offset <= 0 { return Self.weekdays(before: day) }
    return offset < ranks.count ? ranks[offset] : Self.weekdays(before: day) + surplus
  }

  /// Returns the workday with this rank. For any day, `workday(rank(of: day))` is the day itself if it is a workday, else the
  /// next workday.
  func workday(_ rank: Int) -> Int {
    let offset = rank - ranks[0]
    if offset < 0 { return Self.weekday(rank) }
    return offset < listed.count ? listed[offset] : Self.weekday(rank - surplus)
  }

  /// Returns why a day is a workday or not: its announced name, 周末 for a plain weekend, nil for a plain weekday.
  func reason(for day: Int) -> String? {
    announcements[day]?.name ?? (Self.isWeekday(day) ? nil : "周末")
  }

  // MARK: - Plain weeks

  /// 1970-01-05, a Monday. Ranks are counted from it.
  private static let monday = 4

  static func isWeekday(_ day: Int) -> Bool { (day - monday).flooredDivision(by: 7).remainder < 5 }

  private static func weekdays(before day: Int) -> Int {
    let (weeks, days) = (day - monday).flooredDivision(by: 7)
    return weeks * 5 + min(days, 5)
  }

  /// The inverse of ``weekdays(before:)``.
  private static func weekday(_ rank: Int) -> Int {
    let (weeks, days) = rank.flooredDivision(by: 5)
    return weeks * 7 + days + monday
  }
}
