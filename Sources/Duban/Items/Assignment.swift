// 主办, 协办, 改派, 派件: who is responsible. The lead unit holds the whole where its chain starts; each supporting unit has a part with a clock
// of its own (R12 水, 电, 气, 通信; R41 牵头部门和责任单位).

extension Fold {
  /// 签收 may name the lead unit and supporting units.
  mutating func nameUnits(by entry: Entry, at time: Instant) throws(Inapplicability) {
    guard case .accepted(let units) = entry.event else { return }
    guard matter.parts.count + units.supporting.count(where: { matter.item(of: $0) == nil }) <= Limits.parts else {
      throw Inapplicability(.limitReached, at: "/data/supporting", "at most \(Limits.parts) units can support an item")
    }
    if let lead = units.lead {
      matter.opening?.lead = lead
      matter.opening?.leadID = entry.stamp.units[lead]
      // A unit that gets the lead has no part beside it.
      if let part = matter.item(of: lead), TransitionTable.transition(.takesLead, in: part.phase) == .closed {
        close(lead, by: entry, at: time, isWithdrawal: false)
      }
      reassign(nil, by: entry, at: time)
    }
    for unit in units.supporting { namePart(unit, by: entry, at: time) }
  }

  /// Gives a unit a part. One that ended before the whole was reopened begins again; by being listed again, a unit gets nothing new.
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

  /// 派件: the directory has the street or the units now.
  mutating func assign(by entry: Entry, at time: Instant) {
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
    let hadResponse = matter.items.map { rule($0.unit)?.response != nil }
    matter.opening?.policyVersion = version
    for ((unit, item), hadResponse) in zip(matter.items, hadResponse) {
      guard TransitionTable.transition(.policyMoved, in: item.phase) == .recomputed, let cycle = item.cycle,
        let rule = rule(unit)
      else { continue }
      if rule.response == nil {
        matter[unit].change { $0.response = nil }
      } else if cycle.response == nil, cycle.answeredAt == nil, !hadResponse, cycle.breachedTier == nil,
        let first = cycle.resolution?.start
      {
        // The other policy has a response clock where this one had none: it runs if it is still ahead, and nothing was breached before. A
        // step that lapsed under an earlier policy would lapse again.
        let clock = clock(.response, unit, cycle, step: 0, tier: cycle.startTier, from: first, at: time)
        if clock.dueAt > time { matter[unit].change { $0.response = clock } }
      }
      recompute(unit, at: time)
      summon(unit)
    }
  }
}

extension Place {
  /// The place as the directory knew it when the entry was recorded.
  init(_ stamp: Stamp, community: String?) {
    self.init(cityID: stamp.cityID, districtID: stamp.districtID, streetID: stamp.streetID, community: community)
  }
}
