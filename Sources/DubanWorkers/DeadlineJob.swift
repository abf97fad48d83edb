// The chain: lets due items climb 街道 → 区 → 市, and sleeps until the next one falls due.

import Duban
import DubanStore
import Logging
import Metrics
import PostgreSQL

/// Claims due items in batches until told to stop. Any number of these share the work.
final class DeadlineJob: Job {
  private let context: WorkerContext
  private let store: Store
  private let breaches = Counter(label: "duban_breaches")
  private let notices = Counter(label: "duban_notices", dimensions: [("origin", "item")])
  /// Items whose own writing the database refuses.
  private var stuck = StuckSet(pause: .seconds(60))
  /// Items that another transaction held a moment ago. A message that waited for them meanwhile, in whatever copy, is taken first: it may be
  /// an answer that was given in time.
  private var held = StuckSet(pause: .seconds(1))
  /// Smaller than the setting while an item at fault is being searched for.
  private var batchLimit: Int
  /// Since when it can work.
  private let began: ContinuousClock.Instant

  init(_ context: WorkerContext) throws {
    self.context = context
    batchLimit = context.settings.deadlinesBatch
    store = try context.connectStore()
    try store.useIndexes()
    try store.listen(to: .due)
    context.backlog.resetAll()
    began = .now
  }

  func run(until stop: StopSignal) throws {
    while !stop.isRaised {
      letIntakeHear(unless: stop)
      let limit = batchLimit
      let handled = try handleDue()
      context.isWorking()
      if handled < limit && batchLimit == context.settings.deadlinesBatch {
        // What is due but held by another daemon is looked at again soon; what is left aside, now and then.
        let pause = max(try store.timeUntilNextDue(), stuck.ids().isEmpty ? .milliseconds(20) : .seconds(1))
        try store.wait(timeout: pause, orReadable: [stop.descriptor])
      }
    }
  }

  /// Waits until what lies in the queues is heard, though not for ever.
  private func letIntakeHear(unless stop: StopSignal) {
    guard context.backlog.wait(since: began) != nil else { return }
    while let left = context.backlog.wait(since: began) {
      // The end is not signalled; it comes once after a start, mostly within the first of these pauses.
      if stop.wait(min(left, .milliseconds(20))) { return }
      context.isWorking()
    }
    if !context.backlog.isEmpty {
      context.logger.warning("deadlines are handled though intake has not heard all that waits: see what holds it up")
    }
  }

  /// Handles a batch. One that the database refuses is tried in halves, until the item at fault stands alone and is left aside.
  private func handleDue() throws -> Int {
    var claimed: [Int64] = []
    do {
      let handled = try handleBatch(&claimed)
      if handled < batchLimit {
        for id in try store.heldDue(limit: batchLimit, except: stuck.ids()) { held.leaveAside(id) }
      }
      batchLimit = min(batchLimit * 2, context.settings.deadlinesBatch)
      return handled
    } catch let error as PostgresError where !store.isLost && error.isAboutData && !claimed.isEmpty {
      if let only = claimed.first, claimed.count == 1 {
        context.logger.error("an item cannot be escalated; left aside", metadata: ["item": "\(only)", "why": "\(error)"])
        stuck.leaveAside(only)
      }
      batchLimit = max(1, claimed.count / 2)
      return 0
    }
  }

  private func handleBatch(_ claimed: inout [Int64]) throws -> Int {
    let excluded = stuck.ids() + held.ids()
    let result = try store.sweep(limit: batchLimit, except: excluded, unread: context.backlog.unread) { claimed = $0 }
    guard result.count > 0, let directory = result.directory else { return 0 }
    let effects = result.effects
    breaches.increment(by: effects.breaches.count)
    notices.increment(by: effects.notices.count)
    context.logger.info(
      "deadlines passed", metadata: ["breaches": "\(effects.breaches.count)", "notices-proposed": "\(effects.notices.count)"])
    Vacancies(effects, directory).tell(context.logger)
    return result.count
  }
}
