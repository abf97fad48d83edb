// The item machine: what an event does to an item, and what must follow. Pure: no I/O, no clock; every time is given.
//
//   event \ phase      awaited   open              responded         merged            closed
//   ------------------------------------------------------------------------------------------------------------
//   opens              → open    refused           refused           refused           refused
//   accepts            (waits)   noted             noted             noted             noted
//   responds           (waits)   → responded       noted             noted             noted
//   resolves           (waits)   → closed          → closed          → closed          noted
//   withdraws          (waits)   → closed          → closed          → closed          noted
//   returns            (waits)   counted           counted           counted           noted
//   urges              (waits)   counted           counted           counted           noted
//   reopens            (waits)   noted             noted             noted             → open, next cycle
//   rates 不满意       (waits)   noted             noted             noted             → open, next cycle
//   rates otherwise    (waits)   noted             noted             noted             noted
//   suspends           (waits)   clocks held       clocks held       noted             noted
//   resumes            (waits)   clocks run on     clocks run on     noted             noted
//   asksExtension      (waits)   asked             asked             noted             noted
//   decidesExtension   (waits)   resolution moved  resolution moved  noted             noted
//   merges             (waits)   → merged          → merged          noted             noted
//   a warning is due   –         item.due-soon     item.due-soon     –                 –
//   a deadline passes  –         breach, climbs    breach, climbs    –                 –
//   main is resolved   –         → closed          → closed          → closed          –
//   main is withdrawn  –         –                 –                 → open/responded  –
//
// "noted" appends to the log and moves nothing. Queues promise no order, so what counts is when things happened: an answer or a
// closing from before the present cycle moves nothing; a reopening from before the latest closing moves nothing; and a reopening that
// comes before the closing it follows, a resumption before its suspension, a decision before its request, are remembered and take
// effect with it.
// An event that ends, holds or moves a clock after its deadline first lets the deadline lapse: an answer never erases a breach.
// Refused, and changing nothing: a second opening (item-exists), an event of another kind (wrong-kind), a pause for a reason that the
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
    // What comes from a clock that is ahead has not happened later than it was heard of.
    let time = min(envelope.time, now)
    let isInWork = item.phase == .open || item.phase == .responded
    // Of the present cycle, not of one before it.
    let isPresent = time >= item.reopenedAt ?? time
    switch meaning(of: envelope) {
    case .opens:
      guard item.phase == .awaited else {
        throw Refusal(
          .itemExists, at: "/subject", "an item of this source and subject is open already; give a new matter a new subject")
      }
      open(&item, with: envelope, &effects)
      log(envelope, &item, &effects)
    case .responds:
      let ends = item.phase == .open && isPresent
      if ends { settleLapses(of: &item, before: time, history, &effects) }
      log(envelope, &item, &effects)
      item.answeredAt = max(item.answeredAt ?? time, time)
      if ends { answer(&item) }
    case .resolves, .withdraws:
      let ends = item.phase != .closed && isPresent
      if ends { settleLapses(of: &item, before: time, history, &effects) }
      log(envelope, &item, &effects)
      if ends {
        close(
          &item, by: event.name, isWithdrawal: event.meaning == .withdraws, at: time, traceparent: envelope.traceparent, &effects)
      } else {
        noteClosing(&item, with: envelope, at: time)
      }
    case .reopens:
      log(envelope, &item, &effects)
      reopen(&item, at: time, &effects)
    case .urges where item.phase != .closed:
      item.urgings += 1
      log(envelope, &item, &effects)
    case .returns where item.phase != .closed:
      item.returns += 1
      log(envelope, &item, &effects)
    case .suspends where isInWork && isPresent:
      try checkPause(of: item, for: envelope.data.reason)
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      suspend(&item, at: time, &effects)
    case .resumes where isInWork && isPresent:
      log(envelope, &item, &effects)
      resume(&item, at: time, &effects)
    case .asksExtension where isInWork && isPresent:
      try checkRequest(of: item, at: time)
      log(envelope, &item, &effects)
      askExtension(of: &item, at: time, &effects)
    case .decidesExtension where isInWork && isPresent:
      let until = try checkDecision(envelope.data, on: item)
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      decideExtension(of: &item, until: until, &effects)
    case .merges where isInWork && isPresent:
      try checkMerging(into: main)
      settleLapses(of: &item, before: time, history, &effects)
      log(envelope, &item, &effects)
      merge(&item, into: envelope.main, which: main, at: time, by: event.name, traceparent: envelope.traceparent, &effects)
    default:
      log(envelope, &item, &effects)
    }
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

  private func open(_ item: inout Item, with envelope: Envelope, _ effects: inout Effects) {
    item.kind = envelope.type.kind
    item.place = directory.place(of: envelope.data.region)
    item.category = envelope.data.category
    item.grade = envelope.data.grade
    item.title = envelope.data.title
    item.policyVersion = policies.current.version
    item.openedAt = min(envelope.time, now)
    startCycle(of: &item, at: envelope.time, &effects)
    if item.kind == .reminder, let due = envelope.data.due.flatMap({ Instant(rfc3339: $0) }) {
      // One that fell due while nobody could hear of it, by more than the tolerance, falls due at the hearing.
      let dueAt = due > now ? due : policies.current.start(nominal: due, told: now)
      item.resolutionDueAt = dueAt
      item.deadline = resolutionDeadline(of: item)
      explain(.stated(due), &item, .resolution, dueAt, &effects)
    }
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
    announce(.itemClosed, item, by: event, traceparent: traceparent, &effects)
    if let early = item.earlyReopening { reopen(&item, at: early, &effects) }
    item.earlyReopening = nil
  }

  /// A closing that moves nothing may still be later than the one that did; of two at once the settling one counts.
  private func noteClosing(_ item: inout Item, with envelope: Envelope, at time: Instant) {
    guard item.phase == .closed, let closedAt = item.closedAt, time >= closedAt else { return }
    let isWithdrawn = envelope.type.meaning == .withdraws
    item.isWithdrawn = time == closedAt ? item.isWithdrawn && isWithdrawn : isWithdrawn
    item.closedAt = time
  }

  private func reopen(_ item: inout Item, at time: Instant, _ effects: inout Effects) {
    guard item.phase == .closed, let closedAt = item.closedAt else {
      item.earlyReopening = max(item.earlyReopening ?? time, time)
      return
    }
    guard time >= closedAt else { return }
    item.reopenedAt = time
    (item.main, item.isWithdrawn, item.earlyResumption, item.earlyGrant, item.extensions) = (nil, false, nil, nil, 0)
    startCycle(of: &item, at: time, &effects)
    if let answeredAt = item.answeredAt, answeredAt >= time { answer(&item) }
  }

  /// The chain starts at the lowest tier that can act (R7: 小事不出小区).
  private func startCycle(of item: inout Item, at time: Instant, _ effects: inout Effects) {
    let policy = policies.policy(for: item)
    let start = policy.start(nominal: time, told: now)
    item.phase = .open
    item.cycle += 1
    item.cycleStartedAt = start
    guard let rule = policy.rule(for: item) else { return }
    item.tier = rule.start(of: item)
    item.provisionalUnder = nil
    setDeadline(of: &item, .resolution, rule, from: start, &effects)
    item.resolutionDueAt = item.deadline?.dueAt
    if rule.response != nil { setDeadline(of: &item, .response, rule, from: start, &effects) }
  }
}
