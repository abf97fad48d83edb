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

extension Breach {
  /// Which of the breaches on record stands for a lapse: one of the same step; else one of the same unit, clock and tier whose cycle another
  /// entry seemed to begin, where both ran at some time. Of several the first: sort them by due time.
  public static func match(_ lapse: Lapse, in recorded: [Breach]) -> Int? {
    recorded.firstIndex { $0.lapse.step == lapse.step && $0.canBe(lapse) }
      ?? recorded.firstIndex { other in
        (other.lapse.step.unit, other.lapse.step.clock, other.lapse.step.tier)
          == (lapse.step.unit, lapse.step.clock, lapse.step.tier)
          && other.lapse.startedAt < lapse.dueAt && lapse.startedAt < other.lapse.dueAt && other.canBe(lapse)
      }
  }

  /// A breach that stands moves with its due time. One that is in dispute, or was decided on, is what was found then, and nothing that fell
  /// due later: no organ was told of that yet, and no decision was about it.
  private func canBe(_ lapse: Lapse) -> Bool { status == .standing || max(self.lapse.foundAt, self.lapse.dueAt) >= lapse.dueAt }
}
