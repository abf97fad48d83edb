// The end of a limit, and its explanation.

/// The end of a limit.
public struct DueDate: Hashable, Sendable {
  /// The moment at which the limit ends.
  public var instant: Instant
  /// Whether it depends on a year that is not announced, so that plain weekdays were counted. It may move when the year is
  /// imported.
  public var isProvisional: Bool

  let unit: TimeLimit.Unit
  let start: Instant
  /// The day on which counting begins: the day of the start, or the next.
  let firstDay: Int
  /// The day on which the limit ends. Hours that end at 24:00 end on the day before that midnight.
  let lastDay: Int
  /// Whether whole days were counted, regardless of the time of day at the start.
  let isInWholeDays: Bool
}

/// The explanation of a due date: each day from the start to the last, and how it was counted.
public struct Explanation: Hashable, Sendable {
  /// One day of an explanation.
  public struct Day: Hashable, Sendable {
    /// How a day was counted.
    public enum Role: Hashable, Sendable {
      /// The day of the start. It is not counted (当日不计入).
      case start
      /// A counted day: one of the limit's days, or a day on which its hours ran.
      case counted
      /// A day that was not counted.
      case skipped
    }

    /// The date at 00:00 in Asia/Shanghai.
    public var date: ShanghaiTime
    public var role: Role
    /// The calendar's name for the day: 周末, 元旦, 春节; for a make-up workday its name, 春节调休. Nil for a plain Monday to Friday.
    /// 起算日 for an uncounted workday that stands in for a start on a day off.
    public var reason: String?

    public static let standIn = "起算日"
  }

  /// The days in order, without gaps.
  public var days: [Day]

  public func count(_ role: Day.Role) -> Int {
    days.reduce(0) { $0 + ($1.role == role ? 1 : 0) }
  }
}

extension WorkingTime {
  /// Explains a due date day by day, from the day of the start to the last day on which the limit ran. The result is as long
  /// as the limit, so make it only on demand.
  ///
  /// For a limit in days or workdays, the number of counted days is the limit's length. A limit of 0 counts one day if it
  /// started after that day's close of business.
  public func explanation(of due: DueDate) -> Explanation {
    let startDay = due.start.shanghaiDay.number
    // A limit that ends at 00:00 used nothing of the day that begins then.
    let lastDay = max(startDay, min(due.lastDay, Instant(microseconds: due.instant.microseconds - 1).shanghaiDay.number))
    return Explanation(
      days: (startDay...lastDay).map { day in
        let (year, month, date) = ShanghaiTime.date(ofDay: day)
        let role = role(of: day, in: due)
        return Explanation.Day(
          date: ShanghaiTime(year: year, month: month, day: date), role: role,
          reason: role == .skipped && calendar.isWorkday(day) ? Explanation.Day.standIn : calendar.reason(for: day))
      })
  }

  private func role(of day: Int, in due: DueDate) -> Explanation.Day.Role {
    let (startDay, time) = due.start.shanghaiDay
    // A start at 00:00 has the whole day ahead, so that day is counted, unless the limit is empty.
    let isWholeStart = !due.isInWholeDays && time == 0 && due.start < due.instant
    switch due.unit {
    case .hours: return day < due.firstDay ? .start : .counted
    case .days: return day == startDay && !isWholeStart ? .start : .counted
    case .workdays:
      if day < due.firstDay { return .start }
      guard calendar.isWorkday(day) else { return .skipped }
      if day == startDay { return isWholeStart ? .counted : .start }
      // A start on a day off counts as the start of the next workday, and all of that day is still to come.
      let isStandIn = due.isInWholeDays && due.firstDay == startDay && day == calendar.workday(calendar.rank(of: startDay))
      return isStandIn ? .skipped : .counted
    case .workhours:
      if day < due.firstDay { return .start }
      guard calendar.isWorkday(day) else { return .skipped }
      return day == startDay && officeTime(at: due.start) == officeTime(atEndOf: day) ? .start : .counted
    }
  }
}
