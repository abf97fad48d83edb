// Policy as data: how long each kind of item may take at each tier. Written in YAML by people, kept in versions by the store.

/// One version of the rules by which deadlines are set.
public struct Policy: Hashable, Sendable {
  public var version: Int
  public var name: String
  /// How late a tier may hear of a matter before its clock starts at the hearing instead.
  ///
  /// Within it the deadline does not drift with the length of queues and sweeps; beyond it (an outage) no tier is blamed for what it could not know.
  public var tolerance: Span
  /// How long an event may wait for its item before operators are told; not 0.
  public var waiting = Self.usualWaiting
  /// The first that matches is the one.
  public var rules: [Rule]

  /// For items of one sort: the limits of their two clocks.
  public struct Rule: Hashable, Sendable {
    public var kind: Kind
    /// Conditions beside the kind; nil matches all.
    public var category: String?
    public var grade: String?
    public var source: String?
    /// 响应时限; nil where the kind has none.
    public var response: Limit?
    /// 办结时限. A reminder's first limit is its own due time, so only the allowances count there.
    public var resolution: Limit
    /// Reasons for which the clocks may be held (暂停); nil allows any.
    public var pauses: [String]?
    /// How often an item's resolution may be put off (延期) in a cycle. Once, by 12345 practice, where the file does not say.
    public var extensions = 1

    func matches(_ item: Item) -> Bool {
      kind == item.kind && (category == nil || category == item.category) && (grade == nil || grade == item.grade)
        && (source == nil || source == item.key.source)
    }

    var isUnconditional: Bool { category == nil && grade == nil && source == nil }
  }

  /// A clock's limit, and what each tier above gets when the one below has let it pass.
  public struct Limit: Hashable, Sendable {
    /// From the start of the cycle, at the tier where the chain starts.
    public var within: Span
    public var district: Span
    public var city: Span

    func allowance(at tier: Tier) -> Span {
      switch tier {
      case .street: within
      case .district: district
      case .city: city
      }
    }
  }

  /// Where a policy does not say: a day leaves half of R1's 48 hours to mend what is wrong upstream.
  public static let usualWaiting = Span.hours(24)

  /// The rule for an item. Never absent: a policy without an unconditional rule for each kind is refused when it is read.
  public func rule(for item: Item) -> Rule? {
    rules.first { $0.matches(item) }
  }

  /// When a clock starts that should have started at `nominal`, for a tier that is told at `told`.
  public func start(nominal: Instant, told: Instant) -> Instant {
    nominal > told || told - nominal > tolerance ? told : nominal
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

  /// The version an item was opened under. The store gives a book that has every version ever applied.
  public func policy(for item: Item) -> Policy { versions[item.policyVersion] ?? current }
}

extension Policy {
  /// Reads a policy file.
  ///
  /// - Throws: ``FileFault`` that names the place and the remedy.
  public init(yaml: String, version: Int) throws(FileFault) {
    let file: PolicyFile = try decodeYAML(yaml)
    self.init(
      version: version, name: file.policy, tolerance: file.tolerance.span, waiting: file.waiting?.span ?? Self.usualWaiting,
      rules: file.rules.map(\.rule))
    if waiting == .zero { throw FileFault("waiting: every early event would be flagged at once; write a length of time above 0") }
    for kind in Kind.allCases {
      guard let fallback = rules.firstIndex(where: { $0.kind == kind && $0.isUnconditional }) else {
        throw FileFault("rules: no rule for every \(kind.rawValue); add one without category, grade and source, after the others")
      }
      if let never = rules.indices.first(where: { $0 > fallback && rules[$0].kind == kind }) {
        throw FileFault("rules[\(never)]: never reached, because rules[\(fallback)] takes every \(kind.rawValue); put it before")
      }
    }
    if let i = rules.firstIndex(where: { $0.kind == .reminder && $0.response != nil }) {
      throw FileFault("rules[\(i)].response: a reminder has no response clock; remove it")
    }
  }
}

private struct PolicyFile: Decodable {
  var policy: String
  var tolerance: SpanText
  var waiting: SpanText?
  var rules: [RuleText]

  struct RuleText: Decodable {
    var kind: Kind
    var category: String?
    var grade: String?
    var source: String?
    var response: LimitText?
    var resolution: LimitText
    var pauses: [String]?
    var extensions: Int?

    var rule: Policy.Rule {
      Policy.Rule(
        kind: kind, category: category, grade: grade, source: source, response: response?.limit, resolution: resolution.limit,
        pauses: pauses, extensions: extensions ?? 1)
    }
  }

  struct LimitText: Decodable {
    var within: SpanText
    var district: SpanText
    var city: SpanText

    var limit: Policy.Limit { Policy.Limit(within: within.span, district: district.span, city: city.span) }
  }
}
