// Sentences as an office writes them: a clerk can put them into a reply as they are.

import Duban

struct ChineseWording: Wording {
  func scope(asAt: Instant?, asOf: Instant?) -> String? {
    switch (asAt, asOf) {
    case (nil, nil): nil
    case (let known?, nil): "以下为截至\(known.chinese)系统已掌握的情况，此后收到的记录不计。"
    case (nil, let stood?): "以下为\(stood.chinese)的情况，按现有全部记录推算。"
    case (let known?, let stood?): "以下为\(stood.chinese)的情况，仅按截至\(known.chinese)系统已掌握的记录推算。"
    }
  }

  func unrecorded() -> String { "此时尚无该件的任何记录。" }

  func awaited(_ kind: Kind, holdsWaiting: Bool) -> String {
    "尚未收到该\(kind.chinese)的\(kind.beginning)信息" + (holdsWaiting ? "，已收到的记录待\(kind.beginning)后一并计入。" : "。")
  }

  func beginning(_ b: Beginning) -> String {
    let rule = "（办理时限规则第\(b.policyVersion)版第\(b.policyLine)行）"
    let responsible = b.isUnassigned ? "暂由\(b.organ)负责，待派\(b.unit == nil ? "承办" : "协办")单位" : "由\(b.organ)\(b.role)"
    switch b.cause {
    case .reopened(let isDissatisfied):
      let what = Subject(kind: b.kind, unit: b.unit).chinese
      return "\(what)于\(b.at.chinese)\(isDissatisfied ? "因回访不满意" : "")重办，第\(b.cycle)次办理，\(responsible)\(rule)。"
    case _ where b.unit != nil:
      return "\(b.unit ?? "")\(b.isUnassigned ? "（未列入名录，待派）" : "")自\(b.at.chinese)起协办\(rule)。"
    default:
      let received = b.kind == .funding ? "经\(b.source)系统登记" : "经\(b.source)\(b.kind.beginning)"
      return "该\(b.kind.chinese)于\(b.at.chinese)\(received)，\(responsible)\(rule)。"
    }
  }

  func handover(_ h: Handover) -> String {
    let decided = h.decided.map { "\($0.chinese)改派，" } ?? ""
    let role = h.role == "承办" ? "" : "（\(h.role)）"
    return "\(decided)承办单位由\(h.from)变更为\(h.to)\(role)；"
      + "系统于\(h.since.chinese)方收到，\(h.to)自该时起负责，此前届满的时限由\(h.from)负责。"
  }

  // MARK: - Clocks

  func clock(_ story: ClockStory) -> String {
    var clauses: [String] = []
    for step in story.steps {
      for (i, setting) in step.settings.enumerated() {
        clauses += self.clauses(setting, step, story, tellsDays: step.tellsDays(at: i))
      }
      if let lapse = step.lapse { clauses.append(missed(lapse, step, story.duty)) }
    }
    return clauses.joined(separator: "；") + "；" + outcome(story) + "。"
  }

