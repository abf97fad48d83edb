// 主办 and 协办: units with clocks of their own, what each lets pass, and how parts come and go with the whole.

import Testing

@testable import Duban

@Suite("Units: 主办 and 协办")
struct UnitsTests {
  static let place = #""region":{"district":"黄石港区","street":"胜阳港街道"}"#
  static let shared = #"{\#(place),"lead":"供水公司","supporting":["供电公司","燃气公司"]}"#

  /// One batch brings a whole history: what it tells late counts from when it happened all the same.
  private static func patient(_ policy: Policy? = nil) throws -> Policy {
    var policy = try policy ?? City.policy()
    policy.tolerance = .days(365)
    return policy
  }

  /// Takes messages in one batch, at the hour of each, and returns every item by its unit (empty for the item itself).
  private func take(_ messages: [Envelope], now: Instant = morning, policy: Policy? = nil) throws -> (
    items: [String: Item], effects: Effects
  ) {
    var machine = try City.machine(at: now)
    machine.policies = PolicyBook(current: try policy ?? Self.patient())
    var fold = IntakeFold(IntakeSnapshot(taken: [:], items: [:], freshIDs: Array(100..<200)), machine: machine)
    for message in messages {
      if case .refused(let refusal) = fold.take(message) { throw refusal }
    }
    let effects = fold.finish()
    return (Dictionary(uniqueKeysWithValues: effects.newItems.map { ($0.key.unit ?? "", $0) }), effects)
  }

  @Test("R12, R41: the lead holds the item, each supporting unit a part, each with its own clock")
  func clocks() throws {
    let policy = try ReplayTests.policy(
      """
      response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d },
          supporting: { within: 5d, district: 2d, city: 2d }
      """)
    let (items, effects) = try take([envelope("complaint.submitted", data: Self.shared)], policy: policy)
    #expect(Set(items.keys) == ["", "供电公司", "燃气公司"])
    let whole = try #require(items[""])
    #expect(whole.lead == "供水公司" && whole.holderID == 5 && !whole.place.isUnassigned)
    #expect(whole.deadline == Item.Deadline(clock: .response, dueAt: morning + .hours(48)))
    for (unit, id) in [("供电公司", 6), ("燃气公司", 7)] as [(String, Int64)] {
      let part = try #require(items[unit])
      #expect(part.holderID == id && part.main == whole.key && part.policyVersion == 8 && part.tier == .street)
      // To answer the resident is the lead's: a part is only to be done.
      #expect(part.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .days(5)))
    }
    #expect(effects.log.map(\.type).sorted() == ["complaint.submitted", "item.assigned", "item.assigned"])
  }

  @Test("what a unit lets pass is its own breach and slip; then the tier above has it")
  func breaches() throws {
    var policy = try City.policy()
    for i in policy.rules.indices { policy.rules[i].slips = .init(street: .blue, district: .orange, city: .red) }
    let (items, _) = try take([envelope("complaint.submitted", data: Self.shared)], policy: policy)
    for (unit, id, name) in [("", 5, "供水公司"), ("供电公司", 6, "供电公司")] as [(String, Int64, String)] {
      var item = try #require(items[unit])
      var effects = Effects()
      for _ in 0..<2 {
        let due = try #require(item.deadline?.dueAt)
        var machine = try City.machine(at: due)
        machine.policies = PolicyBook(current: policy)
        machine.wake(&item, into: &effects)
      }
      #expect(effects.breaches.map(\.organID) == [id, City.districtID] && effects.breaches.map(\.tier) == [.street, .district])
      #expect(item.tier == .city && item.holderID == City.cityID)
      let slip = try #require(effects.announcements.first { $0.type == .slipIssued })
      #expect(slip.data.contains(#""organ":"\#(name)""#))
      #expect(slip.subject == (unit.isEmpty ? "/hotline/12345/HS-1" : "/hotline/12345/HS-1#供电公司"))
    }
  }

