// A matter (件): the whole (主办件) and the parts of supporting units (协办件), folded from one log.

/// A matter that an organ must see to: the fold of its log, and how far the fold has come.
public struct Matter: Hashable, Sendable {
  public var id: Int64
  /// The source and the number upstream; without a unit.
  public var key: ItemKey
  public var kind: Kind
  /// The month in which it was first recorded, such as 202611 (Asia/Shanghai): its log is kept with those of that month.
  public var born: Int32
  /// What the opening said; nil until it is heard.
  public var opening: Opening?
  public var whole = Item()
  /// By unit, in the order in which they were first named.
  public var parts: [Part] = []
  public var log = LogState()

  public struct Part: Hashable, Sendable {
    public var unit: String
    /// The unit's organ; nil where the directory does not know it: its tier's organ is responsible then.
    public var unitID: Int64?
    public var item: Item

    public init(unit: String, unitID: Int64? = nil, item: Item = Item()) {
      (self.unit, self.unitID, self.item) = (unit, unitID, item)
    }
  }

  /// What the opening said, and what has changed of it since (补派, 改派, another policy).
  public struct Opening: Hashable, Sendable {
    /// When the resident spoke: what the resident waited counts from here (R1).
    public var at: Instant
    public var place: Place
    public var category: String?
    public var grade: String?
    public var title: String?
    public var policyVersion: Int
    /// The lead unit (主办), as upstream names it, and its organ; nil where no unit, or one that the directory does not know, leads.
    public var lead: String?
    public var leadID: Int64?
    /// The tier whose organ was told to do it; nil where the chain starts as low as it can.
    public var tier: Tier?
    /// 指定承办: it may not be sent back.
    public var isFinal = false
    /// The checklist by which an inspection is to be made.
    public var checklist: String?

    public init(
      at: Instant, place: Place, category: String? = nil, grade: String? = nil, title: String? = nil, policyVersion: Int,
      lead: String? = nil, leadID: Int64? = nil
    ) {
      (self.at, self.place, self.category, self.grade, self.title) = (at, place, category, grade, title)
      (self.policyVersion, self.lead, self.leadID) = (policyVersion, lead, leadID)
    }
  }

  /// How much of the log there is, and how far the fold has come.
  public struct LogState: Hashable, Sendable {
    /// How many entries there are.
    public var entries: Int32 = 0
    /// The latest place of an entry, and the latest instant at which one took effect.
    public var lastPlace: Instant?
    public var lastEffect: Instant?
    /// Up to when a sweep has let deadlines lapse.
    public var sweptTo: Instant?
    /// When the latest deadline that lapsed was due, or the latest longest pause was over.
    public var lastLapse: Instant?
    /// How many breaches were ever recorded: their numbers.
    public var breaches: Int32 = 0

    public init() {}

    /// Up to when deadlines have lapsed.
    public var horizon: Instant? { [lastEffect, sweptTo].compactMap(\.self).max() }
  }

  public init(id: Int64, key: ItemKey, kind: Kind, born: Int32 = 0) {
    (self.id, self.key, self.kind, self.born) = (id, key, kind, born)
  }

  /// One that is recorded for the first time.
  public init(id: Int64, key: ItemKey, kind: Kind, at now: Instant) {
    let time = ShanghaiTime(now)
    self.init(id: id, key: key, kind: kind, born: Int32(time.year * 100 + time.month))
  }

  public var entries: Int32 { log.entries }

  /// The part of a unit, or the whole where none is named; nil where the unit has no part.
  public func item(of unit: String?) -> Item? {
    guard let unit else { return whole }
    return parts.first { $0.unit.hasSameBytes(as: unit) }?.item
  }

  public func key(of unit: String?) -> ItemKey { ItemKey(source: key.source, subject: key.subject, unit: unit) }

  /// The whole and its parts, each with its unit.
  public var items: [(unit: String?, item: Item)] { [(nil, whole)] + parts.map { ($0.unit, $0.item) } }

  /// The units that its entries have named.
  public var unitNames: [String] { (opening?.lead.map { [$0] } ?? []) + parts.map(\.unit) }

  /// Whether it goes to the unit that the directory names for its source (12388), which no message names.
  var hasRecipient: Bool { opening?.lead == nil && opening?.leadID != nil }

