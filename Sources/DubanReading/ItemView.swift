// Items as they are listed and shown.

import Duban
import DubanStore

/// An item as it stands: the whole of a matter, or the part of a unit.
public struct ItemView: Encodable, Sendable {
  public var id: Int64
  public var source: String
  public var subject: String
  /// The supporting unit (协办) whose part it is.
  public var unit: String?
  /// The lead unit (主办), as upstream names it.
  public var lead: String?
  public var kind: Kind
  public var phase: String
  public var isWithdrawn: Bool
  /// The responsible unit (承办), and the organ that supervises (督办) since a deadline lapsed.
  public var responsible: String?
  public var supervisor: String?
  /// Who is responsible there (责任人), as far as the directory names one; of an item that is shown by itself, ``ItemDetail/person`` says it.
  public var person: String?
  /// The tier that supervises, or is responsible where none does.
  public var tier: Tier?
  /// 待派: the directory does not know its street or its unit.
  public var unassigned: Bool
  /// Of an item that is listed as 待派: where it is in upstream's words, and the streets that may have been meant.
  public var region: String?
  public var suggestions: [String]?
  public var community: String?
  public var category: String?
  public var grade: String?
  public var title: String?
  public var policyVersion: Int?
  public var openedAt: Instant?
  public var closedAt: Instant?
  /// The clock that is due next, or was when its clocks were stopped.
  public var clock: String?
  public var dueAt: Instant?
  /// Until when each clock that runs, or is stopped, has time.
  public var responseDueAt: Instant?
  public var resolutionDueAt: Instant?
  public var isProvisional: Bool
  /// Since when its clocks are stopped (中止计时, or as a duplicate).
  public var suspendedAt: Instant?
  /// 挂账.
  public var isParked: Bool
  /// When the present stage of what is parked ends, where one is set (阶段目标).
  public var parkedUntil: Instant?
  /// When what is parked is to be reviewed (挂账复核).
  public var reviewDueAt: Instant?
  /// The main item of a duplicate (重复件).
  public var duplicateOf: String?
  /// The first answer in the present cycle.
  public var answeredAt: Instant?
  /// 延期 in the present cycle: until when an undecided request asks for time, how many were granted, and until when the latest.
  public var extensionAskedUntil: Instant?
  public var extensions: Int32
  public var extendedUntil: Instant?
  public var breachedAt: Instant?
  public var cycle: Int32
  public var escalations: Int32
  public var urgings: Int32
  public var returns: Int32

  public init(_ summary: ItemSummary) {
    self.init(
      id: summary.id, summary.matter, summary.unit, responsible: summary.responsible, supervisor: summary.supervisor)
  }

  /// With the region that its opening names, and what may have been meant by it.
  public init(_ summary: ItemSummary, region: Event.Region?, _ directory: Directory) {
    self.init(summary)
    guard let region else { return }
    let names = [region.district, region.street, region.community].compactMap(\.self).joined(separator: " ")
    self.region = names.isEmpty ? nil : names
    let suggestions = summary.matter.opening?.place.streetID == nil ? directory.suggestions(for: region) : []
    self.suggestions = suggestions.isEmpty ? nil : suggestions
  }

  /// As an account tells it.
  init(id: Int64, _ account: Account, _ unit: String?) {
    let cycle = account.matter.item(of: unit)?.cycle
    let supervisor = cycle?.supervisor.flatMap { account.matter.opening?.place.organ(at: $0) }
    self.init(
      id: id, account.matter, unit, responsible: account.directory.name(of: cycle?.responsibleID),
      supervisor: account.directory.name(of: supervisor))
  }

