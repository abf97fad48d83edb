// The chain 街道 → 区 → 市: what becomes of an item whose deadline draws near, and passes.

extension ItemMachine {
  /// Does what is due on an item: lets its deadline pass, or warns its holder that it soon will. Returns whether there was anything to do.
  ///
  /// `history` is what the item breached before, needed where ``maySummon(over:)`` says so.
  @discardableResult
  public func wake(_ item: inout Item, history: [Breach] = [], into effects: inout Effects) -> Bool {
    if lapse(&item, history: history, into: &effects) { return true }
    guard item.suspendedAt == nil, let warnAt = item.deadline?.warnAt, warnAt <= now else { return false }
    item.deadline?.warnAt = nil
    recordDueSoon(&item, &effects)
    return true
  }

  /// Lets an item's deadline pass, if it is due: a breach, and the next tier of the chain (R22).
  @discardableResult
  public func lapse(_ item: inout Item, history: [Breach] = [], into effects: inout Effects) -> Bool {
    guard item.suspendedAt == nil, let deadline = item.deadline, deadline.dueAt <= now, let rule = rule(of: item) else {
      return false
    }
    let breach = Breach(
      itemID: item.id, cycle: item.cycle, clock: deadline.clock, tier: item.tier, organID: item.holderID,
      dueAt: deadline.dueAt, foundAt: now, slip: rule.slips?.colour(at: item.tier))
    // What this run found on the item before stands together at the end.
    let before = history + effects.breaches.reversed().prefix { $0.itemID == item.id }.reversed()
    effects.breaches.append(breach)
    item.breachedAt = item.breachedAt ?? deadline.dueAt
    // A tier without an organ is passed over: an item never waits for nobody.
    if let above = item.place.tier(above: item.tier) {
      climb(&item, from: breach, to: above, rule, &effects)
    } else {
      exhaust(&item, breach, &effects)
    }
    if summons(breach, after: before, by: rule) {
      let notice = Notice.summons(over: item, breaches: before + [breach], directory: directory, at: now)
      effects.notices.append(notice)
      effects.announcements.append(notice.announcement(orderKey: item.id))
    }
    return true
  }

  /// Whether a lapse of the item's deadline would lead to a 约谈, or has done so: what it breached before is then needed.
  public func maySummon(over item: Item) -> Bool {
    rule(of: item).map { item.tier >= $0.summonsAt } ?? false
  }

  /// A 约谈 is proposed with its evidence (R34) once for each item, cycle and clock: for the first breach at or above the policy's tier.
  private func summons(_ breach: Breach, after history: [Breach], by rule: Policy.Rule) -> Bool {
    breach.tier >= rule.summonsAt
      && !history.contains { ($0.cycle, $0.clock) == (breach.cycle, breach.clock) && $0.tier >= rule.summonsAt }
  }

  /// Records the deadlines that had passed when the event happened, in case the sweep has not come by yet.
  func settleLapses(of item: inout Item, before time: Instant, _ history: [Breach], _ effects: inout Effects) {
    while let deadline = item.deadline, deadline.dueAt < time {
      guard lapse(&item, history: history, into: &effects) else { return }
    }
  }

  /// The item as it stands once the deadlines have lapsed that had passed at a time.
  func lapsed(_ item: Item, before time: Instant) -> Item {
    var item = item
    var unused = Effects()
    settleLapses(of: &item, before: time, [], &unused)
    return item
  }

  /// The tier that held an item at a time of its present cycle: the one whose deadline passed next, or else the one that holds it still.
  func tier(of item: Item, at time: Instant, _ history: [Breach]) -> Tier {
    history.first { $0.cycle == item.cycle && $0.dueAt >= time }?.tier ?? item.tier
  }

  private func climb(_ item: inout Item, from breach: Breach, to above: Tier, _ rule: Policy.Rule, _ effects: inout Effects) {
    let start = policies.policy(for: item).start(nominal: breach.dueAt, told: now)
    passOver(Tier.allCases.filter { $0 > item.tier && $0 < above }, item, &effects)
    (item.tier, item.unitID) = (above, nil)
    item.escalations += 1
    let allowance = rule.limit(of: breach.clock).allowance(at: above, startedAt: rule.start(of: item))
    setDeadline(of: &item, breach.clock, rule, allowance, from: start, insteadOf: breach.dueAt, &effects)
    letSettlingGoFirst(&item, from: start)
    record(.itemEscalated, &item, breach, countedFrom: start == breach.dueAt ? nil : start, &effects)
  }

