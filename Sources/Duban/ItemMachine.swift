// The item machine: what an event does to an item, and what must follow. Pure: no I/O, no clock; every time is given.
//
//   event \ phase   awaited      open                   responded              closed
//   ------------------------------------------------------------------------------------------------------
//   opens           → open       refused item-exists    refused item-exists    refused item-exists
//   accepts         (waits)      noted                  noted                  noted
//   responds        (waits)      → responded            noted                  noted
//   resolves        (waits)      → closed               → closed               noted
//   withdraws       (waits)      → closed               → closed               noted
//   returns         (waits)      counted                counted                noted
//   urges           (waits)      counted                counted                noted
//   reopens         (waits)      noted                  noted                  → open, next cycle
//   rates 不满意    (waits)      noted                  noted                  → open, next cycle
//   rates otherwise (waits)      noted                  noted                  noted
//   lapse           –            breach, climbs         breach, climbs         –
//
// "noted" appends to the log and moves nothing. Queues promise no order, so what counts is when things happened: an answer or a
// closing from before the present cycle moves nothing; a reopening from before the latest closing moves nothing; and a reopening that
// comes before the closing it follows is remembered and takes effect with it.
// An event that ends a clock after its deadline first lets the deadline lapse: an answer never erases a breach.

/// Applies events to items under their policy.
public struct ItemMachine: Sendable {
  public var policies: PolicyBook
  public var directory: Directory
  /// The database's clock at the start of the transaction.
  public var now: Instant

  public init(policies: PolicyBook, directory: Directory, now: Instant) {
    (self.policies, self.directory, self.now) = (policies, directory, now)
  }

  /// Applies a message to its item.
  ///
  /// `history` is what the item breached before, for the evidence of a notice.
  /// - Throws: a ``Refusal`` if the event cannot be about this item; the item and the effects are then unchanged.
  public func apply(
    _ envelope: Envelope, to item: inout Item, history: [Breach] = [], into effects: inout Effects
  ) throws(Refusal) {
    let event = envelope.type
    guard event.meaning == .opens || event.meaning == .urges || event.kind == item.kind else {
      throw Refusal(.wrongKind, at: "/type", "the item is a \(item.kind.rawValue), which \(event.name) cannot be about")
    }
    // What comes from a clock that is ahead has not happened later than it was heard of.
    let time = min(envelope.time, now)
    switch meaning(of: envelope) {
    case .opens:
      guard item.phase == .awaited else {
        throw Refusal(
          .itemExists, at: "/subject", "an item of this source and subject is open already; give a new matter a new subject")
      }
      open(&item, with: envelope)
      log(envelope, &item, &effects)
    case .responds:
      let ends = item.phase == .open && time >= item.reopenedAt ?? time
      if ends { settleLapses(of: &item, before: time, history, &effects) }
      log(envelope, &item, &effects)
      item.answeredAt = max(item.answeredAt ?? time, time)
      if ends { answer(&item) }
    case .resolves, .withdraws:
      let ends = item.phase != .closed && time >= item.reopenedAt ?? time
      if ends { settleLapses(of: &item, before: time, history, &effects) }
      log(envelope, &item, &effects)
      if ends { close(&item, with: envelope, at: time, &effects) } else { noteClosing(&item, at: time) }
    case .reopens:
      log(envelope, &item, &effects)
      reopen(&item, at: time)
    case .urges where item.phase != .closed:
      item.urgings += 1
      log(envelope, &item, &effects)
    case .returns where item.phase != .closed:
      item.returns += 1
      log(envelope, &item, &effects)
    default:
      log(envelope, &item, &effects)
    }
  }

