// Matches lines of duband's log to transactions of the database. Pure.

import Duban
import DubanStore

/// The times when transactions were committed, flushed and acknowledged.
///
/// A row has the time when its transaction began, but not its worker. A log line has the worker and the number of messages
/// that it committed. So a transaction with that many messages that began between two lines of a worker may belong to the
/// second line. If there are several, the one that began first is assumed to have ended first. This finds a line for every
/// transaction (points in intervals; the interval that ends first chooses first). If two workers overtook each other, it
/// swaps two latencies with the same sum: the larger one is too small by the time between the two starts.
struct TransactionEnds {
  private var ends: [BenchStore.Taking: Instant] = [:]

  /// Finds the ends of transactions. `takings` contains each transaction once per message.
  ///
  /// - Throws: ``BenchFault`` if a transaction has no line.
  init(_ takings: some Collection<BenchStore.Taking>, batches: [CommittedBatch]) throws {
    var counts: [BenchStore.Taking: Int] = [:]
    for taking in takings { counts[taking, default: 0] += 1 }
    var waiting = counts.keys.sorted { $0.beganAt < $1.beganAt }
    var earlierLine: [Substring: Instant] = [:]
    for batch in batches.sorted(by: { $0.endedAt < $1.endedAt }) {
      let free = earlierLine.updateValue(batch.endedAt, forKey: batch.worker)
      // There are only a few candidates: one for each worker.
      let candidates = waiting.prefix { $0.beganAt <= batch.endedAt }
      let own = candidates.firstIndex { taking in counts[taking] == batch.kept && free.map { taking.beganAt >= $0 } ?? true }
      if let own { ends[waiting.remove(at: own)] = batch.endedAt }
    }
    guard waiting.isEmpty else {
      throw BenchFault("\(waiting.count) of \(counts.count) transactions have no line in duband's log")
    }
  }

  subscript(taking: BenchStore.Taking) -> Instant? { ends[taking] }
}
