// When breaches were found: a fact of hearing, which the fold takes from the record.

/// The found times of breaches on record, each for one lapse.
struct FoundTimes {
  private var recorded: [Breach]

  /// Annulled breaches did not happen: a lapse that is derived again is found again.
  init(_ recorded: [Breach]) {
    self.recorded = recorded.filter { $0.status != .annulled }.sorted { $0.lapse.dueAt < $1.lapse.dueAt }
  }

  /// The found time on record for a lapse; nil where none is. Each is taken once.
  mutating func take(_ lapse: Lapse) -> Instant? {
    guard let i = Breach.match(lapse, in: recorded) else { return nil }
    return recorded.remove(at: i).lapse.foundAt
  }
}
