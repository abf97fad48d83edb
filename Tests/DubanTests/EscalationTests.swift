// 提级督办, 预警, 督办单, 约谈: the chains of the two clocks, as the policy sets them.

import Foundation
import Testing

@testable import Duban

@Suite("Escalation: two chains, warnings, slips, summons")
struct EscalationTests {
  static let response =
    "response: { within: 48h, district: 24h, city: 24h, warn: 6h }, resolution: { within: 19d, district: 5d, city: 5d }"

  /// A complaint under a rule, opened in the morning.
  private func opened(_ complaint: String = response, _ type: String = "complaint.submitted", _ data: String? = nil) throws
    -> Casebook
  {
    var book = try Casebook(City.policy(complaint, reminder: "within: 24h, district: 24h, city: 24h, warn: 72h"))
    try book.hear(type, data)
    return book
  }

  @Test("R22: what nobody answers rises 街道 → 区 → 市, each step once, each from the deadline before it, and ends in a 约谈 proposal")
  func chain() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    book.sweep(at: hour(48) + Span(microseconds: -1))
    #expect(book.breaches.isEmpty)
    book.sweep(at: hour(48))
    #expect(book.whole.supervisor == .district && book.whole.responsible == City.streetID)
    // Found two seconds late, as a sweep may: the next deadline does not drift.
    book.sweep(at: hour(72) + .seconds(2))
    book.sweep(at: hour(96) + .seconds(1))
    #expect(book.breaches.tiers == [.street, .district, .city] && book.breaches.dues == [48, 72, 96].map(hour))
    #expect(book.breaches.owners == [3, 2, 1])
    #expect(book.announcements.map(\.type) == [.itemEscalated, .itemEscalated, .itemOverdue, .noticeProposed])
    #expect(book.findings.map(\.type) == ["item.escalated", "item.escalated", "item.overdue"])
    #expect(book.whole.supervisor == .city && book.whole.escalations == 2 && book.whole.breachedAt == hour(48))
    // Never answered is not settled: the other clock goes on, with the street, in a chain of its own.
    #expect(book.whole.clocks.map(\.kind) == [.resolution] && book.whole.due(.resolution) == day(19))
    #expect(book.whole.responsible == City.streetID)

