// What can happen to a matter: one case for each event, with the facts that Duban acts on. Messages and log entries are decoded into it once.

/// Something that happened to a matter.
///
/// To add one, go through the list in `AddingAnEvent.md`.
public enum Event: Hashable, Sendable {
  /// 受理.
  indirect case opened(Opening)
  /// 派单, 改派, 指定承办.
  indirect case assigned(Assignment)
  /// 签收, which may name units.
  case accepted(Units)
  /// 首次联系: the response, where the resident was reached.
  case contacted(isReached: Bool)
  /// 响应: the first answer to the resident, and 巡查上报 without results.
  case responded
  /// 巡查上报 against a checklist.
  indirect case reported(Report)
  /// 报送整改措施.
  case planned(measure: String)
  /// 街道/监理确认, 现场复查 or 市级抽核 of a problem.
  case checked(Check)
  /// 申请办结.
  case closureRequested(Closing?, evidence: [String])
  /// 办结审核.
  case closureDecided(Decision)
  /// 办结.
  case resolved(Closing?)
  /// 撤回: ended without being settled.
  case withdrawn
  /// 退单: asks that another organ be given the work.
  case returned(reason: String)
  /// 退单审核. Where it is approved, 改派 follows.
  case returnDecided(Decision)
  /// 会商.
  case consulted(minutes: String)
  /// 挂账; `until` is when its present stage ends (阶段目标), where one is set.
  case parked(reason: String, until: Instant?, Decision)
  /// 摘账.
  case unparked
  /// 挂账复核.
  case parkingReviewed
  /// 催办.
  case urged
  /// 重办.
  case reopened
  /// 回访: only 不满意 reopens.
  case rated(Rating)
  /// 不满意核定.
  case judged(Judgement, Decision)
  /// 复查.
  case verified(passed: Bool)
  /// 审核.
  case reviewed(isApproved: Bool)
  /// 中止计时.
  case suspended(reason: String)
  /// 恢复.
  case resumed
  /// 延期申请.
  case extensionRequested(reason: String, until: Instant)
  /// 延期审核.
  case extensionDecided(ExtensionDecision)
  /// 合并: a duplicate (重复件) of the main item.
  case merged(into: ItemKey)
  /// Belongs to the record and moves nothing.
  case noted
  // Duban's own and its operators'.
  /// 补派: the directory has its street or unit now.
  case placed(Region?)
  /// An operator put the matter on another policy version.
  case policyMoved(to: Int, because: String, by: String)
  /// A duplicate follows its main item.
  case followed(Following)
  /// An operator set an entry aside that waited in vain.
  case setAside(entry: Int32, because: String, by: String)

  /// Where the matter is, in upstream's words.
  public struct Region: Hashable, Sendable {
    public var district: String?
    public var street: String?
    public var community: String?

    public init(district: String? = nil, street: String? = nil, community: String? = nil) {
      (self.district, self.street, self.community) = (district, street, community)
    }
  }

  /// Units beside the chain (R12 水, 电, 气, 通信; R41 牵头部门和责任单位).
  public struct Units: Hashable, Sendable {
    /// 主办.
    public var lead: String?
    /// 协办, each once, the lead not among them.
    public var supporting: [String] = []

    public init(lead: String? = nil, supporting: [String] = []) { (self.lead, self.supporting) = (lead, supporting) }

    var all: [String] { (lead.map { [$0] } ?? []) + supporting }
  }

  public struct Opening: Hashable, Sendable {
    public var region: Region?
    public var category: String?
    public var grade: String?
    public var title: String?
    public var units = Units()
    /// When a reminder (提醒) falls due, or by when a problem is to be 销号.
    public var dueAt: Instant?
    /// The checklist by which an inspection is to be made.
    public var checklist: String?
    /// Of a problem.
    public var finding: Finding?
  }

  /// Who is to do the work from now on: the organ of a place, of its lowest tier or of the one that is named, or a unit.
  public struct Assignment: Hashable, Sendable {
    /// Nil leaves the matter in its place.
    public var region: Region?
    /// The tier whose organ is to do it: the community, or a matter that is the district's or the city's own on purpose.
    public var tier: Tier?
    public var units = Units()
    /// 指定承办: it may not be sent back.
    public var isFinal = false
    public var reason: String?
    /// The operator who did it; nil where a message brought it.
    public var person: String?