  /// Notes tiers at which an item does not stay, because nobody is there.
  func passOver(_ tiers: [Tier], _ item: Item, _ effects: inout Effects) {
    effects.passedOver += tiers.map { PassedOver(item: item.key, tier: $0) }
  }

  /// Overdue at 市: nobody is above.
  private func exhaust(_ item: inout Item, _ breach: Breach, _ effects: inout Effects) {
    passOver(Tier.allCases.filter { $0 > item.tier }, item, &effects)
    // An item that was never answered must still be settled: its other clock goes on.
    item.deadline = breach.clock == .response ? resolutionDeadline(of: item) : nil
    record(.itemOverdue, &item, breach, &effects)
  }
}

// MARK: - Deadlines

extension ItemMachine {
  func rule(of item: Item) -> Policy.Rule? { policies.policy(for: item).rule(for: item) }

  /// The days and hours by which the tier that holds an item works: of a log that is run again, the hours that were in force then.
  func workingTime(of item: Item) -> WorkingTime {
    WorkingTime(calendar: calendar, hours: directory.officeHours(of: item.holderID, at: now))
  }

  /// Sets a clock of the tier that holds an item, to run from `start`, which is later than the `nominal` one where it was heard of too late.
  func setDeadline(
    of item: inout Item, _ clock: Item.Clock, _ rule: Policy.Rule, _ allowance: Allowance, from start: Instant,
    insteadOf nominal: Instant, _ effects: inout Effects
  ) {
    let end = workingTime(of: item).end(of: allowance, from: start)
    item.deadline = warned(clock, at: end.instant, rule.limit(of: clock), from: start)
    noteProvisional(end.isProvisional, on: &item)
    explain(.counted(allowance, from: start), insteadOf: nominal == start ? nil : nominal, &item, clock, end.instant, &effects)
  }

  func noteProvisional(_ isProvisional: Bool, on item: inout Item) {
    if isProvisional { item.provisionalUnder = calendar.version }
  }

  func explain(
    _ ground: Derivation.Ground, insteadOf nominal: Instant? = nil, _ item: inout Item, _ clock: Item.Clock, _ dueAt: Instant,
    _ effects: inout Effects
  ) {
    guard explains else { return }
    effects.derivations.append(
      Derivation(
        ground: ground, clock: clock, tier: item.tier, organID: item.holderID, cycle: item.cycle, dueAt: dueAt,
        policyVersion: item.policyVersion, policyLine: rule(of: item)?.line ?? 0, days: workingTime(of: item),
        nominalStart: nominal, tolerance: policies.policy(for: item).tolerance))
  }

  /// Where settling is due before answering would be, settling is the clock that runs: whoever settles a matter has answered it.
  func letSettlingGoFirst(_ item: inout Item, from start: Instant) {
    guard let deadline = item.deadline, deadline.clock == .response, let settleBy = item.resolutionDueAt, settleBy > start,
      settleBy < deadline.dueAt
    else { return }
    item.deadline = resolutionDeadline(of: item)
  }

  /// The deadline by which the present cycle is to be settled.
  func resolutionDeadline(of item: Item) -> Item.Deadline? {
    guard let dueAt = item.resolutionDueAt, let limit = rule(of: item)?.resolution else { return nil }
    return warned(.resolution, at: dueAt, limit, from: now)
  }

  /// Who has just been told needs no warning.
  func warned(_ clock: Item.Clock, at dueAt: Instant, _ limit: Policy.Limit, from start: Instant) -> Item.Deadline {
    let warnAt = limit.warning.map { dueAt - $0 }
    return Item.Deadline(clock: clock, dueAt: dueAt, warnAt: warnAt.flatMap { $0 > start ? $0 : nil })
  }
}
