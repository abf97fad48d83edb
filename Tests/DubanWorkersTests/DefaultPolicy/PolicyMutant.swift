// A policy file with one thing in it changed, for each thing that could be: what a slip of the pen, or of judgement, makes of it.

import Testing
import TestServers

struct PolicyMutant {
  /// Which rule was changed, counted from 0; nil for what stands above the rules.
  var rule: Int?
  var what: String
  var text: String
  /// Whether it changes what holds the rules together (their kinds and order, and what must be there), gives an organ no time at all, makes
  /// a later slip milder, gives the chain tiers without a time, names no listed
  /// category, allows no extension but a longest one, or warns of a deadline before its clock starts.
  var mayBeRefused: Bool {
    what.hasSuffix("gone") || what.hasSuffix("behind the next") || what.contains(": kind: ")
      || what.contains(/→ 0(h|d|wd|wh)$/) || what.contains(": slips: ") || what.contains(": chain: ")
      || what.contains(": category: ")
      || what.hasSuffix("extensions: 0 added")
      || what.contains(/: (1|1wd) → 1(h|wh)$/)
  }

  /// Every mutant of a policy file that is written a key a line.
  ///
  /// - Throws: ``TestFault`` where a line is of no kind that it knows how to change: then somebody must teach it.
  static func all(of text: String) throws -> [PolicyMutant] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let starts = lines.indices.filter { lines[$0].hasPrefix("  - kind: ") }
    guard let first = starts.first else { throw TestFault("no rules") }
    var mutants: [PolicyMutant] = []
    for i in 0..<first {
      for (what, line) in try changes(of: lines[i]) { mutants.append(Self(rule: nil, what: what, text: lines.with(line, at: i))) }
    }
    for (rule, start) in starts.enumerated() {
      let end = rule + 1 < starts.count ? starts[rule + 1] : lines.count
      // The comment above the next rule is no part of this one.
      let body = (start..<end).filter { $0 == start || lines[$0].hasPrefix("    ") }
      let name = lines[start].dropFirst(10) + body.compactMap { lines[$0].condition }.map { " \($0)" }.joined()
      func add(_ what: String, _ lines: [String]) {
        mutants.append(Self(rule: rule, what: "\(name): \(what)", text: lines.joined(separator: "\n")))
      }
      for i in body {
        for (what, line) in try changes(of: lines[i]) { add(what, lines.replaced(with: line, at: i)) }
        if i != start { add("\(lines[i].key): gone", lines.replaced(with: nil, at: i)) }
      }
      add("gone", lines.indices.filter { !body.contains($0) }.map { lines[$0] })
      let keys = body.map { lines[$0].key }
      for line in absent(
        keys, isReminder: name.hasPrefix("reminder"), isInspection: name.hasPrefix("inspection"),
        isExtended: !body.contains { lines[$0].hasPrefix("    extensions: 0") })
      {
        add("\(line) added", lines.replaced(with: lines[start] + "\n    " + line, at: start))
      }
      // Rules of different conditions overlap, so which stands first matters.
      if rule + 1 < starts.count {
        let last = rule + 2 < starts.count ? starts[rule + 2] : lines.count
        let next = (end..<last).filter { $0 == end || lines[$0].hasPrefix("    ") }
        let conditions = [body, next].map { rule in rule.filter { lines[$0].condition != nil }.map { lines[$0].key } }
        if lines[start] == lines[end] && conditions[0] != conditions[1] {
          let rest = lines.indices.filter { $0 >= last }
          add("behind the next", (lines[..<start] + next.map { lines[$0] } + body.map { lines[$0] } + rest.map { lines[$0] }))
        }
      }
    }
    return mutants
  }

  /// What a file leaves to its default, said otherwise.
  private static func absent(_ keys: [String], isReminder: Bool, isInspection: Bool, isExtended: Bool) -> [String] {
    var lines = ["starts-at: district"]
    // Outside the chain there is no 约谈.
    if !keys.contains("chain") { lines.append("summons-at: district") }
    // A reminder knows neither pauses nor extensions.
    if !isReminder {
      lines += ["extensions: 0", "extensions: 2", "pauses: [材料不齐]", "response: { within: 1h, district: 1h, city: 1h }"]
      if isExtended { lines.append("approver: city") }
      if isInspection { lines.append("closed-by: report") }
    }
    return lines.filter { line in !keys.contains { line.hasPrefix($0 + ":") } }
  }

  /// A line changed in each of its values.
  private static func changes(of line: String) throws -> [(what: String, line: String)] {
    let content = line.prefix { $0 != "#" }
    // The lists of categories move no deadline; the file itself is refused where a rule names another.
    if content.hasPrefix("categories:") || content.hasPrefix("  ") && content.contains(": [") && !content.hasPrefix("    ") {
      return []
    }
    if content.allSatisfy(\.isWhitespace) || content == "rules:" || content.hasPrefix("policy: ") { return [] }
    let key = line.key
    func changed(_ old: String, _ new: [String]) -> [(String, String)] {
      new.map { ("\(key): \(old) → \($0)", line.replacing(": \(old)", with: ": \($0)", maxReplacements: 1)) }
    }
    let value = content.drop { $0 != ":" }.dropFirst(2).trimmed
    switch key {
    case "counts-from-hearing-after", "annuls-within", "waiting": return changed(value, lengths(value))
    case "kind": return changed(value, ["complaint", "inspection", "funding", "reminder"].filter { $0 != value })
    case "longest-extension":
      let count = value.prefix { $0.isNumber }
      return changed(value, lengths(value) + [count + (value.hasSuffix("wd") ? "d" : "wd")])
    case "closed-by": return changed(value, ["recheck", "report"].filter { $0 != value })
    case "disbursement": return changed(value, ["any", "approved"].filter { $0 != value })
    case "chain": return changed(value, [value == "true" ? "false" : "true"])
    case "category", "grade", "source": return changed(value, [value + "x"])
    case "starts-at", "summons-at", "approver": return changed(value, ["street", "district", "city"].filter { $0 != value })
    case "extensions":
      guard let count = Int(value) else { throw TestFault("no number: \(line)") }
      return changed(value, ["\(count + 1)"] + (count > 0 ? ["\(count - 1)"] : []))
    case "slips":
      let colours = value.dropFirst().dropLast().split(separator: ",").map { $0.trimmed }
      return colours.indices.flatMap { i in
        ["blue", "orange", "red"].filter { $0 != colours[i] }.map { colour in
          var new = colours
          new[i] = colour
          return ("slips: \(value) → \(new)", "    slips: [\(new.joined(separator: ", "))]")
        }
      }
    case "response", "resolution":
      let fields = value.dropFirst().dropLast().split(separator: ",").map { $0.trimmed }
      var changes: [(String, String)] = []
      func add(_ what: String, _ fields: [String]) {
        changes.append(("\(key).\(what)", "    \(key): { \(fields.joined(separator: ", ")) }"))
      }
      for (i, field) in fields.enumerated() {
        let parts = field.split(separator: ":").map { $0.trimmed }
        guard parts.count == 2, ["within", "district", "city", "warn"].contains(parts[0]) else {
          throw TestFault("unknown: \(field) in \(line)")
        }
        for new in parts[0] == "warn" ? lengths(parts[1]) : allowances(parts[1]) {
          var other = fields
          other[i] = "\(parts[0]): \(new)"
          add("\(parts[0]): \(parts[1]) → \(new)", other)
        }
        if parts[0] == "warn" { add("warn: gone", Array(fields[..<i] + fields[(i + 1)...])) }
      }
      if !fields.contains(where: { $0.hasPrefix("warn") }) { add("warn: 30m added", fields + ["warn: 30m"]) }
      return changes
    default: throw TestFault("a line that no mutant is known for: \(line)")
    }
  }

  /// Longer and shorter by one.
  private static func lengths(_ text: String) -> [String] {
    let count = text.prefix { $0.isNumber }
    let unit = text.dropFirst(count.count)
    guard let n = Int(count) else { return [] }
    return ["\(n + 1)\(unit)"] + (n > 0 ? ["\(n - 1)\(unit)"] : [])
  }

  /// Longer, shorter, in natural time instead of working time or the other way round, from another day, until another time.
  private static func allowances(_ text: String) -> [String] {
    let words = text.split(separator: " ").map(String.init)
    let options = Set(words.dropFirst())
    func with(_ length: String, _ options: Set<String>) -> String { ([length] + options.sorted()).joined(separator: " ") }
    let count = words[0].prefix { $0.isNumber }
    let unit = words[0].dropFirst(count.count)
    let other = ["h": "wh", "wh": "h", "d": "wd", "wd": "d"][unit] ?? "d"
    var texts = lengths(words[0]).map { with($0, options) } + [with(count + other, options)]
    // N days from the next day until the close are N days until the close.
    if !(unit == "d" && options.contains("until-close")) {
      texts.append(with(words[0], options.symmetricDifference(["from-next-day"])))
    }
    texts.append(with(words[0], options.symmetricDifference(["until-close"])))
    return texts
  }
}

extension String {
  /// `    category: 应急` → `category`.
  fileprivate var key: String { drop { $0 == " " || $0 == "-" }.prefix { $0 != ":" }.trimmed }

  /// A line that says which items a rule is for, by more than their kind.
  fileprivate var condition: String? {
    ["category", "grade", "source"].contains(key) ? drop { $0 == " " }.trimmed : nil
  }
}

extension StringProtocol {
  fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}

extension [String] {
  fileprivate func replaced(with line: String?, at i: Int) -> [String] {
    Array(self[..<i] + [line].compactMap(\.self) + self[(i + 1)...])
  }
  fileprivate func with(_ line: String, at i: Int) -> String { replaced(with: line, at: i).joined(separator: "\n") }
}
