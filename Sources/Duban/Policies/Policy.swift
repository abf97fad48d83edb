// Policy as data: how long each kind of item may take at each tier. Written in YAML by people, kept in versions by the store.

/// One version of the rules by which deadlines are set.
public struct Policy: Hashable, Sendable {
  public var version: Int
  public var name: String
  /// How late an organ may hear of a matter before its clock starts at the hearing instead (`counts-from-hearing-after`).
  ///
  /// Within it deadlines do not depend on the length of queues and sweeps; beyond it (an outage) no organ is blamed for what it could not know.
  public var countsFromHearingAfter: Span
  /// How late an entry that lifts blame (``Entry/liftsBlame``) may be heard and still annul, by itself, a breach that was found meanwhile
  /// (`annuls-within`). A later one makes the breach contested until a person decides.
  public var annulsWithin: Span
  /// Other tolerances of single sources, by their URI: a portal that sends once a night, or the import of another system's open matters.
  public var tolerances: [String: Tolerance] = [:]
  /// How long an event may wait for its item before operators are told; not 0.
  public var waiting = Self.usualWaiting
  /// The first that matches is the one.
  public var rules: [Rule]

  public struct Tolerance: Hashable, Sendable {
    public var countsFromHearingAfter: Span?
    public var annulsWithin: Span?
  }

  /// The tolerance for what a source sends. Callers give the matter's source for Duban's own entries, which have none, and no source for
  /// lapses: the general tolerance holds for these.
  func countsFromHearingAfter(_ source: String?) -> Span {
    source.flatMap { tolerances[$0]?.countsFromHearingAfter } ?? countsFromHearingAfter
  }

  func annulsWithin(_ source: String?) -> Span { source.flatMap { tolerances[$0]?.annulsWithin } ?? annulsWithin }

  /// For items of one sort: the limits of their two clocks, and what follows when they run out.
  public struct Rule: Hashable, Sendable {
    public var kind: Kind
    /// Conditions beside the kind; nil matches all.
    public var category: String?
    public var grade: String?
    public var source: String?
    /// 签收时限; nil where the policy has none.
    public var acceptance: Limit?
    /// 响应时限; nil where the kind has none.
    public var response: Limit?
    /// 内部时限, until 申请办结; nil where the policy has none.
    public var submission: Limit?
    /// 办结时限. A reminder falls due when it says; `within` is what one gets that is heard after that.
    public var resolution: Limit
    /// 协办时限: by when a supporting unit is to have done its part; nil where the item's own 办结时限 counts for it.
    public var supporting: Limit?
    /// 挂账复核时限; nil where what is parked needs no review.
    public var review: Limit?
    /// The lowest tier at which the chain starts (R7: 小事不出小区); higher where the place is not known so far down.
    public var startsAt = Tier.street
    /// 三色督办单: the slip that a tier is issued when it lets a deadline pass; nil where the policy issues none.
    public var slips: Slips?
    /// The tier whose breach leads to a proposed 约谈 (R34).
    public var summonsAt = Tier.city
    /// Reasons for which the clocks may be suspended (中止计时; `pauses` in the file); nil allows any.
    public var pauseReasons: [String]?
    /// How often an item's resolution may be put off (延期) in a cycle. Once, by 12345 practice, where the file does not say.
    public var extensions = 1
    /// How often an item may be sent back (退单); nil where the policy sets no limit.
    public var returns: Int?
    /// How often the resident must have been tried before an item is closed as 无法联系.
    public var contactAttempts = 3
    /// Whether the clocks of the work run on when it is assigned to another, or start again.
    public var reassigned = Reassigned.runsOn
    /// Whether a resident's 不满意 is checked before it leads to 重办.
    public var judgesDissatisfaction = false
    /// Whether the supervising tiers press what is overdue. Not where a matter stays outside the chain (12388).
    public var escalates = true
    /// Who decides on 延期, 退单, 挂账, 办结 and 不满意.
    public var approver = Approver.tier(.district)
    /// The line of the policy's document where the rule begins.
    public var line = 0