    public init(
      region: Region? = nil, tier: Tier? = nil, units: Units = Units(), isFinal: Bool = false, reason: String? = nil,
      person: String? = nil
    ) {
      (self.region, self.tier, self.units) = (region, tier, units)
      (self.isFinal, self.reason, self.person) = (isFinal, reason, person)
    }
  }

  /// A decision, and the organ in whose name it was made, as far as the message names one.
  public struct Decision: Hashable, Sendable {
    public var isApproved: Bool
    public var approver: String?
    /// The person who decided (批准人).
    public var person: String?

    public init(isApproved: Bool, approver: String? = nil, person: String? = nil) {
      (self.isApproved, self.approver, self.person) = (isApproved, approver, person)
    }
  }

  /// How a problem (问题) was found, and what is to be done about it.
  public struct Finding: Hashable, Sendable {
    /// 发现途径.
    public var way: Way?
    /// 整改类型.
    public var rectification: Rectification?
    /// 整改措施.
    public var measure: String?
    /// 责任人.
    public var person: String?
  }

  /// 发现途径 (practice: from inspections, 市级抽查, residents, 监理 and the media).
  public enum Way: String, CaseIterable, Sendable {
    case inspection = "巡查检查"
    case ownSearch = "自查排查"
    case spotCheck = "市级抽查"
    case superior = "上级交办"
    case resident = "居民反映"
    case supervisor = "监理发现"
    case media = "媒体反映"
  }

  /// 整改类型.
  public enum Rectification: String, CaseIterable, Sendable {
    case atOnce = "立行立改"
    case byDate = "限期整改"
    case lasting = "长期坚持"
  }

  /// A check of what was rectified.
  public struct Check: Hashable, Sendable {
    public var stage: Stage
    public var passed: Bool
    /// 复查人.
    public var person: String?
    /// Why it did not pass.
    public var reason: String?

    public init(_ stage: Stage, passed: Bool, person: String? = nil, reason: String? = nil) {
      (self.stage, self.passed, self.person, self.reason) = (stage, passed, person, reason)
    }

    public enum Stage: String, CaseIterable, Sendable {
      /// 街道/监理确认.
      case confirmation
      /// 现场复查.
      case recheck
      /// 市级抽核, of what is 销号.
      case spotCheck = "spot-check"
    }
  }

  /// 办结类型, with its ground.
  public struct Closing: Hashable, Sendable {
    public var type: ClosingType
    public var reason: String?

    public init(_ type: ClosingType, reason: String? = nil) { (self.type, self.reason) = (type, reason) }
  }

  /// 不满意核定: what the check of a resident's dissatisfaction has come to.
  public enum Judgement: String, CaseIterable, Sendable {
    /// The unit's fault: it is done again.
    case redone = "重办"
    /// Handled lawfully: the closing stands.
    case upheld = "维持"
    /// Does not count in the figures.
    case excluded = "剔除"
  }

  public enum Rating: String, CaseIterable, Sendable {
    case satisfied = "满意"
    case fairlySatisfied = "基本满意"
    case dissatisfied = "不满意"
  }

  public enum ExtensionDecision: Hashable, Sendable {
    /// `by` names an organ of the directory; nil where the message names none.
    case approved(until: Instant, by: String?)
    case rejected
  }

  /// What became of a duplicate because of its main item; the latest entry about a merging replaces the earlier ones.
  public struct Following: Hashable, Sendable {
    public enum Fate: String, Sendable {
      /// The main item is in work: the duplicate's clocks are stopped.
      case held
      /// The main item was settled: so is the duplicate.
      case settled
      /// The main item was withdrawn, or the merging is void: the duplicate is its own again.
      case released
    }

    public var main: ItemKey
    /// The number of the entry that merged the duplicate.
    public var merging: Int32
    public var fate: Fate

    public init(main: ItemKey, merging: Int32, fate: Fate) {
      (self.main, self.merging, self.fate) = (main, merging, fate)
    }
  }
}

/// What an entry rests on that was known when it was recorded: which policy was in force, and what the directory made of its names.
public struct Stamp: Hashable, Sendable {
  /// The policy in force; of an opening, and of what stands alone (指标下达).
  public var policy: Int?
  /// The organs of the place; of an opening and of 补派.
  public var cityID, districtID, streetID, communityID: Int64?
  /// The units of the names in the entry, as far as the directory knows them.
  public var units: [String: Int64] = [:]
  /// The organ in whose name the message speaks, by the directory's grant; nil where the sender speaks for none, or for several and names none.
  public var speaker: Int64?
  /// The organs in whose places the sender may act on another's matter; empty where it may act anywhere.
  public var within: [Int64] = []
  /// The unit to which a confidential source's matters go; of an opening.
  public var recipient: Int64?
  /// How a report came out by the checklists in force.
  public var report: Report.Outcome?

