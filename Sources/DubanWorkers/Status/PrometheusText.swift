// The text exposition format 0.0.4: allowed names, escapes and numbers.

/// The elements of Prometheus's text format.
enum PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// A metric's name: letters, digits, `_` and `:`, and no digit first. Other characters, such as the dots of swift-metrics,
  /// become `_`.
  static func name(_ text: String) -> String { identifier(text, alsoAllowed: ":") }

  /// `name="value",…`, sorted by name, so that the order of dimensions does not make a second series.
  static func labels(_ dimensions: [(String, String)]) -> String {
    var values: [String: String] = [:]
    for (name, value) in dimensions { values[labelName(name)] = value }
    return values.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
  }

  static func help(_ text: String) -> String { escaped(text, quotes: false) }

  static func sample(_ name: String, _ labels: String, _ value: Double) -> String {
    "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(number(value))\n"
  }

  /// A histogram's cumulative buckets, sum and count.
  static func samples(_ name: String, _ labels: String, _ histogram: PrometheusHistogram) -> String {
    let contents = histogram.contents
    let prefix = labels.isEmpty ? "" : labels + ","
    var text = ""
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds + [.infinity], contents.counts) {
      total += count
      text += sample("\(name)_bucket", "\(prefix)le=\"\(number(bound))\"", Double(total))
    }
    return text + sample("\(name)_sum", labels, contents.sum) + sample("\(name)_count", labels, Double(total))
  }

  /// `le` is reserved for histograms, and names that begin with `__` are reserved by Prometheus.
  private static func labelName(_ text: String) -> String {
    var name = identifier(text)
    while name.hasPrefix("__") { name.removeFirst() }
    return name == "le" ? "le_" : name
  }

  private static func identifier(_ text: String, alsoAllowed extra: Character? = nil) -> String {
    let name = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == extra ? $0 : "_" })
    guard let first = name.first, !first.isNumber else { return "_" + name }
    return name
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map { $0.magnitude < 1 << 53 ? "\($0)" : "\(value)" } ?? "\(value)"
  }
}
