// Office hours: when of a workday people work, which is what 工作时 count and where 下班时 lies.

/// The hours of a workday in which people work, with the lunch break left out. Minutes of the day in Asia/Shanghai.
public struct OfficeHours: Hashable, Sendable {
  /// Ascending, apart from each other, none empty.
  public let intervals: [Range<Int>]
  /// Office time of one workday, in microseconds.
  let perDay: Int64

  /// 08:30–12:00 and 14:30–17:30, six hours and a half.
  ///
  /// The hours of most city offices in Hubei outside summer. No document fixes them, so each organ may set its own.
  public static let standard = OfficeHours(unchecked: [510..<720, 870..<1050])

  /// Intervals such as `[510..<720, 870..<1050]`, in minutes from 00:00.
  ///
  /// Nil where there is none, one is empty, they overlap, touch or are out of order, or one leaves the day (0 to 1440).
  public init?(_ intervals: [Range<Int>]) {
    guard let first = intervals.first, let last = intervals.last, first.lowerBound >= 0, last.upperBound <= 1440,
      intervals.allSatisfy({ !$0.isEmpty }), zip(intervals, intervals.dropFirst()).allSatisfy({ $0.upperBound < $1.lowerBound })
    else { return nil }
    self.init(unchecked: intervals)
  }

  private init(unchecked intervals: [Range<Int>]) {
    self.intervals = intervals
    perDay = intervals.reduce(0) { $0 + Int64($1.count) * Self.minute }
  }

  /// Close of business (下班时), in microseconds of the day.
  var close: Int64 { Int64(intervals[intervals.count - 1].upperBound) * Self.minute }

  /// How much office time of a workday lies before a time of day; both in microseconds.
  func worked(until time: Int64) -> Int64 {
    var worked: Int64 = 0
    for interval in intervals {
      worked += max(0, min(time, Int64(interval.upperBound) * Self.minute) - Int64(interval.lowerBound) * Self.minute)
    }
    return worked
  }

  /// The first time of day at which so much office time is done; more than 0, at most ``perDay``.
  func time(atWorked worked: Int64) -> Int64 {
    var left = worked
    for interval in intervals {
      let length = Int64(interval.count) * Self.minute
      if left <= length { return Int64(interval.lowerBound) * Self.minute + left }
      left -= length
    }
    return close
  }

  private static let minute: Int64 = 60_000_000
}
