// 合并: a duplicate (重复件) follows its main item. Its own clocks are stopped meanwhile, and so are those of its parts.
//
// Nothing of the main item is read in the fold. A job says in the duplicate's own log what has become of it (`Event.followed`); the latest
// such entry about a merging replaces the earlier ones. Until the first, the main item is unknown, and the duplicate's clocks run on.

extension Fold {
  mutating func merge(into main: ItemKey, at time: Instant) {
    for (unit, item) in matter.items {
      let trigger: Trigger = unit == nil ? .merges : .wholeMerged
      guard TransitionTable.transition(trigger, in: item.phase) == .merged, case .active(let cycle) = item.state else { continue }
      matter[unit].state = .duplicate(of: main, cycle)
      stop(unit, at: time)
    }
  }

  /// The main item was withdrawn by its own resident: the matter is still there for the other.
  mutating func release(by entry: Entry, at time: Instant) {
    for (unit, item) in matter.items {
      let trigger: Trigger = unit == nil ? .mainWithdrawn : .wholeReleased
      guard TransitionTable.transition(trigger, in: item.phase) == .released, case .duplicate(_, let cycle) = item.state else {
        continue
      }
      matter[unit].state = .active(cycle)
      // While it was a duplicate, what is parked could not be reviewed.
      if cycle.isParked { startReview(unit, by: entry, at: time) }
      letRun(unit, by: entry, at: time)
    }
  }
}