  /// Lets an item's deadline pass, if it is due: a breach, and the next tier of the chain (R22).
  ///
  /// `history` is what the item breached before, for the evidence of a notice. Returns whether there was anything to do.
  @discardableResult
  public func lapse(_ item: inout Item, history: [Breach] = [], into effects: inout Effects) -> Bool {
    guard let deadline = item.deadline, deadline.dueAt <= now, let rule = policies.policy(for: item).rule(for: item) else {
      return false
    }
    let breach = Breach(
      itemID: item.id, cycle: item.cycle, clock: deadline.clock, tier: item.tier, organID: item.place.organ(at: item.tier),
      dueAt: deadline.dueAt, foundAt: now)
    effects.breaches.append(breach)
    item.breachedAt = item.breachedAt ?? deadline.dueAt
    if let above = item.tier.above {
      climb(&item, from: breach, to: above, rule, &effects)
    } else {
      exhaust(&item, breach, history, &effects)
    }
    return true
  }
}

// MARK: - The moves

extension ItemMachine {
  /// What a message means once its data is looked at.
  private func meaning(of envelope: Envelope) -> EventType.Meaning {
    switch envelope.type.meaning {
    case .verifies: envelope.data.passed == true ? .resolves : .notes
    case .reviews: envelope.data.decision == "approved" ? .responds : .resolves
    case .rates: envelope.data.rating == "不满意" ? .reopens : .notes
    case let plain: plain
    }
  }

  private func open(_ item: inout Item, with envelope: Envelope) {
    item.kind = envelope.type.kind
    item.place = directory.place(of: envelope.data.region)
    item.category = envelope.data.category
    item.grade = envelope.data.grade
    item.title = envelope.data.title
    item.policyVersion = policies.current.version
    item.openedAt = min(envelope.time, now)
    startCycle(of: &item, at: envelope.time)
    if item.kind == .reminder, let due = envelope.data.due.flatMap({ Instant(rfc3339: $0) }) {
      // One that fell due while nobody could hear of it, by more than the tolerance, falls due at the hearing.
      let dueAt = due > now ? due : policies.current.start(nominal: due, told: now)
      item.deadline = Item.Deadline(clock: .resolution, dueAt: dueAt)
    }
  }

  private func answer(_ item: inout Item) {
    item.phase = .responded
    // Only a running response clock hands over: a clock that has run out at 市 must not start again.
    if item.deadline?.clock == .response { item.deadline = resolutionDeadline(of: item) }
  }

  private func close(_ item: inout Item, with envelope: Envelope, at time: Instant, _ effects: inout Effects) {
    item.phase = .closed
    item.closedAt = time
    item.deadline = nil
    announce(.itemClosed, item, by: envelope.type.name, traceparent: envelope.traceparent, &effects)
    if let early = item.earlyReopening { reopen(&item, at: early) }
    item.earlyReopening = nil
  }

  /// A closing that moves nothing may still be later than the one that did.
  private func noteClosing(_ item: inout Item, at time: Instant) {
    if item.phase == .closed, let closedAt = item.closedAt { item.closedAt = max(closedAt, time) }
  }

  private func reopen(_ item: inout Item, at time: Instant) {
    guard item.phase == .closed, let closedAt = item.closedAt else {
      item.earlyReopening = max(item.earlyReopening ?? time, time)
      return
    }
    guard time >= closedAt else { return }
    item.reopenedAt = time
    startCycle(of: &item, at: time)
    if let answeredAt = item.answeredAt, answeredAt >= time { answer(&item) }
  }

  /// The chain starts at the lowest tier that can act (R7: 小事不出小区).
  private func startCycle(of item: inout Item, at time: Instant) {
    let policy = policies.policy(for: item)
    let start = policy.start(nominal: time, told: now)
    item.phase = .open
    item.tier = item.place.lowestTier
    item.cycle += 1
    item.cycleStartedAt = start
    guard let rule = policy.rule(for: item) else { return }
    item.deadline =
      rule.response.map { Item.Deadline(clock: .response, dueAt: start + $0.within) }
      ?? Item.Deadline(clock: .resolution, dueAt: start + rule.resolution.within)
  }

  private func resolutionDeadline(of item: Item) -> Item.Deadline? {
    guard let start = item.cycleStartedAt, let rule = policies.policy(for: item).rule(for: item) else { return nil }
    return Item.Deadline(clock: .resolution, dueAt: start + rule.resolution.within)
  }