    func matches(_ matter: Matter) -> Bool {
      kind == matter.kind && (category == nil || category == matter.opening?.category)
        && (grade == nil || grade == matter.opening?.grade) && (source == nil || source == matter.key.source)
    }

    var isUnconditional: Bool { category == nil && grade == nil && source == nil }

    /// Whether it matches every item that another rule does.
    func takesAll(of other: Policy.Rule) -> Bool {
      kind == other.kind && (category == nil || category == other.category) && (grade == nil || grade == other.grade)
        && (source == nil || source == other.source)
    }

    /// The tier at which a chain starts, of the whole or of a unit's part: the one that was told to do it, else as low as the policy allows. One that a unit holds starts below the city, so that an organ is
    /// above the unit.
    func start(of opening: Matter.Opening, unit: String?) -> Tier {
      let start = max(opening.place.lowestTier, opening.tier ?? startsAt)
      return unit == nil && opening.lead == nil ? start : min(start, .district)
    }

    func limit(of clock: Item.ClockKind) -> Limit? {
      switch clock {
      case .acceptance: acceptance
      case .response: response
      case .submission: submission
      case .resolution: resolution
      case .review: review
      }
    }
  }

  /// Who decides on what a responsible unit asks for.
  public enum Approver: Hashable, Sendable {
    /// The system that opened the matter: the platform, for 12345.
    case source
    /// Any organ of the item's place at or above this tier, except the responsible one; the city may decide for itself.
    case tier(Tier)

    /// As the file writes it.
    var text: String {
      switch self {
      case .source: "source"
      case .tier(let tier): tier.rawValue
      }
    }
  }

  /// What becomes of the clocks of 办结 and 申请办结 when the work is assigned to another. That of 响应, which the resident waits for, runs on.
  public enum Reassigned: String, CaseIterable, Sendable {
    case runsOn = "runs-on"
    case startsAgain = "starts-again"
  }

  /// A clock's limit, and what each tier above gets when the one below has let it pass.
  public struct Limit: Hashable, Sendable {
    /// From the start of the cycle, at the tier where the chain starts.
    public var within: Allowance
    public var district: Allowance
    public var city: Allowance
    /// How long before each deadline its holder is warned (`item.due-soon`), in natural time; nil for no warning.
    public var warning: Span?

    /// What a step of the chain gets: the responsible unit the whole limit, a supervising tier its own allowance.
    func allowance(step: Int, tier: Tier) -> Allowance {
      if step == 0 { return within }
      return tier == .district ? district : city
    }
  }

  /// Where a policy does not say: a day leaves half of R1's 48 hours to mend what is wrong upstream.
  public static let usualWaiting = Span.hours(24)

  /// 蓝 reminds, 橙 warns, 红 is final (三明's 三色督办单): the colours of the first, second and third breach of a chain, whatever tier it starts
  /// at. Urgent matters may start at 橙 or 红.
  public struct Slips: Hashable, Sendable {
    public var first: Slip
    public var second: Slip
    public var third: Slip

    func colour(ofStep step: Int) -> Slip { step == 0 ? first : step == 1 ? second : third }
  }

  /// The rule for the whole of a matter, or for a unit's part. Never absent: a policy without an unconditional rule for each kind is refused
  /// when it is read.
  public func rule(for matter: Matter, unit: String? = nil) -> Rule? {
    guard var rule = rules.first(where: { $0.matches(matter) }) else { return nil }
    if unit != nil {
      // A part (协办件): to answer the resident is the lead's.
      (rule.response, rule.submission, rule.review) = (nil, nil, nil)
      rule.resolution = rule.supporting ?? rule.resolution
    }
    return rule
  }
}

/// Every policy version that items still stand on, and which is in force for new ones.
public struct PolicyBook: Sendable {
  public let current: Policy
  private let versions: [Int: Policy]

  public init(current: Policy, earlier: [Policy] = []) {
    self.current = current
    versions = Dictionary((earlier + [current]).map { ($0.version, $0) }, uniquingKeysWith: { _, b in b })
  }

