// The two kinds of series that hold numbers. Updated by workers at every batch, read when somebody asks for /metrics.

import CoreMetrics
import Synchronization

/// One number: a counter or a gauge, of integers or not.
///
/// Prometheus knows only IEEE doubles, so one is kept as such. Without a lock.
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

/// How observations are spread over fixed buckets.
final class PrometheusHistogram: RecorderHandler, TimerHandler {
  /// Seconds: from a statement to what an operator notices.
  static let durations: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  /// Anything counted, such as the messages of a batch.
  static let quantities: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

  struct Contents {
    /// Observations in each bucket alone; the last is beyond all bounds.
    var counts: [UInt64]
    var sum = 0.0
  }

  /// Each bucket's upper bound, which belongs to it; ascending.
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
