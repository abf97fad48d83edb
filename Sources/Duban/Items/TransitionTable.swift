// The transition table: what each event does to an item in each phase. The machine goes by it, the documentation shows it, the tests walk it.

/// What an event does to an item.
public enum Transition: String, CaseIterable, Sendable {
  /// Kept until the item comes, and applied then.
  case waits
  /// Refused with a reason; nothing changes.
  case refused
  /// Appended to the log; moves nothing.
  case noted
  /// Appended to the log, and counts: by its time against later ones, or with the event that it came before. Moves nothing now.
  case remembered
  /// Counted on the item (催办, 退单); no clock is reset.
  case counted
  case opened = "→ open"
  case answered = "→ responded"
  case merged = "→ merged"
  case closed = "→ closed"
  /// 返工: open again, in the next cycle.
  case reopened = "→ open, next cycle"
  /// A duplicate whose main item was withdrawn: its own again.
  case released = "→ open or responded"
  /// 暂停, 恢复: clocks stand still, and run on.
  case held = "clocks held"
  case resumed = "clocks run on"
  /// 延期: asked for, and decided.
  case asked
  case extended = "resolution moved"
  /// Its holder is told that a deadline draws near.
  case warned
  /// A breach is recorded, and the next tier holds it.
  case climbed = "breach, climbs"
  /// Deadlines are reckoned anew, before and after on record.
  case reckoned = "reckoned anew"
  /// Whoever should have had it has it; its clock runs on.
  case reassigned = "assigned anew"
  /// Cannot be.
  case impossible = "–"
}

/// What may happen to an item: what a message means once its data are read, or what Duban itself finds.
public enum Trigger: String, CaseIterable, Sendable {
  case opens, accepts, responds, resolves, withdraws, returns, urges, reopens, notes
  case suspends, resumes
  case asksExtension = "asks for an extension"
  case decidesExtension = "decides on an extension"
  case merges
  /// 协办: a unit is named that has a part in the item.
  case assigned = "is assigned to a unit"
  case warningDue = "a warning is due"
  case deadlinePasses = "a deadline passes"
  case mainSettled = "its main item is settled"
  case mainWithdrawn = "its main item is withdrawn"
  /// Of a unit's part (协办件).
  case wholeClosed = "the item it is a part of ends"
  case wholeMerged = "the item it is a part of is merged"
  case wholeReleased = "the item it is a part of is its own again"
  /// 改派 to the unit that supported so far.
  case takesLead = "its unit gets the lead"
  case calendarCame = "another calendar comes"
  case policyMoved = "an operator moves it to another policy"
  /// Of what is 待派.
  case directoryLearnt = "the directory comes to know its street or unit"

  /// 立件, 签收 …: the term of the trade.
  public var chinese: String {
    switch self {
    case .opens: "立件"
    case .accepts: "签收"
    case .responds: "响应"
    case .resolves: "办结"
    case .withdraws: "撤回"
    case .returns: "退单"
    case .urges: "催办"
    case .reopens: "返工"
    case .notes: "记录"
    case .suspends: "暂停"
    case .resumes: "恢复"
    case .asksExtension: "延期申请"
    case .decidesExtension: "延期决定"
    case .merges: "合并"
    case .assigned: "协办"
    case .warningDue: "预警"
    case .deadlinePasses: "超时"
    case .mainSettled: "主件办结"
    case .mainWithdrawn: "主件撤回"
    case .wholeClosed: "原件终结"
    case .wholeMerged: "原件合并"
    case .wholeReleased: "原件复办"
    case .takesLead: "改派"
    case .calendarCame: "日历更新"
    case .policyMoved: "政策变更"
    case .directoryLearnt: "派件"
    }
  }
}

