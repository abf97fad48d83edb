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
  /// The trace that the message belongs to, as far as it could be read.
  public let traceparent: String?
  public let body: [UInt8]
  /// A digest of what it says and of the letter that it was replayed from: two copies of one letter have the same.
  ///
  /// Letters are sent at least once, each time under another id: a worker that dies before it acknowledges the original leaves two.
  let content: String
  let delivery: Delivery

  init(_ delivery: Delivery, in queue: DubanTopology.IntakeQueue) {
    func header(_ name: String) -> String? { delivery.properties.headers[name]?.string }
    self.delivery = delivery
    self.queue = queue
    content = ContentDigest(of: RawMessage(delivery)).hexadecimal + (header("duban-replay-of").map { "/" + $0 } ?? "")
    // One that the broker dead-lettered by itself has no marks of ours; what it says and when it died name it.
    let died = Self.death(of: delivery)
    let seen = died.map { Instant(microseconds: $0 * 1_000_000).rfc3339 }
    id = header("duban-letter") ?? Self.id(ofContent: content, died: died ?? 0)
    reason = header("duban-reason") ?? header("x-first-death-reason") ?? "unknown"
    pointer = header("duban-pointer") ?? ""
    detail = header("duban-detail") ?? "dead-lettered by the broker"
    firstSeen = header("duban-first-seen") ?? seen ?? ""
    worker = header("duban-worker") ?? "the broker"
    routingKey = header("duban-routing-key") ?? queue.deadLetterKey
    traceparent = header("duban-traceparent") ?? MessageHead(RawMessage(delivery)).trace?.text
    body = delivery.body
  }

  private static func id(ofContent content: String, died: Int64) -> String {
    "broker-" + ContentDigest(of: RawMessage(body: Array("\(content)@\(died)".utf8))).hexadecimal.prefix(32)
  }

  /// When the broker dead-lettered it, in seconds since 1970; nil where the broker did not.
  private static func death(of delivery: Delivery) -> Int64? {
    guard case .array(let deaths)? = delivery.properties.headers["x-death"], case .table(let latest)? = deaths.first,
      let time = latest["time"]?.integer
    else { return nil }
    // Any publisher can write such a header: beyond the year 9999 it is none.
    return (0...253_402_300_799).contains(time) ? Int64(time) : nil
  }

  /// Whether every operator may see what it says: it is known to be no confidential source's (12388).
  public func isOpen(in directory: Directory) -> Bool {
    let user = delivery.properties.headers["duban-user-id"]?.string ?? delivery.properties.userID
    return directory.isOpen(MessageHead(RawMessage(delivery)), sentBy: user)
  }

  /// What is to be put on record for it.
  public func action(_ kind: DeadLetterAction.Kind, by person: String, reason: String?) -> DeadLetterAction {
    DeadLetterAction(
      letter: id, content: content, queue: queue.deadLetterQueue, kind: kind, refusedFor: self.reason, reason: reason, by: person)
  }

  /// The message to publish again, straight to the queue that it died in: without the marks of its death, with another body where it
  /// was mended, and in the name of the AMQP user who replays it.
  ///
  /// The user of the original is not taken over: its header could have been forged. Who replays letters of a source that is bound to users
  /// must be among them.
  func reborn(with body: [UInt8]?, user: String) -> OutgoingMessage {
    var properties = delivery.properties
    for name in properties.headers.keys where name.hasPrefix("duban-") { properties.headers[name] = nil }
    properties.removeDeathMarks()
    properties.headers["duban-replay-of"] = .string(id)
    if !firstSeen.isEmpty { properties.headers["duban-first-seen"] = .string(firstSeen) }
    properties.deliveryMode = .persistent
    properties.expiration = nil
    properties.userID = user
    return OutgoingMessage(exchange: "", routingKey: queue.name, properties: properties, body: body ?? self.body)
  }
}

/// The dead-letter queues, through one connection of an operator's.
///
/// Letters that are looked at and not dealt with go back, in their order, by ``close()``; until then no other consumer sees them.
/// Belongs to one thread.
public final class DeadLetterQueues {
  private let connection: Connection
  private let channel: Channel
  private var publisher: Publisher?
  private var readings: [DubanTopology.IntakeQueue: QueueReading] = [:]

