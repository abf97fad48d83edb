// Sentences as an office writes them: a clerk can put them into a reply as they are.

import Duban

struct ChineseWording: Wording {
  func scope(asAt: Instant?, asOf: Instant?) -> String? {
    switch (asAt, asOf) {
    case (nil, nil): nil
    case (let known?, nil): "以下为截至\(known.chinese)系统已掌握的情况，此后收到的记录不计。"
    case (nil, let stood?): "以下为\(stood.chinese)时的情况，按现有全部记录推算。"
    case (let known?, let stood?): "以下为\(stood.chinese)时的情况，仅按截至\(known.chinese)系统已掌握的记录推算。"
    }
  }

  func awaited(_ kind: Kind) -> String { "尚未收到该\(kind.noun)的立件信息，已收到的记录待其立件后计入。" }

  func beginning(_ b: Beginning) -> String {
    let ground = "（政策第\(b.policyVersion)版第\(b.policyLine)行）"
    let responsible = "由\(b.organ)\(b.isLed && b.unit == nil ? "主办" : "承办")" + (b.isUnassigned ? "（待派）" : "")
    switch b.cause {
    case .reopened(let isDissatisfied):
      let what = b.unit.map { "\($0)的协办部分" } ?? "该\(b.kind.noun)"
      return "\(what)于\(b.at.chinese)\(isDissatisfied ? "因回访不满意" : "")返工，第\(b.cycle)次办理，\(responsible)\(ground)。"
    case _ where b.unit != nil: return "\(b.unit ?? "")自\(b.at.chinese)起协办\(b.isUnassigned ? "（待派）" : "")\(ground)。"
    default:
      let article = b.kind == .complaint ? "由\(b.source)受理" : "由\(b.source)\(b.kind.verb)"
      return "该\(b.kind.noun)于\(b.at.chinese)\(article)，\(responsible)\(ground)。"
    }
  }

  func handover(from: String, to: String, at time: Instant) -> String {
    "由\(from)改由\(to)承办；\(to)获知较迟，自\(time.chinese)起负责，此前到期的不由其承担。"
  }

  func clock(_ story: ClockStory) -> String {
    let verb = story.kind.chinese
    var clauses: [String] = []
    for step in story.steps {
      for (i, setting) in step.settings.enumerated() {
        clauses += self.clauses(setting, step, verb, tellsDays: step.tellsDays(at: i))
      }
      if let lapse = step.lapse {
        let slip = lapse.slip.map { "，发\($0.chinese)" } ?? ""
        let record = step.breach.map { "（第\($0.number)号，\($0.status.chinese)）" } ?? ""
        clauses.append("届时未\(verb)，记\(step.accountable)超时\(record)\(slip)")
      }
    }
    return clauses.joined(separator: "；") + "；" + outcome(story, verb) + "。"
  }

