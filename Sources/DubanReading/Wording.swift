// What is said of a matter, apart from the language in which it is said.

import Duban

/// How a language says what an account holds.
protocol Wording: Sendable {
  /// What the account leaves out; nil where nothing.
  func scope(asAt: Instant?, asOf: Instant?) -> String?
  /// Of a matter of which nothing was on record at the time that was asked about.
  func unrecorded() -> String
  /// Of a matter whose opening is not heard yet, and whether any entry waits for it.
  func awaited(_ kind: Kind, holdsWaiting: Bool) -> String
  func beginning(_ beginning: Beginning) -> String
  func handover(_ handover: Handover) -> String
  func clock(_ story: ClockStory) -> String
  /// What the resident waited (R1).
  func waited(_ wait: Wait) -> String
  func breach(_ story: BreachStory) -> String
  func suspended(_ subject: Subject, since: Instant, reason: String?) -> String
  func duplicate(_ subject: Subject, of main: Main, since: Instant?) -> String
  func extensionAsked(_ subject: Subject, at: Instant?, until: Instant) -> String
  func closed(_ subject: Subject, at: Instant, how: Ending) -> String
}

/// The whole of a matter, or a unit's part.
struct Subject {
  var kind: Kind
  var unit: String?
}

/// The main item of a duplicate.
struct Main {
  var key: ItemKey
  /// Its upstream system, by its name.
  var source: String
  var isConfidential: Bool
}

/// How a cycle began.
struct Beginning {
  var kind: Kind
  var unit: String?
  var cycle: Int32
  var cause: Setting.Cause
  var at: Instant
  /// The upstream system, by its name.
  var source: String
  var organ: String
  /// 承办, 主办, 协办.
  var role: String
  /// Whether the organ stands in for one that the directory does not know.
  var isUnassigned: Bool
  var policyVersion: Int
  var policyLine: Int
}

/// Another organ is responsible, which was told too late of what fell due before.
struct Handover {
  /// When it was decided (改派); nil where no entry tells.
  var decided: Instant?
  var since: Instant
  var from: String
  var to: String
  /// 承办, 主办, 协办.
  var role: String
}

/// From when they spoke until the first answer, or what came in its place.
struct Wait {
  var cycle: Int32
  var from: Instant
  var until: Instant?
  /// What came instead of an answer.
  var ending: Ending?
  /// Up to when it is measured while nothing has come.
  var now: Instant

  /// Whether it was answered, not merely ended.
  var isAnswered: Bool { until != nil && ending == nil }
}

/// A breach on record, with what people need to know of it.
struct BreachStory {
  var breach: Breach
  var kind: Kind
  var organ: String
  /// 承办, 主办, 协办, 督办.
  var role: String
  var decisions: [Decision]
  /// When it was done by a message that speaks against the breach, and when that was heard; of a contested or upheld one.
  var done: (at: Instant, heard: Instant)?
}

/// A person's decision about a breach.
struct Decision {
  var at: Instant
  var by: String
  var decision: String
  var because: String
}

// MARK: - Paragraphs

extension Account {
  /// The account in sentences, a paragraph each: of the whole with its parts, or of one part.
  public func paragraphs(of unit: String?, in language: Language, now: Instant) -> [String] {
    let wording = language.wording
    var paragraphs: [String] = []
    if let scope = wording.scope(asAt: asAt, asOf: asOf) { paragraphs.append(scope) }
    if log.isEmpty { return paragraphs + [wording.unrecorded()] }
    guard matter.opening != nil, matter.item(of: unit) != nil else {
      return paragraphs + [wording.awaited(matter.kind, holdsWaiting: fold.verdicts.values.contains(.waits))]
    }
    for (each, item) in matter.items where each == unit || unit == nil {
      let cycles = cycles(of: each)
      for cycle in cycles { paragraphs += self.paragraphs(of: cycle, wording, now: min(asOf ?? now, asAt ?? now)) }
      paragraphs += standing(of: item, each, cycles.last, wording)
    }
    return paragraphs
  }

