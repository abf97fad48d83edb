// 受理, 响应, 办结, 重办: how a cycle begins, is answered and ends.

extension Fold {
  /// 受理.
  mutating func open(with entry: Entry, at time: Instant) {
    guard case .opened(let opening) = entry.event, let type = EventType.named(entry.type) else { return }
    matter.kind = type.kind
    matter.opening = Matter.Opening(
      at: time, place: Place(entry.stamp, community: opening.region?.community), category: opening.category,
      grade: opening.grade, title: opening.title, policyVersion: entry.stamp.policy ?? references.policies.current.version,
      lead: opening.units.lead, leadID: opening.units.lead.flatMap { entry.stamp.units[$0] })
    matter.opening?.checklist = opening.checklist
    // A confidential source's matters go to the unit that is named for them (12388), whatever they name themselves.
    if let recipient = entry.stamp.recipient {
      matter.opening?.lead = nil
      matter.opening?.leadID = recipient
    }
    life.begin(at: time)
    begin(nil, by: entry, at: time, due: opening.dueAt)
    for unit in opening.units.supporting { namePart(unit, by: entry, at: time) }
  }

  /// Begins a cycle. The chain starts at the lowest tier that can act (R7: 小事不出小区).
  ///
  /// The resident's measure counts from when they spoke; the responsible unit answers from when it was told.
  mutating func begin(_ unit: String?, by entry: Entry, at time: Instant, due: Instant? = nil) {
    guard let opening = matter.opening, let rule = rule(unit) else { return }
    let told = told(of: unit, begunBy: entry)
    turns.append(Turn(unit: unit, isBeginning: true, entry: entry.number, heardAt: entry.recordedAt))
    let source = entry.key?.source ?? matter.key.source
    let start = max(countingStart(time, told: told, by: source), time)
    let tier = rule.start(of: opening, unit: unit)
    let holder = holder(unit, from: tier)
    for passed in Tier.allCases where holder.unitID == nil && passed >= rule.startsAt && passed < holder.tier {
      if opening.place.organ(at: passed) == nil { passedOver.append((passed, entry.number)) }
    }
    var cycle = Item.Cycle(begunBy: entry.number, beganAt: time, responsibleID: holder.organID, startTier: holder.tier)
    // A unit that was named late in the cycle before was told no sooner of this one.
    if let before = matter[unit].cycle, before.responsibleID == holder.organID,
      before.handovers.last.map({ $0.since > start }) ?? false
    {
      cycle.handovers = before.handovers
    }
    // One that fell due before an organ could be told of it has the policy's limit from then on.
    let stated = due.flatMap { $0 > told ? $0 : nil }
    let from = due == nil || stated != nil ? start : told
    cycle.resolution = clock(
      .resolution, unit, cycle, step: 0, tier: holder.tier, from: from, stated: stated, at: from)
    for kind in [Item.ClockKind.acceptance, .response, .submission] where rule.limit(of: kind) != nil {
      cycle[kind] = clock(kind, unit, cycle, step: 0, tier: holder.tier, from: from, at: from)
    }
    matter[unit].cycles += 1
    matter[unit].state = .active(cycle)
    acts.append(
      Act(
        kind: matter[unit].cycles == 1 ? .itemOpened : .itemReopened, id: Act.ID(unit: unit, entry: entry.number)))
    explain(unit, at: from, insteadOf: from == time ? nil : time)
    // A part that begins while the whole is a duplicate is one from the start.
    guard unit != nil, case .duplicate(let main, _) = matter.whole.state else { return }
    matter[unit].state = .duplicate(of: main, cycle)
    stop(unit, at: time)
  }

  /// When it was known that an entry begins a cycle: once the log said that the item was over by then, and of a part that the whole was not.
  ///
  /// A 重办 that is heard before the 办结 in front of it tells no organ of a new cycle; the 办结 does. For example, a 办结 of 09:00 is heard at
  /// 10:30, and the 重办 of 10:00 was heard at 10:01: the organ was told of the new cycle at 10:30.
  private func told(of unit: String?, begunBy entry: Entry) -> Instant {
    if turns.isEmpty { return entry.recordedAt }
    let (own, ofWhole) = (turns.filter { $0.unit == unit }, turns.filter { $0.unit == nil })
    let whole = unit == nil ? [] : ofWhole
    func isKnown(after number: Int32) -> Bool {
      let itemIsOver = own.last { $0.entry <= number }?.isBeginning != true
      // What has ended before it began, as far as was heard, was not there yet.
      let matterIsThere = ofWhole.first.map { !$0.isBeginning || $0.entry <= number } ?? true
      let wholeIsInWork = whole.isEmpty || whole.last { $0.entry <= number }?.isBeginning == true
      return itemIsOver && matterIsThere && wholeIsInWork
    }
    if isKnown(after: entry.number) { return entry.recordedAt }
    let later = (own + whole).filter { $0.entry > entry.number }.sorted { $0.entry < $1.entry }
    return max(entry.recordedAt, (later.first { isKnown(after: $0.entry) } ?? later.last)?.heardAt ?? entry.recordedAt)
  }

