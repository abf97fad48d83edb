// The fields of `data` that Duban acts on, as a message or a log entry states them, and the events that they make.

/// The fields of `data`, each of its type. Others stay in the original message and are not looked at.
struct Fields {
  struct Item {
    var source: String
    var subject: String
  }

  var region: Event.Region?
  var category, grade, title: String?
  var item: Item?
  /// 主办.
  var lead: String?
  /// Who is reminded (R24: 设计单位): the lead where no other unit is named.
  var unit: String?
  /// 协办.
  var supporting: [String] = []
  /// The unit whose part (协办件) the event is about; nil for the item itself.
  var part: String?
  var due: String?
  var passed: Bool?
  var decision: String?
  var reason: String?
  var until: String?
  var approver: String?
  var into: Item?
  var rating: String?
  /// Whose organ is to do the work.
  var tier: String?
  /// 指定承办.
  var isFinal: Bool?
  /// Whether the resident was reached.
  var reached: Bool?
  var closing: String?
  var minutes: String?
  var judgement: String?
  /// Against which checklist an inspection is made, and what was found.
  var checklist: Report.Reference?
  var results: [String: Report.Value]?
  /// In which role a report is made.
  var role: String?
  /// Whether problems were found: whatever stands there that says something.
  var hasProblems = false
  /// 责任人, 复查人, 批准人.
  var person: String?
  /// 整改措施, 整改类型, 发现途径 and 佐证 of a problem.
  var measure, rectification, way: String?
  var evidence: [String] = []

  init() {}

  /// Of a message or an entry about a kind of item: a field that only others have is not looked at.
  init(_ json: JSONObject, of kind: Kind) throws(Refusal) {
    region = try json.object("region").map { (object) throws(Refusal) in try Event.Region(object) }
    category = try json.text("category")
    grade = try json.text("grade")
    title = try json.text("title")
    lead = try json.text("lead")
    supporting = try json.texts("supporting")
    part = try json.text("part")
    unit = try json.text("unit")
    item = try json.object("item").map { (object) throws(Refusal) in try Item(object) }
    due = try json.text("due")
    passed = try json.bool("passed")
    decision = try json.text("decision")
    reason = try json.text("reason")
    until = try json.text("until")
    approver = try json.text("approver")
    into = try json.object("into").map { (object) throws(Refusal) in try Item(object) }
    rating = try json.text("rating")
    tier = try json.text("tier")
    isFinal = try json.bool("final")
    reached = try json.bool("reached")
    closing = try json.text("closing")
    minutes = try json.text("minutes")
    judgement = try json.text("judgement")
    switch kind {
    case .inspection:
      checklist = try json.object("checklist").map { (object) throws(Refusal) in try Report.Reference(object) }
      role = try json.text("role")
      results = try json.object("results").map { (found) throws(Refusal) in try Report.results(found) }
      if results != nil {
        hasProblems = json.json("problems").map { !["[]", "{}", "\"\"", "false"].contains($0) } ?? false
      }
    case .problem:
      person = try json.text("person")
      measure = try json.text("measure")
      rectification = try json.text("rectification")
      way = try json.text("way")
      evidence = try json.texts("evidence")
    case .complaint, .funding, .reminder: break
    }
  }
}

extension Fields.Item {
  fileprivate init(_ json: JSONObject) throws(Refusal) {
    source = try json.requiredText("source")
    subject = try json.requiredText("subject")
  }
}

