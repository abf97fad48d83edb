// 派单, 改派, 补派, 主办, 协办: who is responsible. The lead unit holds the whole where its chain starts; each supporting unit has a part with a clock
// of its own (R12 水, 电, 气, 通信; R41 牵头部门和责任单位).

extension Fold {
  /// 派单, 改派, 指定承办: the work goes to the organ of a place or to a unit. Who has it from now on must take it on (签收), and what was sent back
  /// is decided by this. Whether the other clocks run on or start again is the policy's; what the resident waits runs on.
  mutating func assign(by entry: Entry, at time: Instant) throws(Inapplicability) {
    guard case .assigned(let assignment) = entry.event else { return }
    try checkCount(of: assignment.units)
    if let region = assignment.region { matter.opening?.place = Place(entry.stamp, community: region.community) }
    matter.opening?.tier = assignment.tier
    matter.opening?.isFinal = assignment.isFinal
    // Of a confidential matter only an operator takes the recipient away.
    if !matter.hasRecipient || entry.key == nil {
      if let lead = assignment.units.lead {
        take(lead: lead, by: entry, at: time)
      } else {
        matter.opening?.lead = nil
        matter.opening?.leadID = nil
      }
    }
    for (unit, _) in matter.items { reassign(unit, by: entry, at: time) }
    matter[nil].change { $0.isReturning = false }
    startAgain(by: entry, at: time)
    for unit in assignment.units.supporting { namePart(unit, by: entry, at: time) }
    explain(nil, at: time)
  }

  /// Starts the clocks of who has been told to do it: 签收 always, the others where the policy says so and their first step has not lapsed.
  private mutating func startAgain(by entry: Entry, at time: Instant) {
    guard let rule = rule(nil), let cycle = matter.whole.cycle else { return }
    let from = startingAgain(cycle, by: entry, at: time)
    func start(_ kind: Item.ClockKind) -> Item.Clock {
      clock(kind, nil, cycle, step: 0, tier: cycle.startTier, from: from, startedBy: entry.number, at: from)
    }
    if rule.acceptance != nil {
      let clock = start(.acceptance)
      matter[nil].change { ($0.acceptance, $0.acceptedAt) = (clock, nil) }
    }
    guard rule.reassigned == .startsAgain else { return }
    for kind in [Item.ClockKind.submission, .resolution] {
      guard let before = cycle[kind], before.step == 0, before.statedAt == nil else { continue }
      let clock = start(kind)
      matter[nil].change { $0[kind] = clock }
    }
  }

  /// 签收, which may name the lead unit and supporting units.
  mutating func accept(_ unit: String?, by entry: Entry, at time: Instant) throws(Inapplicability) {
    guard case .accepted(let units) = entry.event else { return }
    try checkCount(of: units)
    if let lead = units.lead, !matter.hasRecipient {
      take(lead: lead, by: entry, at: time)
      reassign(nil, by: entry, at: time)
    }
    for unit in units.supporting { namePart(unit, by: entry, at: time) }
    sign(unit, at: time)
  }

  private func checkCount(of units: Event.Units) throws(Inapplicability) {
    guard matter.parts.count + units.supporting.count(where: { matter.item(of: $0) == nil }) <= Limits.parts else {
      throw Inapplicability(.limitReached, at: "/data/supporting", "at most \(Limits.parts) units can support an item")
    }
  }

  private mutating func take(lead: String, by entry: Entry, at time: Instant) {
    matter.opening?.lead = lead
    matter.opening?.leadID = entry.stamp.units[lead]
    // A unit that gets the lead has no part beside it.
    if let part = matter.item(of: lead), TransitionTable.transition(.takesLead, in: part.phase) == .closed {
      close(lead, by: entry, at: time, isWithdrawal: false)
    }
  }

  /// Gives a unit a part. One that ended before the whole was reopened begins again. In every other case naming the unit again
  /// changes nothing.
  mutating func namePart(_ unit: String, by entry: Entry, at time: Instant) {
    guard !matter.isLed(by: unit) else { return }
    let part = matter.item(of: unit)
    switch TransitionTable.transition(.isNamed, in: part?.phase ?? .awaited) {
    case .opened: matter.parts.append(Matter.Part(unit: unit, unitID: entry.stamp.units[unit]))
    case .reopened:
      guard let closedAt = part?.closedAt, let cycle = matter.whole.cycle, closedAt <= cycle.beganAt else { return }
    default: return
    }
    // What falls due at a stated time (提醒) does so for its supporting units too.
    begin(unit, by: entry, at: time, due: matter.whole.cycle?.resolution?.statedAt)
  }

