// 派单, 签收, 退单, 改派, 指定承办: who does it, and whose clocks run.

import Foundation
import Testing

@testable import Duban

@Suite struct DispatchTests {
  private static let policy = """
    acceptance: { within: 8h, district: 8h, city: 8h }, response: { within: 48h, district: 24h, city: 24h },
        resolution: { within: 10d, district: 5d, city: 5d }, returns: 1, approver: source
    """

  private func opened(_ policy: String = Self.policy, _ data: String = Told.opening) throws -> Casebook {
    var book = try Casebook(City.policy(policy))
    try book.hear("complaint.submitted", data)
    return book
  }

  private static func to(_ street: String, _ rest: String = "") -> String {
    #"{"region":{"district":"黄石港区","street":"\#(street)"}\#(rest)}"#
  }

  @Test func `派单 to another street makes it responsible; the resident's clock runs on, and it must sign anew`() throws {
    var book = try opened()
    try book.hear("complaint.accepted", at: hour(1))
    #expect(book.whole.due(.acceptance) == nil && book.whole.cycle?.acceptedAt == hour(1))
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: hour(4))
    #expect(book.whole.responsible == 4 && book.matter.opening?.place.streetID == 4)
    #expect(book.whole.due(.acceptance) == hour(12) && book.whole.cycle?.acceptedAt == nil)
    #expect(book.whole.due(.response) == hour(48) && book.whole.due(.resolution) == day(10))
  }

  @Test func `Where the policy says so, the clock of 办结 starts again for the new holder, and an extension still counts`() throws {
    var book = try opened(Self.policy + ", reassigned: starts-again")
    try book.hear("complaint.extension-requested", #"{"reason":"雨季","until":"2026-12-20T08:00:00+08:00"}"#, at: hour(1))
    try book.hear(
      "complaint.extension-decided", #"{"decision":"approved","until":"2026-12-20T08:00:00+08:00"}"#, at: hour(2))
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: day(3))
    #expect(book.whole.due(.response) == hour(48) + .hours(24) - .hours(24) || book.whole.cycle?.response?.step == 1)
    #expect(book.whole.due(.resolution) == ShanghaiTime(year: 2026, month: 12, day: 20, hour: 8).instant)
    try book.hear("complaint.submitted", subject: "HS-2")
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: day(3), subject: "HS-2")
    #expect(book["HS-2"].whole.due(.resolution) == day(13))
  }

  @Test func `签收 has a limit of its own, and whoever lets it pass is pressed by the tier above`() throws {
    var book = try opened()
    book.sweepAll(until: hour(20))
    #expect(book.breaches.map(\.lapse.step.clock) == [.acceptance, .acceptance])
    #expect(book.breaches.owners == [3, 2] && book.whole.responsible == 3 && book.whole.supervisor == .city)
    try book.hear("complaint.responded", at: hour(21))
    #expect(book.whole.due(.acceptance) == nil, "who answers has taken it on")
  }

  @Test func `首接负责: what is sent back stays with who has it, its clocks run, and the next assignment decides the return`() throws
  {
    var book = try opened()
    try book.hear("complaint.returned", #"{"reason":"非本辖区"}"#, at: hour(2))
    #expect(book.whole.responsible == 3 && book.whole.cycle?.isReturning == true && book.whole.returns == 1)
    #expect(book.whole.due(.resolution) == day(10))
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: hour(3))
    #expect(book.whole.responsible == 4 && book.whole.cycle?.isReturning == false)
  }

  @Test func `The platform decides a return where the policy says so; a second return is one too many`() throws {
    var book = try opened()
    try book.hear("complaint.returned", #"{"reason":"非本辖区"}"#, at: hour(2))
    let rejected = #"{"decision":"rejected","item":{"source":"/hotline/12345","subject":"HS-1"}}"#
    #expect(try book.hear("complaint.return-decided", rejected, at: hour(3), source: "/qr/mashang") == .inapplicable(.notAllowed))
    #expect(try book.hear("complaint.return-decided", #"{"decision":"rejected"}"#, at: hour(3)) == .applied)
    #expect(book.whole.cycle?.isReturning == false)
    #expect(
      try book.hear("complaint.return-decided", #"{"decision":"rejected"}"#, at: hour(4)) == .inapplicable(.notRequested))
    #expect(try book.hear("complaint.returned", #"{"reason":"非本辖区"}"#, at: hour(5)) == .inapplicable(.limitReached))
  }

  @Test func `指定承办: it may not be sent back`() throws {
    var book = try opened()
    try book.hear("complaint.assigned", Self.to("花湖街道", #","final":true,"reason":"会商确定""#), at: hour(2))
    #expect(try book.hear("complaint.returned", #"{"reason":"非本辖区"}"#, at: hour(3)) == .inapplicable(.notAllowed))
    #expect(book.whole.responsible == 4 && book.whole.returns == 0)
  }

  @Test func `A matter that is the district's or the city's own on purpose is not 待派`() throws {
    var book = try opened(Self.policy, #"{"region":{"district":"黄石港区","street":"某街道"}}"#)
    #expect(book.matter.isUnassigned(nil) && book.whole.responsible == 2)
    try book.hear("complaint.assigned", #"{"tier":"district"}"#, at: hour(1))
    #expect(!book.matter.isUnassigned(nil) && book.whole.responsible == 2 && book.whole.startTier == .district)
    try book.hear("complaint.assigned", #"{"tier":"city"}"#, at: hour(2))
    #expect(!book.matter.isUnassigned(nil) && book.whole.responsible == 1 && book.whole.startTier == .city)
    // 提级办理 of what a street has: the work rises by a decision, and falls back by another.
    try book.hear("complaint.reassigned", Self.to("胜阳港街道"), at: hour(3))
    #expect(book.whole.responsible == 3)
  }

  @Test func `An assignment to a unit takes the work from the chain, and one to a street takes it from the unit`() throws {
    var book = try opened()
    try book.hear("complaint.assigned", #"{"lead":"供水公司","supporting":["供电公司"]}"#, at: hour(1))
    #expect(book.whole.responsible == 5 && book.part("供电公司").responsible == 6)
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: hour(2))
    #expect(book.whole.responsible == 4 && book.matter.opening?.lead == nil && book.part("供电公司").isInWork)
  }

  @Test func `A new holder does not inherit what fell due before it was told`() throws {
    var book = try opened()
    // Reassigned in time, heard after the deadline and long after the tolerance: the first street owed the step.
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: day(9), heard: day(11))
    book.sweep(at: day(11), all: true)
    #expect(book.breaches.of(.resolution).owners == [3])
  }

  @Test func `An operator assigns by an entry of their own, with name and reason`() throws {
    var book = try opened()
    book.record(
      .assigned(.init(region: .init(district: "黄石港区", street: "花湖街道"), isFinal: true, reason: "会商", person: "王某")), at: hour(1))
    #expect(book.whole.responsible == 4 && book.matter.opening?.isFinal == true)
    #expect(book.log.last?.type == "item.assigned" && book.log.last?.facts.contains(#""by":"王某""#) == true)
  }

  @Test func `Each step of a matter's life is told at once, with organ, deadlines and the line of the policy`() throws {
    var book = try opened()
    let steps: [(String, String)] = [
      ("complaint.accepted", "{}"), ("complaint.returned", #"{"reason":"非本辖区"}"#), ("complaint.reassigned", Self.to("花湖街道")),
      ("complaint.contacted", #"{"reached":false}"#), ("complaint.contacted", "{}"), ("complaint.responded", "{}"),
      ("complaint.urged", "{}"), ("complaint.suspended", Told.pause), ("complaint.suspended", Told.pause),
      ("complaint.resumed", "{}"), ("complaint.parked", #"{"reason":"历史遗留"}"#), ("complaint.unparked", "{}"),
      ("complaint.resolved", "{}"), ("complaint.rated", #"{"rating":"不满意"}"#),
    ]
    for (i, step) in steps.enumerated() { try book.hear(step.0, step.1, at: hour(1 + Int64(i))) }
    #expect(
      book.told.map(\.type) == [
        .itemOpened, .itemSigned, .itemReturned, .itemReassigned, .itemResponded, .itemUrged, .itemSuspended, .itemResumed,
        .itemParked,
        .itemUnparked, .itemReopened, .itemCalledBack,
      ])
    #expect(book.told.allSatisfy { $0.data.contains(#""policyLine":4"#) && $0.data.contains(#""clock":"resolution""#) })
    #expect(book.told.first?.routingKey == "item.opened.黄石港区.胜阳港街道")
    #expect(book.told.last?.routingKey == "item.called-back.黄石港区.花湖街道" && book.told.last?.data.contains("花湖街道") == true)
  }

  @Test func `Every request is told, and every decision on it, approved or rejected`() throws {
    var book = try opened(Self.policy.replacing("returns: 1", with: "returns: 2"))
    let until = #""until":"2026-12-20T08:00:00+08:00""#
    let steps: [(String, String, String)] = [
      ("returned", #"{"reason":"非本辖区"}"#, "item.returned return"),
      ("return-decided", #"{"decision":"rejected","approver":"黄石港区"}"#, "item.decided return rejected"),
      ("returned", #"{"reason":"非本辖区"}"#, "item.returned return"),
      ("return-decided", #"{"decision":"approved","approver":"黄石港区"}"#, "item.decided return approved"),
      ("extension-requested", #"{"reason":"连续降雨",\#(until)}"#, "item.requested extension"),
      ("extension-decided", #"{"decision":"rejected","approver":"黄石港区"}"#, "item.decided extension rejected"),
      ("extension-requested", #"{"reason":"连续降雨",\#(until)}"#, "item.requested extension"),
      ("extension-decided", #"{"decision":"approved","approver":"黄石港区",\#(until)}"#, "item.decided extension approved"),
      ("closure-requested", #"{"closing":"已解决"}"#, "item.requested closure"),
      ("closure-decided", #"{"decision":"rejected","approver":"黄石港区"}"#, "item.decided closure rejected"),
      ("closure-requested", #"{"closing":"解释说明","reason":"已入计划"}"#, "item.requested closure"),
      ("closure-decided", #"{"decision":"approved","approver":"黄石港区"}"#, "item.decided closure approved"),
    ]
    for (i, step) in steps.enumerated() { try book.hear("complaint." + step.0, step.1, at: hour(1 + Int64(i))) }
    let told = try book.told.dropFirst().map { event in
      let data = try #require(try JSONSerialization.jsonObject(with: Data(event.data.utf8)) as? [String: Any])
      let sorted = try JSONSerialization.data(withJSONObject: data, options: [.sortedKeys, .withoutEscapingSlashes])
      #expect(String(decoding: sorted, as: UTF8.self) == event.data, "\(event.type)")
      return [event.type.rawValue, data["request"] as? String, data["decision"] as? String].compactMap(\.self).joined(
        separator: " ")
    }
    #expect(told == steps.map(\.2))
    #expect(book.told.map(\.data).count { $0.contains(#""until":"2026-12-20T08:00:00+08:00""#) } == 3)
    #expect(book.told.map(\.data).contains { $0.contains(#""closing":"解释说明""#) && $0.contains(#""reason":"已入计划""#) })
    #expect(book.whole.phase == .closed && book.announcements.map(\.type).contains(.itemClosed))
  }

  @Test func `What was heard while the item was closed is told once a reopening before it is heard, and once only`() throws {
    var book = try opened()
    try book.hear("complaint.resolved", at: hour(1))
    try book.hear("complaint.urged", at: hour(3))
    try book.hear("complaint.reassigned", Self.to("花湖街道"), at: hour(4))
    #expect(book.told.map(\.type) == [.itemOpened] && book.whole.phase == .closed)
    try book.hear("complaint.reopened", at: hour(2), heard: hour(5))
    #expect(book.told.dropFirst().map(\.type) == [.itemReopened, .itemUrged, .itemReassigned])
    try book.hear("complaint.archived", at: hour(1) + .seconds(60), heard: hour(6))
    #expect(book.told.count == 4)
  }

  @Test func `What came before its opening is told once the opening is there`() throws {
    var book = try Casebook(City.policy(Self.policy))
    try book.hear("complaint.accepted", at: hour(2))
    #expect(book.told.isEmpty)
    try book.hear("complaint.submitted", at: hour(1), heard: hour(3))
    #expect(book.told.map(\.type) == [.itemOpened, .itemSigned])
  }
}
