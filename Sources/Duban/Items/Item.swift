// An item: the fold of its events, as the machine reads and writes it and the store keeps it.

/// A matter that someone must see to (件): the fold of its event log.
public struct Item: Hashable, Sendable {
  public var id: Int64
  public var key: ItemKey
  public var kind: Kind
  public var phase: Phase
  /// Who holds it now.
  public var tier: Tier
  public var place: Place
  public var category: String?
  public var grade: String?
  public var title: String?
  /// The lead unit (主办), as upstream names it, and since when; nil where none is named.
  public var lead: String?
  public var leadNamedAt: Instant?
  /// The unit that holds it, in place of its tier's organ; nil once it has climbed, and where the directory knows no such unit.
  public var unitID: Int64?
  /// The policy it was opened under, and stays under unless an operator moves it.
  public var policyVersion: Int
  public var openedAt: Instant?
  /// The latest answer (响应) that is known.
  public var answeredAt: Instant?
  /// The latest closing (办结 or 撤回) that is known; stays when the item is opened again.
  public var closedAt: Instant?
  /// Whether the latest closing was a withdrawal (撤回): nobody has settled it. Stays like ``closedAt``, for who followed it then.
  public var isWithdrawn = false
  /// The reopening (返工) that began the present cycle; nil in the first.
  public var reopenedAt: Instant?
  /// A reopening that came before the closing it follows.
  public var earlyReopening: Instant?
  /// The running deadline, or while the item is suspended or merged the one that is held; nil when none runs.
  public var deadline: Deadline?
  /// When the present cycle is to be settled (办结), as pauses and extensions have moved it. Chain deadlines above count by themselves.
  public var resolutionDueAt: Instant?
  /// The version of the calendar under which a deadline of it reaches into a year whose workdays are not announced; nil where none
  /// does. It is reckoned anew when another calendar comes.
  public var provisionalUnder: Int?
  /// Since when its clocks are held (暂停, or merged into another item); nil while they run.
  public var suspendedAt: Instant?
  /// A resumption (恢复) that came before the suspension it ends.
  public var earlyResumption: Instant?
  /// The main item that this one, a duplicate (重复件), follows; of a part (协办件) the whole.
  public var main: ItemKey?
  /// When an extension (延期) was asked for that is not decided yet.
  public var extensionAskedAt: Instant?
  /// Until when an extension was granted whose request has not come yet; when the item was opened, which is no more time, where it was
  /// rejected.
  public var earlyGrant: Instant?
  /// Extensions granted in the present cycle.
  public var extensions: Int32
  /// When the present cycle began (opened, or reopened): both clocks of the cycle count from here.
  public var cycleStartedAt: Instant?
  /// 1 from opening; each 返工 begins another.
  public var cycle: Int32
  /// When a deadline of it first passed; never erased, not even by closing.
  public var breachedAt: Instant?
  public var escalations: Int32
  public var urgings: Int32
  public var returns: Int32
  /// The number of its last event in the log.
  public var sequence: Int32

  /// The organ or unit that holds it; nil where the directory knows none.
  public var holderID: Int64? { unitID ?? place.organ(at: tier) }

  /// Whether somebody must assign it (待派) before the right organ or unit answers for it; of what has ended nobody need.
  public var awaitsAssignment: Bool { place.isUnassigned && phase != .awaited && phase != .closed }

  /// Whether a unit has the lead (主办).
  func isLed(by unit: String?) -> Bool {
    guard let lead, let unit else { return false }
    return lead.hasSameBytes(as: unit)
  }

  /// Whether it had ended by a time and had not begun again, as far as is known.
  func hadEnded(by time: Instant) -> Bool {
    guard let closedAt, closedAt < time else { return false }
    return phase == .closed || reopenedAt.map { time < $0 } ?? false
  }

  /// Whether an acceptance of a time counts for who has it in hand: whoever accepts it after its end names nobody.
  func namesUnits(at time: Instant) -> Bool { phase != .closed || closedAt.map { time <= $0 } ?? false }

  /// When an item that follows this one ended with it: a duplicate that is held since then, a part that began before. Nil where it did not.
  func end(of follower: Item) -> Instant? {
    guard let closedAt else { return nil }
    if follower.key.unit == nil && follower.phase == .merged, let mergedAt = follower.suspendedAt {
      return mergedAt <= closedAt || hadEnded(by: mergedAt) ? max(mergedAt, closedAt) : nil
    }
    if let reopenedAt = follower.reopenedAt { return reopenedAt < closedAt ? closedAt : nil }
    guard let openedAt = follower.openedAt else { return nil }
    return openedAt <= closedAt || hadEnded(by: openedAt) ? max(openedAt, closedAt) : nil
  }

  /// When there is next something to do on it, though nothing happens: its warning or its deadline comes.
  public var wakeAt: Instant? {
    suspendedAt == nil ? deadline.map { min($0.warnAt ?? $0.dueAt, $0.dueAt) } : nil
  }

