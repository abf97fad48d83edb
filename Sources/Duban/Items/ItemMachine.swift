// The item machine: what an event does to an item, and what must follow. Pure: no I/O, no clock; every time is given.
//
// Which event does what in which phase is in TransitionTable. Queues promise no order, so what counts is when things happened: an answer or a
// closing from before the present cycle moves nothing; a reopening from before the latest closing moves nothing; and a reopening that
// comes before the closing it follows, a resumption before its suspension, a decision before its request, are remembered and take
// effect with it. What is heard before the reopening that began its cycle is heard again with that.
// An event that ends, holds or moves a clock after its deadline first lets the deadline lapse: an answer never erases a breach.
// Refused, and changing nothing: what the table refuses (item-exists), an event of another kind (wrong-kind), a pause for a reason that the
// policy does not list and an approval by an organ that is not above (not-allowed), an extension that is asked for after expiry
// (too-late) or once more than the policy allows (limit-reached), a merging into an item that is merged itself (invalid-value).

/// Applies events to items under their policy.
public struct ItemMachine: Sendable {
  public var policies: PolicyBook
  public var directory: Directory
  /// Which days are workdays.
  public var calendar: WorkCalendar
  /// The database's clock at the start of the transaction.
  public var now: Instant
  /// Whether the effects tell how each deadline came about.
  public var explains = false
  /// Whether the event was heard before, and counts now in the cycle that it is of.
  var isHearingAgain = false

  public init(policies: PolicyBook, directory: Directory, calendar: WorkCalendar, now: Instant) {
    (self.policies, self.directory, self.calendar, self.now) = (policies, directory, calendar, now)
  }

  /// Applies a message to its item.
  ///
  /// `history` is what the item breached before, for the evidence of a notice; `main` the item that a merging names, as far as it is there.
  /// - Throws: a ``Refusal`` if the event cannot be about this item; the item and the effects are then unchanged.
  public func apply(
    _ envelope: Envelope, to item: inout Item, main: Item? = nil, history: [Breach] = [], into effects: inout Effects
  ) throws(Refusal) {
    let event = envelope.type
    guard event.meaning == .opens || event.meaning == .urges || event.kind == item.kind else {
      throw Refusal(.wrongKind, at: "/type", "the item is a \(item.kind.rawValue), which \(event.name) cannot be about")
    }
    // What comes from a clock that is ahead has not happened later than it was heard of; from one that is behind, not before the item was there.
    let time = max(min(envelope.time, now), item.openedAt ?? envelope.time)
    switch transition(of: envelope, at: time, on: item) {
    case .refused:
      throw Refusal(
        .itemExists, at: "/subject", "an item of this source and subject is open already; give a new matter a new subject")
    case .opened:
      open(&item, with: envelope, &effects)
      log(envelope, &item, &effects)
    case .answered:
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      item.answeredAt = max(item.answeredAt ?? time, time)
      answer(&item)
    case .closed:
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      close(
        &item, by: event.name, isWithdrawal: event.meaning == .withdraws, at: time, traceparent: envelope.traceparent, &effects)
    case .reopened:
      log(envelope, &item, &effects)
      reopen(&item, at: time, &effects)
    case .counted:
      if event.meaning == .urges { item.urgings += 1 } else { item.returns += 1 }
      log(envelope, &item, &effects)
    case .held:
      try checkPause(of: item, for: envelope.data.reason)
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      suspend(&item, at: time, history, &effects)
    case .resumed:
      log(envelope, &item, &effects)
      resume(&item, at: time, history, &effects)
    case .asked:
      try checkRequest(of: item, at: time)
      log(envelope, &item, &effects)
      askExtension(of: &item, at: time, &effects)
    case .extended:
      let holder = tier(of: lapsed(item, before: time), at: time, history)
      let until = try checkDecision(envelope.data, on: item, heldBy: holder)
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      decideExtension(of: &item, until: until, &effects)
    case .merged:
      try checkMerging(into: main)
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      merge(&item, into: envelope.main, which: main, at: time, by: event.name, traceparent: envelope.traceparent, &effects)
    case .remembered:
      log(envelope, &item, &effects)
      remember(envelope, at: time, on: &item)
    case .noted where envelope.lead != nil && item.namesUnits(at: time):
      // Another holder: what the one before has let pass stays its own.
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      nameLead(envelope.lead, of: &item, at: time)
    case .noted, .waits, .released, .warned, .climbed, .reckoned, .reassigned, .impossible:
      log(envelope, &item, &effects)
    }
  }

  /// Applies a message once more to its item, which began another cycle after it was heard: it is of that cycle, and what it did to the one
  /// before ended with that. On record as an event of Duban's own.
  func hearAgain(
    _ envelope: Envelope, on item: inout Item, main: Item? = nil, history: [Breach] = [], into effects: inout Effects
  ) throws(Refusal) {
    var machine = self
    machine.isHearingAgain = true
    try machine.apply(envelope, to: &item, main: main, history: history, into: &effects)
  }

