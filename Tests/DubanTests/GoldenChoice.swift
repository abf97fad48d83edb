// Golden matters, chosen from random histories so that together they have everything that histories reach, each thing several times.

import Foundation
import TestSamples

@testable import Duban

/// A choice of matters.
struct GoldenChoice {
  /// How often each thing is to be there.
  private static let copies = 3
  private var candidates: [(matter: GoldenMatter, features: Set<String>, size: Int)] = []

  /// Plays histories with seeds in a row.
  init(seeds: Range<Int>) throws {
    for seed in seeds {
      for matter in try Self.played(seed) {
        let features = try Self.features(matter)
        candidates.append((matter, features, JSONText.encode(matter).utf8.count))
      }
    }
  }

  /// At most so many matters and bytes, those with most of what is wanting first; the longer a matter, the more it must have.
  func best(_ count: Int, bytes: Int, having wanted: Set<String>? = nil) -> [GoldenMatter] {
    var times: [String: Int] = [:]
    var (rest, chosen, left) = (candidates, [GoldenMatter](), bytes)
    func gain(_ features: Set<String>) -> Double {
      // What is there already counts less each time.
      features.filter { wanted?.contains($0) ?? true }.reduce(0) { sum, feature in
        let times = times[feature] ?? 0
        return times < Self.copies ? sum + [1, 0.2, 0.05][times] : sum
      }
    }
    while chosen.count < count {
      let values = rest.map { $0.size <= left ? gain($0.features) / Double($0.size).squareRoot() : 0 }
      guard let i = values.indices.max(by: { values[$0] < values[$1] }), values[i] > 0 else { break }
      let (matter, features, size) = rest.remove(at: i)
      chosen.append(matter)
      left -= size
      for feature in features { times[feature, default: 0] += 1 }
    }
    return chosen.sorted { $0.name.compare($1.name, options: .numeric) == .orderedAscending }
  }

  /// What the histories have, and a choice of their matters has not.
  func wanting(in chosen: [GoldenMatter]) throws -> Set<String> {
    let all = candidates.reduce(into: Set<String>()) { $0.formUnion($1.features) }
    return all.subtracting(try chosen.flatMap { try Self.features($0) })
  }

  // MARK: - Playing

  private static func played(_ seed: Int) throws -> [GoldenMatter] {
    var random = Seeded(UInt64(seed) + 5 << 40)
    var history = MatterHistory(&random, for: .functionOfLog)
    tellMore(&history, &random)
    let change = history.calendarChange.map { GoldenMatter.CalendarChange(from: $0, version: history.calendar + 1) }
    var run = Run(history, try GoldenLogs.references(change))
    if let found = try run.playWildly(&random) { throw GoldenFault("seed \(seed): \(found)") }
    if Bool.random(using: &random) { operate(&run.ledger, at: history.end) }
    if Bool.random(using: &random) {
      for key in run.ledger.rows.keys { run.ledger.sweep(key, at: history.end) }
    }
    if let found = run.discrepancy(after: history.end) { throw GoldenFault("seed \(seed): \(found)") }
    return try run.ledger.rows.values.sorted { $0.matter.key.subject < $1.matter.key.subject }.filter { !$0.log.isEmpty }.map {
      var matter = GoldenMatter($0, named: "\(seed) \($0.matter.key.subject)", change)
      matter.makes = GoldenMatter.Made(try matter.fold())
      guard matter.makes.state == $0.matter.stateText else { throw GoldenFault("\(matter.name) is not the fold of its log") }
      return matter
    }
  }

