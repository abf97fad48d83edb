// A problem (问题) as the ledger (台账) sees it: read from the fold of its log.

/// 立账编号: the number of a problem on the ledger of its district, which it keeps for good.
public struct ProblemNumber: Hashable, Sendable {
  /// The district's name; nil where none was known.
  public var district: String?
  /// The year of its recording, in Asia/Shanghai.
  public var year: Int
  public var number: Int

  public init(district: String?, year: Int, number: Int) { (self.district, self.year, self.number) = (district, year, number) }

  /// 黄石港区-2026-033
  public var text: String {
    let digits = "\(number)"
    return "\(district ?? "市级")-\(year)-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }
}

/// What the ledger holds of a problem: how it was found, what was to be done until when, and each time that it was open.
public struct ProblemRecord: Sendable {
  /// From 立账, or a 反弹, to 销号.
  public struct Span: Hashable, Sendable {
    public var from: Instant
    /// 销号; nil while it is open.
    public var until: Instant?
    /// By when it was to be 销号: as it stood at the end, after extensions.
    public var dueAt: Instant?
    /// Since when its clocks are stopped (中止计时); nil while they run.
    public var stoppedSince: Instant?

    public init(from: Instant, until: Instant? = nil, dueAt: Instant? = nil) {
      (self.from, self.until, self.dueAt) = (from, until, dueAt)
    }

    /// Whether it was not 销号 in time, as far as that is known at a time. What is stopped before its deadline is not overdue.
    public func isOverdue(by time: Instant) -> Bool {
      guard let dueAt, dueAt <= time, !isInTime else { return false }
      return stoppedSince.map { dueAt < $0 } ?? true
    }

    /// Whether it was open just before a time.
    func isOpen(before time: Instant) -> Bool { from < time && (until.map { $0 >= time } ?? true) }

    var isInTime: Bool { until.map { until in dueAt.map { until <= $0 } ?? true } ?? false }
  }

  /// 复查, 批准: who did it, when, and with what result.
  public struct Act: Hashable, Sendable {
    public var person: String?
    public var at: Instant
    public var isPassed: Bool
  }

  public var number: ProblemNumber?
  public var opening: Matter.Opening
  public var finding = Event.Finding()
  /// 原定时限: the first deadline since 立账 or the last 反弹.
  public var originalDueAt: Instant?
  /// When the work was done, as the last 申请销号 says.
  public var doneAt: Instant?
  public var spans: [Span]
  /// How often 未通过.
  public var rejections: Int32
  public var phase: Item.Phase
  /// 申请销号, which is not decided.
  public var isClosureRequested = false
  public var responsibleID: Int64?
  /// 佐证, as 申请销号 names it.
  public var evidence: [String] = []
  public var recheck: Act?
  public var approval: Act?

  public init(
    number: ProblemNumber? = nil, opening: Matter.Opening, spans: [Span], phase: Item.Phase, rejections: Int32 = 0
  ) {
    (self.number, self.opening, self.spans, self.phase, self.rejections) = (number, opening, spans, phase, rejections)
  }

  /// Of a matter's log that was folded with reasons (`explains`); nil of what is no problem on the ledger: not opened yet, withdrawn, or a
  /// duplicate, whose main item counts.
  public init?(_ fold: Fold, log: [Entry], number: ProblemNumber?) {
    let whole = fold.matter.whole
    guard fold.matter.kind == .problem, let opening = fold.matter.opening, !whole.isWithdrawn, whole.main == nil else {
      return nil
    }
    func counts(_ entry: Entry) -> Bool { entry.unit == nil && (fold.verdicts[entry.number] ?? .applied) == .applied }
    let own = log.filter(counts).sorted { ($0.place, $0.number) < ($1.place, $1.number) }
    if let last = fold.endedCycles.last(where: { $0.unit == nil }), whole.phase == .closed,
      case .followed = log.first(where: { $0.number == last.entry })?.event
    {
      return nil
    }
    let dues = fold.derivations.filter { $0.unit == nil && $0.kind == .resolution && $0.clock.step == 0 }
    var spans = fold.life.spans.enumerated().map { i, span in
      Span(from: span.from, until: span.until, dueAt: dues.last { $0.cycle == Int32(i + 1) }?.dueAt)
    }
    if let last = spans.indices.last, spans[last].until == nil { spans[last].stoppedSince = whole.stoppedSince }
    self.init(number: number, opening: opening, spans: spans, phase: whole.phase, rejections: whole.rejections)
    originalDueAt = dues.first { $0.cycle == whole.cycles }?.dueAt
    responsibleID = whole.cycle?.responsibleID
    isClosureRequested = whole.isInWork && whole.cycle?.submittedAt != nil
    for entry in own {
      // What comes while the problem is not open, or open already, is on record and moves nothing.
      let at = min(entry.place, entry.recordedAt)
      let isOpen = spans.contains { $0.from <= at && ($0.until.map { at <= $0 } ?? true) }
      let begins = spans.dropFirst().contains { $0.from == at }
      switch entry.event {
      case .opened(let opening): finding = opening.finding ?? finding
      case .planned(let measure): finding.measure = measure
      case .assigned: finding.person = nil
      case .closureRequested(_, let evidence) where isOpen:
        (self.evidence, doneAt, recheck, approval) = (evidence, entry.place, nil, nil)
      case .reopened where begins: (evidence, doneAt, recheck, approval) = ([], nil, nil, nil)
      case .checked(let check) where check.stage == .spotCheck && !check.passed && begins:
        (evidence, doneAt, recheck, approval) = ([], nil, nil, nil)
      case .checked(let check) where check.stage == .recheck && isOpen:
        recheck = Act(person: check.person, at: entry.place, isPassed: check.passed)
      case .closureDecided(let decision) where isOpen:
        approval = Act(person: decision.person ?? decision.approver, at: entry.place, isPassed: decision.isApproved)
      default: break
      }
    }
  }
}
