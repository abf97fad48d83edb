// The record: how the machine logs what happened to an item, and announces it.

extension ItemMachine {
  func log(_ envelope: Envelope, _ item: inout Item, _ effects: inout Effects) {
    item.sequence += 1
    effects.log.append(
      LogEntry(
        itemID: item.id, sequence: item.sequence, type: isHearingAgain ? Replay.heardAgain : envelope.type.name,
        key: isHearingAgain ? nil : envelope.key, occurredAt: envelope.time, body: envelope.body,
        traceparent: envelope.traceparent))
  }

  /// Logs a breach and what it led to, and announces both: the step of the chain, and the slip that was issued for it.
  ///
  /// `start` is said where the next tier's clock does not count from the deadline that passed, because Duban found that too late.
  func record(
    _ type: Announcement.EventType, _ item: inout Item, _ breach: Breach, countedFrom start: Instant? = nil,
    _ effects: inout Effects
  ) {
    record(type, &item, body: escalationFacts(item, breach, start, directory), &effects)
    guard let slip = breach.slip else { return }
    effects.announcements.append(
      Announcement(
        type: .slipIssued, subject: item.key.description, occurredAt: now,
        data: slipFacts(slip, item, breach, directory), orderKey: item.id))
  }

  func recordDueSoon(_ item: inout Item, _ effects: inout Effects) {
    guard let deadline = item.deadline else { return }
    record(.itemDueSoon, &item, body: JSONText.encode(DueSoonFacts(item, deadline, directory)), &effects)
  }

  /// Logs an event of Duban's own and announces it.
  private func record(_ type: Announcement.EventType, _ item: inout Item, body: String, _ effects: inout Effects) {
    item.sequence += 1
    effects.log.append(
      LogEntry(
        itemID: item.id, sequence: item.sequence, type: type.rawValue, key: nil, occurredAt: now, body: body, traceparent: nil))
    effects.announcements.append(
      Announcement(type: type, subject: item.key.description, occurredAt: now, data: body, orderKey: item.id))
  }

  func logAssignment(
    _ assignment: Assignment, _ part: inout Item, at time: Instant, traceparent: String?, _ effects: inout Effects
  ) {
    part.sequence += 1
    effects.log.append(
      LogEntry(
        itemID: part.id, sequence: part.sequence, type: Replay.assigned, key: nil, occurredAt: time,
        body: JSONText.encode(assignment), traceparent: traceparent))
  }

  /// What becomes of a duplicate because of its main item, and of a part because of the whole.
  enum Following: String, CaseIterable {
    /// Its clocks are held: the main item is in work, or the whole is a duplicate.
    case merged = "item.merged"
    case closed = "item.closed"
    /// Its own again, because the main item was withdrawn; a part, because the whole is.
    case released = "item.released"
  }

  func logFollowing(
    _ step: Following, _ main: ItemKey, _ item: inout Item, isWithdrawal: Bool, at time: Instant, by event: String,
    traceparent: String?, _ effects: inout Effects
  ) {
    item.sequence += 1
    let facts = FollowingFacts(item: .init(item.key), main: .init(main), by: event, isWithdrawal: isWithdrawal ? true : nil)
    effects.log.append(
      LogEntry(
        itemID: item.id, sequence: item.sequence, type: step.rawValue, key: nil, occurredAt: time,
        body: JSONText.encode(facts), traceparent: traceparent))
  }

  /// Says in the log that an item's deadlines were reckoned anew, by which calendar, and what they were before.
  func logRecomputed(_ before: Item, _ item: inout Item, _ effects: inout Effects) {
    struct Facts: Encodable {
      var item: ItemReference
      var reckoning: Reckoning
    }
    let facts = Facts(item: .init(item.key), reckoning: Reckoning(before, item, by: calendar))
    logOwn(Replay.recomputed, JSONText.encode(facts), &item, &effects)
  }

  func logMove(_ move: PolicyMove, _ item: inout Item, _ effects: inout Effects) {
    logOwn(PolicyMove.type, JSONText.encode(move), &item, &effects)
  }

  func logReassignment(_ reassignment: Reassignment, _ item: inout Item, _ effects: inout Effects) {
    logOwn(Reassignment.type, JSONText.encode(reassignment), &item, &effects)
  }

