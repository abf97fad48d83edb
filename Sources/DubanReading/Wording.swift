// What is said of a matter, apart from the language in which it is said.

import Duban

/// How a language says what an account holds.
protocol Wording: Sendable {
  /// What the account leaves out; nil where nothing.
  func scope(asAt: Instant?, asOf: Instant?) -> String?
  /// Of a matter whose opening is not heard yet.
  func awaited(_ kind: Kind) -> String
  func beginning(_ beginning: Beginning) -> String
  /// Of an organ that was told too late that it is responsible (改派).
  func handover(from: String, to: String, at time: Instant) -> String
  func clock(_ story: ClockStory) -> String
  /// What the resident waited (R1).
  func waited(_ wait: Wait) -> String
  func breach(_ breach: Breach, organ: String, decisions: [Decision]) -> String
  func suspended(since: Instant, reason: String?) -> String
  func duplicate(of main: ItemKey, since: Instant?) -> String
  func extensionAsked(until: Instant) -> String
  func closed(_ kind: Kind, at: Instant, isWithdrawal: Bool) -> String
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
  /// Whether a unit leads (主办), not an organ of the chain.
  var isLed: Bool
  var isUnassigned: Bool
  var policyVersion: Int
  var policyLine: Int
}

/// From when they spoke until the first answer, or what came in its place.
struct Wait {
  var from: Instant
  var until: Instant?
  /// Whether it was answered, not merely ended.
  var isAnswered: Bool
  /// Up to when it is measured while nothing has come.
  var now: Instant
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
    guard matter.opening != nil, matter.item(of: unit) != nil else { return paragraphs + [wording.awaited(matter.kind)] }
    for (each, item) in matter.items where each == unit || unit == nil {
      for cycle in cycles(of: each) { paragraphs += self.paragraphs(of: cycle, wording, now: min(asOf ?? now, asAt ?? now)) }
      paragraphs += standing(of: item, each, wording)
    }
    return paragraphs
  }

  private func paragraphs(of cycle: CycleAccount, _ wording: any Wording, now: Instant) -> [String] {
    var paragraphs: [String] = []
    if let beginning = beginning(of: cycle) { paragraphs.append(wording.beginning(beginning)) }
    let handovers = cycle.cycle.handovers
    for (from, to) in zip(handovers, handovers.dropFirst()) {
      let tier = cycle.cycle.startTier
      paragraphs.append(wording.handover(from: name(from.organID, tier), to: name(to.organID, tier), at: to.since))
    }
    paragraphs += cycle.clocks.map(wording.clock)
    if matter.kind == .complaint && cycle.unit == nil { paragraphs.append(wording.waited(cycle.wait(now: now))) }
    for breach in breaches(of: cycle) {
      paragraphs.append(
        wording.breach(breach, organ: name(breach.lapse.organID, breach.lapse.step.tier), decisions: decisions(on: breach.number))
      )
    }
    return paragraphs
  }

  private func beginning(of cycle: CycleAccount) -> Beginning? {
    guard let first = cycle.clocks.compactMap({ $0.steps.first?.settings.first }).first, let opening = matter.opening else {
      return nil
    }
    return Beginning(
      kind: matter.kind, unit: cycle.unit, cycle: cycle.number, cause: first.cause, at: cycle.cycle.beganAt,
      source: directory.sources[matter.key.source]?.name ?? matter.key.source,
      organ: name(cycle.cycle.responsibleID, cycle.cycle.startTier), isLed: opening.leadID != nil,
      isUnassigned: matter.isUnassigned(cycle.unit), policyVersion: first.derivation.policyVersion,
      policyLine: first.derivation.policyLine)
  }

  /// Breaches of a cycle, those included that did not happen after all: people were told of them.
  private func breaches(of cycle: CycleAccount) -> [Breach] {
    breaches.filter { $0.lapse.step.unit == cycle.unit && $0.lapse.step.begunBy == cycle.cycle.begunBy }
  }

  func decisions(on breach: Int32) -> [Decision] {
    findings.compactMap { finding in
      let facts = FindingFacts(finding)
      guard finding.type == "breach.decided", facts.breach == breach else { return nil }
      return Decision(at: finding.at, by: facts.by ?? "", decision: facts.decision ?? "", because: facts.because ?? "")
    }
  }

  private func standing(of item: Item, _ unit: String?, _ wording: any Wording) -> [String] {
    var paragraphs: [String] = []
    if item.isInWork, let until = item.cycle?.requestedUntil { paragraphs.append(wording.extensionAsked(until: until)) }
    if let main = item.main {
      paragraphs.append(wording.duplicate(of: main, since: item.stoppedSince))
    } else if let since = item.stoppedSince {
      paragraphs.append(wording.suspended(since: since, reason: reason(of: Item.Pause(from: since), unit)))
    }
    if let at = item.closedAt { paragraphs.append(wording.closed(matter.kind, at: at, isWithdrawal: item.isWithdrawn)) }
    return paragraphs
  }
}

extension CycleAccount {
  func wait(now: Instant) -> Wait {
    Wait(from: cycle.beganAt, until: answered, isAnswered: cycle.answeredAt != nil, now: now)
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

  /// Days passed over, by their reasons, each a run of days.
  var skipped: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] { runs(.skipped) }

  /// Make-up workdays that were counted.
  var madeUp: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] { runs(.counted) }

  var skippedCount: Int { days?.count(.skipped) ?? 0 }

  /// Years that it reaches and that were not announced.
  var unannouncedYears: [Int] {
    guard derivation.clock.isProvisional else { return [] }
    let (first, last) = (ShanghaiTime(derivation.clock.start).year, ShanghaiTime(derivation.dueAt).year)
    return (first...max(first, last)).filter { !derivation.days.calendar.isAnnounced(year: $0) }
  }

  private func runs(_ role: Explanation.Day.Role) -> [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] {
    var groups: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])] = []
    var before: (index: Int, reason: String)?
    for (i, day) in (days?.days ?? []).enumerated() where day.role == role {
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
