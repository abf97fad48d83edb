// The law of order on a real database: what intake reads before it decides is all that the decision needs.

import Duban
import DubanStore
import Testing
import TestServers

@Suite("The law of order in the store")
struct AnyOrderStoreTests {
  private static let policy = """
    policy: patient
    counts-from-hearing-after: 365d
    rules:
      - kind: complaint
        response: { within: 300d, district: 24h, city: 24h }
        resolution: { within: 400d, district: 5d, city: 5d }
        extensions: 99
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  @Test(
    "in whatever order and batches a matter is heard, its whole, parts and duplicates come out the same, each the fold of its log"
  )
  func law() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Self.policy)
      let start = try store.now() - .days(30)
      for seed in 1...60 as ClosedRange<UInt64> {
        var random = Seeded(seed)
        let history = MatterHistory(&random)
        var fates: [[String]] = []
        for (run, order) in [history.events, history.shuffled(&random), history.shuffled(&random)].enumerated() {
          let name = "S\(seed)R\(run)"
          var rest = order[...]
          while !rest.isEmpty {
            let batch = rest.prefix(run == 0 ? 1 : Int.random(in: 1...4, using: &random))
            rest = rest.dropFirst(batch.count)
            let verdicts = try take(batch.map { try $0.told(from: start, run: name) }, store)
            #expect(verdicts.allSatisfy { $0 == .applied || $0 == .waits })
          }
          let items = try ["-1", "-2", "-3"].compactMap { try store.item(named: name + $0)?.item }
          let all = try items + items.flatMap { try store.parts(of: $0).map(\.item) }
          fates.append(history.fates(of: all, from: start))
          #expect(fates.last == fates.first, "seed \(seed):\n\(history)\nheard: \(order.map(\.hour))")
          try expectReplays(all, store)
        }
      }
      #expect(try test.ask("SELECT count(*) FROM waiting_event") == 0)
      #expect(try test.ask("SELECT count(*) > 60 FROM item_event WHERE type = 'item.heard-again'"))
    }
  }

  private func expectReplays(_ items: [Item], _ store: Store) throws {
    let (replay, logs) = (try store.replay(), try store.logs(of: items.map(\.id)))
    for item in items where item.phase != .awaited {
      var folded = try replay.asItWas(item, logs[item.id] ?? []).item
      folded.sequence = item.sequence
      #expect(folded == item)
    }
  }
}
