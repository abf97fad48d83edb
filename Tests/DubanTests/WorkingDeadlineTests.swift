// Working time in the fold: limits in 工作日 and 工作时, office hours, pauses, provisional deadlines, calendars that come.

import Testing

@testable import Duban

@Suite("Deadlines in working time")
struct WorkingDeadlineTests {
  static let thirteen = "resolution: { within: 13wd from-next-day until-close, district: 3wd, city: 3wd }"
  static let december = ShanghaiTime(year: 2026, month: 12, day: 28, hour: 10).instant

  private func opened(
    at time: Instant, _ complaint: String, directory: Directory = City.directory, calendars: Calendars? = nil
  ) throws -> Casebook {
    var book = try Casebook(City.policy(complaint), directory: directory, calendars: calendars)
    try book.hear("complaint.submitted", at: time)
    return book
  }

  @Test("12345: 投诉举报 13 工作日 from the next day; the National Day of 2026 and its make-up days are counted as announced")
  func thirteenWorkdays() throws {
    // 2026-09-18 is a Friday. 放假 09-25…27 and 10-01…07; 调休 09-20, 10-10.
    let start = ShanghaiTime(year: 2026, month: 9, day: 18, hour: 10).instant
    let book = try opened(at: start, Self.thirteen)
    let limit = try #require(TimeLimit(13, .workdays, fromNextDay: true, untilClose: true))
    #expect(book.whole.due(.resolution) == WorkingTime(calendar: City.calendar).due(limit, from: start).instant)
    #expect(book.whole.due(.resolution) == ShanghaiTime(year: 2026, month: 10, day: 13, hour: 17, minute: 30).instant)
    #expect(book.whole.cycle?.resolution?.isProvisional == false)
  }

  @Test("a deadline that reaches into a year not announced is provisional, and of two clocks only that one")
  func provisional() throws {
    let rule = "response: { within: 48h, district: 24h, city: 24h }, " + Self.thirteen
    var book = try opened(at: Self.december, rule)
    #expect(book.whole.cycle?.resolution?.isProvisional == true && book.whole.cycle?.response?.isProvisional == false)
    try book.hear("complaint.suspended", Told.pause, at: Self.december + .hours(24))
    try book.hear("complaint.resumed", at: Self.december + .hours(30))
    #expect(book.whole.cycle?.resolution?.isProvisional == true && book.whole.cycle?.response?.isProvisional == false)
    try book.hear("complaint.resolved", at: Self.december + .hours(31))
    #expect(book.whole.clocks.isEmpty)
    // A new cycle in an announced year says so anew.
    #expect(try opened(at: morning, Self.thirteen).whole.cycle?.resolution?.isProvisional == false)
  }

  @Test("a pause of a limit in workdays leaves as many of them after it as were left at its beginning")
  func pause() throws {
    func november(_ day: Int) -> Instant { ShanghaiTime(year: 2026, month: 11, day: day, hour: 10).instant }
    // Monday 2026-11-16; 5 workdays from the moment: Monday 2026-11-23, 10:00.
    var book = try opened(at: november(16), "resolution: { within: 5wd, district: 3wd, city: 3wd }")
    #expect(book.whole.due(.resolution) == november(23))
    try book.hear("complaint.suspended", Told.pause, at: november(18))
    try book.hear("complaint.resumed", at: november(21))
    // Three workdays were left on Wednesday at 10:00. It runs on from a Saturday, that is from Monday 00:00 on.
    #expect(book.whole.due(.resolution) == ShanghaiTime(year: 2026, month: 11, day: 26).instant)
  }

  @Test("保洁 5 工作时: a step's working hours are those of its owner's organ, or of the organ above")
  func officeHours() throws {
    let rule = "resolution: { within: 5wh, district: 5wh, city: 5wh }"
    func november(_ day: Int, _ hour: Int) -> Instant { ShanghaiTime(year: 2026, month: 11, day: day, hour: hour).instant }
    #expect(try opened(at: november(20, 15), rule).whole.due(.resolution) == november(23, 11))
    let organs = City.organs.map { organ in
      var organ = organ
      if organ.tier == .district { organ.officeHours = OfficeHours(text: "09:00-12:00,13:00-18:00") }
      return organ
    }
    let directory = Directory(version: 2, organs: organs, sources: Array(City.directory.sources.values))
    var book = try opened(at: november(20, 15), rule, directory: directory)
    // Three hours on Friday until 18:00, two on Monday from 09:00.
    #expect(book.whole.due(.resolution) == november(23, 11))
    book.sweep(at: november(23, 11))
    #expect(book.whole.due(.resolution) == november(23, 17))
  }

