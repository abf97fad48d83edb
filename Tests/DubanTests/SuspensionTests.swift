// 中止计时, 恢复: clocks stand still, and run on with what was left of each.

import Testing

@testable import Duban

@Suite("Suspension")
struct SuspensionTests {
  private func opened(_ policy: Policy? = nil) throws -> Casebook {
    var book = try Casebook(policy)
    try book.hear("complaint.submitted")
    return book
  }

  @Test("a pause holds both clocks: each ends by as much later as it was held, and nothing lapses meanwhile")
  func pause() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(10))
    #expect(book.matter.wakeAt == nil && book.whole.stoppedSince == hour(10))
    book.sweep(at: day(100), all: true)
    #expect(book.breaches.isEmpty)
    book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(10))
    try book.hear("complaint.resumed", at: hour(100))
    #expect(book.whole.due(.response) == hour(48 + 90) && book.whole.due(.resolution) == day(19) + .hours(90))
    try book.hear("complaint.responded", at: hour(101))
    #expect(book.whole.due(.resolution) == day(19) + .hours(90))
  }

  @Test("two pauses add up; a second 中止计时 within a pause, and a second 恢复, move nothing")
  func twoPauses() throws {
    var book = try opened()
    for (type, hours) in [
      ("suspended", 10), ("suspended", 12), ("resumed", 20), ("resumed", 22), ("suspended", 30), ("resumed", 35),
    ] as [(String, Int64)] {
      try book.hear("complaint.\(type)", type == "suspended" ? Told.pause : "{}", at: hour(hours))
    }
    #expect(book.whole.due(.response) == hour(48 + 15) && book.whole.cycle?.pauses.count == 2)
  }

  @Test("a pause after the deadline does not undo the breach that stood already")
  func pauseAfterDeadline() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(50))
    #expect(book.breaches.tiers == [.street] && book.whole.supervisor == .district && book.whole.stoppedSince == hour(50))
  }

  @Test("in whatever order pauses and resumptions are heard, the deadlines come out the same")
  func anyOrder() throws {
    var random = Seeded(21)
    let events: [(String, String, Int64)] = [
      ("complaint.suspended", Told.pause, 1), ("complaint.resumed", "{}", 3), ("complaint.suspended", Told.pause, 5),
      ("complaint.resumed", "{}", 9),
    ]
    for _ in 0..<24 {
      var book = try opened(Self.patient())
      for (type, data, hours) in events.shuffled(using: &random) { try book.hear(type, data, at: hour(hours), heard: hour(9)) }
      #expect(book.whole.due(.response) == hour(48 + 6) && book.whole.stoppedSince == nil)
    }
  }

  private static func patient() throws -> Policy {
    var policy = try City.policy()
    policy.countsFromHearingAfter = .days(365)
    return policy
  }

  @Test("a pause that began before a tier had the matter gives that tier no more than its allowance: it had twice as much")
  func pausedBeforeTheClimb() throws {
    var book = try opened()
    book.sweep(at: hour(48))
    #expect(book.whole.due(.response) == hour(72))
    try book.hear("complaint.suspended", Told.pause, at: hour(24), heard: hour(49))
    // What happened counts: the street's deadline did not lapse, for it was suspended then.
    #expect(book.whole.supervisor == nil && book.whole.stoppedSince == hour(24))
    // It was heard of too late to annul by itself what was found: a person decides.
    #expect(book.breaches.map(\.status) == [.contested])
    try book.hear("complaint.resumed", at: hour(50))
    #expect(book.whole.due(.response) == hour(48 + 26) && book.whole.supervisor == nil)
    // And one that begins while the tier above has it, moves that tier's clock by as much as it was held.
    var other = try opened()
    other.sweep(at: hour(48))
    try other.hear("complaint.suspended", Told.pause, at: hour(49))
    try other.hear("complaint.resumed", at: hour(50))
    #expect(other.whole.supervisor == .district && other.whole.due(.response) == hour(73))
  }

  @Test("a resumption heard of late by more than the tolerance lets the clocks run from the hearing")
  func lateResumption() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(10))
    try book.hear("complaint.resumed", at: hour(20), heard: hour(30))
    #expect(book.whole.due(.response) == hour(48 + 20))
  }

  @Test("only reasons that the policy lists hold a clock, where it lists any; any does where it lists none")
  func reasons() throws {
    let rule = "resolution: { within: 19d, district: 5d, city: 5d }, pauses: [等待居民配合]"
    var book = try opened(City.policy(rule))
    let before = book.whole
    #expect(try book.hear("complaint.suspended", #"{"reason":"天气不好"}"#, at: hour(1)) == .inapplicable(.notAllowed))
    guard case .inapplicable(let why) = book.verdict else { return #expect(Bool(false), "\(book.verdict)") }
    #expect(why.pointer == "/data/reason" && why.detail.contains("等待居民配合") && book.whole == before)
    try book.hear("complaint.suspended", Told.pause, at: hour(2))
    #expect(book.whole.stoppedSince == hour(2))
    var any = try opened()
    try any.hear("complaint.suspended", #"{"reason":"天气不好"}"#, at: hour(1))
    #expect(any.whole.stoppedSince == hour(1))
    var none = try opened(City.policy("resolution: { within: 19d, district: 5d, city: 5d }, pauses: []"))
    #expect(try none.hear("complaint.suspended", Told.pause, at: hour(1)) == .inapplicable(.notAllowed))
  }

  private static let limited = """
    response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d },
        pauses: { 等待居民配合: 10h, 等待采购: 2wd }
    """
  private static let purchase = #"{"reason":"等待采购"}"#

  @Test("when the longest pause is over, the clocks run on by themselves, and whoever listens is told once")
  func longest() throws {
    var book = try opened(City.policy(Self.limited))
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    #expect(book.matter.wakeAt == hour(11) && book.whole.cycle?.suspension?.reason == "等待居民配合")
    book.sweep(at: hour(11) + .seconds(5))
    #expect(book.whole.stoppedSince == nil && book.whole.cycle?.pauses == [.init(from: hour(1), until: hour(11))])
    #expect(book.whole.due(.response) == hour(58) && book.whole.due(.resolution) == day(19) + .hours(10))
    #expect(book.findings.map(\.type) == ["item.resumed"] && book.told.last?.type == .itemResumed)
    // 恢复, heard after that and before it.
    try book.hear("complaint.resumed", at: hour(20))
    #expect(book.whole.due(.response) == hour(58))
    try book.hear("complaint.resumed", at: hour(5), heard: hour(21))
    // So late, it counts from the hearing, when they ran again.
    #expect(book.whole.due(.response) == hour(58) && book.whole.cycle?.pauses == [.init(from: hour(1), until: hour(11))])
    #expect(book.findings.map(\.type) == ["item.resumed"])
  }

  @Test("a 中止计时 that is heard when its longest pause is over already is told with its end, once")
  func longestHeardLate() throws {
    var book = try opened(City.policy(Self.limited))
    book.sweep(at: hour(15), all: true)
    try book.hear("complaint.suspended", Told.pause, at: hour(1), heard: hour(16))
    try book.hear("complaint.urged", at: hour(17))
    try book.hear("complaint.urged", at: hour(2), heard: hour(18))
    #expect(book.told.count { $0.type == .itemSuspended } == 1 && book.told.count { $0.type == .itemResumed } == 1)
    #expect(book.whole.stoppedSince == nil)
  }

  @Test("中止 again while the clocks are stopped does not make the longest pause longer; after it is over, it does begin a new one")
  func longestAndAgain() throws {
    var book = try opened(City.policy(Self.limited))
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    try book.hear("complaint.suspended", Self.purchase, at: hour(9))
    #expect(book.matter.wakeAt == hour(11))
    // Whether a sweep came between does not show: the pause was over by 11:00.
    try book.hear("complaint.suspended", Told.pause, at: hour(11))
    #expect(book.whole.cycle?.pauses == [.init(from: hour(1), until: hour(11)), .init(from: hour(11))])
    book.sweep(at: hour(30))
    #expect(book.whole.due(.response) == hour(48 + 20) && book.whole.stoppedSince == nil)
  }

  @Test("a longest pause counts as the policy says, in 工作日 of who is responsible, and moves with another calendar")
  func longestInWorkdays() throws {
    var book = try opened(City.policy(Self.limited))
    // Friday 09:00, and two 工作日 on.
    try book.hear("complaint.suspended", Self.purchase, at: hour(1))
    #expect(book.matter.wakeAt == day(4) + .hours(1))
    let calendar = try WorkCalendar(csv: "date,kind,name\n2026-11-24,holiday,停工\n", version: 2)
    book.references.calendars = Calendars([(Instant(microseconds: .min), City.calendar), (hour(10), calendar)])
    book.sweep(at: hour(10), all: true)
    #expect(book.matter.wakeAt == day(5) + .hours(1))
  }

  @Test("what is suspended and parked, or a duplicate, stays stopped when its longest pause is over")
  func longestOfWhatIsStoppedOtherwise() throws {
    var book = try opened(City.policy(Self.limited))
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    try book.hear("complaint.parked", #"{"reason":"历史遗留","approver":"黄石港区"}"#, at: hour(2))
    book.sweep(at: hour(12))
    #expect(book.whole.stoppedSince == hour(1) && book.whole.cycle?.isSuspended == false)
    try book.hear("complaint.unparked", at: hour(21))
    #expect(book.whole.due(.response) == hour(48 + 20))
    try book.hear("complaint.suspended", Told.pause, at: hour(22))
    try book.hear("complaint.resolved", at: hour(23))
    #expect(book.matter.wakeAt == nil && book.whole.cycle?.suspension == nil)
  }

  @Test("a move to a policy with a shorter longest pause ends the pause no sooner than the move")
  func longestMoved() throws {
    var book = try Casebook(
      City.policy(Self.limited, version: 9), earlier: [City.policy(Self.limited.replacing("10h", with: "2h"))])
    try book.hear("complaint.submitted")
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    book.record(.policyMoved(to: 8, because: "整改", by: "张三"), at: hour(6))
    book.sweep(at: hour(7))
    #expect(book.whole.cycle?.pauses == [.init(from: hour(1), until: hour(6))])
  }

  @Test("办结 ends a pause; the next cycle has none of it")
  func newCycle() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(3))
    try book.hear("complaint.resolved", at: hour(4))
    #expect(book.whole.clocks.isEmpty && book.whole.stoppedSince == nil)
    #expect(book.whole.cycle?.pauses == [.init(from: hour(3), until: hour(4))] && book.whole.cycle?.isSuspended == false)
    try book.hear("complaint.reopened", at: hour(5))
    #expect(book.whole.cycle?.pauses.isEmpty == true && book.whole.due(.resolution) == hour(5) + .days(19))
  }
}
