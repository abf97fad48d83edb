// The default policy, walked: each rule that it carries, from the message that starts a clock to the notice that ends it.

import Foundation
import Testing

@testable import Duban

@Suite("The default policy")
struct DefaultPolicyTests {
  static func machine(at now: Instant) throws -> ItemMachine {
    let file = FilesTests.deploy.appending(path: "policies/default.yaml")
    let policy = try Policy(yaml: String(contentsOf: file, encoding: .utf8), version: 7)
    return ItemMachine(policies: PolicyBook(current: policy), directory: City.directory, calendar: City.calendar, now: now)
  }

  /// Friday, 2026-11-20, 08:00; no holiday is near.
  private func at(_ month: Int, _ day: Int, _ hour: Int = 8, _ minute: Int = 0) -> Instant {
    ShanghaiTime(year: 2026, month: month, day: day, hour: hour, minute: minute).instant
  }

  static let place = #""region":{"district":"黄石港区","street":"胜阳港街道"}"#

  private func open(_ type: String, _ data: String = "{\(place)}", source: String = "/hotline/12345") throws -> Item {
    let envelope = try envelope(type, source: source, data: data)
    var item = Item(awaited: envelope.item, id: 42, kind: envelope.type.kind, policyVersion: 7)
    var effects = Effects()
    try Self.machine(at: morning).apply(envelope, to: &item, into: &effects)
    return item
  }

  private func apply(_ type: String, _ data: String = "{}", at time: Instant, to item: inout Item) throws -> Effects {
    var effects = Effects()
    let envelope = try envelope(type, id: type, source: item.key.source, time: time, data: data)
    try Self.machine(at: time).apply(envelope, to: &item, into: &effects)
    return effects
  }

  /// Lets time pass: everything that falls due until then, each at its time.
  private func pass(until end: Instant, _ item: inout Item) throws -> Effects {
    var effects = Effects()
    while let wakeAt = item.wakeAt, wakeAt <= end {
      try Self.machine(at: wakeAt).wake(&item, history: effects.breaches, into: &effects)
    }
    return effects
  }

  @Test("R1: 确保48小时内响应诉求 — warned six hours before, then 街道 → 区 → 市 with a slip each, then a 约谈 is proposed (R22, R34)")
  func response() throws {
    var item = try open("complaint.submitted")
    #expect(item.deadline?.dueAt == at(11, 22) && item.tier == .street)
    let effects = try pass(until: at(11, 24), &item)
    #expect(
      effects.announcements.map(\.type) == [
        .itemDueSoon, .itemEscalated, .slipIssued, .itemDueSoon, .itemEscalated, .slipIssued, .itemDueSoon, .itemOverdue,
        .slipIssued,
        .noticeProposed,
      ])
    #expect(effects.breaches.map(\.dueAt) == [at(11, 22), at(11, 23), at(11, 24)])
    #expect(effects.breaches.map(\.slip) == [.blue, .orange, .red])
    let notice = try #require(effects.notices.first)
    #expect(notice.kind == .summons && notice.status == .proposed && notice.organName == "黄石港区")
  }

  @Test("12345 preset: 投诉举报 is settled within 13 工作日 from the next day, by close of business")
  func resolution() throws {
    var item = try open("complaint.submitted")
    #expect(try apply("complaint.responded", at: at(11, 21), to: &item).breaches.isEmpty)
    // 23–27 Nov, 30 Nov–4 Dec, 7–9 Dec.
    #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: at(12, 9, 17, 30), warnAt: at(12, 7, 17, 30)))
    let effects = try pass(until: at(12, 31), &item)
    #expect(effects.breaches.map(\.dueAt) == [at(12, 9, 17, 30), at(12, 16, 17, 30), at(12, 23, 17, 30)])
    #expect(effects.notices.map(\.reference) == ["item/42/1/resolution"])
  }

  @Test("12345 preset: 咨询 and 求助 within 3 工作日", arguments: ["咨询", "求助"])
  func inquiry(category: String) throws {
    var item = try open("complaint.submitted", #"{"category":"\#(category)",\#(Self.place)}"#)
    _ = try apply("complaint.responded", at: at(11, 21), to: &item)
    #expect(item.deadline?.dueAt == at(11, 25, 17, 30))
  }

  @Test("12345 preset: 应急 the same day, its first slip 橙, and never put off")
  func urgent() throws {
    var item = try open("complaint.submitted", #"{"category":"应急",\#(Self.place)}"#)
    #expect(item.deadline?.dueAt == at(11, 20, 10) && item.resolutionDueAt == at(11, 20, 17, 30))
    #expect(throws: Refusal.self) {
      try apply("complaint.extension-requested", PausesTests.asked, at: at(11, 20, 9), to: &item)
    }
    #expect(try pass(until: at(11, 20, 11), &item).breaches.map(\.slip) == [.orange, .red])
  }

  @Test("12388 preset: accepted or forwarded within 5 工作日, answered within 15")
  func discipline() throws {
    let item = try open("complaint.submitted", source: "/platform/12388")
    #expect(item.deadline?.dueAt == at(11, 27, 17, 30) && item.resolutionDueAt == at(12, 11, 17, 30))
  }

  @Test("延期 preset: asked for before expiry, approved above, once")
  func extending() throws {
    var item = try open("complaint.submitted")
    _ = try apply("complaint.extension-requested", PausesTests.asked, at: at(11, 21), to: &item)
    _ = try apply("complaint.extension-decided", PausesTests.granted, at: at(11, 21, 9), to: &item)
    #expect(item.resolutionDueAt == at(12, 20))
    #expect(item.deadline?.dueAt == at(11, 22), "R1's 48 hours are not put off")
    #expect(throws: Refusal.self) { try apply("complaint.extension-requested", PausesTests.asked, at: at(11, 21, 10), to: &item) }
  }

  @Test("R36: 整改 then 复查 — reported within 5 工作日, closed by a recheck that passed")
  func recheck() throws {
    var item = try open("inspection.assigned")
    #expect(item.deadline?.dueAt == at(11, 27, 17, 30))
    _ = try apply("inspection.reported", at: at(11, 24), to: &item)
    #expect(item.deadline?.dueAt == at(12, 20, 17, 30))
    _ = try apply("rectification.verified", #"{"passed":false}"#, at: at(12, 1), to: &item)
    #expect(item.phase == .responded)
    #expect(
      try apply("rectification.verified", #"{"passed":true}"#, at: at(12, 2), to: &item).announcements.map(\.type) == [
        .itemClosed
      ])
  }

  @Test("R39: 拨付不及时 is found — a request that nobody reviews within 15 days, money that is not disbursed within 30")
  func disbursement() throws {
    var item = try open("funding.requested")
    #expect(item.deadline?.dueAt == at(12, 5, 17, 30))
    _ = try apply("funding.reviewed", #"{"decision":"approved"}"#, at: at(12, 1), to: &item)
    #expect(item.deadline?.dueAt == at(12, 20, 17, 30))
    #expect(try pass(until: at(12, 20, 17, 30), &item).breaches.map(\.clock) == [.resolution])
  }

  @Test("R24, R32, R37: a reminder is warned of two days before it is due; not done, it climbs")
  func reminder() throws {
    var item = try open("reminder.scheduled", #"{"due":"2026-11-27T17:30:00+08:00",\#(Self.place)}"#)
    #expect(item.wakeAt == at(11, 25, 17, 30))
    let effects = try pass(until: at(11, 30, 17, 30), &item)
    #expect(effects.breaches.map(\.tier) == [.street, .district] && effects.announcements[0].type == .itemDueSoon)
  }
}
