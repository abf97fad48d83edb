// The chain: lets due items climb 街道 → 区 → 市, and sleeps until the next one falls due.

import Duban
import DubanStore
import Logging
import Metrics

/// Claims due items in batches until told to stop. Any number of these share the work.
final class DeadlineJob: Job {
  private let context: WorkerContext
  private let store: Store
  private let escalations = Counter(label: "duban_escalations")
  private let notices = Counter(label: "duban_notices", dimensions: [("origin", "item")])

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
    try store.listen(to: .due)
  }

  func run(until stop: StopSignal) throws {
    while !stop.isRaised {
      let handled = try handleDue()
      context.isWorking()
      if handled < context.settings.deadlinesBatch {
        // What is due but held by another daemon is looked at again soon.
        let pause = max(try store.timeUntilNextDue(), .milliseconds(20))
        try store.wait(timeout: pause, orReadable: [stop.descriptor])
      }
    }
  }

  private func handleDue() throws -> Int {
    let (effects, handled) = try store.transaction { store in
      let machine = try store.machine()
      var items = try store.claimDueItems(limit: context.settings.deadlinesBatch, now: machine.now)
      let history = try store.breaches(of: items.filter { $0.tier.above == nil }.map(\.id))
      var effects = Effects()
      for i in items.indices { machine.lapse(&items[i], history: history[items[i].id] ?? [], into: &effects) }
      effects.changedItems = items
      if !items.isEmpty { try store.write(effects, at: machine.now) }
      return (effects, items.count)
    }
    guard handled > 0 else { return 0 }
    escalations.increment(by: effects.breaches.count)
    notices.increment(by: effects.notices.count)
    context.logger.info(
      "deadlines passed", metadata: ["breaches": "\(effects.breaches.count)", "notices-proposed": "\(effects.notices.count)"])
    return handled
  }
}