  /// The policy of a version; nil where none was ever applied as that.
  public func version(_ version: Int) -> Policy? { versions[version] }
}

extension Policy {
  /// Reads a policy file.
  ///
  /// - Throws: ``FileFault`` that names the line, the place and the remedy.
  public init(yaml: String, version: Int) throws(FileFault) {
    let file = try OperatorFile<PolicyFile>(yaml: yaml)
    try self.init(file, version: version)
    for (i, rule) in rules.enumerated() {
      guard let before = rules[..<i].first(where: { $0.takesAll(of: rule) }) else { continue }
      let fault =
        rule.takesAll(of: before)
        ? "has the same conditions, and the first that matches counts; remove one of them"
        : "takes every \(before.condition), and the first that matches counts; put this one before it"
      throw file.fault(at: "rules", .place(i), because: "never reached, because the rule on line \(before.line) \(fault)")
    }
  }

  /// Reads a policy as it was once applied: what no item would ever be held to was not always refused, and does no harm.
  ///
  /// - Throws: ``FileFault`` that names the line, the place and the remedy.
  public init(stored yaml: String, version: Int) throws(FileFault) {
    try self.init(OperatorFile<PolicyFile>(yaml: yaml), version: version)
  }

  private init(_ file: OperatorFile<PolicyFile>, version: Int) throws(FileFault) {
    try file.allow(["policy", "counts-from-hearing-after", "annuls-within", "sources", "waiting", "rules"])
    let limitKeys = ["within", "district", "city", "warn"]
    for i in file.content.rules.indices {
      try file.allow(PolicyFile.RuleText.keys, at: "rules", .place(i))
      for limit in PolicyFile.RuleText.limits { try file.allow(limitKeys, at: "rules", .place(i), .key(limit)) }
    }
    var rules = file.content.rules.map(\.rule)
    for i in rules.indices { rules[i].line = file.line(of: "rules", .place(i)) ?? 0 }
    self.init(
      version: version, name: file.content.policy, countsFromHearingAfter: file.content.countsFromHearingAfter.span,
      annulsWithin: file.content.annulsWithin?.span ?? file.content.countsFromHearingAfter.span,
      tolerances: (file.content.sources ?? [:]).mapValues {
        Tolerance(countsFromHearingAfter: $0.countsFromHearingAfter?.span, annulsWithin: $0.annulsWithin?.span)
      }, waiting: file.content.waiting?.span ?? Self.usualWaiting, rules: rules)
    if waiting == .zero {
      throw file.fault(at: "waiting", because: "every early event would be flagged at once; write a length of time above 0")
    }
    for kind in Kind.allCases where !rules.contains(where: { $0.kind == kind && $0.isUnconditional }) {
      throw file.fault(
        at: "rules", because: "no rule for every \(kind.rawValue); add one without category, grade and source, after the others")
    }
    for (i, rule) in rules.enumerated() {
      if rule.kind == .reminder && rule.response != nil {
        throw file.fault(at: "rules", .place(i), "response", because: "a reminder has no response clock; remove it")
      }
      if rule.kind == .reminder && rule.resolution.within.isZero {
        throw file.fault(
          at: "rules", .place(i), "resolution",
          because:
            "a reminder that is heard after its due time would be overdue at once; write in `within` how long it may take then")
      }
      if rule.extensions < 0 { throw file.fault(at: "rules", .place(i), "extensions", because: "write 0 or more") }
      if rule.summonsAt == .street {
        throw file.fault(
          at: "rules", .place(i), "summons-at", because: "a street's first breach is no cause yet; write district or city")
      }
      for (limit, key) in [(rule.review, "review"), (rule.submission, "submission")] where limit != nil && rule.kind != .complaint
      {
        throw file.fault(at: "rules", .place(i), .key(key), because: "only complaints have it; remove it")
      }
      if let returns = rule.returns, returns < 0 {
        throw file.fault(at: "rules", .place(i), "returns", because: "write 0 or more")
      }
      if rule.contactAttempts < 0 { throw file.fault(at: "rules", .place(i), "contact-attempts", because: "write 0 or more") }
      if rule.approver == .tier(.street) {
        throw file.fault(
          at: "rules", .place(i), "approver", because: "a street is above no organ; write district, city or source")
      }
    }
  }
}