  public init() {}
}

// MARK: - As facts of the log

extension Event {
  /// The facts as a JSON object, in the form in which messages state them; decoded again by ``EventType/event(_:)``.
  var facts: String {
    JSONText.object { facts in
      switch self {
      case .opened(let opening):
        facts.write("category", opening.category)
        if let checklist = opening.checklist { facts.write("checklist") { $0.write("name", checklist) } }
        facts.write("due", opening.dueAt?.rfc3339)
        facts.write("grade", opening.grade)
        facts.write("lead", opening.units.lead)
        facts.write("measure", opening.finding?.measure)
        facts.write("person", opening.finding?.person)
        facts.write("rectification", opening.finding?.rectification?.rawValue)
        if let region = opening.region { facts.write("region", object: region.write) }
        facts.write("supporting", opening.units.supporting)
        facts.write("title", opening.title)
        facts.write("way", opening.finding?.way?.rawValue)
      case .accepted(let units):
        facts.write("lead", units.lead)
        facts.write("supporting", units.supporting)
      case .assigned(let assignment): assignment.write(to: &facts)
      case .contacted(let isReached): facts.write("reached", isReached)
      case .reported(let report): report.write(to: &facts)
      case .closureRequested(let closing, let evidence):
        closing?.write(to: &facts)
        facts.write("evidence", evidence)
      case .resolved(let closing): closing?.write(to: &facts)
      case .planned(let measure): facts.write("measure", measure)
      case .checked(let check):
        facts.write("passed", check.passed)
        facts.write("person", check.person)
        facts.write("reason", check.reason)
      case .closureDecided(let decision), .returnDecided(let decision): decision.write(to: &facts)
      case .consulted(let minutes): facts.write("minutes", minutes)
      case .parked(let reason, let until, let decision):
        facts.write("approver", decision.approver)
        facts.write("reason", reason)
        facts.write("until", until?.rfc3339)
      case .judged(let judgement, let decision):
        facts.write("approver", decision.approver)
        facts.write("judgement", judgement.rawValue)
      case .returned(let reason), .suspended(let reason): facts.write("reason", reason)
      case .rated(let rating): facts.write("rating", rating.rawValue)
      case .verified(let passed): facts.write("passed", passed)
      case .reviewed(let isApproved): facts.write("decision", isApproved ? "approved" : "rejected")
      case .extensionRequested(let reason, let until):
        facts.write("reason", reason)
        facts.write("until", until.rfc3339)
      case .extensionDecided(.approved(let until, let approver)):
        facts.write("approver", approver)
        facts.write("decision", "approved")
        facts.write("until", until.rfc3339)
      case .extensionDecided(.rejected): facts.write("decision", "rejected")
      case .merged(let main): facts.write("into", object: main.write)
      case .placed(let region): if let region { facts.write("region", object: region.write) }
      case .policyMoved(let version, let reason, let person):
        facts.write("because", reason)
        facts.write("by", person)
        facts.write("to", version)
      case .followed(let following):
        facts.write("fate", following.fate.rawValue)
        facts.write("main", object: following.main.write)
        facts.write("merging", following.merging)
      case .setAside(let entry, let reason, let person):
        facts.write("because", reason)
        facts.write("by", person)
        facts.write("entry", entry)
      case .responded, .withdrawn, .unparked, .parkingReviewed, .urged, .reopened, .resumed, .noted: break
      }
    }
  }

  /// The units that the event names.
  var units: Units? {
    switch self {
    case .opened(let opening): opening.units
    case .accepted(let units): units
    case .assigned(let assignment): assignment.units
    default: nil
    }
  }

  /// The organ in whose name the sender decides, as the message names it.
  var approver: String? {
    switch self {
    case .closureDecided(let decision), .returnDecided(let decision), .parked(_, _, let decision), .judged(_, let decision):
      decision.approver
    case .extensionDecided(.approved(_, let approver)): approver
    default: nil
    }
  }

