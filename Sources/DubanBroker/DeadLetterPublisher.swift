// Dead letters: a refused message, sent on to duban.dead with the reason in its headers, before the original is acknowledged.

import AMQP
import Duban
import FoundationEssentials

/// A refused message and why.
public struct DeadLetter {
  public var delivery: Delivery
  public var refusal: Refusal
  /// The database's time when it was refused.
  public var seenAt: Instant
  /// Whether its source is confidential: then no more is said of it than why it was refused.
  public var isConfidential: Bool

  public init(delivery: Delivery, refusal: Refusal, seenAt: Instant, isConfidential: Bool = false) {
    (self.delivery, self.refusal, self.seenAt, self.isConfidential) = (delivery, refusal, seenAt, isConfidential)
  }
}

/// Publishes dead letters on the connection that their originals came by. Belongs to one thread.
public final class DeadLetterPublisher {
  private let worker: String
  private var publisher: Publisher?
  /// The connection that the publisher is on; intake's may have been replaced since.
  private var connection: Connection?

  /// - Parameter worker: who refuses them, as their headers name it.
  public init(worker: String) {
    self.worker = worker
  }

  /// Sends them and waits until the broker has confirmed each.
  ///
  /// - Throws: ``AMQPError`` where one was not confirmed. Nothing is lost: its original is not acknowledged and comes again.
  public func send(_ letters: [DeadLetter], on connection: Connection) throws(AMQPError) {
    guard !letters.isEmpty else { return }
    do throws(AMQPError) {
      try publish(letters.map { message($0) }, on: connection)
    } catch  where error.kind == .usage {
      // One has properties that came in but do not fit out again: that one goes with what matters of them.
      for letter in letters {
        do throws(AMQPError) {
          try publish([message(letter)], on: connection)
        } catch  where error.kind == .usage {
          try publish([message(letter, isBare: true)], on: connection)
        }
      }
    }
  }

  private func publish(_ messages: [OutgoingMessage], on connection: Connection) throws(AMQPError) {
    let outcomes = try publisher(on: connection).publish(batch: messages, timeout: .seconds(20))
    if let outcome = outcomes.first(where: { $0 != .confirmed }) {
      throw AMQPError(.timeout, "a dead letter was not taken by the broker: \(outcome)")
    }
  }

  private func publisher(on connection: Connection) throws(AMQPError) -> Publisher {
    if let publisher, publisher.isOpen, self.connection === connection { return publisher }
    let fresh = try Publisher(connection: connection)
    (publisher, self.connection) = (fresh, connection)
    return fresh
  }

  /// The letter as a message; bare, without the original's properties, save the attributes of a binary CloudEvent.
  private func message(_ letter: DeadLetter, isBare: Bool = false) -> OutgoingMessage {
    let original = letter.delivery
    var properties = original.properties
    if isBare {
      properties = Properties(
        headers: properties.headers.filter { name, value in
          RawMessage.isAttribute(header: name) && name.utf8.count + (value.string?.utf8.count ?? 0) < 1024
        })
    }
    // A letter waits until an operator deals with it.
    properties.expiration = nil
    // The broker refuses a user-id that is not the publisher's own; it is kept as a header.
    properties.headers["duban-user-id"] = properties.userID.map { .string($0) }
    properties.userID = nil
    properties.deliveryMode = .persistent
    properties.headers["duban-letter"] = .string(UUID().uuidString.lowercased())
    properties.removeDeathMarks()
    properties.headers["duban-reason"] = .string(letter.refusal.reason.rawValue)
    properties.headers["duban-pointer"] = .string(letter.refusal.pointer)
    properties.headers["duban-detail"] = .string(letter.refusal.detail)
    // A letter that was replayed and refused again keeps the time when it was first seen.
    properties.headers["duban-first-seen"] = properties.headers["duban-first-seen"] ?? .string(letter.seenAt.rfc3339)
    properties.headers["duban-worker"] = .string(worker)
    properties.headers["duban-routing-key"] = .string(original.routingKey)
    properties.headers["duban-traceparent"] = letter.refusal.trace.map { .string($0.text) }
    let queue = DubanTopology.intakeQueues.first { $0.name == original.consumerTag } ?? DubanTopology.intakeQueues[0]
    return OutgoingMessage(
      exchange: DubanTopology.deadExchange, routingKey: queue.deadLetterKey, properties: properties, body: original.body)
  }
}
