// When a limit is up, and why then.

/// When a limit is up.
public struct DueDate: Hashable, Sendable {
  public var instant: Instant
  /// It rests on a year that is not announced, where plain weekdays were counted; it may move when that year is known.
  public var isProvisional: Bool

  let unit: TimeLimit.Unit
  let start: Instant
  /// The day on which the count begins: that of the start, or the next.
  let firstDay: Int
  /// The day on which it is up; of hours that are up at 24:00 the day that ends then.
  let lastDay: Int
  /// Whether the days were counted as whole ones, the time of day at the start having no part.
  let isInWholeDays: Bool
}

/// Why a limit is up when it is: each day from the start to the last, and what it counted for.
public struct Explanation: Hashable, Sendable {
  public struct Day: Hashable, Sendable {
    public enum Role: Hashable, Sendable {
      /// The day from which days are counted, itself not one of them (当日不计入).
      case start
      /// Counted: one of the limit's days, or a day on which its hours ran.
      case counted
      /// Passed over.
      case skipped
    }

    /// The date in Asia/Shanghai, at 00:00.
    public var date: ShanghaiTime
    public var role: Role
    /// What the calendar says of it: 周末, 元旦, 春节; of a make-up workday its name, 春节调休. Nil for a plain Monday to Friday. Of the
    /// workday that stands for the start, because that was on a day off, and is not counted itself: 起算日.
    public var reason: String?
  }

  public var days: [Day]

  public func count(_ role: Day.Role) -> Int {
    days.reduce(0) { $0 + ($1.role == role ? 1 : 0) }
  }
}

extension WorkingTime {
  /// Why a limit is up when it is, day by day: every day from that of the start to the last on which time of the limit ran. Made on demand
  /// only: it is as long as the limit.
  ///
  /// For a limit in days or workdays, as many days are counted as it is long. A limit of 0 counts one where the close of business that it
  /// would be up at was over before it began.
  public func explanation(of due: DueDate) -> Explanation {
    let startDay = due.start.shanghaiDay.number
    // What is up at 00:00 has used nothing of the day that begins then.
    let lastDay = max(startDay, min(due.lastDay, Instant(microseconds: due.instant.microseconds - 1).shanghaiDay.number))
    return Explanation(
      days: (startDay...lastDay).map { day in
        let (year, month, date) = ShanghaiTime.date(ofDay: day)
        let role = role(of: day, in: due)
        return Explanation.Day(
          date: ShanghaiTime(year: year, month: month, day: date), role: role,
          reason: role == .skipped && calendar.isWorkday(day) ? "起算日" : calendar.reason(for: day))
      })
  }

  private func role(of day: Int, in due: DueDate) -> Explanation.Day.Role {
    let (startDay, time) = due.start.shanghaiDay
    // A start at 00:00 has its whole day before it, which is then the first that counts, unless there is nothing to count.
    let isWholeStart = !due.isInWholeDays && time == 0 && due.start < due.instant
    switch due.unit {
    case .hours: return day < due.firstDay ? .start : .counted
    case .days: return day == startDay && !isWholeStart ? .start : .counted
    case .workdays:
      if day < due.firstDay { return .start }
      guard calendar.isWorkday(day) else { return .skipped }
      if day == startDay { return isWholeStart ? .counted : .start }
      // A start on a day off counts as the start of the next workday, of which the whole is still to come.
      let isStandIn = due.isInWholeDays && due.firstDay == startDay && day == calendar.workday(calendar.rank(of: startDay))
      return isStandIn ? .skipped : .counted
    case .workhours:
      if day < due.firstDay { return .start }
      guard calendar.isWorkday(day) else { return .skipped }
      return day == startDay && officeTime(at: due.start) == officeTime(atEndOf: day) ? .start : .counted
    }
  }
}