  // MARK: - Calendars that come

  private static func announced(_ lines: String, version: Int) throws -> WorkCalendar {
    try WorkCalendar(csv: "date,kind,name\n2026-01-01,holiday,元旦\n" + lines, version: version)
  }

  /// Another calendar, from a time on.
  private func calendars(_ calendar: WorkCalendar, from time: Instant) -> Calendars {
    Calendars([(Instant(microseconds: .min), City.calendar), (time, calendar)])
  }

  @Test("a year that is announced moves what was provisional from then on, and it is provisional no more")
  func announcement() throws {
    let due = ShanghaiTime(year: 2027, month: 1, day: 14, hour: 17, minute: 30).instant
    var book = try opened(at: Self.december, Self.thirteen)
    #expect(book.whole.due(.resolution) == due)
    let now = Self.december + .hours(24)
    // One day off more (Friday 01-01), one make-up day more (Saturday 01-09): by chance the same day.
    var same = book
    same.references.calendars = calendars(
      try Self.announced(
        "2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-09,workday,元旦调休\n", version: 2), from: now)
    same.sweep(at: now, all: true)
    #expect(same.whole.due(.resolution) == due && same.whole.cycle?.resolution?.isProvisional == false)
    book.references.calendars = calendars(try Self.announced("2027-01-01,holiday,元旦\n", version: 3), from: now)
    book.sweep(at: now, all: true)
    #expect(book.whole.due(.resolution) == due + .days(1) && book.whole.cycle?.resolution?.isProvisional == false)
    // The explanation has both dates.
    #expect(book.explained(at: now).map(\.dueAt) == [due + .days(1)], "it counted from the start, for it gives more time")
  }

  @Test("a deadline that counts a year by the calendar that announced it later is explained by that calendar")
  func explainedByTheLater() throws {
    // Monday 2026-12-28: three workdays end on the 31st; a fourth is 01-01 as long as nobody says otherwise, and 01-04 once it is 元旦.
    let start = ShanghaiTime(year: 2026, month: 12, day: 28, hour: 10).instant
    var book = try opened(at: start, "resolution: { within: 4wd, district: 1wd, city: 1wd }")
    book.references.calendars = calendars(
      try Self.announced("2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n", version: 3),
      from: start + .days(1))
    let derivation = try #require(book.explained(at: start + .days(1)).last)
    #expect(derivation.dueAt == ShanghaiTime(year: 2027, month: 1, day: 4, hour: 10).instant && !derivation.clock.isProvisional)
    #expect(derivation.days.calendar.version == 3)
    #expect(derivation.explanation?.days.filter { $0.role == .skipped }.map(\.reason) == ["元旦", "元旦", "元旦"])
  }

  @Test("a calendar that takes a day off away makes no deadline pass that had not, and one that gives one lifts no breach")
  func corrections() throws {
    func november(_ day: Int, _ hour: Int = 10) -> Instant { ShanghaiTime(year: 2026, month: 11, day: day, hour: hour).instant }
    let rule = "resolution: { within: 2wd, district: 3wd, city: 3wd }"
    // Monday 2026-11-16, due on Wednesday. On Thursday a calendar comes that had Tuesday off: what lapsed stands.
    var late = try opened(at: november(16), rule)
    late.sweep(at: november(18))
    #expect(late.breaches.dues == [november(18)] && late.whole.due(.resolution) == november(23))
    late.references.calendars = calendars(try Self.announced("2026-11-17,holiday,停工\n", version: 2), from: november(19))
    late.sweep(at: november(19), all: true)
    #expect(late.breaches.dues == [november(18)] && late.whole.due(.resolution) == november(23))
    // It came on Tuesday already: one more day.
    var early = try opened(at: november(16), rule)
    early.references.calendars = calendars(try Self.announced("2026-11-17,holiday,停工\n", version: 2), from: november(17, 9))
    early.sweep(at: november(18), all: true)
    #expect(early.breaches.isEmpty && early.whole.due(.resolution) == november(19))
    // Friday, due on Tuesday; on Monday a calendar says that Saturday was a workday: due on Monday at that time, which is ahead still.
    var ahead = try opened(at: november(20), rule)
    #expect(ahead.whole.due(.resolution) == november(24))
    let saturday = try Self.announced("2026-11-21,workday,调休\n", version: 2)
    var behind = ahead
    ahead.references.calendars = calendars(saturday, from: november(23, 9))
    ahead.sweep(at: november(23, 9), all: true)
    #expect(ahead.whole.due(.resolution) == november(23))
    // And at noon, when that has passed, nothing moves.
    behind.references.calendars = calendars(saturday, from: november(23, 12))
    behind.sweep(at: november(23, 12), all: true)
    #expect(behind.whole.due(.resolution) == november(24) && behind.breaches.isEmpty)
  }