  private func clauses(_ setting: Setting, _ step: StepStory, _ verb: String, tellsDays: Bool) -> [String] {
    let kept = setting.derivation.isKept ? "据此已经到期，不溯及既往，仍" : ""
    let due = "\(kept)应于\(setting.derivation.dueAt.chineseEnd)前\(verb)"
    var clauses: [String] = []
    switch setting.cause {
    case .opened, .named, .reopened:
      let limit =
        setting.derivation.clock.statedAt == nil
        ? "\(verb)时限\(setting.derivation.allowance.sentence)，\(start(setting))" : "\(verb)时限由来件载明"
      clauses = ["\(limit)，\(due)"]
    case .escalated(let countedFrom):
      let start =
        countedFrom.map { "超时至\($0.chinese)方发现，自发现时起算" } ?? "自\(setting.derivation.clock.start.chineseEnd)起算"
      clauses = ["提级至\(step.organ)督办，时限\(setting.derivation.allowance.sentence)，\(start)，\(due)"]
    case .resumed(let pause, let reason):
      let until = pause.until.map { "至\($0.chinese)" } ?? ""
      let why = reason.map { "因“\($0)”" } ?? "作为重复件"
      let left = setting.left.map { "尚余\($0.limit.left($0.amount))，" } ?? ""
      clauses = ["\(why)自\(pause.from.chinese)\(until)暂停计时，恢复后\(left)\(due)"]
    case .extended(let grant, let by):
      clauses = ["于\(grant.at.chinese)经\(by ?? "上级")批准延期，\(due)"]
    case .policy(let version, let by, let because):
      clauses = [
        "由\(by)改按政策第\(version)版第\(setting.derivation.policyLine)行（理由：\(because)），时限\(setting.derivation.allowance.sentence)，\(due)"
      ]
    case .calendar(let version): clauses = ["工作日历更新为第\(version)版，\(due)"]
    case .changed: clauses = ["时限调整后\(due)"]
    }
    guard tellsDays else { return clauses }
    if let days = days(setting) { clauses.append(days) }
    if !setting.unannouncedYears.isEmpty {
      let years = setting.unannouncedYears.map { "\($0)" }.joined(separator: "、")
      clauses.append("\(years)年节假日安排尚未公布，暂以周一至周五为工作日推算，公布后据实调整")
    }
    return clauses
  }

  private func start(_ setting: Setting) -> String {
    let start = setting.derivation.clock.start
    if let late = setting.heardLate {
      return "系统于\(late.heard.chinese)方获知，自获知时起算" + (setting.nextDay.map { "，即自次日\($0.chineseDate)起算" } ?? "")
    }
    if let next = setting.nextDay { return "自次日\(next.chineseDate)起算" }
    return switch setting.cause {
    case .opened: "自受理时起算"
    case .named: "自交协办时起算"
    case .reopened: "自返工时起算"
    default: "自\(start.chinese)起算"
    }
  }

