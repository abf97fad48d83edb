// Intake: messages from the four queues into the store. Receive, decide, write, acknowledge; in batches as large as what has arrived.

import AMQP
import Duban
import DubanBroker
import DubanStore
import Logging
import Metrics
import PostgreSQL

/// Consumes the intake queues until told to stop.
///
/// A message is acknowledged after the transaction that holds its effects is committed, and after its dead letter, if it became one,
/// is confirmed. A crash at any point leaves it unacknowledged: it comes again, and its deduplication key tells.
final class IntakeJob: Job {
  private let context: WorkerContext
  private let store: Store
  private let subscription: Subscription
  private let deadLetters: DeadLetterPublisher
  /// Shared with the other intake workers.
  private let claims: MatterClaims
  private let batchLimit: Int

  init(_ context: WorkerContext, _ claims: MatterClaims) throws {
    (self.context, self.claims) = (context, claims)
    // The database first: no message is taken from the broker while there is nowhere to put it.
    store = try context.connectStore()
    try store.useIndexes()
    _ = try store.referencesInForce()
    subscription = Subscription(
      try context.brokerConfiguration(), queues: DubanTopology.intakeQueues.map(\.name),
      prefetch: UInt16(clamping: context.settings.intakePrefetch), backoff: Backoff(maximum: .seconds(5)),
      topology: DubanTopology.all)
    deadLetters = DeadLetterPublisher(worker: context.name)
    batchLimit = context.settings.intakeBatch
  }

  func run(until stop: StopSignal) throws {
    // What comes while it cannot work is for the job after it to hear.
    defer {
      context.backlog.fellBehind(context.name)
      context.backlog.deferred([], by: context.name)
    }
    while !stop.isRaised {
      let batch = collect(orUntil: stop)
      if !batch.isEmpty { try handle(batch) }
      context.backlog.deferred(Set(deferred.map(\.matter)), by: context.name)
      seeWhetherAllIsHeard()
    }
    // Deliveries that were not begun go back at once, for the next consumer.
    subscription.stopConsuming()
    subscription.handBack()
    subscription.close()
  }

  /// What has arrived, up to the limit; waits only for the first message, so that a single one is committed at once.
  ///
  /// A delivery that has come several times may be what ended a process: it is handled in ever smaller batches, in the end alone.
  private func collect(orUntil stop: StopSignal) -> [Delivery] {
    tookAll = false
    // Not long where deadlines wait for the end of what there is, or messages for another transaction.
    let isShort = context.backlog.isBehind(context.name) || !deferred.isEmpty
    let patience = isShort ? Duration.milliseconds(20) : .seconds(5)
    var batch = heldBack.map { [$0] } ?? []
    heldBack = nil
    var limit = batch.first.map(batchLimit(with:)) ?? batchLimit
    while batch.count < limit {
      switch subscription.next(timeout: batch.isEmpty ? patience : .zero, orReadable: [stop.descriptor]) {
      case .delivery(let delivery):
        limit = min(limit, batchLimit(with: delivery))
        if batch.count >= limit {
          heldBack = delivery
          return withDeferred(batch)
        }
        batch.append(delivery)
      case .idle:
        if subscription.isConsuming { context.isWorking() }
        tookAll = subscription.isConsuming
        return withDeferred(batch)
      case .interrupted(let error, let retryIn):
        // What the batch holds belongs to a channel that is gone; it comes again.
        (batch, limit) = ([], batchLimit)
        (deferred, nothingWaited) = ([], false)
        context.backlog.fellBehind(context.name)
        context.health.report(context.name, .waiting("\(error)"))
        context.logger.warning("broker interrupted, trying again", metadata: ["why": "\(error)", "retry-in": "\(retryIn)"])
      case .recovered:
        context.isWorking()
        context.logger.info("consuming")
      }
    }
    return withDeferred(batch)
  }

  /// Deliveries about matters that another transaction held: tried again with each batch, because the order of messages does not matter.
  private var deferred: [(delivery: Delivery, matter: ItemKey)] = []

  private func withDeferred(_ batch: [Delivery]) -> [Delivery] { deferred.map(\.delivery) + batch }

  /// Whether the batch is all that had come.
  private var tookAll = false
  /// Whether nothing waited in the queues when they were last asked.
  private var nothingWaited = false