  /// Its type in the log where it is Duban's own; nil for what messages bring.
  var ownType: String? {
    switch self {
    case .assigned(let assignment): assignment.person == nil ? nil : "item.assigned"
    case .placed: "item.placed"
    case .policyMoved: "item.policy-moved"
    case .followed: "item.followed"
    case .setAside: "entry.set-aside"
    default: nil
    }
  }

  /// Duban's own event of a type; nil where the type or its facts are unknown.
  static func own(_ type: String, _ facts: JSONObject) throws(Refusal) -> Event? {
    switch type {
    case "item.assigned": return .assigned(try Assignment(facts))
    case "item.placed": return .placed(try facts.object("region").map { (object) throws(Refusal) in try Region(object) })
    case "item.policy-moved":
      guard let version = try facts.integer("to") else { return nil }
      return .policyMoved(
        to: Int(version), because: try facts.requiredText("because"), by: try facts.requiredText("by"))
    case "item.followed":
      guard let main = try facts.object("main"), let fate = Following.Fate(rawValue: try facts.requiredText("fate")),
        let merging = try facts.integer("merging")
      else { return nil }
      return .followed(
        Following(
          main: ItemKey(source: try main.requiredText("source"), subject: try main.requiredText("subject")),
          merging: Int32(merging), fate: fate))
    case "entry.set-aside":
      guard let entry = try facts.integer("entry") else { return nil }
      return .setAside(entry: Int32(entry), because: try facts.requiredText("because"), by: try facts.requiredText("by"))
    default: return nil
    }
  }
}

extension Event.Region {
  init(_ object: JSONObject) throws(Refusal) {
    self.init(
      district: try object.text("district"), street: try object.text("street"), community: try object.text("community"))
  }

  func write(to members: inout JSONMembers) {
    members.write("community", community)
    members.write("district", district)
    members.write("street", street)
  }
}

extension Event.Assignment {
  fileprivate init(_ facts: JSONObject) throws(Refusal) {
    self.init(
      region: try facts.object("region").map { (object) throws(Refusal) in try Event.Region(object) },
      tier: try facts.text("tier").flatMap(Tier.init),
      units: Event.Units(lead: try facts.text("lead"), supporting: try facts.texts("supporting")),
      isFinal: try facts.bool("final") ?? false, reason: try facts.text("reason"), person: try facts.text("by"))
  }

  fileprivate func write(to members: inout JSONMembers) {
    members.write("by", person)
    members.write(flag: "final", isFinal)
    members.write("lead", units.lead)
    members.write("reason", reason)
    if let region { members.write("region", object: region.write) }
    members.write("supporting", units.supporting)
    members.write("tier", tier?.rawValue)
  }
}

extension Event.Decision {
  fileprivate func write(to members: inout JSONMembers) {
    members.write("approver", approver)
    members.write("decision", isApproved ? "approved" : "rejected")
    members.write("person", person)
  }
}

extension Event.Closing {
  fileprivate func write(to members: inout JSONMembers) {
    members.write("closing", type.rawValue)
    members.write("reason", reason)
  }
}

extension ItemKey {
  /// As an item is named in the log, in its state and in outgoing events.
  func write(to members: inout JSONMembers) {
    members.write("source", source)
    members.write("subject", subject)
    members.write("unit", unit)
  }
}

extension Stamp {
  /// As a JSON object; nil where nothing is stamped.
  public var json: String? {
    guard self != Stamp() else { return nil }
    return JSONText.object { stamp in
      stamp.write("city", cityID)
      stamp.write("community", communityID)
      stamp.write("district", districtID)
      stamp.write("policy", policy)
      stamp.write("recipient", recipient)
      if let report { stamp.write("report", object: report.write) }
      stamp.write("speaker", speaker)
      stamp.write("street", streetID)
      if !units.isEmpty { stamp.write("units", units) }
      stamp.write("within", within)
    }
  }

  /// - Throws: a ``Refusal`` where the text is no such object.
  public init(json: String) throws(Refusal) {
    let object = try JSONObject(text: json)
    policy = try object.integer("policy").map(Int.init)
    (cityID, districtID, streetID) = (try object.integer("city"), try object.integer("district"), try object.integer("street"))
    communityID = try object.integer("community")
    (speaker, recipient) = (try object.integer("speaker"), try object.integer("recipient"))
    within = try object.integers("within")
    report = try Report.Outcome(try object.object("report"))
    if let units = try object.object("units") {
      for name in units.names { self.units[name] = try units.integer(name) }
    }
  }
}