  private func clauses(_ setting: Setting, _ step: StepStory, _ story: ClockStory, tellsDays: Bool) -> [String] {
    let (duty, derivation) = (story.duty, setting.derivation)
    let kept = derivation.isKept ? "按此已届满，不溯及既往，仍" : ""
    let due = "\(kept)应于\(derivation.dueAt.chineseEnd)前\(step.isSupervising ? "督促\(story.responsible)" : "")\(duty.verb)"
    let limit = step.isSupervising ? "督办时限" : "\(duty.limit)时限"
    var clauses: [String] = []
    switch setting.cause {
    case .opened, .named, .reopened:
      let stated =
        derivation.clock.statedAt == nil ? "\(derivation.allowance.chinese)，\(start(setting, story.matterKind))" : "由来件载明"
      clauses = ["\(limit)\(stated)，\(due)"]
    case .escalated(let countedFrom):
      let start =
        countedFrom.map { "系统于\($0.chinese)方发现逾期，自发现时起算" }
        ?? "自上一时限届满时（\(derivation.clock.start.chineseEnd)）起算"
      clauses = ["提级由\(step.organ)督办，\(limit)\(derivation.allowance.shortChinese)，\(start)，\(due)"]
    case .resumed(let pause, let reason):
      let until = pause.until.map { "至\($0.chinese)" } ?? ""
      let why = reason.map { "因“\($0)”" } ?? "作为重复件"
      let left = setting.left.map { "尚余\($0.limit.chinese(left: $0.amount))，" } ?? ""
      clauses = ["\(why)，自\(pause.from.chinese)\(until)中止计时，恢复后\(left)\(due)"]
    case .extended(let grant, let by, let because):
      let before = setting.dueBefore.map { "原时限\($0.chineseEnd)" }
      let notes = [before, because.map { "理由：\($0.withoutStop)" }].compactMap(\.self)
      let bracket = notes.isEmpty ? "" : "（\(notes.joined(separator: "；"))）"
      clauses = ["\(grant.at.chinese)经\(by ?? "上级")批准，延期至\(derivation.dueAt.chineseEnd)\(bracket)"]
    case .refused(let at): clauses = ["延期申请于\(at.chinese)经审核不予延期，仍\(due)"]
    case .policy(let version, let by, let because):
      let rule = "办理时限规则第\(version)版第\(derivation.policyLine)行（理由：\(because.withoutStop)）"
      let changed = "\(limit)改为\(derivation.allowance.shortChinese)"
      let from = derivation.isKept ? "按新时限已届满，不溯及既往，仍按原时限" : "起算时间不变"
      clauses = ["经\(by)决定，改按\(rule)，\(changed)，\(from)，\(derivation.isKept ? String(due.dropFirst(kept.count)) : due)"]
    case .calendar(let version): clauses = ["工作日历更新为第\(version)版，\(due)"]
    case .assigned: clauses = ["\(derivation.clock.start.chinese)派单后重新起算，\(limit)\(derivation.allowance.shortChinese)，\(due)"]
    case .parked: clauses = ["自\(derivation.clock.start.chinese)起算，\(limit)\(derivation.allowance.shortChinese)，\(due)"]
    case .changed: clauses = ["时限调整后\(due)"]
    }
    guard tellsDays else { return clauses }
    if let days = days(setting) { clauses.append(days) }
    if !setting.unannouncedYears.isEmpty {
      let years = setting.unannouncedYears.map { "\($0)" }.joined(separator: "、")
      clauses.append("\(years)年节假日安排尚未公布，暂以周一至周五为工作日推算，本时限为暂定，公布后重新计算")
    }
    return clauses
  }

  private func start(_ setting: Setting, _ kind: Kind) -> String {
    let began =
      switch setting.cause {
      case .named: "交协办"
      case .reopened: "重办"
      default: kind == .funding ? "申请" : kind.beginning
      }
    let nextDay = setting.nextDay.map { "自次日（\($0.chineseDate)）起算" }
    guard let late = setting.heardLate else { return nextDay ?? "自\(began)时起算" }
    let from = nextDay.map { "以收到之日为准，\($0)" } ?? "自收到时起算"
    return "\(late.happened.chinese)\(began)，系统于\(late.heard.chinese)方收到，\(from)"
  }

  private func days(_ setting: Setting) -> String? {
    guard setting.days != nil else { return nil }
    var clauses: [String] = []
    if let standIn = setting.standIn {
      clauses.append("\(standIn.start.chineseDate)（\(standIn.reason)）收到，顺延至\(standIn.first.chineseDate)起算，当日不计")
    }
    if setting.skippedCount > 0 {
      clauses.append("期间扣除\(list(setting.skipped))，共\(setting.skippedCount)日")
    }
    if !setting.madeUp.isEmpty { clauses.append("\(list(setting.madeUp))上班，计入工作日") }
    return clauses.isEmpty ? nil : clauses.joined(separator: "，") + "（工作日历第\(setting.derivation.days.calendar.version)版）"
  }

