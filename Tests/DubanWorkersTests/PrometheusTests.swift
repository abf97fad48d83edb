// Prometheus's text format, to the letter.

import Metrics
import Testing

@testable import DubanWorkers

@Suite struct PrometheusTests {
  @Test("counters, gauges, histograms, escapes and order are as the exposition format 0.0.4 has them")
  func golden() {
    let metrics = PrometheusMetrics(help: ["duban.messages": "Messages\\taken\nin.", "duban.batch": "Batches."])
    Counter(label: "duban.messages", dimensions: [("verdict", "refused"), ("reason", "a \"b\"\\c\nd")], factory: metrics)
      .increment(by: 3)
    Counter(label: "duban.messages", dimensions: [("verdict", "applied")], factory: metrics).increment()
    // The same series, its dimensions in another order.
    Counter(label: "duban.messages", dimensions: [("reason", "a \"b\"\\c\nd"), ("verdict", "refused")], factory: metrics)
      .increment()
    FloatingPointCounter(label: "cost_total", factory: metrics).increment(by: 0.25)
    let meter = Meter(label: "queue-depth", dimensions: [("1st", "办件"), ("__own", "x")], factory: metrics)
    meter.set(7)
    meter.increment(by: 1.5)
    meter.decrement()
    Gauge(label: "9lives", factory: metrics).record(-Double.infinity)
    let batch = Recorder(label: "duban.batch", dimensions: [("le", "x")], factory: metrics)
    for size in [1, 3, 3, 500, 20_000] { batch.record(size) }
    let timer = Timer(label: "commit", factory: metrics)
    timer.recordMilliseconds(1)
    timer.recordMilliseconds(40)
    timer.recordSeconds(90)
    Timer(label: "pause_seconds", factory: metrics).recordNanoseconds(0)
    Meter(label: "commit_seconds", factory: metrics).set(1)

    let pause = PrometheusHistogram.durations.map { "pause_seconds_bucket{le=\"\(PrometheusText.number($0))\"} 1\n" }.joined()
    let text = metrics.render()
    #expect(
      text == #"""
        # TYPE _9lives gauge
        _9lives -Inf
        # TYPE commit_seconds histogram
        commit_seconds_bucket{le="0.001"} 1
        commit_seconds_bucket{le="0.0025"} 1
        commit_seconds_bucket{le="0.005"} 1
        commit_seconds_bucket{le="0.01"} 1
        commit_seconds_bucket{le="0.025"} 1
        commit_seconds_bucket{le="0.05"} 2
        commit_seconds_bucket{le="0.1"} 2
        commit_seconds_bucket{le="0.25"} 2
        commit_seconds_bucket{le="0.5"} 2
        commit_seconds_bucket{le="1"} 2
        commit_seconds_bucket{le="2.5"} 2
        commit_seconds_bucket{le="5"} 2
        commit_seconds_bucket{le="10"} 2
        commit_seconds_bucket{le="30"} 2
        commit_seconds_bucket{le="60"} 2
        commit_seconds_bucket{le="+Inf"} 3
        commit_seconds_sum 90.041
        commit_seconds_count 3
        # TYPE cost_total counter
        cost_total 0.25
        # HELP duban_batch Batches.
        # TYPE duban_batch histogram
        duban_batch_bucket{le_="x",le="1"} 1
        duban_batch_bucket{le_="x",le="2"} 1
        duban_batch_bucket{le_="x",le="5"} 3
        duban_batch_bucket{le_="x",le="10"} 3
        duban_batch_bucket{le_="x",le="20"} 3
        duban_batch_bucket{le_="x",le="50"} 3
        duban_batch_bucket{le_="x",le="100"} 3
        duban_batch_bucket{le_="x",le="200"} 3
        duban_batch_bucket{le_="x",le="500"} 4
        duban_batch_bucket{le_="x",le="1000"} 4
        duban_batch_bucket{le_="x",le="2000"} 4
        duban_batch_bucket{le_="x",le="5000"} 4
        duban_batch_bucket{le_="x",le="10000"} 4
        duban_batch_bucket{le_="x",le="+Inf"} 5
        duban_batch_sum{le_="x"} 20507
        duban_batch_count{le_="x"} 5
        # HELP duban_messages_total Messages\\taken\nin.
        # TYPE duban_messages_total counter
        duban_messages_total{reason="a \"b\"\\c\nd",verdict="refused"} 4
        duban_messages_total{verdict="applied"} 1
        # TYPE pause_seconds histogram
        \#(pause)pause_seconds_bucket{le="+Inf"} 1
        pause_seconds_sum 0
        pause_seconds_count 1
        # TYPE queue_depth gauge
        queue_depth{_1st="办件",_own="x"} 7.5
        # commit_seconds is also registered as another kind of metric

        """#)
    #expect(metrics.render() == text)
  }

  @Test("no increment is lost between threads")
  func concurrency() async {
    let metrics = PrometheusMetrics()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let counter = Counter(label: "n", factory: metrics)
          let timer = Timer(label: "t", factory: metrics)
          for _ in 0..<10_000 {
            counter.increment()
            timer.recordNanoseconds(1)
          }
        }
      }
    }
    let lines = metrics.render().split(separator: "\n")
    #expect(lines.contains("n_total 80000"))
    #expect(lines.contains("t_seconds_count 80000"))
  }

  @Test("a counter that is destroyed keeps its value, for the label may come again")
  func destroyed() {
    let metrics = PrometheusMetrics()
    let counter = Counter(label: "n", factory: metrics)
    counter.increment()
    counter.destroy()
    Counter(label: "n", factory: metrics).increment()
    #expect(metrics.render() == "# TYPE n_total counter\nn_total 2\n")
  }

  @Test(
    "whole numbers have no fraction, and no number overflows",
    arguments: [
      (1e15, "1000000000000000"), (-3, "-3"), (0.1, "0.1"), (1e300, "1e+300"),
      (-9_223_372_036_854_775_808, "-9.223372036854776e+18"),
      (.nan, "NaN"), (.infinity, "+Inf"),
    ])
  func numbers(value: Double, text: String) {
    #expect(PrometheusText.number(value) == text)
  }
}
