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
  /// The categories (类别) that items may have, in groups; nil where the policy lists none. An item of another is taken all the same.
  public var categories: [CategoryGroup]?
  /// The citation (依据) that 约谈 and 通报 print; nil leaves it to who drafts. No city is bound by another's document.
  public var basis: String?
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
    /// Reasons for which the clocks may be suspended (中止计时); nil allows any, each for as long as it takes.
    public var pauses: [PauseReason]?
    /// How often an item's resolution may be put off (延期) in a cycle. Once, by 12345 practice, where the file does not say.
    public var extensions = 1
    /// By how much one 延期 may put 办结 off, from when it is due; nil where the policy sets no limit.
    public var longestExtension: Allowance?
    /// How often an item may be sent back (退单); nil where the policy sets no limit.
    public var returns: Int?
    /// How often the resident must have been tried before an item is closed as 无法联系.
    public var contactAttempts = 3
    /// Whether the clocks of the work run on when it is assigned to another, or start again.
    public var reassigned = Reassigned.runsOn
    /// Whether a resident's 不满意 is checked before it leads to 重办.
    public var judgesDissatisfaction = false
    /// What must have passed before a closing that was asked for is approved (确认, 复查).
    public var checks: [Event.Check.Stage] = []
    /// Whether a report that says how an inspection is settled (办结报告) ends it, as a recheck that passed does.
    public var isClosedByReport = false
    /// Whether money is disbursed only after an approval (审核).
    public var disbursesWhatIsApproved = false
    /// The citation that a 约谈 over an item and its 督办单 print; nil where the policy's does.
    public var basis: String?
    /// Whether the supervising tiers press what is overdue. Not where a matter stays outside the chain (12388).
    public var escalates = true
    /// Who decides on 延期, 退单, 挂账, 办结 and 不满意.
    public var approver = Approver.tier(.district)
    /// The line of the policy's document where the rule begins.
    public var line = 0

    func matches(_ matter: Matter, as kind: Kind) -> Bool {
      kind == self.kind && (category == nil || category == matter.opening?.category)
        && (grade == nil || grade == matter.opening?.grade) && (source == nil || source == matter.key.source)
    }

    var isUnconditional: Bool { category == nil && grade == nil && source == nil }

    /// Whether it matches every item that another rule does.
    func takesAll(of other: Policy.Rule) -> Bool {
      kind == other.kind && (category == nil || category == other.category) && (grade == nil || grade == other.grade)
        && (source == nil || source == other.source)
    }

    /// The tier at which a chain starts, of the whole or of a unit's part: the one that was told to do it, else as low as the policy allows. Only
    /// a policy that starts chains at the community says how long the street has above it: by any other, the street is told to do it. One that a
    /// unit holds starts below the city, so that an organ is above the unit.
    func start(of opening: Matter.Opening, unit: String?) -> Tier {
      let start = max(opening.place.lowestTier, opening.tier ?? startsAt, min(startsAt, .street))
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

  /// A reason for which clocks may be suspended, and for how long at most; nil where the policy sets no limit.
  public struct PauseReason: Hashable, Sendable {
    public var reason: String
    public var longest: Allowance?
  }

  /// Categories that belong together, such as the five points of a document.
  public struct CategoryGroup: Hashable, Sendable {
    public var name: String
    public var categories: [String]
  }

  /// A category that is none of those that the policy lists; nil where it is one, or where the policy lists none.
  public func unlisted(_ category: String?) -> UnlistedCategory? {
    guard let category, let known = categories?.flatMap(\.categories), !known.contains(category) else { return nil }
    return UnlistedCategory(nearest: known.nearest(to: category))
  }

  public struct UnlistedCategory: Hashable, Sendable {
    /// The listed one that may have been meant, if one is near.
    public var nearest: String?
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
    /// Nil where no chain starts at the community.
    public var street: Allowance?
    /// Nil where no supervision rises (``Rule/escalates``).
    public var district: Allowance?
    public var city: Allowance?
    /// How long before each deadline its holder is warned (`item.due-soon`), in natural time; nil for no warning.
    public var warning: Span?

    /// What a step of the chain gets: the responsible unit the whole limit, a supervising tier its own allowance, which a rule outside the chain
    /// has not. A matter that a community has by one policy may be moved to another that says nothing of streets: its street has what the
    /// district has.
    func allowance(step: Int, tier: Tier) -> Allowance? {
      if step == 0 { return within }
      switch tier {
      case .community, .street: return street ?? district
      case .district: return district
      case .city: return city
      }
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
    let kinds = [matter.kind, matter.kind.standIn].compactMap(\.self)
    guard var rule = kinds.lazy.compactMap({ kind in rules.first { $0.matches(matter, as: kind) } }).first else { return nil }
    if unit != nil {
      // A part (协办件): to answer the resident is the lead's, and the whole is what is checked.
      (rule.response, rule.submission, rule.review, rule.checks) = (nil, nil, nil, [])
      rule.resolution = rule.supporting ?? rule.resolution
    }
    return rule
  }
}

extension Kind {
  /// The kind whose rules hold where a policy has none for this one: policies that were applied before there were problems have none.
  var standIn: Kind? { self == .problem ? .inspection : nil }
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
