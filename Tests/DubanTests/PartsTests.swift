// 协办: each supporting unit has a part with a clock of its own, which comes and goes with the whole.

import Testing

@testable import Duban

@Suite("Parts of supporting units")
struct PartsTests {
  private static let listed = #"{"supporting":["供电公司"]}"#

  private func opened(_ data: String = Told.shared, _ policy: Policy? = nil) throws -> Casebook {
    var book = try Casebook(policy)
    try book.hear("complaint.submitted", data)
    return book
  }

  @Test("R12, R41: the lead is responsible for the whole, each supporting unit for a part, each with its own clock")
  func clocks() throws {
    let rule = """
      response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d }, \
      supporting: { within: 5d, district: 2d, city: 2d }
      """
    let book = try opened(Told.shared, City.policy(rule))
    #expect(book.matter.parts.map(\.unit) == ["供电公司", "燃气公司"] && book.matter.opening?.lead == "供水公司")
    #expect(book.whole.responsible == 5 && !book.matter.isUnassigned(nil))
    #expect(book.whole.due(.response) == hour(48) && book.whole.due(.resolution) == day(19))
    for (unit, id) in [("供电公司", 6), ("燃气公司", 7)] as [(String, Int64)] {
      #expect(book.part(unit).responsible == id && book.part(unit).startTier == .street && book.part(unit).cycles == 1)
      // To answer the resident is the lead's: a part is only to be done.
      #expect(book.part(unit).clocks.map(\.kind) == [.resolution] && book.part(unit).due(.resolution) == day(5))
    }
    // One log tells of them all.
    #expect(book.log.map(\.type) == ["complaint.submitted"])
  }