private struct PolicyFile: Decodable {
  var policy: String
  var countsFromHearingAfter: SpanText
  var annulsWithin: SpanText?
  var sources: [String: ToleranceText]?
  var waiting: SpanText?
  var rules: [RuleText]

  enum CodingKeys: String, CodingKey {
    case policy
    case countsFromHearingAfter = "counts-from-hearing-after"
    case annulsWithin = "annuls-within"
    case sources, waiting, rules
  }

  struct ToleranceText: Decodable {
    var countsFromHearingAfter: SpanText?
    var annulsWithin: SpanText?

    enum CodingKeys: String, CodingKey {
      case countsFromHearingAfter = "counts-from-hearing-after"
      case annulsWithin = "annuls-within"
    }
  }

  struct RuleText: Decodable {
    var kind: Kind
    var category: String?
    var grade: String?
    var source: String?
    var acceptance: LimitText?
    var response: LimitText?
    var submission: LimitText?
    var resolution: LimitText
    var supporting: LimitText?
    var review: LimitText?
    var startsAt: Tier?
    var slips: SlipsText?
    var summonsAt: Tier?
    var pauses: [String]?
    var extensions: Int?
    var returns: Int?
    var contactAttempts: Int?
    var reassigned: Policy.Reassigned?
    var dissatisfaction: Dissatisfaction?
    var chain: Bool?
    var approver: Approver?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case kind, category, grade, source, acceptance, response, submission, resolution, supporting, review
      case startsAt = "starts-at"
      case slips
      case summonsAt = "summons-at"
      case pauses, extensions, returns
      case contactAttempts = "contact-attempts"
      case reassigned, dissatisfaction, chain, approver
    }

    static let keys = CodingKeys.allCases.map(\.rawValue)

    static let limits = ["acceptance", "response", "submission", "resolution", "supporting", "review"]

    var rule: Policy.Rule {
      Policy.Rule(
        kind: kind, category: category, grade: grade, source: source, acceptance: acceptance?.limit, response: response?.limit,
        submission: submission?.limit, resolution: resolution.limit, supporting: supporting?.limit, review: review?.limit,
        startsAt: startsAt ?? .street, slips: slips?.slips, summonsAt: summonsAt ?? .city, pauseReasons: pauses,
        extensions: extensions ?? 1, returns: returns, contactAttempts: contactAttempts ?? 3, reassigned: reassigned ?? .runsOn,
        judgesDissatisfaction: dissatisfaction == .judged, escalates: chain ?? true,
        approver: approver?.approver ?? .tier(.district))
    }
  }

  /// What a resident's 不满意 leads to.
  enum Dissatisfaction: String, CaseIterable {
    case reopens, judged
  }

  enum Approver: String, CaseIterable {
    case street, district, city, source

    var approver: Policy.Approver { Tier(rawValue: rawValue).map(Policy.Approver.tier) ?? .source }
  }

  struct LimitText: Decodable {
    var within: AllowanceText
    var district: AllowanceText
    var city: AllowanceText
    var warn: SpanText?

    var limit: Policy.Limit {
      Policy.Limit(within: within.allowance, district: district.allowance, city: city.allowance, warning: warn?.span)
    }
  }

  /// Three colours in the order of the steps: `[blue, orange, red]`.
  struct SlipsText: Decodable {
    var slips: Policy.Slips

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      let colours = try container.decode([Slip].self)
      guard colours.count == 3 else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "write three colours, for the first, second and third breach of a chain")
      }
      slips = Policy.Slips(first: colours[0], second: colours[1], third: colours[2])
    }
  }
}

extension PolicyFile.Dissatisfaction: Decodable {
  init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}

extension PolicyFile.Approver: Decodable {
  init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}

extension Policy.Reassigned: Decodable {
  public init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}
