// Upkeep: what has to be done now and then, so that nothing ever stands still for want of it.

import DubanStore
import Logging

/// Keeps the log's partitions ahead of time and the deduplication keys to their window, and asks the database how far behind Duban is.
final class UpkeepJob: Job {
  private let context: WorkerContext
  private let store: Store

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
  }

  func run(until stop: StopSignal) throws {
    let clock = ContinuousClock()
    var partitionsDue = clock.now
    while !stop.isRaised {
      context.health.report(lag: try store.lag())
      if clock.now >= partitionsDue {
        let made = try store.ensureEventPartitions()
        if made > 0 { context.logger.info("log partitions made", metadata: ["count": "\(made)"]) }
        partitionsDue = clock.now + .seconds(3600)
      }
      // A little at a time, as often as it comes by: as fast as messages can come in, and never a long transaction.
      let forgotten = try store.forgetOldMessages(limit: 10_000)
      if forgotten > 0 { context.logger.info("old deduplication keys forgotten", metadata: ["count": "\(forgotten)"]) }
      context.isWorking()
      try store.wait(timeout: .seconds(5), orReadable: [stop.descriptor])
    }
  }
}
