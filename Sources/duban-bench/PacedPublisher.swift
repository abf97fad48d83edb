// Publishes at a constant rate, even if duband falls behind. Each event has a scheduled time, and its actual time is
// recorded.

import AMQP
import Duban
import Glibc

/// Publishes with confirms but does not wait for them.
struct PacedPublisher {
  private let channel: Channel

  init(_ channel: Channel) throws {
    try channel.confirmSelect()
    self.channel = channel
  }

  /// Publishes `rate` events per second. Returns when each was written to the broker's socket, by the machine's clock.
  ///
  /// A late event (a busy machine may wake the thread late) is sent at once, so that the rate holds.
  func publish(_ traffic: inout Traffic, count: Int, rate: Int) throws -> [Duban.Instant] {
    let began = ContinuousClock.now
    let interval = Duration.seconds(1) / rate
    var times: [Duban.Instant] = []
    times.reserveCapacity(count)
    for number in 0..<count {
      let message = traffic.next()
      try sleep(until: began + interval * number)
      times.append(Self.now)
      try channel.publish(message, mandatory: true)
      if number % 32 == 0 { try takeAnswers() }
    }
    return times
  }

  private func sleep(until moment: ContinuousClock.Instant) throws {
    while true {
      let left = moment - .now
      guard left > .zero else { return }
      // During a longer wait, process heartbeats and confirms. The last part is a sleep with microsecond precision.
      if left > .milliseconds(5) { try takeAnswers() }
      let (seconds, attoseconds) = min(left, .milliseconds(500)).components
      var pause = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
      nanosleep(&pause, nil)
      try Interruption.check()
    }
  }

  private func takeAnswers() throws {
    while let event = try channel.next(timeout: .zero) {
      switch event {
      case .returned(let message): throw BenchFault("a message was unroutable: \(message.text)")
      case .confirm(let confirm) where !confirm.acknowledged: throw BenchFault("the broker did not accept a message")
      case .channelClosed(let error): throw error
      case .confirm, .delivery, .consumerCancelled: break
      }
    }
  }

  private static var now: Duban.Instant {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Duban.Instant(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
  }
}
