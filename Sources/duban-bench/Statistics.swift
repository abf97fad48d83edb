// Medians, percentiles and rounding.

enum Statistics {
  /// The middle value, or the mean of the two middle values; nil if there are none.
  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// The nearest-rank percentile: the smallest value that at least `share` of all values do not exceed. The values must be in
  /// ascending order.
  static func percentile(_ share: Double, ofSorted values: [Int64]) -> Int64? {
    guard !values.isEmpty else { return nil }
    let rank = Int((share * Double(values.count)).rounded(.up))
    return values[min(max(rank, 1), values.count) - 1]
  }
}

extension Double {
  /// Rounds to `decimals`, so that results do not show meaningless digits.
  func rounded(decimals: Int) -> Double {
    let factor = (0..<decimals).reduce(1.0) { factor, _ in factor * 10 }
    return (self * factor).rounded() / factor
  }
}