  private func list(_ groups: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])]) -> String {
    var before: ShanghaiTime?
    func day(_ date: ShanghaiTime) -> String {
      defer { before = date }
      return date.year == before?.year ? "\(date.month)月\(date.day)日" : date.chineseDate
    }
    func last(_ date: ShanghaiTime) -> String {
      date.year == before?.year && date.month == before?.month ? "\(date.day)日" : day(date)
    }
    return groups.map { group in
      let runs = group.runs.map { $0.first == $0.last ? day($0.first) : "\(day($0.first))至\(last($0.last))" }
      return runs.joined(separator: "、") + "（\(group.reason)）"
    }.joined(separator: "、")
  }

  /// That a step's deadline has passed, and what is on record of it.
  private func missed(_ lapse: Lapse, _ step: StepStory, _ duty: Duty) -> String {
    let whose = step.accountable + (step.isSupervising ? "督办" : "")
    if let breach = step.breach, breach.status == .lifted {
      return "曾记\(whose)逾期（第\(breach.number)号），经申诉核实不成立" + (lapse.slip == nil ? "" : "，督办单已撤销")
    }
    let record = step.breach.map { "（第\($0.number)号，\($0.status.chinese)）\($0.slipText)" } ?? ""
    return "至期\(step.isSupervising ? "仍" : "")未\(duty.verb)，记\(whose)逾期\(record)"
  }

  private func outcome(_ story: ClockStory) -> String {
    let duty = story.duty
    switch story.outcome {
    case .done(let at, nil): return "实际于\(at.chinese)\(duty.verb)，未逾期"
    case .done(let at, let late?): return "实际于\(at.chinese)\(duty.verb)，逾期\(late.chinese)（按自然时间计）"
    case .ended(let at, let how, let late): return ended(story, at, how, late)
    case .suspended(let since): return "自\(since.chinese)起中止计时，恢复后按剩余时限顺延"
    case .dropped: return "现行时限规则未设此时限，不再计时"
    case .running:
      guard let last = story.steps.last, last.lapse != nil else { return "尚未\(duty.verb)" }
      return "尚未\(duty.verb)，" + (last.settings.last?.derivation.clock.tier == .city ? "已提至市级，不再提级" : "上级无督办单位，不再提级")
    }
  }

  private func ended(_ story: ClockStory, _ at: Instant, _ how: Ending, _ late: Span?) -> String {
    let duty = story.duty
    switch (how, story.kind) {
    case (.rejected, .resolution): return "于\(at.chinese)审核未通过，办理终止"
    case (.rejected, .response):
      return "实际于\(at.chinese)\(duty.verb)，" + (late.map { "逾期\($0.chinese)（按自然时间计）" } ?? "未逾期")
    case (.withMain, .resolution): return "于\(at.chinese)随主件办结"
    case (.withWhole, _): return "\(at.chinese)因\(how.chinese)而终止，\(story.unit ?? story.responsible)未单独\(duty.verb)"
    case (.tookLead, _): return "\(at.chinese)因\(how.chinese)而终止"
    default:
      let stood = late.map { "停止计时时已逾期\($0.chinese)" } ?? "停止计时时\(duty.limit)时限尚未届满"
      return "\(at.chinese)因\(how.chinese)停止计时，其间\(duty.undone)，\(stood)"
    }
  }

  // MARK: - Beside the clocks

  func waited(_ wait: Wait) -> String {
    let isFirst = wait.cycle == 1
    let from = isFirst ? "诉求人自\(wait.from.chinese)提出诉求" : "第\(wait.cycle)次办理：自\(wait.from.chinese)重办起"
    let note = isFirst ? "（按自然时间计）" : ""
    guard let until = wait.until else {
      return "\(from)，截至\(wait.now.chinese)尚未获首次响应，已历时\((wait.now - wait.from).chinese)\(note)。"
    }
    let span = (until - wait.from).chinese
    guard let ending = wait.ending else { return "\(from)，至\(until.chinese)获首次响应，历时\(span)\(note)。" }
    return "\(from)，至\(until.chinese)\(ending.chinese)时止，其间未获首次响应，历时\(span)。"
  }

  func breach(_ story: BreachStory) -> String {
    let (breach, lapse) = (story.breach, story.breach.lapse)
    let duty = lapse.step.clock.duty(of: story.kind)
    let owner = "\(story.organ)（\(story.role)）"
    let done =
      story.done.map {
        "据来文于\($0.at.chinese)\(duty.verb)（系统于\($0.heard.chinese)方收到）\(breach.status == .upheld ? "，未予采信" : "")；"
      } ?? ""
    let told =
      switch breach.status {
      case .annulled, .lifted:
        "系统曾于\(lapse.foundAt.chinese)记\(owner)未按期\(lapse.isSupervising ? "督促" : "")\(duty.verb)；"
          + (breach.status == .annulled ? "经后收到的记录查明未逾期" : "经申诉核实不成立")
          + "，该记录\(lapse.slip.map { "及\($0.chinese)" } ?? "")已撤销，不计入。"
      default:
        "\(owner)应于\(lapse.dueAt.chineseEnd)前\(lapse.isSupervising ? "督促\(duty.verb)，至期承办单位仍" : "\(duty.demand)，至期")未\(duty.verb)；"
          + "系统于\(lapse.foundAt.chinese)发现\(breach.slipText)；\(done)状态：\(breach.status.meaning)。"
      }
    return "第\(breach.number)号逾期记录：\(told)" + story.decisions.map { decided($0, breach.number) }.joined()
  }

  private func decided(_ decision: Decision, _ breach: Int32) -> String {
    let what =
      switch Breach.Decision(rawValue: decision.decision) {
      case .uphold: "对第\(breach)号逾期维持认定"
      case .lift: "认定第\(breach)号逾期申诉成立"
      case .excuse: "决定第\(breach)号逾期免予计入"
      case nil: "对第\(breach)号逾期作出决定（\(decision.decision)）"
      }
    return "\(decision.at.chinese)，\(decision.by)\(what)，理由：\(decision.because.withoutStop)。"
  }

  func suspended(_ subject: Subject, since: Instant, reason: String?) -> String {
    "\(subject.unit == nil ? "" : subject.chinese)自\(since.chinese)起\(reason.map { "因“\($0)”" } ?? "")中止计时，尚未恢复。"
  }

  func duplicate(_ subject: Subject, of main: Main, since: Instant?) -> String {
    let name = main.isConfidential ? "不公开事项" : "\(main.source)，编号\(main.key.subject)"
    let from = since.map { "自\($0.chinese)起" } ?? ""
    let how = subject.unit == nil ? "为重复件，\(from)并入" : "\(from)随主办件并入"
    return "\(subject.chinese)\(how)主件（\(name)）办理\(since == nil ? "" : "，其间中止计时")。"
  }

  func extensionAsked(_ subject: Subject, at: Instant?, until: Instant) -> String {
    "\(subject.chinese)\(at.map { "于\($0.chinese)" } ?? "已")申请延期至\(until.chineseEnd)，尚待批准，批准前仍按原时限计。"
  }

  func closed(_ subject: Subject, at: Instant, how: Ending) -> String {
    let what =
      switch how {
      case .settled: Item.ClockKind.resolution.duty(of: subject.kind).verb
      case .withdrawn: "撤回"
      case .rejected: "审核未通过，办理终止"
      case .withMain: "随主件办结"
      case .withWhole, .tookLead: "因\(how.chinese)而终止"
      }
    return "\(subject.chinese)于\(at.chinese)\(what)。"
  }
}

