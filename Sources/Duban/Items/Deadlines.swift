// When a clock is due: its start, the policy's limit, the pauses since, and an extension. A pure function of these, by the calendar and the
// office hours in force at a time.

extension Fold {
  func policy() -> Policy {
    trial ?? matter.opening.flatMap { references.policies.version($0.policyVersion) } ?? references.policies.current
  }

  /// The policy's rule for the whole, or for a unit's part.
  func rule(_ unit: String?) -> Policy.Rule? { policy().rule(for: matter, unit: unit) }

  /// The days and hours by which an organ works at a time.
  func workingTime(of organ: Int64?, at time: Instant) -> WorkingTime {
    WorkingTime(
      calendar: references.calendars.inForce(at: time), hours: references.directory.officeHours(of: organ, at: time))
  }

  /// Who owes the step that a clock is at: the responsible unit (承办) the first, a supervising organ (督办) the others.
  func owner(of clock: Item.Clock, in cycle: Item.Cycle) -> Int64? {
    clock.step == 0 ? cycle.responsibleID : matter.opening?.place.organ(at: clock.tier)
  }

  /// Who is to blame where a step lapses: its owner, but at the first step not a unit that was told too late that it is responsible.
  public func accountable(for clock: Item.Clock, in cycle: Item.Cycle) -> Int64? {
    guard clock.step == 0, let first = cycle.handovers.first else { return owner(of: clock, in: cycle) }
    return (cycle.handovers.last { $0.since <= clock.dueAt } ?? first).organID
  }

  /// When a step counts from that should have counted from `nominal`, for an organ that was told at `told`: a late hearing beyond the
  /// tolerance gives the time that was lost.
  func countingStart(_ nominal: Instant, told: Instant, by source: String?) -> Instant {
    told - nominal > policy().countsFromHearingAfter(source) ? told : nominal
  }

  /// From when a clock counts that an entry starts again within a cycle: not before its owner was told of that, or of the cycle itself.
  func startingAgain(_ cycle: Item.Cycle, by entry: Entry, at time: Instant) -> Instant {
    let start = countingStart(time, told: entry.recordedAt, by: entry.key?.source ?? matter.key.source)
    return max(start, cycle.resolution?.start ?? start)
  }

  /// A clock at a step of its chain, from a start; `startedBy` an entry within the cycle, if it does not run from its beginning.
  func clock(
    _ kind: Item.ClockKind, _ unit: String?, _ cycle: Item.Cycle, step: Int, tier: Tier, from start: Instant,
    stated: Instant? = nil, startedBy: Int32 = 0, at time: Instant
  ) -> Item.Clock {
    var clock = Item.Clock(step: step, tier: tier, start: start, statedAt: stated, dueAt: start)
    clock.startedBy = startedBy
    setDue(of: &clock, kind, unit, cycle, at: time)
    return clock
  }

  /// Computes when a clock is due, and when its owner is warned.
  func setDue(of clock: inout Item.Clock, _ kind: Item.ClockKind, _ unit: String?, _ cycle: Item.Cycle, at time: Instant) {
    guard let limit = rule(unit)?.limit(of: kind), let allowance = limit.allowance(step: clock.step, tier: clock.tier) else {
      return
    }
    let due = due(clock, kind, allowance, cycle, at: time)
    (clock.dueAt, clock.isProvisional) = (due.instant, due.isProvisional)
    let warnAt = limit.warning.map { due.instant - $0 }
    // An owner who has just been told needs no warning.
    clock.warnAt = warnAt.flatMap { $0 > clock.start ? $0 : nil }
  }

  /// Moves a deadline that was kept, though the policy or the calendar would have it earlier, by a pause that ends.
  private func moveKeptDue(
    of clock: inout Item.Clock, _ kind: Item.ClockKind, _ unit: String?, from due: Instant, by pause: Item.Pause,
    in cycle: Item.Cycle, at time: Instant
  ) {
    guard let limit = rule(unit)?.limit(of: kind), let allowance = limit.allowance(step: clock.step, tier: clock.tier) else {
      return
    }
    clock.dueAt = due
    let since = max(pause.from, clock.start)
    if let until = pause.until, since <= due, since < until {
      let days = workingTime(of: owner(of: clock, in: cycle), at: time)
      (clock.dueAt, clock.isProvisional) = days.end(
        of: allowance, otherwise: due, stoppedFrom: since, until: until)
    }
    clock.warnAt = limit.warning.map { clock.dueAt - $0 }.flatMap { $0 > clock.start ? $0 : nil }
  }

