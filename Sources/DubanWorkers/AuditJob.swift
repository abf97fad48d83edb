// The audit: looks whether due items are handled, by whichever copy. Every copy runs it, whatever its roles, beside the engine that it audits.

import DubanStore
import Logging

/// Asks the database how far behind Duban is, on a connection and a thread of its own, and tells of it.
final class AuditJob: Job {
  private let context: WorkerContext
  private let store: Store

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
    try store.useIndexes()
  }

  func run(until stop: StopSignal) throws {
    // What is not asked any more is not known.
    defer { context.health.report(lag: nil) }
    let pause = min(.seconds(5), context.settings.auditBound / 2)
    while !stop.isRaised {
      tell(context.health.report(lag: try store.lag()))
      context.isWorking()
      try store.wait(timeout: pause, orReadable: [stop.descriptor])
    }
  }

  /// Once when deadlines fall behind, and once when they are handled in time again.
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
