// A time limit as rules state it: a number of hours, days, workdays or working hours, with its start and its end on the last
// day.

/// A time limit of a rule, and how it is counted. All times are in Asia/Shanghai.
///
/// **Units.** `hours` (自然小时) and `days` (自然日) are natural time and ignore holidays. `workdays` (工作日) count the workdays of a
/// ``WorkCalendar``, each with its 24 hours. `workhours` (工作时) count office time only (``OfficeHours``).
///
/// **From the moment of the start**, to the microsecond:
/// - `hours`, `days`: natural time after the start. 2 days from Friday 15:00 end on Sunday 15:00.
/// - `workdays`: the same time of day, so many workdays later. 1 workday from Friday 15:00 ends on Monday 15:00. A start on a
///   day off counts as the start of the next workday, Monday 00:00: 1 workday from any time on Saturday ends on Tuesday
///   00:00.
/// - `workhours`: when so much office time has passed. 5 workhours from Friday 15:00 end on Monday 11:00 (2½ h on Friday, 2½
///   h on Monday). At the end of an interval, the limit ends there and not at the start of the next interval: 2½ from Friday
///   15:00 end on Friday 17:30.
///
/// **From the next day** (从次日起算; Civil Code 民法典 §201: the day itself is not counted) whole days are counted. The last day
/// counts to its end, 24:00 (§203), which is written as 00:00 of the next day. 1 workday from any time on Friday, Saturday or
/// Sunday ends on Monday 24:00; 2 days from Friday end on Sunday 24:00. `hours` and `workhours` start at 00:00 of the next
/// day.
///
/// **Until close of business** (下班时; §203: where there are business hours, their end is the end of the last day):
/// - `days`, `workdays`: the last day ends at the close, not at 24:00 or at the same time of day. 1 workday from Friday,
///   15:00 or 20:00, ends on Monday 17:30. A length of 0 is the same day (当日): it ends at its close, or after that at the
///   close of the next day.
/// - `hours`, `workhours`: the first close at or after the moment at which they would end, so that no hour is lost: 48 hours
///   from Monday 20:00 end on Thursday 17:30. For natural hours every day has a close.
///
/// No document decides whether natural days move when the last one is a day off. §203 would move them; Duban does not. 12345
/// practice uses 工作日 where days off must not count, so natural days include days off. A `due` on a day off is therefore
/// intended.
public struct TimeLimit: Hashable, Sendable {
  /// The unit of a limit.
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

  /// The number of units.
  public let length: Int
  public let unit: Unit
  /// 从次日起算: counted from 00:00 of the day after the start.
  public let isFromNextDay: Bool
  /// Whether the limit ends at close of business (下班时) on the last day.
  public let isUntilClose: Bool

  /// The allowed lengths, in the limit's unit. 100,000 workdays are four centuries.
  public static let lengths = 0...100_000

  /// Nil for a length outside ``lengths``, and for a length of 0 from the next day, which would end before it begins.
  public init?(_ length: Int, _ unit: Unit, fromNextDay: Bool = false, untilClose: Bool = false) {
    guard Self.lengths ~= length, length > 0 || !fromNextDay else { return nil }
    (self.length, self.unit, isFromNextDay, isUntilClose) = (length, unit, fromNextDay, untilClose)
  }

  /// Whether whole days are counted, so that the time of day at the start does not affect the end.
  var isInWholeDays: Bool { (unit == .days || unit == .workdays) && (isFromNextDay || isUntilClose) }

  /// The remaining part of a limit, in the limit's own unit. After a pause, add it with the same limit.
  public struct Remaining: Hashable, Sendable {
    /// Whole days if the limit counts days that end at 24:00 or at close of business. Otherwise microseconds: of natural
    /// time, of workdays with 24 hours each, or of office time.
    public var amount: Int64

    public init(amount: Int64) {
      self.amount = amount
    }
  }
}
