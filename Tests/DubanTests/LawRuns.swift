// How the tests of the laws play a history, and what they compare.

import TestSamples

@testable import Duban

/// A history as it is heard and swept.
struct Run {
  let history: MatterHistory
  var ledger: Ledger

  init(_ history: MatterHistory, _ references: References) {
    self.history = history
    ledger = Ledger(references)
  }

  static func entry(_ envelope: Envelope, number: Int32, at now: Instant, _ references: References) -> Entry {
    var stamp = references.directory.stamp(envelope.event, policy: references.policies.current.version)
    // No history has a report that its checklist refuses.
    stamp.report = try? references.checklists.outcome(of: envelope.event)
    return Entry(
      number: number, type: envelope.type.name, event: envelope.event, unit: envelope.item.unit, key: envelope.key,
      sequence: envelope.sequence, occurredAt: envelope.time, recordedAt: now,
      stamp: stamp, digest: envelope.digest)
  }

  // MARK: - Playing

  /// In random batches, with sweeps, duplicates, crashes and the decisions of persons between.
  ///
  /// - Returns: what is not as Law 1 has it.
  mutating func playWildly(_ random: inout Seeded, checking: Bool = true) throws -> String? {
    var messages = try history.messages.map { ($0.heardAt, try $0.envelope()) }.sorted { $0.0 < $1.0 }[...]
    var acts = history.acts.sorted { $0.at < $1.at }[...]
    let decides = checking && Int.random(in: 0..<3, using: &random) == 0
    let old = References(
      policies: ledger.references.policies, directory: SampleCity.youngDirectory, calendars: ledger.references.calendars,
      checklists: ledger.references.checklists)
    let new = ledger.references
    if acts.contains(where: { $0.kind == .learns }) { ledger.references = old }
    var heard: [Envelope] = []
    while !messages.isEmpty || !acts.isEmpty {
      var now: Instant
      if let act = acts.first, messages.first.map({ act.at <= $0.0 }) ?? true {
        acts.removeFirst()
        now = act.at
        if act.kind == .learns { ledger.references = new }
        ledger.act(act)
      } else {
        let before = messages.prefix { message in acts.first.map { message.0 < $0.at } ?? true }
        let count = min(before.count, [1, 1, 1, 2, 5].randomElement(using: &random) ?? 1)
        var batch = messages.prefix(count).map(\.1)
        now = messages.prefix(count).last?.0 ?? history.end
        messages = messages.dropFirst(count)
        heard += batch
        // Sent again.
        if Int.random(in: 0..<4, using: &random) == 0, let again = heard.randomElement(using: &random) { batch.append(again) }
        // Of two transactions the later may be committed first.
        let recorded = checking && Int.random(in: 0..<5, using: &random) == 0 ? now - .seconds(3) : now
        if Int.random(in: 0..<6, using: &random) == 0 { ledger.hear(batch, at: recorded, crashes: true) }
        ledger.hear(batch, at: recorded)
      }
      if checking, let found = discrepancy(after: now) { return found }
      ledger.follow(at: now)
      if checking, let found = discrepancy(after: now) { return "followed: \(found)" }
      let next = [messages.first?.0, acts.first?.at].compactMap(\.self).min() ?? history.end
      if let found = sweep(from: now, to: next, &random, checking) { return "swept: \(found)" }
      if decides, Int.random(in: 0..<6, using: &random) == 0, let row = ledger.row(),
        let breach = row.breaches.randomElement(using: &random)
      {
        ledger.decide(Breach.Decision.allCases.randomElement(using: &random) ?? .excuse, on: breach.number, at: now)
        if checking, let found = discrepancy(after: now) { return "decided: \(found)" }
      }
    }
    if checking { return ledger.rows.values.lazy.compactMap { Self.unlikeRecord($0) }.first }
    return nil
  }

