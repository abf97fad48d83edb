// Which line of duband's log ends which transaction of the database. Pure.

import Duban
import DubanStore

/// When transactions were committed, flushed and acknowledged.
///
/// A row tells when its transaction began, but not which worker's it was; a line tells the worker and how many messages it committed.
/// So a transaction of that many messages that began between two lines of a worker may belong to the second of them. Of several, the
/// one that began first is taken for the one that ended first. That finds a line for every transaction (points in intervals, the
/// interval that ends first choosing first), and where two workers in fact overtook one another it exchanges two latencies whose sum
/// stays: the larger comes out too small by the time between the two beginnings.
struct TransactionEnds {
  private var ends: [Store.Taking: Instant] = [:]

  /// Finds the ends of the transactions that took messages, each of which is named once for each of its messages.
  ///
  /// - Throws: ``BenchFault`` where a transaction has no line.
  init(_ takings: some Collection<Store.Taking>, batches: [CommittedBatch]) throws {
    var counts: [Store.Taking: Int] = [:]
    for taking in takings { counts[taking, default: 0] += 1 }
    var waiting = counts.keys.sorted { $0.beganAt < $1.beganAt }
    var earlierLine: [Substring: Instant] = [:]
    for batch in batches.sorted(by: { $0.endedAt < $1.endedAt }) {
      let free = earlierLine.updateValue(batch.endedAt, forKey: batch.worker)
      // Those that began before the line ended are few: one for each worker.
      let candidates = waiting.prefix { $0.beganAt <= batch.endedAt }
      let own = candidates.firstIndex { taking in counts[taking] == batch.kept && free.map { taking.beganAt >= $0 } ?? true }
      if let own { ends[waiting.remove(at: own)] = batch.endedAt }
    }
    guard waiting.isEmpty else {
      throw BenchFault("\(waiting.count) of \(counts.count) transactions have no line in duband's log")
    }
  }

  subscript(taking: Store.Taking) -> Instant? { ends[taking] }
}
