// Deadlines reckoned anew from an item's whole log: by another calendar, or by another policy that an operator moves it to.

extension Item {
  /// Takes over deadlines that were reckoned anew. An earlier one counts only if it is still ahead: nobody is blamed for what it was not told.
  /// A tier that would not hold it by that reckoning keeps the deadline that it was told.
  mutating func adopt(_ anew: Item, at now: Instant) {
    provisionalUnder = anew.provisionalUnder
    // While its clocks are held, no time passes for it.
    let now = min(suspendedAt ?? now, now)
    // It runs to the cycle's own end: where another policy begins or leaves off a 响应 clock, the one takes the other's place.
    let (wasSettling, wasWarned) = (isSettling, deadline?.warnAt == nil)
    if let new = anew.resolutionDueAt, new > now, resolutionDueAt != nil {
      resolutionDueAt = new
      if wasSettling { deadline?.dueAt = new }
    }
    if let old = deadline, let new = anew.deadline, anew.tier == tier, new.dueAt > now {
      if new.clock == old.clock {
        deadline = Deadline(clock: new.clock, dueAt: new.dueAt, warnAt: wasWarned ? nil : new.warnAt ?? old.warnAt)
      } else if wasSettling || anew.isSettling {
        deadline = new
      }
    }
  }

  /// Whether the running clock is the one of the cycle's own end, not of a tier above.
  private var isSettling: Bool { deadline?.clock == .resolution && deadline?.dueAt == resolutionDueAt }

  /// Whether a deadline that it has came about so.
  func goes(by derivation: Derivation) -> Bool {
    guard derivation.cycle == cycle else { return false }
    return derivation.clock == deadline?.clock && derivation.dueAt == deadline?.dueAt
      || derivation.clock == .resolution && derivation.dueAt == resolutionDueAt
  }
}

extension ItemMachine {
  /// Reckons an item's deadlines anew by this machine's calendar, from its whole log, and says so in the log: before and after; nothing where
  /// nothing changes. One that is not in work has none.
  ///
  /// - Throws: a ``Refusal`` where a message of the log could not be taken today.
  public func recompute(_ item: inout Item, log: [LoggedEvent], into effects: inout Effects) throws(Refusal) {
    guard TransitionTable.transition(.calendarCame, in: item.phase) == .reckoned else {
      item.provisionalUnder = nil
      return
    }
    let before = item
    item.adopt(try reckonAnew(item, log), at: now)
    guard item != before else { return }
    logRecomputed(before, &item, &effects)
  }

  /// Moves an item to another policy version, and says so in the log: by whom, why, and each deadline before and after. Its clocks count from
  /// when they did; what has been breached stays so.
  ///
  /// - Throws: a ``Refusal`` where the item is not in work, the version is none, or a message of the log could not be taken today.
  public func move(
    _ item: inout Item, to version: Int, by person: String, because reason: String, log: [LoggedEvent],
    into effects: inout Effects
  ) throws(Refusal) {
    guard TransitionTable.transition(.policyMoved, in: item.phase) == .reckoned else {
      throw Refusal(.notAllowed, "the item is \(item.phase.rawValue); only one in work can be moved")
    }
    guard policies.version(version) != nil else { throw Refusal(.notAllowed, "there is no policy version \(version)") }
    guard item.policyVersion != version else {
      throw Refusal(.notAllowed, "the item stands on policy version \(version) already")
    }
    var moved = item
    moved.policyVersion = version
    moved.adopt(try reckonAnew(moved, log), at: now)
    logMove(
      PolicyMove(
        from: item.policyVersion, to: version, because: reason, by: person, item: ItemReference(item.key),
        reckoning: Reckoning(item, moved, by: calendar)), &moved, &effects)
    item = moved
  }

  private func reckonAnew(_ item: Item, _ log: [LoggedEvent]) throws(Refusal) -> Item {
    let calendar = calendar
    let replay = Replay(policies: policies, directory: directory, calendar: { _ in calendar })
    return try replay.reckonedAnew(item, log, by: calendar).item
  }
}

/// The body of the log entry that an operator's move to another policy leaves.
struct PolicyMove: Codable {
  static let type = "item.policy-moved"

  var from: Int
  var to: Int
  var because: String
  var by: String
  var item: ItemReference
  var reckoning: Reckoning
}

extension PolicyMove {
  init?(_ event: LoggedEvent) {
    guard event.type == Self.type, let move: PolicyMove = JSONText.decode(event.body) else { return nil }
    self = move
  }
}

/// Deadlines that were reckoned anew: by which calendar, and what they were before.
struct Reckoning: Codable {
  var calendar: Int
  var dueAtBefore, dueAt: String?
  var resolutionDueAtBefore, resolutionDueAt: String?
  var isProvisional: Bool

  init(_ before: Item, _ after: Item, by calendar: WorkCalendar) {
    self.calendar = calendar.version
    (dueAtBefore, dueAt) = (before.deadline?.dueAt.rfc3339, after.deadline?.dueAt.rfc3339)
    (resolutionDueAtBefore, resolutionDueAt) = (before.resolutionDueAt?.rfc3339, after.resolutionDueAt?.rfc3339)
    isProvisional = after.provisionalUnder != nil
  }
}
