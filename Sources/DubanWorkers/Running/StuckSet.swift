// Rows that fail by themselves. They are skipped for a while, so that the rows behind them are processed.

/// The ids of rows that failed for a reason of their own. Each is skipped for a minute.
struct StuckSet {
  static let pause = Duration.seconds(60)

  private var until: [Int64: ContinuousClock.Instant] = [:]

  mutating func leaveAside(_ id: Int64) {
    until[id] = .now + Self.pause
  }

  /// The ids to skip now.
  mutating func ids() -> [Int64] {
    let now = ContinuousClock.now
    until = until.filter { $0.value > now }
    return until.keys.sorted()
  }
}
