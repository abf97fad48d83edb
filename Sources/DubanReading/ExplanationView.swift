// Why each deadline of an item is when it is: for programs as values, for people as sentences.

import Duban
import DubanStore

/// The explanation of an item.
public struct ExplanationView: Encodable, Sendable {
  public var item: ItemView
  /// What Duban knew at that time; how things stood at that time.
  public var asAt, asOf: Instant?
  public var deadlines: [DeadlineView]
  public var breaches: [BreachView]
  /// The sentences, in the language that was asked for.
  public var text: [String]
  /// What the row has and its log does not; absent where they agree.
  public var contradiction: String?

  public init(_ summary: ItemSummary, _ account: Account, in language: Language, now: Instant) {
    item = ItemView(id: summary.id, account, summary.unit)
    (asAt, asOf) = (account.asAt, account.asOf)
    let units = account.matter.items.map(\.unit).filter { summary.unit == nil || $0 == summary.unit }
    deadlines = units.flatMap { unit in account.cycles(of: unit).flatMap { DeadlineView.all(of: $0) } }
    breaches = account.breaches.filter { summary.unit == nil || $0.lapse.step.unit == summary.unit }.sorted {
      $0.number < $1.number
    }
    .map {
      BreachView($0, of: summary.matter.key(of: $0.lapse.step.unit), organ: account.directory.name(of: $0.lapse.organID))
    }
    text = account.paragraphs(of: summary.unit, in: language, now: now)
    if asAt == nil && asOf == nil { contradiction = account.contradiction(of: summary.matter) }
  }
}

/// A deadline and its ground.
public struct DeadlineView: Encodable, Sendable {
  public struct Pause: Encodable, Sendable {
    public var from: Instant
    public var until: Instant?
  }

  public var unit: String?
  public var cycle: Int32
  public var clock: String
  public var tier: Tier
  public var organ: String
  public var isSupervising: Bool
  /// What set it: opened, named, reopened, escalated, resumed, extended, extension-refused, policy-moved, calendar-came
  /// or changed; and when.
  public var because: String
  public var at: Instant
  /// The limit, as a policy file writes it, and from when it is counted.
  public var limit: String
  public var start: Instant
  /// When it should have been counted from, where it is counted from the hearing instead.
  public var nominalStart: Instant?
  public var dueAt: Instant
  public var isStated: Bool
  /// Whether it was kept from before, because the one by this limit had passed when it came.
  public var isKept: Bool
  public var isProvisional: Bool
  public var policyVersion: Int
  public var policyLine: Int
  public var calendarVersion: Int?
  public var pauses: [Pause]
  public var extendedUntil: Instant?
  public var counted: [String]?
  public var skipped: [String]?
  /// What became of it: kept, lapsed, ended, suspended, running, dropped by another policy, or replaced by the next.
  public var outcome: String
  /// The breach on record where it lapsed.
  public var breach: Int32?

  static func all(of cycle: CycleAccount) -> [DeadlineView] {
    cycle.clocks.flatMap { story in
      story.steps.enumerated().flatMap { i, step in
        step.settings.enumerated().map { j, setting in
          var outcome = "replaced"
          if j == step.settings.count - 1 { outcome = step.lapse != nil ? "lapsed" : story.outcome.name }
          return DeadlineView(cycle, story.kind, step, setting, outcome: outcome)
        }
      }
    }
  }

  private init(_ cycle: CycleAccount, _ kind: Item.ClockKind, _ step: StepStory, _ setting: Setting, outcome: String) {
    let derivation = setting.derivation
    let clock = derivation.clock
    (unit, self.cycle, self.clock, tier) = (cycle.unit, cycle.number, kind.rawValue, clock.tier)
    (organ, isSupervising, because, at) = (step.organ, step.isSupervising, setting.cause.name, derivation.at)
    (limit, start, nominalStart) = (derivation.allowance.text, clock.start, derivation.nominalStart)
    (dueAt, isStated, isKept, isProvisional) = (clock.dueAt, clock.statedAt != nil, derivation.isKept, clock.isProvisional)
    (policyVersion, policyLine) = (derivation.policyVersion, derivation.policyLine)
    pauses = derivation.pauses.map { Pause(from: $0.from, until: $0.until) }
    extendedUntil = derivation.grant?.until
    (self.outcome, breach) = (outcome, outcome == "lapsed" ? step.breach?.number : nil)
    guard let days = setting.days else { return }
    calendarVersion = derivation.days.calendar.version
    func names(_ role: Explanation.Day.Role) -> [String] {
      days.days.filter { $0.role == role }.map { $0.date.date + ($0.reason.map { " \($0)" } ?? "") }
    }
    (counted, skipped) = (names(.counted), names(.skipped))
  }
}

extension ClockStory.Outcome {
  fileprivate var name: String {
    switch self {
    case .done: "kept"
    case .ended: "ended"
    case .suspended: "suspended"
    case .running: "running"
    case .dropped: "dropped"
    }
  }
}
