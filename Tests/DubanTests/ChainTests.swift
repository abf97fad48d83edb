// The chain's warnings, slips and summons, as the policy sets them.

import Foundation
import Testing

@testable import Duban

@Suite("The chain: warnings, slips, summons")
struct ChainTests {
  static func machine(at now: Instant, complaint: String) throws -> ItemMachine {
    let policy = try Policy(
      yaml: """
        policy: chain
        counts-from-hearing-after: 1h
        rules:
          - { kind: complaint, \(complaint) }
          - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h, warn: 72h } }
        """, version: 7)
    return ItemMachine(policies: PolicyBook(current: policy), directory: City.directory, calendar: City.calendar, now: now)
  }

  static let response =
    "response: { within: 48h, district: 24h, city: 24h, warn: 6h }, resolution: { within: 19d, district: 5d, city: 5d }"

  private func opened(_ complaint: String, _ type: String = "complaint.submitted", data: String? = nil) throws -> Item {
    let envelope = try envelope(type, data: data)
    var item = Item(awaited: envelope.item, id: 42, kind: envelope.type.kind, policyVersion: 7)
    var effects = Effects()
    try Self.machine(at: morning, complaint: complaint).apply(envelope, to: &item, into: &effects)
    return item
  }

  @Test("where settling is due before answering would be, its clock runs; an answer then ends nothing, and a climb keeps to it")
  func settlingFirst() throws {
    var policy = try City.policy()
    policy.rules[1].resolution = .init(within: .natural(.hours(5)), district: .natural(.hours(3)), city: .natural(.hours(3)))
    func machine(_ hours: Int64) throws -> ItemMachine {
      var machine = try City.machine(at: morning + .hours(hours))
      machine.policies = PolicyBook(current: policy)
      return machine
    }
    let opening = try envelope("complaint.submitted")
    var item = Item(awaited: opening.item, id: 42, kind: .complaint, policyVersion: 7)
    var effects = Effects()
    try machine(0).apply(opening, to: &item, into: &effects)
    #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .hours(5)))
    var answered = item
    try machine(1).apply(envelope("complaint.responded", id: "r", time: morning + .hours(1)), to: &answered, into: &effects)
    #expect(answered.phase == .responded && answered.deadline == item.deadline)
    for hours in [5, 8, 11] as [Int64] { try machine(hours).wake(&item, into: &effects) }
    #expect(effects.breaches.map(\.clock) == [.resolution, .resolution, .resolution] && item.deadline == nil)
    // On the way up, too: the district has a day to answer, and settling is due before.
    policy.rules[1].resolution.within = .natural(.hours(60))
    var other = Item(awaited: opening.item, id: 43, kind: .complaint, policyVersion: 7)
    effects = Effects()
    try machine(0).apply(opening, to: &other, into: &effects)
    try machine(48).wake(&other, into: &effects)
    #expect(other.tier == .district && other.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .hours(60)))
  }

  @Test("催办 before due: the holder is warned once for each deadline, and nobody who has just been told")
  func warning() throws {
    var item = try opened(Self.response)
    var effects = Effects()
    let wake = { (hours: Int64) throws in
      try Self.machine(at: morning + .hours(hours), complaint: Self.response).wake(&item, into: &effects)
    }
    #expect(item.wakeAt == morning + .hours(42))
    #expect(try wake(41) == false)
    #expect(try wake(42))
    #expect(try wake(43) == false)
    #expect(effects.announcements.map(\.type) == [.itemDueSoon] && item.wakeAt == morning + .hours(48))
    #expect(effects.log.map(\.type) == ["item.due-soon"] && effects.breaches.isEmpty)
    #expect(try wake(48))
    #expect(item.tier == .district && item.wakeAt == morning + .hours(66))
    // A deadline that passes while nobody could warn is a breach, and no warning comes after it.
    #expect(try wake(200))
    #expect(effects.announcements.map(\.type) == [.itemDueSoon, .itemEscalated, .itemEscalated])
  }

