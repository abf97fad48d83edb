// How one policy differs from another, in lines for people.

extension Policy {
  /// What is different here from another policy: a line for each value, and for each rule that one of them has alone.
  public func differences(from other: Policy) -> [String] {
    // Of rules with the same conditions only the first is ever reached.
    let (rules, others) = (rules.firstOfEachCondition, other.rules.firstOfEachCondition)
    var lines: [String] = []
    for (name, old, new) in [
      ("counts-from-hearing-after", other.countsFromHearingAfter, countsFromHearingAfter),
      ("annuls-within", other.annulsWithin, annulsWithin), ("waiting", other.waiting, waiting),
    ] where old != new { lines.append("\(name): \(old.text) → \(new.text)") }
    for source in Set(tolerances.keys).union(other.tolerances.keys).sorted() where tolerances[source] != other.tolerances[source]
    {
      lines.append("sources: \(source): \(other.tolerances[source]?.text ?? "–") → \(tolerances[source]?.text ?? "–")")
    }
    let before = Dictionary(uniqueKeysWithValues: others.map { ($0.condition, $0) })
    let after = Set(rules.map(\.condition))
    for rule in rules {
      guard let old = before[rule.condition] else {
        lines.append("\(rule.condition): new")
        lines += rule.values.map { "  \($0.name): \($0.text)" }
        continue
      }
      let values = Dictionary(uniqueKeysWithValues: old.values.map { ($0.name, $0.text) })
      for (name, text) in rule.values where values[name] != text {
        lines.append("\(rule.condition): \(name): \(values[name] ?? "–") → \(text)")
      }
      let names = Set(rule.values.map(\.name))
      for (name, text) in old.values where !names.contains(name) { lines.append("\(rule.condition): \(name): \(text) → –") }
    }
    for rule in others where !after.contains(rule.condition) { lines.append("\(rule.condition): gone") }
    let order = rules.map(\.condition).filter { before[$0] != nil }
    if order != others.map(\.condition).filter(after.contains) {
      lines.append("the order of the rules, of which the first that matches counts")
    }
    return lines
  }
}

extension [Policy.Rule] {
  fileprivate var firstOfEachCondition: [Policy.Rule] {
    var seen: Set<String> = []
    return filter { seen.insert($0.condition).inserted }
  }
}

extension Policy.Rule {
  /// Which items it is for.
  public var condition: String {
    [kind.rawValue, category.map { "category \($0)" }, grade.map { "grade \($0)" }, source.map { "source \($0)" }]
      .compactMap(\.self).joined(separator: ", ")
  }

  fileprivate var values: [(name: String, text: String)] {
    var values: [(String, String)] = []
    for (name, limit) in [
      ("acceptance", acceptance), ("response", response), ("submission", submission), ("resolution", resolution),
      ("supporting", supporting), ("review", review),
    ] {
      guard let limit else { continue }
      values += [
        ("\(name).within", limit.within.text), ("\(name).district", limit.district.text), ("\(name).city", limit.city.text),
      ]
      if let warning = limit.warning { values.append(("\(name).warn", warning.text)) }
    }
    values += [("starts-at", startsAt.rawValue), ("summons-at", summonsAt.rawValue)]
    if let slips { values.append(("slips", [slips.first, slips.second, slips.third].map(\.rawValue).joined(separator: ", "))) }
    if let pauseReasons { values.append(("pauses", pauseReasons.joined(separator: ", "))) }
    if !checks.isEmpty { values.append(("checks", checks.map(\.rawValue).joined(separator: ", "))) }
    if let returns { values.append(("returns", "\(returns)")) }
    values += [
      ("extensions", "\(extensions)"), ("contact-attempts", "\(contactAttempts)"), ("reassigned", reassigned.rawValue),
      ("dissatisfaction", judgesDissatisfaction ? "judged" : "reopens"), ("chain", "\(escalates)"), ("approver", approver.text),
    ]
    return values
  }
}

extension Policy.Tolerance {
  fileprivate var text: String {
    [("counts-from-hearing-after", countsFromHearingAfter), ("annuls-within", annulsWithin)].compactMap { name, span in
      span.map { "\(name) \($0.text)" }
    }.joined(separator: ", ")
  }
}

extension Span {
  /// As a file writes it, in the largest unit that is exact.
  var text: String {
    let seconds = microseconds / 1_000_000
    for (length, letter) in [(Int64(86_400), "d"), (3600, "h"), (60, "m")] where seconds % length == 0 && seconds > 0 {
      return "\(seconds / length)\(letter)"
    }
    return "\(seconds)s"
  }
}
