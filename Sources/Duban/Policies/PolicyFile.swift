// The policy file: its keys with their values and meanings, how it is read, and what an operator can get wrong in it.

extension Policy {
  /// Reads a policy file.
  ///
  /// - Throws: ``FileFault`` with all that is wrong: the line, the place, the value, and the remedy.
  public init(yaml: String, version: Int) throws(FileFault) {
    self = try FileReading.read(yaml, as: PolicyFile.form)
    self.version = version
  }

  /// Reads a policy as it was once applied: what is only no good, such as a rule that is never reached, was not always refused.
  ///
  /// - Throws: ``FileFault`` with all that cannot be read.
  public init(stored yaml: String, version: Int) throws(FileFault) {
    self = try FileReading.read(yaml, as: PolicyFile.form, isStored: true)
    self.version = version
  }

  /// Every key of a policy file, as tables in Markdown.
  public static var reference: String {
    """
    ### A policy file

    \(PolicyFile.keys.markdown)

    ### A rule of a policy

    The first rule that matches an item is its rule.

    \(RuleKeys.all.markdown)

    ### A limit of a rule

    \(LimitKeys.all.markdown)

    ### The tolerances of a source

    \(ToleranceKeys.all.markdown)
    """
  }
}

/// The keys at the top of the file.
enum PolicyFile {
  static let name = FileKey("policy", "", .text("a name"), "the policy's name, for people")
  static let countsFromHearingAfter = FileKey(
    "counts-from-hearing-after", "", .span,
    "how late an organ may hear of a matter before its clock starts at the hearing instead")
  static let annulsWithin = FileKey(
    "annuls-within", "", .span, otherwise: .none("`counts-from-hearing-after`"),
    "how late what lifts blame may be heard and still annul a breach by itself; a later one makes it contested (待核定)")
  static let sources = FileKey(
    "sources", "", .byName("the tolerances of sources by their URI", of: ToleranceKeys.form), otherwise: .none("none"),
    "other tolerances of single sources, by their URI")
  static let waiting = FileKey(
    "waiting", "", .span, otherwise: .value(Policy.usualWaiting),
    "how long an event may wait for its item before operators are told; above 0")
  static let rules = FileKey(
    "rules", "", .list("a list of rules", of: RuleKeys.form), "the rules; each kind needs one without category, grade and source")

  static let keys: [any FileKeyEntry] = [name, countsFromHearingAfter, annulsWithin, sources, waiting, rules]

  static let form = FileForm.record("the keys of a policy, such as policy: …", keys, build: build)

  private static func build(_ file: FileRecord) -> Policy? {
    let (name, countsFromHearingAfter) = (file.read(Self.name), file.read(Self.countsFromHearingAfter))
    let (annulsWithin, waiting) = (file.read(Self.annulsWithin), file.read(Self.waiting))
    let (tolerances, rules) = (file.read(Self.sources) ?? [:], file.read(Self.rules))
    for source in tolerances.keys.sorted() where source.contains(where: \.isWhitespace) || source.isEmpty {
      file.doubt(Self.sources, "'\(source)' is no URI: write it as the messages do, such as /hotline/12345")
    }
    if waiting == .zero {
      file.doubt(Self.waiting, "every early event would be flagged at once; write a length of time above 0")
    }
    guard let name, let countsFromHearingAfter, let waiting, let rules else { return nil }
    for kind in Kind.allCases where kind.standIn == nil && !rules.contains(where: { $0.kind == kind && $0.isUnconditional }) {
      file.refuse(
        Self.rules, "no rule for every \(kind.rawValue); add one without category, grade and source, after the others")
    }
    for (i, rule) in rules.enumerated() {
      guard let before = rules[..<i].first(where: { $0.takesAll(of: rule) }) else { continue }
      let fault =
        rule.takesAll(of: before)
        ? "has the same conditions, and the first that matches counts; remove one of them"
        : "takes every \(before.condition), and the first that matches counts; put this one before it"
      file.doubt(Self.rules, at: i, "never reached, because the rule on line \(before.line) \(fault)")
    }
    return Policy(
      version: 0, name: name, countsFromHearingAfter: countsFromHearingAfter,
      annulsWithin: annulsWithin ?? countsFromHearingAfter,
      tolerances: tolerances, waiting: waiting, rules: rules)
  }
}

/// The keys of a source's tolerances.
private enum ToleranceKeys {
  static let countsFromHearingAfter = FileKey(
    "counts-from-hearing-after", "", .span, otherwise: .none("the policy's"), "as in the policy, for what this source sends")
  static let annulsWithin = FileKey(
    "annuls-within", "", .span, otherwise: .none("the policy's"), "as in the policy, for what this source sends")

