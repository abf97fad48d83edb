// 暂停, 延期 and 合并: what holds an item's clocks, or moves them, and what they refuse.

import Testing

@testable import Duban

@Suite("Pauses, extensions, merging")
struct PausesTests {
  /// Applies a message at the time it was sent.
  @discardableResult
  private func apply(
    _ type: String, _ data: String = "{}", at hours: Int64, to item: inout Item, main: Item? = nil, heard: Int64? = nil,
    subject: String = "HS-1"
  ) throws -> Effects {
    var effects = Effects()
    let time = morning + .hours(hours)
    try City.machine(at: morning + .hours(heard ?? hours)).apply(
      envelope(type, id: "\(type)-\(hours)", subject: subject, time: time, data: data), to: &item, main: main, into: &effects)
    return effects
  }

  private func expectRefusal(_ reason: Refusal.Reason, _ pointer: String, _ item: Item, _ act: (inout Item) throws -> Void) {
    var changed = item
    do {
      try act(&changed)
      Issue.record("was applied")
    } catch {
      #expect((error as? Refusal)?.reason == reason && (error as? Refusal)?.pointer == pointer, "\(error)")
    }
    #expect(changed == item)
  }

  static let pause = #"{"reason":"等待居民配合"}"#
  static let asked = #"{"reason":"雨季不能施工","until":"2026-12-20T08:00:00+08:00"}"#
  static let granted = #"{"decision":"approved","until":"2026-12-20T08:00:00+08:00","approver":"黄石港区"}"#
  static let extended = ShanghaiTime(year: 2026, month: 12, day: 20, hour: 8).instant

  @Test("a pause holds both clocks: each ends by as much later as it was held, and nothing lapses meanwhile")
  func pause() throws {
    var (item, _) = try opened()
    try apply("complaint.suspended", Self.pause, at: 10, to: &item)
    var effects = Effects()
    #expect(try City.machine(at: morning + .days(100)).lapse(&item, into: &effects) == false)
    try apply("complaint.resumed", at: 100, to: &item)
    #expect(item.deadline == Item.Deadline(clock: .response, dueAt: morning + .hours(48 + 90)))
    try apply("complaint.responded", at: 101, to: &item)
    #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .days(19) + .hours(90)))
  }

  @Test("a pause after the deadline does not undo the breach that stood already")
  func pauseAfterDeadline() throws {
    var (item, _) = try opened()
    let effects = try apply("complaint.suspended", Self.pause, at: 50, to: &item)
    #expect(effects.breaches.map(\.tier) == [.street] && item.tier == .district && item.suspendedAt == morning + .hours(50))
  }

  @Test("in whatever order pauses and resumptions are heard, the deadlines come out the same")
  func pausesInAnyOrder() throws {
    let events: [(String, String, Int64)] = [
      ("complaint.suspended", Self.pause, 1), ("complaint.resumed", "{}", 3),
    ]
    for order in [events, events.reversed()] {
      var (item, _) = try opened()
      for (type, data, hour) in order { try apply(type, data, at: hour, to: &item, heard: 3) }
      #expect(item.deadline?.dueAt == morning + .hours(50) && item.suspendedAt == nil && item.earlyResumption == nil)
    }
  }

  @Test(
    "nothing happens to an item before it was opened: a pause dated earlier gave it the time from before, an answer an early end")
  func beforeTheOpening() throws {
    let machine = try City.machine(at: morning + .hours(3))
    for (type, data) in [("complaint.suspended", Self.pause), ("complaint.responded", "{}"), ("complaint.resolved", "{}")] {
      var (item, _) = try opened()
      var effects = Effects()
      try machine.apply(envelope(type, id: "early", time: morning - .days(27), data: data), to: &item, into: &effects)
      switch type {
      case "complaint.suspended":
        #expect(item.suspendedAt == morning)
        try apply("complaint.resumed", at: 2, to: &item)
        #expect(item.deadline?.dueAt == morning + .hours(50))
      case "complaint.responded": #expect(item.answeredAt == morning && item.phase == .responded)
      default: #expect(item.closedAt == morning && item.phase == .closed)
      }
      // The log keeps what was said.
      #expect(effects.log.first?.occurredAt == morning - .days(27))
    }
  }

  @Test("a pause that began before a tier had the item gives that tier no more than its allowance: it had twice as much")
  func pausedBeforeTheClimb() throws {
    var (item, _) = try opened()
    var effects = Effects()
    try City.machine(at: morning + .hours(48)).lapse(&item, into: &effects)
    let due = try #require(item.deadline?.dueAt)
    let machine = try City.machine(at: morning + .hours(49))
    for (type, data, hour) in [("complaint.suspended", Self.pause, 24), ("complaint.resumed", "{}", 49)] {
      let event = try envelope(type, id: type, time: morning + .hours(Int64(hour)), data: data)
      try machine.apply(event, to: &item, history: effects.breaches, into: &effects)
    }
    // It had held it for nothing but the pause.
    #expect(item.tier == .district && item.deadline?.dueAt == due + .hours(1))
  }

