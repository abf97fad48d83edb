// Delays between attempts: exponential with full jitter, so that many clients do not reconnect at the same moment.

/// Random delays that grow from attempt to attempt.
///
/// The n-th delay is uniform between zero and `base` · 2ⁿ, and never exceeds `maximum`.
public struct Backoff: Sendable {
  /// The upper bound of the first delay.
  public let base: Duration
  /// The upper bound of every delay.
  public let maximum: Duration
  /// The number of delays drawn since the start or the last ``reset()``.
  public private(set) var attempts = 0

  /// Makes delays that start below `base` and stay below `maximum`. `base` is raised to at least a nanosecond, `maximum` to
  /// at least `base`.
  public init(base: Duration = .milliseconds(200), maximum: Duration = .seconds(30)) {
    self.base = max(base, .nanoseconds(1))
    self.maximum = max(maximum, self.base)
  }

  /// The upper bound of the next delay.
  public var ceiling: Duration {
    var ceiling = base
    for _ in 0..<attempts {
      // Doubling before comparing could overflow.
      guard ceiling <= maximum / 2 else { return maximum }
      ceiling += ceiling
    }
    return ceiling
  }

  /// Draws the next delay.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let (seconds, attoseconds) = ceiling.components
    attempts += 1
    return .nanoseconds(Int64.random(in: 0...(seconds * 1_000_000_000 + attoseconds / 1_000_000_000), using: &generator))
  }

  /// Draws the next delay from the system's generator.
  public mutating func next() -> Duration {
    var generator = SystemRandomNumberGenerator()
    return next(using: &generator)
  }

  /// Starts again from the first bound. Call it after a period without failures.
  public mutating func reset() { attempts = 0 }
}
