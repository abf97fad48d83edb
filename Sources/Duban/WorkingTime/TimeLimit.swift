// A limit as rules state it: so many hours, days, workdays or working hours, from when, and until when on the last day.

/// A length of time that a rule gives, and how it is counted. All of it in Asia/Shanghai.
///
/// **Units.** `hours` (自然小时) and `days` (自然日) are natural time and know of no holiday. `workdays` (工作日) count the days that a
/// ``WorkCalendar`` calls workdays, each with its 24 hours. `workhours` (工作时) count office time only (``OfficeHours``).
///
/// **From the moment**, to the moment:
/// - `hours`, `days`: so much later to the microsecond. 2 days from Friday 15:00 are up on Sunday 15:00.
/// - `workdays`: at the same time of day, so many workdays on. 1 workday from Friday 15:00 is up on Monday 15:00. A start on a day off
///   counts as the start of the next workday, Monday 00:00: 1 workday from any time of Saturday is up on Tuesday 00:00.
/// - `workhours`: when so much office time is done. 5 workhours from Friday 15:00 are up on Monday 11:00 (2½ h on Friday, 2½ h on Monday).
///   Where that is the end of an interval it is that end, not the beginning of the next: 2½ from Friday 15:00 are up on Friday 17:30.
///
/// **From the next day** (从次日起算; Civil Code 民法典 §201: the day itself does not count) the days are whole ones, and the last is used to
/// its end, 24:00 (§203), which is written as 00:00 of the day after. 1 workday from any time of Friday, Saturday or Sunday is up on Monday
/// 24:00; 2 days from Friday are up on Sunday 24:00. `hours` and `workhours` begin to run at 00:00 of the next day.
///
/// **Until close of business** (下班时; §203: where there are hours of business, their end is the end of the last day):
/// - `days`, `workdays`: the last day ends at the close instead of 24:00 or the same time of day. 1 workday from Friday, 15:00 or 20:00,
///   is up on Monday 17:30. A length of 0 is the same day (当日): by its close, or after that by the next day's.
/// - `hours`, `workhours`: the first close at or after the moment at which they are up, so that no hour that was given is lost: 48 hours from
///   Monday 20:00 are up on Thursday 17:30. For natural hours every day has a close.
///
/// A choice where no document rules: natural days are not moved when the last is a day off, though §203 would move it. 12345 practice states
/// limits in 工作日 where days off shall not count, and a plain day there is a plain day. A `due` on a day off is meant, then.
public struct TimeLimit: Hashable, Sendable {
  public enum Unit: String, Hashable, Sendable, CaseIterable {
    /// 自然小时
    case hours
    /// 自然日
    case days
    /// 工作日
    case workdays
    /// 工作时
    case workhours
  }

  public let length: Int
  public let unit: Unit
  /// 从次日起算: counted from 00:00 of the day after the start.
  public let isFromNextDay: Bool
  /// Up at close of business (下班时) on the last day.
  public let isUntilClose: Bool

  /// The lengths that a limit may have, in its unit: 100,000 workdays are four centuries.
  public static let lengths = 0...100_000

  /// Nil for a length outside ``lengths``, and for a length of 0 from the next day, which would be up before it begins.
  public init?(_ length: Int, _ unit: Unit, fromNextDay: Bool = false, untilClose: Bool = false) {
    guard Self.lengths ~= length, length > 0 || !fromNextDay else { return nil }
    (self.length, self.unit, isFromNextDay, isUntilClose) = (length, unit, fromNextDay, untilClose)
  }

  /// Whether it is counted in whole days, the time of day at its start having no part in its end.
  var isInWholeDays: Bool { (unit == .days || unit == .workdays) && (isFromNextDay || isUntilClose) }

  /// How much of a limit is left, in its own unit of time: it is to be added again, after a pause, by the same limit.
  public struct Remaining: Hashable, Sendable {
    /// Whole days where the limit is counted in days that end at 24:00 or at close of business; else microseconds, of natural time, of
    /// workdays with 24 hours each, or of office time.
    public var amount: Int64

    public init(amount: Int64) {
      self.amount = amount
    }
  }
}
