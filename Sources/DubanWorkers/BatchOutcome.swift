// What became of a batch: counted, logged in one line, its refused messages kept for the dead-letter queue.

import AMQP
import Duban
import DubanBroker
import Logging
import Metrics

/// The verdicts of one batch.
struct BatchOutcome {
  var applied = 0
  var waiting = 0
  /// In the log, and do not count, by reason.
  var inapplicable: [Refusal.Reason: Int] = [:]
  var duplicates = 0
  /// Deliveries about matters that another transaction holds: left for the next batch.
  var deferred: [(delivery: Delivery, matter: ItemKey)] = []
  var refused: [DeadLetter] = []
  /// Deadlines that this batch found lapsed, before a sweep did.
  var breaches = 0
  var vacancies = Vacancies()
  var unlistedCategories = UnlistedCategories()
  /// Messages whose sender records their trace (the sampled flag) and so may look for them in this log.
  private var traced: [Traced] = []

  private struct Traced {
    var context: TraceContext
    var type: String
    var verdict: String
    var isConfidential: Bool
  }

  mutating func add(_ outcome: Intake.Outcome, _ envelope: Envelope, _ delivery: Delivery, at now: Instant, isConfidential: Bool)
  {
    switch outcome {
    case .applied: applied += 1
    case .waits: waiting += 1
    case .inapplicable(let reason): inapplicable[reason, default: 0] += 1
    case .duplicate: duplicates += 1
    case .deferred: deferred.append((delivery, envelope.matter))
    case .refused(let refusal):
      refused.append(DeadLetter(delivery: delivery, refusal: refusal, seenAt: now, isConfidential: isConfidential))
    }
  }

  /// Keeps a message that was taken for its line in the log, if its trace is sampled. Each refused message has a line of its own anyway.
  mutating func trace(_ envelope: Envelope, _ outcome: Intake.Outcome, isConfidential: @autoclosure () -> Bool) {
    guard let context = envelope.traceparent.flatMap(TraceContext.init), context.isSampled else { return }
    let word: String
    switch outcome {
    case .applied: word = "applied"
    case .waits: word = "waiting"
    case .inapplicable: word = "inapplicable"
    case .duplicate: word = "duplicate"
    case .refused, .deferred: return
    }
    traced.append(Traced(context: context, type: envelope.type.name, verdict: word, isConfidential: isConfidential()))
  }

  static func += (a: inout BatchOutcome, b: BatchOutcome) {
    a.applied += b.applied
    a.waiting += b.waiting
    a.inapplicable.merge(b.inapplicable, uniquingKeysWith: +)
    a.deferred += b.deferred
    a.duplicates += b.duplicates
    a.refused += b.refused
    a.breaches += b.breaches
    a.vacancies += b.vacancies
    a.unlistedCategories += b.unlistedCategories
    a.traced += b.traced
  }

  /// Counts the batch and says one line about it, and one for each message that was refused or whose trace is sampled; without
  /// anything that a citizen wrote.
  func count(in context: WorkerContext, took: Duration, isAcknowledged: Bool) {
    Counters.applied.increment(by: applied)
    Counters.waiting.increment(by: waiting)
    Counters.duplicates.increment(by: duplicates)
    Counters.breaches.increment(by: breaches)
    for letter in refused { Counters.refused(letter.refusal.reason).increment() }
    for (reason, count) in inapplicable { Counters.inapplicable(reason).increment(by: count) }
    Counters.batchTime.record(duration: took)
    var metadata: Logger.Metadata = [
      "applied": "\(applied)", "waiting": "\(waiting)", "duplicates": "\(duplicates)", "refused": "\(refused.count)",
      "ms": "\(took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000)",
    ]
    if !inapplicable.isEmpty { metadata["inapplicable"] = "\(inapplicable.values.reduce(0, +))" }
    if !deferred.isEmpty { metadata["deferred"] = "\(deferred.count)" }
    if !refused.isEmpty {
      metadata["reasons"] = "\(Set(refused.map(\.refusal.reason.rawValue)).sorted().joined(separator: ","))"
    }
    if !isAcknowledged { metadata["acknowledged"] = "no: the channel went away; they come again as duplicates" }
    context.logger.info("batch committed", metadata: metadata)
    vacancies.tell(context.logger)
    unlistedCategories.tell(context.logger)
    for letter in refused { context.logger.notice("message refused", metadata: Self.metadata(of: letter)) }
    for message in traced { context.logger.info("message handled", metadata: Self.metadata(of: message)) }
  }

  private static func metadata(of letter: DeadLetter) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["reason": "\(letter.refusal.reason.rawValue)"]
    if let trace = letter.refusal.trace { metadata["trace-id"] = "\(trace.traceID)" }
    guard !letter.isConfidential else { return metadata }
    metadata["pointer"] = "\(letter.refusal.pointer)"
    if let trace = letter.refusal.trace { metadata["parent-id"] = "\(trace.parentID)" }
    return metadata
  }

  private static func metadata(of message: Traced) -> Logger.Metadata {
    guard !message.isConfidential else { return ["trace-id": "\(message.context.traceID)"] }
    return [
      "trace-id": "\(message.context.traceID)", "parent-id": "\(message.context.parentID)", "type": "\(message.type)",
      "verdict": "\(message.verdict)",
    ]
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

  private static let inapplicableByReason = Dictionary(
    uniqueKeysWithValues: Refusal.Reason.allCases.map {
      ($0, Counter(label: "duban_messages", dimensions: [("verdict", "inapplicable"), ("reason", $0.rawValue)]))
    })

  static func refused(_ reason: Refusal.Reason) -> Counter { byReason[reason] ?? applied }

  static func inapplicable(_ reason: Refusal.Reason) -> Counter { inapplicableByReason[reason] ?? applied }
}
