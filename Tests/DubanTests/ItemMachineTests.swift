// The item machine: clocks, the chain, and the table at the head of ItemMachine.swift.

import Testing

@testable import Duban

@Suite("The item machine")
struct ItemMachineTests {
  @Test("R1: a complaint's response clock runs out 48 hours after it was made, at the street")
  func responseClock() throws {
    let (item, effects) = try opened()
    #expect(item.phase == .open && item.tier == .street && item.cycle == 1)
    #expect(item.deadline == Item.Deadline(clock: .response, dueAt: morning + .hours(48)))
    #expect(item.place == Place(cityID: 1, districtID: 2, streetID: 3, community: "覆盆山小区"))
    #expect(effects.log.map(\.type) == ["complaint.submitted"] && item.sequence == 1)
    #expect(effects.announcements.isEmpty)
  }

  @Test("R22: what nobody answers climbs 街道 → 区 → 市, each step once, each from the deadline before it, and ends in a 约谈 proposal")
  func chain() throws {
    var (item, _) = try opened()
    var now = morning + .hours(48)
    var effects = Effects()
    let lapse = { (at: Instant) throws in try City.machine(at: at).lapse(&item, into: &effects) }
    #expect(try lapse(now + Span(microseconds: -1)) == false)
    #expect(try lapse(now))
    #expect(try lapse(now) == false)
    // Found two seconds late, as a sweep may: the next deadline does not drift.
    now = now + .hours(24)
    #expect(try lapse(now + .seconds(2)))
    now = now + .hours(24)
    #expect(try lapse(now + .seconds(1)))

    #expect(effects.breaches.map(\.tier) == [.street, .district, .city])
    #expect(effects.breaches.map(\.dueAt) == [morning + .hours(48), morning + .hours(72), morning + .hours(96)])
    #expect(effects.breaches.map(\.organID) == [3, 2, 1])
    #expect(effects.announcements.map(\.type) == [.itemEscalated, .itemEscalated, .itemOverdue, .noticeProposed])
    #expect(effects.log.map(\.type) == ["item.escalated", "item.escalated", "item.overdue"])
    #expect(item.tier == .city && item.escalations == 2 && item.breachedAt == morning + .hours(48))
    // Never answered is not settled: the other clock goes on.
    #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .days(19)))

    let notice = try #require(effects.notices.first)
    #expect(effects.notices.count == 1 && notice.kind == .summons && notice.status == .proposed)
    #expect(notice.organName == "黄石港区" && notice.reference == "item/42/1/response")
    #expect(notice.body.contains("胜阳港街道:应于2026年11月22日08:00前响应,逾期未办。"))
    #expect(notice.evidence.contains("2026-11-24T08:00:00+08:00"))
  }

  @Test("after an outage a tier's clock starts when the tier was told, not when it should have been")
  func outage() throws {
    var (item, _) = try opened()
    var effects = Effects()
    let found = morning + .hours(60)
    try City.machine(at: found).lapse(&item, into: &effects)
    #expect(item.deadline?.dueAt == found + .hours(24))
  }

  @Test("a message that comes late by more than the tolerance starts the clock at its coming; one from the future, too")
  func lateMessage() throws {
    for (sent, due) in [
      (morning + .hours(-3), morning + .hours(48)), (morning + .hours(-1), morning + .hours(47)),
      (morning + .hours(9), morning + .hours(48)),
    ] {
      let envelope = try envelope("complaint.submitted", time: sent)
      var item = Item(awaited: envelope.item, id: 1, kind: .complaint, policyVersion: 7)
      var effects = Effects()
      try City.machine(at: morning).apply(envelope, to: &item, into: &effects)
      #expect(item.deadline?.dueAt == due)
      #expect(item.openedAt == min(sent, morning))
    }
  }

  @Test("an answer ends the response clock and leaves the resolution clock, both counted from the opening")
  func responded() throws {
    var (item, effects) = try opened()
    try City.machine(at: morning + .hours(10)).apply(
      envelope("complaint.responded", id: "e2", time: morning + .hours(10)), to: &item, into: &effects)
    #expect(item.phase == .responded)
    #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .days(19)))
    #expect(effects.breaches.isEmpty)
  }

  @Test("an answer after the deadline is a breach, though the sweep has not come by: answering and closing never erase one")
  func lateAnswer() throws {
    for type in ["complaint.responded", "complaint.resolved", "complaint.withdrawn"] {
      var (item, _) = try opened()
      var effects = Effects()
      let late = morning + .hours(49)
      try City.machine(at: late).apply(envelope(type, id: "e2", time: late), to: &item, into: &effects)
      #expect(effects.breaches.map(\.tier) == [.street], "\(type)")
      #expect(item.breachedAt == morning + .hours(48))
    }
  }