    let notice = try #require(book.notices.first)
    #expect(book.notices.count == 1 && notice.kind == .summons && notice.status == .proposed)
    #expect(notice.organName == "黄石港区" && notice.reference == "item/42/1")
    #expect(notice.body.contains("胜阳港街道（承办）：应于2026年11月22日08:00前首次响应，至今未响应"))
    #expect(notice.body.contains("黄石港区（督办）：应于2026年11月23日08:00前督促响应，未按期督促到位，承办单位至今未响应"))
    #expect(notice.evidence.contains("2026-11-24T08:00:00+08:00"))
  }

  @Test(
    "the clocks have a chain each: a climb of 响应 does not move who owes 办结; a matter nobody touches has three breaches of each")
  func twoChains() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    book.sweepAll(until: day(60))
    #expect(book.breaches.of(.response).owners == [3, 2, 1] && book.breaches.of(.response).dues == [48, 72, 96].map(hour))
    #expect(book.breaches.of(.resolution).owners == [3, 2, 1] && book.breaches.of(.resolution).dues == [19, 24, 29].map(day))
    #expect(book.whole.clocks.isEmpty && book.whole.phase == .open)
    #expect(book.notices.count == 1, "one 约谈 for a cycle")
  }

  @Test("where settling is due before answering would be, both clocks run all the same, and an answer ends only its own")
  func settlingFirst() throws {
    let rule = "response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 5h, district: 3h, city: 3h }"
    var book = try opened(rule)
    #expect(book.whole.clocks.map(\.kind) == [.resolution, .response] && book.matter.wakeAt == hour(5))
    var answered = book
    try answered.hear("complaint.responded", at: hour(1))
    #expect(answered.whole.phase == .responded && answered.whole.due(.resolution) == hour(5))
    for hours in [5, 8, 11] as [Int64] { book.sweep(at: hour(hours)) }
    #expect(book.breaches.map(\.lapse.step.clock) == [.resolution, .resolution, .resolution])
    #expect(book.whole.clocks.map(\.kind) == [.response], "to settle is not to answer")
    // On the way up, too: the district owes the answer by the third day, the street the settling before that.
    var other = try opened(
      "response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 60h, district: 3h, city: 3h }")
    other.sweep(at: hour(48))
    #expect(other.whole.due(.response) == hour(72) && other.whole.due(.resolution) == hour(60))
    other.sweep(at: hour(60))
    #expect(other.breaches.of(.resolution).owners == [City.streetID])
  }

  @Test("after an outage a tier's clock starts when the tier was told, not when it should have been")
  func outage() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    book.sweep(at: hour(60))
    #expect(book.whole.due(.response) == hour(60 + 24) && book.breaches.dues == [hour(48)])
    #expect(book.findings.first?.data.contains(#""countedFrom":"\#(hour(60).rfc3339)""#) == true)
    // Within the tolerance nothing moves, and nothing is said.
    var prompt = try Casebook()
    try prompt.hear("complaint.submitted")
    prompt.sweep(at: hour(48) + .seconds(600))
    #expect(prompt.whole.due(.response) == hour(72) && prompt.findings.first?.data.contains("countedFrom") == false)
  }

  @Test("a clock that has run out at the city never starts again, however late the answer")
  func exhaustedClockStaysEnded() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    book.sweep(at: day(60))
    book.sweepAll(until: day(90))
    let found = book.breaches
    #expect(found.count == 6 && book.whole.clocks.isEmpty && book.matter.wakeAt == nil)
    try book.hear("complaint.responded", at: day(100))
    #expect(book.whole.clocks.isEmpty && book.breaches == found && book.whole.answeredAt == day(100))
  }

  // MARK: - 预警

  @Test("a step's owner is warned once for each deadline, and nobody who has just been told")
  func warning() throws {
    var book = try opened()
    #expect(book.matter.wakeAt == hour(42))
    book.sweep(at: hour(41))
    #expect(book.announcements.isEmpty)
    book.sweep(at: hour(42))
    #expect(book.matter.wakeAt == hour(48))
    book.sweep(at: hour(43))
    #expect(book.announcements.map(\.type) == [.itemDueSoon] && book.findings.map(\.type) == ["item.due-soon"])
    #expect(book.announcements.first?.data.contains("胜阳港街道") == true && book.breaches.isEmpty)
    book.sweep(at: hour(48))
    #expect(book.whole.supervisor == .district && book.matter.wakeAt == hour(66))
    // A deadline that passes while nobody could warn is a breach, and no warning comes after it.
    book.sweep(at: hour(200))
    #expect(book.announcements.map(\.type) == [.itemDueSoon, .itemEscalated, .itemEscalated])
    #expect(book.whole.due(.response) == hour(224) && book.matter.wakeAt == hour(218))
  }

  @Test("a message that is heard does not send a warning; the sweep that comes by sends it still")
  func warningsAreSwept() throws {
    var book = try opened()
    try book.hear("reminder.urged", at: hour(43))
    #expect(book.announcements.isEmpty && book.matter.wakeAt == hour(42))
    book.sweep(at: hour(44))
    book.sweep(at: hour(45), all: true)
    #expect(book.announcements.map(\.type) == [.itemDueSoon])
  }

  @Test("nobody is warned of what is answered, suspended or ended")
  func noWarning() throws {
    for (type, data) in [("complaint.responded", "{}"), ("complaint.suspended", Told.pause), ("complaint.resolved", "{}")] {
      var book = try opened()
      try book.hear(type, data, at: hour(41))
      book.sweep(at: hour(47), all: true)
      #expect(!book.announcements.contains { $0.type == .itemDueSoon }, "\(type)")
    }
  }

  @Test("R4, R37: a reminder warns before it is due")
  func reminderWarning() throws {
    var book = try opened(Self.response, "reminder.scheduled", #"{"due":"2026-12-20T08:00:00+08:00"}"#)
    #expect(book.matter.wakeAt == ShanghaiTime(year: 2026, month: 12, day: 17, hour: 8).instant)
    book.sweepAll(until: day(60))
    #expect(book.announcements.map(\.type) == [.itemDueSoon, .itemOverdue])
  }

  // MARK: - 督办单, 约谈

  @Test("三色督办单: the first, second and third breach of a chain are issued 蓝, 橙 and 红, whatever tier the chain starts at")
  func slips() throws {
    let rule = Self.response + ", slips: [blue, orange, red]"
    var book = try opened(rule)
    for hours: Int64 in [48, 72, 96] { book.sweep(at: hour(hours)) }
    #expect(book.breaches.map(\.lapse.slip) == [.blue, .orange, .red])
    let slips = book.announcements.filter { $0.type == .slipIssued }
    #expect(slips.count == 3 && slips[0].data.contains("胜阳港街道") && slips[2].data.contains("slip/42/3"))
    var higher = try opened(rule + ", starts-at: district")
    higher.sweep(at: hour(48))
    #expect(higher.breaches.map(\.lapse.slip) == [.blue] && higher.breaches.tiers == [.district])
  }

  @Test("R34: a 约谈 is proposed for the first breach at or above the policy's tier, once for each cycle, of both clocks together")
  func summonsAtDistrict() throws {
    var book = try opened(Self.response + ", summons-at: district")
    book.sweepAll(until: day(60))
    #expect(book.breaches.of(.response).tiers == [.street, .district, .city])
    #expect(book.breaches.of(.resolution).tiers == [.street, .district, .city])
    #expect(book.notices.map(\.reference) == ["item/42/1"])
    #expect(book.notices[0].body.contains("胜阳港街道") && book.notices[0].body.contains("黄石港区"))
    // The next cycle has one of its own.
    try book.hear("complaint.resolved", at: day(61))
    try book.hear("complaint.reopened", at: day(62))
    book.sweepAll(until: day(70))
    #expect(book.notices.map(\.reference) == ["item/42/1", "item/42/3"])
  }

  @Test("a 约谈 is of the lead unit where one is responsible, and of nobody where the city itself is")
  func whoIsSummoned() throws {
    var led = try opened(Self.response, "complaint.submitted", #"{\#(Told.place),"lead":"供水公司"}"#)
    led.sweepAll(until: day(30))
    #expect(led.notices.map(\.organName) == ["供水公司"])
    var nowhere = try opened(Self.response, "complaint.submitted", "{}")
    nowhere.sweepAll(until: day(30))
    #expect(nowhere.breaches.owners == [City.cityID, City.cityID] && nowhere.notices.isEmpty)
    var district = try opened(Self.response, "complaint.submitted", #"{"region":{"district":"黄石港区"}}"#)
    district.sweepAll(until: day(30))
    #expect(district.notices.map(\.organName) == ["黄石港区"])
  }

  // MARK: - Where a chain starts

  @Test("R7: the chain starts where the policy says, and not lower than the place is known")
  func startsAt() throws {
    #expect(try opened(Self.response + ", starts-at: district").whole.startTier == .district)
    #expect(try opened(Self.response, "complaint.submitted", #"{"region":{"district":"黄石港区"}}"#).whole.startTier == .district)
    #expect(try opened(Self.response + ", starts-at: district", "complaint.submitted", "{}").whole.startTier == .city)
  }

  @Test("nothing waits for nobody: a tier without an organ is passed over, and said to be")
  func missingOrgan() throws {
    // A street right under the city, as a directory may have it for a while.
    func directory(without tiers: Set<Tier>) -> Directory {
      Directory(
        version: 2, organs: City.organs.filter { $0.tier.map { !tiers.contains($0) } ?? true },
        sources: Array(City.directory.sources.values))
    }
    var book = try Casebook(City.policy(Self.response))
    try book.hear("complaint.submitted")
    // The place is stamped at the opening: the same story, of a matter whose place has no district.
    var matter = book.matter
    matter.opening?.place.districtID = nil
    var fold = Fold(matter, references: book.references, now: hour(48))
    fold.sweep(to: hour(48))
    #expect(fold.matter.whole.supervisor == .city && fold.matter.whole.due(.response) == hour(72))
    #expect(fold.lapses.map(\.raisedTo) == [.city] && fold.passedOver.map(\.tier) == [.district])
    // Nobody above at all: the last that is there has it, and who is wanting is told.
    matter.opening?.place.cityID = nil
    fold = Fold(matter, references: book.references, now: hour(48))
    fold.sweep(to: hour(48))
    #expect(fold.lapses.map(\.raisedTo) == [nil] && fold.passedOver.map(\.tier) == [.district, .city])
    #expect(fold.matter.whole.due(.response) == nil)
    // A directory without districts leaves all with the city.
    var bare = try Casebook(City.policy(Self.response), directory: directory(without: [.district]))
    try bare.hear("complaint.submitted")
    #expect(bare.whole.responsible == City.cityID && bare.passedOver.map(\.tier) == [.street, .district])
  }
}