  private mutating func sweep(from now: Instant, to next: Instant, _ random: inout Seeded, _ checking: Bool) -> String? {
    let manner = Int.random(in: 0..<5, using: &random)
    if manner == 0 { return nil }
    var now = now
    for _ in 0..<12 {
      let due = ledger.rows.values.compactMap { row in row.matter.wakeAt.map { ($0, row.matter.key.subject) } }.min { $0 < $1 }
      guard let (at, subject) = due, at <= next else { break }
      now = max(now, at) + .seconds(manner == 1 ? 0 : Int64.random(in: 0...(manner == 2 ? 20_000 : 60), using: &random))
      guard now <= next else { return nil }
      ledger.sweep(subject, at: now)
      if checking, let found = discrepancy(after: now) { return found }
    }
    if manner == 3, next > now {
      let at = Instant(microseconds: Int64.random(in: now.microseconds...next.microseconds, using: &random))
      ledger.sweep(at: at)
      if checking { return discrepancy(after: at) }
    }
    return nil
  }

  /// Each message when it is heard, each deadline at most a few minutes after it is due.
  mutating func playInTime(_ random: inout Seeded) throws {
    var messages = try history.messages.map { ($0.heardAt, try $0.envelope()) }.sorted { $0.0 < $1.0 }[...]
    var acts = history.acts.sorted { $0.at < $1.at }[...]
    // Whoever imports a calendar has everything recomputed.
    var change = history.calendarChange
    while true {
      let due = ledger.rows.values.compactMap { row in row.matter.wakeAt.map { ($0, row.matter.key.subject) } }.min { $0 < $1 }
      let next = [messages.first?.0, acts.first?.at, change].compactMap(\.self).min() ?? history.end
      if let (at, subject) = due, at <= next {
        // Within a few minutes; but for the next message, which may lift the blame.
        let lag = Span.seconds(Int64.random(in: 0...600, using: &random))
        ledger.sweep(subject, at: max(at, min(at + lag, next)))
      } else if change == next {
        change = nil
        for row in ledger.rows.values { ledger.sweep(row.matter.key.subject, at: next) }
      } else if let act = acts.first, act.at == next {
        acts.removeFirst()
        ledger.act(act)
        ledger.follow(at: act.at)
      } else if let message = messages.popFirst() {
        ledger.hear([message.1], at: message.0)
        ledger.follow(at: message.0)
        // What is heard of after a calendar came, and began before, is recomputed too.
        for row in ledger.rows.values where history.calendarChange.map({ $0 <= message.0 && row.matter.isBefore($0) }) ?? false {
          ledger.sweep(row.matter.key.subject, at: message.0)
        }
      } else {
        break
      }
    }
    for subject in ["HS-1", "HS-2", "HS-3"] { ledger.sweep(subject, at: history.end) }
  }

  // MARK: - Law 1

  /// What is not as the whole fold of the log has it.
  func discrepancy(after now: Instant) -> String? {
    if let fault = ledger.faults.first { return fault }
    for row in ledger.rows.values {
      // The clock must not count: another time than any before.
      let whole = Fold.whole(
        row.log, of: row.matter, references: ledger.references, now: now + .days(400), recorded: row.breaches)
      if whole.matter != row.matter { return "\(row.matter.key.subject) is\n\(row.matter)\nby its log\n\(whole.matter)" }
      let standing = row.breaches.filter { $0.status == .standing }
      if let breach = standing.first(where: { !whole.lapses.contains($0.lapse) }) {
        return "breach \(breach)\nstands; its log says\n\(whole.lapses)"
      }
      let derived = row.breaches.filter { ![.annulled, .contested].contains($0.status) }.map(\.lapse)
      if let lapse = whole.lapses.first(where: { !derived.contains($0) }) { return "\(lapse)\nis not on record: \(row.breaches)" }
      if Set(whole.lapses.map(\.step)).count < whole.lapses.count { return "a step lapsed twice: \(whole.lapses)" }
      for (number, verdict) in whole.verdicts where (row.verdicts[number]?.verdict ?? .applied) != verdict {
        return "entry \(number) is \(verdict), on record \(row.verdicts[number]?.verdict ?? .applied) of\n\(row.log)"
      }
    }
    return nil
  }