  @Test("what a unit lets pass is its own breach and slip; then the tier above has to see to it, and the unit stays responsible")
  func breaches() throws {
    var policy = try City.policy()
    for i in policy.rules.indices { policy.rules[i].slips = .init(first: .blue, second: .orange, third: .red) }
    for (unit, id, name) in [(nil, 5, "供水公司"), ("供电公司", 6, "供电公司")] as [(String?, Int64, String)] {
      var book = try opened(#"{\#(Told.place),\#(unit == nil ? #""lead":"供水公司""# : #""supporting":["供电公司"]"#)}"#, policy)
      try book.hear("complaint.responded", at: hour(1))
      book.sweep(at: day(19))
      book.sweep(at: day(24))
      let own = book.breaches.filter { $0.lapse.step.unit == unit }
      #expect(own.owners == [id, City.districtID] && own.tiers == [.street, .district])
      let item = try #require(book.matter.item(of: unit))
      #expect(item.supervisor == .city && item.responsible == id)
      let slip = try #require(book.announcements.first { $0.type == .slipIssued && $0.data.contains(#""organ":"\#(name)""#) })
      #expect(slip.subject == (unit == nil ? "/hotline/12345/HS-1" : "/hotline/12345/HS-1#供电公司"))
    }
  }

  @Test("a 约谈 over a part is of its unit")
  func summons() throws {
    var book = try opened()
    try book.hear("complaint.responded", at: hour(1))
    book.sweepAll(until: day(40))
    #expect(Set(book.notices.map(\.reference)) == ["item/42/1", "item/42#供电公司/1", "item/42#燃气公司/1"])
    #expect(Set(book.notices.map(\.organName)) == ["供水公司", "供电公司", "燃气公司"])
  }

  @Test("a part is closed by its own unit; the whole, settled or withdrawn, ends the parts that are still open")
  func endings() throws {
    for (ending, isWithdrawn) in [("complaint.resolved", false), ("complaint.withdrawn", true)] {
      var book = try opened()
      try book.hear("complaint.resolved", #"{"part":"供电公司"}"#, at: hour(1))
      // Closing one part says nothing of the whole.
      #expect(book.whole.phase == .open && book.part("供电公司").phase == .closed && book.part("燃气公司").phase == .open)
      try book.hear(ending, at: hour(2))
      #expect(book.matter.items.allSatisfy { $0.item.phase == .closed && $0.item.clocks.isEmpty })
      #expect(book.part("供电公司").closedAt == hour(1) && !book.part("供电公司").isWithdrawn)
      #expect(book.part("燃气公司").closedAt == hour(2) && book.part("燃气公司").isWithdrawn == isWithdrawn)
      #expect(book.announcements.map(\.type) == [.itemClosed, .itemClosed, .itemClosed])
    }
  }

  @Test("a part that was late when the whole ended has its breach all the same")
  func lateParts() throws {
    var book = try opened()
    try book.hear("complaint.resolved", at: day(20))
    #expect(Set(book.breaches.filter { $0.lapse.step.unit != nil }.owners) == [6, 7])
  }

  @Test("an acceptance names units too; their clocks run from then, and a second naming makes no second part")
  func acceptance() throws {
    var book = try opened(Told.opening)
    try book.hear("complaint.accepted", #"{"lead":"供水公司","supporting":["供电公司"]}"#, at: hour(5))
    try book.hear("complaint.accepted", #"{"supporting":["供电公司","供电公司","供水公司"]}"#, at: hour(6))
    // Who leads has no part beside it.
    #expect(book.matter.parts.map(\.unit) == ["供电公司"])
    #expect(book.whole.responsible == 5 && book.whole.due(.response) == hour(48))
    #expect(book.part("供电公司").cycle?.beganAt == hour(5) && book.part("供电公司").cycles == 1)
    #expect(book.part("供电公司").due(.resolution) == hour(5) + .days(19))
  }

  @Test("a lead that is named as supporting later gets no second clock for the same matter")
  func leadSupportsLater() throws {
    var book = try opened(#"{\#(Told.place),"lead":"供水公司"}"#)
    try book.hear("complaint.accepted", #"{"supporting":["供水公司","供电公司"]}"#, at: hour(1))
    #expect(book.matter.parts.map(\.unit) == ["供电公司"])
  }

  @Test("a supporting unit that gets the lead has no part beside it: its events were taken for the whole's, its clock ran on")
  func supportingLeadsLater() throws {
    var book = try opened()
    try book.hear("complaint.accepted", #"{"lead":"供电公司"}"#, at: hour(1))
    #expect(book.part("供电公司").phase == .closed && book.part("供电公司").closedAt == hour(1) && !book.part("供电公司").isWithdrawn)
    #expect(book.whole.phase == .open && book.whole.responsible == 6)
    try book.hear("complaint.responded", #"{"part":"供电公司"}"#, at: hour(2))
    #expect(book.whole.phase == .responded)
  }

  @Test("an acceptance of a part names no units, under whatever name")
  func acceptedPart() throws {
    var book = try opened()
    try book.hear("complaint.accepted", #"{"part":"供水公司","lead":"燃气公司","supporting":["通信公司"]}"#, at: hour(1))
    #expect(book.matter.opening?.lead == "供水公司" && book.matter.parts.map(\.unit) == ["供电公司", "燃气公司"])
  }

  @Test(
    "what is said of a part that is not named yet waits, and counts once it is; what was said before it had its part does not")
  func unnamedPart() throws {
    var book = try opened(Told.opening)
    #expect(try book.hear("complaint.resolved", #"{"part":"供电公司"}"#, at: hour(3)) == .waits)
    #expect(try book.hear("complaint.accepted", Self.listed, at: hour(1), heard: hour(4)) == .applied)
    #expect(book.part("供电公司").phase == .closed && book.part("供电公司").closedAt == hour(3))
    #expect(try book.hear("complaint.resolved", #"{"part":"燃气公司"}"#, at: hour(5)) == .waits)
    try book.hear("complaint.accepted", #"{"supporting":["燃气公司"]}"#, at: hour(6))
    #expect(book.part("燃气公司").phase == .open)
  }

  @Test("a unit that the directory does not know can be held to nothing: its tier's organ answers for it, marked 待派")
  func unknownUnit() throws {
    var book = try opened(#"{\#(Told.place),"lead":"无此单位","supporting":["也无此单位"]}"#)
    #expect(book.unassigned.map(\.unit) == [nil, "也无此单位"])
    for unit in [nil, "也无此单位"] {
      #expect(book.matter.isUnassigned(unit) && book.matter.item(of: unit)?.responsible == City.streetID)
    }
    book.sweep(at: day(30))
    #expect(Set(book.breaches.owners) == [City.streetID] && book.breaches.count == 3)
  }

  @Test("工作时 count by the hours of the unit that is responsible for the part")
  func officeHours() throws {
    let book = try opened(Told.shared, City.policy("resolution: { within: 5wh, district: 2d, city: 2d }"))
    // Friday 08:00: the office opens at 08:30 and has lunch; the unit works from 08:00 to 16:00.
    #expect(book.part("供电公司").due(.resolution) == hour(8))
    #expect(book.part("燃气公司").due(.resolution) == hour(5))
  }

  @Test("R12, R24: a supporting unit's part of a reminder is due when the reminder is: it was overdue at once, and led to a 约谈")
  func partOfAReminder() throws {
    var book = try Casebook()
    try book.hear("reminder.scheduled", #"{"due":"2026-12-20T08:00:00+08:00","supporting":["供电公司"]}"#)
    #expect(book.part("供电公司").due(.resolution) == Told.extended && book.part("供电公司").startTier != .city)
    #expect(book.explained(at: morning).filter { $0.unit != nil }.map(\.dueAt) == [Told.extended], "one reason for it")
    // Also where the unit is named later.
    try book.hear("complaint.accepted", #"{"supporting":["燃气公司"]}"#, at: hour(1))
    #expect(book.matter.item(of: "燃气公司") == nil, "an acceptance of a complaint cannot be about a reminder")
  }

  @Test("a pause or an extension of the whole is not one of its parts: each asks for its own")
  func ownPauses() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    try book.hear("complaint.suspended", #"{"part":"供电公司","reason":"等待居民配合"}"#, at: hour(2))
    #expect(book.whole.stoppedSince == hour(1) && book.part("供电公司").stoppedSince == hour(2))
    #expect(book.part("燃气公司").stoppedSince == nil && book.part("燃气公司").due(.resolution) == day(19))
    try book.hear("complaint.resumed", #"{"part":"供电公司"}"#, at: hour(12))
    #expect(book.part("供电公司").due(.resolution) == day(19) + .hours(10) && book.whole.stoppedSince == hour(1))
    let until = #""part":"燃气公司","until":"2026-12-20T08:00:00+08:00""#
    try book.hear("complaint.extension-requested", #"{"reason":"雨季",\#(until)}"#, at: hour(13))
    try book.hear("complaint.extension-decided", #"{"decision":"approved","approver":"黄石港区",\#(until)}"#, at: hour(14))
    #expect(book.part("燃气公司").due(.resolution) == Told.extended && book.whole.cycle?.extensions == 0)
  }

  // MARK: - Duplicates and reopenings

  @Test("the clocks of a duplicate's parts are held with it, and run on or end with it: units were blamed for a duplicate")
  func partsOfDuplicates() throws {
    let units = ["供电公司", "燃气公司", "通信公司"]
    var book = try Casebook()
    try book.hear("complaint.submitted", subject: "HS-MAIN")
    try book.hear("complaint.submitted", Told.shared)
    try book.hear("complaint.merged", Told.into("HS-MAIN"), at: hour(24))
    book.follow(at: hour(24))
    // Named when it was a duplicate already.
    try book.hear("complaint.accepted", #"{"supporting":["通信公司"]}"#, at: hour(30))
    for unit in units { #expect(book.part(unit).phase == .merged && book.part(unit).main?.subject == "HS-MAIN") }
    #expect(book.matter.wakeAt == nil && book.breaches.isEmpty)
    var settled = book
    try settled.hear("complaint.resolved", at: hour(40), subject: "HS-MAIN")
    settled.follow(at: hour(40))
    for unit in units { #expect(settled.part(unit).closedAt == hour(40)) }
    try book.hear("complaint.withdrawn", at: hour(40), subject: "HS-MAIN")
    book.follow(at: hour(40))
    #expect(book.part("供电公司").phase == .open && book.part("供电公司").due(.resolution) == day(19) + .hours(16))
    #expect(book.part("通信公司").due(.resolution) == hour(40) + .days(19))
    #expect(book.whole.phase == .open && book.whole.due(.response) == hour(48 + 16))
  }

  @Test("a part that is reopened while the whole is a duplicate is one too: its unit was blamed for a duplicate")
  func reopenedInADuplicate() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", subject: "HS-MAIN")
    try book.hear("complaint.submitted", Told.shared)
    try book.hear("complaint.resolved", #"{"part":"供电公司"}"#, at: hour(1))
    try book.hear("complaint.merged", Told.into("HS-MAIN"), at: hour(2))
    book.follow(at: hour(2))
    try book.hear("complaint.reopened", #"{"part":"供电公司"}"#, at: hour(3))
    #expect(book.part("供电公司").phase == .merged && book.part("供电公司").stoppedSince == hour(3) && book.matter.wakeAt == nil)
    try book.hear("complaint.withdrawn", at: hour(5), subject: "HS-MAIN")
    book.follow(at: hour(5))
    #expect(book.part("供电公司").phase == .open && book.part("供电公司").due(.resolution) == hour(5) + .days(19))
  }

  @Test("an end of the whole that is heard after its 重办 ends the parts all the same; who was named since has its part again")
  func endHeardAfterReopening() throws {
    var book = try opened()
    try book.hear("complaint.accepted", Self.listed, at: hour(6))
    try book.hear("complaint.suspended", Told.pause, at: hour(7))
    try book.hear("complaint.reopened", at: hour(5), heard: hour(8))
    try book.hear("complaint.withdrawn", at: hour(4), heard: hour(9))
    #expect(book.whole.phase == .open && book.whole.cycles == 2 && book.whole.stoppedSince == hour(7))
    let (ended, again) = (book.part("燃气公司"), book.part("供电公司"))
    #expect(ended.phase == .closed && ended.closedAt == hour(4) && ended.isWithdrawn)
    #expect(again.phase == .open && again.cycle?.beganAt == hour(6) && again.cycles == 2)
  }

  @Test("a 重办 of a part that is heard after a later end of the whole ends with that: the part was open alone, for good")
  func reopenedBeforeTheEnd() throws {
    var book = try opened()
    try book.hear("complaint.resolved", #"{"part":"供电公司"}"#, at: hour(1))
    try book.hear("complaint.resolved", at: hour(4))
    try book.hear("complaint.reopened", #"{"part":"供电公司"}"#, at: hour(2), heard: hour(9))
    #expect(book.part("供电公司").phase == .closed && book.part("供电公司").closedAt == hour(4) && book.part("供电公司").cycles == 2)
  }

  @Test("a unit that is named again after the whole was reopened has a clock again; one that is merely listed again has not")
  func namedAgain() throws {
    var book = try opened()
    try book.hear("complaint.resolved", #"{"part":"供电公司"}"#, at: hour(1))
    try book.hear("complaint.accepted", Self.listed, at: hour(2))
    #expect(book.part("供电公司").phase == .closed)
    try book.hear("complaint.resolved", at: hour(3))
    try book.hear("complaint.reopened", at: hour(4))
    #expect(book.part("供电公司").phase == .closed)
    try book.hear("complaint.accepted", Self.listed, at: hour(5))
    let part = book.part("供电公司")
    #expect(part.phase == .open && part.cycles == 2 && part.due(.resolution) == hour(5) + .days(19))
  }

  // MARK: - In any order

  @Test("in whatever order a matter with units is heard, the whole and its parts come out the same")
  func anyOrder() throws {
    let events: [(String, String, Int64)] = [
      ("complaint.accepted", #"{"supporting":["通信公司"]}"#, 1), ("complaint.responded", #"{"part":"供水公司"}"#, 2),
      ("complaint.resolved", #"{"part":"供电公司"}"#, 3), ("complaint.returned", #"{"part":"通信公司","reason":"不在职责内"}"#, 4),
      ("complaint.reopened", #"{"part":"供电公司"}"#, 5),
    ]
    let book = try expectSame([("complaint.submitted", Told.shared, 0)] + events, heard: hour(6), runs: 100)
    #expect(book.whole.phase == .responded && book.part("通信公司").returns == 1)
    #expect(book.part("供电公司").phase == .open && book.part("供电公司").cycles == 2)
  }

  @Test("in whatever order the end of a matter with units is heard, its parts end too, and nothing waits for them")
  func anyOrderOfEnds() throws {
    let book = try expectSame(
      [
        ("complaint.submitted", "{\(Told.place)}", 0),
        ("complaint.accepted", #"{"lead":"供水公司","supporting":["供电公司","通信公司"]}"#, 1),
        ("complaint.resolved", #"{"part":"供电公司"}"#, 3), ("complaint.resolved", "{}", 6),
      ], heard: hour(7), runs: 24)
    #expect(book.matter.items.count == 3 && book.matter.items.allSatisfy { $0.item.phase == .closed } && book.breaches().isEmpty)
    #expect(book.part("通信公司").closedAt == hour(6) && book.part("供电公司").closedAt == hour(3))
    #expect(book.verdicts[book.matter.id]?.values.allSatisfy { $0.verdict == .applied } ?? true)
  }

  /// Hears events in many orders and batches, all at one time, and expects the same matter each time.
  private func expectSame(_ events: [(String, String, Int64)], heard: Instant, runs: Int) throws -> Casebook {
    var random = Seeded(12)
    var policy = try City.policy()
    policy.countsFromHearingAfter = .days(365)
    func fates(_ book: Casebook) -> [String] {
      book.matter.items.map { unit, item in
        "\(unit ?? "") \(item.phase) \(item.cycles) \(item.clocks.map(\.clock.dueAt.rfc3339)) \(item.responsible ?? 0) \(item.returns)"
      }.sorted()
    }
    let messages = try events.enumerated().map { i, event in
      try envelope(event.0, id: "a\(i)", time: hour(event.2), data: event.1)
    }
    var expected = try Casebook(policy)
    expected.hear(messages, at: heard)
    for run in 0..<runs {
      var book = try Casebook(policy)
      var rest = messages.shuffled(using: &random)[...]
      while !rest.isEmpty {
        let batch = rest.prefix(Int.random(in: 1...3, using: &random))
        rest = rest.dropFirst(batch.count)
        book.hear(Array(batch), at: heard)
      }
      #expect(fates(book) == fates(expected), "run \(run)")
    }
    return expected
  }
}