extension EventType {
  /// The event that a message of this type, or its entry in the log, states.
  ///
  /// - Throws: a ``Refusal`` that names the field and the remedy.
  func event(_ fields: Fields) throws(Refusal) -> Event {
    switch meaning {
    case .opens:
      if fields.item != nil {
        throw Refusal(
          .invalidValue, at: "/data/item", "an event that opens an item names it by source and subject; remove data.item")
      }
      let dueAt: Instant? =
        switch kind {
        case .reminder: try fields.instant(\.due, "due", "say when the reminder falls due")
        case .problem where fields.due != nil: try fields.instant(\.due, "due", "say by when it is to be settled")
        default: nil
        }
      return .opened(
        .init(
          region: fields.region, category: fields.category, grade: fields.grade, title: fields.title,
          units: fields.units(of: kind), dueAt: dueAt, checklist: kind == .inspection ? fields.checklist?.name : nil,
          finding: kind == .problem ? try fields.readFinding() : nil))
    case .assigns: return .assigned(try fields.assignment(of: kind))
    case .accepts: return .accepted(fields.units(of: kind))
    case .contacts: return .contacted(isReached: fields.reached ?? true)
    case .responds: return .responded
    case .reports:
      let closing = try fields.readClosing()
      return try fields.report().map(Event.reported) ?? closing.map { .resolved($0) } ?? .responded
    case .plans: return .planned(measure: try fields.text(\.measure, "measure", "write the measures of the rectification (整改措施)"))
    case .confirms: return .checked(try fields.readCheck(.confirmation))
    case .rechecks: return .checked(try fields.readCheck(.recheck))
    case .spotChecks: return .checked(try fields.readCheck(.spotCheck))
    case .asksClosure: return .closureRequested(try fields.readClosing(), evidence: fields.evidence)
    case .decidesClosure: return .closureDecided(try fields.readDecision())
    case .resolves: return .resolved(try fields.readClosing())
    case .withdraws: return .withdrawn
    case .returns: return .returned(reason: try fields.text(\.reason, "reason", "say why it is sent back"))
    case .decidesReturn: return .returnDecided(try fields.readDecision())
    case .consults: return .consulted(minutes: try fields.text(\.minutes, "minutes", "write what was agreed, and who does what"))
    case .parks:
      let reason = try fields.text(\.reason, "reason", "say why it cannot be settled for now, such as 历史遗留 or 资金未落实")
      let until = fields.until == nil ? nil : try fields.instant(\.until, "until", "say until when the stage lasts")
      return .parked(reason: reason, until: until, Event.Decision(isApproved: true, approver: fields.approver))
    case .unparks: return .unparked
    case .reviewsParking: return .parkingReviewed
    case .urges: return .urged
    case .reopens: return .reopened
    case .rates:
      let rating = try fields.choice(\.rating, "rating", of: Event.Rating.allCases.map(\.rawValue))
      return .rated(Event.Rating.allCases[rating])
    case .judges:
      let judgement = try fields.choice(\.judgement, "judgement", of: Event.Judgement.allCases.map(\.rawValue))
      return .judged(
        Event.Judgement.allCases[judgement], Event.Decision(isApproved: true, approver: fields.approver))
    case .verifies:
      return .verified(passed: try fields.readPassed())
    case .reviews: return .reviewed(isApproved: try fields.isApproved())
    case .suspends: return .suspended(reason: try fields.text(\.reason, "reason", "say why the clocks are suspended"))
    case .resumes: return .resumed
    case .asksExtension:
      let reason = try fields.text(\.reason, "reason", "say why more time is needed")
      let until = try fields.instant(\.until, "until", "say until when more time is asked for")
      return .extensionRequested(reason: reason, until: until)
    case .decidesExtension:
      guard try fields.isApproved() else { return .extensionDecided(.rejected) }
      let until = try fields.instant(\.until, "until", "say until when more time is granted")
      return .extensionDecided(.approved(until: until, by: fields.approver))
    case .merges:
      guard let main = fields.into else {
        throw Refusal(.missingField, at: "/data/into", "name the main item by its source and subject")
      }
      return .merged(into: ItemKey(source: main.source, subject: main.subject))
    case .notes, .allocates: return .noted
    }
  }
}

// MARK: - Checks

extension Fields {
  /// Units are named by the opening or acceptance of an item; an event about a unit's part names one.
  func checkUnits(of type: EventType) throws(Refusal) {
    if let lead { try Self.check(unit: lead, "lead") }
    if let unit { try Self.check(unit: unit, "unit") }
    for (i, unit) in supporting.enumerated() { try Self.check(unit: unit, "supporting/\(i)") }
    guard supporting.count <= Limits.supportingUnits else {
      throw Refusal(.invalidValue, at: "/data/supporting", "at most \(Limits.supportingUnits) units can support an item")
    }
    guard let part else { return }
    try Self.check(unit: part, "part")
    if [.opens, .merges, .assigns].contains(type.meaning) {
      throw Refusal(
        .invalidValue, at: "/data/part",
        "this event is about the item itself; remove part, and name units in lead and supporting")
    }
  }

  private static func check(unit name: String, _ field: String) throws(Refusal) {
    guard !name.isEmpty, name.unicodeScalars.count <= Limits.unitCharacters else {
      throw Refusal(.invalidValue, at: "/data/" + field, "name a unit in 1 to \(Limits.unitCharacters) characters")
    }
  }

  fileprivate func units(of kind: Kind) -> Event.Units {
    // An event about a part names no units.
    guard part == nil else { return Event.Units() }
    let lead = lead ?? (kind == .reminder ? unit : nil)
    var named: [String] = []
    for unit in supporting where lead.map(unit.hasSameBytes) != true && !named.contains(where: unit.hasSameBytes) {
      named.append(unit)
    }
    return Event.Units(lead: lead, supporting: named)
  }

