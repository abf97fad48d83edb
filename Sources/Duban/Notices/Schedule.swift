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
public struct ScheduleDraft: Hashable, Sendable {
  public var name: String
  public var notice: Notice.Kind
  public var every: String
  public var tier: Tier
  public var threshold: Int
  public var catchUp: Int

  /// Reads a schedules file: `schedules:` and a list.
  ///
  /// - Throws: ``FileFault`` with all that is wrong: the line, the place, the value, and the remedy.
  public static func read(yaml: String) throws(FileFault) -> [ScheduleDraft] {
    try FileReading.read(yaml, as: ScheduleFile.form)
  }

  /// Every key of a schedules file, as tables in Markdown.
  public static var reference: String {
    """
    ### A schedules file

    \(ScheduleFile.keys.markdown)

    ### A schedule

    \(ScheduleKeys.all.markdown)
    """
  }
}

private enum ScheduleFile {
  static let schedules = FileKey(
    "schedules", "", .list("a list of schedules", of: ScheduleKeys.form),
    "the schedules that are in force; one that is in the database and not in the file is disabled")

  static let keys: [any FileKeyEntry] = [schedules]

  static let form = FileForm.record("the key schedules: and a list", keys, build: build)

  private static func build(_ file: FileRecord) -> [ScheduleDraft]? {
    guard let drafts = file.read(Self.schedules) else { return nil }
    for (i, draft) in drafts.enumerated() where drafts[..<i].contains(where: { $0.name == draft.name }) {
      file.doubt(Self.schedules, at: i, "the name '\(draft.name)' appears twice; write another")
    }
    return drafts
  }
}

private enum ScheduleKeys {
  static let name = FileKey("name", "", .text("a name"), "its name, by which its notices are known")
  static let notice = FileKey("notice", "", FileForm<Notice.Kind>.word, "约谈 (summons) or 通报 (bulletin)")
  static let every = FileKey(
    "every", "", FileForm<String>.recurrence, "how time is cut into periods: calendar months in Asia/Shanghai, or lengths of time"
  )
  static let tier = FileKey(
    "tier", "", FileForm.word(of: Tier.supervising),
    "a bulletin goes to each organ of this tier, which is district; a summons is about each organ of this tier: street or district"
  )
  static let threshold = FileKey(
    "threshold", "", .count(from: 1), otherwise: .none("only a bulletin may be without"),
    "of a summons: how many breaches in one period lead to a proposal")
  static let catchUp = FileKey(
    "catch-up", "", .count(from: 1), otherwise: .value(1),
    "after downtime, for how many of the missed periods the notices are made up, the latest ones")

  static let all: [any FileKeyEntry] = [name, notice, every, tier, threshold, catchUp]

  static let form = FileForm.record("the keys of a schedule, such as name: …", all, build: build)

  private static func build(_ file: FileRecord) -> ScheduleDraft? {
    let (name, notice, every) = (file.read(Self.name), file.read(Self.notice), file.read(Self.every))
    let (tier, threshold, catchUp) = (file.read(Self.tier), file.read(Self.threshold), file.read(Self.catchUp))
    guard let name, let notice, let every, let tier, let catchUp else { return nil }
    switch notice {
    case .bulletin:
      if tier != .district { file.doubt(Self.tier, "a bulletin ranks the streets of a district; write district") }
      if file.has(Self.threshold) { file.doubt(Self.threshold, "only a summons has it; remove it") }
    case .summons:
      if tier == .city { file.doubt(Self.tier, "the city does not summon itself; write street or district") }
      if !file.has(Self.threshold) {
        file.doubt(Self.threshold, "say how many breaches lead to a summons, 1 or more")
      }
    }
    return ScheduleDraft(
      name: name, notice: notice, every: every, tier: tier, threshold: threshold ?? 0, catchUp: catchUp)
  }
}

extension FileForm<String> {
  /// How time is cut into periods, as ``Recurrence`` reads it.
  fileprivate static let recurrence = scalar(
    "month, or a length of time from 1s on, such as 7d", text: { $0 },
    nearest: { text in
      LengthText.nearest(text) { Recurrence(text: $0) != nil }
        ?? Word.nearest(to: text, in: [Word("month", alsoKnownAs: ["monthly", "月", "每月", "1 month"])])
    },
    { Recurrence(text: $0.string) == nil ? nil : $0.string })
}
