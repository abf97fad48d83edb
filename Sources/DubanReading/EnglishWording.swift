// The same in English. Terms of the trade and names of holidays stay Chinese.

import Duban

struct EnglishWording: Wording {
  func scope(asAt: Instant?, asOf: Instant?) -> String? {
    switch (asAt, asOf) {
    case (nil, nil): nil
    case (let known?, nil): "What Duban knew at \(known.english): records that came later are left out."
    case (nil, let stood?): "How things stood at \(stood.english), by all records there are now."
    case (let known?, let stood?): "How things stood at \(stood.english), by what Duban knew at \(known.english)."
    }
  }

  func unrecorded() -> String { "Nothing was recorded of it by then." }

  func awaited(_ kind: Kind, holdsWaiting: Bool) -> String {
    "The \(kind.rawValue) is not opened yet" + (holdsWaiting ? ": what is recorded of it waits for its opening." : ".")
  }

  func beginning(_ b: Beginning) -> String {
    let ground = "policy version \(b.policyVersion), line \(b.policyLine)"
    let responsible = "\(b.organ) is responsible (\(b.role)\(b.isUnassigned ? ", 待派" : ""))"
    switch b.cause {
    case .reopened(let isDissatisfied):
      let what = b.unit.map { "The part of \($0)" } ?? "The \(b.kind.rawValue)"
      return "\(what) was reopened at \(b.at.english)\(isDissatisfied ? " because the resident was not satisfied" : "")"
        + " (cycle \(b.cycle)). \(responsible); \(ground)."
    case _ where b.unit != nil:
      return "\(b.unit ?? "") has a part (协办\(b.isUnassigned ? ", 待派" : "")) since \(b.at.english); \(ground)."
    default: return "The \(b.kind.rawValue) came at \(b.at.english) from \(b.source). \(responsible); \(ground)."
    }
  }

  func handover(_ h: Handover) -> String {
    let decided = h.decided.map { " by a reassignment of \($0.english)" } ?? ""
    return
      "\(h.to) is responsible (\(h.role)) instead of \(h.from)\(decided). It was told late, so it answers for what is due from \(h.since.english) on."
  }

  func clock(_ story: ClockStory) -> String {
    var sentences: [String] = []
    for step in story.steps {
      for (i, setting) in step.settings.enumerated() {
        sentences += self.sentences(setting, step, tellsDays: step.tellsDays(at: i))
      }
      if let lapse = step.lapse {
        let record = step.breach.map { "breach \($0.number), \($0.status.rawValue)" } ?? "a breach"
        let isWithdrawn = step.breach.map { !$0.status.counts } ?? false
        sentences.append(
          "Not done by then: \(record), of \(step.accountable)"
            + (lapse.slip.map { " (\($0.text(isWithdrawn: isWithdrawn)))" } ?? ""))
      }
    }
    return "\(story.kind.title): " + (sentences + [outcome(story)]).joined(separator: ". ") + "."
  }

  private func sentences(_ setting: Setting, _ step: StepStory, tellsDays: Bool) -> [String] {
    let due =
      (setting.derivation.isKept ? "which had passed already, so still " : "") + "due \(setting.derivation.dueAt.englishEnd)"
    let limit = setting.derivation.allowance.sentence
    var sentences: [String] = []
    switch setting.cause {
    case .opened, .named, .reopened:
      sentences = [
        setting.derivation.clock.statedAt == nil ? "\(limit), \(start(setting)), \(due)" : "\(due), as the message says"
      ]
    case .escalated(let countedFrom):
      let start =
        countedFrom.map { "counted from \($0.english), when this was found" }
        ?? "counted from \(setting.derivation.clock.start.englishEnd)"
      sentences = ["Supervision rose to \(step.organ) (提级督办): \(limit), \(start), \(due)"]
    case .resumed(let pause, let reason):
      let left = setting.left.map { " with \($0.limit.left($0.amount)) left" } ?? ""
      sentences = [
        "Suspended from \(pause.from.english) to \(pause.until?.english ?? "now")"
          + " (\(reason ?? "a duplicate")), then ran on\(left), \(due)"
      ]
    case .extended(let grant, let by, let because):
      let reason = because.map { " (\($0))" } ?? ""
      sentences = ["Extended at \(grant.at.english) by \(by ?? "an organ above")\(reason), \(due)"]
    case .refused(let at): sentences = ["An extension was refused at \(at.english), still \(due)"]
    case .policy(let version, let by, let because):
      sentences = [
        "Moved to policy version \(version), line \(setting.derivation.policyLine), by \(by), because \(because): \(limit), \(due)"
      ]
    case .calendar(let version): sentences = ["By calendar version \(version), \(due)"]
    case .assigned:
      sentences = ["Started again with the assignment at \(setting.derivation.clock.start.english): \(limit), \(due)"]
    case .parked: sentences = ["\(limit), counted from \(setting.derivation.clock.start.english), \(due)"]
    case .changed: sentences = ["Changed, \(due)"]
    }
    guard tellsDays else { return sentences }
    sentences += days(setting)
    if !setting.unannouncedYears.isEmpty {
      let years = setting.unannouncedYears.map { "\($0)" }.joined(separator: ", ")
      sentences.append("This is provisional: the holidays of \(years) were not announced, so Monday to Friday were counted")
    }
    return sentences
  }

