// 挂账: a matter that cannot be settled for now (历史遗留, 资金未落实) is put on a list, approved above. Its clocks are stopped; that of its
// review runs (a quarter, by practice), until it is taken off the list (摘账) and settled.

extension Fold {
  mutating func park(_ unit: String?, by entry: Entry, at time: Instant) throws(Inapplicability) {
    try checkDecider(entry, unit)
    guard case .parked(_, let until, _) = entry.event, let cycle = matter[unit].cycle else { return }
    // Of what is parked already, another parking sets the next stage.
    matter[unit].change { ($0.isParked, $0.parkedUntil) = (true, until ?? (cycle.isParked ? cycle.parkedUntil : nil)) }
    guard !cycle.isParked else { return }
    stop(unit, at: time)
    startReview(unit, by: entry, at: time)
  }

  mutating func unpark(_ unit: String?, by entry: Entry, at time: Instant) {
    guard matter[unit].cycle?.isParked == true else { return }
    matter[unit].change { ($0.isParked, $0.parkedUntil, $0.review) = (false, nil, nil) }
    letRun(unit, by: entry, at: time)
  }

  /// 挂账复核: the next one is due as long after it.
  mutating func reviewParking(_ unit: String?, by entry: Entry, at time: Instant) {
    if matter[unit].cycle?.isParked == true { startReview(unit, by: entry, at: time) }
  }

  /// Starts the clock of the review, from when its owner was told.
  mutating func startReview(_ unit: String?, by entry: Entry, at time: Instant) {
    guard rule(unit)?.review != nil, let cycle = matter[unit].cycle else { return }
    let from = startingAgain(cycle, by: entry, at: time)
    let clock = clock(.review, unit, cycle, step: 0, tier: cycle.startTier, from: from, startedBy: entry.number, at: from)
    matter[unit].change { $0.review = clock }
    explain(unit, .review, at: time)
  }
}
