// Rows that are skipped for a while: they failed by themselves, or another transaction held them.

/// The ids of rows to skip, each for the same time.
struct StuckSet {
  let pause: Duration

  private var until: [Int64: ContinuousClock.Instant] = [:]

  init(pause: Duration) { self.pause = pause }

  mutating func leaveAside(_ id: Int64) {
    until[id] = .now + pause
  }

  /// The ids to skip now.
  mutating func ids() -> [Int64] {
    let now = ContinuousClock.now
    until = until.filter { $0.value > now }
    return until.keys.sorted()
  }
}