  private init(id: Int64, _ matter: Matter, _ unit: String?, responsible: String?, supervisor: String?) {
    let item = matter.item(of: unit) ?? Item()
    let (opening, cycle) = (matter.opening, item.cycle)
    (self.id, source, subject, self.unit) = (id, matter.key.source, matter.key.subject, unit)
    (lead, kind, phase, isWithdrawn) = (opening?.lead, matter.kind, item.phase.rawValue, item.isWithdrawn)
    (self.responsible, self.supervisor) = (responsible, supervisor)
    tier = cycle.map { $0.supervisor ?? $0.startTier }
    (unassigned, community) = (matter.isUnassigned(unit), opening?.place.community)
    (category, grade, title) = (opening?.category, opening?.grade, opening?.title)
    (policyVersion, openedAt, closedAt) = (opening?.policyVersion, opening?.at, item.closedAt)
    (clock, dueAt) = (item.clocks.first?.kind.rawValue, item.clocks.first?.clock.dueAt)
    func due(_ kind: Item.ClockKind) -> Instant? { item.clocks.first { $0.kind == kind }?.clock.dueAt }
    (responseDueAt, resolutionDueAt) = (due(.response), due(.resolution))
    isProvisional = item.clocks.contains(where: \.clock.isProvisional)
    isParked = item.isInWork && cycle?.isParked == true
    (parkedUntil, reviewDueAt) = isParked ? (cycle?.parkedUntil, due(.review)) : (nil, nil)
    (suspendedAt, duplicateOf, answeredAt) = (item.stoppedSince, item.main?.description, item.answeredAt)
    extensionAskedUntil = item.isInWork ? cycle?.requestedUntil : nil
    (extensions, extendedUntil) = (cycle?.extensions ?? 0, cycle?.grant?.until)
    (breachedAt, self.cycle) = (item.breachedAt, item.cycles)
    (escalations, urgings, returns) = (item.escalations, item.urgings, item.returns)
  }

  public var key: ItemKey { ItemKey(source: source, subject: subject, unit: unit) }

  /// Why its clocks do not run; nil where they do, or there are none.
  public var whyStopped: String? {
    let since = suspendedAt.map { "since \($0.rfc3339)" }
    return duplicateOf.map { "duplicate of \($0) (重复件)" + (since.map { ", stopped \($0)" } ?? "") }
      ?? since.map { isParked ? "parked \($0) (挂账)" : "suspended \($0) (中止计时)" }
  }

  /// What a list shows in the place of the due date.
  public var standing: String? { whyStopped ?? dueAt?.rfc3339 }
}

/// An item with all that is shown of it alone.
public struct ItemDetail: Encodable, Sendable {
  public var item: ItemView
  /// Those that the policy does not have are absent.
  public var acceptance: ClockView?
  public var response: ClockView?
  public var submission: ClockView?
  public var resolution: ClockView?
  public var review: ClockView?
  public var waited: WaitView?
  /// Who is responsible there (责任人), as far as the directory names one.
  public var person: String?
  /// 指定承办; 退单, which is not decided.
  public var isFinal, isReturning: Bool
  /// 联系未果.
  public var missedContacts: Int32
  /// 申请办结, and 办结类型.
  public var submittedAt: Instant?
  public var closing: String?
  /// 不满意: undecided, upheld or excluded.
  public var dissatisfaction: String?
  /// What to mend where the policy does not list its category.
  public var categoryRemark: String?
  /// The checklist by which an inspection is to be made, and how the latest report against one came out.
  public var checklist: String?
  public var report: ReportView?
  public var parts: [ItemView]
  public var breaches: [BreachView]
  public var timeline: [TimelineView]