  static let all: [any FileKeyEntry] = [countsFromHearingAfter, annulsWithin]

  static let form = FileForm.record("a source's tolerances, such as { annuls-within: 24h }", all, build: build)

  private static func build(_ file: FileRecord) -> Policy.Tolerance? {
    Policy.Tolerance(countsFromHearingAfter: file.read(Self.countsFromHearingAfter), annulsWithin: file.read(Self.annulsWithin))
  }
}

/// The keys of a limit.
private enum LimitKeys {
  static let within = FileKey(
    "within", "时限", .allowance, "how long the responsible unit (承办) has, from the start of the cycle or of its step")
  static let district = FileKey(
    "district", "", .allowance, "how long the district, where it supervises (督办), has after the step below has passed")
  static let city = FileKey(
    "city", "", .allowance, "how long the city, where it supervises (督办), has after the step below has passed")
  static let warn = FileKey(
    "warn", "预警", .span, otherwise: .none("no warning"),
    "how long before each deadline its holder is warned, in natural time; shorter than `within`")

  static let all: [any FileKeyEntry] = [within, district, city, warn]

  static let form = FileForm.record("{ within, district, city, warn }", all, build: build)

  private static func build(_ file: FileRecord) -> Policy.Limit? {
    let (within, district, city, warning) = (
      file.read(Self.within), file.read(Self.district), file.read(Self.city), file.read(Self.warn)
    )
    guard let within, let district, let city else { return nil }
    for (key, allowance) in [(Self.district, district), (Self.city, city)] where allowance.isZero {
      file.doubt(key, "this tier would be late at once; write a length above 0")
    }
    if warning == .zero { file.doubt(Self.warn, "it would come with the deadline; write a length above 0, or remove it") }
    return Policy.Limit(within: within, district: district, city: city, warning: warning)
  }
}

/// The keys of a rule.
private enum RuleKeys {
  private static let answered: [Kind] = [.complaint, .inspection, .problem, .funding]

  static let kind = FileKey("kind", "", FileForm<Kind>.word, "which kind of item it is for")
  static let category = FileKey(
    "category", "类别", .text("a category as the messages write it"), otherwise: .none("of any"), "only items of this category")
  static let grade = FileKey(
    "grade", "等级", .text("a grade as the messages write it"), otherwise: .none("of any"), "only items of this grade")
  static let source = FileKey(
    "source", "来源", .text("a source's URI, such as /hotline/12345"), otherwise: .none("of any"), "only items of this source")
  static let acceptance = FileKey(
    "acceptance", "签收时限", LimitKeys.form, otherwise: .none("no such clock"),
    "until who is responsible signs or answers; also of a unit's part")
  static let response = FileKey(
    "response", "响应时限", LimitKeys.form, of: answered, otherwise: .none("no such clock"), "until the first answer or contact")
  static let submission = FileKey(
    "submission", "内部时限", LimitKeys.form, of: [.complaint, .problem], otherwise: .none("no such clock"),
    "until the closing is asked for (申请办结, 申请销号); shorter than `resolution`")
  static let resolution = FileKey(
    "resolution", "办结时限", LimitKeys.form,
    "until it is settled. A reminder falls due when it says; `within` is for one that is heard after that")
  static let supporting = FileKey(
    "supporting", "协办时限", LimitKeys.form, otherwise: .none("`resolution`"), "by when a supporting unit has done its part")
  static let review = FileKey(
    "review", "挂账复核时限", LimitKeys.form, of: [.complaint], otherwise: .none("no review"), "until what is parked is reviewed")
  static let startsAt = FileKey(
    "starts-at", "", FileForm<Tier>.word, otherwise: .value(.street),
    "the lowest tier at which a chain starts")
  static let slips = FileKey(
    "slips", "三色督办单", colours, otherwise: .none("no slip is issued"),
    "the colours of the first, second and third breach of a chain (蓝, 橙, 红)")
  static let summonsAt = FileKey(
    "summons-at", "约谈", FileForm<Tier>.word, otherwise: .value(.city),
    "the tier whose breach leads to a proposed 约谈: district or city")
  static let pauses = FileKey(
    "pauses", "中止计时", .list("a list of reasons, such as [等待居民配合]", of: .text("a reason")), of: answered,
    otherwise: .none("for any"), "the reasons (`data.reason`) for which clocks may be suspended")
  static let extensions = FileKey(
    "extensions", "延期", .count(from: 0), of: answered, otherwise: .value(1), "how often 办结 may be put off in a cycle")
  static let returns = FileKey(
    "returns", "退单", .count(from: 0), of: [.complaint], otherwise: .none("without limit"),
    "how often an item may be sent back")
  static let contactAttempts = FileKey(
    "contact-attempts", "联系未果", .count(from: 0), of: [.complaint], otherwise: .value(3),
    "how often the resident must have been tried before an item is closed as 无法联系")
  static let reassigned = FileKey(
    "reassigned", "改派", FileForm<Policy.Reassigned>.word, otherwise: .value(.runsOn),
    "whether the clocks of 申请办结 and 办结 run on or start again when another gets the work")
  static let dissatisfaction = FileKey(
    "dissatisfaction", "不满意", FileForm<Dissatisfaction>.word, of: [.complaint], otherwise: .value(.reopens),
    "whether 不满意 reopens an item (重办) or is checked first (judged)")
  static let chain = FileKey(
    "chain", "提级督办", .flag, otherwise: .value(true),
    "whether supervision rises when a deadline passes; without it there is no 约谈, and `district` and `city` of its limits are not used"
  )
  static let checks = FileKey(
    "checks", "销号程序", .list("a list such as [confirmation, recheck]", of: FileForm<ClosingCheck>.word), of: [.problem],
    otherwise: .none("none"), "what must have passed before 销号 is approved: confirmation (街道/监理确认), recheck (现场复查)")
  static let approver = FileKey(
    "approver", "审批", FileForm<Approver>.word, of: answered, otherwise: .value(.district),
    "who decides on 延期, 退单, 挂账, 办结 and 不满意: the system that opened the matter (source), or the lowest tier that may: district or city"
  )

