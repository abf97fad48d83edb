// 约谈: the text that a person signs or not, for a matter and for a month, with the breaches that it rests on.

extension Notice {
  /// Proposes a 约谈 of an organ over a matter whose deadlines passed up the chain (R34).
  static func summons(
    of organID: Int64, over matter: Matter, unit: String?, begunBy: Int32, attempt: Int, for breaches: [Breach],
    by basis: String?, directory: Directory, at now: Instant
  ) -> Notice {
    let organ = directory.name(of: organID) ?? "责任单位"
    let office = directory.office(of: organID, summonedFor: breaches) ?? organ
    let breaches = breaches.sorted { $0.lapse.dueAt < $1.lapse.dueAt }
    // What an organ above let pass is no ground against the one that is called in.
    let own = breaches.filter { breach in
      directory.organs[organID]?.tier.map { breach.lapse.step.tier <= $0 } ?? !breach.lapse.isSupervising
    }
    let lines = own.map { breach in
      let owner = directory.office(in: breach.lapse) ?? breach.lapse.step.tier.chinese
      let status = breach.status == .standing ? "" : "，\(breach.status.chinese)"
      return "\(owner)（\(directory.role(in: breach.lapse))）："
        + directory.chinese(breach.lapse, of: matter.kind, matter.progress(of: breach.lapse.step))
        + "（第\(breach.number)号逾期记录\(status)）。"
    }
    return Notice(
      kind: .summons, status: .proposed, origin: .item(id: matter.id, unit: unit, begunBy: begunBy, attempt: attempt),
      organID: organID, organName: organ, officeName: office, title: summonsTitle(office),
      body: summonsBody(
        office,
        "\(directory.chineseName(of: matter, unit: unit))\(matter.responsible(unit, begunBy, directory))。"
          + "截至\(now.chinese)，\(matter.passed(breaches))。",
        lines.isEmpty ? ["计入的逾期记录均属上级督办单位，请复核。"] : lines, by: basis, at: now),
      evidence: JSONText.encode(breaches.map { Evidence($0, directory) }), createdAt: now,
      grounds: breaches.map { Ground(itemID: $0.itemID, number: $0.number) })
  }

  /// Proposes a 约谈 of an organ that let deadlines pass again and again in one period (R34).
  public static func summons(
    of organ: Organ, for lapses: [OrganBreach], in period: Period, schedule: Schedule, by basis: String?, directory: Directory,
    at now: Instant
  ) -> Notice {
    let office = directory.office(of: organ.id, summonedFor: lapses.map(\.breach)) ?? organ.name
    let roles = ["承办", "督办"].filter { role in lapses.contains { $0.breach.lapse.isSupervising == (role == "督办") } }
    let names = lapses.map { directory.shortName(of: $0.item, id: $0.breach.itemID) }
    let lines = zip(lapses, names).map { lapse, name in
      "\(name)（\(directory.role(in: lapse.breach.lapse))）：\(directory.chinese(lapse.breach.lapse, of: lapse.kind, lapse.progress))。"
    }
    return Notice(
      kind: .summons, status: .proposed, origin: .schedule(id: schedule.id, name: schedule.name, period: period),
      organID: organ.id, organName: organ.name, officeName: office, title: summonsTitle(office),
      body: summonsBody(
        office,
        "\(period.chineseDays)，系统认定\(office)\(roles.joined(separator: "、"))事项逾期\(lapses.count)件次，"
          + "达到“\(period.isMonth ? "当月" : "当期")逾期\(schedule.threshold)件次及以上”的约谈情形。", lines, by: basis, at: now),
      evidence: JSONText.encode(zip(lapses, names).map { Evidence($0.breach, directory, subject: $1) }), createdAt: now,
      grounds: lapses.map { Ground(itemID: $0.breach.itemID, number: $0.breach.number) })
  }

  private static func summonsTitle(_ organ: String) -> String { "关于提请约谈\(organ)的呈批件（送签稿）" }

  /// No city is bound by another's document: where the city's policy cites none, the basis is left to who drafts.
  private static func summonsBody(
    _ organ: String, _ facts: String, _ lines: [String], by basis: String?, at now: Instant
  ) -> String {
    """
    \(OfficeText.indent)\(facts)建议约谈\(organ)，请审定。
    \(OfficeText.indent)一、逾期情况
    \(OfficeText.numbered(lines))
    \(OfficeText.indent)二、约谈依据
    \(OfficeText.indent)\(basis.map { "\($0)。" } ?? "尚未录入，由承办人补充；未补充的，不得报签。")
    \(OfficeText.indent)拟稿：＿＿　核稿：＿＿　会签：＿＿　签发：＿＿　生成时间：\(now.chinese)
    """
  }
}

extension Directory {
  /// What a 约谈 calls the organ that it is of: in the role in which it let deadlines pass, as 承办 before 督办.
  fileprivate func office(of organ: Int64, summonedFor breaches: [Breach]) -> String? {
    let isResponsible = breaches.contains { $0.lapse.organID == organ && !$0.lapse.isSupervising }
    return office(of: organ, isSupervising: !isResponsible)
  }
}

extension Matter {
  /// 由胜阳港街道办事处承办; nothing where the cycle is over and who was responsible is not at hand.
  fileprivate func responsible(_ unit: String?, _ begunBy: Int32, _ directory: Directory) -> String {
    guard let cycle = item(of: unit)?.cycle, cycle.begunBy == begunBy else { return "" }
    let name = directory.office(of: cycle.responsibleID, isSupervising: false) ?? cycle.startTier.chinese
    return "由\(name)\(directory.role(of: cycle.responsibleID, unit: unit))"
  }

  /// 响应时限届满后方响应；办结时限届满，仍未办结: which limits have passed, and whether what they demand is done.
  fileprivate func passed(_ breaches: [Breach]) -> String {
    Item.ClockKind.allCases.compactMap { clock in
      guard let step = breaches.first(where: { $0.lapse.step.clock == clock })?.lapse.step else { return nil }
      let duty = clock.duty(of: kind)
      if case .done = progress(of: step) { return "\(duty.limit)时限届满后方\(duty.verb)" }
      return "\(duty.limit)时限届满，仍未\(duty.verb)"
    }.joined(separator: "；")
  }
}

/// A breach of an organ's, with what is said of its item.
public struct OrganBreach: Hashable, Sendable {
  public var item: ItemKey
  public var kind: Kind
  public var breach: Breach
  public var progress: Progress

  public init(item: ItemKey, kind: Kind, breach: Breach, progress: Progress) {
    (self.item, self.kind, self.breach, self.progress) = (item, kind, breach, progress)
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