  /// When a clock is due, and by which days that is.
  func due(
    _ clock: Item.Clock, _ kind: Item.ClockKind, _ allowance: Allowance, _ cycle: Item.Cycle, at time: Instant
  ) -> (instant: Instant, isProvisional: Bool, days: WorkingTime) {
    let organ = owner(of: clock, in: cycle)
    let days = workingTime(of: organ, at: time)
    let due = days.due(clock, kind, allowance, cycle)
    // A year that was not announced yet: once it is, its calendar counts from the start, where it gives more time.
    guard due.isProvisional, let later = references.calendars.announced(after: time, from: clock.start, to: due.instant) else {
      return (due.instant, due.isProvisional, days)
    }
    let known = WorkingTime(calendar: later, hours: days.hours)
    let announced = known.due(clock, kind, allowance, cycle)
    return announced.instant > due.instant
      ? (announced.instant, announced.isProvisional, known) : (due.instant, due.isProvisional, days)
  }

  /// Recomputes the clocks of an item; a deadline that would be earlier counts only if it is still ahead at `time`: no owner is blamed for
  /// what it was not told. One that was kept so is later by the pause that ends.
  ///
  /// For example, 办结 of 19d from 2 November 08:00 is due on 21 November 08:00. On 10 November an operator moves the matter to a policy:
  /// - of 10d: 12 November 08:00 is still ahead, and counts;
  /// - of 7d: 9 November 08:00 has passed, so 21 November is kept. A pause from 11 to 13 November, both at 08:00, moves it to 23 November.
  mutating func recompute(_ unit: String?, at time: Instant, after pause: Item.Pause? = nil) {
    recomputeSuspension(unit, at: time)
    guard matter[unit].isInWork, let cycle = matter[unit].cycle else { return }
    for kind in Item.ClockKind.allCases {
      guard let before = cycle[kind] else { continue }
      // While a clock is stopped, no time passes for it.
      let passed = cycle.isRunning(kind) ? time : min(cycle.pauses.last?.from ?? time, time)
      var clock = before
      setDue(of: &clock, kind, unit, cycle, at: time)
      if clock.dueAt < before.dueAt {
        if let pause {
          moveKeptDue(of: &clock, kind, unit, from: before.dueAt, by: pause, in: cycle, at: time)
        } else if clock.dueAt <= passed {
          continue
        }
      }
      matter[unit].change { $0[kind] = clock }
    }
    explain(unit, at: time)
  }

  /// Recomputes what runs by the calendar that has come.
  mutating func recomputeAll(at time: Instant) {
    for (unit, item) in matter.items where TransitionTable.transition(.calendarCame, in: item.phase) == .recomputed {
      recompute(unit, at: time)
    }
  }
}

extension WorkingTime {
  /// When a clock is due by these days and hours: its limit from its start, later by each pause, or by an extension where that is later.
  func due(_ clock: Item.Clock, _ kind: Item.ClockKind, _ allowance: Allowance, _ cycle: Item.Cycle)
    -> (instant: Instant, isProvisional: Bool)
  {
    var due = clock.statedAt.map { ($0, false) } ?? end(of: allowance, from: clock.start)
    var grant = kind == .resolution ? cycle.grant : nil
    var ranTo = clock.start
    for pause in cycle.pauses {
      guard let until = pause.until else { continue }
      let from = max(pause.from, ranTo)
      guard until > from else { continue }
      // What is done at the very time that is due is in time: nothing is left then, until the pause ends.
      if from <= due.0 { due = end(of: allowance, otherwise: due.0, stoppedFrom: from, until: until) }
      // An extension is a date that a person stated: a pause that was known then does not move it.
      if let extended = grant, extended.at <= pause.from, from <= extended.until {
        grant?.until = end(of: allowance, otherwise: extended.until, stoppedFrom: from, until: until).instant
      }
      ranTo = until
    }
    if let grant, grant.until > due.0 { return (grant.until, false) }
    return due
  }
}

extension Item {
  /// Changes the cycle of an item in work.
  mutating func change(_ body: (inout Cycle) -> Void) {
    switch state {
    case .active(var cycle):
      body(&cycle)
      state = .active(cycle)
    case .duplicate(let main, var cycle):
      body(&cycle)
      state = .duplicate(of: main, cycle)
    case .awaited, .closed: break
    }
  }
}
