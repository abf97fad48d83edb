// Instants as numbers and as text.

import Foundation
import Testing

@testable import Duban

@Suite("Instants and Shanghai time")
struct InstantTests {
  @Test("every date from 1600 to 2400 is the day after the one before it, and Foundation agrees")
  func calendarMatchesFoundation() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    for number in stride(from: -135_140, to: 157_000, by: 17) {
      let ours = ShanghaiTime.date(ofDay: number)
      let theirs = calendar.dateComponents([.year, .month, .day], from: Date(timeIntervalSince1970: Double(number) * 86400))
      #expect(ours.year == theirs.year && ours.month == theirs.month && ours.day == theirs.day, "day \(number)")
      #expect(ShanghaiTime.dayNumber(ours.year, ours.month, ours.day) == number)
    }
  }

  @Test("an instant written as RFC 3339 is read as the same microsecond")
  func roundTrip() {
    var random = Seeded(1)
    for _ in 0..<20_000 {
      let instant = Instant(microseconds: Int64.random(in: -62_135_000_000_000_000...253_400_000_000_000_000, using: &random))
      #expect(Instant(rfc3339: instant.rfc3339) == instant)
      #expect(
        ShanghaiTime(instant).instant
          == Instant(microseconds: instant.microseconds.flooredDivision(by: 1_000_000).quotient * 1_000_000))
    }
  }

  @Test(
    "offsets, fractions and leap seconds are read correctly",
    arguments: [
      ("2026-11-20T08:00:00+08:00", "2026-11-20T00:00:00Z"), ("2026-11-20T00:00:00.5Z", "2026-11-20T08:00:00.500000+08:00"),
      ("2026-11-19T20:30:00-03:30", "2026-11-20T00:00:00Z"), ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"),
      ("2024-02-29t00:00:00.1234567z", "2024-02-29T00:00:00.123456Z"),
    ])
  func sameMoment(a: String, b: String) throws {
    let left = try #require(Instant(rfc3339: a))
    #expect(left == Instant(rfc3339: b))
  }

  @Test(
    "invalid RFC 3339 date-times are rejected",
    arguments: [
      "", "2026-11-20", "2026-11-20T08:00:00", "2026-02-30T08:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T24:00:00Z",
      "2026-11-20T08:60:00Z", "2026-11-20T08:00:00.Z", "2026-11-20T08:00:00+8:00", "2026-11-20T08:00:00Zx",
      "0000-01-01T00:00:00Z",
      "２026-11-20T08:00:00Z", "2025-02-29T00:00:00Z",
    ])
  func refused(text: String) {
    #expect(Instant(rfc3339: text) == nil)
  }

  @Test("a month ends at the start of the next, also at the end of the year")
  func months() {
    let december = Recurrence.monthly.period(
      holding: ShanghaiTime(year: 2026, month: 12, day: 31, hour: 23, minute: 59, second: 59).instant)
    #expect(december.end == ShanghaiTime(year: 2027, month: 1, day: 1).instant)
    #expect(Recurrence.monthly.period(before: december).start == ShanghaiTime(year: 2026, month: 11, day: 1).instant)
    #expect(december.chinese == "2026年12月")
  }
}