  public init(_ connection: Connection) throws(AMQPError) {
    self.connection = connection
    channel = try connection.openChannel()
  }

  /// Gives back what was only looked at, in its order, so that the next to look finds it.
  public func close() {
    // Where this fails the broker gives it back itself, because the connection is gone; in no order then.
    for (_, reading) in readings { try? reading.giveBack() }
    channel.close()
    publisher?.close()
  }

  /// Shows each letter that is there now, queue by queue, oldest first, until `look` returns false. A few are held in memory at a time.
  ///
  /// What comes into a queue meanwhile, a letter that was replayed and refused again for one, is left for the next time.
  public func look(in queues: [DubanTopology.IntakeQueue], _ look: (FiledLetter) throws -> Bool) throws {
    for queue in queues {
      let reading = reading(of: queue)
      var left = try reading.count()
      while left > 0, case let deliveries = try reading.take(left), !deliveries.isEmpty {
        left -= deliveries.count
        for delivery in deliveries {
          guard try look(FiledLetter(delivery, in: queue)) else { return }
        }
      }
    }
  }

  private func reading(of queue: DubanTopology.IntakeQueue) -> QueueReading {
    if let reading = readings[queue] { return reading }
    let fresh = QueueReading(queue.deadLetterQueue, on: channel, number: readings.count)
    readings[queue] = fresh
    return fresh
  }

  /// The letters that are there now, at most `limit` of each queue, oldest first.
  public func letters(limit: Int) throws -> [FiledLetter] {
    var letters: [FiledLetter] = []
    for queue in DubanTopology.intakeQueues where limit > 0 {
      let before = letters.count
      try look(in: [queue]) { letter in
        letters.append(letter)
        return letters.count - before < limit
      }
    }
    return letters
  }

  /// Publishes a letter to intake again, mended where a body is given, and takes it out of its queue.
  ///
  /// With `again` also where a copy of it was published before.
  /// - Throws: ``DeadLetterRefusal`` where it, or a copy of it, was dealt with before. The letter itself is then taken out of the queue where
  ///   it had been left; one of which only a copy was dealt with stays.
  public func replay(
    _ letter: FiledLetter, with body: [UInt8]? = nil, by person: String, reason: String?, again: Bool = false, _ store: Store
  ) throws {
    let action = letter.action(body == nil ? .replayed : .mended, by: person, reason: reason)
    try deal(with: letter, action, again: again, store) {
      let message = letter.reborn(with: body, user: connection.host.user)
      guard try openPublisher().publish(batch: [message], timeout: .seconds(30)) == [.confirmed] else {
        throw AMQPError(.timeout, "the broker did not take the message; the letter stays where it is")
      }
    }
  }

  /// Throws a letter away, for a reason that is kept.
  public func discard(_ letter: FiledLetter, by person: String, reason: String, _ store: Store) throws {
    try deal(with: letter, letter.action(.discarded, by: person, reason: reason), again: false, store) {}
  }

  private func openPublisher() throws(AMQPError) -> Publisher {
    if let publisher, publisher.isOpen { return publisher }
    let fresh = try Publisher(connection: connection)
    publisher = fresh
    return fresh
  }

  /// On record as begun, done, on record as done, taken out, in this order: a crash in between leaves the letter where it was. What was
  /// begun is done once more then, and a message that was published already meets its own deduplication key.
  private func deal(
    with letter: FiledLetter, _ action: DeadLetterAction, again: Bool, _ store: Store, _ act: () throws -> Void
  ) throws {
    let record: Int64
    do {
      record = try store.begin(action, again: again)
    } catch let refusal as DeadLetterRefusal {
      if case .done = refusal { try takeOut(letter) }
      throw refusal
    }
    try act()
    try store.finish(action: record)
    try takeOut(letter)
  }

  private func takeOut(_ letter: FiledLetter) throws(AMQPError) {
    try reading(of: letter.queue).settle(letter.delivery)
  }
}
