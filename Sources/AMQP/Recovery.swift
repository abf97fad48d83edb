// How a subscription recovers from failures: a pure state machine without I/O or clock, so that tests can replay every race.
//
//            attempt ──── recovered ───▶ consuming ──── stop ───▶ stopped
//               ▲  │                         │                       ▲
//     time is up│  └─── failed ──┐   failed  │                       │
//               │                ▼           │                       │
//               └──────────── waiting ◀──────┘ ─────── stop ─────────┘

/// The decisions of a subscription that survives lost connections.
struct Recovery {
  /// What was lost in a failure.
  enum Loss: Equatable {
    /// The channel or its consumers. The connection can carry another channel.
    case channel
    /// The connection and everything on it.
    case connection
  }

  /// The next thing for the caller to do.
  enum Action: Equatable {
    /// Open a channel and consume; reconnect first if asked.
    case attempt(reconnect: Bool)
    /// Do nothing before this instant.
    case wait(until: ContinuousClock.Instant)
    /// Receive from the channel.
    case receive
    /// Keep the connection alive and receive nothing more.
    case rest
  }

  private enum State {
    case waiting(until: ContinuousClock.Instant, Loss)
    case consuming(since: ContinuousClock.Instant)
    case stopped
  }

  private var state: State
  private var backoff: Backoff
  /// After consuming for this long, delays start small again. A shorter period counts as the same failure.
  private var steadyAfter: Duration { backoff.maximum }

  init(backoff: Backoff, now: ContinuousClock.Instant) {
    self.backoff = backoff
    state = .waiting(until: now, .connection)
  }

  var isConsuming: Bool { if case .consuming = state { true } else { false } }
  var isStopped: Bool { if case .stopped = state { true } else { false } }

  func action(at now: ContinuousClock.Instant) -> Action {
    switch state {
    case .waiting(let until, let loss): until <= now ? .attempt(reconnect: loss == .connection) : .wait(until: until)
    case .consuming: .receive
    case .stopped: .rest
    }
  }

  /// An attempt succeeded.
  mutating func recovered(at now: ContinuousClock.Instant) {
    if case .waiting = state { state = .consuming(since: now) }
  }

  /// Something failed. Returns the delay before the next attempt.
  ///
  /// If a channel failure is reported after its connection failed, the next attempt still reconnects.
  mutating func failed(
    _ loss: Loss, at now: ContinuousClock.Instant, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    var loss = loss
    switch state {
    case .stopped: return .zero
    case .consuming(let since): if now - since >= steadyAfter { backoff.reset() }
    case .waiting(let until, let earlier):
      if earlier == .connection, now < until { loss = .connection }
    }
    let delay = backoff.next(using: &generator)
    state = .waiting(until: now + delay, loss)
    return delay
  }

  /// The connection failed during the delay. The next attempt reconnects; the delay stays the same.
  mutating func connectionLostWhileWaiting() {
    if case .waiting(let until, _) = state { state = .waiting(until: until, .connection) }
  }

  /// The owner wants no more deliveries. This state is final.
  mutating func stop() { state = .stopped }
}