  @Test("R4, R37: a reminder warns before it is due")
  func reminderWarning() throws {
    let item = try opened(Self.response, "reminder.scheduled", data: #"{"due":"2026-12-20T08:00:00+08:00"}"#)
    #expect(item.wakeAt == ShanghaiTime(year: 2026, month: 12, day: 17, hour: 8).instant)
  }

  @Test("三色督查单: each tier that lets its deadline pass is issued the policy's slip, 蓝 then 橙 then 红")
  func slips() throws {
    let rule = Self.response + ", slips: [blue, orange, red]"
    var item = try opened(rule)
    var effects = Effects()
    for hours: Int64 in [48, 72, 96] {
      try Self.machine(at: morning + .hours(hours), complaint: rule).lapse(&item, into: &effects)
    }
    #expect(effects.breaches.map(\.slip) == [.blue, .orange, .red])
    let slips = effects.announcements.filter { $0.type == .slipIssued }
    #expect(slips.count == 3 && slips[0].data.contains("胜阳港街道") && slips[2].data.contains("slip/42/1/response/city"))
  }

  @Test("R34: a 约谈 is proposed for the first breach at or above the policy's tier, once for each clock")
  func summonsAtDistrict() throws {
    let rule = Self.response + ", summons-at: district"
    var item = try opened(rule)
    var effects = Effects()
    for day: Int64 in 2...60 {
      while try Self.machine(at: morning + .days(day), complaint: rule).lapse(&item, into: &effects) {}
    }
    #expect(effects.breaches.map(\.tier) == [.street, .district, .city, .city])
    #expect(effects.notices.map(\.reference) == ["item/42/1/response", "item/42/1/resolution"])
    #expect(effects.notices[0].body.contains("胜阳港街道") && effects.notices[0].body.contains("黄石港区"))
  }

  @Test("R7: the chain starts where the policy says, and not lower than the place is known")
  func startsAt() throws {
    #expect(try opened(Self.response + ", starts-at: district").tier == .district)
    #expect(try opened(Self.response, data: #"{"region":{"district":"黄石港区"}}"#).tier == .district)
    #expect(try opened(Self.response + ", starts-at: district", data: "{}").tier == .city)
  }

  @Test(
    "what a sweep changes of an item is what it writes: its place in the chain, its deadline and its counts, and nothing else")
  func wokenColumns() throws {
    for complaint in [Self.response, Self.response + ", slips: [blue, orange, red], summons-at: district"] {
      var item = try opened(complaint)
      for hour: Int64 in 0...1000 {
        var woken = item
        var effects = Effects()
        try Self.machine(at: morning + .hours(hour), complaint: complaint).wake(&woken, into: &effects)
        item.tier = woken.tier
        item.deadline = woken.deadline
        item.breachedAt = woken.breachedAt
        item.escalations = woken.escalations
        item.sequence = woken.sequence
        item.provisionalUnder = woken.provisionalUnder
        #expect(item == woken)
      }
      #expect(item.deadline == nil && item.escalations == 2)
    }
  }

  @Test("an escalation's facts are written with sorted names and read by any reader, whatever the item is called")
  func facts() throws {
    var item = try opened(Self.response)
    item.key.subject = "\"\\/\u{1}\u{1f}\u{7f}\n督办🏠"
    var effects = Effects()
    try Self.machine(at: morning + .hours(48), complaint: Self.response + ", slips: [blue, orange, red]").lapse(
      &item, into: &effects)
    for announcement in effects.announcements {
      let read = try #require(try JSONSerialization.jsonObject(with: Data(announcement.data.utf8)) as? [String: Any])
      #expect((read["item"] as? [String: String])?["subject"] == item.key.subject)
      let again = try JSONSerialization.data(withJSONObject: read, options: [.sortedKeys, .withoutEscapingSlashes])
      #expect(String(decoding: again, as: UTF8.self) == announcement.data)
    }
  }

  @Test("a string is written as the encoder writes it, every character below 0x300 and beyond the first plane included")
  func strings() {
    for code in Array(UInt32(0)...0x300) + [0x2028, 0x7763, 0xfeff, 0x1f3e0] {
      let text = Unicode.Scalar(code).map { "a\(Character($0))b" } ?? ""
      #expect(JSONText.string(text) == JSONText.encode(text), "\(code)")
    }
  }

  @Test("an item never waits for nobody: a tier without an organ is passed over")
  func missingOrgan() throws {
    var item = try opened(Self.response)
    item.place.districtID = nil
    var effects = Effects()
    try Self.machine(at: morning + .hours(48), complaint: Self.response).lapse(&item, into: &effects)
    #expect(item.tier == .city && item.deadline?.dueAt == morning + .hours(72))
    #expect(effects.passedOver == [PassedOver(item: item.key, tier: .district)])
    // Nobody above at all: the last that is there has it, and who is wanting is told.
    item = try opened(Self.response)
    (item.place.districtID, item.place.cityID) = (nil, nil)
    effects = Effects()
    try Self.machine(at: morning + .hours(48), complaint: Self.response).lapse(&item, into: &effects)
    #expect(effects.log.map(\.type) == ["item.overdue"] && effects.passedOver.map(\.tier) == [.district, .city])
  }
}