  private func paragraphs(of cycle: CycleAccount, _ wording: any Wording, now: Instant) -> [String] {
    var paragraphs: [String] = []
    if let beginning = beginning(of: cycle) { paragraphs.append(wording.beginning(beginning)) }
    paragraphs += handovers(in: cycle).map(wording.handover)
    paragraphs += cycle.clocks.map(wording.clock)
    if matter.kind == .complaint && cycle.unit == nil { paragraphs.append(wording.waited(cycle.wait(now: now))) }
    for breach in breaches(of: cycle) {
      paragraphs.append(
        wording.breach(
          BreachStory(
            breach: breach, kind: matter.kind, organ: name(breach.lapse.organID, breach.lapse.step.tier),
            role: directory.role(in: breach.lapse), decisions: decisions(on: breach.number), done: done(before: breach, in: cycle)
          )))
    }
    return paragraphs
  }

  private func beginning(of cycle: CycleAccount) -> Beginning? {
    guard let first = cycle.clocks.compactMap({ $0.steps.first?.settings.first }).first, matter.opening != nil else { return nil }
    let responsible = cycle.cycle.responsibleID
    let part = matter.parts.first { $0.unit == cycle.unit }
    return Beginning(
      kind: matter.kind, unit: cycle.unit, cycle: cycle.number, cause: first.cause, at: cycle.cycle.beganAt,
      source: sourceName(matter.key), organ: name(responsible, cycle.cycle.startTier),
      role: directory.role(of: responsible, unit: cycle.unit),
      isUnassigned: part.map { $0.unitID == nil } ?? matter.isUnassigned(nil), policyVersion: first.derivation.policyVersion,
      policyLine: first.derivation.policyLine)
  }

  private func handovers(in cycle: CycleAccount) -> [Handover] {
    let (handovers, tier) = (cycle.cycle.handovers, cycle.cycle.startTier)
    return zip(handovers, handovers.dropFirst()).map { from, to in
      let entry = log.first { $0.event.mayHandOver && $0.recordedAt == to.since }
      return Handover(
        decided: entry?.place, since: to.since, from: name(from.organID, tier), to: name(to.organID, tier),
        role: directory.role(of: to.organID, unit: cycle.unit))
    }
  }

  private func sourceName(_ item: ItemKey) -> String { directory.sources[item.source]?.name ?? item.source }

  /// Breaches of a cycle, those included that did not happen after all: people were told of them.
  private func breaches(of cycle: CycleAccount) -> [Breach] {
    breaches.filter { $0.lapse.step.unit == cycle.unit && $0.lapse.step.begunBy == cycle.cycle.begunBy }
  }

  /// The answer, or the end, that lies before the deadline of a breach and was heard after it was found.
  private func done(before breach: Breach, in cycle: CycleAccount) -> (at: Instant, heard: Instant)? {
    guard breach.status == .contested || breach.status == .upheld else { return nil }
    let clock = breach.lapse.step.clock
    let time = cycle.cycle.doneAt(clock) ?? (clock == .resolution ? cycle.end?.at : nil)
    guard let time, time <= breach.lapse.dueAt else { return nil }
    let entry = log.first { entry in
      entry.unit == cycle.unit && entry.place == time && entry.recordedAt >= breach.lapse.foundAt
        && fold.verdicts[entry.number] == .applied && entry.event.does(clock)
    }
    return entry.map { (time, $0.recordedAt) }
  }

  func decisions(on breach: Int32) -> [Decision] {
    findings.compactMap { finding in
      let facts = FindingFacts(finding)
      guard finding.type == "breach.decided", facts.breach == breach else { return nil }
      return Decision(at: finding.at, by: facts.by ?? "", decision: facts.decision ?? "", because: facts.because ?? "")
    }
  }

  private func standing(of item: Item, _ unit: String?, _ last: CycleAccount?, _ wording: any Wording) -> [String] {
    let subject = Subject(kind: matter.kind, unit: unit)
    var paragraphs: [String] = []
    if item.isInWork, let until = item.cycle?.requestedUntil {
      let asked = log.last { entry in
        if case .extensionRequested(_, until) = entry.event { entry.unit == unit } else { false }
      }
      paragraphs.append(wording.extensionAsked(subject, at: asked?.place, until: until))
    }
    if let key = item.main {
      let main = Main(key: key, source: sourceName(key), isConfidential: directory.isConfidential(key))
      paragraphs.append(wording.duplicate(subject, of: main, since: item.stoppedSince))
    } else if let since = item.stoppedSince {
      paragraphs.append(wording.suspended(subject, since: since, reason: reason(of: Item.Pause(from: since), unit)))
    }
    if let at = item.closedAt { paragraphs.append(wording.closed(subject, at: at, how: last?.end?.how ?? .settled)) }
    return paragraphs
  }
}

