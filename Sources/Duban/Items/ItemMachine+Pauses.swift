// Pauses (暂停), extensions (延期) and merging (合并): what holds an item's clocks, or moves them, without ending them.

// MARK: - 暂停, 恢复

extension ItemMachine {
  func checkPause(of item: Item, for reason: String?) throws(Refusal) {
    guard let allowed = rule(of: item)?.pauses else { return }
    guard let reason, allowed.contains(reason) else {
      throw Refusal(.notAllowed, at: "/data/reason", "the policy lets clocks be held for: \(allowed.joined(separator: ", "))")
    }
  }

  func suspend(_ item: inout Item, at time: Instant, _ history: [Breach], _ effects: inout Effects) {
    // The longest of two pauses that overlap counts from the earlier.
    item.suspendedAt = min(item.suspendedAt ?? time, time)
    guard let resumed = item.earlyResumption, resumed >= time else { return }
    item.earlyResumption = nil
    resume(&item, at: resumed, history, &effects)
  }

  func resume(_ item: inout Item, at time: Instant, _ history: [Breach], _ effects: inout Effects) {
    guard let since = item.suspendedAt, time >= since else {
      item.earlyResumption = max(item.earlyResumption ?? time, time)
      return
    }
    letRun(&item, heldSince: since, at: time, history, &effects)
  }

  /// Lets clocks run on: what was left of each when it was held is left of it now. A tier that hears of it late, beyond the policy's
  /// tolerance, counts from the hearing. The clock of a tier that the item has climbed to, by `history`, was held no earlier than it ran.
  private func letRun(
    _ item: inout Item, heldSince: Instant, at time: Instant, _ history: [Breach], _ effects: inout Effects
  ) {
    item.suspendedAt = nil
    guard let rule = rule(of: item) else { return }
    let policy = policies.policy(for: item)
    let resumed = policy.start(nominal: time, told: now)
    let days = workingTime(of: item)
    if let deadline = item.deadline {
      let limit = rule.limit(of: deadline.clock)
      let climbed = (history + effects.breaches).last {
        ($0.itemID, $0.cycle, $0.clock) == (item.id, item.cycle, deadline.clock)
      }
      let since = max(heldSince, climbed.map { policy.start(nominal: $0.dueAt, told: $0.foundAt) } ?? heldSince)
      let allowance = limit.allowance(at: item.tier, startedAt: rule.start(of: item))
      let end = days.end(of: allowance, otherwise: deadline.dueAt, heldFrom: since, until: resumed)
      item.deadline = warned(deadline.clock, at: end.instant, limit, from: now)
      noteProvisional(end.isProvisional, on: &item)
      explain(
        .held(allowance, from: since, until: resumed), insteadOf: resumed == time ? nil : time, &item, deadline.clock,
        end.instant,
        &effects)
    }
    if let dueAt = item.resolutionDueAt {
      let end = days.end(of: rule.resolution.within, otherwise: dueAt, heldFrom: heldSince, until: resumed)
      item.resolutionDueAt = end.instant
      noteProvisional(end.isProvisional, on: &item)
      if item.deadline?.clock != .resolution {
        explain(
          .held(rule.resolution.within, from: heldSince, until: resumed), insteadOf: resumed == time ? nil : time, &item,
          .resolution,
          end.instant, &effects)
      }
    }
  }
}

// MARK: - 延期

extension ItemMachine {
  func checkRequest(of item: Item, at time: Instant) throws(Refusal) {
    guard let expiry = item.resolutionDueAt else { return }
    // While the clocks are held, nothing has expired.
    guard item.suspendedAt != nil || time <= expiry else {
      throw Refusal(.tooLate, at: "/time", "an extension is asked for before the deadline, which was \(expiry.rfc3339)")
    }
    try checkLimit(of: item)
  }

  func askExtension(of item: inout Item, at time: Instant, _ effects: inout Effects) {
    item.extensionAskedAt = time
    guard let until = item.earlyGrant else { return }
    item.earlyGrant = nil
    decideExtension(of: &item, until: until == item.openedAt ? nil : until, &effects)
  }

  /// Until when more time is granted; nil where it is not.
  func checkDecision(_ data: EventData, on item: Item, heldBy holder: Tier) throws(Refusal) -> Instant? {
    guard data.decision == "approved", let until = data.until.flatMap({ Instant(rfc3339: $0) }) else { return nil }
    try checkLimit(of: item)
    // Who holds it may not grant it to itself; at the top there is nobody else.
    let lowest = rule(of: item)?.approver ?? .district
    let approvers = Tier.allCases.filter { $0 > holder && $0 >= lowest || $0 == .city }.compactMap {
      directory.name(of: item.place.organ(at: $0))
    }
    guard let approver = data.approver, approvers.contains(approver) else {
      throw Refusal(.notAllowed, at: "/data/approver", "may be approved by: \(approvers.joined(separator: ", "))")
    }
    if let expiry = item.resolutionDueAt, until <= expiry {
      throw Refusal(.invalidValue, at: "/data/until", "an extension ends after the deadline, which is \(expiry.rfc3339)")
    }
    return until
  }

