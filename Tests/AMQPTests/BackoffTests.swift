// The delays between attempts.
import AMQP
import Testing
import TestServers

@Suite("Back-off") struct BackoffTests {
  @Test(
    "the n-th delay is between zero and base · 2ⁿ, and never above the maximum", arguments: [1, 7, 99, 12_345] as [UInt64])
  func bounds(seed: UInt64) {
    var generator = Seeded(seed)
    var backoff = Backoff(base: .milliseconds(100), maximum: .seconds(10))
    for attempt in 0..<200 {
      let ceiling = attempt < 7 ? .milliseconds(100 << attempt) : Duration.seconds(10)
      #expect(backoff.ceiling == ceiling)
      let delay = backoff.next(using: &generator)
      #expect(delay >= .zero && delay <= ceiling)
    }
  }

  @Test("delays spread over their whole range")
  func jitter() {
    var generator = Seeded(1)
    let delays = (0..<1000).map { _ in
      var backoff = Backoff(base: .seconds(1), maximum: .seconds(1))
      return backoff.next(using: &generator)
    }
    for tenth in 0..<10 {
      let range = Duration.milliseconds(tenth * 100)..<Duration.milliseconds(tenth * 100 + 100)
      #expect(delays.count(where: range.contains) > 50)
    }
  }

  @Test("after a reset the first bound applies again")
  func reset() {
    var backoff = Backoff(base: .milliseconds(10), maximum: .seconds(60))
    for _ in 0..<20 { _ = backoff.next() }
    #expect(backoff.ceiling == .seconds(60))
    backoff.reset()
    #expect(backoff.ceiling == .milliseconds(10))
  }

  @Test("a maximum below the base is raised to it")
  func wrongBounds() { #expect(Backoff(base: .seconds(5), maximum: .seconds(1)).maximum == .seconds(5)) }
}