  public init(_ summary: ItemSummary, parts: [ItemSummary], _ record: MatterRecord, references: References, now: Instant) {
    let account = Account(of: summary.matter, record, references: references, now: now)
    item = ItemView(summary)
    self.parts = parts.map { part in
      var view = ItemView(part)
      view.person = account.directory.person(of: part)
      return view
    }
    let cycle = account.cycles(of: summary.unit).last
    (acceptance, submission, review) = (cycle?.view(of: .acceptance), cycle?.view(of: .submission), cycle?.view(of: .review))
    (response, resolution) = (cycle?.view(of: .response), cycle?.view(of: .resolution))
    let present = summary.matter.item(of: summary.unit)?.cycle
    person = account.directory.person(of: summary)
    (isFinal, isReturning) = (summary.matter.opening?.isFinal ?? false, present?.isReturning ?? false)
    missedContacts = present?.missedContacts ?? 0
    (submittedAt, closing) = (present?.submittedAt, present?.closing?.rawValue)
    dissatisfaction = present?.dissatisfaction?.rawValue
    let policy = item.policyVersion.flatMap(references.policies.version) ?? references.policies.current
    categoryRemark = policy.unlisted(item.category).map { "the policy does not list it\($0.nearest.suggestion)" }
    checklist = summary.matter.opening?.checklist
    report = account.latestReport(of: summary.unit, verdicts: record.verdicts, checklists: references.checklists)
    if summary.unit == nil { waited = cycle.map { WaitView($0.wait(now: now)) } }
    breaches = account.breaches.filter { $0.lapse.step.unit == summary.unit }.sorted { $0.number < $1.number }.map {
      BreachView($0, of: summary.matter.key(of: $0.lapse.step.unit), organ: account.directory.name(of: $0.lapse.organID))
    }
    timeline = account.timeline(of: summary.unit, verdicts: record.verdicts)
  }

  /// Field by field, for people.
  public var lines: [(name: String, text: String)] {
    let place = item.unassigned ? ", 待派" : ""
    return [
      ("number", "\(item.key)"), ("kind", item.kind.rawValue),
      ("phase", item.phase + (item.isWithdrawn ? ", withdrawn" : "") + place),
      ("承办", (item.responsible ?? "–") + (person.map { ", \($0)" } ?? "") + (isFinal ? ", 指定承办" : "")),
      ("督办", item.supervisor ?? "–"), ("lead (主办)", item.lead ?? "–"),
      ("community", item.community ?? "–"), ("category", (item.category ?? "–") + (categoryRemark.map { " (\($0))" } ?? "")),
      ("title", item.title ?? "–"),
      ("opened", item.openedAt?.rfc3339 ?? "–"), ("policy", item.policyVersion.map { "version \($0)" } ?? "–"),
      ("clocks", item.whyStopped ?? (item.dueAt == nil ? "none runs" : "running")), ("响应", text(response, "answered")),
      ("办结", text(resolution, "settled")), ("延期", extensionText), ("waited (R1)", waited?.text ?? "–"),
      ("first breach", item.breachedAt?.rfc3339 ?? "none"), ("closed", item.closedAt?.rfc3339 ?? "–"),
    ] + steps + [
      (
        "counts",
        [
          "cycle \(item.cycle)", Int(item.escalations).of("climb"), Int(item.urgings).of("urging"),
          Int(item.returns).of("return"),
        ].joined(separator: ", ")
      )
    ]
  }

  /// The steps that not every matter has.
  private var steps: [(name: String, text: String)] {
    let lines: [(String, String?)] = [
      ("签收", acceptance.map { text($0, "signed") }), ("申请办结", submission.map { text($0, "submitted") }),
      ("审核", submittedAt.flatMap { item.closedAt == nil ? "asked for at \($0.rfc3339), not decided yet" : nil }),
      ("退单", isReturning ? "asked for, not decided yet" : nil),
      (
        "挂账",
        item.isParked
          ? "parked; its other clocks are stopped" + (item.parkedUntil.map { "; this stage ends \($0.rfc3339)" } ?? "") : nil
      ),
      ("挂账复核", review.map { text($0, "reviewed") }), ("联系未果", missedContacts > 0 ? Int(missedContacts).of("time") : nil),
      ("办结类型", closing), ("不满意", dissatisfaction), ("检查表", checklist), ("检查结果", report?.text),
    ]
    return lines.compactMap { name, text in text.map { (name, $0) } }
  }

