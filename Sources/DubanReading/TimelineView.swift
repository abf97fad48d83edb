// A matter's timeline: its log and what Duban found, in the order of recording.

import Duban
import DubanStore

/// A line of a timeline.
public struct TimelineView: Encodable, Sendable {
  /// The entry's number; absent of what Duban found.
  public var number: Int32?
  public var type: String
  /// The unit whose part it is about.
  public var unit: String?
  public var source: String?
  public var messageID: String?
  public var occurredAt: Instant
  public var recordedAt: Instant
  /// Whether an entry counts: applied, waits, inapplicable or set-aside.
  public var verdict: String?
  public var reason: String?
  public var detail: String?
  /// The breach that a finding is about.
  public var breach: Int32?
  /// The facts, as JSON.
  public var facts: String
  /// In a line, for people.
  public var summary: String
}

extension Account {
  /// The timeline of the whole, or what concerns a unit's part.
  public func timeline(of unit: String?, verdicts: [Int32: Verdict]) -> [TimelineView] {
    let entries = log.filter { unit == nil || $0.unit == nil || $0.unit == unit }.map {
      view($0, verdicts[$0.number] ?? .applied)
    }
    let found = findings.filter { unit == nil || concerns($0, unit) }.map(view)
    // Of one time, entries come before what was found by them.
    return (entries + found).enumerated().sorted { ($0.element.recordedAt, $0.offset) < ($1.element.recordedAt, $1.offset) }
      .map(\.element)
  }

  /// The report against a checklist that happened last and counts.
  func latestReport(of unit: String?, verdicts: [Int32: Verdict], checklists: ChecklistBook) -> ReportView? {
    log.filter { $0.unit == unit && (verdicts[$0.number] ?? .applied) == .applied }.compactMap { ReportView($0, checklists) }
      .max { $0.reportedAt < $1.reportedAt }
  }

  private func view(_ entry: Entry, _ verdict: Verdict) -> TimelineView {
    var summary = entry.type + (entry.key.map { " (\($0.id))" } ?? "")
    if let unit = entry.unit { summary += " of \(unit)" }
    if let facts = ReportView(entry, ChecklistBook())?.text ?? entry.event.summary { summary += ": \(facts)" }
    if case .policyMoved = entry.event { summary += changes(at: entry) }
    var view = TimelineView(
      number: entry.number, type: entry.type, unit: entry.unit, source: entry.key?.source, messageID: entry.key?.id,
      occurredAt: entry.occurredAt, recordedAt: entry.recordedAt, verdict: verdict.name, facts: entry.facts, summary: summary)
    if case .inapplicable(let why) = verdict { (view.reason, view.detail) = (why.reason.rawValue, why.detail) }
    if verdict != .applied { view.summary += " – \(verdict.name)" + (view.reason.map { ": \($0)" } ?? "") }
    return view
  }

  /// Whether a finding is about a unit's part, or about the matter.
  private func concerns(_ finding: FindingRow, _ unit: String?) -> Bool {
    let facts = FindingFacts(finding)
    if let item = facts.item { return item.unit == unit }
    return facts.breach.map { number in breaches.contains { $0.number == number && $0.lapse.step.unit == unit } } ?? true
  }

  private func view(_ finding: FindingRow) -> TimelineView {
    let facts = FindingFacts(finding)
    return TimelineView(
      type: finding.type, unit: facts.item?.unit, occurredAt: finding.at, recordedAt: finding.at, breach: facts.breach,
      facts: finding.data, summary: "\(finding.type): \(facts.summary(finding.type))")
  }

  /// Deadlines before and after an entry, where it changed them.
  private func changes(at entry: Entry) -> String {
    var text = ""
    for (unit, _) in matter.items {
      for kind in Item.ClockKind.allCases {
        let own = fold.derivations.filter { $0.unit == unit && $0.kind == kind }
        guard let i = own.firstIndex(where: { $0.at == entry.place }), i > 0 else { continue }
        text += "; \(unit.map { "\($0) " } ?? "")\(kind.chinese) \(own[i - 1].dueAt.rfc3339) → \(own[i].dueAt.rfc3339)"
      }
    }
    return text
  }
}

extension Verdict {
  /// For programs.
  var name: String {
    switch self {
    case .applied: "applied"
    case .waits: "waits"
    case .inapplicable: "inapplicable"
    case .setAside: "set-aside"
    }
  }
}

extension Event {
  /// What it says beside its type; nil where that is all.
  fileprivate var summary: String? {
    switch self {
    case .opened, .responded, .reported, .withdrawn, .unparked, .parkingReviewed, .urged, .reopened, .resumed, .noted: return nil
    case .assigned(let assignment): return assignment.summary
    case .contacted(let isReached): return isReached ? nil : "not reached"
    case .planned(let measure): return measure
    case .checked(let check):
      return (check.passed ? "passed" : "failed") + (check.person.map { ", by \($0)" } ?? "")
        + (check.reason.map { ", \($0)" } ?? "")
    case .closureRequested(_, let evidence) where !evidence.isEmpty: return "evidence " + evidence.joined(separator: ", ")
    case .closureRequested(let closing, _), .resolved(let closing):
      return closing.map { $0.type.rawValue + ($0.reason.map { ", \($0)" } ?? "") }
    case .closureDecided(let decision), .returnDecided(let decision): return decision.summary
    case .consulted(let minutes): return minutes
    case .parked(let reason, let until, let decision):
      return reason + (until.map { ", until \($0.rfc3339)" } ?? "") + (decision.approver.map { ", approved by \($0)" } ?? "")
    case .judged(let judgement, let decision): return judgement.rawValue + (decision.approver.map { ", by \($0)" } ?? "")
    case .accepted(let units):
      let names = (units.lead.map { ["主办 \($0)"] } ?? []) + units.supporting.map { "协办 \($0)" }
      return names.isEmpty ? nil : names.joined(separator: ", ")
    case .returned(let reason), .suspended(let reason): return reason
    case .rated(let rating): return rating.rawValue
    case .verified(let passed): return passed ? "passed" : "failed"
    case .reviewed(let isApproved): return isApproved ? "approved" : "rejected"
    case .extensionRequested(let reason, let until): return "until \(until.rfc3339), \(reason)"
    case .extensionDecided(.approved(let until, let by)):
      return "approved until \(until.rfc3339)" + (by.map { " by \($0)" } ?? "")
    case .extensionDecided(.rejected): return "rejected"
    case .merged(let main): return "into \(main)"
    case .placed(let region): return [region?.district, region?.street].compactMap(\.self).joined()
    case .policyMoved(let version, let because, let by): return "by \(by), because \(because); to policy version \(version)"
    case .followed(let following): return "main item \(following.main) \(following.fate.rawValue)"
    case .setAside(let entry, let because, let by): return "entry \(entry), by \(by), because \(because)"
    }
  }
}

extension Event.Assignment {
  fileprivate var summary: String {
    let place = [region?.district, region?.street, region?.community].compactMap(\.self).joined()
    let parts =
      [place.isEmpty ? nil : "to \(place)", tier.map { "tier \($0.rawValue)" }, units.lead.map { "主办 \($0)" }]
      + units.supporting.map { "协办 \($0)" } + [isFinal ? "指定承办" : nil, person.map { "by \($0)" }, reason.map { "because \($0)" }]
    return parts.compactMap(\.self).joined(separator: ", ")
  }
}

extension Event.Decision {
  fileprivate var summary: String { (isApproved ? "approved" : "rejected") + ((approver ?? person).map { " by \($0)" } ?? "") }
}