extension ClockStory {
  fileprivate var duty: Duty { kind.duty(of: matterKind) }
}

extension Subject {
  /// 该诉求; 供电公司的协办件
  fileprivate var chinese: String { unit.map { "\($0)的协办件" } ?? "该\(kind.chinese)" }
}

extension Ending {
  /// What came: 办结, 撤回.
  fileprivate var chinese: String {
    switch self {
    case .settled: "办结"
    case .withdrawn: "撤回"
    case .rejected: "审核未通过"
    case .withWhole(let isWithdrawal): "主办件\(isWithdrawal ? "撤回" : "办结")"
    case .withMain: "随主件办结"
    case .tookLead: "该单位改为主办"
    }
  }
}

extension Setting {
  /// The day on which counting begins, where that is the day after (自次日起算).
  var nextDay: ShanghaiTime? {
    guard case .limit(let limit) = derivation.allowance, limit.isFromNextDay, derivation.clock.statedAt == nil else { return nil }
    return ShanghaiTime(derivation.clock.start + .days(1))
  }
}

extension Breach {
  /// The slip that was made for it, which is no paper before somebody signs it.
  fileprivate var slipText: String {
    guard let slip = lapse.slip else { return "" }
    return status.counts ? "，已生成\(slip.chinese)（\(slipNumber)，待签发）" : "，\(slip.chinese)已撤销"
  }
}

extension Breach.Status {
  fileprivate var meaning: String {
    switch self {
    case .standing, .upheld: "\(chinese)（计入）"
    case .contested: "\(chinese)（后收到的记录显示未逾期，核定前暂计入）"
    case .annulled, .lifted: chinese
    case .excused: "\(chinese)（确有逾期，经决定不计入）"
    }
  }
}

extension Breach.Decision {
  public var chinese: String {
    switch self {
    case .uphold: "维持认定"
    case .lift: "申诉成立"
    case .excuse: "免予计入"
    }
  }
}

extension Kind {
  /// How it comes to those who handle it.
  fileprivate var beginning: String {
    switch self {
    case .complaint: "受理"
    case .inspection: "交办"
    case .problem: "立账"
    case .funding, .reminder: "登记"
    }
  }
}

extension String {
  /// Without the full stop that a person put behind a reason: the sentence has one.
  fileprivate var withoutStop: String { String(reversed().drop { "。. ".contains($0) }.reversed()) }
}
