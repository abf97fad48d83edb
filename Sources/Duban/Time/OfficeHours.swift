// Office hours. They define 工作时 and 下班时.

/// The hours of a workday in which people work, without the lunch break. Minutes of the day in Asia/Shanghai. A value; use it
/// from any thread.
public struct OfficeHours: Hashable, Sendable {
  /// In ascending order, not touching, none empty.
  public let intervals: [Range<Int>]
  /// The office time of one workday, in microseconds.
  let perDay: Int64

  /// 08:30–12:00 and 14:30–17:30, six and a half hours.
  ///
  /// Most city offices in Hubei work these hours outside summer. No document prescribes them, so each organ may set its own.
  public static let standard = OfficeHours(unchecked: [510..<720, 870..<1050])

  /// Makes office hours from intervals such as `[510..<720, 870..<1050]`, in minutes from 00:00.
  ///
  /// Nil if there are no intervals, if one is empty or leaves the day (0 to 1440), or if they overlap, touch or are out of
  /// order.
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

  /// Returns the office time before a time of day. Both are in microseconds.
  func worked(until time: Int64) -> Int64 {
    var worked: Int64 = 0
    for interval in intervals {
      worked += max(0, min(time, Int64(interval.upperBound) * Self.minute) - Int64(interval.lowerBound) * Self.minute)
    }
    return worked
  }

  /// Returns the first time of day at which this much office time has passed. `worked` is more than 0 and at most ``perDay``.
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
