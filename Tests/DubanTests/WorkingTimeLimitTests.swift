// Limits: the examples of their documentation, and the laws that hold for all of them.

import Testing

@testable import Duban

@Suite("Limits in working time")
struct WorkingTimeLimitTests {
  let time: WorkingTime

  init() throws {
    time = WorkingTime(calendar: try shippedCalendar())
  }

  private func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text + "+08:00")) }

  /// The start and the end of a limit.
  enum Manner: CaseIterable {
    case plain, nextDay, close, nextDayClose
    var fromNextDay: Bool { self == .nextDay || self == .nextDayClose }
    var untilClose: Bool { self == .close || self == .nextDayClose }
  }

  private func limit(_ length: Int, _ unit: TimeLimit.Unit, _ manner: Manner = .plain) throws -> TimeLimit {
    try #require(TimeLimit(length, unit, fromNextDay: manner.fromNextDay, untilClose: manner.untilClose))
  }

  // 2025-03-07 is a Friday, and no holiday is near.
  @Test(
    "each combination of unit, start and end is as documented",
    arguments: [
      // Natural time.
      ("2025-03-07T15:00:00", 48, .hours, .plain, "2025-03-09T15:00:00"),
      ("2025-03-07T15:00:00", 2, .days, .plain, "2025-03-09T15:00:00"),
      ("2025-03-07T15:00:00", 2, .days, .nextDay, "2025-03-10T00:00:00"),
      ("2025-03-07T15:00:00", 2, .days, .close, "2025-03-09T17:30:00"),
      ("2025-03-07T15:00:00", 2, .days, .nextDayClose, "2025-03-09T17:30:00"),
      ("2025-03-07T15:00:00", 6, .hours, .nextDay, "2025-03-08T06:00:00"),
      ("2025-03-07T15:00:00", 6, .hours, .nextDayClose, "2025-03-08T17:30:00"),
      ("2025-03-10T20:00:00", 48, .hours, .close, "2025-03-13T17:30:00"),
      ("2025-03-10T17:30:00", 48, .hours, .close, "2025-03-12T17:30:00"),
      // Workdays.
      ("2025-03-07T15:00:00", 1, .workdays, .plain, "2025-03-10T15:00:00"),
      ("2025-03-07T00:00:00", 1, .workdays, .plain, "2025-03-10T00:00:00"),
      ("2025-03-08T10:00:00", 1, .workdays, .plain, "2025-03-11T00:00:00"),
      ("2025-03-09T23:59:59", 0, .workdays, .plain, "2025-03-10T00:00:00"),
      ("2025-03-07T15:00:00", 0, .workdays, .plain, "2025-03-07T15:00:00"),
      ("2025-03-07T15:00:00", 1, .workdays, .nextDay, "2025-03-11T00:00:00"),
      ("2025-03-08T15:00:00", 1, .workdays, .nextDay, "2025-03-11T00:00:00"),
      ("2025-03-09T15:00:00", 1, .workdays, .nextDay, "2025-03-11T00:00:00"),
      ("2025-03-07T15:00:00", 5, .workdays, .nextDay, "2025-03-15T00:00:00"),
      ("2025-03-07T15:00:00", 1, .workdays, .close, "2025-03-10T17:30:00"),
      ("2025-03-07T20:00:00", 1, .workdays, .close, "2025-03-10T17:30:00"),
      ("2025-03-08T20:00:00", 1, .workdays, .close, "2025-03-11T17:30:00"),
      ("2025-03-08T20:00:00", 1, .workdays, .nextDayClose, "2025-03-10T17:30:00"),
      // The same day (当日), or after its close the next day.
      ("2025-03-07T15:00:00", 0, .workdays, .close, "2025-03-07T17:30:00"),
      ("2025-03-07T17:30:00", 0, .workdays, .close, "2025-03-07T17:30:00"),
      ("2025-03-07T17:30:01", 0, .workdays, .close, "2025-03-10T17:30:00"),
      ("2025-03-08T09:00:00", 0, .workdays, .close, "2025-03-10T17:30:00"),
      ("2025-03-07T18:00:00", 0, .days, .close, "2025-03-08T17:30:00"),
      // Office hours.
      ("2025-03-07T15:00:00", 5, .workhours, .plain, "2025-03-10T11:00:00"),
      ("2025-03-07T09:30:00", 3, .workhours, .plain, "2025-03-07T15:00:00"),
      ("2025-03-07T09:00:00", 3, .workhours, .plain, "2025-03-07T12:00:00"),
      ("2025-03-07T14:30:00", 3, .workhours, .plain, "2025-03-07T17:30:00"),
      ("2025-03-07T12:30:00", 1, .workhours, .plain, "2025-03-07T15:30:00"),
      ("2025-03-07T20:00:00", 1, .workhours, .plain, "2025-03-10T09:30:00"),
      ("2025-03-08T20:00:00", 13, .workhours, .plain, "2025-03-11T17:30:00"),
      ("2025-03-08T20:00:00", 0, .workhours, .plain, "2025-03-08T20:00:00"),
      ("2025-03-07T09:00:00", 2, .workhours, .close, "2025-03-07T17:30:00"),
      ("2025-03-07T09:00:00", 2, .workhours, .nextDay, "2025-03-10T10:30:00"),
      ("2025-03-07T09:00:00", 7, .workhours, .nextDayClose, "2025-03-11T17:30:00"),
      // Over Spring Festival: 01-26 (Sunday) is a workday, 01-28 to 02-04 are off, 02-08 (Saturday) is a workday.
      ("2025-01-24T10:00:00", 3, .workdays, .plain, "2025-02-05T10:00:00"),
      ("2025-01-24T10:00:00", 6, .workdays, .nextDayClose, "2025-02-08T17:30:00"),
      ("2025-01-27T16:30:00", 2, .workhours, .plain, "2025-02-05T09:30:00"),
      ("2026-02-13T09:00:00", 5, .workdays, .plain, "2026-02-27T09:00:00"),
      ("2026-02-13T09:00:00", 6, .workdays, .close, "2026-02-28T17:30:00"),
    ] as [(String, Int, TimeLimit.Unit, Manner, String)])
  func examples(start: String, length: Int, unit: TimeLimit.Unit, manner: Manner, due: String) throws {
    let result = try time.due(limit(length, unit, manner), from: instant(start))
    #expect(try result.instant == instant(due), "\(result.instant.rfc3339)")
    #expect(!result.isProvisional)
  }

  @Test("a length out of bounds, or 0 from the next day, is not a limit")
  func bounds() {
    #expect(TimeLimit(100_000, .workdays) != nil && TimeLimit(0, .hours) != nil)
    #expect(TimeLimit(100_001, .hours) == nil && TimeLimit(-1, .days) == nil && TimeLimit(.max, .workdays) == nil)
    #expect(TimeLimit(0, .workdays, fromNextDay: true) == nil && TimeLimit(1, .workdays, fromNextDay: true) != nil)
  }

  @Test(
    "a due date that depends on an unannounced year is provisional; natural time never depends on one",
    arguments: [
      ("2026-12-30T09:00:00", 1, .workdays, .plain, false), ("2026-12-30T09:00:00", 2, .workdays, .plain, true),
      ("2026-12-31T09:00:00", 1, .workdays, .plain, true), ("2026-12-30T09:00:00", 1, .workdays, .nextDay, false),
      ("2026-12-31T15:00:00", 2, .workhours, .plain, false), ("2026-12-31T16:00:00", 2, .workhours, .plain, true),
      ("2023-12-31T09:00:00", 1, .workdays, .plain, true), ("2024-01-01T00:00:00", 1, .workdays, .plain, false),
      ("2026-12-31T16:00:00", 900, .hours, .plain, false), ("2026-12-31T16:00:00", 90, .days, .nextDayClose, false),
    ] as [(String, Int, TimeLimit.Unit, Manner, Bool)])
  func provisional(start: String, length: Int, unit: TimeLimit.Unit, manner: Manner, isProvisional: Bool) throws {
    #expect(try time.due(limit(length, unit, manner), from: instant(start)).isProvisional == isProvisional)
  }

  @Test("a gap between announced years is provisional too")
  func gap() throws {
    let calendar = try WorkCalendar(csv: "date,kind,name\n2024-01-01,holiday,元旦\n2026-01-01,holiday,元旦", version: 1)
    let time = WorkingTime(calendar: calendar)
    #expect(try time.due(limit(300, .workdays), from: instant("2024-12-01T09:00:00")).isProvisional)
    #expect(try !time.due(limit(3, .workdays), from: instant("2026-03-01T09:00:00")).isProvisional)
  }

  @Test("hours that end at 24:00 do not depend on the next day")
  func midnight() throws {
    let natural = try time.due(limit(9, .hours), from: instant("2025-03-07T15:00:00"))
    #expect(try natural.instant == instant("2025-03-08T00:00:00") && time.explanation(of: natural).days.count == 1)
    let late = WorkingTime(calendar: time.calendar, hours: try #require(OfficeHours([840..<1440])))
    for manner in [Manner.plain, .close] {
      let due = try late.due(limit(8, .workhours, manner), from: instant("2026-12-31T16:00:00"))
      #expect(try due.instant == instant("2027-01-01T00:00:00") && !due.isProvisional)
    }
  }

  // MARK: - Laws

  /// A start near a boundary, or anywhere from 2023 to 2027: announced years and their neighbours.
  private func anyStart(_ random: inout Seeded) -> Instant {
    let day = ShanghaiTime(year: 2023, month: 6, day: 1).instant + .days(Int64.random(in: 0..<1600, using: &random))
    guard Bool.random(using: &random) else {
      return day + Span(microseconds: Int64.random(in: 0..<Span.days(1).microseconds, using: &random))
    }
    let edges: [Int64] = [0, 510, 720, 870, 1050]
    let edge = edges[Int.random(in: 0..<edges.count, using: &random)]
    return day + Span(microseconds: edge * 60_000_000 + Int64.random(in: -1...1, using: &random))
  }

  private func anyLength(_ random: inout Seeded) -> Int {
    Int.random(in: 1...([1, 3, 20, 700][Int.random(in: 0..<4, using: &random)]), using: &random)
  }

  /// The standard hours, hours that end at 24:00, the whole day, and a single minute.
  private func anyOffice(_ random: inout Seeded) -> WorkingTime {
    let offices = [OfficeHours.standard, OfficeHours([840..<1440]), OfficeHours([0..<1440]), OfficeHours([540..<541])]
    return WorkingTime(calendar: time.calendar, hours: offices[Int.random(in: 0..<4, using: &random)] ?? .standard)
  }

  /// Runs `body` many times for every unit and manner.
  private func forEachKind(
    _ seed: UInt64, _ body: (TimeLimit.Unit, Manner, inout Seeded) throws -> Void
  ) rethrows {
    var random = Seeded(seed)
    for unit in TimeLimit.Unit.allCases {
      for manner in Manner.allCases {
        for _ in 0..<1500 { try body(unit, manner, &random) }
      }
    }
  }

  @Test("a limit never ends before its start, and a later start or a longer limit never ends earlier")
  func monotonic() throws {
    try forEachKind(11) { unit, manner, random in
      let time = anyOffice(&random)
      let (a, b) = (anyStart(&random), anyStart(&random))
      // Both close together, where a boundary matters, and far apart.
      let later = max(
        a, Bool.random(using: &random) ? b : a + Span(microseconds: Int64.random(in: 0...10_800_000_000, using: &random)))
      let length = manner.fromNextDay ? anyLength(&random) : anyLength(&random) - 1
      let due = try time.due(limit(length, unit, manner), from: a).instant
      #expect(due >= a, "\(length) \(unit) \(manner) from \(a.rfc3339)")
      #expect(
        try due <= time.due(limit(length, unit, manner), from: later).instant,
        "\(length) \(unit) \(manner) from \(a.rfc3339), \(later.rfc3339)")
      #expect(
        try due <= time.due(limit(length + 1, unit, manner), from: a).instant, "\(length) \(unit) \(manner) from \(a.rfc3339)")
    }
  }

  @Test("n and then m are n + m, exactly in every unit, and in days until close of business")
  func additive() throws {
    try forEachKind(12) { unit, manner, random in
      let start = anyStart(&random)
      guard manner == .plain || manner.untilClose && (unit == .days || unit == .workdays) else { return }
      let (n, m) = (anyLength(&random), anyLength(&random))
      let both = try time.due(limit(n + m, unit, manner), from: start).instant
      let first = try time.due(limit(n, unit, manner), from: start).instant
      #expect(
        try time.due(limit(m, unit, manner), from: first).instant == both, "\(n) + \(m) \(unit) \(manner) from \(start.rfc3339)")
    }
  }

  @Test("the time between the start and the end of a limit, in its own unit, is its length")
  func inverse() throws {
    let hour = Span.hours(1).microseconds
    try forEachKind(13) { unit, manner, random in
      let time = anyOffice(&random)
      let start = anyStart(&random)
      let limit = try limit(anyLength(&random), unit, manner)
      let left = try #require(time.remaining(of: limit, from: start, to: time.due(limit, from: start).instant)).amount
      let length = Int64(limit.length)
      switch unit {
      case .days, .workdays: #expect(left == (limit.isInWholeDays ? length : length * 24 * hour))
      case .hours, .workhours: if manner == .plain { #expect(left == length * hour) } else { #expect(left >= length * hour) }
      }
    }
  }

  @Test(
    "the remaining part, added at the same time, gives the same end; added later, the same part remains")
  func remaining() throws {
    try forEachKind(14) { unit, manner, random in
      let time = anyOffice(&random)
      let start = anyStart(&random)
      let limit = try limit(manner.fromNextDay ? anyLength(&random) : anyLength(&random) - 1, unit, manner)
      let due = time.due(limit, from: start)
      #expect(time.remaining(of: limit, from: due.instant, to: due.instant) == nil)
      guard start < due.instant else { return }
      var pause = Instant(microseconds: Int64.random(in: start.microseconds..<due.instant.microseconds, using: &random))
      if Bool.random(using: &random) { pause = Instant(microseconds: due.instant.microseconds - 1) }
      let left = try #require(time.remaining(of: limit, from: pause, to: due.instant))
      let again = time.adding(left, of: limit, to: pause)
      #expect(again.instant == due.instant, "\(limit) from \(start.rfc3339), paused at \(pause.rfc3339)")
      let resumed = max(pause, anyStart(&random))
      let later = time.adding(left, of: limit, to: resumed).instant
      #expect(later >= due.instant && later >= resumed)
      if manner == .plain && left.amount > 0 { #expect(time.remaining(of: limit, from: resumed, to: later) == left) }
    }
  }

  @Test("a pause of whole workdays in a limit until close of business moves its end by the same number")
  func pause() throws {
    let limit = try limit(5, .workdays, .nextDayClose)
    let due = try time.due(limit, from: instant("2025-03-07T10:00:00")).instant
    #expect(try due == instant("2025-03-14T17:30:00"))
    let left = try #require(time.remaining(of: limit, from: instant("2025-03-11T09:00:00"), to: due))
    #expect(left.amount == 3)
    #expect(try time.adding(left, of: limit, to: instant("2025-03-13T16:00:00")).instant == instant("2025-03-18T17:30:00"))
  }

  @Test("every start and every length has an end, however extreme")
  func extremes() throws {
    var starts = [Instant.init(microseconds: .min), Instant(microseconds: .max)]
    starts += try ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"].map { try #require(Instant(rfc3339: $0)) }
    let hours = [OfficeHours.standard, try #require(OfficeHours([1439..<1440]))]
    for start in starts {
      for unit in TimeLimit.Unit.allCases {
        for manner in Manner.allCases {
          for hours in hours {
            let time = WorkingTime(calendar: time.calendar, hours: hours)
            let limit = try limit(100_000, unit, manner)
            let due = time.due(limit, from: start)
            #expect(due.instant > Instant(microseconds: -63_000_000_000_000_000))
            #expect(time.adding(.init(amount: .max), of: limit, to: start).instant >= due.instant)
            #expect(time.adding(.init(amount: .min), of: limit, to: start).instant <= due.instant)
            _ = time.remaining(of: limit, from: Instant(microseconds: .min), to: Instant(microseconds: .max))
          }
        }
      }
    }
  }

  // MARK: - Explanations

  @Test("an explanation names each skipped day and each counted make-up workday")
  func explanation() throws {
    let due = try time.due(limit(6, .workdays, .nextDayClose), from: instant("2025-01-24T10:00:00"))
    let days = time.explanation(of: due).days
    let text = days.map { "\($0.date.month)-\($0.date.day) \($0.role) \($0.reason ?? "")" }
    #expect(
      text == [
        "1-24 start ", "1-25 skipped 周末", "1-26 counted 春节调休", "1-27 counted ", "1-28 skipped 春节", "1-29 skipped 春节",
        "1-30 skipped 春节", "1-31 skipped 春节", "2-1 skipped 春节", "2-2 skipped 春节", "2-3 skipped 春节", "2-4 skipped 春节",
        "2-5 counted ", "2-6 counted ", "2-7 counted ", "2-8 counted 春节调休",
      ])
  }

  @Test("workhours that start after close are counted from the next workday")
  func hoursExplained() throws {
    let due = try time.due(limit(7, .workhours), from: instant("2025-03-07T17:30:00"))
    #expect(time.explanation(of: due).days.map(\.role) == [.start, .skipped, .skipped, .counted, .counted])
  }

  @Test(
    "workdays that start on a day off are counted from the next workday, and all of it is used if the end is at 00:00",
    arguments: [
      (.plain, "1-1 skipped 元旦, 1-2 skipped 元旦, 1-3 skipped 元旦, 1-4 counted, 1-5 counted"),
      (.close, "1-1 skipped 元旦, 1-2 skipped 元旦, 1-3 skipped 元旦, 1-4 skipped 起算日, 1-5 counted, 1-6 counted"),
      (.nextDay, "1-1 start 元旦, 1-2 skipped 元旦, 1-3 skipped 元旦, 1-4 counted, 1-5 counted"),
    ] as [(Manner, String)])
  func startOnDayOff(manner: Manner, says: String) throws {
    // In this calendar 1 to 3 January 2027 are off and Saturday the 9th is a workday.
    let calendar = try WorkCalendar(
      csv: "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n2027-01-09,workday,元旦调休",
      version: 1)
    let time = WorkingTime(calendar: calendar)
    func days(_ limit: TimeLimit) throws -> String {
      let explanation = try time.explanation(of: time.due(limit, from: instant("2027-01-01T12:00:00")))
      return explanation.days.map { "\($0.date.month)-\($0.date.day) \($0.role)" + ($0.reason.map { " \($0)" } ?? "") }.joined(
        separator: ", ")
    }
    #expect(try days(limit(2, .workdays, manner)) == says)
    // It ends at 00:00 of the make-up day and uses nothing of it.
    #expect(try days(limit(5, .workdays)).hasSuffix("1-4 counted, 1-5 counted, 1-6 counted, 1-7 counted, 1-8 counted"))
  }

  @Test("a day that begins when a limit ends is not counted, and a day that begins with the limit is")
  func wholeDaysFromMidnight() throws {
    func days(_ limit: TimeLimit, from start: String) throws -> [String] {
      try time.explanation(of: time.due(limit, from: instant(start))).days.map { "\($0.date.day) \($0.role)" }
    }
    #expect(try days(limit(1, .workdays), from: "2025-03-07T00:00:00") == ["7 counted", "8 skipped", "9 skipped"])
    #expect(try days(limit(2, .days), from: "2025-03-07T00:00:00") == ["7 counted", "8 counted"])
    #expect(try days(limit(0, .workdays), from: "2025-03-07T00:00:00") == ["7 start"])
  }

  @Test(
    "an explanation has every day from start to end, counts only days on which time ran, and as many as the limit's length in days"
  )
  func explainedDays() throws {
    try forEachKind(15) { unit, manner, random in
      let time = anyOffice(&random)
      let (start, length) = (anyStart(&random), anyLength(&random))
      let due = try time.due(limit(length, unit, manner), from: start)
      let days = time.explanation(of: due).days
      let what = "\(length) \(unit) \(manner) from \(start.rfc3339), due \(due.instant.rfc3339)"
      // Consecutive days, from the day of the start to the day of the last moment before the end.
      let (first, last) = (try #require(days.first), try #require(days.last))
      #expect(first.date.instant <= start && start < first.date.instant + .days(1), "\(what)")
      #expect(last.date.instant < due.instant && due.instant <= last.date.instant + .days(1), "\(what)")
      #expect(zip(days, days.dropFirst()).allSatisfy { $0.date.instant + .days(1) == $1.date.instant }, "\(what)")
      // All days in between are counted or skipped.
      #expect(days.dropFirst().allSatisfy { $0.role != .start }, "\(what)")
      let counted = days.filter { $0.role == .counted }
      if unit == .workdays || unit == .workhours {
        #expect(counted.allSatisfy { time.calendar.isWorkday($0.date.instant.shanghaiDay.number) }, "\(what)")
      }
      if unit == .days || unit == .workdays { #expect(counted.count == length, "\(what)") }
      #expect(counted.allSatisfy { $0.date.instant < due.instant && start < $0.date.instant + .days(1) }, "\(what)")
    }
  }
}