  /// Tells those who wait for it when nothing is left of what waited in the queues before this worker listened.
  ///
  /// A queue counts what is ready, not what is on its way to a consumer: that must have come and been taken after it was asked.
  private func seeWhetherAllIsHeard() {
    guard context.backlog.isBehind(context.name), tookAll, deferred.isEmpty else { return }
    if nothingWaited {
      nothingWaited = false
      return context.backlog.caughtUp(context.name)
    }
    // Where it cannot be asked the connection is at an end, which the next delivery will tell.
    guard let channel = try? subscription.connection?.openChannel() else { return }
    defer { channel.close() }
    nothingWaited = (try? DubanTopology.intakeQueues.allSatisfy { try channel.queueStatus($0.name).messages == 0 }) ?? false
  }

  /// A delivery that waits for the batch before it, because it must be in a smaller one.
  private var heldBack: Delivery?

  /// How many messages may share a batch with a delivery, itself among them: an eighth with each return beyond the second.
  ///
  /// That it came back says little against it: most that come back had merely been sent ahead to a worker that died of something else.
  private func batchLimit(with delivery: Delivery) -> Int {
    let excess = min(max(0, delivery.deliveryCount - Self.harmlessReturns), 20)
    return max(1, batchLimit >> (3 * excess))
  }

  static let harmlessReturns = 2

  /// A message that was begun, alone, so many times without an end is given up and becomes a dead letter.
  static let suspectLimit = 5

  // MARK: - Deciding

  /// A delivery and what reading it yielded.
  private struct Incoming {
    var delivery: Delivery
    var reading: Result<Envelope, Refusal>
  }

  private func handle(_ deliveries: [Delivery]) throws {
    let clock = ContinuousClock()
    let began = clock.now
    var outcome = BatchOutcome()
    let suspect = suspect(in: deliveries)
    let begun = try suspect.map { try store.begin(suspect: $0) } ?? 0
    defer {
      // Whatever became of it, the process lives. Should this fail, it is begun once more some day, and cleared then.
      if let suspect, !store.isLost { try? store.clear(suspect: suspect) }
    }
    try commit(deliveries.map { Self.read($0, begun: begun) }[...], &outcome)
    // Dead letters stay in the order in which their messages came.
    outcome.refused.sort { $0.delivery.tag < $1.delivery.tag }
    deferred = outcome.deferred
    guard let last = deliveries.last, let connection = subscription.connection else { return }
    try deadLetters.send(outcome.refused, on: connection)
    let isAcknowledged: Bool
    if deferred.isEmpty {
      isAcknowledged = subscription.acknowledge(last.tag, multiple: true)
    } else {
      let waiting = Set(deferred.map(\.delivery.tag))
      isAcknowledged = deliveries.filter { !waiting.contains($0.tag) }.allSatisfy {
        subscription.acknowledge($0.tag, multiple: false)
      }
    }
    context.isWorking()
    outcome.count(in: context, took: clock.now - began, isAcknowledged: isAcknowledged)
  }

  /// The message that is handled alone because it came back so often, if it is one.
  private func suspect(in deliveries: [Delivery]) -> ContentDigest? {
    guard let only = deliveries.first, only.deliveryCount > Self.harmlessReturns, batchLimit(with: only) == 1 else { return nil }
    return ContentDigest(of: RawMessage(only))
  }

  private static func read(_ delivery: Delivery, begun: Int) -> Incoming {
    do throws(Refusal) {
      if begun > suspectLimit {
        throw Refusal(
          .deliveryLimit, "begun \(begun - 1) times, and each time the process ended; find out why before it is replayed")
      }
      let message = RawMessage(delivery)
      do throws(Refusal) {
        return Incoming(delivery: delivery, reading: .success(try Envelope(message)))
      } catch {
        throw error.answering(MessageHead(message))
      }
    } catch {
      return Incoming(delivery: delivery, reading: .failure(error))
    }
  }

  // MARK: - Writing

