// A swift-metrics backend for Prometheus. We have our own because swift-prometheus is not available where Duban is built.

import CoreMetrics
import Synchronization

/// All metrics of the process, rendered in Prometheus's text exposition format 0.0.4.
///
/// Counters get `_total`, timers are histograms in `_seconds`, aggregating recorders are histograms, meters and gauges are
/// gauges. The same label and dimensions always give the same series. A series exists as long as the process, because a
/// counter that disappeared would look like a restart. Safe from any thread. Making a metric takes a shared lock; updating
/// one takes no lock or its own.
public final class PrometheusMetrics: MetricsFactory {
  /// The metrics of this process, for `MetricsSystem.bootstrap` and the status page.
  public static let shared = PrometheusMetrics(help: [
    "duban_messages": "Messages taken in, by outcome.",
    "duban_intake_batch_seconds": "Time from a batch's first message to its acknowledgement.",
    "duban_breaches": "Deadlines that passed, by tier.",
    "duban_notices": "Notices written, by cause.",
    "duban_events_published": "Events that the broker has confirmed.",
    "duban_events_unroutable": "Events for which no queue was bound to duban.events.",
    "duban_oldest_due_item_seconds": "Age of the oldest due item that is not handled.",
    "duban_deadlines_behind":
      "1 if due items stay unhandled for longer than audit.seconds, NaN if that is unknown. Alert when it is not 0.",
    "duban_waiting_events": "Events that are waiting for their item.",
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
    /// By label, in the form in which they are rendered.
    var series: [String: Series] = [:]
  }

  private struct Contents {
    var families: [String: Family] = [:]
    /// Names that were registered as two kinds of metric.
    var clashes: Set<String> = []
  }

  private let help: [String: String]
  private let contents = Mutex(Contents())

  /// Makes a registry separate from that of the process.
  ///
  /// - Parameter help: Help texts by swift-metrics label.
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

  /// A histogram of quantities, or a gauge if nothing is aggregated.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    aggregate
      ? histogram(label, suffix: "", PrometheusHistogram.quantities, dimensions)
      : value(label, suffix: "", .gauge, dimensions)
  }

  /// A histogram of durations, shown with `_seconds`.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, suffix: "_seconds", PrometheusHistogram.durations, dimensions)
  }

  // Series are never removed; see ``PrometheusMetrics``.
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

  /// Returns the series with the name and the dimensions; `new` if there was none, nil if the name belongs to another kind.
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

  /// Renders all series with their current values, families sorted by name and series by labels.
  ///
  /// A name that was registered as two kinds of metric keeps the first kind. The values of the other are dropped, and a
  /// comment says so.
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
      for name in contents.clashes.sorted() { text += "# \(name) is also registered as another kind of metric\n" }
      return text
    }
  }
}
