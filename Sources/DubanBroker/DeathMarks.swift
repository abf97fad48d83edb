// The headers by which a broker tells how a message died or how often it was delivered: of one life of it, never of the next.

import AMQP

extension Properties {
  /// Takes off what brokers wrote about an earlier life. Other headers that begin with `x-` are the sender's own and stay.
  mutating func removeDeathMarks() {
    for name in headers.keys where Self.isDeathMark(name) { headers[name] = nil }
  }

  private static func isDeathMark(_ name: String) -> Bool {
    ["x-death", "x-delivery-count", "x-acquired-count"].contains(name) || name.hasPrefix("x-first-death-")
      || name.hasPrefix("x-last-death-")
  }
}