  /// Whether a unit has the lead (主办).
  func isLed(by unit: String) -> Bool { opening?.lead.map(unit.hasSameBytes) ?? false }

  /// Whether an operator must assign an item (待派): the directory does not know its street or its unit.
  public func isUnassigned(_ unit: String?) -> Bool {
    guard let opening else { return false }
    // A confidential source's matters go to the unit that is named for them, whatever the place.
    if unit == nil, hasRecipient { return false }
    if opening.place.organ(at: opening.tier ?? .street) == nil { return true }
    guard let unit else { return opening.lead != nil && opening.leadID == nil }
    return parts.first { $0.unit.hasSameBytes(as: unit) }?.unitID == nil
  }

  /// The items with a deadline, or its warning, that has come by a time and is not handled, and since when.
  public func due(at time: Instant) -> [(unit: String?, since: Instant)] {
    items.compactMap { unit, item in
      item.wakeAt(after: log.sweptTo).flatMap { $0 <= time ? (unit, $0) : nil }
    }
  }

  /// When there is next something to do, though nothing happens: a warning or a deadline comes, or a longest pause is over.
  public var wakeAt: Instant? {
    items.compactMap { $0.item.wakeAt(after: log.sweptTo) }.min()
  }
}

/// The whole of a matter, or the part of a supporting unit: where it stands.
public struct Item: Hashable, Sendable {
  public var state = State.awaited
  /// How many cycles there were: 1 from the opening, one more with each 重办.
  public var cycles: Int32 = 0
  public var escalations: Int32 = 0
  public var urgings: Int32 = 0
  public var returns: Int32 = 0
  /// How often its closing was rejected, or a check before it did not pass (未通过).
  public var rejections: Int32 = 0
  /// When the earliest deadline that lapsed was due.
  public var breachedAt: Instant?

  public init() {}

  /// Indirect, because matters are handed on all the time and a cycle is wide.
  public indirect enum State: Hashable, Sendable {
    /// 待受理: nothing is known but its name.
    case awaited
    /// 在办.
    case active(Cycle)
    /// 重复件: its clocks are stopped while its main item, or of a part the whole, is a duplicate or in work.
    case duplicate(of: ItemKey, Cycle)
    /// 办结 or 撤回; the cycle as it ended.
    case closed(at: Instant, isWithdrawal: Bool, Cycle)
  }

  /// From the opening, or a reopening (重办), to the end.
  public struct Cycle: Hashable, Sendable {
    /// The number of the entry that began it.
    public var begunBy: Int32
    /// When the cycle began: the resident spoke, or the item was reopened. What the resident waited counts from here.
    public var beganAt: Instant
    /// When who is responsible took it on (签收).
    public var acceptedAt: Instant?
    /// When the first answer (响应) was given.
    public var answeredAt: Instant?
    /// When its closing was asked for (申请办结), where that is not rejected.
    public var submittedAt: Instant?
    /// The responsible unit (承办): a unit, or the organ of the tier where the chain starts.
    public var responsibleID: Int64?
    /// The tier of the responsible unit.
    public var startTier: Tier
    /// The tier that supervises (督办): it rises when a deadline lapses (提级督办) and falls no more within the cycle.
    public var supervisor: Tier?
    public var acceptance: Clock?
    public var response: Clock?
    public var submission: Clock?
    public var resolution: Clock?
    /// Runs only while it is parked.
    public var review: Clock?
    /// When its clocks were stopped (中止计时, or as a duplicate), in order; the last may be open.
    public var pauses: [Pause] = []
    /// Whether it is suspended by itself (中止计时), apart from being a duplicate.
    public var isSuspended = false
    /// Until when that lasts at most, and why; nil where the policy sets no limit.
    public var suspension: Suspension?
    /// 挂账: its clocks are stopped, and only that of its review runs.
    public var isParked = false
    /// When the present stage of what is parked ends (阶段目标); nil where none is set.
    public var parkedUntil: Instant?
    /// 退单, which is not decided.
    public var isReturning = false
    /// How often the resident was not reached (联系未果).
    public var missedContacts: Int32 = 0
    /// The checks that have passed since its closing was asked for (确认, 复查).
    public var checks: [Event.Check.Stage] = []
    /// 办结类型: as it is asked for, and of what has ended, how it was settled.
    public var closing: ClosingType?
    /// What became of the resident's 不满意; nil where there was none.
    public var dissatisfaction: Dissatisfaction?
    /// Until when an undecided request asks for more time (延期).
    public var requestedUntil: Instant?
    /// Extensions granted.
    public var extensions: Int32 = 0
    /// Until when the latest extension grants time, and when it was granted.
    public var grant: Grant?
    /// The highest tier that let a deadline pass.
    public var breachedTier: Tier?
    /// Whether a 约谈 was proposed.
    public var isSummoned = false
    /// Who was responsible since when, where one of them was told too late to answer for what fell due before.
    public var handovers: [Handover] = []