  fileprivate func assignment(of kind: Kind) throws(Refusal) -> Event.Assignment {
    let units = units(of: kind)
    guard region != nil || tier != nil || units.lead != nil else {
      throw Refusal(.missingField, at: "/data/region", "say who is to do it: name region, tier or lead")
    }
    let tiers = Tier.allCases
    let tier = tier == nil ? nil : tiers[try choice(\.tier, "tier", of: tiers.map(\.rawValue))]
    return Event.Assignment(region: region, tier: tier, units: units, isFinal: isFinal ?? false, reason: reason)
  }

  fileprivate func readDecision() throws(Refusal) -> Event.Decision {
    Event.Decision(isApproved: try isApproved(), approver: approver, person: person)
  }

  fileprivate func readPassed() throws(Refusal) -> Bool {
    guard let passed else {
      throw Refusal(.missingField, at: "/data/passed", "say whether the recheck passed: true or false")
    }
    return passed
  }

  fileprivate func readCheck(_ stage: Event.Check.Stage) throws(Refusal) -> Event.Check {
    let passed = try readPassed()
    let reason = passed ? nil : try text(\.reason, "reason", "say why it did not pass")
    return Event.Check(stage, passed: passed, person: person, reason: reason)
  }

  fileprivate func readFinding() throws(Refusal) -> Event.Finding? {
    let (ways, types) = (Event.Way.allCases, Event.Rectification.allCases)
    let way = way == nil ? nil : ways[try choice(\.way, "way", of: ways.map(\.rawValue))]
    let type = rectification == nil ? nil : types[try choice(\.rectification, "rectification", of: types.map(\.rawValue))]
    guard way != nil || type != nil || measure != nil || person != nil else { return nil }
    return Event.Finding(way: way, rectification: type, measure: measure, person: person)
  }

  /// The results of an inspection; nil of a report without.
  fileprivate func report() throws(Refusal) -> Report? {
    guard let results else { return nil }
    guard let checklist else {
      throw Refusal(.missingField, at: "/data/checklist", "name the checklist of these results, by name and version")
    }
    guard let version = checklist.version else {
      throw Refusal(.missingField, at: "/data/checklist/version", "say which version of the checklist was filled in")
    }
    return Report(
      checklist: checklist.name, version: version, role: role, results: results, hasProblems: hasProblems)
  }

  /// 办结类型, where one is given.
  fileprivate func readClosing() throws(Refusal) -> Event.Closing? {
    guard closing != nil else { return nil }
    let type = ClosingType.allCases[try choice(\.closing, "closing", of: ClosingType.allCases.map(\.rawValue))]
    if type.needsReason { _ = try text(\.reason, "reason", "a matter that is closed as \(type.rawValue) needs its ground") }
    return Event.Closing(type, reason: reason)
  }

  fileprivate func isApproved() throws(Refusal) -> Bool {
    try choice(\.decision, "decision", of: ["approved", "rejected"]) == 0
  }

  /// Which of the choices a field names.
  fileprivate func choice(_ field: KeyPath<Fields, String?>, _ name: String, of choices: [String]) throws(Refusal) -> Int {
    let remedy = "\(name) must be one of: \(choices.joined(separator: ", "))"
    guard let value = self[keyPath: field] else { throw Refusal(.missingField, at: "/data/" + name, remedy) }
    // By their bytes: Unicode has more than one way to write 不, and Swift takes them for equal.
    guard let i = choices.firstIndex(where: { $0.hasSameBytes(as: value) }) else {
      throw Refusal(.invalidValue, at: "/data/" + name, remedy)
    }
    return i
  }

  fileprivate func text(_ field: KeyPath<Fields, String?>, _ name: String, _ remedy: String) throws(Refusal) -> String {
    guard let value = self[keyPath: field], !value.isEmpty else {
      throw Refusal(.missingField, at: "/data/" + name, remedy)
    }
    return value
  }

  fileprivate func instant(_ field: KeyPath<Fields, String?>, _ name: String, _ remedy: String) throws(Refusal) -> Instant {
    guard let value = self[keyPath: field] else { throw Refusal(.missingField, at: "/data/" + name, "\(remedy), RFC 3339") }
    guard let instant = Instant(rfc3339: value) else {
      throw Refusal(
        .invalidValue, at: "/data/" + name, "\(name) must be RFC 3339 with an offset, e.g. 2026-11-20T08:00:00+08:00")
    }
    return instant
  }
}
