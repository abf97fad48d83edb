// What can happen to a matter: one case for each event, with the facts that Duban acts on. Messages and log entries are decoded into it once.

/// Something that happened to a matter.
///
/// To add one, go through the list in `AddingAnEvent.md`.
public enum Event: Hashable, Sendable {
  /// 受理.
  indirect case opened(Opening)
  /// 签收, which may name units.
  case accepted(Units)
  /// 响应: the first answer to the resident.
  case responded
  /// 办结.
  case resolved
  /// 撤回: ended without being settled.
  case withdrawn
  /// 退单.
  case returned(reason: String)
  /// 催办.
  case urged
  /// 重办.
  case reopened
  /// 回访: only 不满意 reopens.
  case rated(Rating)
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
  /// 延期决定.
  case extensionDecided(ExtensionDecision)
  /// 合并: a duplicate (重复件) of the main item.
  case merged(into: ItemKey)
  /// Belongs to the record and moves nothing.
  case noted
  // Duban's own and its operators'.
  /// 派件: the directory has its street or unit now.
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

    var all: [String] { (lead.map { [$0] } ?? []) + supporting }
  }

  public struct Opening: Hashable, Sendable {
    public var region: Region?
    public var category: String?
    public var grade: String?
    public var title: String?
    public var units = Units()
    /// When a reminder (提醒) falls due.
    public var dueAt: Instant?
  }

  public enum Rating: String, CaseIterable, Sendable {
    case satisfied = "满意"
    case fairlySatisfied = "基本满意"
    case dissatisfied = "不满意"
  }

  public enum ExtensionDecision: Hashable, Sendable {
    /// `by` names an organ of the directory.
    case approved(until: Instant, by: String)
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
  /// The policy in force; of an opening.
  public var policy: Int?
  /// The organs of the place; of an opening and of 派件.
  public var cityID, districtID, streetID: Int64?
  /// The units of the names in the entry, as far as the directory knows them.
  public var units: [String: Int64] = [:]

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
        facts.write("due", opening.dueAt?.rfc3339)
        facts.write("grade", opening.grade)
        facts.write("lead", opening.units.lead)
        if let region = opening.region { facts.write("region", object: region.write) }
        facts.write("supporting", opening.units.supporting)
        facts.write("title", opening.title)
      case .accepted(let units):
        facts.write("lead", units.lead)
        facts.write("supporting", units.supporting)
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
      case .responded, .resolved, .withdrawn, .urged, .reopened, .resumed, .noted: break
      }
    }
  }

  /// The units that the event names.
  var units: Units? {
    switch self {
    case .opened(let opening): opening.units
    case .accepted(let units): units
    default: nil
    }
  }

  /// Its type in the log where it is Duban's own; nil for what messages bring.
  var ownType: String? {
    switch self {
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
      stamp.write("district", districtID)
      stamp.write("policy", policy)
      stamp.write("street", streetID)
      if !units.isEmpty { stamp.write("units", units) }
    }
  }

  /// - Throws: a ``Refusal`` where the text is no such object.
  public init(json: String) throws(Refusal) {
    let object = try JSONObject(text: json)
    policy = try object.integer("policy").map(Int.init)
    (cityID, districtID, streetID) = (try object.integer("city"), try object.integer("district"), try object.integer("street"))
    if let units = try object.object("units") {
      for name in units.names { self.units[name] = try units.integer(name) }
    }
  }
}