  /// Whether a matter or its log cannot be read back, or a second fold of the whole does anything.
  static func unlikeRecord(_ row: Ledger.Row) -> String? {
    var read = Matter(id: row.matter.id, key: row.matter.key, kind: row.matter.kind)
    (read.opening, read.log.entries) = (row.matter.opening, row.matter.entries)
    do {
      try read.read(state: row.matter.stateText)
      if read != row.matter { return "\(row.matter)\nis read back as\n\(read)" }
      for entry in row.log {
        var again = try Entry(
          number: entry.number, type: entry.type, facts: entry.facts, unit: entry.unit, key: entry.key, sequence: entry.sequence,
          occurredAt: entry.occurredAt, recordedAt: entry.recordedAt, stamp: entry.stamp.json)
        again.digest = entry.digest
        if again != entry { return "\(entry)\nis read back as\n\(again)" }
      }
    } catch { return "cannot be read back: \(error)" }
    return nil
  }
}

// MARK: - Law 2

extension Matter {
  /// Whether it was folded up to a time before another.
  fileprivate func isBefore(_ time: Instant) -> Bool { log.horizon.map { $0 < time } ?? false }
}

/// How a matter has ended, without what names the order of hearing.
struct Ending: Equatable {
  var matter: Matter
  var breaches: Set<Lapse>

  init(_ row: Ledger.Row) {
    func name(_ number: Int32) -> Int32 {
      row.log.first { $0.number == number }?.key.flatMap { Int32($0.id.dropFirst()) } ?? -number
    }
    matter = row.matter
    matter.log = .init()
    matter.whole.rename(name)
    for i in matter.parts.indices { matter.parts[i].item.rename(name) }
    breaches = Set(
      row.breaches.filter { $0.status == .standing }.map { breach in
        var lapse = breach.lapse
        lapse.step.begunBy = name(lapse.step.begunBy)
        lapse.step.startedBy = lapse.step.startedBy == 0 ? 0 : name(lapse.step.startedBy)
        lapse.foundAt = lapse.dueAt
        return lapse
      })
  }

  static func difference(_ a: [Ending], _ b: [Ending]) -> String {
    zip(a, b).filter(!=).map { a, b in
      """
      \(a.matter == b.matter ? "" : "\(a.matter)\n\(b.matter)")
      only first: \(a.breaches.subtracting(b.breaches))
      only then: \(b.breaches.subtracting(a.breaches))
      """
    }.joined(separator: "\n")
  }
}

extension Run {
  var endings: [Ending] { ledger.rows.values.sorted { $0.matter.id < $1.matter.id }.map(Ending.init) }
}

extension Item {
  fileprivate mutating func rename(_ name: (Int32) -> Int32) {
    guard var cycle else { return }
    cycle.begunBy = name(cycle.begunBy)
    for kind in Item.ClockKind.allCases {
      if let entry = cycle[kind]?.startedBy, entry != 0 { cycle[kind]?.startedBy = name(entry) }
    }
    switch state {
    case .awaited: break
    case .active: state = .active(cycle)
    case .duplicate(let main, _): state = .duplicate(of: main, cycle)
    case .closed(let at, let isWithdrawal, _): state = .closed(at: at, isWithdrawal: isWithdrawal, cycle)
    }
  }
}

// MARK: - Law 3

/// What no lateness changes.
struct Standing: Equatable {
  var name: String
  var phase: Item.Phase
  var cycles, urgings, returns: Int32
  var answeredAt, beganAt, closedAt: Instant?
  var isWithdrawn: Bool
  var isStopped: Bool?
  var main: ItemKey?
  var responsible: Int64?
}

