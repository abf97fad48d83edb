// Working time in the item machine: limits in 工作日 and 工作时, office hours, pauses, provisional deadlines.

import Testing

@testable import Duban

@Suite("Deadlines in working time")
struct WorkingDeadlineTests {
  private func machine(at now: Instant, _ complaint: String, directory: Directory = City.directory) throws -> ItemMachine {
    var machine = try ChainTests.machine(at: now, complaint: complaint)
    machine.directory = directory
    return machine
  }

  private func opened(at time: Instant, _ complaint: String, directory: Directory = City.directory) throws -> Item {
    let envelope = try envelope("complaint.submitted", time: time)
    var item = Item(awaited: envelope.item, id: 42, kind: .complaint, policyVersion: 7)
    var effects = Effects()
    try machine(at: time, complaint, directory: directory).apply(envelope, to: &item, into: &effects)
    return item
  }

  static let thirteen = "resolution: { within: 13wd from-next-day until-close, district: 3wd, city: 3wd }"

  @Test("12345: 投诉举报 13 工作日 from the next day; the National Day of 2026 and its make-up days are counted as announced")
  func thirteenWorkdays() throws {
    // 2026-09-18 is a Friday. 放假 09-25…27 and 10-01…07; 调休 09-20, 10-10.
    let item = try opened(at: ShanghaiTime(year: 2026, month: 9, day: 18, hour: 10).instant, Self.thirteen)
    let days = WorkingTime(calendar: City.calendar)
    let due = try #require(item.deadline?.dueAt)
    #expect(
      due
        == days.due(try #require(TimeLimit(13, .workdays, fromNextDay: true, untilClose: true)), from: item.cycleStartedAt ?? due)
        .instant)
    #expect(due == ShanghaiTime(year: 2026, month: 10, day: 13, hour: 17, minute: 30).instant)
    #expect(item.provisionalUnder == nil)
  }

  @Test("a deadline that reaches into a year not announced is provisional, and a new cycle says so anew")
  func provisional() throws {
    var item = try opened(at: ShanghaiTime(year: 2026, month: 12, day: 28, hour: 10).instant, Self.thirteen)
    #expect(item.provisionalUnder == City.calendar.version)
    var effects = Effects()
    let early = ShanghaiTime(year: 2026, month: 12, day: 28, hour: 11).instant
    try machine(at: early, Self.thirteen).apply(envelope("complaint.resolved", id: "2", time: early), to: &item, into: &effects)
    #expect(item.deadline == nil)
    #expect(try opened(at: morning, Self.thirteen).provisionalUnder == nil)
  }

  @Test("a pause of a limit in workdays leaves as many of them after it as were left at its beginning")
  func pause() throws {
    // Monday 2026-11-16; 5 workdays from the moment: Monday 2026-11-23, 10:00.
    let rule = "resolution: { within: 5wd, district: 3wd, city: 3wd }"
    var item = try opened(at: ShanghaiTime(year: 2026, month: 11, day: 16, hour: 10).instant, rule)
    #expect(item.deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 23, hour: 10).instant)
    var effects = Effects()
    for (type, data, day) in [
      ("complaint.suspended", #"{"reason":"等待居民配合"}"#, 18), ("complaint.resumed", "{}", 21),
    ] {
      let time = ShanghaiTime(year: 2026, month: 11, day: day, hour: 10).instant
      try machine(at: time, rule).apply(envelope(type, id: type, time: time, data: data), to: &item, into: &effects)
    }
    // Three workdays were left on Wednesday at 10:00. It runs on from a Saturday, that is from Monday 00:00 on.
    #expect(item.deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 26).instant)
    #expect(item.resolutionDueAt == item.deadline?.dueAt)
  }

  @Test("保洁 5 工作时: a tier's working hours are its own organ's, or those of the organ above")
  func officeHours() throws {
    let rule = "resolution: { within: 5wh, district: 5wh, city: 5wh }"
    let start = ShanghaiTime(year: 2026, month: 11, day: 20, hour: 15).instant
    #expect(try opened(at: start, rule).deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 23, hour: 11).instant)
    let organs = City.directory.organs.values.map { organ in
      var organ = organ
      if organ.tier == .district { organ.officeHours = OfficeHours(text: "09:00-12:00,13:00-18:00") }
      return organ
    }
    let directory = Directory(version: 2, organs: organs, sources: Array(City.directory.sources.values))
    var item = try opened(at: start, rule, directory: directory)
    // Three hours on Friday until 18:00, two on Monday from 09:00.
    #expect(item.deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 23, hour: 11).instant)
    var effects = Effects()
    let due = try #require(item.deadline?.dueAt)
    try machine(at: due, rule, directory: directory).lapse(&item, into: &effects)
    #expect(item.deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 23, hour: 17).instant)
  }

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
    #expect(Allowance(text: "13wd from-next-day until-close")?.chinese == "13个工作日(从次日起算)(至下班时)")
    for text in ["", "13", "wd", "-1wd", "13 wd", "1.5wd", "30s from-next-day", "13wd tomorrow", "13wd until-close until-close"] {
      #expect(Allowance(text: text) == nil, "\(text)")
    }
  }
}
