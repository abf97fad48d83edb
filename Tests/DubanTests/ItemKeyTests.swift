// How people name items: SOURCE/NUMBER, of a unit's part with #UNIT behind.

import Testing

@testable import Duban

@Suite("Names of items")
struct ItemKeyTests {
  /// Whether a name may mean a key.
  private func means(_ key: ItemKey, _ name: String) -> Bool {
    ItemKey.readings(of: name).contains {
      ItemKey(source: $0.source ?? key.source, subject: $0.subject, unit: $0.unit) == key
    }
  }

  @Test("law: an item is found by its number and by SOURCE/NUMBER, whatever of / and # its source, its number and its unit hold")
  func roundTrip() {
    var random = Seeded(0x0D0B)
    func text() -> String {
      let letters = ["/", "#", "A", "2026-", "水", "e\u{301}"]
      return String((0..<Int.random(in: 1...4, using: &random)).flatMap { _ in letters.randomElement(using: &random) ?? "" })
    }
    for _ in 0..<2_000 {
      let key = ItemKey(source: text(), subject: text(), unit: Bool.random(using: &random) ? text() : nil)
      #expect(means(key, key.number) && means(key, key.description), "\(key)")
      // Only what is written like it is meant: nothing else is looked up.
      for (source, subject, unit) in ItemKey.readings(of: key.description) {
        let read = ItemKey(source: source ?? key.source, subject: subject, unit: unit)
        #expect((source == nil ? read.number : read.description) == key.description)
      }
    }
  }

  @Test("a name without separators is a number of any source, and no more")
  func plain() {
    let readings = ItemKey.readings(of: "HS-1")
    #expect(readings.count == 1 && readings[0] == (nil, "HS-1", nil))
    #expect(ItemKey.readings(of: "/#").map(\.subject) == ["/#"])
  }
}