  @Test("a part is closed by its own unit; the whole, settled or withdrawn, ends the parts that are still open")
  func endings() throws {
    for (ending, isWithdrawn) in [("complaint.resolved", false), ("complaint.withdrawn", true)] {
      let (items, effects) = try take(
        [
          envelope("complaint.submitted", data: Self.shared),
          envelope("complaint.resolved", id: "p1", time: morning + .hours(1), data: #"{"part":"供电公司"}"#),
          envelope(ending, id: "w1", time: morning + .hours(2), data: "{}"),
        ], now: morning + .hours(3))
      #expect(items.values.allSatisfy { $0.phase == .closed && $0.deadline == nil })
      #expect(items["供电公司"]?.closedAt == morning + .hours(1) && items["供电公司"]?.isWithdrawn == false)
      #expect(items["燃气公司"]?.closedAt == morning + .hours(2) && items["燃气公司"]?.isWithdrawn == isWithdrawn)
      #expect(effects.announcements.count { $0.type == .itemClosed } == 3)
      // Closing one part says nothing of the whole.
      let (open, _) = try take([
        envelope("complaint.submitted", data: Self.shared), envelope("complaint.resolved", id: "p1", data: #"{"part":"供电公司"}"#),
      ])
      #expect(open[""]?.phase == .open && open["供电公司"]?.phase == .closed && open["燃气公司"]?.phase == .open)
    }
  }

  @Test("a part that was late when the whole ended has its breach all the same")
  func lateParts() throws {
    let (_, effects) = try take(
      [
        envelope("complaint.submitted", data: Self.shared),
        envelope("complaint.resolved", id: "w1", time: morning + .days(20), data: "{}"),
      ], now: morning + .days(20))
    #expect(effects.breaches.filter { [6, 7].contains($0.organID) }.count == 2)
  }

  @Test("an acceptance names units too; their clocks run from then, and a second naming makes no second part")
  func acceptance() throws {
    let (items, _) = try take(
      [
        envelope("complaint.submitted"),
        envelope("complaint.accepted", id: "a1", time: morning + .hours(5), data: #"{"lead":"供水公司","supporting":["供电公司"]}"#),
        envelope(
          "complaint.accepted", id: "a2", time: morning + .hours(6), data: #"{"supporting":["供电公司","供电公司","供水公司"]}"#),
      ], now: morning + .hours(6))
    // Who leads has no part beside it.
    #expect(Set(items.keys) == ["", "供电公司"])
    #expect(items[""]?.holderID == 5 && items[""]?.deadline?.dueAt == morning + .hours(48))
    #expect(items["供电公司"]?.openedAt == morning + .hours(5) && items["供电公司"]?.cycle == 1)
  }

  @Test(
    "改派: the unit that was named last holds the item, in whatever order that is heard; no clock is reset, and no climb undone")
  func renamed() throws {
    let opening = try envelope("complaint.submitted", data: Self.shared)
    let first = try envelope("complaint.accepted", id: "a1", time: morning + .hours(1), data: #"{"lead":"供电公司"}"#)
    let second = try envelope("complaint.accepted", id: "a2", time: morning + .hours(2), data: #"{"lead":"燃气公司"}"#)
    for order in [[opening, first, second], [opening, second, first], [second, first, opening]] {
      let whole = try #require(try take(order, now: morning + .hours(3)).items[""])
      #expect(whole.lead == "燃气公司" && whole.holderID == 7 && whole.deadline?.dueAt == morning + .hours(48))
    }
    var (whole, effects) = (try #require(try take([opening]).items[""]), Effects())
    let late = try City.machine(at: morning + .hours(49))
    late.lapse(&whole, into: &effects)
    let third = try envelope("complaint.accepted", id: "a3", time: morning + .hours(49), data: #"{"lead":"供电公司"}"#)
    try late.apply(third, to: &whole, into: &effects)
    #expect(whole.lead == "供电公司" && whole.holderID == City.districtID)
  }

  @Test("what a unit has let pass stays its own, though another was named before the sweep came by")
  func renamedAfterTheDeadline() throws {
    var (whole, effects) = (try #require(try take([envelope("complaint.submitted", data: Self.shared)]).items[""]), Effects())
    let naming = try envelope("complaint.accepted", id: "a1", time: morning + .hours(49), data: #"{"lead":"燃气公司"}"#)
    try City.machine(at: morning + .hours(49)).apply(naming, to: &whole, into: &effects)
    #expect(effects.breaches.map(\.organID) == [5] && whole.lead == "燃气公司" && whole.holderID == City.districtID)
  }

  @Test("an acceptance of a part names no units, under whatever name")
  func acceptedPart() throws {
    let (items, _) = try take([
      envelope("complaint.submitted", data: Self.shared),
      envelope("complaint.accepted", id: "a1", data: #"{"part":"供水公司","lead":"燃气公司","supporting":["通信公司"]}"#),
    ])
    #expect(items[""]?.lead == "供水公司" && items["通信公司"] == nil)
  }

  @Test("a unit that the directory does not know holds nothing: its tier's organ does, marked 待派, and answers for it")
  func unknownUnit() throws {
    let (items, _) = try take([
      envelope("complaint.submitted", data: #"{\#(Self.place),"lead":"无此单位","supporting":["也无此单位"]}"#)
    ])
    for unit in ["", "也无此单位"] {
      var item = try #require(items[unit])
      #expect(item.place.isUnassigned && item.holderID == City.streetID && item.deadline != nil)
      var effects = Effects()
      try City.machine(at: morning + .days(30)).lapse(&item, into: &effects)
      #expect(effects.breaches.map(\.organID) == [City.streetID])
    }
  }

  @Test("工作时 count by the hours of the unit that holds the part")
  func officeHours() throws {
    let policy = try ReplayTests.policy("resolution: { within: 5wh, district: 2d, city: 2d }")
    // Friday 08:00: the office opens at 08:30 and has lunch; the unit works from 08:00 to 16:00.
    let (items, _) = try take([envelope("complaint.submitted", data: Self.shared)], policy: policy)
    #expect(items["供电公司"]?.deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 20, hour: 16).instant)
    #expect(items["燃气公司"]?.deadline?.dueAt == ShanghaiTime(year: 2026, month: 11, day: 20, hour: 13).instant)
  }

  @Test("in whatever order a matter with units is heard, the item and its parts come out the same")
  func anyOrder() throws {
    var random = Seeded(12)
    let messages = try [
      envelope("complaint.submitted", data: Self.shared),
      envelope("complaint.accepted", id: "a1", time: morning + .hours(1), data: #"{"supporting":["通信公司"]}"#),
      envelope("complaint.responded", id: "r1", time: morning + .hours(2), data: #"{"part":"供水公司"}"#),
      envelope("complaint.resolved", id: "p1", time: morning + .hours(3), data: #"{"part":"供电公司"}"#),
      envelope("complaint.returned", id: "p2", time: morning + .hours(4), data: #"{"part":"通信公司","reason":"不在职责内"}"#),
      envelope("complaint.reopened", id: "p3", time: morning + .hours(5), data: #"{"part":"供电公司"}"#),
    ]
    func fates(_ order: [Envelope]) throws -> [String: [String]] {
      try take(order, now: morning + .hours(6)).items.filter { $0.value.phase != .awaited }.mapValues {
        [$0.phase.rawValue, "\($0.cycle)", $0.deadline?.dueAt.rfc3339 ?? "", "\($0.holderID ?? 0)", "\($0.returns)"]
      }
    }
    let expected = try fates(messages)
    #expect(expected[""]?.first == "responded" && expected["供电公司"]?.prefix(2) == ["open", "2"] && expected["通信公司"]?.last == "1")
    for run in 0..<100 { #expect(try fates(messages.shuffled(using: &random)) == expected, "run \(run)") }
  }

  @Test("in whatever order the end of a matter with units is heard, its parts end too, and nothing waits for them")
  func anyOrderOfEnds() throws {
    var random = Seeded(13)
    let messages = try [
      envelope("complaint.submitted", data: #"{\#(Self.place)}"#),
      envelope(
        "complaint.accepted", id: "a1", time: morning + .hours(1), data: #"{"lead":"供水公司","supporting":["供电公司","通信公司"]}"#),
      envelope("complaint.resolved", id: "p1", time: morning + .hours(3), data: #"{"part":"供电公司"}"#),
      envelope("complaint.resolved", id: "w1", time: morning + .hours(6), data: "{}"),
    ]
    for run in 0..<50 {
      let (items, effects) = try take(messages.shuffled(using: &random), now: morning + .hours(7))
      #expect(items.count == 3 && items.values.allSatisfy { $0.phase == .closed } && effects.waiting.isEmpty, "run \(run)")
      #expect(effects.log.count { $0.type == Replay.assigned } == 2 && effects.breaches.isEmpty, "run \(run)")
    }
    // All of it waits for the opening.
    let (items, effects) = try take(messages.reversed(), now: morning + .hours(7))
    #expect(items["通信公司"]?.closedAt == morning + .hours(6) && items["供电公司"]?.closedAt == morning + .hours(3))
    #expect(effects.waiting.isEmpty)
  }

  @Test("a part is the fold of its own log")
  func replay() throws {
    let (items, effects) = try take(
      [
        envelope("complaint.submitted", data: Self.shared),
        envelope("complaint.withdrawn", id: "w1", time: morning + .hours(2), data: "{}"),
      ], now: morning + .hours(3))
    let part = try #require(items["供电公司"])
    let log = effects.log.filter { $0.itemID == part.id }.map {
      LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: morning + .hours(3), body: $0.body)
    }
    let replay = Replay(
      policies: PolicyBook(current: try Self.patient()), directory: City.directory, calendar: { _ in City.calendar })
    var folded = try replay.asItWas(part, log).item
    folded.sequence = part.sequence
    #expect(folded == part && part.isWithdrawn && log.map(\.type) == ["item.assigned", "item.closed"])
    // Under another policy, too: simulation walks parts like items.
    let strict = try Self.patient(ReplayTests.policy("resolution: { within: 30m, district: 1h, city: 1h }"))
    let other = Replay(policies: PolicyBook(current: strict), directory: City.directory, calendar: { _ in City.calendar })
    #expect(try other.underCurrentPolicy(part, log, until: morning + .hours(4)).breaches.count == 3)
  }

  @Test(
    "a message about units that cannot be is refused by the field's name",
    arguments: [
      ("complaint.submitted", #"{"part":"供电公司"}"#, "/data/part"), ("complaint.submitted", #"{"lead":""}"#, "/data/lead"),
      ("complaint.submitted", #"{"supporting":"供电公司"}"#, "/data/supporting"),
      ("complaint.submitted", #"{"supporting":["供电公司",7]}"#, "/data/supporting/1"),
      ("complaint.accepted", #"{"supporting":[""]}"#, "/data/supporting/0"),
      ("complaint.merged", #"{"part":"供电公司","into":{"source":"/a","subject":"b"}}"#, "/data/part"),
      ("complaint.resolved", #"{"part":"\#(String(repeating: "电", count: 101))"}"#, "/data/part"),
    ])
  func refused(_ type: String, _ data: String, _ pointer: String) throws {
    #expect(throws: Refusal.self) { try envelope(type, data: data) }
    do { _ = try envelope(type, data: data) } catch { #expect((error as? Refusal)?.pointer == pointer) }
  }
}