  /// What histories tell of seldom or never: the other types that only note, and what is said of a duplicate while it is one, until its main
  /// item ends.
  private static func tellMore(_ history: inout MatterHistory, _ random: inout Seeded) {
    for i in history.messages.indices where history.messages[i].type == "funding.used" {
      history.messages[i].type = ["funding.used", "funding.allocated", "funding.returned"][i % 3]
    }
    let (one, two) = (MatterHistory.main, "HS-2")
    guard let opening = history.messages.first(where: { $0.subject == two }), Bool.random(using: &random) else { return }
    // Operators act on the first.
    let (duplicate, main) = Bool.random(using: &random) ? (two, one) : (one, two)
    var (time, count) = (opening.occurredAt, history.messages.count)
    func say(_ type: String, of subject: String = duplicate, _ data: [String] = []) {
      time = time + .seconds(Int64.random(in: 0...5400, using: &random))
      count += 1
      history.messages.append(
        .init(id: "m\(count)", type: type, subject: subject, occurredAt: time, heardAt: time + .seconds(2), data: data))
    }
    say("complaint.accepted", [#""supporting":["供水公司","供电公司"]"#])
    if Bool.random(using: &random) { say("complaint.responded", Bool.random(using: &random) ? [] : [#""part":"供水公司""#]) }
    if Bool.random(using: &random) { say("complaint.resolved", [#""part":"供水公司""#]) }
    say("complaint.merged", [#""into":{"source":"\#(MatterHistory.hotline)","subject":"\#(main)"}"#])
    if Bool.random(using: &random) { history.acts.append(.init(at: time + .seconds(9), kind: .movesPolicy(to: 8))) }
    if Bool.random(using: &random), history.calendarChange == nil { history.calendarChange = time + .seconds(10) }
    let others = history.messages.filter { $0.type.hasPrefix("complaint.") && $0.type != "complaint.merged" }
    for other in others.shuffled(using: &random).prefix(3) { say(other.type, other.data) }
    if Bool.random(using: &random) { say("reminder.urged") }
    let end = ["withdrawn", "withdrawn", "resolved"].randomElement(using: &random) ?? "withdrawn"
    say("complaint.\(end)", of: main)
    history.end = max(history.end, time + .hours(1))
  }

  /// What operators do in the end, and no history tells of: they set aside what does not count, and uphold what is contested.
  private static func operate(_ ledger: inout Ledger, at now: Instant) {
    for row in ledger.rows.values {
      let subject = row.matter.key.subject
      for breach in row.breaches where breach.status == .contested {
        ledger.decide(.uphold, on: breach.number, of: subject, at: now)
      }
      guard let idle = row.verdicts.filter({ $1.verdict != .applied }).keys.min() else { continue }
      ledger.append(.setAside(entry: idle, because: "误报", by: "op"), type: "entry.set-aside", to: subject, at: now)
    }
    ledger.follow(at: now)
  }

  // MARK: - What a matter has

  static func features(_ matter: GoldenMatter) throws -> Set<String> {
    var features = Set(matter.log.map { "type \($0.type)" })
    features.formUnion(try GoldenCells(matter).cells.map { "\($0.trigger) in \($0.phase)" })
    features.formUnion(try matter.entries().compactMap { $0.stamp.report.map(Self.feature) })
    features.formUnion(matter.makes.verdicts.map { "\($0.verdict) \($0.reason ?? "")" })
    features.formUnion(matter.breaches.map { "breach \($0.status)" })
    features.formUnion(matter.makes.lapses.map { "lapse \($0.clock) \($0.tier) \($0.slip?.rawValue ?? "") \($0.unit != nil)" })
    let fold = try matter.fold()
    let entries = try matter.entries()
    let cycles = fold.matter.items.compactMap(\.item.cycle)
    let traits: [(String, Bool)] = [
      ("corrected", matter.breaches.contains { $0.revision > 1 }),
      ("counted from hearing", matter.makes.lapses.contains { $0.countedFrom != nil }),
      ("provisional", fold.matter.items.contains { $0.item.clocks.contains(where: \.clock.isProvisional) }),
      ("extended", cycles.contains { $0.extensions > 0 }), ("extended twice", cycles.contains { $0.extensions > 1 }),
      ("summoned", cycles.contains(where: \.isSummoned)), ("handed over", cycles.contains { $0.handovers.count > 1 }),
      ("third cycle", fold.matter.items.contains { $0.item.cycles > 2 }), ("parts", fold.matter.parts.count > 1),
      ("stopped", fold.matter.items.contains { $0.item.stoppedSince != nil }),
      ("unassigned", fold.matter.isUnassigned(nil)), ("other policy", fold.matter.opening?.policyVersion == 8),
      ("heard late", entries.contains { $0.isLate(by: .hours(2)) }),
      ("heard before", entries.contains { $0.place < $0.occurredAt }),
      ("two openings", entries.count { $0.trigger == .opens } > 1),
      ("two senders", Set(entries.compactMap(\.key?.source)).count > 1),
      ("in sequence", entries.inGroups().contains { $0.count > 1 && Entry.bySequence($0) != nil }),
      ("at one time", entries.inGroups().contains { $0.count > 2 && Entry.bySequence($0) == nil }),
      ("another calendar", matter.calendar.map { change in entries.contains { $0.place < change.from } } ?? false),
      ("never opened", fold.matter.opening == nil),
      ("dated ahead", entries.contains { $0.place == fold.matter.log.lastPlace && $0.place > $0.recordedAt + .seconds(30) }),
    ]
    features.formUnion(traits.filter(\.1).map(\.0))
    features.formUnion(try orders(in: entries, of: matter))
    features.insert("category \(fold.matter.opening?.category ?? "") of \(matter.kind)")
    return features
  }

  private static func feature(_ outcome: Report.Outcome) -> String {
    "report \(outcome.isClean ? "clean" : outcome == .unverified ? "unverified" : "failed")"
  }

  /// Pairs of events at one time whose order shows: the ranks of triggers decide them.
  private static func orders(in entries: [Entry], of matter: GoldenMatter) throws -> Set<String> {
    var orders: Set<String> = []
    for group in entries.inGroups() where group.count == 2 && Entry.bySequence(group) == nil {
      guard let source = group[0].key?.source, group[1].key?.source == source, group[0].trigger != group[1].trigger else {
        continue
      }
      // Their sender says in which order, once in this and once in the other.
      let folds = try [["1", "2"], ["2", "1"]].map { sequence in
        var told = matter
        for (entry, number) in zip(group, sequence) {
          for i in told.log.indices where told.log[i].number == entry.number { told.log[i].sequence = number }
        }
        return try told.fold().matter.stateText
      }
      if folds[0] != folds[1] { orders.insert("order of \(group[0].trigger) and \(group[1].trigger)") }
    }
    return orders
  }
}

extension GoldenMatter {
  fileprivate init(_ row: Ledger.Row, named name: String, _ change: CalendarChange?) {
    let matter = row.matter
    let first = row.log.first?.recordedAt ?? MatterHistory.start
    self.init(
      name: name, id: matter.id, source: matter.key.source, subject: matter.key.subject, kind: matter.kind,
      born: Matter(id: matter.id, key: matter.key, kind: matter.kind, at: first).born, sweptTo: matter.log.sweptTo,
      calendar: change, log: row.log.map(EntryLine.init),
      breaches: row.breaches.sorted { $0.number < $1.number }.map(BreachLine.init),
      makes: Made(state: "", lapses: [], verdicts: []))
  }
}