  @Test("what is heard of late counts by the calendar of its time, as if it had been heard of then")
  func heardAfterACalendar() throws {
    func november(_ day: Int, _ hour: Int = 10) -> Instant { ShanghaiTime(year: 2026, month: 11, day: day, hour: hour).instant }
    let rule = "resolution: { within: 2wd, district: 3wd, city: 3wd }"
    var books: [Casebook] = []
    for order in [[0, 1], [1, 0]] {
      var book = try opened(at: november(16), rule)
      book.references.calendars = calendars(try Self.announced("2026-11-17,holiday,停工\n", version: 2), from: november(17, 9))
      let messages = try [
        envelope("complaint.suspended", id: "s", time: november(16, 12), data: Told.pause),
        envelope("complaint.resumed", id: "r", time: november(17, 11), data: "{}"),
      ]
      book.sweep(at: november(17, 9), all: true)
      for i in order { book.hear([messages[i]], at: november(17, 11)) }
      books.append(book)
    }
    // On Monday noon a workday and 22 hours were left; it runs on from a day off, that is from Wednesday 00:00 on.
    #expect(books[0].whole == books[1].whole && books[0].whole.due(.resolution) == november(19, 22))
  }

  // MARK: - Files

  @Test("office hours in a directory file: written as intervals, read back as written, and a bad one is told by its line")
  func officeHoursFile() throws {
    for text in ["08:30-12:00,14:30-17:30", "00:00-24:00"] { #expect(OfficeHours(text: text)?.text == text) }
    for text in ["", "8:30-12:00", "12:00-08:30", "08:30-12:00,11:00-14:00", "08:30"] { #expect(OfficeHours(text: text) == nil) }
    let draft = try DirectoryDraft.read(
      yaml: """
        city: 黄石市
        hours: [08:30-12:00, 14:30-17:30]
        districts:
          - name: 黄石港区
            streets: [胜阳港街道, { name: 花湖街道, hours: [09:00-17:00] }]
        sources: []
        """)
    #expect(draft.hours == .standard && draft.districts[0].streets[1].hours == OfficeHours(text: "09:00-17:00"))
    let fault = #expect(throws: FileFault.self) {
      try DirectoryDraft.read(yaml: "city: 黄石市\nhours: [late]\ndistricts: []\nsources: []\n")
    }
    #expect(fault?.description.hasPrefix("line 2: hours: write the intervals") == true)
  }

  @Test("lengths in a policy: natural to the second, workdays and working hours, from the next day, until close; nothing else")
  func allowances() {
    #expect(Allowance(text: "30s") == .natural(.seconds(30)) && Allowance(text: "13wd")?.chinese == "13个工作日")
    #expect(Allowance(text: "13wd from-next-day until-close")?.chinese == "13个工作日（自次日起算，至下班时止）")
    #expect(Allowance(text: "48h")?.chinese == "48小时（自然时间）" && Allowance(text: "0d until-close")?.chinese == "当日（至下班时止）")
    for text in ["", "13", "wd", "-1wd", "13 wd", "1.5wd", "30s from-next-day", "13wd tomorrow", "13wd until-close until-close"] {
      #expect(Allowance(text: text) == nil, "\(text)")
    }
  }
}