  /// 补派: the directory has the street or the units now.
  mutating func place(by entry: Entry, at time: Instant) {
    guard case .placed(let region) = entry.event else { return }
    matter.opening?.place = Place(entry.stamp, community: region?.community)
    // A unit that was named before, in an entry that was heard later, is known by that entry.
    if let lead = matter.opening?.lead, let unit = entry.stamp.units[lead] { matter.opening?.leadID = unit }
    for (i, part) in matter.parts.enumerated() {
      if let unit = entry.stamp.units[part.unit] { matter.parts[i].unitID = unit }
    }
    for (unit, _) in matter.items { reassign(unit, by: entry, at: time) }
  }

  /// Makes another organ or unit responsible: the clocks run on, and a tier that supervises goes on to. Who was told too late does not inherit what
  /// fell due before.
  private mutating func reassign(_ unit: String?, by entry: Entry, at time: Instant) {
    guard let opening = matter.opening, let rule = rule(unit) else { return }
    let holder = holder(unit, from: rule.start(of: opening, unit: unit))
    let since = countingStart(time, told: entry.recordedAt, by: entry.key?.source ?? matter.key.source)
    matter[unit].change { cycle in
      if since > time, holder.organID != cycle.responsibleID {
        if cycle.handovers.isEmpty { cycle.handovers.append(Item.Handover(organID: cycle.responsibleID, since: cycle.beganAt)) }
        cycle.handovers.append(Item.Handover(organID: holder.organID, since: since))
      } else if holder.organID != cycle.responsibleID {
        cycle.handovers = []
      }
      (cycle.responsibleID, cycle.startTier) = (holder.organID, holder.tier)
      for kind in Item.ClockKind.allCases where cycle[kind]?.step == 0 { cycle[kind]?.tier = holder.tier }
    }
  }

  /// An operator puts the matter on another policy version: its clocks count from when they did, and what was breached stays so.
  mutating func movePolicy(by entry: Entry, at time: Instant) {
    guard case .policyMoved(let version, _, _) = entry.event else { return }
    let rules = matter.items.map { rule($0.unit) }
    matter.opening?.policyVersion = version
    for ((unit, item), earlier) in zip(matter.items, rules) {
      guard TransitionTable.transition(.policyMoved, in: item.phase) == .recomputed, let cycle = item.cycle,
        let rule = rule(unit)
      else { continue }
      if rule.review == nil { matter[unit].change { $0.review = nil } }
      // A rule outside the chain gives no tier above a time: what such a tier owed has no deadline any more.
      for (kind, clock) in item.clocks where rule.limit(of: kind)?.allowance(step: clock.step, tier: clock.tier) == nil {
        matter[unit].change { $0[kind] = nil }
      }
      for kind in [Item.ClockKind.acceptance, .response, .submission] {
        if rule.limit(of: kind) == nil {
          matter[unit].change { $0[kind] = nil }
        } else if cycle[kind] == nil, cycle.doneAt(kind) == nil, earlier?.limit(of: kind) == nil, cycle.breachedTier == nil,
          let first = cycle.resolution?.start
        {
          // The other policy has a clock where this one had none: it runs if it is still ahead, and nothing was breached before. A step that
          // lapsed under an earlier policy would lapse again.
          let clock = clock(kind, unit, cycle, step: 0, tier: cycle.startTier, from: first, at: time)
          if clock.dueAt > time { matter[unit].change { $0[kind] = clock } }
        }
      }
      recompute(unit, at: time)
      summon(unit)
    }
  }
}

extension Place {
  /// The place as the directory knew it when the entry was recorded.
  public init(_ stamp: Stamp, community: String?) {
    self.init(
      cityID: stamp.cityID, districtID: stamp.districtID, streetID: stamp.streetID, communityID: stamp.communityID,
      community: community)
  }
}