  static let limits = [acceptance, response, submission, resolution, supporting, review]

  static let all: [any FileKeyEntry] = [
    kind, category, grade, source, acceptance, response, submission, resolution, supporting, review, startsAt, slips, summonsAt,
    pauses,
    extensions, returns, contactAttempts, reassigned, dissatisfaction, checks, chain, approver,
  ]

  static let form = FileForm.record("the keys of a rule, such as kind: complaint", all, build: build)

  private static func build(_ file: FileRecord) -> Policy.Rule? {
    let (kind, category, grade, source) = (
      file.read(Self.kind), file.read(Self.category), file.read(Self.grade), file.read(Self.source)
    )
    let (acceptance, response, submission) = (file.read(Self.acceptance), file.read(Self.response), file.read(Self.submission))
    let (resolution, supporting, review) = (file.read(Self.resolution), file.read(Self.supporting), file.read(Self.review))
    let (startsAt, slips, summonsAt, pauses) = (
      file.read(Self.startsAt), file.read(Self.slips), file.read(Self.summonsAt), file.read(Self.pauses)
    )
    let (extensions, returns, contacts) = (file.read(Self.extensions), file.read(Self.returns), file.read(Self.contactAttempts))
    let (reassigned, dissatisfaction) = (file.read(Self.reassigned), file.read(Self.dissatisfaction))
    let checks = file.read(Self.checks) ?? []
    let (chain, approver) = (file.read(Self.chain), file.read(Self.approver))
    guard let kind, let resolution, let startsAt, let summonsAt, let extensions, let contacts, let reassigned,
      let dissatisfaction,
      let chain, let approver
    else { return nil }
    let rule = Policy.Rule(
      kind: kind, category: category, grade: grade, source: source, acceptance: acceptance, response: response,
      submission: submission, resolution: resolution, supporting: supporting, review: review, startsAt: startsAt, slips: slips,
      summonsAt: summonsAt, pauseReasons: pauses, extensions: extensions, returns: returns, contactAttempts: contacts,
      reassigned: reassigned, judgesDissatisfaction: dissatisfaction == .judged, checks: checks.map(\.stage), escalates: chain,
      approver: approver.approver,
      line: file.place.line ?? 0)
    check(rule, in: file)
    return rule
  }

  /// Three colours in the order of the steps: `[blue, orange, red]`.
  private static let colours: FileForm<Policy.Slips> = {
    let list = FileForm.list("three colours out of \(Slip.words.map(\.text).joined(separator: ", "))", of: FileForm<Slip>.word)
    return FileForm(allowed: list.allowed, text: { list.text([$0.first, $0.second, $0.third]) }) { place in
      let slips = list.read(place)
      if let sequence = place.node.sequence, sequence.count != 3 {
        place.refuse("write three colours, for the first, second and third breach of a chain, not \(sequence.count)")
        return nil
      }
      guard let slips else { return nil }
      let ranks = slips.compactMap { Slip.allCases.firstIndex(of: $0) }
      if ranks != ranks.sorted() {
        place.doubt("a later breach of a chain has no milder colour; blue (蓝) reminds, orange (橙) warns, red (红) is final")
      }
      return Policy.Slips(first: slips[0], second: slips[1], third: slips[2])
    }
  }()
}

// MARK: - What cannot be meant

