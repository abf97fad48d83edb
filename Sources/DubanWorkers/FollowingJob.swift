// Duplicates (重复件) follow their main items: told in small steps, so that however many there are stop no other work.

import DubanStore
import Logging

/// Walks over the duplicates of main items that have turned, until told to stop. Any number of these share the work.
final class FollowingJob: Job {
  /// Duplicates of one step: each is folded from its whole log.
  private static let step = 200

  private let context: WorkerContext
  private let store: Store

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
    try store.useIndexes()
    try store.listen(to: .following)
  }

  func run(until stop: StopSignal) throws {
    while !stop.isRaised {
      let hasWalked = try store.followOnce(limit: Self.step)
      context.isWorking()
      if !hasWalked { try store.wait(timeout: .seconds(5), orReadable: [stop.descriptor]) }
    }
  }
}
