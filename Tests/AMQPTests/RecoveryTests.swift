// The recovery state machine: each race is replayed without a broker or a clock.
import Testing
import TestServers

@testable import AMQP

@Suite("Recovery") struct RecoveryTests {
  private let start = ContinuousClock.now
  private var generator = Seeded(42)

  /// Delays of exactly a second, so that instants can be compared.
  private func machine() -> Recovery { Recovery(backoff: Backoff(base: .seconds(1), maximum: .seconds(60)), now: start) }

  @Test("the first attempt is immediate, with a new connection")
  func firstAttempt() { #expect(machine().action(at: start) == .attempt(reconnect: true)) }

  @Test("no attempt starts before the delay is over, and it restores exactly what was lost")
  mutating func channelLost() {
    var machine = machine()
    machine.recovered(at: start)
    #expect(machine.action(at: start) == .receive)
    let delay = machine.failed(.channel, at: start, using: &generator)
    #expect(machine.action(at: start + delay / 2) == .wait(until: start + delay))
    #expect(machine.action(at: start + delay) == .attempt(reconnect: false))
  }

  @Test("a connection that fails during a channel's delay is replaced, without a longer delay")
  mutating func connectionLostWhileWaiting() {
    var machine = machine()
    machine.recovered(at: start)
    let delay = machine.failed(.channel, at: start, using: &generator)
    machine.connectionLostWhileWaiting()
    #expect(machine.action(at: start + delay) == .attempt(reconnect: true))
  }

  @Test("a channel failure reported late does not hide the lost connection")
  mutating func lateChannelFailure() {
    var machine = machine()
    machine.recovered(at: start)
    let first = machine.failed(.connection, at: start, using: &generator)
    let second = machine.failed(.channel, at: start + first / 2, using: &generator)
    #expect(machine.action(at: start + first / 2 + second) == .attempt(reconnect: true))
  }

  @Test("failing again right after each recovery keeps the delays growing")
  mutating func recoveryLoop() {
    var machine = machine()
    var now = start
    var longest = Duration.zero
    for _ in 0..<40 {
      machine.recovered(at: now)
      now += .seconds(1)
      let delay = machine.failed(.channel, at: now, using: &generator)
      longest = max(longest, delay)
      now += delay
    }
    #expect(longest > .seconds(30))
  }

  @Test("consuming for as long as the maximum delay resets the delays")
  mutating func steadyAgain() {
    var machine = machine()
    var now = start
    for _ in 0..<20 { now += machine.failed(.connection, at: now, using: &generator) }
    machine.recovered(at: now)
    #expect(machine.failed(.connection, at: now + .seconds(60), using: &generator) <= .seconds(1))
  }

  @Test("stopped is final: neither a failure nor a late recovery starts consuming again")
  mutating func stopped() {
    var machine = machine()
    machine.recovered(at: start)
    machine.stop()
    #expect(machine.action(at: start) == .rest)
    #expect(machine.failed(.connection, at: start, using: &generator) == .zero)
    machine.recovered(at: start)
    machine.connectionLostWhileWaiting()
    #expect(machine.action(at: start + .seconds(1000)) == .rest)
    #expect(!machine.isConsuming)
  }
}
