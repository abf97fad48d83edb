// 退单: who has a matter that is not theirs sends it back. It stays theirs until another is told to do it (首接负责), and the clocks run.

extension Fold {
  mutating func sendBack(_ unit: String?) throws(Inapplicability) {
    if matter.opening?.isFinal == true {
      throw Inapplicability(.notAllowed, at: "/type", "the responsible unit was designated (指定承办), so it may not send it back")
    }
    if let limit = rule(unit)?.returns, matter[unit].returns >= limit {
      throw Inapplicability(.limitReached, at: "/type", "the policy allows \(limit) returns of an item, and as many were made")
    }
    matter[unit].returns += 1
    matter[unit].change { $0.isReturning = true }
  }

  /// Where it is approved, 改派 follows; where it is rejected, nothing changes.
  mutating func decideReturn(_ unit: String?, by entry: Entry) throws(Inapplicability) {
    guard case .returnDecided(let decision) = entry.event else { return }
    guard matter[unit].cycle?.isReturning == true else {
      throw Inapplicability(
        .notRequested, at: "/type", "no return is asked for that is not decided; send complaint.returned first")
    }
    try checkDecider(entry, unit)
    if !decision.isApproved { matter[unit].change { $0.isReturning = false } }
  }
}
