// What became of a batch: counted, logged in one line, its refused messages kept for the dead-letter office.

import AMQP
import Duban
import Logging
import Metrics

/// The verdicts of one batch.
struct BatchOutcome {
  var applied = 0
  var waiting = 0
  var duplicates = 0
  var refused: [DeadLetter] = []
  /// Deadlines that had passed when an answer came, before any sweep found them.
  var breaches = 0

  mutating func add(_ verdict: IntakeFold.Verdict, _ delivery: Delivery, at now: Instant) {
    switch verdict {
    case .applied: applied += 1
    case .waits: waiting += 1
    case .duplicate: duplicates += 1
    case .refused(let refusal): refused.append(DeadLetter(delivery: delivery, refusal: refusal, seenAt: now))
    }
  }

  static func += (a: inout BatchOutcome, b: BatchOutcome) {
    a.applied += b.applied
    a.waiting += b.waiting
    a.duplicates += b.duplicates
    a.refused += b.refused
    a.breaches += b.breaches
  }

  /// Counts the batch and says one line about it, without anything that a citizen wrote.
  func count(in context: WorkerContext, took: Duration, isAcknowledged: Bool) {
    Counters.applied.increment(by: applied)
    Counters.waiting.increment(by: waiting)
    Counters.duplicates.increment(by: duplicates)
    Counters.breaches.increment(by: breaches)
    for letter in refused { Counters.refused(letter.refusal.reason).increment() }
    Counters.batchTime.record(duration: took)
    var metadata: Logger.Metadata = [
      "applied": "\(applied)", "waiting": "\(waiting)", "duplicates": "\(duplicates)", "refused": "\(refused.count)",
      "ms": "\(took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000)",
    ]
    if !refused.isEmpty {
      metadata["reasons"] = "\(Set(refused.map(\.refusal.reason.rawValue)).sorted().joined(separator: ","))"
    }
    if !isAcknowledged { metadata["acknowledged"] = "no: the channel went away; they come again as duplicates" }
    context.logger.info("batch committed", metadata: metadata)
  }
}

/// Intake's metrics, made once.
private enum Counters {
  static let applied = Counter(label: "duban_messages", dimensions: [("verdict", "applied")])
  static let waiting = Counter(label: "duban_messages", dimensions: [("verdict", "waiting")])
  static let duplicates = Counter(label: "duban_messages", dimensions: [("verdict", "duplicate")])
  static let breaches = Counter(label: "duban_breaches")
  static let batchTime = Timer(label: "duban_intake_batch_seconds")

  private static let byReason = Dictionary(
    uniqueKeysWithValues: Refusal.Reason.allCases.map {
      ($0, Counter(label: "duban_messages", dimensions: [("verdict", "refused"), ("reason", $0.rawValue)]))
    })

  static func refused(_ reason: Refusal.Reason) -> Counter { byReason[reason] ?? applied }
}
