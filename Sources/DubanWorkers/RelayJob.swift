// The relay: publishes the outbox to duban.events. It deletes an event only after the broker's confirm.

import AMQP
import Duban
import DubanBroker
import DubanStore
import Logging
import Metrics

/// Publishes until told to stop. Any number of relays share the outbox lanes.
///
/// It can fail at any point without loss: the transaction that claims the rows deletes them only after the confirms. Events
/// that were published but not yet deleted are published again with the same id, so consumers recognize duplicates.
final class RelayJob: Job {
  private let context: WorkerContext
  private let store: Store
  private let broker: AMQP.Connection
  private let publisher: Publisher
  private let published = Counter(label: "duban_events_published")
  private let unroutable = Counter(label: "duban_events_unroutable")

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
    try store.useIndexes()
    try store.listen(to: .outbox)
    broker = try AMQP.Connection(try context.brokerConfiguration())
    try DubanTopology.all.declare(on: broker)
    publisher = try Publisher(connection: broker)
  }

  func run(until stop: StopSignal) throws {
    while !stop.isRaised {
      let count = try relay()
      context.isWorking()
      if count == 0 {
        // At most half the heartbeat interval, because librabbitmq sends heartbeats only when it is called.
        try store.wait(timeout: .seconds(5), orReadable: [stop.descriptor, broker.socket])
        try broker.service()
      }
    }
  }

  /// The database ends a transaction in which the relay does nothing for 8 s (``Store/init(dsn:name:)``).
  private static let publishTime = Duration.seconds(4)

  private func relay() throws -> Int {
    let (count, failure) = try store.transaction { store in
      let entries = try store.claimOutbox(limit: 1024)
      guard !entries.isEmpty else { return (0, nil as AMQPError?) }
      let (outcomes, failure) = publisher.attempt(batch: entries.map(OutgoingMessage.init), timeout: Self.publishTime)
      let pairs = zip(entries, outcomes)
      let confirmed = pairs.filter { $0.1 == .confirmed }.map(\.0)
      let others = pairs.compactMap { entry, outcome in outcome.map { (entry, $0) } }.filter { $0.1 != .confirmed }
      try store.deleteFromOutbox(confirmed)
      try store.postpone(others.map(\.0))
      published.increment(by: confirmed.count)
      report(others.map { ($0.0.type, $0.1) })
      return (entries.count, failure)
    }
    // After the end of the transaction: what is confirmed is not sent again, so that a slow line comes forward, too.
    if let failure { throw failure }
    return count
  }

  /// An event without a queue is kept and retried. The warning tells operators.
  private func report(_ failures: [(type: String, outcome: Outcome)]) {
    guard let first = failures.first else { return }
    unroutable.increment(by: failures.count)
    let types = Set(failures.map(\.type)).sorted().joined(separator: ",")
    context.logger.warning(
      "the broker did not accept events, which will be retried; bind a queue to \(DubanTopology.eventsExchange)",
      metadata: ["count": "\(failures.count)", "types": "\(types)", "why": "\(first.outcome)"])
  }
}

extension OutgoingMessage {
  /// Makes a CloudEvent from an outbox row.
  init(_ entry: Outbox.Entry) {
    var attributes = [
      ("specversion", "1.0"), ("id", entry.eventID), ("source", "/duban"), ("type", EventType.prefix + entry.type),
      ("time", entry.occurredAt.rfc3339), ("subject", entry.subject), ("datacontenttype", "application/json"),
    ]
    if let traceparent = entry.traceparent { attributes.append(("traceparent", traceparent)) }
    let head = attributes.map { "\"\($0)\":\(JSONText.string($1))" }.joined(separator: ",")
    self.init(
      exchange: DubanTopology.eventsExchange, routingKey: entry.routingKey,
      // Of what happens in the life of an item, those who bind it are told; all else waits for a queue.
      isMandatory: Announcement.Kind(rawValue: entry.type)?.mustArrive ?? true,
      properties: Properties(
        contentType: "application/cloudevents+json; charset=utf-8", deliveryMode: .persistent, messageID: entry.eventID),
      body: Array("{\(head),\"data\":\(entry.data)}".utf8))
  }
}
