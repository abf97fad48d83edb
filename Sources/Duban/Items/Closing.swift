// 申请办结 (of a problem 申请销号), its checks and 审核, 办结类型, and after the end 回访: 不满意 leads to 重办, or is judged first (不满意核定).

extension Fold {
  /// 申请办结 ends the clock of the application (内部时限), until it is rejected.
  mutating func requestClosure(_ unit: String?, _ event: Event, at time: Instant) throws(Inapplicability) {
    guard case .closureRequested(let closing, _) = event else { return }
    try check(closing, unit)
    matter[unit].change { cycle in
      cycle.submittedAt = cycle.submittedAt ?? time
      // What is asked for again, with other evidence, is checked again.
      cycle.checks = []
      cycle.closing = closing?.type
    }
  }

  /// 确认 and 复查 (of a problem): what has passed since its closing was asked for. Never by who is responsible.
  mutating func passCheck(_ unit: String?, by entry: Entry) throws(Inapplicability) {
    guard case .checked(let check) = entry.event else { return }
    try checkRequested(unit)
    matter[unit].change { cycle in
      if !cycle.checks.contains(check.stage) { cycle.checks.append(check.stage) }
    }
  }

  /// 审核退回, and 未通过 of a check: counted. The clock of the application runs on to where it was due; what came due during the review is no breach.
  mutating func rejectClosure(_ unit: String?, by entry: Entry, at time: Instant) throws(Inapplicability) {
    try checkRequested(unit)
    if case .closureDecided = entry.event { try checkDecider(entry, unit) }
    matter[unit].rejections += 1
    // Until who is responsible was told, too.
    let told = countingStart(time, told: entry.recordedAt, by: entry.key?.source ?? matter.key.source)
    matter[unit].change { cycle in
      (cycle.submittedAt, cycle.closing, cycle.checks) = (nil, nil, [])
      if let due = cycle.submission?.dueAt, due <= told { cycle.submission = nil }
    }
  }

  /// Whether an entry may end an item, where the policy asks for something before.
  func checkClosing(_ unit: String?, by entry: Entry) throws(Inapplicability) {
    switch entry.event {
    case .resolved(let closing):
      try check(closing, unit)
      try checkMeans(of: unit, by: entry)
    case .closureDecided:
      try checkRequested(unit)
      try checkDecider(entry, unit)
      try checkChecks(unit)
    default: break
    }
  }

  /// 销号 needs the checks that the policy asks for.
  private func checkChecks(_ unit: String?) throws(Inapplicability) {
    let missing = (rule(unit)?.checks ?? []).filter { matter[unit].cycle?.checks.contains($0) == false }
    guard let first = missing.first else { return }
    throw Inapplicability(
      .notAllowed, at: "/type",
      "the policy asks for \(missing.map(\.chinese).joined(separator: ", ")) before it is approved; send \(first.type) first")
  }

  /// What an inspection and a request for funding are ended by, as the policy has it.
  private func checkMeans(of unit: String?, by entry: Entry) throws(Inapplicability) {
    guard let rule = rule(unit) else { return }
    switch matter.kind {
    case .inspection where !rule.isClosedByReport && EventType.named(entry.type)?.meaning == .reports:
      throw Inapplicability(
        .notAllowed, at: "/data/closing",
        "by the policy a recheck ends it; send the report without closing, and rectification.verified with passed: true")
    case .funding where rule.disbursesWhatIsApproved && matter.whole.answeredAt == nil && matter[unit].answeredAt == nil:
      throw Inapplicability(
        .notAllowed, at: "/type",
        "by the policy money is disbursed after an approval, and none is on record; send funding.reviewed with decision: approved"
      )
    default: break
    }
  }

  private func checkRequested(_ unit: String?) throws(Inapplicability) {
    guard matter[unit].cycle?.submittedAt != nil else {
      throw Inapplicability(
        .notRequested, at: "/type",
        "no closure is asked for that is not decided; send \(matter.kind.rawValue).closure-requested first")
    }
  }

  /// 无法联系 needs as many attempts as the policy says.
  private func check(_ closing: Event.Closing?, _ unit: String?) throws(Inapplicability) {
    guard closing?.type == .unreachable, let cycle = matter[unit].cycle else { return }
    let needed = rule(unit)?.contactAttempts ?? 0
    guard cycle.missedContacts >= needed else {
      throw Inapplicability(
        .notAllowed, at: "/data/closing",
        "the policy asks for \(needed) attempts to reach the resident, and \(cycle.missedContacts) are on record; send "
          + "complaint.contacted with reached: false for each")
    }
  }

  /// How an entry settles an item.
  func closing(by entry: Entry, of cycle: Item.Cycle) -> ClosingType? {
    switch entry.event {
    case .resolved(let closing): closing?.type
    case .closureDecided: cycle.closing
    default: nil
    }
  }
}

// MARK: - 回访

extension Fold {
  /// 回访, 确认, 复查 and 抽核 are never made by who holds the matter.
  func checkImpartial(_ entry: Entry, _ unit: String?) throws(Inapplicability) {
    let what: String
    switch entry.event {
    case .rated: what = "ask the resident how satisfied they are"
    case .checked: what = "check its own work"
    default: return
    }
    guard let speaker = entry.stamp.speaker, speaker == matter[unit].cycle?.responsibleID else { return }
    throw Inapplicability(.notAllowed, at: "/source", "the responsible unit may not \(what)")
  }

  mutating func dispute(_ unit: String?, by entry: Entry, at time: Instant) throws(Inapplicability) {
    if rule(unit)?.judgesDissatisfaction == true {
      matter[unit].changeClosed { $0.dissatisfaction = .undecided }
    } else {
      reopen(unit, by: entry, at: time)
    }
  }

  /// 维持 and 剔除; 重办 is a reopening.
  mutating func judge(_ unit: String?, by entry: Entry) throws(Inapplicability) {
    try checkJudgement(unit, by: entry)
    guard case .judged(let judgement, _) = entry.event else { return }
    matter[unit].changeClosed { $0.dissatisfaction = judgement == .excluded ? .excluded : .upheld }
  }

  func checkJudgement(_ unit: String?, by entry: Entry) throws(Inapplicability) {
    guard case .judged = entry.event else { return }
    guard matter[unit].cycle?.dissatisfaction == .undecided else {
      throw Inapplicability(.notRequested, at: "/type", "no 不满意 waits to be judged; send complaint.rated first")
    }
    try checkDecider(entry, unit)
  }
}

extension Item {
  /// Changes the cycle of what has ended.
  fileprivate mutating func changeClosed(_ body: (inout Cycle) -> Void) {
    guard case .closed(let at, let isWithdrawal, var cycle) = state else { return }
    body(&cycle)
    state = .closed(at: at, isWithdrawal: isWithdrawal, cycle)
  }
}

extension Event.Check.Stage {
  public var chinese: String {
    switch self {
    case .confirmation: "街道/监理确认"
    case .recheck: "现场复查"
    case .spotCheck: "市级抽核"
    }
  }

  /// The type of the contract that says it.
  var type: String {
    switch self {
    case .confirmation: "problem.confirmed"
    case .recheck: "problem.rechecked"
    case .spotCheck: "problem.spot-checked"
    }
  }
}
