// A point in time, exact to the microsecond as PostgreSQL keeps it, and its RFC 3339 form.
// Pure arithmetic: nothing here reads a clock.

/// A point in time in microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL's `timestamptz`.
public struct Instant: Hashable, Comparable, Sendable {
  public var microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }

  public static func + (instant: Instant, span: Span) -> Instant {
    Instant(microseconds: instant.microseconds + span.microseconds)
  }

  public static func - (instant: Instant, span: Span) -> Instant {
    Instant(microseconds: instant.microseconds - span.microseconds)
  }

  public static func - (a: Instant, b: Instant) -> Span {
    Span(microseconds: a.microseconds - b.microseconds)
  }
}

/// A length of natural time (自然时间) in microseconds: hours and days that do not know of holidays.
public struct Span: Hashable, Comparable, Sendable {
  public var microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public static func seconds(_ n: Int64) -> Span { Span(microseconds: n * 1_000_000) }
  public static func hours(_ n: Int64) -> Span { .seconds(n * 3600) }
  public static func days(_ n: Int64) -> Span { .hours(n * 24) }
  public static let zero = Span(microseconds: 0)

  public static func < (a: Span, b: Span) -> Bool { a.microseconds < b.microseconds }
}

/// A calendar date and time of day in Asia/Shanghai, the zone of every deadline and every notice.
///
/// China has kept UTC+8 without summer time since 15 September 1991, before any item that Duban can hold, so the zone is a fixed offset here.
public struct ShanghaiTime: Hashable, Sendable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour = 0
  public var minute = 0
  public var second = 0

  static let offset = Span.hours(8)

  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
  }

  public init(_ instant: Instant) {
    let local = (instant + Self.offset).microseconds
    let (days, inDay) = local.flooredDivision(by: Span.days(1).microseconds)
    let seconds = Int(inDay / 1_000_000)
    (year, month, day) = Self.date(ofDay: Int(days))
    (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
  }

  public var instant: Instant {
    let seconds = Int64(hour * 3600 + minute * 60 + second)
    return Instant(microseconds: 0) + .days(Int64(Self.dayNumber(year, month, day))) + .seconds(seconds)
      + Span(microseconds: -Self.offset.microseconds)
  }

  /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar; a month beyond 1...12 carries into the year.
  ///
  /// Counting years from March puts the leap day last, so that each month's start is one linear formula.
  static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let (carry, month0) = (month - 1).flooredDivision(by: 12)
    let fromMarch = (month0 + 10) % 12
    let marchYear = year + carry - (month0 < 2 ? 1 : 0)
    let (era, yearOfEra) = marchYear.flooredDivision(by: 400)
    let dayOfYear = (153 * fromMarch + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The inverse of ``dayNumber(_:_:_:)``.
  static func date(ofDay number: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (number + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }

  static func daysIn(month: Int, of year: Int) -> Int {
    dayNumber(year, month + 1, 1) - dayNumber(year, month, 1)
  }
}

extension BinaryInteger {
  /// Quotient and remainder with a remainder that is never negative, as calendars need it for dates before their epoch.
  func flooredDivision(by divisor: Self) -> (quotient: Self, remainder: Self) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