  /// Logs what Duban or its operator has done, which nobody is told.
  private func logOwn(_ type: String, _ body: String, _ item: inout Item, _ effects: inout Effects) {
    item.sequence += 1
    effects.log.append(
      LogEntry(
        itemID: item.id, sequence: item.sequence, type: type, key: nil, occurredAt: now, body: body, traceparent: nil))
  }

  func announce(
    _ type: Announcement.EventType, _ item: Item, by event: String, traceparent: String?, _ effects: inout Effects
  ) {
    effects.announcements.append(
      Announcement(
        type: type, subject: item.key.description, occurredAt: now,
        data: JSONText.encode(ClosingFacts(item: .init(item.key), kind: item.kind, by: event, closedAt: item.closedAt?.rfc3339)),
        traceparent: traceparent, orderKey: item.id))
  }
}

/// How an item is named in outgoing events.
struct ItemReference: Codable {
  var source: String
  var subject: String
  /// The unit whose part it is (协办件); nil for the item itself.
  var unit: String?

  init(_ key: ItemKey) {
    (source, subject, unit) = (key.source, key.subject, key.unit)
  }

  var key: ItemKey { ItemKey(source: source, subject: subject, unit: unit) }

  var json: String {
    JSONText.object([
      "source": JSONText.string(source), "subject": JSONText.string(subject), "unit": unit.map(JSONText.string),
    ])
  }
}

/// The data of `item.escalated` and `item.overdue`, and the body of their log entries: the tier that let its deadline pass, the slip that
/// was issued for it, and the tier that holds the item now, and until when.
private func escalationFacts(_ item: Item, _ breach: Breach, _ start: Instant?, _ directory: Directory) -> String {
  JSONText.object([
    "clock": JSONText.string(breach.clock.rawValue), "countedFrom": start.map { JSONText.string($0.rfc3339) },
    "cycle": "\(item.cycle)", "dueAt": JSONText.string(breach.dueAt.rfc3339),
    "from": JSONText.string(breach.tier.rawValue), "fromOrgan": directory.name(of: breach.organID).map(JSONText.string),
    "item": ItemReference(item.key).json, "kind": JSONText.string(item.kind.rawValue),
    "nextDueAt": item.deadline.map { JSONText.string($0.dueAt.rfc3339) },
    "slip": breach.slip.map { JSONText.string($0.rawValue) },
    "to": JSONText.string(item.tier.rawValue),
    "toOrgan": directory.name(of: item.holderID).map(JSONText.string),
  ])
}

/// The data of `slip.issued` (督查单): to whom, for what, and by when it expects the next step.
private func slipFacts(_ slip: Slip, _ item: Item, _ breach: Breach, _ directory: Directory) -> String {
  JSONText.object([
    "clock": JSONText.string(breach.clock.rawValue), "colour": JSONText.string(slip.rawValue),
    "dueAt": JSONText.string(breach.dueAt.rfc3339), "item": ItemReference(item.key).json,
    "kind": JSONText.string(item.kind.rawValue), "nextDueAt": item.deadline.map { JSONText.string($0.dueAt.rfc3339) },
    "organ": directory.name(of: breach.organID).map(JSONText.string),
    "reference": JSONText.string("slip/\(item.id)/\(breach.cycle)/\(breach.clock.rawValue)/\(breach.tier.rawValue)"),
    "tier": JSONText.string(breach.tier.rawValue),
  ])
}

/// The data of `item.due-soon`, and the body of its log entry.
private struct DueSoonFacts: Encodable {
  var item: ItemReference
  var kind: Kind
  var cycle: Int32
  var clock: String
  var tier: Tier
  var organ: String?
  var dueAt: String

  init(_ item: Item, _ deadline: Item.Deadline, _ directory: Directory) {
    (self.item, kind, cycle) = (ItemReference(item.key), item.kind, item.cycle)
    (clock, tier, organ) = (deadline.clock.rawValue, item.tier, directory.name(of: item.holderID))
    dueAt = deadline.dueAt.rfc3339
  }
}

/// The body of a log entry about a duplicate, or a part.
struct FollowingFacts: Codable {
  var item: ItemReference
  var main: ItemReference
  /// The type of the event that led to it.
  var by: String
  /// Of a part: that the whole was withdrawn, not settled.
  var isWithdrawal: Bool?
}

private struct ClosingFacts: Encodable {
  var item: ItemReference
  var kind: Kind
  /// The type of the event that closed it.
  var by: String
  var closedAt: String?
}
