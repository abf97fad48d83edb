// Schedules: which periodic notices there are, and which periods have ended and want theirs. Pure: the time is given.

/// A span of time that a notice reports on, from `start` up to but not including `end`.
public struct Period: Hashable, Sendable {
  public var start: Instant
  public var end: Instant

  public init(start: Instant, end: Instant) {
    (self.start, self.end) = (start, end)
  }

  /// Whether it is a calendar month.
  var isMonth: Bool {
    let (from, to) = (ShanghaiTime(start), ShanghaiTime(end))
    return from == ShanghaiTime(year: from.year, month: from.month, day: 1)
      && to.instant == ShanghaiTime(year: from.year, month: from.month + 1, day: 1).instant
  }

  /// `2026年10月` for a calendar month, else from when to when.
  var chinese: String {
    let from = ShanghaiTime(start)
    return isMonth ? "\(from.year)年\(from.month)月" : "\(start.chinese)至\(end.chineseEnd)"
  }

  /// `2026年10月1日至31日` for a calendar month, else from when to when.
  var chineseDays: String {
    guard isMonth, let last = end.endedDay else { return chinese }
    return "\(ShanghaiTime(start).chineseDate)至\(last.day)日"
  }
}

/// How time is cut into periods.
public enum Recurrence: Hashable, Sendable {
  /// Calendar months in Asia/Shanghai.
  case monthly
  /// Of one length, counted from the Unix epoch, so that every copy of the daemon cuts alike.
  case every(Span)

  /// `month`, or a length like `10s`; nil for anything else and for lengths under a second.
  public init?(text: String) {
    if text == "month" {
      self = .monthly
    } else if let span = Span(text: text), span >= .seconds(1) {
      self = .every(span)
    } else {
      return nil
    }
  }

  /// The period that holds an instant.
  public func period(holding instant: Instant) -> Period {
    switch self {
    case .monthly:
      let t = ShanghaiTime(instant)
      return Period(
        start: ShanghaiTime(year: t.year, month: t.month, day: 1).instant,
        end: ShanghaiTime(year: t.year, month: t.month + 1, day: 1).instant)
    case .every(let span):
      let (n, _) = instant.microseconds.flooredDivision(by: span.microseconds)
      return Period(start: Instant(microseconds: n * span.microseconds), end: Instant(microseconds: (n + 1) * span.microseconds))
    }
  }

  /// The period before one.
  public func period(before period: Period) -> Period {
    self.period(holding: Instant(microseconds: period.start.microseconds - 1))
  }
}

/// A periodic notice, as the database holds it.
public struct Schedule: Hashable, Sendable {
  public var id: Int64
  public var name: String
  public var notice: Notice.Kind
  public var recurrence: Recurrence
  /// 通报: to each organ of this tier. 约谈: about each organ of this tier.
  public var tier: Tier
  /// 约谈: how many breaches in one period lead to a proposal.
  public var threshold: Int
  /// After downtime, for how many of the missed periods the notices are made up, the latest ones.
  public var catchUp: Int

  public init(id: Int64, name: String, notice: Notice.Kind, recurrence: Recurrence, tier: Tier, threshold: Int, catchUp: Int) {
    (self.id, self.name, self.notice, self.recurrence) = (id, name, notice, recurrence)
    (self.tier, self.threshold, self.catchUp) = (tier, threshold, catchUp)
  }

  /// What a schedule has to do now.
  public struct Firing: Hashable, Sendable {
    /// The periods to report on, oldest first.
    public var periods: [Period]
    /// When it is due next: the end of the period that runs now.
    public var nextAt: Instant
  }

  /// The periods that ended since the schedule was last due and by now, at most ``catchUp`` of them, and when it is due again.
  ///
  /// `dueAt` is the end of the first period not yet reported. Nothing is due before it.
  public func firing(dueAt: Instant, now: Instant) -> Firing {
    var running = recurrence.period(holding: now)
    let nextAt = running.end
    var periods: [Period] = []
    while periods.count < catchUp {
      running = recurrence.period(before: running)
      guard running.end >= dueAt else { break }
      periods.append(running)
    }
    return Firing(periods: periods.reversed(), nextAt: nextAt)
  }
}

// MARK: - Files

/// A schedule as a file states it, before the store gives it an id.
public struct ScheduleDraft: Hashable, Sendable, Decodable {
  public var name: String
  public var notice: Notice.Kind
  public var every: String
  public var tier: Tier
  public var threshold: Int
  public var catchUp: Int

  enum CodingKeys: String, CodingKey {
    case name, notice, every, tier, threshold
    case catchUp = "catch-up"
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    name = try c.decode(String.self, forKey: .name)
    notice = try c.decode(Notice.Kind.self, forKey: .notice)
    every = try c.decode(String.self, forKey: .every)
    tier = try c.decode(Tier.self, forKey: .tier)
    threshold = try c.decodeIfPresent(Int.self, forKey: .threshold) ?? 0
    catchUp = try c.decodeIfPresent(Int.self, forKey: .catchUp) ?? 1
  }

  /// Reads a schedules file: `schedules:` and a list.
  ///
  /// - Throws: ``FileFault`` that names the place and the remedy.
  public static func read(yaml: String) throws(FileFault) -> [ScheduleDraft] {
    struct Drafts: Decodable { var schedules: [ScheduleDraft] }
    let file = try OperatorFile<Drafts>(yaml: yaml)
    try file.allow(["schedules"])
    let drafts = file.content.schedules
    for (i, draft) in drafts.enumerated() {
      try file.allow(["name", "notice", "every", "tier", "threshold", "catch-up"], at: "schedules", .place(i))
      func fault(_ key: String, _ problem: String) -> FileFault {
        file.fault(at: "schedules", .place(i), .key(key), because: problem)
      }
      guard Recurrence(text: draft.every) != nil else {
        throw fault("every", "write month, or a length of time from 1s on, not '\(draft.every)'")
      }
      if draft.notice == .bulletin && draft.tier != .district {
        throw fault("tier", "a bulletin ranks the streets of a district; write district")
      }
      if draft.notice == .summons && draft.threshold < 1 {
        throw fault("threshold", "say how many breaches lead to a summons, 1 or more")
      }
      if draft.catchUp < 1 { throw fault("catch-up", "at least the latest missed period is made up; write 1 or more") }
      if drafts[..<i].contains(where: { $0.name == draft.name }) { throw fault("name", "'\(draft.name)' appears twice") }
    }
    return drafts
  }
}