  private func start(_ setting: Setting) -> String {
    let next = setting.nextDay.map { ", that is from \($0.date)" } ?? ""
    if let late = setting.heardLate { return "counted from \(late.heard.english), when Duban heard of it\(next)" }
    if let day = setting.nextDay { return "counted from \(day.date)" }
    return switch setting.cause {
    case .opened: "counted from the opening"
    case .named: "counted from when it was named"
    case .reopened: "counted from the reopening"
    default: "counted from \(setting.derivation.clock.start.english)"
    }
  }

  private func days(_ setting: Setting) -> [String] {
    guard setting.days != nil, setting.skippedCount > 0 || !setting.madeUp.isEmpty else { return [] }
    var sentences: [String] = []
    if setting.skippedCount > 0 {
      let count = setting.skippedCount == 1 ? "1 day was" : "\(setting.skippedCount) days were"
      sentences.append(
        "\(count) passed over: \(list(setting.skipped)) (calendar version \(setting.derivation.days.calendar.version))")
    }
    if !setting.madeUp.isEmpty { sentences.append("Worked and counted: \(list(setting.madeUp))") }
    return sentences
  }

  private func list(_ groups: [(reason: String, runs: [(first: ShanghaiTime, last: ShanghaiTime)])]) -> String {
    groups.map { group in
      group.reason + " "
        + group.runs.map { $0.first == $0.last ? $0.first.date : "\($0.first.date) to \($0.last.date)" }.joined(separator: ", ")
    }.joined(separator: "; ")
  }

  private func outcome(_ story: ClockStory) -> String {
    let done =
      switch story.kind {
      case .acceptance: "Taken on"
      case .response: "Answered"
      case .submission: "Submitted for closing"
      case .resolution: "Settled"
      case .review: "Reviewed"
      }
    switch story.outcome {
    case .done(let at, nil): return "\(done) at \(at.english), in time"
    case .done(let at, let late?): return "\(done) at \(at.english), \(late.english) late"
    case .ended(let at, let how, let late):
      return "Ended at \(at.english), when \(how.english)" + (late == nil ? ", in time" : "")
    case .suspended(let since): return "Suspended since \(since.english); what is left runs on after that"
    case .dropped: return "The policy has no such limit now"
    case .running:
      if story.steps.last?.lapse != nil { return "Not \(done.lowercased()) yet; no organ is above" }
      return "Not \(done.lowercased()) yet"
    }
  }

  func waited(_ wait: Wait) -> String {
    guard let until = wait.until else {
      return "The resident has waited \((wait.now - wait.from).english) for an answer, since \(wait.from.english)."
    }
    let what = wait.isAnswered ? "the first answer" : "the end"
    return "The resident waited \((until - wait.from).english), from \(wait.from.english) to \(what) at \(until.english)."
  }

