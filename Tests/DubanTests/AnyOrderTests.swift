// The law of order: whatever the order in which the messages of a matter are heard, its whole, its parts and its duplicates come out the same.

import Testing
import TestServers

@testable import Duban

@Suite("The law of order")
struct AnyOrderTests {
  /// What the store keeps between batches.
  private struct Kept {
    var items: [ItemKey: Item] = [:]
    var waiting: [WaitingEvent] = []
    var log: [LogEntry] = []
    var taken: [MessageKey: ContentDigest] = [:]
    var breaches = 0
    var nextID: Int64 = 1

    mutating func take(_ batch: [Envelope], by machine: ItemMachine) throws {
      let following = items.values.filter { $0.phase != .closed && $0.main != nil }
      let heard = log.filter { $0.key != nil }.compactMap { line -> (Int64, Envelope)? in
        guard let envelope = try? Envelope(RawMessage(body: Array(line.body.utf8))), envelope.isOfACycle else { return nil }
        return (line.itemID, envelope)
      }
      var fold = IntakeFold(
        IntakeSnapshot(
          taken: taken, items: items, waiting: Dictionary(grouping: waiting, by: \.itemID).mapValues { $0.map(\.envelope) },
          followers: Dictionary(grouping: following) { $0.main ?? $0.key }.mapValues { $0.sorted { $0.id < $1.id }.map(\.key) },
          heard: Dictionary(grouping: heard) { $0.0 }.mapValues { $0.map(\.1) }, freshIDs: Array(nextID..<nextID + 50)),
        machine: machine)
      nextID += 50
      for message in batch { if case .refused(let refusal) = fold.take(message) { throw refusal } }
      let effects = fold.finish()
      for item in effects.newItems + effects.changedItems { items[item.key] = item }
      for message in effects.messages { taken[message.key] = message.digest }
      log += effects.log
      breaches += effects.breaches.count
      waiting.removeAll { effects.noLongerAwaited.contains($0.envelope.key) }
      waiting += effects.waiting
    }
  }

  private static let now = morning + .days(30)

  private static func policy() throws -> Policy {
    var policy = try ReplayTests.policy(
      "response: { within: 300d, district: 24h, city: 24h }, resolution: { within: 400d, district: 5d, city: 5d }, extensions: 99"
    )
    policy.tolerance = .days(365)
    return policy
  }

  private func machine(_ policy: Policy) -> ItemMachine {
    ItemMachine(policies: PolicyBook(current: policy), directory: City.directory, calendar: City.calendar, now: Self.now)
  }

  @Test(
    "in whatever order and batches a matter is heard, its whole, parts and duplicates come out the same", arguments: 1...10)
  func law(_ block: UInt64) throws {
    let machine = machine(try Self.policy())
    for seed in block * 1000..<block * 1000 + 30 {
      var random = Seeded(seed)
      let history = MatterHistory(&random)
      var inOrder = Kept()
      for event in history.events { try inOrder.take([event.told(from: morning)], by: machine) }
      let expected = history.fates(of: inOrder.items.values, from: morning)
      for _ in 0..<3 {
        let order = history.shuffled(&random)
        var kept = Kept()
        var rest = order[...]
        while !rest.isEmpty {
          let batch = rest.prefix(Int.random(in: 1...4, using: &random))
          rest = rest.dropFirst(batch.count)
          try kept.take(batch.map { try $0.told(from: morning) }, by: machine)
        }
        let found = history.fates(of: kept.items.values, from: morning)
        #expect(
          found == expected,
          """
          seed \(seed):
          \(history)
          heard: \(order.map { "\($0.hour)" }.joined(separator: " "))
          """)
        #expect(kept.breaches == 0 && kept.waiting.isEmpty, "seed \(seed), heard: \(order.map(\.hour))")
        if found != expected { return }
        try expectReplays(kept, machine, "seed \(seed), heard: \(order.map(\.hour))")
      }
    }
  }

  /// Each item is the fold of its own log.
  private func expectReplays(_ kept: Kept, _ machine: ItemMachine, _ comment: Comment) throws {
    let replay = Replay(policies: machine.policies, directory: machine.directory, calendar: { _ in City.calendar })
    for item in kept.items.values where item.phase != .awaited {
      let lines = kept.log.filter { $0.itemID == item.id }.map {
        LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: machine.now, body: $0.body)
      }
      var folded = try replay.asItWas(item, lines).item
      folded.sequence = item.sequence
      #expect(folded == item, comment)
    }
  }
}
