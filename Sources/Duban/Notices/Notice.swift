// Notices to organs: 约谈 (a summons, proposed with its evidence; R34) and 通报 (a bulletin that ranks; R30), as Chinese text.

/// A document to an organ.
public struct Notice: Hashable, Sendable {
  public enum Kind: String, Sendable {
    /// 约谈: proposed by Duban, decided by a named person.
    case summons
    /// 通报: figures, issued as they stand.
    case bulletin
  }

  public enum Status: String, Sendable {
    case proposed
    case issued
  }

  /// What a notice comes from; each origin yields one notice and no more.
  public enum Origin: Hashable, Sendable {
    case item(id: Int64, unit: String?, begunBy: Int32, attempt: Int)
    case schedule(id: Int64, name: String, period: Period)
  }

  public var kind: Kind
  public var status: Status
  public var origin: Origin
  /// The addressee; nil only where the directory knows no organ at all.
  public var organID: Int64?
  public var organName: String
  public var title: String
  public var body: String
  /// The facts that it rests on, as JSON.
  public var evidence: String
  public var createdAt: Instant
  /// The breaches that it rests on.
  public var grounds: [Ground] = []

  /// A breach, by its matter and its number.
  public struct Ground: Hashable, Sendable {
    public var itemID: Int64
    public var number: Int32
  }

  /// The matter that it is over; nil for a schedule's.
  public var itemID: Int64? { if case .item(let id, _, _, _) = origin { id } else { nil } }

  /// What names it among all notices, and stays the same however often its making is tried.
  public var reference: String {
    switch origin {
    case .item(let id, let unit, let begunBy, let attempt):
      "item/\(id)\(unit.map { "#\($0)" } ?? "")/\(begunBy)" + (attempt > 1 ? "/\(attempt)" : "")
    case .schedule(_, let name, let period): "\(name)/\(period.start.rfc3339)/\(period.end.rfc3339)/\(organID ?? 0)"
    }
  }

  /// The event that tells the world of it.
  public func announcement(orderKey: Int64) -> Announcement {
    struct Facts: Encodable {
      var reference, kind, status, organ, title, body: String
    }
    let facts = Facts(
      reference: reference, kind: kind.rawValue, status: status.rawValue, organ: organName, title: title, body: body)
    return Announcement(
      type: status == .proposed ? .noticeProposed : .noticeIssued, subject: reference, occurredAt: createdAt,
      data: JSONText.encode(facts), orderKey: orderKey)
  }
}

// MARK: - 约谈

extension Notice {
  /// Proposes a 约谈 of an organ over a matter whose deadlines passed up the chain (三明 2024〔14〕 六(四)).
  static func summons(
    of organID: Int64, over matter: Matter, unit: String?, begunBy: Int32, attempt: Int, for breaches: [Breach],
    directory: Directory, at now: Instant
  ) -> Notice {
    let organ = directory.name(of: organID) ?? "责任单位"
    let clocks = Item.ClockKind.allCases.filter { clock in breaches.contains { $0.lapse.step.clock == clock } }
    let overdue = clocks.map(\.chinese).joined(separator: "、")
    let lines = breaches.sorted { $0.lapse.dueAt < $1.lapse.dueAt }.enumerated().map { i, breach in
      let (lapse, step) = (breach.lapse, breach.lapse.step)
      let owner = directory.name(of: lapse.organID) ?? step.tier.chinese
      return "\(i + 1). \(owner)：应于\(lapse.dueAt.chineseMinute)前\(lapse.isSupervising ? "督促" : "")\(step.clock.chinese)，逾期未办。"
    }
    let number = matter.key(of: unit).number
    return Notice(
      kind: .summons, status: .proposed, origin: .item(id: matter.id, unit: unit, begunBy: begunBy, attempt: attempt),
      organID: organID, organName: organ, title: "关于约谈\(organ)的建议（\(number)\(overdue)超时）",
      body: """
        \(matter.kind.chinese)事项“\(directory.publicTitle(of: matter))”（编号\(number)）经逐级督办，\(overdue)时限届满仍未\(overdue)，建议约谈\(organ)。
        一、逾期情况
        \(lines.joined(separator: "\n"))
        二、依据
        反馈问题排查不力、治理责任不落实、整改进度滞后的，视情约谈、责令整改、通报批评。
        \(now.chineseDate)
        """,
      evidence: JSONText.encode(breaches.map { Evidence($0, directory) }), createdAt: now,
      grounds: breaches.map { Ground(itemID: $0.itemID, number: $0.number) })
  }

