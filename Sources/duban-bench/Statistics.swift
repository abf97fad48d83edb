// The few figures that describe many.

enum Statistics {
  /// The middle value, or the mean of the two in the middle; nil of nothing.
  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// The smallest value that is not exceeded by `share` of all (nearest rank), from values in ascending order.
  static func percentile(_ share: Double, ofSorted values: [Int64]) -> Int64? {
    guard !values.isEmpty else { return nil }
    let rank = Int((share * Double(values.count)).rounded(.up))
    return values[min(max(rank, 1), values.count) - 1]
  }
}

extension Double {
  /// With so many decimals, so that JSON and tables show no digits without meaning.
  func rounded(decimals: Int) -> Double {
    let factor = (0..<decimals).reduce(1.0) { factor, _ in factor * 10 }
    return (self * factor).rounded() / factor
  }
}
