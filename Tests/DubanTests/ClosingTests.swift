// 申请办结, 办结审核, 办结类型, 挂账, 回访 and 不满意核定.

import Testing

@testable import Duban

@Suite struct ClosingTests {
  private static let policy = """
    response: { within: 48h, district: 24h, city: 24h }, submission: { within: 8d, district: 1d, city: 1d },
        resolution: { within: 10d, district: 5d, city: 5d }, review: { within: 90d, district: 5d, city: 5d },
        dissatisfaction: judged, contact-attempts: 2
    """

  private func opened(_ policy: String = Self.policy) throws -> Casebook {
    var book = try Casebook(City.policy(policy))
    try book.hear("complaint.submitted")
    try book.hear("complaint.contacted", at: hour(1))
    return book
  }

  private static func decided(_ decision: String, by approver: String = "黄石港区") -> String {
    #"{"decision":"\#(decision)","approver":"\#(approver)"}"#
  }

  @Test func `R1: the first contact that reaches the resident is the response; one that does not is counted`() throws {
    var book = try Casebook(City.policy(Self.policy))
    try book.hear("complaint.submitted")
    try book.hear("complaint.contacted", #"{"reached":false}"#, at: hour(1))
    #expect(book.whole.answeredAt == nil && book.whole.cycle?.missedContacts == 1 && book.whole.due(.response) == hour(48))
    try book.hear("complaint.contacted", #"{"reached":true}"#, at: hour(2))
    #expect(book.whole.answeredAt == hour(2) && book.whole.due(.response) == nil)
  }

  @Test func `无法联系 needs as many attempts as the policy says`() throws {
    var book = try Casebook(City.policy(Self.policy))
    try book.hear("complaint.submitted")
    try book.hear("complaint.contacted", #"{"reached":false}"#, at: hour(1))
    #expect(try book.hear("complaint.resolved", #"{"closing":"无法联系"}"#, at: hour(2)) == .inapplicable(.notAllowed))
    try book.hear("complaint.contacted", #"{"reached":false}"#, at: hour(30))
    #expect(try book.hear("complaint.resolved", #"{"closing":"无法联系"}"#, at: hour(31)) == .applied)
    #expect(book.whole.phase == .closed && book.whole.cycle?.closing == .unreachable)
  }

  @Test func `督查: a 批示 or 公文 is ended by the report that says how it is settled, any other 巡查 by a recheck`() throws {
    func book(_ closedBy: String) throws -> Casebook {
      var book = try Casebook(
        Policy(
          yaml: """
            policy: 督查
            counts-from-hearing-after: 1h
            rules:
              - { kind: complaint, resolution: { within: 1d, district: 1d, city: 1d } }
              - kind: inspection
                response: { within: 1d, district: 1d, city: 1d }
                resolution: { within: 15d, district: 3d, city: 3d }
                closed-by: \(closedBy)
              - { kind: funding, resolution: { within: 1d, district: 1d, city: 1d } }
              - { kind: reminder, resolution: { within: 1d, district: 1d, city: 1d } }
            """, version: 7))
      try book.hear("inspection.assigned", #"{\#(Told.place),"category":"批示"}"#)
      return book
    }
    let settled = #"{"closing":"已解决"}"#
    var instruction = try book("report")
    try instruction.hear("inspection.reported", at: hour(1))
    #expect(instruction.whole.phase == .responded && instruction.whole.answeredAt == hour(1))
    try instruction.hear("inspection.reported", settled, at: hour(2))
    #expect(instruction.whole.closedAt == hour(2) && instruction.whole.cycle?.closing == .solved)
    var site = try book("recheck")
    #expect(try site.hear("inspection.reported", settled, at: hour(1)) == .inapplicable(.notAllowed))
    guard case .inapplicable(let why) = site.verdict else { return #expect(Bool(false), "\(site.verdict)") }
    #expect(why.pointer == "/data/closing" && why.detail.contains("rectification.verified"))
    try site.hear("inspection.reported", at: hour(2))
    try site.hear("rectification.verified", #"{"passed":true}"#, at: hour(3))
    #expect(site.whole.closedAt == hour(3))
  }

  @Test func `不合理诉求 and 转法定途径 are refused without their ground`() {
    for closing in ["不合理诉求", "转法定途径"] {
      #expect(throws: Refusal.self) { try envelope("complaint.resolved", data: #"{"closing":"\#(closing)"}"#) }
    }
    #expect(throws: Never.self) { try envelope("complaint.resolved", data: #"{"closing":"不合理诉求","reason":"经复核"}"#) }
  }

  @Test func `申请办结 keeps 内部时限; approved, the matter is closed as was asked`() throws {
    var book = try opened()
    #expect(book.whole.due(.submission) == day(8) && book.whole.due(.resolution) == day(10))
    try book.hear("complaint.closure-requested", #"{"closing":"已解决"}"#, at: day(7))
    book.sweepAll(until: day(9))
    #expect(book.breaches.isEmpty && book.whole.cycle?.submittedAt == day(7))
    #expect(
      try book.hear("complaint.closure-decided", Self.decided("approved", by: "胜阳港街道"), at: day(9))
        == .inapplicable(.notAllowed), "the responsible street may not approve its own closing")
    try book.hear("complaint.closure-decided", Self.decided("approved"), at: day(9))
    #expect(book.whole.phase == .closed && book.whole.cycle?.closing == .solved)
  }

  @Test func `审核退回: the clock of the application runs on; what came due during the review is no breach`() throws {
    var early = try opened()
    try early.hear("complaint.closure-requested", at: day(6))
    try early.hear("complaint.closure-decided", Self.decided("rejected"), at: day(7))
    early.sweepAll(until: day(9))
    #expect(early.breaches.map(\.lapse.step.clock) == [.submission])
    var late = try opened()
    try late.hear("complaint.closure-requested", at: day(7))
    try late.hear("complaint.closure-decided", Self.decided("rejected"), at: day(9))
    late.sweepAll(until: day(12))
    #expect(late.breaches.map(\.lapse.step.clock) == [.resolution])
  }

  @Test func `A closing that nobody asked for cannot be decided`() throws {
    var book = try opened()
    #expect(try book.hear("complaint.closure-decided", Self.decided("approved"), at: day(1)) == .inapplicable(.notRequested))
    #expect(book.whole.isInWork)
  }

  @Test func `挂账 is approved above, stops the clocks, and is reviewed each quarter until 摘账`() throws {
    var book = try opened()
    let parked = #"{"reason":"资金未落实","approver":"胜阳港街道"}"#
    #expect(try book.hear("complaint.parked", parked, at: day(2)) == .inapplicable(.notAllowed))
    try book.hear("complaint.parked", parked.replacing("胜阳港街道", with: "黄石港区"), at: day(2))
    #expect(book.whole.cycle?.isParked == true && book.whole.cycle?.isSuspended == false)
    #expect(book.whole.stoppedSince == day(2) && book.whole.due(.review) == day(92) && book.matter.wakeAt == day(92))
    try book.hear("complaint.parking-reviewed", at: day(80))
    #expect(book.whole.due(.review) == day(170))
    book.sweepAll(until: day(171))
    #expect(book.breaches.map(\.lapse.step.clock) == [.review] && book.breaches.owners == [3])
    try book.hear("complaint.unparked", at: day(172))
    #expect(book.whole.due(.review) == nil && book.whole.due(.resolution) == day(180))
  }

  @Test func `挂账 has a stage where one is set; another 挂账 sets the next one and moves no clock`() throws {
    var book = try opened()
    func park(_ until: String?, at time: Instant) throws {
      let stage = until.map { #","until":"\#($0)""# } ?? ""
      try book.hear("complaint.parked", #"{"reason":"资金未落实","approver":"黄石港区"\#(stage)}"#, at: time)
    }
    try park(nil, at: day(1))
    #expect(book.whole.cycle?.parkedUntil == nil)
    let (due, since) = (book.whole.due(.review), book.whole.stoppedSince)
    try park("2027-06-30T17:30:00+08:00", at: day(2))
    try park(nil, at: day(3))
    #expect(book.whole.cycle?.parkedUntil == Instant(rfc3339: "2027-06-30T17:30:00+08:00"))
    #expect(book.whole.due(.review) == due && book.whole.stoppedSince == since)
    #expect(book.told.filter { $0.type == .itemParked }.count == 2 && book.told.last?.data.contains("2027-06-30") == true)
    try book.hear("complaint.unparked", at: day(4))
    #expect(book.whole.cycle?.parkedUntil == nil)
  }

  @Test func `中止计时 and 挂账 are kept apart: the clocks run on when both are over`() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: day(1))
    try book.hear("complaint.parked", #"{"reason":"历史遗留","approver":"黄石港区"}"#, at: day(2))
    try book.hear("complaint.resumed", at: day(3))
    #expect(book.whole.stoppedSince == day(1))
    try book.hear("complaint.unparked", at: day(4))
    #expect(book.whole.stoppedSince == nil && book.whole.due(.resolution) == day(13))
  }

  @Test func `不满意 is judged: 重办 opens it again, 维持 and 剔除 leave it closed`() throws {
    for (judgement, phase) in [("重办", Item.Phase.open), ("维持", .closed), ("剔除", .closed)] {
      var book = try opened()
      try book.hear("complaint.resolved", #"{"closing":"已解决"}"#, at: day(1))
      let judged = #"{"judgement":"\#(judgement)","approver":"黄石港区"}"#
      #expect(try book.hear("complaint.judged", judged, at: day(2)) == .inapplicable(.notRequested))
      try book.hear("complaint.rated", #"{"rating":"不满意"}"#, at: day(3))
      #expect(book.whole.phase == .closed && book.whole.cycle?.dissatisfaction == .undecided)
      try book.hear("complaint.judged", judged, at: day(4))
      #expect(book.whole.phase == phase && book.whole.cycles == (phase == .open ? 2 : 1))
      if judgement == "剔除" { #expect(book.whole.cycle?.dissatisfaction == .excluded) }
    }
  }

  @Test func `A rejection that is heard late makes no breach that its owner could not know of`() throws {
    var book = try opened()
    try book.hear("complaint.closure-requested", at: day(7))
    try book.hear("complaint.closure-decided", Self.decided("rejected"), at: day(7) + .hours(1), heard: day(9))
    book.sweepAll(until: day(9) + .hours(1))
    #expect(book.breaches.isEmpty && book.whole.due(.submission) == nil)
  }

  @Test func `A policy without a review ends the clock of what is parked; released from a merging, the review starts anew`()
    throws
  {
    var moved = try Casebook(
      City.policy(Self.policy), earlier: [City.policy("resolution: { within: 10d, district: 5d, city: 5d }", version: 7)])
    try moved.hear("complaint.submitted")
    try moved.hear("complaint.parked", #"{"reason":"历史遗留","approver":"黄石港区"}"#, at: day(1))
    moved.record(.policyMoved(to: 7, because: "整改", by: "张三"), at: day(2))
    #expect(moved.whole.due(.review) == nil)
    var book = try opened()
    try book.hear("complaint.submitted", subject: "MAIN")
    try book.hear("complaint.parked", #"{"reason":"历史遗留","approver":"黄石港区"}"#, at: day(1))
    try book.hear("complaint.merged", Told.into("MAIN"), at: day(2))
    book.follow(at: day(2))
    try book.hear("complaint.withdrawn", at: day(100), subject: "MAIN")
    book.follow(at: day(100))
    #expect(book.whole.due(.review) == day(190) && book.breaches.isEmpty)
  }

  @Test func `A back-dated 恢复 makes a breach contested, and does not erase it`() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(2))
    try book.hear("complaint.resumed", at: hour(3))
    book.sweepAll(until: day(10) + .hours(2))
    #expect(book.breaches.of(.resolution).count == 1)
    try book.hear("complaint.resumed", at: hour(2) + .seconds(60), heard: day(10) + .hours(3))
    #expect(book.breaches(of: "HS-1").filter { $0.lapse.step.clock == .resolution }.map(\.status) != [.annulled])
  }

  @Test func `A policy without these steps keeps the simple path of three messages`() throws {
    var book = try Casebook()
    for (i, type) in ["complaint.submitted", "complaint.responded", "complaint.resolved"].enumerated() {
      try book.hear(type, at: hour(Int64(i)))
    }
    #expect(book.whole.phase == .closed && book.breaches.isEmpty && book.whole.cycle?.closing == nil)
    try book.hear("complaint.rated", #"{"rating":"不满意"}"#, at: hour(9))
    #expect(book.whole.phase == .open && book.whole.clocks.map(\.kind) == [.response, .resolution])
  }
}
