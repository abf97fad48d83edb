// An item's log, run through the machine again: to explain its dates, to reckon them anew, to see what another policy would have done.

/// A line of an item's log, as it was written.
public struct LoggedEvent: Sendable {
  public var type: String
  public var occurredAt: Instant
  /// The database's time of the transaction that wrote it: what the machine took for now.
  public var recordedAt: Instant
  /// The message as sent, or the facts of Duban's own event.
  public var body: String

  public init(type: String, occurredAt: Instant, recordedAt: Instant, body: String) {
    (self.type, self.occurredAt, self.recordedAt, self.body) = (type, occurredAt, recordedAt, body)
  }
}

/// Runs logs through the machine. Pure; a value for any thread.
public struct Replay: Sendable {
  public var policies: PolicyBook
  public var directory: Directory
  /// The calendar that was in force at a time.
  public var calendar: @Sendable (Instant) -> WorkCalendar

  public init(policies: PolicyBook, directory: Directory, calendar: @escaping @Sendable (Instant) -> WorkCalendar) {
    (self.policies, self.directory, self.calendar) = (policies, directory, calendar)
  }

  /// What a log comes to.
  public struct Outcome: Sendable {
    public var item: Item
    public var breaches: [Breach] = []
    public var notices: [Notice] = []
    /// Warnings (`item.due-soon`).
    public var warnings = 0
    /// Messages that the policy would have refused, and why.
    public var refusals: [Refusal] = []
    /// Each line of the log that set deadlines, or reckoned them anew, and how they came about.
    public var steps: [Step] = []
  }

  public struct Step: Sendable {
    public var event: LoggedEvent
    public var derivations: [Derivation]
    /// The item as the line left it.
    public var item: Item
  }

  /// Runs a log as it was written: Duban's own events where they stand, each at its own time.
  ///
  /// - Throws: a ``Refusal`` where a message that was taken once could not be taken today.
  public func asItWas(_ original: Item, _ log: [LoggedEvent]) throws(Refusal) -> Outcome {
    // Before it was first moved, it stood on the version that the move names.
    let opened = log.lazy.compactMap(PolicyMove.init).first?.from ?? original.policyVersion
    return try run(original, log, under: opened, follows: true)
  }

  /// Runs a log under the version that was in force at its opening, and where it `follows`, under those that it was moved to.
  private func run(_ original: Item, _ log: [LoggedEvent], under version: Int, follows: Bool) throws(Refusal) -> Outcome {
    let book = policies.inForce(version)
    var outcome = Outcome(item: Self.blank(original))
    for (i, event) in log.enumerated() {
      var effects = Effects()
      var machine = machine(at: event.recordedAt, book)
      machine.explains = true
      if EventType.named(event.type) != nil {
        try machine.apply(envelope(event), to: &outcome.item, history: outcome.breaches, into: &effects)
      } else if event.type == Self.recomputed || event.type == PolicyMove.type {
        // As it was reckoned then: all that came before, by the calendar of then and the policy that it was to stand on.
        guard follows else { continue }
        if let move = PolicyMove(event) { outcome.item.policyVersion = move.to }
        let anew = try reckonedAnew(outcome.item, Array(log[..<i]), by: calendar(event.recordedAt))
        outcome.item.adopt(anew.item, at: event.recordedAt)
        // Only what was taken over: a deadline that had passed by that reckoning was left as it was.
        effects.derivations = anew.steps.flatMap(\.derivations).filter { outcome.item.goes(by: $0) }
      } else {
        machine.repeat(event, on: &outcome.item, outcome.breaches, &effects)
      }
      outcome.add(effects, of: event)
    }
    return outcome
  }

  /// What a log comes to by one calendar and the policy that its item stands on now.
  func reckonedAnew(_ item: Item, _ log: [LoggedEvent], by calendar: WorkCalendar) throws(Refusal) -> Outcome {
    let replay = Replay(policies: policies, directory: directory, calendar: { _ in calendar })
    return try replay.run(item, log, under: item.policyVersion, follows: false)
  }

