// 提级督办: a deadline lapses, a breach is found, and the supervising tier rises (社区 →) 街道 → 区 → 市. The responsible unit (承办) stays
// responsible.
//
// Each clock has a chain of its own. The first step is owed by the responsible unit, each further one by the supervising tier (督办), for not
// having acted in its time. So a unit that let 响应 pass still owes 办结 by the policy's limit, whatever tier supervises meanwhile: a breach
// of one clock never moves the blame for the other.

extension Fold {
  /// Lets a clock lapse (R22): a breach, and the next tier of the chain.
  mutating func lapse(_ unit: String?, _ kind: Item.ClockKind) {
    guard TransitionTable.transition(.deadlineLapses, in: matter[unit].phase) == .lapsed, let opening = matter.opening,
      let rule = rule(unit), let cycle = matter[unit].cycle, let clock = cycle[kind]
    else {
      // Only clocks of items in work run, and only those have a cycle.
      preconditionFailure("a deadline lapsed in \(matter[unit].phase)")
    }
    var lapse = Lapse(
      step: Step(unit: unit, begunBy: cycle.begunBy, clock: kind, startedBy: clock.startedBy, tier: clock.tier),
      cycle: matter[unit].cycles,
      organID: accountable(for: clock, in: cycle), startedAt: clock.start, dueAt: clock.dueAt, foundAt: now,
      slip: rule.slips?.colour(ofStep: clock.step), isSupervising: clock.step > 0)
    lapse.foundAt = foundAt(lapse)
    // A tier without an organ is passed over: every item always has an owner.
    let above = rule.escalates ? opening.place.tier(above: clock.tier) : nil
    for tier in Tier.allCases where rule.escalates && tier > clock.tier && above.map({ tier < $0 }) ?? true {
      passedOver.append((tier, nil))
    }
    if let above {
      let start = countingStart(clock.dueAt, told: max(lapse.foundAt, clock.dueAt), by: nil)
      let next = self.clock(
        kind, unit, cycle, step: clock.step + 1, tier: above, from: start, startedBy: clock.startedBy, at: start)
      (lapse.raisedTo, lapse.nextDueAt) = (above, next.dueAt)
      if start != clock.dueAt { lapse.countedFrom = start }
      matter[unit].change {
        $0[kind] = next
        $0.supervisor = max($0.supervisor ?? above, above)
      }
      matter[unit].escalations += 1
    } else {
      matter[unit].change { $0[kind] = nil }
    }
    matter[unit].change { $0.breachedTier = max($0.breachedTier ?? clock.tier, clock.tier) }
    matter[unit].breachedAt = min(matter[unit].breachedAt ?? clock.dueAt, clock.dueAt)
    matter.log.lastLapse = max(matter.log.lastLapse ?? clock.dueAt, clock.dueAt)
    lapses.append(lapse)
    if above != nil { explain(unit, kind, at: clock.dueAt, insteadOf: lapse.countedFrom == nil ? nil : clock.dueAt) }
    summon(unit)
  }

  /// 约谈 is proposed once for each cycle, when a tier at or above the policy's lets a deadline pass (R34): of the responsible unit, or where
  /// an organ of the chain is responsible, of the district, which answers for its streets. The city does not summon itself.
  mutating func summon(_ unit: String?) {
    guard let cycle = matter[unit].cycle, !cycle.isSummoned, let rule = rule(unit), rule.escalates, let opening = matter.opening,
      let breached = cycle.breachedTier, breached >= rule.summonsAt, let organ = summoned(cycle, opening.place)
    else { return }
    matter[unit].change { $0.isSummoned = true }
    summonses.append(Summons(unit: unit, begunBy: cycle.begunBy, cycle: matter[unit].cycles, organID: organ))
  }

  /// The present cycles in which a 约谈 was proposed before this run: one that was withdrawn since is proposed again when there is cause again.
  var earlierSummonses: [Summons] {
    guard let opening = matter.opening else { return [] }
    return matter.items.compactMap { unit, item in
      guard let cycle = item.cycle, cycle.isSummoned, let organ = summoned(cycle, opening.place),
        !summonses.contains(where: { $0.unit == unit && $0.begunBy == cycle.begunBy })
      else { return nil }
      return Summons(unit: unit, begunBy: cycle.begunBy, cycle: item.cycles, organID: organ)
    }
  }

  private func summoned(_ cycle: Item.Cycle, _ place: Place) -> Int64? {
    if let responsible = cycle.responsibleID, references.directory.organs[responsible]?.tier == nil { return responsible }
    return place.districtID ?? place.streetID
  }
}