  /// A decision without a request is remembered: the request may be on its way.
  func decideExtension(of item: inout Item, until: Instant?, _ effects: inout Effects) {
    guard item.extensionAskedAt != nil else {
      item.earlyGrant = until ?? item.openedAt
      return
    }
    item.extensionAskedAt = nil
    guard let until else { return }
    item.extensions += 1
    item.resolutionDueAt = max(item.resolutionDueAt ?? until, until)
    explain(.extended, &item, .resolution, until, &effects)
    if let deadline = item.deadline, deadline.clock == .resolution, deadline.dueAt < until, let limit = rule(of: item)?.resolution
    {
      item.deadline = warned(.resolution, at: until, limit, from: now)
    }
  }

  private func checkLimit(of item: Item) throws(Refusal) {
    let limit = rule(of: item)?.extensions ?? 0
    guard item.extensions < limit else {
      throw Refusal(.limitReached, at: "/type", "the policy allows \(limit) extensions of an item, and as many were granted")
    }
  }
}

// MARK: - 合并

extension ItemMachine {
  func checkMerging(into main: Item?) throws(Refusal) {
    if main?.phase == .merged {
      throw Refusal(.invalidValue, at: "/data/into", "the item named there is merged itself; name the one that it follows")
    }
  }

  /// A duplicate's clocks are held while its main item is in work. While that is unknown they run on: an item never waits for nobody.
  /// One that has ended since it was merged ends with it, or is its own again; one that stood settled then settles it at once.
  func merge(
    _ item: inout Item, into key: ItemKey?, which main: Item?, at time: Instant, by event: String, traceparent: String?,
    _ effects: inout Effects
  ) {
    item.main = key
    guard let main, main.phase != .awaited, main.phase != .merged else { return }
    guard !main.hadEnded(by: time), main.closedAt != time else {
      if !main.isWithdrawn { follow(.closed, main.key, &item, at: time, by: event, traceparent: traceparent, &effects) }
      return
    }
    follow(.merged, main.key, &item, at: time, by: event, traceparent: traceparent, &effects)
    guard let endedAt = main.closedAt, endedAt > time else { return }
    follow(
      main.isWithdrawn ? .released : .closed, main.key, &item, at: endedAt, by: event, traceparent: traceparent, &effects)
  }

  /// Lets a duplicate follow its main item, which `envelope` has closed: settled, it is settled too; withdrawn by one resident, the matter
  /// is still there for the other, and the clocks run on. A part (协办件) ends with the whole either way; while that is a duplicate, its
  /// clocks are held too.
  ///
  /// What counts is when the main item ended, not where it stands: it may have begun again at once, where that was heard of first.
  func follow(_ main: Item, _ item: inout Item, _ envelope: Envelope, history: [Breach], into effects: inout Effects) {
    let isPart = item.key.unit != nil
    if let endedAt = main.end(of: item) {
      let trigger: Trigger = isPart ? .wholeClosed : main.isWithdrawn ? .mainWithdrawn : .mainSettled
      follow(trigger, main, &item, at: endedAt, envelope, history, &effects)
    }
    guard isPart else { return }
    let time = min(envelope.time, now)
    switch main.phase {
    case .merged: follow(.wholeMerged, main, &item, at: time, envelope, history, &effects)
    case .open, .responded: follow(.wholeReleased, main, &item, at: time, envelope, history, &effects)
    case .awaited, .closed: break
    }
  }

  /// Ends the part of a unit that has got the lead of the whole: who leads has no part beside it.
  func endPart(of whole: Item, _ part: inout Item, _ envelope: Envelope, history: [Breach], into effects: inout Effects) {
    follow(.takesLead, whole, &part, at: min(envelope.time, now), envelope, history, &effects)
  }

  private func follow(
    _ trigger: Trigger, _ main: Item, _ item: inout Item, at time: Instant, _ envelope: Envelope, _ history: [Breach],
    _ effects: inout Effects
  ) {
    guard item.main == main.key else { return }
    let (event, trace) = (envelope.type.name, envelope.traceparent)
    switch TransitionTable.transition(trigger, in: item.phase) {
    case .closed:
      settleLapses(of: &item, before: time, history, &effects)
      follow(.closed, main.key, &item, isWithdrawal: main.isWithdrawn, at: time, by: event, traceparent: trace, &effects)
    case .merged:
      settleLapses(of: &item, before: time, history, &effects)
      follow(.merged, main.key, &item, at: time, by: event, traceparent: trace, &effects)
    case .released: follow(.released, main.key, &item, at: time, by: event, traceparent: trace, &effects)
    default: break
    }
  }

  /// What a duplicate does because of its main item, on record as an event of its own.
  func follow(
    _ step: Following, _ main: ItemKey, _ item: inout Item, isWithdrawal: Bool = false, at time: Instant, by event: String,
    traceparent: String?, _ effects: inout Effects
  ) {
    logFollowing(
      step, main, &item, isWithdrawal: isWithdrawal, at: time, by: event, traceparent: traceparent, &effects)
    switch step {
    case .merged:
      item.phase = .merged
      item.suspendedAt = min(item.suspendedAt ?? time, time)
    case .closed: close(&item, by: event, isWithdrawal: isWithdrawal, at: time, traceparent: traceparent, &effects)
    case .released:
      item.phase = .open
      if item.key.unit == nil { item.main = nil }
      if let since = item.suspendedAt { letRun(&item, heldSince: since, at: max(time, since), [], &effects) }
      if let answeredAt = item.answeredAt, answeredAt >= item.reopenedAt ?? answeredAt { answer(&item) }
    }
  }
}
