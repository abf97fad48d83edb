// Defects that were found once, each by the number that it had in the list.

import TestSamples
import Testing

@testable import Duban

private let waiting = [#""reason":"等待居民配合""#]
private let urgent = Telling.place + [#""category":"应急""#]

@Suite struct DefectTests {
  @Test func `1: an extension that is rejected before it is asked for grants nothing`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    #expect(try telling.say("extension-decided", at: clock(9), [#""decision":"rejected""#]) == .inapplicable(.notRequested))
    try telling.say(
      "extension-requested", at: clock(8, 30), heard: clock(9, 10), [#""reason":"雨季""#, #""until":"2026-11-22T08:00:00+08:00""#])
    let cycle = try #require(telling.item().cycle)
    #expect(cycle.grant == nil)
    #expect(cycle.requestedUntil == nil)
    #expect(cycle.extensions == 0)
    #expect(cycle.resolution?.dueAt == clock(8, day: 21))
    // Whoever was told that the decision did not count is told that it does.
    #expect(telling.ledger.row()?.verdicts[2]?.verdict == .applied)
  }

  @Test func `2: a reopened item that is not answered shows no answer`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("responded", at: clock(9))
    try telling.say("resolved", at: clock(10))
    #expect(telling.item().answeredAt == clock(9))
    try telling.say("reopened", at: clock(11))
    #expect(telling.item().answeredAt == nil)
    #expect(telling.item().phase == .open)
  }

  @Test func `3: whoever let the response pass still owes the resolution`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.live(until: clock(17))
    #expect(telling.item().cycle?.supervisor == .city)
    #expect(telling.item().cycle?.responsibleID == 3)
    try telling.say("responded", at: clock(17, 30))
    telling.sweep(at: clock(8, 0, 1, day: 21))
    let lapse = try #require(telling.breaches().last?.lapse)
    #expect(lapse.step.clock == .resolution)
    #expect(lapse.organID == 3)
    #expect(!lapse.isSupervising)
    #expect(telling.breaches().map(\.lapse.organID) == [3, 2, 1, 3])
  }

  @Test func `4: a pause that is stamped by a clock ahead does not count in the next cycle`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("suspended", at: clock(9, 0, 50), heard: clock(9), waiting)
    try telling.say("resolved", at: clock(9, 0, 10))
    try telling.say("reopened", at: clock(9, 0, 20))
    try telling.say("resumed", at: clock(9, 0, 30))
    try telling.expectLawful()
    try telling.say("resumed", at: clock(9, 5))
    try telling.say("resolved", at: clock(9, 6))
    try telling.say("reopened", at: clock(9, 10))
    #expect(telling.item().cycle?.pauses == [])
    #expect(telling.item().cycle?.isSuspended == false)
    #expect(telling.item().cycle?.response?.dueAt == clock(13, 10))
    try telling.expectLawful()
  }

  @Test(arguments: [true, false])
  func `5: a policy move between tiers that summon neither loses a 约谈 nor makes two`(_ startsAtDistrict: Bool) throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), urgent)
    if startsAtDistrict {
      // The district's breach is cause under the first policy.
      telling.live(until: clock(11, 1))
      #expect(telling.ledger.row()?.notices.count == 1)
      telling.ledger.act(.init(at: clock(11, 30), kind: .movesPolicy(to: 8)))
      telling.live(until: clock(20))
    } else {
      // Under the other policy only the city's is; the district's is cause once the matter is moved back.
      telling.ledger.act(.init(at: clock(8, 30), kind: .movesPolicy(to: 8)))
      telling.live(until: clock(13, 1))
      #expect(telling.breaches().map(\.lapse.step.tier) == [.street, .district])
      #expect(telling.ledger.row()?.notices.isEmpty == true)
      telling.ledger.act(.init(at: clock(13, 30), kind: .movesPolicy(to: 7)))
    }
    #expect(telling.ledger.row()?.notices.map(\.isWithdrawn) == [false])
    #expect(telling.ledger.faults.isEmpty)
    try telling.expectLawful()
  }

  @Test(arguments: [
    (Telling.place, "黄石港区"), (Telling.place + [#""lead":"供水公司""#], "供水公司"),
    ([#""region":{"district":"无名区"}"#], nil as String?),
  ])
  func `6: a matter that is never answered is cause for one 约谈, of who led or of the district`(
    _ data: [String], _ organ: String?
  ) throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), data)
    telling.live(until: clock(8, day: 25))
    #expect(telling.breaches().filter { $0.lapse.step.tier == .city }.map(\.lapse.step.clock) == [.response, .resolution])
    let proposed = telling.ledger.announcements.filter { $0.type == .noticeProposed }
    #expect(proposed.count == (organ == nil ? 0 : 1))
    if let organ { #expect(proposed.first?.data.contains(#""organ":"\#(organ)""#) == true) }
  }

  @Test func `7: the first slip of a matter whose street is unknown is blue`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), [#""region":{"district":"黄石港区","street":"不存在街道"}"#])
    telling.live(until: clock(17))
    #expect(telling.breaches().map(\.lapse.step.tier) == [.district, .city])
    #expect(telling.breaches().map(\.lapse.slip) == [.blue, .orange])
  }

  @Test func `8: a reminder that is heard after it was due has the policy's time from then`() throws {
    var telling = try Telling()
    try telling.say(
      "reminder.scheduled", at: clock(8), heard: clock(10), Telling.place + [#""due":"\#(clock(9).rfc3339)""#])
    telling.sweep(at: clock(10, 0, 1))
    #expect(telling.breaches().isEmpty)
    #expect(telling.item().cycle?.resolution?.dueAt == clock(13))
    try telling.expectLawful()
  }

  @Test func `9: what happens at one time ends alike in every order, for the parts and the duplicates, too`() throws {
    let merging = [#""into":{"source":"/hotline/12345","subject":"HS-1"}"#]
    let messages = [
      ("submitted", Telling.place + [#""supporting":["供电公司"]"#], "HS-1"), ("resolved", [], "HS-1"), ("reopened", [], "HS-1"),
      ("resolved", [], "HS-1"), ("submitted", [], "HS-2"), ("merged", merging, "HS-2"),
    ]
    for order in Array(messages.enumerated()).permutations {
      var telling = try Telling()
      for (i, (type, data, subject)) in order {
        try telling.hear([telling.message(type, at: clock(9), data, of: subject, id: "e\(i)")], at: clock(9))
        telling.ledger.follow(at: clock(9))
      }
      #expect(telling.item().phase == .closed)
      #expect(telling.item(unit: "供电公司").phase == .closed)
      #expect(telling.item(of: "HS-2").phase == .closed)
      #expect(telling.ledger.matter("HS-2")?.wakeAt == nil)
    }
  }
}