extension Run {
  var standings: [Standing] {
    ledger.rows.values.sorted { $0.matter.id < $1.matter.id }.flatMap { row in
      row.matter.items.map { unit, item in
        Standing(
          name: row.matter.key(of: unit).description, phase: item.phase, cycles: item.cycles, urgings: item.urgings,
          returns: item.returns, answeredAt: item.answeredAt, beganAt: item.cycle?.beganAt, closedAt: item.closedAt,
          isWithdrawn: item.isWithdrawn, isStopped: item.cycle?.isStopped, main: item.main, responsible: item.cycle?.responsibleID
        )
      }
    }
  }
}

// MARK: - Law 4

/// Who is blamed in a matter, against who was told of what.
struct Blame {
  let row: Ledger.Row
  let references: References

  init(_ row: Ledger.Row, _ references: References) { (self.row, self.references) = (row, references) }

  private func tolerance(_ source: String?) -> Span { references.policies.current.countsFromHearingAfter(source) }

  /// The breach, or its annulment, that is unjust; nil where there is none.
  var innocent: String? {
    for breach in row.breaches where breach.status == .standing {
      let lapse = breach.lapse
      if let told = told(lapse), lapse.startedAt < told { return "\(lapse)\nwas told at \(told.rfc3339)" }
      if let named = named(lapse), lapse.dueAt < named { return "\(lapse)\nowed by whom was named at \(named.rfc3339)" }
      // The review of what is parked is due while its other clocks are stopped.
      if lapse.step.clock != .review, let cycle = row.matter.item(of: lapse.step.unit)?.cycle,
        cycle.begunBy == lapse.step.begunBy
      {
        for pause in cycle.pauses where pause.from <= lapse.dueAt && pause.until.map({ lapse.dueAt < $0 }) ?? true {
          return "\(lapse)\nis due in the pause \(pause)"
        }
      }
    }
    let lapses = Fold.whole(
      row.log, of: row.matter, references: references, now: row.matter.log.horizon ?? MatterHistory.start, recorded: row.breaches
    ).lapses
    for breach in row.breaches where breach.status == .annulled {
      let lapse = breach.lapse
      // One that is derived again has a new breach on record.
      if lapses.contains(where: { $0.step == lapse.step }),
        !row.breaches.contains(where: { $0.lapse.step == lapse.step && $0.status.counts })
      {
        return "\(lapse)\nis annulled, and follows from the log"
      }
    }
    return nil
  }

  /// Since when the owner of a step may be held to it: when it began, as it was heard, less the tolerance.
  private func told(_ lapse: Lapse) -> Instant? {
    if let before = row.breaches.first(where: {
      $0.status == .standing && $0.lapse.raisedTo == lapse.step.tier && $0.lapse.step.unit == lapse.step.unit
        && $0.lapse.step.begunBy == lapse.step.begunBy && $0.lapse.step.clock == lapse.step.clock
        && $0.lapse.step.startedBy == lapse.step.startedBy
    }) {
      return max(before.lapse.foundAt, before.lapse.dueAt) - tolerance(nil)
    }
    guard !lapse.isSupervising, let entry = row.log.first(where: { $0.number == lapse.step.begunBy }) else { return nil }
    return entry.recordedAt - tolerance(entry.key?.source ?? row.matter.key.source)
  }

  /// When a unit was first named as the lead, as it was heard, less the tolerance.
  private func named(_ lapse: Lapse) -> Instant? {
    guard !lapse.isSupervising, lapse.step.unit == nil, let organ = lapse.organID, references.directory.organs[organ]?.tier == nil
    else {
      return nil
    }
    return row.log.filter { entry in
      entry.event.units?.lead.map { entry.stamp.units[$0] == organ } ?? false
        || {
          if case .placed = entry.event { entry.stamp.units.values.contains(organ) } else { false }
        }()
    }.map { $0.recordedAt - tolerance($0.key?.source) }.min()
  }
}
