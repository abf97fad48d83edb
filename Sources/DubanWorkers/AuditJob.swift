// The audit: checks whether due items are handled by any daemon, and ends sessions of daemons that were stopped within a COPY. Every daemon
// runs it, whatever its roles.

import DubanStore
import Logging

/// Asks the database for the backlog, on its own connection and thread, and reports it.
final class AuditJob: Job {
  private let context: WorkerContext
  private let store: Store

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
    try store.useIndexes()
  }

  func run(until stop: StopSignal) throws {
    // After the job ends, the backlog is unknown.
    defer { context.health.report(lag: nil) }
    let pause = min(.seconds(2), context.settings.auditBound / 2)
    while !stop.isRaised {
      let ended = try store.endStalledSessions()
      if ended > 0 {
        context.logger.warning(
          "ended database sessions of a duband that was stopped or cut off in the middle of a COPY",
          metadata: ["count": "\(ended)"])
      }
      tell(context.health.report(lag: try store.lag()))
      context.isWorking()
      try store.wait(timeout: pause, orReadable: [stop.descriptor])
    }
  }

  /// Logs once when deadlines fall behind, and once when they are handled in time again.
  private func tell(_ change: DeadlineAudit.Change?) {
    switch change {
    case .fellBehind(let item):
      context.logger.error(
        "deadlines are behind: a due item is not handled",
        metadata: ["item": "\(item.id)", "due-since": "\(item.since.rfc3339)", "remedy": "\(item.remedy)"])
    case .caughtUp(let after):
      context.logger.notice("deadlines are handled in time again", metadata: ["were-behind-for": "\(after)"])
    case nil: break
    }
  }
}
