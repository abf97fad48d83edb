// What fails by itself and would hold up everything behind it: left aside for a while, so that its neighbours go on.

/// Rows that failed for a reason of their own, by id, each left aside for a minute at a time.
struct StuckSet {
  static let pause = Duration.seconds(60)

  private var until: [Int64: ContinuousClock.Instant] = [:]

  mutating func leaveAside(_ id: Int64) {
    until[id] = .now + Self.pause
  }

  /// The ids to pass over now.
  mutating func ids() -> [Int64] {
    let now = ContinuousClock.now
    until = until.filter { $0.value > now }
    return until.keys.sorted()
  }
}
