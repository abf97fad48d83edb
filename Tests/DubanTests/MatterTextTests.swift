// Where a matter stands, as text: read back as it was written.

import Foundation
import Testing

@testable import Duban

@Suite("A matter's state as text")
struct MatterTextTests {
  private static func clock(_ step: Int) -> Item.Clock {
    var clock = Item.Clock(
      step: step, tier: .district, start: hour(1), statedAt: hour(2), dueAt: hour(3), warnAt: hour(4))
    clock.isProvisional = true
    return clock
  }

  /// A cycle with every field set.
  private static let cycle: Item.Cycle = {
    var cycle = Item.Cycle(begunBy: 3, beganAt: hour(5), responsibleID: 6, startTier: .street)
    (cycle.answeredAt, cycle.supervisor, cycle.breachedTier) = (hour(7), .city, .district)
    (cycle.response, cycle.resolution) = (clock(0), clock(1))
    cycle.pauses = [.init(from: hour(8), until: hour(9)), .init(from: hour(10))]
    (cycle.isSuspended, cycle.isSummoned) = (true, true)
    (cycle.requestedUntil, cycle.extensions, cycle.grant) = (hour(11), 2, .init(until: hour(12), at: hour(13)))
    return cycle
  }()

  @Test("every state is read back as it was written, and its names are sorted, so that equal states have equal texts")
  func roundTrip() throws {
    let states: [Item.State] = [
      .awaited, .active(Self.cycle), .active(Item.Cycle(begunBy: 1, beganAt: morning, startTier: .city)),
      .duplicate(of: ItemKey(source: "/qr/mashang", subject: "\"甲\""), Self.cycle),
      .closed(at: hour(20), isWithdrawal: true, Self.cycle), .closed(at: hour(20), isWithdrawal: false, Self.cycle),
    ]
    for state in states {
      var matter = Matter(id: 42, key: ItemKey(source: "/hotline/12345", subject: "HS-1"), kind: .complaint)
      (matter.whole.state, matter.whole.cycles, matter.whole.escalations) = (state, 2, 3)
      (matter.whole.urgings, matter.whole.returns, matter.whole.breachedAt) = (4, 5, hour(6))
      matter.parts = [.init(unit: "供电公司", unitID: 6, item: matter.whole), .init(unit: "无此单位")]
      (matter.log.lastPlace, matter.log.lastEffect, matter.log.sweptTo) = (hour(30), hour(31), hour(32))
      (matter.log.lastLapse, matter.log.breaches) = (hour(33), 7)
      var again = Matter(id: 42, key: matter.key, kind: .complaint)
      try again.read(state: matter.stateText)
      #expect(again == matter)
      let object = try JSONSerialization.jsonObject(with: Data(matter.stateText.utf8))
      let sorted = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
      #expect(String(decoding: sorted, as: UTF8.self) == matter.stateText)
    }
  }

  @Test("what is no state is refused", arguments: ["", "[]", #"{"whole":7}"#, #"{"whole":{"cycle":{"response":{"start":1}}}}"#])
  func refused(text: String) {
    var matter = Matter(id: 42, key: ItemKey(source: "/hotline/12345", subject: "HS-1"), kind: .complaint)
    #expect(throws: Refusal.self) { try matter.read(state: text) }
  }
}
