// Reproducible random numbers, so that the findings of a run can be examined again.

/// SplitMix64. It gives the same numbers on every machine, unlike the standard library's generators.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 to below 1.
  mutating func share() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
