// Units where it gets difficult: parts of duplicates, leads that change, unknown places, reopened wholes. Each test is named by its defect.

import Testing

@testable import Duban

@Suite("Units in difficult cases")
struct UnitsDefectsTests {
  private static let shared = UnitsTests.shared
  private static let key = ItemKey(source: "/hotline/12345", subject: "HS-1")

  private static func machine(at now: Instant) throws -> ItemMachine {
    var policy = try City.policy()
    policy.tolerance = .days(365)
    var machine = try City.machine(at: now)
    machine.policies = PolicyBook(current: policy)
    return machine
  }

  /// Every item after the messages, by its key, and the effects.
  private func take(_ messages: [Envelope], now: Instant) throws -> (items: [ItemKey: Item], effects: Effects) {
    var fold = IntakeFold(
      IntakeSnapshot(taken: [:], items: [:], freshIDs: Array(100..<200)), machine: try Self.machine(at: now))
    for message in messages {
      if case .refused(let refusal) = fold.take(message) { throw refusal }
    }
    let effects = fold.finish()
    return (Dictionary(uniqueKeysWithValues: effects.newItems.map { ($0.key, $0) }), effects)
  }

  @Test("R12, R24: a supporting unit's part of a reminder is due when the reminder is: it was overdue at once, and led to a 约谈")
  func partOfAReminder() throws {
    let due = try #require(Instant(rfc3339: "2026-12-20T08:00:00+08:00"))
    let opening = try envelope("reminder.scheduled", data: #"{"due":"2026-12-20T08:00:00+08:00","supporting":["供电公司"]}"#)
    let (items, effects) = try take([opening], now: morning)
    let part = try #require(items[opening.item.part(of: "供电公司")])
    #expect(part.resolutionDueAt == due && part.deadline?.dueAt == due && part.tier != .city)
    // And so it is in a replay, which knows nothing of the whole, with one reason for it.
    let log = effects.log.filter { $0.itemID == part.id }.map {
      LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: morning, body: $0.body)
    }
    let replay = Replay(
      policies: try Self.machine(at: morning).policies, directory: City.directory, calendar: { _ in City.calendar })
    let outcome = try replay.asItWas(part, log)
    #expect(outcome.item.deadline == part.deadline)
    #expect(outcome.steps.flatMap(\.derivations).map(\.dueAt) == [due])
  }

