// 受理, 响应, 办结, 重办 and the kinds of matter: what becomes of each, and what does not count.

import Testing

@testable import Duban

@Suite("The fold: opening, answering, closing")
struct FoldTests {
  @Test("R1: a complaint is to be answered within 48 hours of its making and settled within 19 days, both by the street")
  func opening() throws {
    var book = try Casebook()
    #expect(try book.hear("complaint.submitted") == .applied)
    #expect(book.whole.phase == .open && book.whole.cycles == 1 && book.matter.kind == .complaint)
    #expect(book.whole.responsible == City.streetID && book.whole.startTier == .street && book.whole.supervisor == nil)
    #expect(book.whole.due(.response) == hour(48) && book.whole.due(.resolution) == day(19))
    #expect(book.matter.opening?.place == Place(cityID: 1, districtID: 2, streetID: 3, community: "覆盆山小区"))
    #expect(book.matter.opening?.title == "雨水管未接入市政管网" && book.matter.opening?.policyVersion == 7)
    #expect(book.log.map(\.type) == ["complaint.submitted"] && book.announcements.isEmpty && book.unassigned.isEmpty)
  }

  @Test("a message that comes late by more than the tolerance starts the clock at its coming; one from the future, too")
  func lateMessage() throws {
    for (sent, due) in [(hour(-3), hour(48)), (hour(-1), hour(47)), (hour(9), hour(48))] {
      var book = try Casebook()
      try book.hear("complaint.submitted", at: sent, heard: morning)
      #expect(book.whole.due(.response) == due)
      #expect(book.matter.opening?.at == min(sent, morning) && book.whole.cycle?.beganAt == min(sent, morning))
    }
  }