/// The table: one row for each trigger, one column for each phase.
public enum TransitionTable {
  // swift-format-ignore
  static let rows: [Trigger: [Transition]] = [
    //                  awaited      open         responded    merged       closed
    .opens:            [.opened,     .refused,    .refused,    .refused,    .refused],
    .accepts:          [.waits,      .noted,      .noted,      .noted,      .noted],
    .responds:         [.waits,      .answered,   .remembered, .remembered, .remembered],
    .resolves:         [.waits,      .closed,     .closed,     .closed,     .remembered],
    .withdraws:        [.waits,      .closed,     .closed,     .closed,     .remembered],
    .returns:          [.waits,      .counted,    .counted,    .counted,    .noted],
    .urges:            [.waits,      .counted,    .counted,    .counted,    .noted],
    .reopens:          [.waits,      .remembered, .remembered, .remembered, .reopened],
    .notes:            [.waits,      .noted,      .noted,      .noted,      .noted],
    .suspends:         [.waits,      .held,       .held,       .noted,      .noted],
    .resumes:          [.waits,      .resumed,    .resumed,    .noted,      .noted],
    .asksExtension:    [.waits,      .asked,      .asked,      .noted,      .noted],
    .decidesExtension: [.waits,      .extended,   .extended,   .noted,      .noted],
    .merges:           [.waits,      .merged,     .merged,     .noted,      .noted],
    .assigned:         [.opened,     .noted,      .noted,      .noted,      .reopened],
    .warningDue:       [.impossible, .warned,     .warned,     .impossible, .impossible],
    .deadlinePasses:   [.impossible, .climbed,    .climbed,    .impossible, .impossible],
    .mainSettled:      [.impossible, .closed,     .closed,     .closed,     .impossible],
    .mainWithdrawn:    [.impossible, .impossible, .impossible, .released,   .impossible],
    .wholeClosed:      [.impossible, .closed,     .closed,     .closed,     .impossible],
    .wholeMerged:      [.impossible, .merged,     .merged,     .impossible, .impossible],
    .wholeReleased:    [.impossible, .impossible, .impossible, .released,   .impossible],
    .takesLead:        [.impossible, .closed,     .closed,     .closed,     .impossible],
    .calendarCame:     [.impossible, .reckoned,   .reckoned,   .reckoned,   .impossible],
    .policyMoved:      [.impossible, .reckoned,   .reckoned,   .reckoned,   .impossible],
    .directoryLearnt:  [.impossible, .reassigned, .reassigned, .reassigned, .impossible],
  ]

  /// What a trigger does to an item in a phase. A test walks the table, so that no row and no column is missing.
  public static func transition(_ trigger: Trigger, in phase: Item.Phase) -> Transition {
    guard let row = rows[trigger], let column = Item.Phase.allCases.firstIndex(of: phase), column < row.count else {
      return .refused
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
  /// Whether what it does ends with the cycle that it is of.
  public var isOfACycle: Bool { [.accepts, .suspends, .resumes, .asksExtension, .decidesExtension, .merges].contains(self) }

  /// What a message of this meaning can be to an item, depending on its data.
  var triggers: [Trigger] {
    switch self {
    case .opens: [.opens]
    case .accepts: [.accepts]
    case .responds: [.responds]
    case .resolves: [.resolves]
    case .returns: [.returns]
    case .reopens: [.reopens]
    case .rates: [.reopens, .notes]
    case .withdraws: [.withdraws]
    case .urges: [.urges]
    case .suspends: [.suspends]
    case .resumes: [.resumes]
    case .asksExtension: [.asksExtension]
    case .decidesExtension: [.decidesExtension]
    case .merges: [.merges]
    case .notes: [.notes]
    case .verifies: [.resolves, .notes]
    case .reviews: [.responds, .resolves]
    }
  }
}

extension Envelope {
  /// What the message is to its item, now that its data are read.
  var trigger: Trigger {
    switch type.meaning {
    case .verifies: data.passed == true ? .resolves : .notes
    case .reviews: data.decision == "approved" ? .responds : .resolves
    case .rates: data.rating == "不满意" ? .reopens : .notes
    case let plain: plain.triggers[0]
    }
  }
}