  /// Commits a batch in one transaction; where the database refuses it for a message's sake, in halves, until that message stands alone.
  private func commit(_ batch: ArraySlice<Incoming>, _ outcome: inout BatchOutcome) throws {
    for attempt in 1... {
      do {
        outcome += try take(batch)
        return
      } catch is NewMatterHeld {
        // Whose matter it is shows when it is alone.
        return try halve(batch, &outcome) { held, outcome in
          guard let envelope = try? held.reading.get() else { return }
          outcome.deferred.append((held.delivery, envelope.matter))
        }
      } catch let error as PostgresError where !store.isLost {
        // Another worker took the same message, or waits for this one: a fresh look will see it.
        let races: [SQLState] = [.uniqueViolation, .deadlockDetected, .serializationFailure, .lockNotAvailable]
        if let state = error.sqlState, races.contains(state), attempt < 5 { continue }
        // A server that cannot work now, or a schema or permissions that are not right, are no message's fault.
        guard error.isAboutData else { throw error }
        return try halve(batch, &outcome) { try refuse($0, because: error, &$1) }
      }
    }
  }

  /// Commits a batch in halves; of one message says what becomes of it.
  private func halve(
    _ batch: ArraySlice<Incoming>, _ outcome: inout BatchOutcome, _ alone: (Incoming, inout BatchOutcome) throws -> Void
  ) throws {
    if let only = batch.first, batch.count == 1 { return try alone(only, &outcome) }
    let middle = batch.startIndex + batch.count / 2
    try commit(batch[..<middle], &outcome)
    try commit(batch[middle...], &outcome)
  }

  private func take(_ batch: ArraySlice<Incoming>) throws -> BatchOutcome {
    let readable = batch.compactMap { incoming in (try? incoming.reading.get()).map { (incoming.delivery, $0) } }
    let unreadable = batch.compactMap { incoming -> (Delivery, Refusal)? in
      if case .failure(let refusal) = incoming.reading { (incoming.delivery, refusal) } else { nil }
    }
    return try claims.claiming(readable.map(\.1.matter)) { isClaimed in
      var outcome = BatchOutcome()
      outcome.deferred = readable.filter { !isClaimed($0.1.matter) }.map { ($0.0, $0.1.matter) }
      outcome += try take(readable.filter { isClaimed($0.1.matter) }, unreadable: unreadable)
      return outcome
    }
  }

  private func take(_ readable: [(Delivery, Envelope)], unreadable: [(Delivery, Refusal)]) throws -> BatchOutcome {
    guard !readable.isEmpty || !unreadable.isEmpty else { return BatchOutcome() }
    let result = try store.take(readable.map(\.1)) { outcomes, directory, now in
      let refused = zip(readable, outcomes).compactMap { message, outcome -> (Delivery, Refusal)? in
        if case .refused(let refusal) = outcome { (message.0, refusal) } else { nil }
      }
      return (refused + unreadable).map { delivery, refusal in
        let message = RawMessage(delivery)
        return .rejected(
          refusal, of: message, for: directory.audience(of: MessageHead(message), sentBy: message.userID), at: now)
      }
    }
    let directory = result.references.directory
    var outcome = BatchOutcome()
    for ((delivery, envelope), taken) in zip(readable, result.outcomes) {
      let isConfidential = directory.isConfidential(envelope)
      outcome.add(taken, envelope, delivery, at: result.now, isConfidential: isConfidential)
      outcome.trace(envelope, taken, isConfidential: isConfidential)
    }
    for (delivery, refusal) in unreadable {
      let source = refusal.source.flatMap { directory.sources[$0] }
      outcome.refused.append(
        DeadLetter(
          delivery: delivery, refusal: refusal, seenAt: result.now, isConfidential: source?.isConfidential ?? false))
    }
    outcome.breaches = result.effects.breaches.count
    outcome.vacancies = Vacancies(result.effects, directory)
    outcome.unlistedCategories = UnlistedCategories(result.effects, directory)
    return outcome
  }

  /// A message that the database refuses by itself becomes a dead letter, with the database's word for it.
  private func refuse(_ incoming: Incoming, because error: PostgresError, _ outcome: inout BatchOutcome) throws {
    let code = error.sqlState?.rawValue ?? "?"
    context.logger.error("the database refuses a message", metadata: ["sqlstate": "\(code)", "why": "\(error.message)"])
    var refusal = Refusal(.databaseRefused, "the database refuses it with SQLSTATE \(code)")
    if let envelope = try? incoming.reading.get() { refusal = refusal.answering(envelope) }
    outcome += try take([Incoming(delivery: incoming.delivery, reading: .failure(refusal))])
  }
}
