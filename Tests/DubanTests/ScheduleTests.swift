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

  @Test("R30: a 通报 ranks the streets, the one with most overdue first, and equal ones always in the same order")
  func bulletin() {
    let figures = [
      StreetFigures(street: "花湖街道", open: 3, overdue: 1, escalated: 1),
      StreetFigures(street: "胜阳港街道", open: 2, overdue: 2, escalated: 4),
      StreetFigures(street: "江北街道", open: 3, overdue: 1, escalated: 1),
    ]
    let period = Recurrence.monthly.period(holding: ShanghaiTime(year: 2026, month: 10, day: 5).instant)
    let district = Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1)
    let notice = Notice.bulletin(to: district, figures, in: period, schedule: schedule(.monthly), at: morning)
    #expect(
      notice == Notice.bulletin(to: district, figures.reversed(), in: period, schedule: schedule(.monthly), at: morning))
    #expect(notice.status == .issued && notice.title == "关于黄石港区老旧小区改造事项办理情况的通报（2026年10月）")
    #expect(
      notice.body == """
        黄石港区各街道：
        现将2026年10月老旧小区改造事项办理情况通报如下。
        一、总体情况
        在办8件，超时4件，升级6件次。
        二、街道排名（超时多者在前）
        1. 胜阳港街道：在办2件，超时2件，升级4件次。
        2. 江北街道：在办3件，超时1件，升级1件次。
        3. 花湖街道：在办3件，超时1件，升级1件次。
        2026年11月20日
        """)
    #expect(notice.announcement(orderKey: 2).type == .noticeIssued)
  }

  @Test("R34: a 约谈 proposal lists each breach and says which standard was reached")
  func summons() {
    let street = Organ(id: 3, tier: .street, name: "胜阳港街道", parentID: 2)
    let lapses = (1...3).map { i in
      OrganBreach(
        subject: "HS-\(i)",
        breach: Breach(
          itemID: Int64(i), number: 1,
          lapse: Lapse(
            step: Step(unit: nil, begunBy: 1, clock: .response, tier: .street), cycle: 1, organID: 3, startedAt: hour(-48),
            dueAt: morning, foundAt: morning)))
    }
    let period = Period(start: morning + .seconds(-20), end: morning)
    let notice = Notice.summons(
      of: street, for: lapses, in: period, schedule: schedule(.monthly), directory: City.directory, at: morning)
    #expect(notice.status == .proposed && notice.organID == 3)
    #expect(notice.body.contains("逾期3件次，达到约谈标准（3件次）") && notice.body.contains("3. HS-3：响应时限2026年11月20日08:00，逾期。"))
    #expect(notice.reference == "monthly/2026-11-20T07:59:40+08:00/2026-11-20T08:00:00+08:00/3")
  }
}
