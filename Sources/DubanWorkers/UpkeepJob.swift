// Upkeep: what has to be done now and then, so that nothing ever stands still for want of it.

import DubanStore
import Logging

/// Keeps the log's partitions ahead of time and the deduplication keys to their window, flags events that wait too long for their item, and
/// reckons deadlines anew that another calendar moves.
final class UpkeepJob: Job {
  private let context: WorkerContext
  private let store: Store

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
  }

  func run(until stop: StopSignal) throws {
    let clock = ContinuousClock()
    var houseworkDue = clock.now
    while !stop.isRaised {
      try flagOverdueWaiting()
      try recompute(until: stop)
      if clock.now >= houseworkDue {
        try doHousework(until: stop)
        houseworkDue = clock.now + .seconds(3600)
      }
      context.isWorking()
      try store.wait(timeout: .seconds(5), orReadable: [stop.descriptor])
    }
  }

  /// Tells operators of events whose item does not come, each once, in one line a round. Of confidential ones it says how many, no more.
  private func flagOverdueWaiting() throws {
    let found = try store.flagOverdueWaiting(limit: 10_000)
    guard found.count > 0 else { return }
    var metadata: Logger.Metadata = ["count": "\(found.count)"]
    if found.confidential > 0 { metadata["confidential"] = "\(found.confidential)" }
    if !found.bySource.isEmpty {
      metadata["sources"] =
        "\(found.bySource.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))"
      metadata["longest-seconds"] = "\(found.longest.microseconds / 1_000_000)"
    }
    context.logger.warning("events wait too long for their item; see dubanctl waiting --overdue", metadata: metadata)
  }

  /// A little at a time: a city's whole turn of the year may be provisional.
  private func recompute(until stop: StopSignal) throws {
    var count = 0
    for reckon in [store.recomputeProvisional(limit:), { try self.store.recomputeChanged(limit: $0) }] {
      while !stop.isRaised {
        let round = try reckon(500)
        count += round.count
        for id in round.unreadable {
          context.logger.error("an item's log cannot be read any more; its deadline stays as it is", metadata: ["item": "\(id)"])
        }
        context.isWorking()
        if round.isAtEnd { break }
      }
    }
    if count > 0 { context.logger.notice("deadlines reckoned anew by another calendar", metadata: ["items": "\(count)"]) }
  }

  private func doHousework(until stop: StopSignal) throws {
    let made = try store.ensureEventPartitions()
    if made > 0 { context.logger.info("log partitions made", metadata: ["count": "\(made)"]) }
    if let year = try store.calendarYearToImport() {
      context.logger.notice(
        "a calendar year is not announced; deadlines that reach it are provisional",
        metadata: ["year": "\(year)", "remedy": "dubanctl calendar import FILE"])
    }
    // A little at a time: never a long transaction.
    var forgotten = 0
    while !stop.isRaised, case let count = try store.forgetOldMessages(limit: 10_000), count > 0 {
      forgotten += count
      context.isWorking()
    }
    if forgotten > 0 { context.logger.info("old deduplication keys forgotten", metadata: ["count": "\(forgotten)"]) }
  }
}