  @Test("an answer in time that is heard of late is no breach, as long as nobody has found one")
  func answerInTimeHeardLate() throws {
    var (item, _) = try opened()
    var effects = Effects()
    try City.machine(at: morning + .hours(48) + .seconds(5)).apply(
      envelope("complaint.responded", id: "e2", time: morning + .hours(47)), to: &item, into: &effects)
    #expect(effects.breaches.isEmpty && item.breachedAt == nil)
  }

  @Test("a clock that has run out at the city never starts again, however late the answer")
  func exhaustedClockStaysEnded() throws {
    var (item, _) = try opened()
    var effects = Effects()
    let muchLater = morning + .days(60)
    while try City.machine(at: muchLater).lapse(&item, into: &effects) {}
    while let due = item.deadline?.dueAt { try City.machine(at: due).lapse(&item, into: &effects) }
    let found = effects.breaches
    try City.machine(at: muchLater + .days(20)).apply(
      envelope("complaint.responded", id: "e2", time: muchLater + .days(20)), to: &item, into: &effects)
    #expect(item.deadline == nil && effects.breaches == found)
    #expect(Set(found.map { "\($0.cycle) \($0.clock) \($0.tier)" }).count == found.count)
  }

  @Test("办结 ends the clock and is announced; 催办 and 退单 are counted and reset nothing")
  func closing() throws {
    var (item, effects) = try opened()
    let due = item.deadline
    try City.machine(at: morning).apply(
      envelope("reminder.urged", id: "u", data: #"{"item":{"source":"/hotline/12345","subject":"HS-1"}}"#), to: &item,
      into: &effects)
    try City.machine(at: morning).apply(
      envelope("complaint.returned", id: "r", data: #"{"reason":"非本辖区"}"#), to: &item, into: &effects)
    #expect(item.urgings == 1 && item.returns == 1 && item.deadline == due)
    try City.machine(at: morning + .hours(1)).apply(
      envelope("complaint.resolved", id: "c", time: morning + .hours(1)), to: &item, into: &effects)
    #expect(item.phase == .closed && item.deadline == nil && item.closedAt == morning + .hours(1))
    #expect(effects.announcements.map(\.type) == [.itemClosed])
    #expect(effects.log.map(\.sequence) == [1, 2, 3, 4])
  }

  @Test("返工 and 不满意 open a closed item again in a new cycle, from the lowest tier, with the old breach kept")
  func reopening() throws {
    for (type, data) in [("complaint.reopened", "{}"), ("complaint.rated", #"{"rating":"不满意"}"#)] {
      var (item, effects) = try opened()
      try City.machine(at: morning + .hours(48)).lapse(&item, into: &effects)
      try City.machine(at: morning + .hours(50)).apply(
        envelope("complaint.resolved", id: "c", time: morning + .hours(50)), to: &item, into: &effects)
      let again = morning + .days(9)
      try City.machine(at: again).apply(envelope(type, id: "r", time: again, data: data), to: &item, into: &effects)
      #expect(item.phase == .open && item.cycle == 2 && item.tier == .street && item.reopenedAt == again)
      #expect(item.deadline?.dueAt == again + .hours(48) && item.breachedAt == morning + .hours(48))
    }
  }

  @Test("a clock that is ahead settles nothing for the future: a reopening dated 2099 leaves the item to be answered and closed")
  func clocksAhead() throws {
    var (item, effects) = try opened()
    let far = ShanghaiTime(year: 2099, month: 1, day: 1).instant
    let machine = try City.machine(at: morning + .hours(1))
    try machine.apply(envelope("complaint.resolved", id: "1", time: morning + .hours(1)), to: &item, into: &effects)
    try machine.apply(envelope("complaint.reopened", id: "2", time: far, data: "{}"), to: &item, into: &effects)
    #expect(item.phase == .open && item.reopenedAt == morning + .hours(1))
    let later = try City.machine(at: morning + .hours(2))
    try later.apply(envelope("complaint.resolved", id: "3", time: morning + .hours(2)), to: &item, into: &effects)
    #expect(item.phase == .closed)
  }

  @Test("R36: an inspection is answered by its report and settled by a passed recheck; a failed one moves nothing")
  func inspection() throws {
    var (item, effects) = try opened("inspection.assigned")
    #expect(item.deadline?.dueAt == morning + .days(7))
    try City.machine(at: morning).apply(envelope("inspection.reported", id: "2"), to: &item, into: &effects)
    #expect(item.phase == .responded)
    try City.machine(at: morning).apply(
      envelope("rectification.verified", id: "3", data: #"{"passed":false}"#), to: &item, into: &effects)
    #expect(item.phase == .responded)
    try City.machine(at: morning).apply(
      envelope("rectification.verified", id: "4", data: #"{"passed":true}"#), to: &item, into: &effects)
    #expect(item.phase == .closed)
  }

  @Test("R39: a funding request is answered by an approval and settled by the disbursement, or by a rejection")
  func funding() throws {
    var (item, effects) = try opened("funding.requested")
    try City.machine(at: morning).apply(
      envelope("funding.reviewed", id: "2", data: #"{"decision":"approved"}"#), to: &item, into: &effects)
    #expect(item.phase == .responded)
    try City.machine(at: morning).apply(envelope("funding.disbursed", id: "3"), to: &item, into: &effects)
    #expect(item.phase == .closed)
    var (other, _) = try opened("funding.requested")
    try City.machine(at: morning).apply(
      envelope("funding.reviewed", id: "2", data: #"{"decision":"rejected"}"#), to: &other, into: &effects)
    #expect(other.phase == .closed)
  }

  @Test("R24, R32: a reminder falls due when it says, and climbs when it is not done")
  func reminder() throws {
    var (item, effects) = try opened("reminder.scheduled", data: #"{"title":"设计变更资料","due":"2026-11-22T08:00:00+08:00"}"#)
    #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .hours(48)))
    // No region: the city holds it, 待派, and its lapse is the last.
    #expect(item.tier == .city && item.place.isUnassigned)
    try City.machine(at: morning + .hours(48)).lapse(&item, into: &effects)
    #expect(item.deadline == nil && effects.notices.count == 1)
  }

  @Test("R7: an unknown street leaves the complaint with its district, an unknown district with the city, both 待派")
  func unknownPlace() throws {
    let (street, one) = try opened(data: #"{"region":{"district":"黄石港区","street":"无此街道"}}"#)
    #expect(street.tier == .district && street.place.isUnassigned && street.place.districtID == 2)
    #expect(one.passedOver == [PassedOver(item: street.key, tier: .street)])
    let (district, two) = try opened(data: #"{"region":{"district":"无此区","street":"胜阳港街道"}}"#)
    #expect(district.tier == .city && district.place.isUnassigned)
    #expect(two.passedOver.map(\.tier) == [.street, .district])
    #expect(try opened().effects.passedOver.isEmpty)
  }

  @Test("a rule with a condition goes before the general one")
  func conditionalRule() throws {
    let item = try opened(data: #"{"category":"应急","region":{"district":"黄石港区","street":"胜阳港街道"}}"#).item
    #expect(item.deadline?.dueAt == morning + .hours(2))
  }

  @Test("an event of another kind is refused and changes nothing; so is a second opening")
  func refusals() throws {
    let (before, _) = try opened()
    for (type, reason) in [("inspection.reported", Refusal.Reason.wrongKind), ("complaint.submitted", .itemExists)] {
      var item = before
      var effects = Effects()
      do {
        try City.machine(at: morning).apply(envelope(type, id: "x"), to: &item, into: &effects)
        Issue.record("\(type) was applied")
      } catch {
        #expect((error as? Refusal)?.reason == reason)
      }
      #expect(item == before && effects.log.isEmpty)
    }
  }

  @Test(
    "whatever comes in whatever order: the log has no gaps, breaches are distinct and never erased, a closed item has no clock")
  func laws() throws {
    var random = Seeded(11)
    let types: [(String, String)] = [
      ("complaint.accepted", "{}"), ("complaint.responded", "{}"), ("complaint.resolved", "{}"), ("complaint.reopened", "{}"),
      ("complaint.returned", #"{"reason":"非本辖区"}"#), ("complaint.withdrawn", "{}"), ("complaint.rated", #"{"rating":"不满意"}"#),
      ("reminder.urged", "{}"),
    ]
    for run in 0..<300 {
      var (item, effects) = try opened()
      var now = morning
      for step in 0..<30 {
        now = now + Span(microseconds: Int64.random(in: 0...Span.days(3).microseconds, using: &random))
        let machine = try City.machine(at: now)
        if Bool.random(using: &random) {
          machine.lapse(&item, into: &effects)
        } else if let (type, data) = types.randomElement(using: &random) {
          try machine.apply(envelope(type, id: "\(step)", time: now, data: data), to: &item, into: &effects)
        }
        #expect(item.phase != .closed || item.deadline == nil)
        #expect((item.breachedAt == nil) == effects.breaches.isEmpty)
      }
      #expect(effects.log.map(\.sequence) == Array(1...Int32(effects.log.count)), "run \(run)")
      #expect(Set(effects.breaches.map { "\($0.cycle) \($0.clock) \($0.tier)" }).count == effects.breaches.count, "run \(run)")
      #expect(Set(effects.notices.map(\.reference)).count == effects.notices.count, "run \(run)")
    }
  }
}