  /// Where an item stands.
  public enum Phase: String, CaseIterable, Sendable {
    /// 待立件: events about it came before it did; they wait.
    case awaited
    /// 在办, not yet answered.
    case open
    /// 已响应: answered, not yet settled.
    case responded
    /// 重复件: follows its main item, which is in work; its own clocks are held.
    case merged
    /// 办结 or 撤回.
    case closed

    public var chinese: String {
      switch self {
      case .awaited: "待立件"
      case .open: "在办"
      case .responded: "已响应"
      case .merged: "重复件"
      case .closed: "办结"
      }
    }
  }

  /// The two clocks of a cycle, one running at a time.
  public enum Clock: String, Sendable {
    /// 响应时限: until the first answer (R1).
    case response
    /// 办结时限: until it is settled.
    case resolution

    public var chinese: String {
      switch self {
      case .response: "响应"
      case .resolution: "办结"
      }
    }
  }

  /// A clock and when it runs out at the tier that holds the item.
  public struct Deadline: Hashable, Sendable {
    public var clock: Clock
    public var dueAt: Instant
    /// When its holder is to be warned; nil where nobody is, or it has been.
    public var warnAt: Instant?

    public init(clock: Clock, dueAt: Instant, warnAt: Instant? = nil) {
      (self.clock, self.dueAt, self.warnAt) = (clock, dueAt, warnAt)
    }
  }

  /// An item of which nothing is known but its name and that something happened to it.
  public init(awaited key: ItemKey, id: Int64, kind: Kind, policyVersion: Int) {
    self.id = id
    self.key = key
    self.kind = kind
    self.policyVersion = policyVersion
    phase = .awaited
    tier = .city
    place = Place()
    (cycle, escalations, urgings, returns, extensions, sequence) = (0, 0, 0, 0, 0, 0)
  }

  /// Every field, for the store.
  public init(
    id: Int64, key: ItemKey, kind: Kind, phase: Phase, tier: Tier, place: Place, category: String?, grade: String?,
    title: String?, lead: String?, leadNamedAt: Instant?, unitID: Int64?,
    policyVersion: Int, openedAt: Instant?, answeredAt: Instant?, closedAt: Instant?, isWithdrawn: Bool, reopenedAt: Instant?,
    earlyReopening: Instant?, deadline: Deadline?, resolutionDueAt: Instant?, provisionalUnder: Int?, suspendedAt: Instant?,
    earlyResumption: Instant?,
    main: ItemKey?, extensionAskedAt: Instant?, earlyGrant: Instant?, extensions: Int32, cycleStartedAt: Instant?, cycle: Int32,
    breachedAt: Instant?, escalations: Int32, urgings: Int32, returns: Int32, sequence: Int32
  ) {
    (self.id, self.key, self.kind, self.phase, self.tier, self.place) = (id, key, kind, phase, tier, place)
    (self.category, self.grade, self.title, self.policyVersion) = (category, grade, title, policyVersion)
    (self.lead, self.leadNamedAt, self.unitID) = (lead, leadNamedAt, unitID)
    (self.openedAt, self.answeredAt, self.closedAt) = (openedAt, answeredAt, closedAt)
    (self.isWithdrawn, self.reopenedAt, self.earlyReopening) = (isWithdrawn, reopenedAt, earlyReopening)
    (self.deadline, self.resolutionDueAt, self.provisionalUnder) = (deadline, resolutionDueAt, provisionalUnder)
    (self.suspendedAt, self.earlyResumption, self.main) = (suspendedAt, earlyResumption, main)
    (self.extensionAskedAt, self.earlyGrant, self.extensions) = (extensionAskedAt, earlyGrant, extensions)
    (self.cycleStartedAt, self.cycle) = (cycleStartedAt, cycle)
    (self.breachedAt, self.escalations, self.urgings, self.returns) = (breachedAt, escalations, urgings, returns)
    self.sequence = sequence
  }
}

/// Where an item belongs, as far as the directory knows the place that was named.
public struct Place: Hashable, Sendable {
  public var cityID: Int64?
  public var districtID: Int64?
  public var streetID: Int64?
  public var community: String?
  /// 待派: the street or the unit that was named is not in the directory, so somebody must assign it, or teach the directory.
  public var isUnassigned: Bool

  public init(
    cityID: Int64? = nil, districtID: Int64? = nil, streetID: Int64? = nil, community: String? = nil, isUnassigned: Bool = false
  ) {
    (self.cityID, self.districtID, self.streetID) = (cityID, districtID, streetID)
    (self.community, self.isUnassigned) = (community, isUnassigned)
  }

  /// The lowest tier that is known.
  public var lowestTier: Tier {
    streetID != nil ? .street : districtID != nil ? .district : .city
  }

  /// The next tier above at which an organ is known; nil where there is none.
  public func tier(above tier: Tier) -> Tier? {
    Tier.allCases.first { $0 > tier && organ(at: $0) != nil }
  }

  /// The organ that answers for the item at a tier; nil where the directory has none.
  public func organ(at tier: Tier) -> Int64? {
    switch tier {
    case .street: streetID
    case .district: districtID
    case .city: cityID
    }
  }
}
