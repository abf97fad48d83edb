// The calendar of workdays (工作日): Monday to Friday, corrected by what the State Council announces each year.
// Every question is one or two look-ups in tables that are made once; nothing walks from day to day.

/// Which days are workdays: plain Monday to Friday, less the statutory holidays (放假), plus the make-up workdays (调休).
///
/// Where no year is announced yet, Monday to Friday is all that can be said, and what rests on it is provisional.
/// Days are days of Asia/Shanghai, numbered from 1970-01-01. A value; read it from any thread.
public struct WorkCalendar: Hashable, Sendable {
  /// What a day was announced as.
  public enum Kind: String, Hashable, Sendable {
    /// 放假: no work, on whatever day of the week.
    case holiday
    /// 调休: a Saturday or Sunday on which people work.
    case workday
  }

  /// A day that was announced, and under which name: 春节, 国庆节调休.
  public struct Announcement: Hashable, Sendable {
    public var kind: Kind
    public var name: String

    public init(kind: Kind, name: String) {
      (self.kind, self.name) = (kind, name)
    }
  }

  /// Which of the calendars that were ever in force this is.
  public var version: Int
  /// The years of which at least one day is announced, ascending.
  public let announcedYears: [Int]

  let announcements: [Int: Announcement]
  /// The number of the first announced day.
  private let first: Int
  /// For each day from ``first`` to the one after the last announced: how many workdays come before it.
  private let ranks: [Int]
  /// The workdays among the days from ``first`` to the last announced.
  private let listed: [Int]
  /// How many more workdays than plain weekdays there are in all.
  private let surplus: Int

  /// What is known before any year is announced: plain weeks.
  public static let unannounced = WorkCalendar(version: 0, announcements: [:])

  /// A calendar of announced days, by day number.
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

  /// The days that are announced, in order; each date in Asia/Shanghai, at 00:00.
  public var announcedDays: [(date: ShanghaiTime, announcement: Announcement)] {
    announcements.sorted { $0.key < $1.key }.map { day, announcement in
      let (year, month, date) = ShanghaiTime.date(ofDay: day)
      return (ShanghaiTime(year: year, month: month, day: date), announcement)
    }
  }

  public func isAnnounced(year: Int) -> Bool { announcedYears.contains(year) }

  /// The year that ought to be announced at a time and is not: the one that runs, or within 60 days before its start the one that comes.
  ///
  /// The State Council announces a year in November of the one before it, so 60 days (2 November) is when to begin to ask.
  public func yearToImport(at now: Instant) -> Int? {
    let year = ShanghaiTime(now).year
    if !isAnnounced(year: year) { return year }
    let isNear = ShanghaiTime(year: year + 1, month: 1, day: 1).instant - now <= .days(60)
    return isNear && !isAnnounced(year: year + 1) ? year + 1 : nil
  }

  /// The days that are workdays by one of two calendars and not by the other, in order; each date in Asia/Shanghai, at 00:00.
  public func days(unlike other: WorkCalendar) -> [ShanghaiTime] {
    Set(announcements.keys).union(other.announcements.keys).filter { isWorkday($0) != other.isWorkday($0) }.sorted().map {
      let (year, month, date) = ShanghaiTime.date(ofDay: $0)
      return ShanghaiTime(year: year, month: month, day: date)
    }
  }

  // MARK: - Days

  func isWorkday(_ day: Int) -> Bool { rank(of: day + 1) > rank(of: day) }

  /// How many workdays come before a day, counted from the Monday after the epoch; negative before that.
  func rank(of day: Int) -> Int {
    let offset = day - first
    if offset <= 0 { return Self.weekdays(before: day) }
    return offset < ranks.count ? ranks[offset] : Self.weekdays(before: day) + surplus
  }

  /// The workday of a rank. For any day, `workday(rank(of: day))` is that day if it is a workday, else the next one.
  func workday(_ rank: Int) -> Int {
    let offset = rank - ranks[0]
    if offset < 0 { return Self.weekday(rank) }
    return offset < listed.count ? listed[offset] : Self.weekday(rank - surplus)
  }

  /// Why a day is what it is: the announced name, 周末 for a plain weekend, nil for a plain weekday.
  func reason(for day: Int) -> String? {
    announcements[day]?.name ?? (Self.isWeekday(day) ? nil : "周末")
  }

  // MARK: - Plain weeks

  /// 1970-01-05, a Monday: ranks count from it.
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
