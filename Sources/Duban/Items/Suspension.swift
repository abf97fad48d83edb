// 中止计时, 恢复: clocks are stopped, and run on with what was left of each.

extension Fold {
  mutating func suspend(_ unit: String?, because event: Event, at time: Instant) throws(Inapplicability) {
    if let allowed = rule(unit)?.pauseReasons {
      guard case .suspended(let reason) = event, allowed.contains(reason) else {
        throw Inapplicability(
          .notAllowed, at: "/data/reason", "the policy lets clocks be suspended for: \(allowed.joined(separator: ", "))")
      }
    }
    matter[unit].change { $0.isSuspended = true }
    stop(unit, at: time)
  }

  /// A tier that is told of the end late, beyond the tolerance, counts from the hearing.
  mutating func resume(_ unit: String?, by entry: Entry, at time: Instant) {
    guard matter[unit].cycle?.isSuspended == true else { return }
    matter[unit].change { $0.isSuspended = false }
    letRun(unit, by: entry, at: time)
  }

  /// Stops the clocks of an item, for whatever reason.
  mutating func stop(_ unit: String?, at time: Instant) {
    matter[unit].change { if !$0.isStopped { $0.pauses.append(Item.Pause(from: time)) } }
  }

  /// Lets the clocks of an item run on, unless there is still a reason why they are stopped.
  mutating func letRun(_ unit: String?, by entry: Entry, at time: Instant) {
    guard case .active(let cycle) = matter[unit].state, cycle.isStopped, !cycle.isSuspended, !cycle.isParked else { return }
    let resumed = countingStart(time, told: entry.recordedAt, by: entry.key?.source ?? matter.key.source)
    matter[unit].change { $0.pauses[$0.pauses.count - 1].until = resumed }
    recompute(unit, at: time, after: matter[unit].cycle?.pauses.last)
  }
}
