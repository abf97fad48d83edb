// How a subscription lives through failures: a pure state machine. It is told what happened and says what to do; it does no I/O
// and reads no clock, so every race can be replayed in a test.
//
//            attempt ──── recovered ───▶ consuming ──── stop ───▶ stopped
//               ▲  │                         │                       ▲
//     time is up│  └─── failed ──┐   failed  │                       │
//               │                ▼           │                       │
//               └──────────── waiting ◀──────┘ ─────── stop ─────────┘

/// The decisions of a subscription that survives its connection.
struct Recovery {
  /// What a failure took with it.
  enum Loss: Equatable {
    /// The channel or its consumers: the connection can carry another channel.
    case channel
    /// The connection with all that was on it.
    case connection
  }

  /// What the shell is to do next.
  enum Action: Equatable {
    /// Open a channel and consume, after connecting anew if asked.
    case attempt(reconnect: Bool)
    /// Nothing before this instant.
    case wait(until: ContinuousClock.Instant)
    /// Take what the channel brings.
    case receive
    /// Keep the connection alive and take nothing more.
    case rest
  }

  private enum State {
    case waiting(until: ContinuousClock.Instant, Loss)
    case consuming(since: ContinuousClock.Instant)
    case stopped
  }

  private var state: State
  private var backoff: Backoff
  /// Consuming for this long shows that all is well again; a shorter spell is part of the same trouble.
  private var steadyAfter: Duration { backoff.maximum }

  init(backoff: Backoff, now: ContinuousClock.Instant) {
    self.backoff = backoff
    state = .waiting(until: now, .connection)
  }

  var isConsuming: Bool { if case .consuming = state { true } else { false } }
  var isStopped: Bool { if case .stopped = state { true } else { false } }

  /// What to do at an instant.
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

  /// Something failed; returns the delay before the next attempt.
  ///
  /// A channel's loss that follows a connection's, before there was a new one, does not make the connection whole.
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

  /// The connection died while the next attempt was awaited: that attempt has to connect first. The delay stays.
  mutating func connectionLostWhileWaiting() {
    if case .waiting(let until, _) = state { state = .waiting(until: until, .connection) }
  }

  /// The owner wants no more deliveries; nothing leads out of this.
  mutating func stop() { state = .stopped }
}