  @Test("a resumption heard of late by more than the tolerance lets the clocks run from the hearing")
  func lateResumption() throws {
    var (item, _) = try opened()
    try apply("complaint.suspended", Self.pause, at: 10, to: &item)
    try apply("complaint.resumed", at: 20, to: &item, heard: 30)
    #expect(item.deadline?.dueAt == morning + .hours(48 + 20))
  }

  @Test("only reasons that the policy lists hold a clock, where it lists any")
  func pauseReasons() throws {
    let policy = try Policy(
      yaml: """
        policy: strict
        counts-from-hearing-after: 1h
        rules:
          - kind: complaint
            resolution: { within: 19d, district: 5d, city: 5d }
            pauses: [等待居民配合]
            extensions: 0
          - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
        """, version: 7)
    let machine = ItemMachine(
      policies: PolicyBook(current: policy), directory: City.directory, calendar: City.calendar, now: morning)
    let (item, _) = try opened()
    var effects = Effects()
    expectRefusal(.notAllowed, "/data/reason", item) {
      try machine.apply(envelope("complaint.suspended", id: "2", data: #"{"reason":"天气不好"}"#), to: &$0, into: &effects)
    }
    expectRefusal(.limitReached, "/type", item) {
      try machine.apply(envelope("complaint.extension-requested", id: "3", data: Self.asked), to: &$0, into: &effects)
    }
    var held = item
    try machine.apply(envelope("complaint.suspended", id: "4", data: Self.pause), to: &held, into: &effects)
    #expect(held.suspendedAt == morning)
  }

  @Test(
    "an approval by the organ that came to hold the item when its deadline passed is refused, whether or not a sweep has been there"
  )
  func approvalByHolder() throws {
    var (swept, _) = try opened()
    let unswept = swept
    var effects = Effects()
    try City.machine(at: morning + .hours(50)).lapse(&swept, into: &effects)
    for item in [swept, unswept] {
      expectRefusal(.notAllowed, "/data/approver", item) {
        try apply("complaint.extension-decided", Self.granted, at: 51, to: &$0)
      }
    }
  }

  @Test("an approval by the organ that was above when it was given counts, though a deadline has passed before it was heard")
  func approvalHeardLate() throws {
    var (item, _) = try opened()
    var effects = Effects()
    try apply("complaint.extension-requested", Self.asked, at: 1, to: &item)
    let machine = try City.machine(at: morning + .hours(50))
    try machine.lapse(&item, into: &effects)
    #expect(item.tier == .district)
    let decided = try envelope("complaint.extension-decided", id: "late", time: morning + .hours(47), data: Self.granted)
    try machine.apply(decided, to: &item, history: effects.breaches, into: &effects)
    #expect(item.resolutionDueAt == Self.extended && item.extensions == 1)
  }

  @Test(
    "12345: an extension asked for before expiry and approved by the tier above moves the resolution, once, in whatever order heard"
  )
  func extensionGranted() throws {
    let events = [("complaint.extension-requested", Self.asked), ("complaint.extension-decided", Self.granted)]
    for order in [events, events.reversed()] {
      var (item, _) = try opened()
      try apply("complaint.responded", at: 1, to: &item)
      let before = item.deadline
      for (i, (type, data)) in order.enumerated() {
        #expect(item.deadline == before, "neither alone moves anything")
        try apply(type, data, at: Int64(2 + i), to: &item)
      }
      #expect(item.deadline == Item.Deadline(clock: .resolution, dueAt: Self.extended))
      #expect(item.resolutionDueAt == Self.extended && item.extensions == 1)
      expectRefusal(.limitReached, "/type", item) { try apply("complaint.extension-requested", Self.asked, at: 5, to: &$0) }
    }
  }

  @Test("a request after expiry is too late; before it, a rejection moves nothing")
  func extensionRefused() throws {
    var (item, _) = try opened()
    try apply("complaint.responded", at: 1, to: &item)
    let answered = item
    expectRefusal(.tooLate, "/time", item) { try apply("complaint.extension-requested", Self.asked, at: 24 * 19 + 1, to: &$0) }
    try apply("complaint.extension-requested", Self.asked, at: 2, to: &item)
    try apply("complaint.extension-decided", #"{"decision":"rejected"}"#, at: 3, to: &item)
    #expect(item.deadline == answered.deadline && item.extensions == 0 && item.extensionAskedAt == nil)
  }

  @Test("a rejection that is heard before its request answers it: the request stayed asked for ever")
  func rejectedEarly() throws {
    var (item, _) = try opened()
    let before = item
    try apply("complaint.extension-decided", #"{"decision":"rejected"}"#, at: 3, to: &item)
    try apply("complaint.extension-requested", Self.asked, at: 2, to: &item, heard: 4)
    #expect(item.extensionAskedAt == nil && item.extensions == 0 && item.resolutionDueAt == before.resolutionDueAt)
    // It answers one.
    try apply("complaint.extension-requested", Self.asked, at: 5, to: &item)
    #expect(item.extensionAskedAt == morning + .hours(5))
  }

  @Test("nobody grants an extension to itself: the approver is above the tier that holds the item")
  func approver() throws {
    let (item, _) = try opened()
    for name in ["胜阳港街道", "西塞山区"] {
      expectRefusal(.notAllowed, "/data/approver", item) {
        try apply(
          "complaint.extension-decided",
          #"{"decision":"approved","until":"2026-12-20T08:00:00+08:00","approver":"\#(name)"}"#, at: 3, to: &$0)
      }
    }
    expectRefusal(.invalidValue, "/data/until", item) {
      try apply(
        "complaint.extension-decided", #"{"decision":"approved","until":"2026-11-21T08:00:00+08:00","approver":"黄石市"}"#, at: 3,
        to: &$0)
    }
  }

  @Test("a new cycle has extensions of its own, and no pause of the old one")
  func newCycle() throws {
    var (item, _) = try opened()
    try apply("complaint.extension-requested", Self.asked, at: 1, to: &item)
    try apply("complaint.extension-decided", Self.granted, at: 2, to: &item)
    try apply("complaint.suspended", Self.pause, at: 3, to: &item)
    try apply("complaint.resolved", at: 4, to: &item)
    #expect(item.deadline == nil && item.suspendedAt == nil)
    try apply("complaint.reopened", at: 5, to: &item)
    #expect(item.extensions == 0 && item.resolutionDueAt == morning + .hours(5) + .days(19))
  }

  // MARK: - 合并

  static func main(_ item: Item) -> Item {
    var main = item
    main.key.subject = "HS-0"
    main.id = 41
    return main
  }

  static let into = #"{"into":{"source":"/hotline/12345","subject":"HS-0"}}"#

  @Test("a duplicate's clocks are held while its main item is in work, and it is settled with it")
  func merged() throws {
    var (item, _) = try opened()
    var main = Self.main(item)
    try apply("complaint.merged", Self.into, at: 1, to: &item, main: main)
    #expect(item.phase == .merged && item.suspendedAt == morning + .hours(1))
    try apply("complaint.resumed", at: 2, to: &item)
    #expect(item.suspendedAt != nil, "a resumption is about a pause")
    try apply("complaint.resolved", at: 20, to: &main, subject: "HS-0")
    var effects = Effects()
    try City.machine(at: morning + .hours(20)).follow(
      main, &item, envelope("complaint.resolved", id: "r", subject: "HS-0"), history: [], into: &effects)
    #expect(item.phase == .closed && item.closedAt == morning + .hours(20) && item.deadline == nil)
    #expect(effects.log.map(\.type) == ["item.closed"] && effects.announcements.map(\.type) == [.itemClosed])
  }

  @Test("a duplicate's main item that is withdrawn by its resident leaves the other's complaint standing, its clocks running on")
  func mainWithdrawn() throws {
    var (item, _) = try opened()
    var main = Self.main(item)
    try apply("complaint.merged", Self.into, at: 1, to: &item, main: main)
    let withdrawn = try envelope("complaint.withdrawn", id: "w", subject: "HS-0", time: morning + .hours(20))
    var effects = Effects()
    let machine = try City.machine(at: morning + .hours(20))
    try machine.apply(withdrawn, to: &main, into: &effects)
    machine.follow(main, &item, withdrawn, history: [], into: &effects)
    #expect(item.phase == .open && item.main == nil && item.suspendedAt == nil)
    #expect(item.deadline == Item.Deadline(clock: .response, dueAt: morning + .hours(48 + 19)))
    var late = try opened().item
    try apply("complaint.merged", Self.into, at: 21, to: &late, main: main)
    #expect(late.phase == .open && late.deadline != nil, "nor does it take one along that comes after")
  }

  @Test("an item never waits for nobody: while its main item is unknown its clock runs; a settled one settles it at once")
  func mainUnknown() throws {
    var (item, _) = try opened()
    try apply("complaint.merged", Self.into, at: 1, to: &item)
    #expect(item.phase == .open && item.suspendedAt == nil && item.main?.subject == "HS-0")
    var (other, _) = try opened()
    var main = Self.main(other)
    try apply("complaint.resolved", at: 1, to: &main, subject: "HS-0")
    try apply("complaint.merged", Self.into, at: 2, to: &other, main: main)
    #expect(other.phase == .closed)
  }

  @Test("a duplicate follows a main item, not another duplicate")
  func noChains() throws {
    let (item, _) = try opened()
    var main = Self.main(item)
    main.phase = .merged
    expectRefusal(.invalidValue, "/data/into", item) { try apply("complaint.merged", Self.into, at: 1, to: &$0, main: main) }
  }

  @Test("a duplicate whose resident is dissatisfied (不满意) is a matter of its own again")
  func reopenedByItself() throws {
    var (item, _) = try opened()
    var main = Self.main(item)
    try apply("complaint.resolved", at: 1, to: &main, subject: "HS-0")
    try apply("complaint.merged", Self.into, at: 2, to: &item, main: main)
    try apply("complaint.rated", #"{"rating":"不满意"}"#, at: 3, to: &item)
    #expect(item.phase == .open && item.main == nil && item.cycle == 2 && item.deadline != nil)
  }
}