  /// The responsible unit where a chain starts at a tier: a unit beside the chain, the tier's organ, or the next organ above. Every item
  /// always has an owner.
  func holder(_ unit: String?, from tier: Tier) -> (unitID: Int64?, organID: Int64?, tier: Tier) {
    guard let opening = matter.opening else { return (nil, nil, tier) }
    let unitID = unit.map { name in matter.parts.first { $0.unit.hasSameBytes(as: name) }?.unitID } ?? opening.leadID
    if let unitID { return (unitID, unitID, tier) }
    if let organ = opening.place.organ(at: tier) { return (nil, organ, tier) }
    let above = opening.place.tier(above: tier)
    return (nil, above.flatMap(opening.place.organ), above ?? tier)
  }

  /// 响应 ends the response clock, whatever step its chain has come to. An organ that answers has taken the matter on.
  mutating func answer(_ unit: String?, at time: Instant) {
    sign(unit, at: time)
    matter[unit].change { cycle in
      cycle.answeredAt = cycle.answeredAt ?? time
      cycle.response = nil
    }
  }

  /// 签收 ends its clock. Where the policy has none, it is on record in the log alone.
  mutating func sign(_ unit: String?, at time: Instant) {
    guard rule(unit)?.acceptance != nil else { return }
    matter[unit].change { cycle in
      cycle.acceptedAt = cycle.acceptedAt ?? time
      cycle.acceptance = nil
    }
  }

  /// 办结, 撤回: ends the item, and with the whole its parts.
  mutating func close(_ unit: String?, by entry: Entry, at time: Instant, isWithdrawal: Bool) {
    guard var cycle = matter[unit].cycle, matter[unit].isInWork else { return }
    for kind in Item.ClockKind.allCases { cycle[kind] = nil }
    cycle.requestedUntil = nil
    (cycle.isSuspended, cycle.isParked, cycle.parkedUntil, cycle.isReturning) = (false, false, nil, false)
    cycle.suspension = nil
    cycle.closing = closing(by: entry, of: cycle)
    if cycle.isStopped { cycle.pauses[cycle.pauses.count - 1].until = time }
    matter[unit].state = .closed(at: time, isWithdrawal: isWithdrawal, cycle)
    turns.append(Turn(unit: unit, isBeginning: false, entry: entry.number, heardAt: entry.recordedAt))
    closings.append(Closing(unit: unit, entry: entry.number, at: time))
    if explains {
      endedCycles.append(
        EndedCycle(
          unit: unit, number: matter[unit].cycles, cycle: cycle, at: time, isWithdrawal: isWithdrawal, entry: entry.number))
    }
    guard unit == nil else { return }
    life.end(at: time, isWithdrawal: isWithdrawal)
    for part in matter.parts where TransitionTable.transition(.wholeClosed, in: part.item.phase) == .closed {
      close(part.unit, by: entry, at: time, isWithdrawal: isWithdrawal)
    }
  }

  /// 重办 begins the next cycle. A duplicate that is open again is a matter of its own.
  mutating func reopen(_ unit: String?, by entry: Entry, at time: Instant) {
    if unit == nil { life.begin(at: time) }
    begin(unit, by: entry, at: time)
  }
}

/// When a matter was in work: what its duplicates follow.
public struct Life: Hashable, Sendable {
  public struct Span: Hashable, Sendable {
    public var from: Instant
    public var until: Instant?
    public var isWithdrawal = false
  }

  public private(set) var spans: [Span] = []

  mutating func begin(at time: Instant) { spans.append(Span(from: time)) }

  mutating func end(at time: Instant, isWithdrawal: Bool) {
    guard let last = spans.indices.last else { return }
    (spans[last].until, spans[last].isWithdrawal) = (time, isWithdrawal)
  }

  /// What becomes of a duplicate that was merged at a time: its clocks are stopped while the matter is in work, and it ends or is released
  /// with it. One merged while the matter is settled is settled at once; nil where the matter is not there yet.
  public func fate(ofMergingAt time: Instant) -> (fate: Event.Following.Fate, at: Instant)? {
    guard let first = spans.first else { return nil }
    guard let span = spans.last(where: { $0.from <= time }) ?? Optional(first) else { return nil }
    guard let until = span.until else { return (.held, time) }
    return (span.isWithdrawal ? .released : .settled, max(time, until))
  }
}