  /// What the table says, where the event is of the present cycle; one from a cycle before moves nothing.
  private func transition(of envelope: Envelope, at time: Instant, on item: Item) -> Transition {
    let transition = TransitionTable.transition(envelope.trigger, in: item.phase)
    guard let reopenedAt = item.reopenedAt, time < reopenedAt else { return transition }
    switch transition {
    case .answered, .closed, .held, .resumed, .asked, .extended, .merged: return .remembered
    default: return transition
    }
  }
}

// MARK: - The moves

extension ItemMachine {
  private func open(_ item: inout Item, with envelope: Envelope, _ effects: inout Effects) {
    item.kind = envelope.type.kind
    item.place = directory.place(of: envelope.data.region)
    item.category = envelope.data.category
    item.grade = envelope.data.grade
    item.title = envelope.data.title
    if let lead = envelope.lead { (item.lead, item.leadNamedAt) = (lead, min(envelope.time, now)) }
    item.policyVersion = policies.current.version
    item.openedAt = min(envelope.time, now)
    let due = item.kind == .reminder ? envelope.data.due.flatMap { Instant(rfc3339: $0) } : nil
    startCycle(of: &item, at: envelope.time, due: due, &effects)
  }

  func answer(_ item: inout Item) {
    item.phase = .responded
    // Only a running response clock hands over: a clock that has run out at 市 must not start again.
    if item.deadline?.clock == .response { item.deadline = resolutionDeadline(of: item) }
  }

  func close(
    _ item: inout Item, by event: String, isWithdrawal: Bool = false, at time: Instant, traceparent: String?,
    _ effects: inout Effects
  ) {
    item.phase = .closed
    item.closedAt = time
    item.isWithdrawn = isWithdrawal
    (item.deadline, item.resolutionDueAt, item.suspendedAt, item.extensionAskedAt) = (nil, nil, nil, nil)
    item.provisionalUnder = nil
    announce(.itemClosed, item, by: event, traceparent: traceparent, &effects)
    if let early = item.earlyReopening { reopen(&item, at: early, &effects) }
    item.earlyReopening = nil
  }

  private func remember(_ envelope: Envelope, at time: Instant, on item: inout Item) {
    switch envelope.trigger {
    case .responds: item.answeredAt = max(item.answeredAt ?? time, time)
    case .reopens: item.earlyReopening = max(item.earlyReopening ?? time, time)
    case .resolves, .withdraws:
      // A closing that moves nothing may still be later than the one that did; of two at once the settling one counts.
      guard let closedAt = item.closedAt, time >= closedAt else { return }
      let isWithdrawn = envelope.trigger == .withdraws
      item.isWithdrawn = time == closedAt ? item.isWithdrawn && isWithdrawn : isWithdrawn
      item.closedAt = time
    default: break
    }
  }

  func reopen(_ item: inout Item, at time: Instant, _ effects: inout Effects) {
    guard let closedAt = item.closedAt, time >= closedAt else { return }
    item.reopenedAt = time
    // A part stays a part; a duplicate that is open again has a life of its own.
    if item.key.unit == nil { item.main = nil }
    (item.earlyResumption, item.earlyGrant, item.extensions) = (nil, nil, 0)
    startCycle(of: &item, at: time, &effects)
    if let answeredAt = item.answeredAt, answeredAt >= time { answer(&item) }
  }

  /// The chain starts at the lowest tier that can act (R7: 小事不出小区). What is stated to be due at a time, as a reminder is, is due then,
  /// however long the policy allows.
  func startCycle(of item: inout Item, at time: Instant, due: Instant? = nil, _ effects: inout Effects) {
    let policy = policies.policy(for: item)
    let start = policy.start(nominal: time, told: now)
    item.phase = .open
    item.cycle += 1
    item.cycleStartedAt = start
    guard let rule = policy.rule(for: item) else { return }
    item.tier = rule.start(of: item)
    holdByUnit(&item)
    if item.unitID == nil {
      passOver(
        Tier.allCases.filter { $0 >= rule.startsAt && $0 < item.tier && item.place.organ(at: $0) == nil }, item, &effects)
    }
    item.provisionalUnder = nil
    if let due {
      // One that fell due while nobody could hear of it, by more than the tolerance, falls due at the hearing.
      let dueAt = due > now ? due : policy.start(nominal: due, told: now)
      item.resolutionDueAt = dueAt
      item.deadline = resolutionDeadline(of: item)
      return explain(.stated(due), &item, .resolution, dueAt, &effects)
    }
    setDeadline(of: &item, .resolution, rule, rule.resolution.within, from: start, insteadOf: time, &effects)
    item.resolutionDueAt = item.deadline?.dueAt
    if let response = rule.response {
      setDeadline(of: &item, .response, rule, response.within, from: start, insteadOf: time, &effects)
    }
    letSettlingGoFirst(&item, from: start)
  }
}
