// Which matters the intake workers of this process have in their batches, so that no two of them meet on one matter in the database.

import Duban
import Synchronization

/// The matters that a batch of this process is about, each claimed by one batch at a time. Safe from any thread.
///
/// The database keeps workers of different processes apart: by row locks, and by unique keys where a matter is new. Inside one process this
/// is cheaper: a batch that meets another one would lose its transaction, or fold an answer that is heard before its opening.
final class MatterClaims: Sendable {
  /// Hashes of the keys: two matters of one hash only wait for each other.
  private let claimed = Mutex<Set<Int>>([])

  /// Claims those matters that no other batch has, and calls `body` with the test of what it has claimed.
  func claiming<T>(_ matters: [ItemKey], _ body: (_ isClaimed: (ItemKey) -> Bool) throws -> T) rethrows -> T {
    let hashes = Set(matters.map(\.hashValue))
    let mine = claimed.withLock { claimed in
      let mine = hashes.subtracting(claimed)
      claimed.formUnion(mine)
      return mine
    }
    defer { claimed.withLock { $0.subtract(mine) } }
    return try body { mine.contains($0.hashValue) }
  }
}