  func breach(_ story: BreachStory) -> String {
    let breach = story.breach
    let (lapse, kind) = (breach.lapse, breach.lapse.step.clock)
    let slip = lapse.slip.map { ", \($0.text(isWithdrawn: !breach.status.counts))" } ?? ""
    let done =
      story.done.map {
        "; by a message \(kind == .response ? "answered" : "settled") at \($0.at.english), of which Duban heard at \($0.heard.english)"
          + (breach.status == .upheld ? ", not accepted" : "")
      } ?? ""
    let meaning =
      switch breach.status {
      case .standing, .upheld: "counts"
      case .annulled: "by what was heard within the tolerance, it did not happen"
      case .contested: "only what was heard beyond the tolerance says that it did not happen; it counts until a person decides"
      case .lifted, .excused: "does not count"
      }
    let decided = story.decisions.map { " Decided at \($0.at.english) by \($0.by): \($0.decision), because \($0.because)." }
    return
      "Breach \(breach.number): \(story.organ) (\(story.role)) had \(kind.chinese) due \(lapse.dueAt.englishEnd), found \(lapse.foundAt.english)"
      + "\(slip)\(done); \(breach.status.rawValue) (\(meaning))." + decided.joined()
  }

  func suspended(_ subject: Subject, since: Instant, reason: String?) -> String {
    "The clocks \(subject.unit.map { "of the part of \($0) " } ?? "")are suspended since \(since.english)\(reason.map { " (\($0))" } ?? "")."
  }

  func duplicate(_ subject: Subject, of main: Main, since: Instant?) -> String {
    "\(subject.unit.map { "The part of \($0)" } ?? "It") is a duplicate (重复件) of \(main.key)"
      + (since.map { "; its clocks are stopped since \($0.english)" } ?? "") + "."
  }

  func extensionAsked(_ subject: Subject, at: Instant?, until: Instant) -> String {
    "An extension\(subject.unit.map { " of the part of \($0)" } ?? "") to \(until.englishEnd) is asked for and not decided yet."
  }

  func closed(_ subject: Subject, at: Instant, how: Ending) -> String {
    let what = subject.unit.map { "The part of \($0)" } ?? "The \(subject.kind.rawValue)"
    switch how {
    case .settled: return "\(what) was settled at \(at.english)."
    case .withdrawn: return "\(what) was withdrawn at \(at.english)."
    default: return "\(what) ended at \(at.english), when \(how.english)."
    }
  }
}

extension Ending {
  fileprivate var english: String {
    switch self {
    case .settled: "the item was settled"
    case .withdrawn: "the item was withdrawn"
    case .rejected: "the request was rejected"
    case .withWhole(let isWithdrawal): "the whole was \(isWithdrawal ? "withdrawn" : "settled")"
    case .withMain: "its main item was settled"
    case .tookLead: "its unit got the lead"
    }
  }
}

extension Item.ClockKind {
  fileprivate var title: String {
    switch self {
    case .acceptance: "Acceptance (签收)"
    case .response: "Response (响应)"
    case .submission: "Submission (申请办结)"
    case .resolution: "Resolution (办结)"
    case .review: "Review of what is parked (挂账复核)"
    }
  }
}

extension Allowance {
  /// 48 hours; 13 workdays (from the next day, until close of business)
  fileprivate var sentence: String {
    guard case .limit(let limit) = self else {
      if case .natural(let span) = self { return span.english }
      return text
    }
    let length =
      limit.length == 0 && limit.unit != .hours ? "the same day" : "\(limit.length) \(limit.unit.word(Int64(limit.length)))"
    let options = [(limit.isFromNextDay, "from the next day"), (limit.isUntilClose, "until close of business")]
      .filter(\.0).map(\.1)
    return length + (options.isEmpty ? "" : " (\(options.joined(separator: ", ")))")
  }
}

extension TimeLimit {
  fileprivate func left(_ amount: Int64) -> String {
    let (units, hours, minutes, seconds) = amounts(of: amount)
    let hour = unit == .workhours ? unit.word(hours) : hours == 1 ? "hour" : "hours"
    let words = [
      (units, unit.word(units)), (hours, hour), (minutes, minutes == 1 ? "minute" : "minutes"),
      (seconds, seconds == 1 ? "second" : "seconds"),
    ]
    let text = words.filter { $0.0 > 0 }.map { "\($0) \($1)" }.joined(separator: " ")
    return text.isEmpty ? "less than a second" : text
  }
}

extension TimeLimit.Unit {
  fileprivate func word(_ count: Int64) -> String {
    let word =
      switch self {
      case .hours: "hour"
      case .days: "day"
      case .workdays: "workday"
      case .workhours: "office hour"
      }
    return count == 1 ? word : word + "s"
  }
}