  private func days(_ setting: Setting) -> String? {
    guard setting.days != nil, setting.skippedCount > 0 || !setting.madeUp.isEmpty else { return nil }
    var clauses: [String] = []
    if setting.skippedCount > 0 {
      clauses.append("期间扣除\(list(setting.skipped))，共\(setting.skippedCount)日")
    }
    if !setting.madeUp.isEmpty { clauses.append("\(list(setting.madeUp))为上班日，照计") }
    return clauses.joined(separator: "，") + "（工作日历第\(setting.derivation.days.calendar.version)版）"
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

  private func outcome(_ story: ClockStory, _ verb: String) -> String {
    switch story.outcome {
    case .done(let at, nil): return "实际于\(at.chinese)\(verb)，未超时"
    case .done(let at, let late?): return "实际于\(at.chinese)\(verb)，比应\(verb)时间晚\(late.chinese)"
    case .ended(let at, let isWithdrawal, let late):
      return "于\(at.chinese)随\(isWithdrawal ? "撤回" : "办结")终止计时" + (late == nil ? "，未超时" : "")
    case .suspended(let since): return "自\(since.chinese)起暂停计时，恢复后按剩余时间顺延"
    case .dropped: return "现行政策无此时限，不再计时"
    case .running:
      let isExhausted = story.steps.last?.lapse != nil
      return "尚未\(verb)" + (isExhausted ? "，已无上级可提级" : "")
    }
  }

  func waited(_ wait: Wait) -> String {
    guard let until = wait.until else {
      return "居民自\(wait.from.chinese)提出，至\(wait.now.chinese)尚未得到答复，已等待\((wait.now - wait.from).chinese)。"
    }
    return
      "居民自\(wait.from.chinese)提出，至\(until.chinese)\(wait.isAnswered ? "得到首次答复" : "终结")，共等待\((until - wait.from).chinese)。"
  }

  func breach(_ breach: Breach, organ: String, decisions: [Decision]) -> String {
    let (lapse, verb) = (breach.lapse, breach.lapse.step.clock.chinese)
    let role = lapse.isSupervising ? "督办" : "承办"
    let found = "第\(breach.number)号超时：\(organ)（\(role)）应于\(lapse.dueAt.chineseEnd)前\(verb)而未\(verb)，于\(lapse.foundAt.chinese)发现"
    let slip = lapse.slip.map { "，发\($0.chinese)" } ?? ""
    let meaning =
      switch breach.status {
      case .standing, .upheld: "计入"
      case .annulled: "后到记录证明未超时，不计入"
      case .contested: "迟到的记录称未超时，待核定，核定前计入"
      case .lifted, .excused: "不计入"
      }
    let decided = decisions.map { decision in
      let what = Breach.Decision(rawValue: decision.decision)?.chinese ?? decision.decision
      return "\(decision.at.chinese)由\(decision.by)决定\(what)，理由：\(decision.because)。"
    }
    return "\(found)\(slip)；状态：\(breach.status.chinese)（\(meaning)）。" + decided.joined()
  }

  func suspended(since: Instant, reason: String?) -> String {
    "目前\(reason.map { "因“\($0)”" } ?? "")暂停计时，自\(since.chinese)起。"
  }

  func duplicate(of main: ItemKey, since: Instant?) -> String {
    "该件为重复件，随主件\(main)办理" + (since.map { "，自\($0.chinese)起暂停计时" } ?? "") + "。"
  }

  func extensionAsked(until: Instant) -> String { "已申请延期至\(until.chineseEnd)，尚待批准。" }

  func closed(_ kind: Kind, at: Instant, isWithdrawal: Bool) -> String {
    "该\(kind.noun)于\(at.chinese)\(isWithdrawal ? "撤回" : "办结")。"
  }
}

extension Setting {
  /// The day on which counting begins, where that is the day after (从次日起算).
  var nextDay: ShanghaiTime? {
    guard case .limit(let limit) = derivation.allowance, limit.isFromNextDay, derivation.clock.statedAt == nil else { return nil }
    return ShanghaiTime(derivation.clock.start + .days(1))
  }
}

extension Breach.Decision {
  public var chinese: String {
    switch self {
    case .uphold: "维持"
    case .lift: "申诉成立"
    case .excuse: "免责"
    }
  }
}

extension Kind {
  fileprivate var noun: String {
    switch self {
    case .complaint: "诉求"
    case .inspection: "巡查任务"
    case .funding: "资金申请"
    case .reminder: "提醒事项"
    }
  }

  fileprivate var verb: String {
    switch self {
    case .complaint: "受理"
    case .inspection: "交办"
    case .funding: "提出"
    case .reminder: "登记"
    }
  }
}

extension Allowance {
  /// 48小时; 13个工作日（从次日起算，至下班时）
  fileprivate var sentence: String {
    guard case .limit(let limit) = self else { return chinese }
    let length = limit.length == 0 && limit.unit != .hours ? "当日" : "\(limit.length)\(limit.unit.word)"
    let options = [(limit.isFromNextDay, "从次日起算"), (limit.isUntilClose, "至下班时")].filter(\.0).map(\.1)
    return length + (options.isEmpty ? "" : "（\(options.joined(separator: "，"))）")
  }
}

extension TimeLimit {
  fileprivate func left(_ amount: Int64) -> String {
    let (units, hours, minutes, seconds) = amounts(of: amount)
    let words = [(units, unit.word), (hours, unit == .workhours ? "个工作小时" : "小时"), (minutes, "分"), (seconds, "秒")]
    let text = words.filter { $0.0 > 0 }.map { "\($0)\($1)" }.joined()
    return text.isEmpty ? "不足1秒" : text
  }
}

extension TimeLimit.Unit {
  fileprivate var word: String {
    switch self {
    case .hours: "小时"
    case .days: "个自然日"
    case .workdays: "个工作日"
    case .workhours: "个工作小时"
    }
  }
}
