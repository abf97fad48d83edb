// The transition table: what each event does to an item in each phase. The fold goes by it, the documentation shows it, the tests walk it.

/// What an event does to an item.
public enum Transition: String, CaseIterable, Sendable {
  /// Stays in the log until the item comes, and counts then.
  case waits
  /// Stays in the log as inapplicable, with the reason.
  case inapplicable
  /// Stays in the log; moves nothing.
  case noted
  /// Counted on the item (催办, 联系未果); no clock is reset.
  case counted
  /// 派单, 改派: who is responsible from now on.
  case assigned = "responsible unit assigned"
  /// 退单: counted; who has it keeps it until another gets it (首接负责), and the clocks run.
  case sentBack = "sent back"
  case returnDecided = "return decided"
  case opened = "→ open"
  /// The response clock ends. A duplicate stays one.
  case answered = "→ responded"
  /// A duplicate: its clocks are stopped.
  case merged = "→ merged"
  case closed = "→ closed"
  /// 重办: open again, in the next cycle.
  case reopened = "→ open, next cycle"
  /// No longer a duplicate: its clocks run on.
  case released = "→ open or responded"
  /// 签收, 改派: units are named.
  case named = "units named"
  /// 中止计时, 恢复.
  case suspended = "clocks suspended"
  case resumed = "clocks run on"
  /// 延期.
  case requested
  case decided = "extension decided"
  /// 挂账, 摘账: the clocks are stopped, and only the one of its review runs.
  case parked
  case unparked = "parked no longer"
  case parkingReviewed = "parking reviewed"
  /// 申请办结: the clock of the application ends.
  case closureRequested = "closure asked for"
  /// 审核退回: that clock runs on.
  case closureRejected = "closure rejected"
  /// 确认, 复查: passed; on record until the closing is decided.
  case checkPassed = "check passed"
  /// 不满意: 重办 at once, or after its check, as the policy has it.
  case disputed = "→ open, or to be judged"
  /// 维持, 剔除.
  case judged = "closing stands"
  /// The owner of the step is told that a deadline draws near.
  case warned
  /// A breach, and the supervising tier rises (提级督办).
  case lapsed = "breach, supervision rises"
  /// Running deadlines are recomputed.
  case recomputed
  /// 补派: the street or unit that the directory has now is responsible.
  case placed
  /// Cannot be.
  case impossible = "–"
}

/// What may happen to an item: a message once its data are read, or Duban's own doing. In the order of a matter's life.
///
/// > Warning: The order of the cases is the rank that decides between events of one instant. To move a case changes how logs that are on record
/// > fold; a new one leaves the order of the others as it was. `AddingAnEvent.md` says how to choose its position.
public enum Trigger: String, CaseIterable, Sendable {
  case opens
  case isAssigned = "is assigned"
  case accepts
  /// 协办: a unit is named that has a part in the matter.
  case isNamed = "is named a supporting unit"
  /// 补派, of what is 待派: the directory has its street or unit now.
  case isPlaced = "is placed"
  case policyMoved = "an operator moves it to another policy"
  case notes, urges, returns
  case decidesReturn = "decides on a return"
  case missesContact = "does not reach the resident"
  case asksExtension = "asks for an extension"
  case decidesExtension = "decides on an extension"
  case suspends, resumes
  case parks, unparks
  case reviewsParking = "reviews a parking"
  case responds, merges
  case mainHeld = "its main item is in work"
  case mainSettled = "its main item is settled"
  case mainWithdrawn = "its main item is withdrawn"
  /// Of a unit's part (协办件).
  case takesLead = "its unit gets the lead"
  case wholeMerged = "the whole becomes a duplicate"
  case wholeReleased = "the whole is its own again"
  case asksClosure = "asks for closure"
  case passesCheck = "confirms or rechecks"
  case rejectsClosure = "rejects closure"
  case resolves, withdraws
  case wholeClosed = "the whole ends"
  case dissatisfies = "rates as 不满意"
  case judges = "upholds or excludes"
  case reopens
  case calendarCame = "another calendar comes"
  case warningDue = "a warning is due"
  case deadlineLapses = "a deadline lapses"
  case setAside = "an operator sets an entry aside"

  var rank: Int { Self.ranks[self] ?? 0 }

