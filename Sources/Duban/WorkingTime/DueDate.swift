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
  /// The last day that was used.
  let lastDay: Int
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
    /// What the calendar says of it: 周末, 元旦, 春节; of a make-up workday its name, 春节调休. Nil for a plain Monday to Friday.
    public var reason: String?
  }

  public var days: [Day]

  public func count(_ role: Day.Role) -> Int {
    days.reduce(0) { $0 + ($1.role == role ? 1 : 0) }
  }
}

extension WorkingTime {
  /// Why a limit is up when it is, day by day. Made on demand only: it is as long as the limit.
  ///
  /// For a limit in days or workdays, as many days are counted as it is long.
  public func explanation(of due: DueDate) -> Explanation {
    let startDay = due.start.shanghaiDay.number
    // A workday from the moment counts from the first workday at or after the start.
    let zeroth = due.unit == .workdays && due.firstDay == startDay ? calendar.workday(calendar.rank(of: startDay)) : startDay
    return Explanation(
      days: (startDay...max(startDay, due.lastDay)).map { day in
        let (year, month, date) = ShanghaiTime.date(ofDay: day)
        let role: Explanation.Day.Role
        switch due.unit {
        case .hours: role = day < due.firstDay ? .start : .counted
        case .days: role = day == startDay ? .start : .counted
        case .workdays: role = day == zeroth ? .start : calendar.isWorkday(day) ? .counted : .skipped
        case .workhours:
          if day < due.firstDay {
            role = .start
          } else if !calendar.isWorkday(day) {
            role = .skipped
          } else {
            role = day == startDay && officeTime(at: due.start) == officeTime(atEndOf: day) ? .start : .counted
          }
        }
        return Explanation.Day(
          date: ShanghaiTime(year: year, month: month, day: date), role: role, reason: calendar.reason(for: day))
      })
  }
}