  /// Records the deadlines that had passed when the event happened, in case the sweep has not come by yet.
  private func settleLapses(of item: inout Item, before time: Instant, _ history: [Breach], _ effects: inout Effects) {
    while let deadline = item.deadline, deadline.dueAt < time {
      guard lapse(&item, history: history, into: &effects) else { return }
    }
  }

  private func climb(_ item: inout Item, from breach: Breach, to above: Tier, _ rule: Policy.Rule, _ effects: inout Effects) {
    let policy = policies.policy(for: item)
    let limit = breach.clock == .response ? rule.response ?? rule.resolution : rule.resolution
    let start = policy.start(nominal: breach.dueAt, told: now)
    item.tier = above
    item.escalations += 1
    item.deadline = Item.Deadline(clock: breach.clock, dueAt: start + limit.allowance(at: above))
    record(.itemEscalated, &item, breach, &effects)
  }

  /// Overdue at 市: nobody is above, so a 约谈 is proposed with its evidence (R34), once for each item, cycle and clock.
  private func exhaust(_ item: inout Item, _ breach: Breach, _ history: [Breach], _ effects: inout Effects) {
    // An item that was never answered must still be settled: its other clock goes on.
    item.deadline = breach.clock == .response ? resolutionDeadline(of: item) : nil
    record(.itemOverdue, &item, breach, &effects)
    // What this run found on the item, the present breach last, stands together at the end.
    let found = effects.breaches.reversed().prefix { $0.itemID == item.id }.reversed()
    let notice = Notice.summons(over: item, breaches: history + found, directory: directory, at: now)
    effects.notices.append(notice)
    effects.announcements.append(notice.announcement(orderKey: item.id))
  }
}

// MARK: - The record

extension ItemMachine {
  private func log(_ envelope: Envelope, _ item: inout Item, _ effects: inout Effects) {
    item.sequence += 1
    effects.log.append(
      LogEntry(
        itemID: item.id, sequence: item.sequence, type: envelope.type.name, key: envelope.key, occurredAt: envelope.time,
        body: envelope.body, traceparent: envelope.traceparent))
  }

  /// Logs an event of Duban's own and announces it.
  private func record(_ type: Announcement.EventType, _ item: inout Item, _ breach: Breach, _ effects: inout Effects) {
    let facts = EscalationFacts(item, breach, directory)
    item.sequence += 1
    let body = JSONText.encode(facts)
    effects.log.append(
      LogEntry(
        itemID: item.id, sequence: item.sequence, type: type.rawValue, key: nil, occurredAt: now, body: body, traceparent: nil))
    effects.announcements.append(
      Announcement(type: type, subject: item.key.description, occurredAt: now, data: body, orderKey: item.id))
  }

  private func announce(
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
struct ItemReference: Encodable {
  var source: String
  var subject: String

  init(_ key: ItemKey) {
    (source, subject) = (key.source, key.subject)
  }
}

/// The data of `item.escalated` and `item.overdue`, and the body of their log entries.
private struct EscalationFacts: Encodable {
  var item: ItemReference
  var kind: Kind
  var cycle: Int32
  var clock: String
  /// The tier that let its deadline pass, and the organ there.
  var from: Tier
  var fromOrgan: String?
  var dueAt: String
  /// The tier that holds the item now, and until when.
  var to: Tier
  var toOrgan: String?
  var nextDueAt: String?

  init(_ item: Item, _ breach: Breach, _ directory: Directory) {
    self.item = ItemReference(item.key)
    (kind, cycle, clock) = (item.kind, item.cycle, breach.clock.rawValue)
    (from, fromOrgan, dueAt) = (breach.tier, directory.name(of: breach.organID), breach.dueAt.rfc3339)
    (to, toOrgan, nextDueAt) = (item.tier, directory.name(of: item.place.organ(at: item.tier)), item.deadline?.dueAt.rfc3339)
  }
}

private struct ClosingFacts: Encodable {
  var item: ItemReference
  var kind: Kind
  /// The type of the event that closed it.
  var by: String
  var closedAt: String?
}

extension ItemKey: CustomStringConvertible {
  public var description: String { "\(source)/\(subject)" }
}