  private func text(_ clock: ClockView?, _ done: String) -> String {
    guard let clock else { return "–" }
    let counted = "counted from \(clock.start.rfc3339)"
    let due = "due \(clock.dueAt.rfc3339)" + (clock.isProvisional ? " (provisional)" : "")
    if let at = clock.doneAt {
      return "\(done) \(at.rfc3339)" + (clock.lateBySeconds == nil ? ", in time" : ", late") + "; was \(due), \(counted)"
    }
    if item.closedAt != nil { return "ended undone; was \(due)" }
    if item.suspendedAt != nil { return "was \(due) when its clocks were stopped, and has that much left" }
    if clock.isExhausted { return "overdue; was \(due), and no organ is above" }
    return "\(due) at \(clock.organ), \(counted)"
  }

  private var extensionText: String {
    let granted = item.extendedUntil.map {
      "granted \(item.extensions == 1 ? "once" : "\(item.extensions) times"), until \($0.rfc3339)"
    }
    let asked = item.extensionAskedUntil.map { "asked for until \($0.rfc3339), not decided yet" }
    let known = [granted, asked].compactMap(\.self)
    return known.isEmpty ? "–" : known.joined(separator: "; ")
  }
}

/// A clock of the present cycle: what the organ that owes it answers for.
public struct ClockView: Encodable, Sendable {
  /// The step that is owed now, or was when it ended: from when it counts, until when, and which organ a breach of it names.
  public var start: Instant
  public var dueAt: Instant
  public var organ: String
  public var isSupervising: Bool
  public var isProvisional: Bool
  /// Whether its last step lapsed, and no organ is above.
  public var isExhausted: Bool
  public var doneAt: Instant?
  /// How late after the first step's deadline; absent where it was in time.
  public var lateBySeconds: Int64?
}

/// From when the resident spoke until the first answer, or the end.
public struct WaitView: Encodable, Sendable {
  public var from: Instant
  public var until: Instant?
  public var seconds: Int64
  var text: String

  enum CodingKeys: CodingKey { case from, until, seconds }

  init(_ wait: Wait) {
    (from, until) = (wait.from, wait.until)
    let span = (wait.until ?? wait.now) - wait.from
    seconds = span.microseconds / 1_000_000
    let end = wait.until.map { "to \(wait.isAnswered ? "the first answer" : "the end") \($0.rfc3339)" } ?? "and not answered yet"
    text = "\(span.english), from \(wait.from.rfc3339) \(end)"
  }
}

extension CycleAccount {
  func view(of kind: Item.ClockKind) -> ClockView? {
    guard let story = clocks.first(where: { $0.kind == kind }), let step = story.steps.last, let first = story.steps.first,
      let setting = step.settings.last, let own = first.settings.last
    else { return nil }
    var view = ClockView(
      start: setting.derivation.clock.start, dueAt: setting.derivation.dueAt, organ: step.accountable,
      isSupervising: step.isSupervising,
      isProvisional: setting.derivation.clock.isProvisional, isExhausted: step.lapse != nil)
    guard case .done(let at, let late) = story.outcome else { return view }
    // What is done is measured by the responsible unit's own deadline.
    (view.start, view.dueAt, view.organ, view.isSupervising) = (
      own.derivation.clock.start, own.derivation.dueAt, first.accountable, false
    )
    (view.isProvisional, view.isExhausted) = (own.derivation.clock.isProvisional, false)
    (view.doneAt, view.lateBySeconds) = (at, late.map { $0.microseconds / 1_000_000 })
    return view
  }
}

/// An item that is due and not handled yet.
public struct DueView: Encodable, Sendable {
  /// Its matter's.
  public var id: Int64
  public var source, subject: String
  /// The supporting unit (协办) whose part it is.
  public var unit: String?
  public var since: Instant
  public var seconds: Int64

  public init(_ item: DueItem) {
    (id, source, subject, unit) = (item.id, item.key.source, item.key.subject, item.key.unit)
    (since, seconds) = (item.since, item.age.microseconds / 1_000_000)
  }

  public var key: ItemKey { ItemKey(source: source, subject: subject, unit: unit) }
}

extension Directory {
  /// The name of the person who is responsible for an item (责任人); nil where the directory names none.
  func person(of summary: ItemSummary) -> String? {
    summary.matter.opening.flatMap { person(at: summary.item.cycle?.responsibleID, of: $0.place) }?.name
  }
}
