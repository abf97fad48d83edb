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

  mutating func decideExtension(_ unit: String?, _ event: Event, at time: Instant) throws(Inapplicability) {
    guard case .extensionDecided(let decision) = event, let cycle = matter[unit].cycle else { return }
    guard cycle.requestedUntil != nil else {
      throw Inapplicability(.notRequested, at: "/type", "no extension is asked for that is not decided; send the request first")
    }
    guard case .approved(let until, let approver) = decision else {
      return matter[unit].change { $0.requestedUntil = nil }
    }
    try checkLimit(of: cycle, unit)
    try checkApprover(approver, of: cycle, unit)
    guard let dueAt = cycle.resolution?.dueAt, until > dueAt else {
      throw Inapplicability(
        .invalidValue, at: "/data/until",
        "an extension ends after the deadline\(cycle.resolution.map { ", which is \($0.dueAt.rfc3339)" } ?? "")")
    }
    matter[unit].change {
      $0.requestedUntil = nil
      $0.extensions += 1
      $0.grant = Item.Grant(until: until, at: time)
    }
    recompute(unit, at: time)
  }

  private func checkLimit(of cycle: Item.Cycle, _ unit: String?) throws(Inapplicability) {
    let limit = rule(unit)?.extensions ?? 0
    guard cycle.extensions < limit else {
      throw Inapplicability(
        .limitReached, at: "/type", "the policy allows \(limit) extensions of an item, and as many were granted")
    }
  }

  /// No permission depends on which tier supervises: that may change when something earlier is heard.
  private func checkApprover(_ approver: String, of cycle: Item.Cycle, _ unit: String?) throws(Inapplicability) {
    guard let place = matter.opening?.place else { return }
    let lowest = rule(unit)?.approver ?? .district
    // The responsible unit may not grant time to itself; above the city there is no organ.
    let organs = Tier.allCases.filter { $0 >= lowest }.compactMap { tier in
      place.organ(at: tier).flatMap { $0 != cycle.responsibleID || tier == .city ? references.directory.name(of: $0) : nil }
    }
    guard organs.contains(where: { $0.hasSameBytes(as: approver) }) else {
      throw Inapplicability(.notAllowed, at: "/data/approver", "may be approved by: \(organs.joined(separator: ", "))")
    }
  }
}
