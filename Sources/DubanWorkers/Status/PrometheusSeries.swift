// The two kinds of series with values. Workers update them for every batch; /metrics reads them.

import CoreMetrics
import Synchronization

/// One number: a counter or a gauge, integer or not.
///
/// It is stored as an IEEE double, the only number type of Prometheus. No lock.
final class PrometheusValue: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func increment(by amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (done, current) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if done { return }
      old = current
    }
  }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func decrement(by amount: Double) { increment(by: -amount) }
  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
  func set(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
  func record(_ value: Int64) { set(Double(value)) }
  func reset() { set(0 as Double) }
}

/// The distribution of observations over fixed buckets.
final class PrometheusHistogram: RecorderHandler, TimerHandler {
  /// In seconds: from a single statement to delays that an operator notices.
  static let durations: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  /// For counts, such as the messages of a batch.
  static let quantities: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

  struct Contents {
    /// The observations in each bucket, not cumulative. The last is above all bounds.
    var counts: [UInt64]
    var sum = 0.0
  }

  /// The upper bound of each bucket, inclusive, in ascending order.
  let bounds: [Double]
  private let state: Mutex<Contents>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(Contents(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  var contents: Contents { state.withLock { $0 } }

  func record(_ value: Double) {
    guard !value.isNaN else { return }
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[bucket] += 1
      state.sum += value
    }
  }

  func record(_ value: Int64) { record(Double(value)) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