extension CycleAccount {
  func wait(now: Instant) -> Wait {
    Wait(
      cycle: number, from: cycle.beganAt, until: answered, ending: cycle.answeredAt == nil ? end?.how : nil, now: now)
  }
}

extension Event {
  /// Whether it does what a clock demands.
  fileprivate func does(_ clock: Item.ClockKind) -> Bool {
    switch (clock, self) {
    case (.acceptance, .accepted), (.acceptance, .responded), (.response, .responded), (.response, .contacted(isReached: true)),
      (.acceptance, .reported), (.response, .reported), (.resolution, .reported),
      (.submission, .closureRequested), (.resolution, .resolved), (.resolution, .closureDecided), (.review, .parkingReviewed):
      true
    default: false
    }
  }

  /// Whether it may make another organ responsible.
  fileprivate var mayHandOver: Bool {
    switch self {
    case .assigned, .accepted, .placed: true
    default: false
    }
  }
}

// MARK: - What both languages ask

extension StepStory {
  /// Whether the days of a setting are told: of the last that counts days, for earlier ones were replaced by it.
  func tellsDays(at i: Int) -> Bool { !settings[(i + 1)...].contains { $0.days != nil } }
}

extension Setting {
  /// When its clock started, where that was at the hearing, later than it happened.
  var heardLate: (happened: Instant, heard: Instant)? {
    derivation.nominalStart.flatMap { $0 < derivation.clock.start ? ($0, derivation.clock.start) : nil }
  }

  /// Where it starts on a day off: that day, why it is off, and the workday that stands in for it and is not counted either.
  var standIn: (start: ShanghaiTime, reason: String, first: ShanghaiTime)? {
    guard derivation.pauses.isEmpty, let days = days?.days, let i = standInIndex, let first = days.first else { return nil }
    return first.reason.map { (first.date, $0, days[i].date) }
  }

  private var standInIndex: Int? { days?.days.firstIndex { $0.reason == Explanation.Day.standIn } }

  /// Days passed over behind the start, by their reasons, each a run of days.
  var skipped: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] { runs(.skipped) }

  /// Make-up workdays that were counted; natural days count whether anybody works or not.
  var madeUp: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] {
    guard case .limit(let limit) = derivation.allowance, limit.unit == .workdays || limit.unit == .workhours else { return [] }
    return runs(.counted)
  }

  var skippedCount: Int { (days?.days ?? []).dropFirst(daysOfStart).count { $0.role == .skipped } }

  /// How many days belong to a start on a day off.
  private var daysOfStart: Int { standIn == nil ? 0 : (standInIndex ?? -1) + 1 }

  /// Years that it reaches and that were not announced.
  var unannouncedYears: [Int] {
    guard derivation.clock.isProvisional else { return [] }
    let (first, last) = (ShanghaiTime(derivation.clock.start).year, ShanghaiTime(derivation.dueAt).year)
    return (first...max(first, last)).filter { !derivation.days.calendar.isAnnounced(year: $0) }
  }

  private func runs(_ role: Explanation.Day.Role) -> [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] {
    var groups: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] = []
    var before: (index: Int, reason: String)?
    for (i, day) in (days?.days ?? []).enumerated().dropFirst(daysOfStart) where day.role == role {
      guard let reason = day.reason else { continue }
      let group = groups.firstIndex { $0.reason == reason } ?? groups.count
      if group == groups.count { groups.append((reason, [])) }
      if let before, before.index == i - 1, before.reason == reason {
        groups[group].runs[groups[group].runs.count - 1].last = day.date
      } else {
        groups[group].runs.append((day.date, day.date))
      }
      before = (i, reason)
    }
    return groups
  }
}

extension TimeLimit {
  /// An amount that is left, in the limit's unit, then hours, minutes and seconds.
  func amounts(of left: Int64) -> (units: Int64, hours: Int64, minutes: Int64, seconds: Int64) {
    let isInDays = unit == .days || unit == .workdays
    if isInDays && (isFromNextDay || isUntilClose) { return (left, 0, 0, 0) }
    let seconds = left / 1_000_000
    let units = isInDays ? seconds / 86_400 : 0
    return (units, (seconds - units * 86_400) / 3600, seconds % 3600 / 60, seconds % 60)
  }
}
