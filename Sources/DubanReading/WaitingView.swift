// Entries that do not count, and queues, as they are listed.

import Duban
import DubanStore

/// An entry that waits, or is inapplicable.
public struct IdleEntryView: Encodable, Sendable {
  /// `ITEM/NUMBER`, by which commands name it.
  public var event: String
  public var source, messageID, itemSource, subject, phase, type: String
  public var occurredAt, since: Instant
  /// The unit whose part it is about.
  public var unit: String?
  public var flaggedAt: Instant?
  /// Why it cannot count: a code, the place in the message, and what can be done.
  public var reason, pointer, detail: String?

  public init(_ entry: IdleEntry) {
    event = "\(entry.itemID)/\(entry.number)"
    (source, messageID, itemSource, subject) = (entry.key.source, entry.key.id, entry.item.source, entry.item.subject)
    (phase, type, occurredAt, since) = (entry.phase.rawValue, entry.type, entry.occurredAt, entry.since)
    (unit, flaggedAt) = (entry.item.unit, entry.flaggedAt)
    if case .inapplicable(let why) = entry.verdict { (reason, pointer, detail) = (why.reason.rawValue, why.pointer, why.detail) }
  }

  public var item: ItemKey { ItemKey(source: itemSource, subject: subject, unit: unit) }
}

/// An entry that an operator set aside.
public struct SetAsideView: Encodable, Sendable {
  public var source, messageID, itemSource, subject, type, reason, by: String
  public var since, at: Instant
  public var unit: String?

  public init(_ entry: EntrySetAside) {
    (source, messageID, itemSource, subject) = (entry.key.source, entry.key.id, entry.item.source, entry.item.subject)
    (type, reason, by, since, at, unit) = (entry.type, entry.reason, entry.by, entry.since, entry.at, entry.item.unit)
  }

  public var item: ItemKey { ItemKey(source: itemSource, subject: subject, unit: unit) }
}

/// An intake queue and its dead letters.
public struct QueueView: Encodable, Sendable {
  public var queue: String
  /// Ready to be delivered; what a consumer holds unacknowledged is not counted.
  public var messages: Int
  public var consumers: Int
  public var deadLetters: Int

  public init(queue: String, messages: Int, consumers: Int, deadLetters: Int) {
    (self.queue, self.messages, self.consumers, self.deadLetters) = (queue, messages, consumers, deadLetters)
  }
}
