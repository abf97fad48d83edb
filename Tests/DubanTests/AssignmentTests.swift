// 派件: what is 待派, once the directory has come to know its street or its unit.

import Testing

@testable import Duban

@Suite("Assigned once the directory knows")
struct AssignmentTests {
  /// The small city, which learns of a street and a unit at a time.
  private static func directory(learning time: Instant) -> Directory {
    Directory(
      version: 2,
      organs: Array(City.directory.organs.values) + [
        Organ(id: 20, tier: .street, name: "新街道", parentID: City.districtID, knownSince: time),
        Organ(id: 21, tier: nil, name: "热力公司", parentID: City.cityID, knownSince: time),
      ], sources: Array(City.directory.sources.values))
  }

  private static func machine(at time: Instant, knows: Bool) throws -> ItemMachine {
    var machine = try City.machine(at: time)
    if knows { machine.directory = directory(learning: time) }
    return machine
  }

  private static let nowhere = #""region":{"district":"黄石港区","street":"新街道","community":"一号院"}"#

  /// An item as its opening leaves it, and its log.
  private func entered(_ data: String) throws -> (item: Item, log: [LoggedEvent]) {
    let (item, effects) = try opened(data: data)
    return (item, Self.logged(effects, at: morning))
  }

  private static func logged(_ effects: Effects, at time: Instant) -> [LoggedEvent] {
    effects.log.map { LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: time, body: $0.body) }
  }

  /// What the whole log comes to, run again by a directory that learnt at a time.
  private func again(_ item: Item, _ log: [LoggedEvent], learning time: Instant) throws -> Replay.Outcome {
    let replay = Replay(
      policies: PolicyBook(current: try City.policy()), directory: Self.directory(learning: time),
      calendar: { _ in City.calendar })
    var outcome = try replay.asItWas(item, log)
    outcome.item.sequence = item.sequence
    return outcome
  }

  @Test("the street that the directory comes to know has the item; its clock runs on, and its log runs again to the same")
  func street() throws {
    var (item, log) = try entered("{\(Self.nowhere)}")
    let deadline = item.deadline
    #expect(item.tier == .district && item.awaitsAssignment)
    var effects = Effects()
    #expect(try !Self.machine(at: morning + .hours(1), knows: false).assignAnew(&item, log: log, into: &effects))
    #expect(effects.log.isEmpty)
    let learnt = morning + .hours(2)
    #expect(try Self.machine(at: learnt, knows: true).assignAnew(&item, log: log, into: &effects))
    #expect(item.tier == .street && item.holderID == 20 && !item.awaitsAssignment && item.deadline == deadline)
    #expect(item.place.community == "一号院" && effects.log.map(\.type) == ["item.reassigned"] && effects.announcements.isEmpty)
    log += Self.logged(effects, at: learnt)
    #expect(try again(item, log, learning: learnt).item == item)
    // Once is enough.
    #expect(try !Self.machine(at: learnt, knows: true).assignAnew(&item, log: log, into: &effects))
    // What it lets pass is its own, and goes the whole chain.
    var lapse = Effects()
    try Self.machine(at: morning + .hours(48), knows: true).lapse(&item, into: &lapse)
    #expect(lapse.breaches.map(\.organID) == [20] && item.tier == .district)
  }

  @Test("the unit that the directory comes to know has the item, or its part in it", arguments: [true, false])
  func unit(leads: Bool) throws {
    let (lead, supporting) = leads ? ("热力公司", "无此单位") : ("无此单位", "热力公司")
    var fold = IntakeFold(IntakeSnapshot(taken: [:], items: [:], freshIDs: [1, 2]), machine: try City.machine(at: morning))
    let data = #"{\#(UnitsTests.place),"lead":"\#(lead)","supporting":["\#(supporting)"]}"#
    #expect(fold.take(try envelope("complaint.submitted", data: data)) == .applied)
    let opening = fold.finish()
    func log(_ item: Item) -> [LoggedEvent] {
      zip(opening.log, Self.logged(opening, at: morning)).filter { $0.0.itemID == item.id }.map(\.1)
    }
    let (whole, part) = (
      try #require(opening.newItems.first { $0.key.unit == nil }), try #require(opening.newItems.first { $0.key.unit != nil })
    )
    #expect(whole.awaitsAssignment && part.awaitsAssignment)
    var (item, other) = leads ? (whole, part) : (part, whole)
    #expect(item.holderID == City.streetID)
    let (deadline, learnt) = (item.deadline, morning + .hours(2))
    let machine = try Self.machine(at: learnt, knows: true)
    var effects = Effects()
    #expect(try machine.assignAnew(&item, log: log(whole), into: &effects))
    #expect(item.holderID == 21 && item.tier == .street && !item.awaitsAssignment && item.deadline == deadline)
    #expect(try again(item, log(item) + Self.logged(effects, at: learnt), learning: learnt).item == item)
    // The other unit is not known yet.
    #expect(try !machine.assignAnew(&other, log: log(whole), into: &effects))
    #expect(other.awaitsAssignment && effects.log.count == 1)
  }

  @Test("a tier that the item has climbed to keeps it, and it is 待派 no more; its log runs again to the same breaches")
  func climbed() throws {
    for isUnit in [true, false] {
      var (item, log) = try entered("{\(Self.nowhere)\(isUnit ? ",\"lead\":\"热力公司\"" : "")}")
      var effects = Effects()
      let passed = morning + .hours(48)
      try Self.machine(at: passed, knows: false).lapse(&item, into: &effects)
      #expect(item.tier == .city && effects.breaches.map(\.organID) == [City.districtID])
      log += Self.logged(effects, at: passed)
      let learnt = passed + .hours(2)
      var later = Effects()
      let deadline = item.deadline
      #expect(try Self.machine(at: learnt, knows: true).assignAnew(&item, log: log, into: &later))
      #expect(item.tier == .city && item.holderID == City.cityID && item.deadline == deadline && !item.awaitsAssignment)
      let outcome = try again(item, log + Self.logged(later, at: learnt), learning: learnt)
      #expect(outcome.item == item && outcome.breaches == effects.breaches)
    }
  }

  @Test("law: the directory as it was knows whom it knew then, and nobody else")
  func asItWas() {
    let directory = Self.directory(learning: morning)
    let before = directory.known(at: morning + .hours(-1))
    #expect(
      before.unit(named: "热力公司") == nil && before.unit(named: "供水公司") == 5
        && before.officeHours(of: 7, at: morning) == OfficeHours([480..<960]))
    #expect(before.place(of: .init(district: "黄石港区", street: "新街道")).isUnassigned)
    #expect(directory.known(at: morning).unit(named: "热力公司") == 21)
    #expect(before.sources == directory.sources)
  }
}
