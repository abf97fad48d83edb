// 延期: asked for before the responsible unit's deadline lapses, decided by an organ at or above the policy's tier, as often as the policy allows.

extension Fold {
  mutating func requestExtension(_ unit: String?, _ event: Event, at time: Instant) throws(Inapplicability) {
    guard case .extensionRequested(_, let until) = event, let cycle = matter[unit].cycle else { return }
    // At step 0 the responsible unit's deadline has not lapsed. While the clocks are stopped none lapses, whichever step they are at.
    guard cycle.isStopped || cycle.resolution?.step == 0 else {
      throw Inapplicability(.tooLate, at: "/time", "an extension is asked for before the deadline, which has passed")
    }
    try checkLimit(of: cycle, unit)
    matter[unit].change { $0.requestedUntil = until }
  }

  mutating func decideExtension(_ unit: String?, by entry: Entry, at time: Instant) throws(Inapplicability) {
    guard case .extensionDecided(let decision) = entry.event, let cycle = matter[unit].cycle else { return }
    guard cycle.requestedUntil != nil else {
      throw Inapplicability(.notRequested, at: "/type", "no extension is asked for that is not decided; send the request first")
    }
    guard case .approved(let until, _) = decision else {
      return matter[unit].change { $0.requestedUntil = nil }
    }
    try checkLimit(of: cycle, unit)
    try checkDecider(entry, unit)
    guard let dueAt = cycle.resolution?.dueAt, until > dueAt else {
      throw Inapplicability(
        .invalidValue, at: "/data/until",
        "an extension ends after the deadline\(cycle.resolution.map { ", which is \($0.dueAt.rfc3339)" } ?? "")")
    }
    try checkLength(until, from: dueAt, of: cycle, unit, at: time)
    matter[unit].change {
      $0.requestedUntil = nil
      $0.extensions += 1
      $0.grant = Item.Grant(until: until, at: time)
    }
    recompute(unit, at: time)
  }

  /// One that is too long is not cut: who decided must know that it did not count.
  private func checkLength(
    _ until: Instant, from dueAt: Instant, of cycle: Item.Cycle, _ unit: String?, at time: Instant
  ) throws(Inapplicability) {
    guard let longest = rule(unit)?.longestExtension else { return }
    let last = workingTime(of: cycle.responsibleID, at: time).end(of: longest, from: dueAt).instant
    guard until <= last else {
      throw Inapplicability(
        .notAllowed, at: "/data/until",
        "the policy lets an extension be \(longest.text) at most, until \(last.rfc3339); grant one that ends by then")
    }
  }

  private func checkLimit(of cycle: Item.Cycle, _ unit: String?) throws(Inapplicability) {
    let limit = rule(unit)?.extensions ?? 0
    guard cycle.extensions < limit else {
      throw Inapplicability(
        .limitReached, at: "/type", "the policy allows \(limit) extensions of an item, and as many were granted")
    }
  }
}