extension RuleKeys {
  /// Notes what can be read in a rule and cannot be meant.
  fileprivate static func check(_ rule: Policy.Rule, in file: FileRecord) {
    for key in all where file.has(key) && !key.kinds.contains(rule.kind) {
      file.doubt(key, "only \(key.kinds.map(\.plural).alternatives) have it; remove it")
    }
    if let source = rule.source, source.contains(where: \.isWhitespace) {
      file.doubt(Self.source, "a URI has no spaces; write it as the messages do, such as /hotline/12345")
    }
    checkLimits(of: rule, in: file)
    if rule.summonsAt == .street {
      file.doubt(summonsAt, "a street's first breach is no cause yet; write district or city")
    }
    if !rule.escalates && file.has(summonsAt) {
      file.doubt(summonsAt, "without the chain there is no 约谈; remove it, or chain: false")
    }
    if rule.approver == .tier(.street) {
      file.doubt(approver, "a street is above no organ; write district, city or source")
    }
    if let reasons = rule.pauseReasons, let twice = reasons.enumerated().first(where: { reasons[..<$0].contains($1) }) {
      file.doubt(pauses, at: twice.offset, "it appears twice; remove one of them")
    }
  }

  private static func checkLimits(of rule: Policy.Rule, in file: FileRecord) {
    let values = [rule.acceptance, rule.response, rule.submission, rule.resolution, rule.supporting, rule.review]
    for (key, limit) in zip(limits, values) {
      guard let limit else { continue }
      if limit.within.isZero {
        file.doubt(
          key, LimitKeys.within,
          rule.kind == .reminder
            ? "a reminder that is heard after its due time would be overdue at once; write in `within` how long it may take then"
            : "it would be overdue at once; write a length above 0, or 0d until-close for the same day")
      } else if rule.kind != .reminder, let warning = limit.warning, warning >= limit.within.longestUsual {
        // A reminder is warned of before the time that it states itself.
        file.doubt(
          key, LimitKeys.warn,
          "the warning would come before the clock starts, because `within` is \(limit.within.text); write a shorter length"
        )
      }
    }
    if let own = rule.submission?.within, let isShorter = own.isShorter(than: rule.resolution.within), !isShorter {
      file.doubt(
        submission, LimitKeys.within,
        "内部时限 ends before 办结时限, so that the closing can be reviewed; write less than \(rule.resolution.within.text)")
    }
  }
}

extension Allowance {
  /// How long it lasts at most in a week without days off, by the usual office hours. For a limit that begins in front of days off this is too
  /// short: a warning that is as long or longer would still come after the start then, but never in an ordinary week.
  fileprivate var longestUsual: Span {
    switch self {
    case .natural(let span): return span
    case .limit(let limit):
      let length = Int64(limit.length)
      let beyond: Int64 = limit.isFromNextDay || limit.isUntilClose ? 1 : 0
      switch limit.unit {
      case .hours: return .hours(length + beyond * 24)
      case .days, .workdays: return .days(length + beyond)
      case .workhours:
        let perDay = OfficeHours.standard.perDay
        return .days((length * 3_600_000_000 + perDay - 1) / perDay + beyond)
      }
    }
  }

  /// Whether it is shorter than another that is counted in the same way; nil where they are counted in different ways.
  fileprivate func isShorter(than other: Allowance) -> Bool? {
    switch (self, other) {
    case (.natural(let own), .natural(let other)): own < other
    case (.limit(let own), .limit(let other))
    where own.unit == other.unit && own.isFromNextDay == other.isFromNextDay && own.isUntilClose == other.isUntilClose:
      own.length < other.length
    default: nil
    }
  }
}

extension Kind {
  fileprivate var plural: String { self == .funding ? "funding requests" : rawValue + "s" }
}

// MARK: - Words of the file alone

/// What a resident's 不满意 leads to.
private enum Dissatisfaction: String, FileWord {
  case reopens, judged

  var alsoKnownAs: [String] {
    switch self {
    case .reopens: ["重办"]
    case .judged: ["核定", "不满意核定"]
    }
  }
}

/// What a problem must pass before it is 销号.
private enum ClosingCheck: String, FileWord {
  case confirmation, recheck

  var alsoKnownAs: [String] { [stage.chinese, self == .confirmation ? "确认" : "复查"] }
  var stage: Event.Check.Stage { self == .confirmation ? .confirmation : .recheck }
}

private enum Approver: String, FileWord {
  case street, district, city, source

  var alsoKnownAs: [String] { tier?.alsoKnownAs ?? ["平台", "platform"] }

  var tier: Tier? { Tier(rawValue: rawValue) }
  var approver: Policy.Approver { tier.map(Policy.Approver.tier) ?? .source }
}