  @Test("an answer ends the response clock and leaves the resolution clock, which counts from the opening")
  func responded() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.responded", at: hour(10))
    #expect(book.whole.phase == .responded && book.whole.answeredAt == hour(10))
    #expect(book.whole.due(.response) == nil && book.whole.due(.resolution) == day(19) && book.breaches.isEmpty)
    try book.hear("complaint.responded", at: hour(11))
    #expect(book.whole.answeredAt == hour(10), "the first answer counts")
  }

  @Test("办结 ends the clocks and is announced; 催办 and 退单 are counted and reset nothing")
  func closing() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    let clocks = book.whole.clocks.map(\.clock)
    try book.hear("reminder.urged", #"{"item":{"source":"/hotline/12345","subject":"HS-1"}}"#, at: hour(1))
    try book.hear("complaint.returned", #"{"reason":"非本辖区"}"#, at: hour(1))
    #expect(book.whole.urgings == 1 && book.whole.returns == 1 && book.whole.clocks.map(\.clock) == clocks)
    try book.hear("complaint.resolved", at: hour(2))
    #expect(book.whole.phase == .closed && book.whole.clocks.isEmpty && book.whole.closedAt == hour(2) && !book.whole.isWithdrawn)
    #expect(book.announcements.map(\.type) == [.itemClosed] && book.matter.wakeAt == nil)
    #expect(book.log.map(\.number) == [1, 2, 3, 4])
    // What comes after the end moves nothing.
    for (type, data) in [("complaint.responded", "{}"), ("complaint.resolved", "{}"), ("complaint.withdrawn", "{}")] {
      #expect(try book.hear(type, data, at: hour(3)) == .applied)
    }
    #expect(book.whole.closedAt == hour(2) && book.whole.answeredAt == nil && !book.whole.isWithdrawn)
  }

  @Test("撤回 ends a matter without settling it")
  func withdrawn() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.withdrawn", at: hour(2))
    #expect(book.whole.phase == .closed && book.whole.isWithdrawn && book.whole.closedAt == hour(2))
  }

  @Test("an answer after the deadline is a breach, though no sweep has come by: answering and closing never erase one")
  func lateAnswer() throws {
    for type in ["complaint.responded", "complaint.resolved", "complaint.withdrawn"] {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      try book.hear(type, at: hour(49))
      #expect(book.breaches.tiers == [.street] && book.whole.breachedAt == hour(48), "\(type)")
    }
  }

  @Test("what is done at the very due time is in time; a sweep at that time finds a breach")
  func atTheDueTime() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    var swept = book
    try book.hear("complaint.responded", at: hour(48))
    #expect(book.breaches.isEmpty && book.whole.phase == .responded)
    swept.sweep(at: hour(48) + Span(microseconds: -1))
    #expect(swept.breaches.isEmpty)
    swept.sweep(at: hour(48))
    #expect(swept.breaches.dues == [hour(48)])
  }

  @Test("an answer in time that is heard of late is no breach, where nobody has found one")
  func answerInTimeHeardLate() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.responded", at: hour(47), heard: hour(48) + .seconds(5))
    #expect(book.breaches().isEmpty && book.whole.breachedAt == nil)
  }

  @Test("重办 and 不满意 open a closed matter again in a new cycle, from the lowest tier; the old breach stays")
  func reopening() throws {
    for (type, data) in [("complaint.reopened", "{}"), ("complaint.rated", #"{"rating":"不满意"}"#)] {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      book.sweep(at: hour(48))
      try book.hear("complaint.resolved", at: hour(50))
      try book.hear(type, data, at: day(9))
      #expect(book.whole.phase == .open && book.whole.cycles == 2 && book.whole.cycle?.beganAt == day(9))
      #expect(book.whole.responsible == City.streetID && book.whole.supervisor == nil)
      #expect(book.whole.due(.response) == day(9) + .hours(48) && book.whole.breachedAt == hour(48))
      #expect(book.breaches.tiers == [.street])
    }
    // 满意 reopens nothing.
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.resolved", at: hour(1))
    try book.hear("complaint.rated", #"{"rating":"基本满意"}"#, at: hour(2))
    #expect(book.whole.phase == .closed)
  }

  @Test("a sender's clock that is ahead settles nothing for the future: a reopening dated 2099 can be answered and closed")
  func clocksAhead() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.resolved", at: hour(1))
    try book.hear("complaint.reopened", at: ShanghaiTime(year: 2099, month: 1, day: 1).instant, heard: hour(2))
    #expect(book.whole.phase == .open && book.whole.cycle?.beganAt == hour(2))
    try book.hear("complaint.resolved", at: hour(3))
    #expect(book.whole.phase == .closed)
  }

  @Test("nothing happens to a matter before it was opened: what is dated earlier counts as of the opening")
  func beforeTheOpening() throws {
    for (type, data) in [("complaint.suspended", Told.pause), ("complaint.responded", "{}"), ("complaint.resolved", "{}")] {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      try book.hear(type, data, at: day(-27), heard: hour(2))
      switch type {
      case "complaint.suspended":
        #expect(book.whole.stoppedSince == morning)
        try book.hear("complaint.resumed", at: hour(2) + .seconds(1))
        #expect(book.whole.due(.response) == hour(50) + .seconds(1))
      case "complaint.responded": #expect(book.whole.answeredAt == morning && book.whole.phase == .responded)
      default: #expect(book.whole.closedAt == morning && book.whole.phase == .closed)
      }
      // The log keeps what was said.
      #expect(book.log.contains { $0.occurredAt == day(-27) })
    }
  }

  @Test("a closing that is dated before the opening counts as of the opening too, where it is heard first")
  func endedBeforeTheOpening() throws {
    var book = try Casebook()
    #expect(try book.hear("complaint.resolved", at: hour(-2), heard: morning) == .waits)
    try book.hear("complaint.submitted", at: morning + .seconds(1))
    #expect(book.whole.phase == .closed && book.whole.closedAt == morning + .seconds(1))
  }

  // MARK: - Kinds

  @Test("R36: an inspection is answered by its report and settled by a passed recheck; a failed one moves nothing")
  func inspection() throws {
    var book = try Casebook()
    try book.hear("inspection.assigned")
    #expect(book.matter.kind == .inspection && book.whole.due(.response) == day(7))
    try book.hear("inspection.reported", at: hour(1))
    #expect(book.whole.phase == .responded)
    try book.hear("rectification.verified", #"{"passed":false}"#, at: hour(2))
    #expect(book.whole.phase == .responded)
    try book.hear("rectification.verified", #"{"passed":true}"#, at: hour(3))
    #expect(book.whole.phase == .closed)
  }

  @Test("R39: a funding request is answered by an approval and settled by the disbursement, or by a rejection")
  func funding() throws {
    var book = try Casebook()
    try book.hear("funding.requested")
    var other = book
    try book.hear("funding.reviewed", #"{"decision":"approved"}"#, at: hour(1))
    #expect(book.whole.phase == .responded)
    try book.hear("funding.disbursed", at: hour(2))
    #expect(book.whole.phase == .closed)
    try other.hear("funding.reviewed", Told.rejected, at: hour(1))
    #expect(other.whole.phase == .closed)
  }

  @Test("R24, R32: a reminder falls due when it says, and climbs when it is not done")
  func reminder() throws {
    var book = try Casebook()
    try book.hear("reminder.scheduled", #"{"title":"设计变更资料","due":"2026-11-22T08:00:00+08:00"}"#)
    #expect(book.whole.due(.resolution) == hour(48) && book.whole.due(.response) == nil)
    // No region: the city has it, 待派, and its lapse is the last; nobody is above to summon it.
    #expect(book.whole.responsible == City.cityID && book.matter.isUnassigned(nil))
    book.sweep(at: hour(48))
    #expect(book.whole.clocks.isEmpty && book.breaches.owners == [City.cityID] && book.notices.isEmpty)
  }

  @Test("a reminder heard after its due time gets the policy's limit from the hearing: nobody could have met it")
  func reminderHeardLate() throws {
    var book = try Casebook()
    let due = #"{\#(Told.place),"due":"2026-11-22T08:00:00+08:00"}"#
    try book.hear("reminder.scheduled", due, heard: hour(60))
    #expect(book.whole.due(.resolution) == hour(60 + 24) && book.breaches.isEmpty)
  }

  @Test("R7: an unknown street leaves the complaint with its district, an unknown district with the city, both 待派")
  func unknownPlace() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{"region":{"district":"黄石港区","street":"无此街道"}}"#)
    #expect(book.whole.responsible == City.districtID && book.matter.isUnassigned(nil))
    #expect(book.matter.opening?.place.districtID == City.districtID && book.unassigned == [book.matter.key])
    #expect(book.passedOver == [PassedOver(item: book.matter.key, tier: .street)])
    var other = try Casebook()
    try other.hear("complaint.submitted", #"{"region":{"district":"无此区","street":"胜阳港街道"}}"#)
    #expect(other.whole.responsible == City.cityID && other.matter.isUnassigned(nil))
    #expect(other.passedOver.map(\.tier) == [.street, .district])
    var known = try Casebook()
    try known.hear("complaint.submitted")
    #expect(known.passedOver.isEmpty && !known.matter.isUnassigned(nil))
  }

  @Test("a rule with a condition goes before the general one")
  func conditionalRule() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{"category":"应急",\#(Told.place)}"#)
    #expect(book.whole.due(.response) == hour(2))
  }

  // MARK: - What does not count

  @Test("an event of another kind, and a second opening, stay in the log without effect, and their senders are told why")
  func inapplicable() throws {
    for (type, reason) in [("inspection.reported", Refusal.Reason.wrongKind), ("complaint.submitted", .itemExists)] {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      let before = book.whole
      #expect(try book.hear(type, at: hour(1), id: "x") == .inapplicable(reason))
      #expect(book.whole == before && book.log.count == 2)
      let receipt = try #require(book.announcements.first)
      #expect(receipt.type == .receiptRejected && receipt.data.contains(#""reason":"\#(reason.rawValue)""#))
      #expect(receipt.data.contains(#""revision":1"#) && receipt.subject == "/hotline/12345/x")
    }
  }

  @Test("of two openings the earlier place wins, whichever was heard first; whoever was told otherwise is told again")
  func twoOpenings() throws {
    var book = try Casebook()
    let (later, heard) = (morning + .seconds(1800), morning + .seconds(2400))
    try book.hear("complaint.submitted", at: later, id: "late")
    let early = #"{"region":{"district":"黄石港区","street":"花湖街道"}}"#
    #expect(try book.hear("complaint.submitted", early, at: morning, heard: heard, id: "early") == .applied)
    #expect(book.matter.opening?.at == morning && book.whole.responsible == 4 && book.whole.cycles == 1)
    #expect(book.announcements.map(\.subject) == ["/hotline/12345/late"])
    #expect(book.announcements.map(\.type) == [.receiptRejected])
  }

  @Test("a verdict that changes is told in its next revision: what did not count for want of a request counts when that is heard")
  func changedVerdict() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    #expect(
      try book.hear("complaint.extension-decided", Told.granted, at: hour(3), id: "decided") == .inapplicable(.notRequested))
    try book.hear("complaint.extension-requested", Told.asked, at: hour(2), heard: hour(4))
    #expect(book.whole.cycle?.extensions == 1 && book.whole.due(.resolution) == Told.extended)
    #expect(book.announcements.map(\.type) == [.receiptRejected, .receiptAccepted])
    #expect(book.announcements.map(\.subject) == ["/hotline/12345/decided", "/hotline/12345/decided"])
    #expect(book.announcements.last?.data.contains(#""revision":2"#) == true)
  }

  @Test("whatever comes in whatever order: breaches are distinct and never erased, a closed matter has no clock")
  func laws() throws {
    var random = Seeded(11)
    let types: [(String, String)] = [
      ("complaint.accepted", "{}"), ("complaint.responded", "{}"), ("complaint.resolved", "{}"), ("complaint.reopened", "{}"),
      ("complaint.returned", #"{"reason":"非本辖区"}"#), ("complaint.withdrawn", "{}"), ("complaint.rated", #"{"rating":"不满意"}"#),
      ("reminder.urged", "{}"), ("complaint.suspended", Told.pause), ("complaint.resumed", "{}"),
      ("complaint.extension-requested", Told.asked),
      ("complaint.extension-decided", Told.granted),
    ]
    for run in 0..<60 {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      var now = morning
      for _ in 0..<30 {
        now = now + Span(microseconds: Int64.random(in: 0...Span.days(3).microseconds, using: &random))
        let before = book.breaches()
        if Bool.random(using: &random) {
          book.sweep(at: now)
        } else if let (type, data) = types.randomElement(using: &random) {
          try book.hear(type, data, at: now)
        }
        #expect(book.whole.phase != .closed || book.whole.clocks.isEmpty)
        #expect((book.whole.breachedAt == nil) == book.breaches.isEmpty)
        #expect(before.allSatisfy(book.breaches().contains), "run \(run): heard in order, nothing changes afterwards")
      }
      #expect(Set(book.breaches.map(\.lapse.step)).count == book.breaches.count, "run \(run)")
      #expect(Set(book.notices.map(\.reference)).count == book.notices.count, "run \(run)")
    }
  }
}