  private static let ranks = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))

  /// 受理, 签收 …: the term of the trade.
  public var chinese: String {
    switch self {
    case .opens: "受理"
    case .isAssigned: "派单、改派"
    case .accepts: "签收"
    case .isNamed: "协办"
    case .isPlaced: "补派"
    case .policyMoved: "时限规则变更"
    case .notes: "记录"
    case .urges: "催办"
    case .returns: "退单"
    case .decidesReturn: "退单审核"
    case .missesContact: "联系未果"
    case .asksExtension: "延期申请"
    case .decidesExtension: "延期审核"
    case .suspends: "中止计时"
    case .resumes: "恢复"
    case .parks: "挂账"
    case .unparks: "摘账"
    case .reviewsParking: "挂账复核"
    case .responds: "响应"
    case .merges: "合并"
    case .mainHeld: "主件在办"
    case .mainSettled: "主件办结"
    case .mainWithdrawn: "主件撤回"
    case .takesLead: "改派"
    case .wholeMerged: "主办件合并"
    case .wholeReleased: "主办件恢复办理"
    case .asksClosure: "申请办结"
    case .passesCheck: "确认、复查"
    case .rejectsClosure: "审核退回"
    case .resolves: "办结"
    case .withdraws: "撤回"
    case .wholeClosed: "主办件终止"
    case .dissatisfies: "不满意"
    case .judges: "维持、剔除"
    case .reopens: "重办"
    case .calendarCame: "日历更新"
    case .warningDue: "预警"
    case .deadlineLapses: "逾期"
    case .setAside: "作废"
    }
  }
}

/// The table: one row for each trigger, one column for each phase. The fold goes through it for everything that happens.
public enum TransitionTable {
  // swift-format-ignore
  static let rows: [Trigger: [Transition]] = [
    //                  awaited      open          responded     merged        closed
    .opens:            [.opened,     .inapplicable, .inapplicable, .inapplicable, .inapplicable],
    .isAssigned:       [.waits,      .assigned,    .assigned,    .assigned,    .noted],
    .accepts:          [.waits,      .named,       .named,       .named,       .noted],
    .isNamed:          [.opened,     .noted,       .noted,       .noted,       .reopened],
    .isPlaced:         [.waits,      .placed,      .placed,      .placed,      .noted],
    .policyMoved:      [.waits,      .recomputed,  .recomputed,  .recomputed,  .noted],
    .notes:            [.waits,      .noted,       .noted,       .noted,       .noted],
    .urges:            [.waits,      .counted,     .counted,     .counted,     .noted],
    .returns:          [.waits,      .sentBack,    .sentBack,    .sentBack,    .noted],
    .decidesReturn:    [.waits,      .returnDecided, .returnDecided, .returnDecided, .noted],
    .missesContact:    [.waits,      .counted,     .noted,       .counted,     .noted],
    .asksExtension:    [.waits,      .requested,   .requested,   .noted,       .noted],
    .decidesExtension: [.waits,      .decided,     .decided,     .noted,       .noted],
    .suspends:         [.waits,      .suspended,   .suspended,   .suspended,   .noted],
    .resumes:          [.waits,      .resumed,     .resumed,     .resumed,     .noted],
    .parks:            [.waits,      .parked,      .parked,      .noted,       .noted],
    .unparks:          [.waits,      .unparked,    .unparked,    .noted,       .noted],
    .reviewsParking:   [.waits,      .parkingReviewed, .parkingReviewed, .noted, .noted],
    .responds:         [.waits,      .answered,    .noted,       .answered,    .noted],
    .merges:           [.waits,      .merged,      .merged,      .noted,       .noted],
    .mainHeld:         [.waits,      .noted,       .noted,       .noted,       .noted],
    .mainSettled:      [.waits,      .noted,       .noted,       .closed,      .noted],
    .mainWithdrawn:    [.waits,      .noted,       .noted,       .released,    .noted],
    .takesLead:        [.impossible, .closed,      .closed,      .closed,      .noted],
    .wholeMerged:      [.impossible, .merged,      .merged,      .impossible,  .noted],
    .wholeReleased:    [.impossible, .impossible,  .impossible,  .released,    .noted],
    .asksClosure:      [.waits,      .closureRequested, .closureRequested, .closureRequested, .noted],
    .passesCheck:      [.waits,      .checkPassed, .checkPassed, .checkPassed, .noted],
    .rejectsClosure:   [.waits,      .closureRejected, .closureRejected, .closureRejected, .noted],
    .resolves:         [.waits,      .closed,      .closed,      .closed,      .noted],
    .withdraws:        [.waits,      .closed,      .closed,      .closed,      .noted],
    .wholeClosed:      [.impossible, .closed,      .closed,      .closed,      .noted],
    .dissatisfies:     [.waits,      .noted,       .noted,       .noted,       .disputed],
    .judges:           [.waits,      .noted,       .noted,       .noted,       .judged],
    .reopens:          [.waits,      .noted,       .noted,       .noted,       .reopened],
    .calendarCame:     [.noted,      .recomputed,  .recomputed,  .recomputed,  .noted],
    .warningDue:       [.impossible, .warned,      .warned,      .impossible,  .impossible],
    .deadlineLapses:   [.impossible, .lapsed,      .lapsed,      .impossible,  .impossible],
    .setAside:         [.noted,      .noted,       .noted,       .noted,       .noted],
  ]

