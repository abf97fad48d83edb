// 中止计时, 恢复: clocks are stopped, and run on with what was left of each. Where the policy has a longest pause for the reason, they run on by
// themselves when that is over.

extension Fold {
  mutating func suspend(_ unit: String?, because event: Event, at time: Instant) throws(Inapplicability) {
    guard case .suspended(let reason) = event, let cycle = matter[unit].cycle else { return }
    if let allowed = rule(unit)?.pauses?.map(\.reason), !allowed.contains(reason) {
      throw Inapplicability(
        .notAllowed, at: "/data/reason", "the policy lets clocks be suspended for: \(allowed.joined(separator: ", "))")
    }
    // A second one while they are suspended moves nothing, nor the end of the first.
    guard !cycle.isSuspended else { return }
    let until = longestEnd(of: reason, unit, from: time, at: time)
    matter[unit].change { cycle in
      cycle.isSuspended = true
      cycle.suspension = until.map { Item.Suspension(reason: reason, from: time, until: $0) }
    }
    stop(unit, at: time)
  }

  /// Until when clocks that were suspended for a reason are so at most; nil where the policy sets no limit.
  private func longestEnd(of reason: String, _ unit: String?, from: Instant, at time: Instant) -> Instant? {
    guard let longest = rule(unit)?.pauses?.first(where: { $0.reason == reason })?.longest else { return nil }
    return workingTime(of: matter[unit].cycle?.responsibleID, at: time).end(of: longest, from: from).instant
  }

  /// Computes by another policy or calendar until when a suspension lasts at most. One that would be over by now ends now: no organ is blamed for
  /// what it was not told.
  mutating func recomputeSuspension(_ unit: String?, at time: Instant) {
    guard var suspension = matter[unit].cycle?.suspension else { return }
    let until = longestEnd(of: suspension.reason, unit, from: suspension.from, at: time)
    suspension.until = max(until ?? time, time)
    matter[unit].change { $0.suspension = until == nil ? nil : suspension }
  }

  /// The next suspension that ends by itself.
  func nextSuspensionEnd() -> (unit: String?, at: Instant)? {
    matter.items.compactMap { unit, item in item.suspensionEnd.map { (unit, $0) } }.min { $0.1 < $1.1 }
  }

  /// The longest pause is over: clocks run on, as if 恢复 had come then.
  mutating func endSuspension(_ unit: String?, at time: Instant) {
    matter[unit].change { ($0.isSuspended, $0.suspension) = (false, nil) }
    letRun(unit, from: time, at: time)
    // What is heard from before it changes what it did.
    matter.log.lastLapse = max(matter.log.lastLapse ?? time, time)
    suspensionEnds.append(SuspensionEnd(unit: unit, at: time))
  }

  /// A tier that is told of the end late, beyond the tolerance, counts from the hearing.
  mutating func resume(_ unit: String?, by entry: Entry, at time: Instant) {
    guard let cycle = matter[unit].cycle, cycle.isSuspended else { return }
    matter[unit].change { ($0.isSuspended, $0.suspension) = (false, nil) }
    // Without it they would have run on when the longest pause was over, as every owner knew.
    letRun(unit, from: min(runningFrom(entry, at: time), cycle.suspension?.until ?? .distantFuture), at: time)
  }

  /// Stops the clocks of an item, for whatever reason.
  mutating func stop(_ unit: String?, at time: Instant) {
    matter[unit].change { if !$0.isStopped { $0.pauses.append(Item.Pause(from: time)) } }
  }

  /// Lets the clocks of an item run on, unless there is still a reason why they are stopped.
  mutating func letRun(_ unit: String?, by entry: Entry, at time: Instant) {
    letRun(unit, from: runningFrom(entry, at: time), at: time)
  }

  /// From when clocks run on: not before their owners were told, where that was beyond the tolerance.
  private func runningFrom(_ entry: Entry, at time: Instant) -> Instant {
    countingStart(time, told: entry.recordedAt, by: entry.key?.source ?? matter.key.source)
  }

  private mutating func letRun(_ unit: String?, from resumed: Instant, at time: Instant) {
    guard case .active(let cycle) = matter[unit].state, cycle.isStopped, !cycle.isSuspended, !cycle.isParked else { return }
    matter[unit].change { $0.pauses[$0.pauses.count - 1].until = resumed }
    recompute(unit, at: time, after: matter[unit].cycle?.pauses.last)
  }
}

extension Instant {
  fileprivate static let distantFuture = Instant(microseconds: .max)
}
