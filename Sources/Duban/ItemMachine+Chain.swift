// The chain 街道 → 区 → 市: what becomes of an item whose deadline passes.

extension ItemMachine {
  /// Lets an item's deadline pass, if it is due: a breach, and the next tier of the chain (R22).
  ///
  /// `history` is what the item breached before, for the evidence of a notice. Returns whether there was anything to do.
  @discardableResult
  public func lapse(_ item: inout Item, history: [Breach] = [], into effects: inout Effects) -> Bool {
    guard item.suspendedAt == nil, let deadline = item.deadline, deadline.dueAt <= now,
      let rule = policies.policy(for: item).rule(for: item)
    else {
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

  /// Records the deadlines that had passed when the event happened, in case the sweep has not come by yet.
  func settleLapses(of item: inout Item, before time: Instant, _ history: [Breach], _ effects: inout Effects) {
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
