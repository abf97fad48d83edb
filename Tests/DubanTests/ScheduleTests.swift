// Schedules and the notices they write.

import Testing

@testable import Duban

@Suite("Schedules and notices")
struct ScheduleTests {
  func schedule(_ recurrence: Recurrence, catchUp: Int = 12) -> Schedule {
    Schedule(id: 9, name: "monthly", notice: .bulletin, recurrence: recurrence, tier: .district, threshold: 3, catchUp: catchUp)
  }

  @Test("a month is reported once it has ended, not before, and the next is due at its own end")
  func monthly() {
    let due = ShanghaiTime(year: 2026, month: 11, day: 1).instant
    let firing = schedule(.monthly).firing(dueAt: due, now: due)
    #expect(firing.periods.map(\.chinese) == ["2026年10月"])
    #expect(firing.nextAt == ShanghaiTime(year: 2026, month: 12, day: 1).instant)
    #expect(schedule(.monthly).firing(dueAt: firing.nextAt, now: due + .days(29)).periods.isEmpty)
  }

  @Test("after downtime each missed period is made up once, the oldest first, and no more than the limit")
  func catchUp() {
    let due = ShanghaiTime(year: 2026, month: 2, day: 1).instant
    let now = ShanghaiTime(year: 2026, month: 5, day: 15).instant
    #expect(
      schedule(.monthly).firing(dueAt: due, now: now).periods.map(\.chinese) == ["2026年1月", "2026年2月", "2026年3月", "2026年4月"])
    #expect(schedule(.monthly, catchUp: 1).firing(dueAt: due, now: now).periods.map(\.chinese) == ["2026年4月"])
  }

  @Test("firing whenever it is due, at whatever delay, reports every period exactly once")
  func everyPeriodOnce() {
    var random = Seeded(5)
    let schedule = schedule(.every(.seconds(20)), catchUp: 1000)
    for _ in 0..<50 {
      var dueAt = Recurrence.every(.seconds(20)).period(holding: morning).end
      let first = dueAt
      var now = morning
      var reported: [Period] = []
      for _ in 0..<20 {
        now = now + .seconds(Int64.random(in: 1...100, using: &random))
        guard dueAt <= now else { continue }
        let firing = schedule.firing(dueAt: dueAt, now: now)
        reported += firing.periods
        #expect(firing.nextAt > now)
        dueAt = firing.nextAt
      }
      for (i, period) in reported.enumerated() { #expect(period.end == first + .seconds(Int64(20 * i))) }
    }
  }

  @Test("R30: a 通报 ranks the streets, most overdue first; equal ones share a rank, one with nothing has none")
  func bulletin() {
    let figures = [
      StreetFigures(street: "花湖街道", open: 3, overdue: 1, escalated: 1),
      StreetFigures(street: "胜阳港街道", open: 2, overdue: 2, escalated: 4),
      StreetFigures(street: "江北街道", open: 3, overdue: 1, escalated: 1),
      StreetFigures(street: "沈家营街道", open: 0, overdue: 0, escalated: 0),
      StreetFigures(street: "黄石港街道", open: 1, overdue: 0, escalated: 0),
    ]
    let period = Recurrence.monthly.period(holding: ShanghaiTime(year: 2026, month: 10, day: 5).instant)
    let district = Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1)
    let notice = Notice.bulletin(to: district, figures, in: period, schedule: schedule(.monthly), by: nil, at: morning)
    #expect(
      notice == Notice.bulletin(to: district, figures.reversed(), in: period, schedule: schedule(.monthly), by: nil, at: morning))
    let cited = Notice.bulletin(
      to: district, figures, in: period, schedule: schedule(.monthly), by: "明建〔2024〕14号第六部分第（四）项", at: morning)
    #expect(cited.body == notice.body.replacing("　　现将", with: "　　依据明建〔2024〕14号第六部分第（四）项，现将"))
    #expect(notice.status == .issued && notice.title == "关于黄石港区老旧小区改造事项办理情况的通报（2026年10月）")
    #expect(
      notice.body == """
        黄石港区各街道：
        　　现将2026年10月老旧小区改造事项办理情况通报如下（数据截至10月31日24时）。
        　　一、总体情况
        　　在办9件，其中有逾期记录4件，提级督办6件次。
        　　二、街道排名（有逾期记录多者在前，数据相同的位次相同）
        　　第1位　胜阳港街道：在办2件，其中有逾期记录2件，提级督办4件次。
        　　第2位　江北街道：在办3件，其中有逾期记录1件，提级督办1件次。
        　　第2位　花湖街道：在办3件，其中有逾期记录1件，提级督办1件次。
        　　第4位　黄石港街道：在办1件，其中有逾期记录0件，提级督办0件次。
        　　无在办事项，不参加排名：沈家营街道。
        2026年11月20日
        """)
    #expect(notice.announcement(for: Audience(), orderKey: 2).type == .noticeIssued)
  }

  private func breach(_ id: Int64, by organ: Int64 = 3, supervising: Bool = false, _ clock: Item.ClockKind = .response) -> Breach
  {
    Breach(
      itemID: id, number: 1,
      lapse: Lapse(
        step: Step(unit: nil, begunBy: 1, clock: clock, tier: supervising ? .district : .street), cycle: 1, organID: organ,
        startedAt: hour(-48), dueAt: morning, foundAt: morning, isSupervising: supervising))
  }

  private func monthly(_ organ: Int64, _ lapses: [OrganBreach], _ period: Period? = nil, by basis: String? = nil) throws -> Notice
  {
    let organ = try #require(City.directory.organs[organ])
    let month = Recurrence.monthly.period(holding: ShanghaiTime(year: 2026, month: 10, day: 5).instant)
    return Notice.summons(
      of: organ, for: lapses, in: period ?? month, schedule: schedule(.monthly), by: basis, directory: City.directory,
      at: morning)
  }

  @Test("依据 of a 约谈 is the policy's, and without one who drafts adds it")
  func basis() throws {
    let lapses = [
      OrganBreach(item: ItemKey(source: "/hotline/12345", subject: "HS-1"), kind: .complaint, breach: breach(1), progress: .open)
    ]
    let cited = try monthly(3, lapses, by: "明建〔2024〕14号第六部分第（四）项")
    #expect(cited.body.contains("　　二、约谈依据\n　　明建〔2024〕14号第六部分第（四）项。\n") && !cited.body.contains("尚未录入"))
    #expect(try monthly(3, lapses).body.contains("　　二、约谈依据\n　　尚未录入，由承办人补充；未补充的，不得报签。\n"))
  }

  @Test("R34: a 约谈 proposal lists each breach, says what has become of it, and leaves the basis to who drafts")
  func summons() throws {
    let fates: [Progress] = [.done(hour(3)), .open, .unknown]
    let lapses = fates.enumerated().map { i, progress in
      OrganBreach(
        item: ItemKey(source: "/hotline/12345", subject: "HS-\(i + 1)"), kind: .complaint, breach: breach(Int64(i)),
        progress: progress)
    }
    let notice = try monthly(3, lapses)
    #expect(notice.status == .proposed && notice.organID == 3 && notice.title == "关于提请约谈胜阳港街道的呈批件（送签稿）")
    #expect(
      notice.body == """
        　　2026年10月1日至31日，系统认定胜阳港街道承办事项逾期3件次，达到“当月逾期3件次及以上”的约谈情形。建议约谈胜阳港街道，请审定。
        　　一、逾期情况
        　　1.12345HS-1（承办）：应于2026年11月20日08:00前首次响应，实际于2026年11月20日11:00响应，逾期3小时。
        　　2.12345HS-2（承办）：应于2026年11月20日08:00前首次响应，至今未响应。
        　　3.12345HS-3（承办）：应于2026年11月20日08:00前首次响应，至期未响应。
        　　二、约谈依据
        　　尚未录入，由承办人补充；未补充的，不得报签。
        　　拟稿：＿＿　核稿：＿＿　会签：＿＿　签发：＿＿　生成时间：2026年11月20日08:00
        """)
    let period = Period(start: morning + .seconds(-20), end: morning)
    #expect(
      try monthly(3, lapses, period).reference == "monthly/2026-11-20T07:59:40+08:00/2026-11-20T08:00:00+08:00/3")
  }

  @Test("a supervising organ is called in for not having pressed, and a confidential matter is named by no number of its source")
  func supervisingAndConfidential() throws {
    let key = ItemKey(source: "/platform/12388", subject: "JW-7")
    let notice = try monthly(
      2, [OrganBreach(item: key, kind: .complaint, breach: breach(42, by: 2, supervising: true, .resolution), progress: .open)])
    #expect(notice.body.contains("系统认定黄石港区督办事项逾期1件次"))
    #expect(notice.body.contains("1.一件不公开事项（内部流水号42）（督办）：应于2026年11月20日08:00前督促办结，未按期督促到位，承办单位至今未办结。"))
    #expect(!notice.body.contains("JW-7") && !notice.evidence.contains("JW-7") && !notice.title.contains("JW-7"))
  }
}
