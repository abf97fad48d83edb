// 主办, 改派, 补派: who is responsible for the whole, and what is placed once the directory has it.

import Testing

@testable import Duban

@Suite("Assignment: lead units, and what the directory learns")
struct AssignmentTests {
  // MARK: - 改派

  @Test("改派: the unit that was named last leads, in whatever order that is heard; no clock is reset")
  func renamed() throws {
    let messages = try [
      envelope("complaint.submitted", data: Told.shared),
      envelope("complaint.accepted", id: "a1", time: hour(1), data: #"{"lead":"供电公司"}"#),
      envelope("complaint.accepted", id: "a2", time: hour(2), data: #"{"lead":"燃气公司"}"#),
    ]
    for order in [[0, 1, 2], [0, 2, 1], [2, 1, 0]] {
      var policy = try City.policy()
      policy.countsFromHearingAfter = .days(365)
      var book = try Casebook(policy)
      for i in order { book.hear([messages[i]], at: hour(3)) }
      #expect(book.matter.opening?.lead == "燃气公司" && book.whole.responsible == 7 && book.whole.due(.response) == hour(48))
    }
  }

  @Test("改派 to another street: the matter is there from then on; it lay nowhere, and nobody was responsible")
  func movedToAnotherStreet() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    #expect(book.whole.responsible == 3)
    try book.hear("complaint.reassigned", #"{"region":{"district":"黄石港区","street":"花湖街道"}}"#, at: hour(1))
    #expect(book.whole.responsible == 4 && book.matter.opening?.place.districtID == 2 && !book.matter.isUnassigned(nil))
  }

  @Test("another lead is responsible from then on, and a tier that supervises goes on to; the breach stays with who let it pass")
  func renamedAfterTheDeadline() throws {
    for isSwept in [true, false] {
      var book = try Casebook()
      try book.hear("complaint.submitted", Told.shared)
      if isSwept { book.sweep(at: hour(48)) }
      try book.hear("complaint.accepted", #"{"lead":"燃气公司"}"#, at: hour(49))
      #expect(book.breaches.owners == [5] && book.matter.opening?.lead == "燃气公司")
      #expect(book.whole.responsible == 7 && book.whole.supervisor == .district && book.whole.due(.response) == hour(72))
      // What it lets pass itself is its own.
      book.sweepAll(until: day(20))
      #expect(book.breaches.of(.resolution).filter { $0.lapse.step.unit == nil }.owners == [7])
    }
  }

  @Test("a matter that is overdue at 市 stays so, though a lead is named for it")
  func namedTooLate() throws {
    var book = try Casebook()
    try book.hear("reminder.scheduled", #"{"due":"2026-11-21T08:00:00+08:00"}"#)
    #expect(book.whole.startTier == .city)
    book.sweep(at: day(2))
    let before = book.whole
    #expect(try book.hear("complaint.accepted", #"{"lead":"供水公司"}"#, at: day(3)) == .inapplicable(.wrongKind))
    #expect(book.whole == before && book.whole.clocks.isEmpty)
    var complaint = try Casebook()
    try complaint.hear("complaint.submitted", "{}")
    complaint.sweepAll(until: day(60))
    try complaint.hear("complaint.accepted", #"{"lead":"供水公司"}"#, at: day(61))
    #expect(complaint.whole.clocks.isEmpty && complaint.whole.responsible == 5 && complaint.breaches.owners == [1, 1])
  }

  @Test(
    "a unit that lets pass what lies in a place nobody knows has the city above it: the city was blamed for it, and nobody took over"
  )
  func unitWithoutPlace() throws {
    for (data, unit) in [(#"{"lead":"供水公司"}"#, nil), (#"{"supporting":["供水公司"]}"#, "供水公司")] as [(String, String?)] {
      var book = try Casebook()
      try book.hear("complaint.submitted", data)
      let item = try #require(book.matter.item(of: unit))
      // A unit stands in for the tiers that have nobody; the whole limit is for who has it first.
      #expect(item.responsible == 5 && item.startTier == .district && book.matter.isUnassigned(unit))
      #expect(item.due(.resolution) == day(19) && item.due(.response) == (unit == nil ? hour(48) : nil))
      if unit == nil { #expect(book.passedOver.isEmpty) }
      try book.hear("complaint.responded", at: hour(1))
      book.sweepAll(until: day(40))
      let own = book.breaches.filter { $0.lapse.step.unit == unit }
      #expect(own.owners == [5, City.cityID] && own.tiers == [.district, .city])
      #expect(book.notices.filter { $0.organID == 5 }.count == 1)
    }
    // Of a unit that is not known either, the city has it from the start, for the whole limit; until one is named that is.
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{"lead":"无此单位"}"#)
    #expect(
      book.whole.responsible == City.cityID && book.whole.due(.response) == hour(48) && book.whole.due(.resolution) == day(19))
    try book.hear("complaint.accepted", #"{"lead":"供水公司"}"#, at: hour(1))
    #expect(book.whole.responsible == 5 && book.whole.due(.response) == hour(48))
  }

  @Test("an acceptance about the lead's part that names units too names nobody: it says nothing of who else has the matter")
  func unitsNamedByAPart() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{\#(Told.place),"lead":"供水公司"}"#)
    let accepted = try envelope(
      "complaint.accepted", id: "a1", time: hour(1), data: #"{"part":"供水公司","lead":"燃气公司","supporting":["供电公司","燃气公司"]}"#)
    let next = try envelope("complaint.submitted", id: "n1", subject: "HS-2", time: hour(1))
    #expect(book.hear([accepted, next], at: hour(1)) == [.applied, .applied])
    #expect(book.matter.opening?.lead == "供水公司" && book.matter.parts.isEmpty && book["HS-2"].whole.phase == .open)
  }

  // MARK: - 补派

  /// The small city, whose directory has a street and a unit more.
  private static let learnt = Directory(
    version: 2,
    organs: City.organs + [
      Organ(id: 20, tier: .street, name: "新街道", parentID: City.districtID),
      Organ(id: 21, tier: nil, name: "热力公司", parentID: City.cityID),
    ], sources: Array(City.directory.sources.values))

  private static let region = Event.Region(district: "黄石港区", street: "新街道", community: "一号院")
  private static let nowhere = #""region":{"district":"黄石港区","street":"新街道","community":"一号院"}"#

  @Test("a matter that is placed with a street is the street's; its clock runs on")
  func street() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", "{\(Self.nowhere)}")
    let dues = book.whole.clocks.map(\.clock.dueAt)
    #expect(book.whole.responsible == City.districtID && book.matter.isUnassigned(nil))
    book.references.directory = Self.learnt
    book.record(.placed(Self.region), at: hour(2))
    #expect(book.whole.responsible == 20 && book.whole.startTier == .street && !book.matter.isUnassigned(nil))
    #expect(book.whole.clocks.map(\.clock.dueAt) == dues && book.whole.clocks.allSatisfy { $0.clock.tier == .street })
    #expect(book.matter.opening?.place.community == "一号院" && book.announcements.isEmpty && book.log.last?.type == "item.placed")
    // What it lets pass is its own, and goes the whole chain.
    book.sweep(at: hour(48))
    #expect(book.breaches.owners == [20] && book.whole.supervisor == .district)
  }

  @Test("a matter that is placed with a unit is the unit's: the whole, or its part in it", arguments: [true, false])
  func unit(leads: Bool) throws {
    let (lead, supporting) = leads ? ("热力公司", "无此单位") : ("无此单位", "热力公司")
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{\#(Told.place),"lead":"\#(lead)","supporting":["\#(supporting)"]}"#)
    let (known, unknown) = leads ? (nil, supporting) : (supporting, nil)
    #expect(book.matter.isUnassigned(known) && book.matter.isUnassigned(unknown))
    let dues = book.matter.item(of: known)?.clocks.map(\.clock.dueAt)
    book.references.directory = Self.learnt
    book.record(.placed(.init(district: "黄石港区", street: "胜阳港街道")), at: hour(2))
    let item = try #require(book.matter.item(of: known))
    #expect(item.responsible == 21 && item.startTier == .street && item.clocks.map(\.clock.dueAt) == dues)
    // The other unit is not known yet.
    #expect(!book.matter.isUnassigned(known) && book.matter.isUnassigned(unknown))
    #expect(book.matter.item(of: unknown)?.responsible == City.streetID)
  }

  @Test("a tier that supervises goes on to when the directory learns who is responsible; what stood stands")
  func climbed() throws {
    for isUnit in [true, false] {
      var book = try Casebook()
      try book.hear("complaint.submitted", "{\(Self.nowhere)\(isUnit ? #","lead":"热力公司""# : "")}")
      book.sweep(at: hour(48))
      #expect(book.whole.supervisor == .city && book.breaches.owners == [City.districtID])
      let (due, breaches) = (book.whole.due(.response), book.breaches)
      book.references.directory = Self.learnt
      book.record(.placed(Self.region), at: hour(50))
      #expect(book.whole.supervisor == .city && book.whole.responsible == (isUnit ? 21 : 20) && book.whole.due(.response) == due)
      #expect(!book.matter.isUnassigned(nil) && book.breaches == breaches)
    }
  }

  @Test("law: what the directory knew is stamped on each entry, so that nobody is blamed by a name that was learnt later")
  func asItWas() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", "{\(Self.nowhere)}")
    book.references.directory = Self.learnt
    // Heard of after the directory had learnt, but said before: the opening stays as it was stamped.
    try book.hear("complaint.responded", at: hour(-1), heard: hour(50))
    #expect(book.folds.whole == 1 && book.whole.responsible == City.districtID && book.whole.answeredAt == morning)
    #expect(book.log.first?.stamp.streetID == nil && book.matter.isUnassigned(nil))
    // A new opening is stamped by what is known now.
    try book.hear("complaint.submitted", #"{\#(Self.nowhere),"lead":"热力公司"}"#, at: hour(51), subject: "HS-2")
    #expect(book["HS-2"].whole.responsible == 21)
  }
}
