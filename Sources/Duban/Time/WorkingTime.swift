// The arithmetic of limits: their ends and remaining parts. Pure, and fast enough to run for every message.
//
// Each unit has a time line of its own on which limits are added: natural time, workdays with their 24 hours end to end, or
// office hours end to end. Each instant has one position on each line. A position between two days is two instants (Friday 24:00 and
// Monday 00:00); comments say which one is meant where it matters.

/// A calendar and office hours for computing limits. A value; use it from any thread.
public struct WorkingTime: Sendable {
  public var calendar: WorkCalendar
  public var hours: OfficeHours

  public init(calendar: WorkCalendar, hours: OfficeHours = .standard) {
    (self.calendar, self.hours) = (calendar, hours)
  }

  // MARK: - Limits

  /// Returns the end of a limit that starts at `start`; see ``TimeLimit`` for the rules.
  ///
  /// A later start or a longer limit never ends earlier. n workdays followed by m workdays are n + m workdays. The end is
  /// never before the start. A start outside the years 0001 to 9999 is moved to the nearest time within them.
  public func due(_ limit: TimeLimit, from start: Instant) -> DueDate {
    let start = start.withinCalendar
    let length = Int64(limit.length)
    if limit.isInWholeDays { return wholeDays(length, of: limit, from: start) }
    let begin = limit.isFromNextDay ? Instant(day: start.shanghaiDay.number + 1, time: 0) : start
    let amount = limit.unit == .hours || limit.unit == .workhours ? length * .hour : length * .day
    return ran(amount, of: limit, from: begin, start: start)
  }

  /// Returns the part of a limit that is left at `instant` if it ends at `due`; nil if it has ended.
  ///
  /// It counts the same before and after the limit starts to run. Before a limit from the next day starts to run, the rest of
  /// the current day is left in addition to its length.
  public func remaining(of limit: TimeLimit, from instant: Instant, to due: Instant) -> TimeLimit.Remaining? {
    let (from, to) = (instant.withinCalendar, due.withinCalendar)
    guard from < to else { return nil }
    let amount: Int64
    if limit.isInWholeDays {
      let today = from.shanghaiDay.number
      // 24:00 belongs to the day that it ends.
      let lastDay = to.justBefore.shanghaiDay.number
      let counted =
        limit.isFromNextDay
        ? index(lastDay + 1, limit.unit) - index(today + 1, limit.unit) : index(lastDay, limit.unit) - index(today, limit.unit)
      amount = Int64(counted)
    } else {
      amount = position(of: to, limit.unit) - position(of: from, limit.unit)
    }
    return TimeLimit.Remaining(amount: amount)
  }

  /// Returns the end of a limit of which `remaining` is left at `instant`, e.g. after a pause.
  ///
  /// It is the inverse of ``remaining(of:from:to:)`` at the same time:
  /// `adding(remaining(of: limit, from: t, to: due), of: limit, to: t)` is `due`, for each t from the start to before the
  /// end, if `due` was computed with the same limit and calendar. An amount below 0 is raised to 0; an amount above two of
  /// the longest limits is lowered to that.
  public func adding(_ remaining: TimeLimit.Remaining, of limit: TimeLimit, to instant: Instant) -> DueDate {
    let start = instant.withinCalendar
    let units = 2 * Int64(TimeLimit.lengths.upperBound)
    if limit.isInWholeDays { return wholeDays(min(max(0, remaining.amount), units), of: limit, from: start) }
    let most = units * (limit.unit == .hours || limit.unit == .workhours ? .hour : .day)
    return ran(min(max(0, remaining.amount), most), of: limit, from: start, start: start)
  }

  /// The end of a limit in whole days, so many days after the day of the start.
  private func wholeDays(_ count: Int64, of limit: TimeLimit, from start: Instant) -> DueDate {
    let today = start.shanghaiDay.number
    let firstDay = limit.isFromNextDay ? today + 1 : today
    var lastDay = day(index(firstDay, limit.unit) + Int(count) - (limit.isFromNextDay ? 1 : 0), limit.unit)
    var instant = Instant(day: lastDay, time: limit.isUntilClose ? hours.close : .day)
    if instant < start {
      // Only if there are no days to count: the close of business of the first day passed before the start.
      lastDay = day(index(lastDay, limit.unit) + 1, limit.unit)
      instant = Instant(day: lastDay, time: hours.close)
    }
    return dueDate(instant, limit.unit, start: start, firstDay: firstDay, lastDay: lastDay, inWholeDays: true)
  }