  @Test("an item that is overdue at 市 stays there, though a lead is named for it")
  func namedTooLate() throws {
    let opening = try envelope("reminder.scheduled", data: #"{"due":"2026-11-21T08:00:00+08:00"}"#)
    var item = Item(awaited: opening.item, id: 42, kind: .reminder, policyVersion: 7)
    var effects = Effects()
    try City.machine(at: morning).apply(opening, to: &item, into: &effects)
    #expect(item.tier == .city)
    try City.machine(at: morning + .days(2)).lapse(&item, into: &effects)
    try City.machine(at: morning + .days(2)).nameLead("供水公司", of: &item, at: morning + .days(2))
    #expect(item.deadline == nil && item.tier == .city && item.lead == "供水公司" && item.unitID == nil)
  }

  @Test("an acceptance about the lead's part that names units too takes no ids from the messages beside it: it ended the process")
  func unitsNamedByAPart() throws {
    var (items, _) = try take([envelope("complaint.submitted", data: #"{\#(UnitsTests.place),"lead":"供水公司"}"#)], now: morning)
    let accepted = try envelope(
      "complaint.accepted", id: "a1", data: #"{"part":"供水公司","lead":"燃气公司","supporting":["供电公司","燃气公司"]}"#)
    let next = try envelope("complaint.submitted", id: "n1", subject: "HS-2")
    // As the store gives them: one id for each key that has no row.
    let keys = Set([accepted, next].flatMap { [$0.item, $0.item.whole ?? $0.item] + $0.parts })
    let fresh = Array((200..<300).prefix(keys.subtracting(items.keys).count)).map(Int64.init)
    items = items.filter { $0.key.unit == nil }
    var fold = IntakeFold(IntakeSnapshot(taken: [:], items: items, freshIDs: fresh), machine: try Self.machine(at: morning))
    #expect(fold.take(accepted) == .applied && fold.take(next) == .applied)
    let effects = fold.finish()
    #expect(effects.newItems.map(\.key) == [next.item])
    // An event about a part says nothing of who else has the matter, live and in a replay.
    #expect(effects.changedItems.map(\.lead) == ["供水公司"])
  }

  @Test("a lead that is named as supporting later gets no second clock for the same matter")
  func leadSupportsLater() throws {
    let (items, _) = try take(
      [
        envelope("complaint.submitted", data: #"{\#(UnitsTests.place),"lead":"供水公司"}"#),
        envelope("complaint.accepted", id: "a1", time: morning + .hours(1), data: #"{"supporting":["供水公司","供电公司"]}"#),
      ], now: morning + .hours(1))
    #expect(Set(items.keys) == [Self.key, Self.key.part(of: "供电公司")])
  }

  @Test("a supporting unit that gets the lead has no part beside it: its events were taken for the whole's, its clock ran on")
  func supportingLeadsLater() throws {
    let (items, effects) = try take(
      [
        envelope("complaint.submitted", data: Self.shared),
        envelope("complaint.accepted", id: "a1", time: morning + .hours(1), data: #"{"lead":"供电公司"}"#),
      ], now: morning + .hours(1))
    let part = try #require(items[Self.key.part(of: "供电公司")])
    #expect(part.phase == .closed && part.closedAt == morning + .hours(1) && !part.isWithdrawn)
    #expect(items[Self.key]?.phase == .open && items[Self.key]?.holderID == 6)
    #expect(effects.log.last?.type == "item.closed")
  }

  @Test(
    "a unit that lets pass what lies in a place nobody knows has the city above it: the city was blamed for it, and nobody took over"
  )
  func unitWithoutPlace() throws {
    for data in [#"{"lead":"供水公司"}"#, #"{"supporting":["供水公司"]}"#] {
      let (items, opening) = try take([envelope("complaint.submitted", data: data)], now: morning)
      var item = try #require(items.values.first { $0.unitID == 5 })
      // A unit stands in for the tiers that have nobody.
      #expect(!opening.passedOver.contains { $0.item == item.key })
      #expect(item.place.isUnassigned && item.tier == .district)
      var effects = Effects()
      for tier in [Tier.district, .city] {
        let due = try #require(item.deadline?.dueAt)
        // The whole limit for who has it first.
        if tier == .district { #expect(due == morning + (item.key.unit == nil ? .hours(48) : .days(19))) }
        try Self.machine(at: due).wake(&item, into: &effects)
      }
      #expect(effects.breaches.map(\.organID) == [5, City.cityID] && effects.breaches.map(\.tier) == [.district, .city])
      #expect(effects.notices.count == 1)
    }
    // Of a unit that is not known either, the city has it from the start, for the whole limit.
    let (items, _) = try take([envelope("complaint.submitted", data: #"{"lead":"无此单位"}"#)], now: morning)
    var item = try #require(items[Self.key])
    #expect(item.tier == .city && item.holderID == City.cityID && item.deadline?.dueAt == morning + .hours(48))
    #expect(item.resolutionDueAt == morning + .days(19))
    // Until one is named that is.
    let accepted = try envelope("complaint.accepted", id: "a1", time: morning + .hours(1), data: #"{"lead":"供水公司"}"#)
    var effects = Effects()
    try Self.machine(at: morning + .hours(1)).apply(accepted, to: &item, into: &effects)
    #expect(item.holderID == 5 && item.deadline?.dueAt == morning + .hours(48))
  }

  @Test("the clocks of a duplicate's parts are held with it, and run on or end with it: units were blamed for a duplicate")
  func partsOfDuplicates() throws {
    let main = try envelope("complaint.submitted", id: "m", subject: "HS-MAIN")
    let history = try [
      main, envelope("complaint.submitted", data: Self.shared),
      envelope(
        "complaint.merged", id: "g1", time: morning + .hours(24),
        data: #"{"into":{"source":"/hotline/12345","subject":"HS-MAIN"}}"#),
      // Named when it was a duplicate already.
      envelope("complaint.accepted", id: "a1", time: morning + .hours(30), data: #"{"supporting":["通信公司"]}"#),
    ]
    let parts = ["供电公司", "燃气公司", "通信公司"].map { Self.key.part(of: $0) }
    let (held, effects) = try take(history, now: morning + .hours(48))
    for part in parts {
      #expect(held[part]?.phase == .merged && held[part]?.wakeAt == nil && held[part]?.main == Self.key)
    }
    #expect(effects.breaches.isEmpty)
    let (settled, _) = try take(
      history + [envelope("complaint.resolved", id: "r", subject: "HS-MAIN", time: morning + .hours(40), data: "{}")],
      now: morning + .hours(48))
    for part in parts { #expect(settled[part]?.phase == .closed && settled[part]?.closedAt == morning + .hours(40)) }
    let (released, log) = try take(
      history + [envelope("complaint.withdrawn", id: "r", subject: "HS-MAIN", time: morning + .hours(40), data: "{}")],
      now: morning + .hours(48))
    let part = try #require(released[parts[0]])
    #expect(part.phase == .open && part.main == Self.key && part.deadline?.dueAt == morning + .days(19) + .hours(16))
    // And the part is still the fold of its log.
    let lines = log.log.filter { $0.itemID == part.id }.map {
      LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: morning + .hours(48), body: $0.body)
    }
    let machine = try Self.machine(at: morning)
    let replay = Replay(policies: machine.policies, directory: City.directory, calendar: { _ in City.calendar })
    var folded = try replay.asItWas(part, lines).item
    folded.sequence = part.sequence
    #expect(folded == part && lines.map(\.type) == ["item.assigned", "item.merged", "item.released"])
  }

  @Test("an end of the whole that is heard after its 返工 ends the parts all the same; who was named since has its part again")
  func endHeardAfterReopening() throws {
    let (items, effects) = try take(
      [
        envelope("complaint.submitted", data: Self.shared),
        envelope("complaint.accepted", id: "a1", time: morning + .hours(6), data: #"{"supporting":["供电公司"]}"#),
        envelope("complaint.suspended", id: "s1", time: morning + .hours(7), data: PausesTests.pause),
        envelope("complaint.reopened", id: "o1", time: morning + .hours(5), data: "{}"),
        envelope("complaint.withdrawn", id: "w1", time: morning + .hours(4), data: "{}"),
      ], now: morning + .hours(9))
    let whole = try #require(items[Self.key])
    #expect(whole.phase == .open && whole.cycle == 2 && whole.suspendedAt == morning + .hours(7))
    let (ended, again) = (items[Self.key.part(of: "燃气公司")], items[Self.key.part(of: "供电公司")])
    #expect(ended?.phase == .closed && ended?.closedAt == morning + .hours(4) && ended?.isWithdrawn == true)
    #expect(again?.phase == .open && again?.reopenedAt == morning + .hours(6) && again?.cycle == 2)
    #expect(effects.log.count { $0.type == Replay.heardAgain } == 2)
  }

  @Test("a 返工 of a part that is heard after a later end of the whole ends with that: the part was open alone, for good")
  func reopenedBeforeTheEnd() throws {
    let (items, _) = try take(
      [
        envelope("complaint.submitted", data: Self.shared),
        envelope("complaint.resolved", id: "p1", time: morning + .hours(1), data: #"{"part":"供电公司"}"#),
        envelope("complaint.resolved", id: "w1", time: morning + .hours(4), data: "{}"),
        envelope("complaint.reopened", id: "p2", time: morning + .hours(2), data: #"{"part":"供电公司"}"#),
      ], now: morning + .hours(9))
    let part = try #require(items[Self.key.part(of: "供电公司")])
    #expect(part.phase == .closed && part.closedAt == morning + .hours(4) && part.cycle == 2)
  }

  @Test("a unit that is named again after the whole was reopened has a clock again; one that is merely listed again has not")
  func namedAgain() throws {
    let listed = #"{"supporting":["供电公司"]}"#
    let done = try [
      envelope("complaint.submitted", data: Self.shared),
      envelope("complaint.resolved", id: "p1", time: morning + .hours(1), data: #"{"part":"供电公司"}"#),
      envelope("complaint.accepted", id: "a1", time: morning + .hours(2), data: listed),
      envelope("complaint.resolved", id: "w1", time: morning + .hours(3), data: "{}"),
      envelope("complaint.reopened", id: "o1", time: morning + .hours(4), data: "{}"),
    ]
    let key = Self.key.part(of: "供电公司")
    #expect(try take(done, now: morning + .hours(9)).items[key]?.phase == .closed)
    let again = try envelope("complaint.accepted", id: "a2", time: morning + .hours(5), data: listed)
    let (items, effects) = try take(done + [again], now: morning + .hours(9))
    let part = try #require(items[key])
    #expect(part.phase == .open && part.cycle == 2 && part.deadline?.dueAt == morning + .hours(5) + .days(19))
    let lines = effects.log.filter { $0.itemID == part.id }.map {
      LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: morning + .hours(9), body: $0.body)
    }
    let machine = try Self.machine(at: morning)
    let replay = Replay(policies: machine.policies, directory: City.directory, calendar: { _ in City.calendar })
    var folded = try replay.asItWas(part, lines).item
    folded.sequence = part.sequence
    #expect(folded == part)
  }
}

@Suite("Moves to another policy, and what is said of the hearing")
struct PolicyMoveDefectsTests {
  private func log(_ events: [(type: String, data: String, at: Instant)]) throws -> [LoggedEvent] {
    try events.map {
      LoggedEvent(
        type: $0.type, occurredAt: $0.at, recordedAt: $0.at, body: try envelope($0.type, time: $0.at, data: $0.data).body)
    }
  }

  /// An item with its history by the usual policy, moved to another at a time.
  private func moved(
    _ events: [(type: String, data: String, at: Instant)], to rule: String, at time: Instant
  ) throws -> (before: Item, after: Item, explained: [Derivation]) {
    let other = try ReplayTests.policy(rule)
    let book = PolicyBook(current: try City.policy(), earlier: [other])
    let replay = Replay(policies: book, directory: City.directory, calendar: { _ in City.calendar })
    let (opened, _) = try opened()
    var lines = try log(events)
    let before = try replay.asItWas(opened, lines).item
    var machine = try City.machine(at: time)
    machine.policies = book
    var (after, effects) = (before, Effects())
    try machine.move(&after, to: other.version, by: "张三", because: "整改", log: lines, into: &effects)
    lines += effects.log.map { LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: time, body: $0.body) }
    let outcome = try replay.asItWas(after, lines)
    var folded = outcome.item
    folded.sequence = after.sequence
    #expect(folded == after)
    return (before, after, outcome.steps.filter { $0.event.type == "item.policy-moved" }.flatMap(\.derivations))
  }

  private let opening = ("complaint.submitted", #"{\#(UnitsTests.place)}"#, morning)

  @Test("an item whose clocks are held is moved like another: no time passes for it, so that its new deadline has not passed")
  func suspended() throws {
    let paused = ("complaint.suspended", PausesTests.pause, morning + .hours(24))
    let (_, after, _) = try moved(
      [opening, paused],
      to: "response: { within: 96h, district: 24h, city: 24h }, resolution: { within: 30d, district: 5d, city: 5d }",
      at: morning + .days(60))
    #expect(after.deadline?.dueAt == morning + .hours(96) && after.resolutionDueAt == morning + .days(30))
  }

  @Test("a policy with a response clock more, or less, moves the deadline that runs too, not only the one behind it")
  func otherClocks() throws {
    let (before, after, _) = try moved(
      [opening], to: "resolution: { within: 30d, district: 5d, city: 5d }", at: morning + .hours(1))
    #expect(
      before.deadline?.clock == .response && after.deadline == Item.Deadline(clock: .resolution, dueAt: morning + .days(30)))
    let answered = ("complaint.responded", "{}", morning + .hours(1))
    let (_, settled, _) = try moved(
      [opening, answered], to: "resolution: { within: 30d, district: 5d, city: 5d }", at: morning + .hours(2))
    #expect(settled.deadline?.dueAt == morning + .days(30))
  }

  @Test("a move explains the deadlines that it set, and none that it left as they were because they would have passed")
  func explained() throws {
    let (_, after, explained) = try moved(
      [opening], to: "response: { within: 2h, district: 1h, city: 1h }, resolution: { within: 30d, district: 5d, city: 5d }",
      at: morning + .hours(5))
    #expect(after.deadline?.dueAt == morning + .hours(48) && after.resolutionDueAt == morning + .days(30))
    #expect(explained.map(\.dueAt) == [morning + .days(30)] && explained.allSatisfy { $0.policyVersion == 8 })
  }

  @Test("after an outage the log and the explanation say that a clock counts from the hearing, and from when it should have")
  func outage() throws {
    var (item, _) = try opened()
    let found = morning + .hours(60)
    var machine = try City.machine(at: found)
    machine.explains = true
    var effects = Effects()
    machine.lapse(&item, into: &effects)
    #expect(item.deadline?.dueAt == found + .hours(24))
    #expect(effects.log.first?.body.contains(#""countedFrom":"\#(found.rfc3339)""#) == true)
    #expect(effects.derivations.first?.nominalStart == morning + .hours(48) && effects.derivations.first?.tolerance == .hours(1))
    // Within the tolerance nothing moves, and nothing is said.
    (item, effects) = (try opened().item, Effects())
    machine.now = morning + .hours(48) + .seconds(600)
    machine.lapse(&item, into: &effects)
    #expect(item.deadline?.dueAt == morning + .hours(72))
    #expect(effects.log.first?.body.contains("countedFrom") == false && effects.derivations.first?.nominalStart == nil)
    // An opening that waited in a queue.
    let late = try envelope("complaint.submitted")
    (item, effects) = (Item(awaited: late.item, id: 42, kind: .complaint, policyVersion: 7), Effects())
    try machine.apply(late, to: &item, into: &effects)
    #expect(effects.derivations.map(\.nominalStart) == [morning, morning] && effects.derivations.last?.start == machine.now)
  }
}