  /// Runs the messages of a log under the policy in force of this replay's book, with the sweep always in time, until `end`.
  public func underCurrentPolicy(_ original: Item, _ log: [LoggedEvent], until end: Instant) throws(Refusal) -> Outcome {
    let book = PolicyBook(current: policies.current)
    var outcome = Outcome(item: Self.blank(original))
    func sweep(_ outcome: inout Outcome, before time: Instant) {
      while let wakeAt = outcome.item.wakeAt, wakeAt < time {
        var effects = Effects()
        guard machine(at: wakeAt, book).wake(&outcome.item, history: outcome.breaches, into: &effects) else { return }
        outcome.add(effects, of: nil)
      }
    }
    for event in log where event.recordedAt < end {
      sweep(&outcome, before: event.recordedAt)
      var effects = Effects()
      let machine = machine(at: event.recordedAt, book)
      if EventType.named(event.type) != nil {
        let envelope = try envelope(event)
        do {
          try machine.apply(envelope, to: &outcome.item, history: outcome.breaches, into: &effects)
        } catch {
          outcome.refusals.append(error)
        }
      } else if [Self.assigned, Self.heardAgain, Reassignment.type].contains(event.type)
        || ItemMachine.Following(rawValue: event.type) != nil
      {
        machine.repeat(event, on: &outcome.item, outcome.breaches, &effects)
      }
      outcome.add(effects, of: nil)
    }
    sweep(&outcome, before: end)
    return outcome
  }

  /// The type of the log entry that says that deadlines were reckoned anew by another calendar.
  public static let recomputed = "item.recomputed"

  /// The type of the log entry that begins the part of a supporting unit (协办).
  public static let assigned = "item.assigned"

  /// The type of the log entry of a message that counts again, in the cycle that began after it was heard; its body is the message's.
  public static let heardAgain = "item.heard-again"

  private func machine(at now: Instant, _ book: PolicyBook) -> ItemMachine {
    ItemMachine(policies: book, directory: directory.known(at: now), calendar: calendar(now), now: now)
  }

  private func envelope(_ event: LoggedEvent) throws(Refusal) -> Envelope {
    try Envelope(RawMessage(body: Array(event.body.utf8)))
  }

  private static func blank(_ item: Item) -> Item {
    Item(awaited: item.key, id: item.id, kind: item.kind, policyVersion: item.policyVersion)
  }
}

extension Replay.Outcome {
  fileprivate mutating func add(_ effects: Effects, of event: LoggedEvent?) {
    breaches += effects.breaches
    notices += effects.notices
    // In a log that is run as it was written they stand as events of their own.
    warnings += effects.announcements.count { $0.type == .itemDueSoon }
    if event?.type == Announcement.EventType.itemDueSoon.rawValue { warnings += 1 }
    guard let event else { return }
    if !effects.derivations.isEmpty || event.type == Replay.recomputed || event.type == PolicyMove.type {
      steps.append(Replay.Step(event: event, derivations: effects.derivations, item: item))
    }
  }
}

extension ItemMachine {
  /// Does again what an event of Duban's own once did.
  fileprivate func `repeat`(_ event: LoggedEvent, on item: inout Item, _ history: [Breach], _ effects: inout Effects) {
    if let step = Following(rawValue: event.type), let facts: FollowingFacts = JSONText.decode(event.body) {
      follow(
        step, facts.main.key, &item, isWithdrawal: facts.isWithdrawal ?? false, at: event.occurredAt, by: facts.by,
        traceparent: nil, &effects)
      return
    }
    if event.type == Replay.assigned, let assignment: Assignment = JSONText.decode(event.body) {
      assign(&item, assignment, policyVersion: policies.current.version, at: event.occurredAt, into: &effects)
      return
    }
    if event.type == Reassignment.type, let reassignment: Reassignment = JSONText.decode(event.body) {
      place(&item, in: reassignment.region)
      return
    }
    if event.type == Replay.heardAgain {
      guard let envelope = try? Envelope(RawMessage(body: Array(event.body.utf8))) else { return }
      // One that another policy would not have taken moves nothing.
      try? hearAgain(envelope, on: &item, history: history, into: &effects)
      return
    }
    switch event.type {
    case Announcement.EventType.itemDueSoon.rawValue: item.deadline?.warnAt = nil
    case Announcement.EventType.itemEscalated.rawValue, Announcement.EventType.itemOverdue.rawValue:
      // The deadline that passed is the one on record, whatever would be reckoned today: a breach is never erased.
      if let facts: LapseFacts = JSONText.decode(event.body), let dueAt = Instant(rfc3339: facts.dueAt) {
        item.deadline?.dueAt = dueAt
      }
      lapse(&item, history: history, into: &effects)
    default: break
    }
  }
}

private struct LapseFacts: Decodable { var dueAt: String }
