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
    // One that the broker dead-lettered by itself has no id of ours; what it says names it.
    id = header("duban-letter") ?? "broker-" + ContentDigest(of: RawMessage(delivery)).hexadecimal.prefix(32)
    reason = header("duban-reason") ?? header("x-first-death-reason") ?? "unknown"
    pointer = header("duban-pointer") ?? ""
    detail = header("duban-detail") ?? "dead-lettered by the broker"
    firstSeen = header("duban-first-seen") ?? ""
    worker = header("duban-worker") ?? ""
    routingKey = header("duban-routing-key") ?? queue.deadLetterKey
    body = delivery.body
  }

  /// The message to publish again, straight to the queue that it died in: without the marks of its death, with another body where it
  /// was mended, and in the name of the AMQP user who replays it.
  ///
  /// The user of the original is not taken over: its header could have been forged. Who replays letters of a source that is bound to users
  /// must be among them.
  func reborn(with body: [UInt8]?, user: String) -> OutgoingMessage {
    var properties = delivery.properties
    for name in properties.headers.keys where name.hasPrefix("duban-") || name.hasPrefix("x-") {
      properties.headers[name] = nil
    }
    properties.headers["duban-replay-of"] = .string(id)
    properties.headers["duban-first-seen"] = .string(firstSeen)
    properties.deliveryMode = .persistent
    properties.expiration = nil
    properties.userID = user
    return OutgoingMessage(exchange: "", routingKey: queue.name, properties: properties, body: body ?? self.body)
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
  /// A letter that was dealt with before is refused, and taken out where it had been left.
  public func replay(_ letter: FiledLetter, with body: [UInt8]? = nil, by person: String, reason: String?, _ store: Store) throws
  {
    try deal(with: letter, body == nil ? .replayed : .mended, by: person, reason: reason, store) {
      let publisher = try Publisher(connection: connection)
      defer { publisher.close() }
      let message = letter.reborn(with: body, user: connection.host.user)
      guard try publisher.publish(batch: [message], timeout: .seconds(30)) == [.confirmed] else {
        throw AMQPError(.timeout, "the broker did not take the message; the letter stays where it is")
      }
    }
  }

  /// Throws a letter away, for a reason that is kept.
  public func discard(_ letter: FiledLetter, by person: String, reason: String, _ store: Store) throws {
    try deal(with: letter, .discarded, by: person, reason: reason, store) {}
  }

  /// On record as begun, done, on record as done, taken out, in this order: a crash in between leaves the letter where it was. What was
  /// begun is done once more then, and a message that was published already meets its own deduplication key.
  private func deal(
    with letter: FiledLetter, _ kind: DeadLetterAction.Kind, by person: String, reason: String?, _ store: Store,
    _ act: () throws -> Void
  ) throws {
    let action = DeadLetterAction(
      letter: letter.id, queue: letter.queue.deadLetterQueue, kind: kind, refusedFor: letter.reason, reason: reason, by: person)
    do {
      try store.begin(action)
    } catch let fault as StoreFault {
      try channel.acknowledge(letter.delivery.tag)
      throw fault
    }
    try act()
    try store.finish(action)
    try channel.acknowledge(letter.delivery.tag)
  }
}