  /// The end of an amount of the limit's unit from `begin`, moved to a close of business if the limit requires it.
  private func ran(_ amount: Int64, of limit: TimeLimit, from begin: Instant, start: Instant) -> DueDate {
    var end: Instant
    switch limit.unit {
    case .hours, .days: end = Instant(microseconds: begin.microseconds + amount)
    case .workdays:
      // The same time of day. Of two possible instants take the later, the start of a day.
      let (rank, time) = (position(of: begin, .workdays) + amount).flooredDivision(by: .day)
      end = Instant(day: calendar.workday(Int(rank)), time: time)
    case .workhours where amount == 0: end = begin
    case .workhours:
      // Of two possible instants take the earlier, the end of a day or of the morning.
      let (rank, worked) = (position(of: begin, .workhours) + amount - 1).flooredDivision(by: hours.perDay)
      end = Instant(day: calendar.workday(Int(rank)), time: hours.time(atWorked: worked + 1))
    }
    if limit.isUntilClose { end = close(atOrAfter: end, limit.unit) }
    // Hours that end at 24:00 used that day to its end. Days are counted by date, regardless of the time of day.
    let last = limit.unit == .hours || limit.unit == .workhours ? max(start, end.justBefore) : end
    return dueDate(
      end, limit.unit, start: start, firstDay: begin.shanghaiDay.number, lastDay: last.shanghaiDay.number, inWholeDays: false)
  }

  private func dueDate(
    _ instant: Instant, _ unit: TimeLimit.Unit, start: Instant, firstDay: Int, lastDay: Int, inWholeDays: Bool
  ) -> DueDate {
    let years = start.shanghaiYear...max(start.shanghaiYear, ShanghaiTime.date(ofDay: lastDay).year)
    let isProvisional = (unit == .workdays || unit == .workhours) && !years.allSatisfy(calendar.isAnnounced)
    return DueDate(
      instant: instant, isProvisional: isProvisional, unit: unit, start: start, firstDay: firstDay, lastDay: lastDay,
      isInWholeDays: inWholeDays)
  }

  private func close(atOrAfter instant: Instant, _ unit: TimeLimit.Unit) -> Instant {
    // An office that closes at 24:00 closes at 00:00 of the next day.
    let today = index(instant.justBefore.shanghaiDay.number, unit)
    let close = Instant(day: day(today, unit), time: hours.close)
    return close >= instant ? close : Instant(day: day(today + 1, unit), time: hours.close)
  }

  // MARK: - Time lines

  /// A day's index among the days that a unit counts. For a day that it does not count, the index of the next counted day.
  private func index(_ day: Int, _ unit: TimeLimit.Unit) -> Int {
    unit == .workdays || unit == .workhours ? calendar.rank(of: day) : day
  }

  /// The day with an index; the inverse of ``index(_:_:)``.
  private func day(_ index: Int, _ unit: TimeLimit.Unit) -> Int {
    unit == .workdays || unit == .workhours ? calendar.workday(index) : index
  }

  /// An instant's position on a unit's time line, in microseconds. All times that the unit does not count have the same position.
  private func position(of instant: Instant, _ unit: TimeLimit.Unit) -> Int64 {
    switch unit {
    case .hours, .days: return instant.microseconds
    case .workdays:
      let (day, time) = instant.shanghaiDay
      return Int64(calendar.rank(of: day)) * .day + (calendar.isWorkday(day) ? time : 0)
    case .workhours: return officeTime(at: instant)
    }
  }

  func officeTime(at instant: Instant) -> Int64 {
    let (day, time) = instant.shanghaiDay
    return Int64(calendar.rank(of: day)) * hours.perDay + (calendar.isWorkday(day) ? hours.worked(until: time) : 0)
  }

  func officeTime(atEndOf day: Int) -> Int64 { Int64(calendar.rank(of: day + 1)) * hours.perDay }
}

extension Int64 {
  fileprivate static let hour = Span.hours(1).microseconds
  fileprivate static let day = Span.days(1).microseconds
}

extension Instant {
  /// The day in Asia/Shanghai, numbered from 1970-01-01, and the microseconds since its 00:00.
  var shanghaiDay: (number: Int, time: Int64) {
    let (day, time) = (microseconds + ShanghaiTime.offset.microseconds).flooredDivision(by: Span.days(1).microseconds)
    return (Int(day), time)
  }

  fileprivate init(day: Int, time: Int64) {
    self.init(microseconds: Int64(day) * .day + time - ShanghaiTime.offset.microseconds)
  }

  fileprivate var shanghaiYear: Int { ShanghaiTime.date(ofDay: shanghaiDay.number).year }

  fileprivate var justBefore: Instant { Instant(microseconds: microseconds - 1) }

  /// The nearest time in the years 0001 to 9999. Calendars have no meaning outside, and far outside integers overflow.
  fileprivate var withinCalendar: Instant {
    min(max(self, Self.calendarStart), Self.calendarEnd)
  }

  private static let calendarStart = ShanghaiTime(year: 1, month: 1, day: 1).instant
  private static let calendarEnd = ShanghaiTime(year: 10_000, month: 1, day: 1).instant.justBefore
}
