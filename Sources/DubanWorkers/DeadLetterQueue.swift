// Dead letters as casework: looked at, replayed, mended or discarded, each once and with a record of who did it.

import AMQP
import Duban
import DubanStore

/// A message in a dead-letter queue, with what Duban wrote on it.
public struct FiledLetter: Sendable {
  /// Its own id, by which operators name it.
  public let id: String
  public let queue: DubanTopology.IntakeQueue
  public let reason: String
  public let pointer: String
  public let detail: String
  public let firstSeen: String
  public let worker: String
  public let routingKey: String
  public let body: [UInt8]
  let delivery: Delivery

  init(_ delivery: Delivery, in queue: DubanTopology.IntakeQueue) {
    func header(_ name: String) -> String? { delivery.properties.headers[name]?.string }
    self.delivery = delivery
    self.queue = queue
    // One that the broker dead-lettered by itself has no id of ours; its place in the queue names it for the moment.
    id = header("duban-letter") ?? "\(queue.deadLetterQueue)#\(delivery.tag.value)"
    reason = header("duban-reason") ?? header("x-first-death-reason") ?? "unknown"
    pointer = header("duban-pointer") ?? ""
    detail = header("duban-detail") ?? "dead-lettered by the broker"
    firstSeen = header("duban-first-seen") ?? ""
    worker = header("duban-worker") ?? ""
    routingKey = header("duban-routing-key") ?? queue.deadLetterKey
    body = delivery.body
  }

  /// The message to publish again: without the marks of its death, and with another body where it was mended.
  func reborn(with body: [UInt8]?) -> OutgoingMessage {
    var properties = delivery.properties
    for name in properties.headers.keys where name.hasPrefix("duban-") || name.hasPrefix("x-") {
      properties.headers[name] = nil
    }
    properties.headers["duban-replay-of"] = .string(id)
    properties.headers["duban-first-seen"] = .string(firstSeen)
    properties.deliveryMode = .persistent
    return OutgoingMessage(
      exchange: DubanTopology.intakeExchange, routingKey: routingKey, properties: properties, body: body ?? self.body)
  }
}

/// The dead-letter queues, through one connection of an operator's.
///
/// Letters that are looked at and not dealt with go back when the desk is closed. Belongs to one thread.
public final class DeadLetterDesk {
  private let connection: Connection
  private let channel: Channel

  public init(_ connection: Connection) throws(AMQPError) {
    self.connection = connection
    channel = try connection.openChannel()
  }

  /// The letters that are there now, at most `limit` of each queue, oldest first.
  public func letters(limit: Int) throws(AMQPError) -> [FiledLetter] {
    var letters: [FiledLetter] = []
    for queue in DubanTopology.intakeQueues {
      for _ in 0..<limit {
        guard let delivery = try channel.get(queue: queue.deadLetterQueue) else { break }
        letters.append(FiledLetter(delivery, in: queue))
      }
    }
    return letters
  }

  /// Publishes a letter to intake again, mended where a body is given, and takes it out of its queue.
  ///
  /// Recorded, published and taken out in this order: a crash in between leaves the letter where it was, and a second replay meets the
  /// deduplication key of the message itself. A letter that was dealt with before is refused.
  public func replay(_ letter: FiledLetter, with body: [UInt8]? = nil, by person: String, reason: String?, _ store: Store) throws
  {
    let action = DeadLetterAction(
      letter: letter.id, queue: letter.queue.deadLetterQueue, kind: body == nil ? .replayed : .mended, refusedFor: letter.reason,
      reason: reason, by: person)
    try store.record(action) {
      let publisher = try Publisher(connection: connection)
      defer { publisher.close() }
      guard let outcome = try publisher.publish(batch: [letter.reborn(with: body)], timeout: .seconds(30)).first,
        outcome == .confirmed
      else { throw AMQPError(.timeout, "the broker did not take the message; the letter stays where it is") }
      try channel.acknowledge(letter.delivery.tag)
    }
  }

  /// Throws a letter away, for a reason that is kept.
  public func discard(_ letter: FiledLetter, by person: String, reason: String, _ store: Store) throws {
    let action = DeadLetterAction(
      letter: letter.id, queue: letter.queue.deadLetterQueue, kind: .discarded, refusedFor: letter.reason, reason: reason,
      by: person)
    try store.record(action) { try channel.acknowledge(letter.delivery.tag) }
  }
}