    public init(begunBy: Int32, beganAt: Instant, responsibleID: Int64? = nil, startTier: Tier) {
      (self.begunBy, self.beganAt, self.responsibleID, self.startTier) = (begunBy, beganAt, responsibleID, startTier)
    }

    public var isStopped: Bool { pauses.last.map { $0.until == nil } ?? false }

    /// Whether time passes for a clock: for that of the review of what is parked, while the others are stopped; not for that of 申请办结, while
    /// it is reviewed.
    public func isRunning(_ clock: ClockKind) -> Bool {
      switch clock {
      case .review: true
      case .submission: !isStopped && submittedAt == nil
      case .acceptance, .response, .resolution: !isStopped
      }
    }

    /// When what a clock demands was done, apart from the end of the item.
    public func doneAt(_ clock: ClockKind) -> Instant? {
      switch clock {
      case .acceptance: acceptedAt
      case .response: answeredAt
      case .submission: submittedAt
      case .resolution, .review: nil
      }
    }

    public subscript(clock: ClockKind) -> Clock? {
      get {
        switch clock {
        case .acceptance: acceptance
        case .response: response
        case .submission: submission
        case .resolution: resolution
        case .review: review
        }
      }
      set {
        switch clock {
        case .acceptance: acceptance = newValue
        case .response: response = newValue
        case .submission: submission = newValue
        case .resolution: resolution = newValue
        case .review: review = newValue
        }
      }
    }
  }

  /// 不满意, of a closed item.
  public enum Dissatisfaction: String, Hashable, Sendable {
    /// 待核定.
    case undecided
    /// 维持.
    case upheld
    /// 剔除.
    case excluded
  }

  public struct Handover: Hashable, Sendable {
    public var organID: Int64?
    public var since: Instant

    public init(organID: Int64?, since: Instant) { (self.organID, self.since) = (organID, since) }
  }

  public struct Pause: Hashable, Sendable {
    public var from: Instant
    /// Nil while it lasts.
    public var until: Instant?

    public init(from: Instant, until: Instant? = nil) { (self.from, self.until) = (from, until) }
  }

  /// 中止计时 for a reason that has a longest pause.
  public struct Suspension: Hashable, Sendable {
    /// As the policy lists it.
    public var reason: String
    public var from: Instant
    /// When the clocks run on by themselves.
    public var until: Instant

    public init(reason: String, from: Instant, until: Instant) { (self.reason, self.from, self.until) = (reason, from, until) }
  }

  public struct Grant: Hashable, Sendable {
    public var until: Instant
    public var at: Instant

    public init(until: Instant, at: Instant) { (self.until, self.at) = (until, at) }
  }

  /// The clocks of a cycle, of which a policy must have only the last but one. Each has a chain of its own: the responsible unit owes the
  /// first step, the supervising tiers the next.
  public enum ClockKind: String, CaseIterable, Sendable {
    /// 签收时限: until who is responsible has taken it on.
    case acceptance
    /// 响应时限: until the first answer (R1).
    case response
    /// 内部时限: until its closing is asked for (申请办结), so that there is time for its review.
    case submission
    /// 办结时限 (平台时限): until it is settled.
    case resolution
    /// 挂账复核时限: until what is parked is reviewed again.
    case review

    public var chinese: String {
      switch self {
      case .acceptance: "签收"
      case .response: "响应"
      case .submission: "申请办结"
      case .resolution: "办结"
      case .review: "挂账复核"
      }
    }
  }

