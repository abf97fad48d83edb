// How long to wait before trying again: exponential, with full jitter, so that a fleet does not return all at once.

/// Growing random delays between attempts.
///
/// The n-th delay is drawn evenly from zero up to `base` · 2ⁿ, and never exceeds `maximum`.
public struct Backoff: Sendable {
  /// The bound of the first delay.
  public let base: Duration
  /// The bound of every delay.
  public let maximum: Duration
  /// Delays drawn since the start or the last ``reset()``.
  public private(set) var attempts = 0

  /// Delays bounded by `base` at first and by `maximum` ever after; both at least a nanosecond.
  public init(base: Duration = .milliseconds(200), maximum: Duration = .seconds(30)) {
    self.base = max(base, .nanoseconds(1))
    self.maximum = max(maximum, self.base)
  }

  /// The bound of the next delay.
  public var ceiling: Duration {
    var ceiling = base
    for _ in 0..<attempts {
      // Doubling first and comparing after would overflow in the end.
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

  /// Starts anew, after things have gone well for a while.
  public mutating func reset() { attempts = 0 }
}
