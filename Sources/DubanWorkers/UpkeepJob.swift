// Upkeep: the periodic maintenance of the database.

import DubanStore
import Logging

/// Creates log partitions in advance, deletes old deduplication keys, flags events that wait too long for their item, and
/// recomputes deadlines when the calendar changes.
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

  /// Warns operators of events whose item does not arrive: each event once, in one line per round. For confidential events it
  /// logs only their number.
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

  /// Small transactions, because all deadlines of a city that reach into the next year may be provisional.
  private func recompute(until stop: StopSignal) throws {
    var count = 0
    while !stop.isRaised {
      let round = try store.recomputeChanged(limit: 500)
      count += round.count
      context.isWorking()
      if round.isAtEnd { break }
    }
    if count > 0 { context.logger.notice("deadlines recomputed after a calendar change", metadata: ["items": "\(count)"]) }
  }

  private func doHousework(until stop: StopSignal) throws {
    let made = try store.ensurePartitions()
    if made > 0 { context.logger.info("log partitions created", metadata: ["count": "\(made)"]) }
    if let year = try store.calendarYearToImport() {
      context.logger.notice(
        "a calendar year is not announced; deadlines that reach it are provisional",
        metadata: ["year": "\(year)", "remedy": "dubanctl calendar import FILE"])
    }
    // Small transactions, never a long one.
    var forgotten = 0
    while !stop.isRaised, case let count = try store.forgetOldMessages(limit: 10_000), count > 0 {
      forgotten += count
      context.isWorking()
    }
    if forgotten > 0 { context.logger.info("old deduplication keys deleted", metadata: ["count": "\(forgotten)"]) }
  }
}