  /// Proposes a 约谈 of an organ that let deadlines pass again and again in one period (R34).
  public static func summons(
    of organ: Organ, for lapses: [OrganBreach], in period: Period, schedule: Schedule, directory: Directory, at now: Instant
  ) -> Notice {
    let lines = lapses.enumerated().map { i, lapse in
      "\(i + 1). \(lapse.subject)：\(lapse.breach.lapse.step.clock.chinese)时限\(lapse.breach.lapse.dueAt.chineseMinute)，逾期。"
    }
    return Notice(
      kind: .summons, status: .proposed, origin: .schedule(id: schedule.id, name: schedule.name, period: period),
      organID: organ.id,
      organName: organ.name, title: "关于约谈\(organ.name)的建议（\(period.chinese)）",
      body: """
        \(period.chinese)，\(organ.name)承办事项逾期\(lapses.count)件次，达到约谈标准（\(schedule.threshold)件次），建议约谈。
        一、逾期清单
        \(lines.joined(separator: "\n"))
        二、依据
        反馈问题排查不力、治理责任不落实、整改进度滞后的，视情约谈、责令整改、通报批评。
        \(now.chineseDate)
        """,
      evidence: JSONText.encode(lapses.map { Evidence($0.breach, directory, subject: $0.subject) }), createdAt: now,
      grounds: lapses.map { Ground(itemID: $0.breach.itemID, number: $0.breach.number) })
  }
}

/// A breach of an organ's, with the number of the item it happened on.
public struct OrganBreach: Hashable, Sendable {
  public var subject: String
  public var breach: Breach

  public init(subject: String, breach: Breach) {
    (self.subject, self.breach) = (subject, breach)
  }
}

private struct Evidence: Encodable {
  var item: Int64
  var number: Int32
  var subject: String?
  var cycle: Int32
  var clock: String
  var tier: Tier
  var organ: String?
  var dueAt: String
  var foundAt: String

  init(_ breach: Breach, _ directory: Directory, subject: String? = nil) {
    let (lapse, step) = (breach.lapse, breach.lapse.step)
    (item, number, cycle, clock, tier) = (breach.itemID, breach.number, lapse.cycle, step.clock.rawValue, step.tier)
    (organ, dueAt, foundAt) = (directory.name(of: lapse.organID), lapse.dueAt.rfc3339, lapse.foundAt.rfc3339)
    self.subject = subject
  }
}

// MARK: - 通报

/// A street's figures for a period, as a 通报 ranks them.
public struct StreetFigures: Hashable, Sendable, Encodable {
  public var street: String
  /// 在办: open at the end of the period.
  public var open: Int
  /// 超时: of these, those with a deadline passed.
  public var overdue: Int
  /// 升级: climbs of the chain from this street within the period.
  public var escalated: Int

  public init(street: String, open: Int, overdue: Int, escalated: Int) {
    (self.street, self.open, self.overdue, self.escalated) = (street, open, overdue, escalated)
  }

  /// Worst first; equal figures share their order by name, so that the same figures always rank the same.
  public static func ranked(_ figures: [StreetFigures]) -> [StreetFigures] {
    figures.sorted { a, b in
      (b.overdue, b.escalated, b.open, a.street) < (a.overdue, a.escalated, a.open, b.street)
    }
  }
}

extension Notice {
  /// A 通报 to a district: its streets ranked by what is open, overdue and escalated (R30, R34).
  public static func bulletin(
    to district: Organ, _ figures: [StreetFigures], in period: Period, schedule: Schedule, at now: Instant
  ) -> Notice {
    let ranked = StreetFigures.ranked(figures)
    func total(_ figure: KeyPath<StreetFigures, Int>) -> Int { ranked.reduce(0) { $0 + $1[keyPath: figure] } }
    let rows = ranked.enumerated().map { i, f in
      "\(i + 1). \(f.street)：在办\(f.open)件，超时\(f.overdue)件，升级\(f.escalated)件次。"
    }
    return Notice(
      kind: .bulletin, status: .issued, origin: .schedule(id: schedule.id, name: schedule.name, period: period),
      organID: district.id,
      organName: district.name, title: "关于\(district.name)老旧小区改造事项办理情况的通报（\(period.chinese)）",
      body: """
        \(district.name)各街道：
        现将\(period.chinese)老旧小区改造事项办理情况通报如下。
        一、总体情况
        在办\(total(\.open))件，超时\(total(\.overdue))件，升级\(total(\.escalated))件次。
        二、街道排名（超时多者在前）
        \(rows.isEmpty ? "无。" : rows.joined(separator: "\n"))
        \(now.chineseDate)
        """,
      evidence: JSONText.encode(ranked), createdAt: now)
  }
}

extension Instant {
  /// `2026年11月20日`, in Asia/Shanghai.
  var chineseDate: String {
    let t = ShanghaiTime(self)
    return "\(t.year)年\(t.month)月\(t.day)日"
  }

  /// `2026年11月20日08:05`, with seconds where there are any.
  var chineseMinute: String {
    let t = ShanghaiTime(self)
    let seconds = t.second == 0 ? "" : ":" + t.second.padded(2)
    return "\(chineseDate)\(t.hour.padded(2)):\(t.minute.padded(2))\(seconds)"
  }
}