  /// A clock that runs: which step of its chain, and when it is due.
  public struct Clock: Hashable, Sendable {
    /// 0 for the responsible unit, then one more for each tier that the chain rose to.
    public var step: Int
    /// The tier that owes the step.
    public var tier: Tier
    /// The number of the entry that started it again within the cycle; 0 where it runs from the cycle's beginning.
    public var startedBy: Int32 = 0
    /// When it started to count.
    public var start: Instant
    /// When what is due was stated by the message itself (提醒); nil where the policy's limit counts.
    public var statedAt: Instant?
    public var dueAt: Instant
    /// When the step's owner is warned; nil where no warning is due.
    public var warnAt: Instant?
    /// Whether it reaches a year whose workdays were not announced.
    public var isProvisional = false

    public init(step: Int, tier: Tier, start: Instant, statedAt: Instant? = nil, dueAt: Instant, warnAt: Instant? = nil) {
      (self.step, self.tier, self.start, self.statedAt) = (step, tier, start, statedAt)
      (self.dueAt, self.warnAt) = (dueAt, warnAt)
    }
  }

  /// Where an item stands, in a word; the columns of the transition table.
  public enum Phase: String, CaseIterable, Sendable {
    /// 待受理: events about it came before it did; they wait.
    case awaited
    /// 在办, not yet answered.
    case open
    /// 已响应: answered, not yet settled.
    case responded
    /// 重复件.
    case merged
    /// 办结 or 撤回.
    case closed

    public var chinese: String {
      switch self {
      case .awaited: "待受理"
      case .open: "在办"
      case .responded: "已响应"
      case .merged: "重复件"
      case .closed: "办结"
      }
    }
  }
}

// MARK: - Reading

extension Item {
  public var phase: Phase {
    switch state {
    case .awaited: .awaited
    case .active(let cycle): cycle.answeredAt == nil ? .open : .responded
    case .duplicate: .merged
    case .closed: .closed
    }
  }

  /// The present cycle, or of what has ended the last one.
  public var cycle: Cycle? {
    switch state {
    case .awaited: nil
    case .active(let cycle), .duplicate(_, let cycle), .closed(_, _, let cycle): cycle
    }
  }

  /// Whether it is in work: active, or a duplicate of what may be.
  public var isInWork: Bool {
    switch state {
    case .active, .duplicate: true
    case .awaited, .closed: false
    }
  }

  /// The main item of a duplicate.
  public var main: ItemKey? { if case .duplicate(let main, _) = state { main } else { nil } }

  public var closedAt: Instant? { if case .closed(let at, _, _) = state { at } else { nil } }

  public var isWithdrawn: Bool { if case .closed(_, let isWithdrawal, _) = state { isWithdrawal } else { false } }

  public var answeredAt: Instant? { cycle?.answeredAt }

  /// The clocks that run, then those that are stopped, the earlier due first; none of what has ended.
  public var clocks: [(kind: ClockKind, clock: Clock)] {
    guard isInWork, let cycle else { return [] }
    let clocks = ClockKind.allCases.compactMap { kind in cycle[kind].map { (kind, $0) } }
    if clocks.count < 2 { return clocks }
    return clocks.sorted { a, b in
      let (first, second) = (cycle.isRunning(a.0), cycle.isRunning(b.0))
      return first == second ? a.1.dueAt < b.1.dueAt : first
    }
  }

  /// Since when its clocks are stopped, for whatever reason; nil while they run.
  public var stoppedSince: Instant? {
    guard isInWork, let pause = cycle?.pauses.last, pause.until == nil else { return nil }
    return pause.from
  }

  /// The clocks for which time passes.
  var runningClocks: [(kind: ClockKind, clock: Clock)] {
    guard case .active(let cycle) = state else { return [] }
    return ClockKind.allCases.compactMap { kind in cycle.isRunning(kind) ? cycle[kind].map { (kind, $0) } : nil }
  }

  /// When its suspension ends by itself.
  var suspensionEnd: Instant? { isInWork ? cycle?.suspension?.until : nil }

  /// When there is next something to do: a warning that was not handled by `swept`, a deadline, or the end of a longest pause.
  func wakeAt(after swept: Instant?) -> Instant? {
    let times = runningClocks.map { _, clock in
      guard let warnAt = clock.warnAt, swept.map({ $0 < warnAt }) ?? true else { return clock.dueAt }
      return min(warnAt, clock.dueAt)
    }
    return (times + [suspensionEnd].compactMap(\.self)).min()
  }
}
