// A back end for swift-metrics that Prometheus can scrape. Our own because swift-prometheus is not to be had where Duban is built.

import CoreMetrics
import Synchronization

/// All metrics of the process, rendered as Prometheus's text exposition format 0.0.4.
///
/// Counters get `_total`, timers are histograms in `_seconds`, recorders that aggregate are histograms, meters and gauges are gauges.
/// The same label and dimensions always give the same series, which lives as long as the process: a counter that vanished would look
/// like a restart. Safe from any thread; making a metric takes a lock, updating one takes none or its own.
public final class PrometheusMetrics: MetricsFactory {
  /// The metrics of this process, for `MetricsSystem.bootstrap` and the status page.
  public static let shared = PrometheusMetrics(help: [
    "duban_messages": "Messages taken in, by what became of them.",
    "duban_intake_batch_seconds": "Time from a batch's first message to its acknowledgement.",
    "duban_breaches": "Deadlines that passed, each at a tier.",
    "duban_notices": "Notices written, by what caused them.",
    "duban_events_published": "Events that the broker confirmed.",
    "duban_events_unroutable": "Events that found no queue bound to duban.events.",
    "duban_oldest_due_item_seconds": "Age of the oldest due item that nobody has handled.",
    "duban_deadlines_behind":
      "1 while due items stay unhandled for longer than audit.seconds, NaN while that is not known; to be alerted on when it is not 0.",
    "duban_waiting_events": "Events that wait for their item.",
    "duban_overdue_waiting_events":
      "Events that have waited for their item longer than the policy allows (dubanctl waiting --overdue).",
  ])

  private enum Kind: String {
    case counter, gauge, histogram
  }

  private enum Series {
    case value(PrometheusValue)
    case histogram(PrometheusHistogram)
  }

  private struct Family {
    var kind: Kind
    var help: String?
    /// By their labels, in the form that they are shown.
    var series: [String: Series] = [:]
  }

  private struct Contents {
    var families: [String: Family] = [:]
    /// Names asked for as two kinds of metric.
    var clashes: Set<String> = []
  }

  private let help: [String: String]
  private let contents = Mutex(Contents())

  /// Metrics apart from those of the process.
  ///
  /// - Parameter help: by a metric's label in swift-metrics, what it tells.
  public init(help: [String: String] = [:]) {
    self.help = help
  }

  // MARK: - MetricsFactory

  /// A counter, shown with `_total`.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    value(label, suffix: "_total", .counter, dimensions)
  }

  /// A counter of fractions, shown with `_total`.
  public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
    value(label, suffix: "_total", .counter, dimensions)
  }

  /// A gauge.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    value(label, suffix: "", .gauge, dimensions)
  }

  /// A histogram of quantities, or, where nothing is to be aggregated, a gauge.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    aggregate
      ? histogram(label, suffix: "", PrometheusHistogram.quantities, dimensions)
      : value(label, suffix: "", .gauge, dimensions)
  }

  /// A histogram of durations, shown with `_seconds`.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, suffix: "_seconds", PrometheusHistogram.durations, dimensions)
  }

  // Nothing is destroyed: see above.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  // MARK: - Series

  private func value(_ label: String, suffix: String, _ kind: Kind, _ dimensions: [(String, String)]) -> PrometheusValue {
    let made = PrometheusValue()
    if case .value(let known) = series(label, suffix, kind, dimensions, .value(made)) { return known }
    return made
  }

  private func histogram(
    _ label: String, suffix: String, _ bounds: [Double], _ dimensions: [(String, String)]
  ) -> PrometheusHistogram {
    let made = PrometheusHistogram(bounds: bounds)
    if case .histogram(let known) = series(label, suffix, .histogram, dimensions, .histogram(made)) { return known }
    return made
  }

  /// The series that has the name and the dimensions, which is `new` if there was none; nil where the name belongs to another kind.
  private func series(_ label: String, _ suffix: String, _ kind: Kind, _ dimensions: [(String, String)], _ new: Series) -> Series?
  {
    let name = PrometheusText.name(label.hasSuffix(suffix) ? label : label + suffix)
    let labels = PrometheusText.labels(dimensions)
    return contents.withLock { contents in
      var family = contents.families[name] ?? Family(kind: kind, help: help[label])
      guard family.kind == kind else {
        contents.clashes.insert(name)
        return nil
      }
      if let known = family.series[labels] { return known }
      family.series[labels] = new
      contents.families[name] = family
      return new
    }
  }

  // MARK: - The text

  /// All series with their present values, families by name and series by labels.
  ///
  /// A name that was asked for as two kinds of metric keeps the first; a comment tells of the other, whose values go nowhere.
  public func render() -> String {
    contents.withLock { contents in
      var text = ""
      for (name, family) in contents.families.sorted(by: { $0.key < $1.key }) {
        if let help = family.help { text += "# HELP \(name) \(PrometheusText.help(help))\n" }
        text += "# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
          switch series {
          case .value(let value): text += PrometheusText.sample(name, labels, value.value)
          case .histogram(let histogram): text += PrometheusText.samples(name, labels, histogram)
          }
        }
      }
      for name in contents.clashes.sorted() { text += "# \(name) is asked for as another kind of metric too\n" }
      return text
    }
  }
}