  /// What a trigger does to an item in a phase. A test walks the table, so that no row and no column is missing.
  public static func transition(_ trigger: Trigger, in phase: Item.Phase) -> Transition {
    guard let row = rows[trigger], let column = Item.Phase.allCases.firstIndex(of: phase), column < row.count else {
      return .impossible
    }
    return row[column]
  }

  /// The table as Markdown, with the types of the contract that mean each trigger whatever their data say.
  public static var markdown: String {
    let phases = Item.Phase.allCases.map { "\($0.rawValue) \($0.chinese)" }
    var lines = [
      "| event | types | \(phases.joined(separator: " | ")) |", "|" + String(repeating: "---|", count: phases.count + 2),
    ]
    for trigger in Trigger.allCases {
      let cells = Item.Phase.allCases.map { transition(trigger, in: $0).rawValue }
      let types = EventType.all.values.filter { $0.meaning.triggers.contains(trigger) }.map(\.name).sorted()
      lines.append(
        "| \(trigger.rawValue) \(trigger.chinese) | \(types.joined(separator: ", ")) | \(cells.joined(separator: " | ")) |")
    }
    return lines.joined(separator: "\n")
  }
}

extension EventType.Meaning {
  /// The triggers that a message of this meaning can be, depending on its data.
  var triggers: [Trigger] {
    switch self {
    case .opens: [.opens]
    case .accepts: [.accepts]
    case .responds: [.responds]
    case .reports: [.responds, .resolves]
    case .resolves: [.resolves]
    case .returns: [.returns]
    case .reopens: [.reopens]
    case .rates: [.dissatisfies, .notes]
    case .assigns: [.isAssigned]
    case .contacts: [.responds, .missesContact]
    case .decidesReturn: [.decidesReturn]
    case .consults: [.notes]
    case .parks: [.parks]
    case .unparks: [.unparks]
    case .reviewsParking: [.reviewsParking]
    case .asksClosure: [.asksClosure]
    case .plans: [.responds]
    case .confirms, .rechecks: [.passesCheck, .rejectsClosure]
    case .spotChecks: [.notes, .reopens]
    case .decidesClosure: [.resolves, .rejectsClosure]
    case .judges: [.reopens, .judges]
    case .withdraws: [.withdraws]
    case .urges: [.urges]
    case .suspends: [.suspends]
    case .resumes: [.resumes]
    case .asksExtension: [.asksExtension]
    case .decidesExtension: [.decidesExtension]
    case .merges: [.merges]
    case .notes, .allocates: [.notes]
    case .verifies: [.resolves, .notes]
    case .reviews: [.responds, .resolves]
    }
  }
}

extension Event {
  /// Its row in the table.
  var trigger: Trigger {
    switch self {
    case .opened: .opens
    case .accepted: .accepts
    // How it came out is in the entry's stamp: see `Entry.trigger`.
    case .responded, .reported: .responds
    case .resolved: .resolves
    case .withdrawn: .withdraws
    case .returned: .returns
    case .urged: .urges
    case .reopened: .reopens
    case .rated(let rating): rating == .dissatisfied ? .dissatisfies : .notes
    case .assigned: .isAssigned
    case .contacted(let isReached): isReached ? .responds : .missesContact
    case .returnDecided: .decidesReturn
    case .consulted: .notes
    case .parked: .parks
    case .unparked: .unparks
    case .parkingReviewed: .reviewsParking
    case .closureRequested: .asksClosure
    case .planned: .responds
    case .checked(let check):
      switch check.stage {
      case .confirmation, .recheck: check.passed ? .passesCheck : .rejectsClosure
      case .spotCheck: check.passed ? .notes : .reopens
      }
    case .closureDecided(let decision): decision.isApproved ? .resolves : .rejectsClosure
    case .judged(let judgement, _): judgement == .redone ? .reopens : .judges
    case .verified(let passed): passed ? .resolves : .notes
    case .reviewed(let isApproved): isApproved ? .responds : .resolves
    case .suspended: .suspends
    case .resumed: .resumes
    case .extensionRequested: .asksExtension
    case .extensionDecided: .decidesExtension
    case .merged: .merges
    case .noted: .notes
    case .placed: .isPlaced
    case .policyMoved: .policyMoved
    case .followed(let following):
      switch following.fate {
      case .held: .mainHeld
      case .settled: .mainSettled
      case .released: .mainWithdrawn
      }
    case .setAside: .setAside
    }
  }
}
