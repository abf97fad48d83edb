// The transition table: whole, shown in the documentation as it is, and done by the machine cell by cell.

import Foundation
import Testing

@testable import Duban

@Suite("The transition table")
struct TransitionTableTests {
  @Test("every trigger has a row and every phase a column")
  func whole() {
    for trigger in Trigger.allCases {
      #expect(TransitionTable.rows[trigger]?.count == Item.Phase.allCases.count, "\(trigger)")
    }
    #expect(TransitionTable.rows.count == Trigger.allCases.count)
    let meant = Set(EventType.all.values.flatMap(\.meaning.triggers))
    let own: Set<Trigger> = [
      .assigned, .warningDue, .deadlinePasses, .mainSettled, .mainWithdrawn, .wholeClosed, .wholeMerged, .wholeReleased,
      .takesLead,
      .calendarCame, .policyMoved, .directoryLearnt,
    ]
    #expect(meant.union(own) == Set(Trigger.allCases) && meant.isDisjoint(with: own))
  }

  @Test("the documentation shows the table as it is")
  func documented() throws {
    let file = FilesTests.deploy.deletingLastPathComponent().appending(path: "Sources/Duban/Duban.docc/TheItemMachine.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(TransitionTable.markdown), "put this into \(file.lastPathComponent):\n\(TransitionTable.markdown)")
  }

  // MARK: - The messages' rows

  struct Cell: Sendable, CustomTestStringConvertible {
    var type: String
    var data: String
    var phase: Item.Phase
    var testDescription: String { "\(type) \(data) on \(phase.rawValue)" }
  }

  /// Every type of the contract, with data of each outcome, on an item of its kind in every phase that the kind has.
  static let cells: [Cell] = EventType.all.values.sorted { $0.name < $1.name }.flatMap { type in
    Item.Phase.allCases.filter { $0 != .merged || type.kind == .complaint }.flatMap { phase in
      Self.data(for: type).map { Cell(type: type.name, data: $0, phase: phase) }
    }
  }

  private static func data(for type: EventType) -> [String] {
    switch type.meaning {
    case .opens: [#"{"region":{"district":"黄石港区","street":"胜阳港街道"},"due":"2026-12-01T18:00:00+08:00"}"#]
    case .rates: [#"{"rating":"满意"}"#, #"{"rating":"不满意"}"#]
    case .verifies: [#"{"passed":true}"#, #"{"passed":false}"#]
    case .reviews: [#"{"decision":"approved"}"#, #"{"decision":"rejected"}"#]
    case .returns, .suspends: [PausesTests.pause]
    case .asksExtension: [PausesTests.asked]
    case .decidesExtension: [#"{"decision":"approved","until":"2027-02-20T08:00:00+08:00","approver":"黄石港区"}"#]
    case .merges: [#"{"into":{"source":"/hotline/12345","subject":"HS-MAIN"}}"#]
    default: ["{}"]
    }
  }

  @Test(
    "what a message does to an item is what the table says, through intake's own fold; what is refused changes nothing",
    arguments: cells)
  func cell(_ cell: Cell) throws {
    let type = try #require(EventType.all[cell.type])
    let before = try item(of: type, in: cell.phase, before: cell)
    let message = try envelope(cell.type, id: "cell", time: morning + .hours(10), data: cell.data)
    var main = Item(awaited: ItemKey(source: "/hotline/12345", subject: "HS-MAIN"), id: 7, kind: .complaint, policyVersion: 7)
    var effects = Effects()
    try City.machine(at: morning).apply(envelope("complaint.submitted", subject: "HS-MAIN"), to: &main, into: &effects)
    var fold = IntakeFold(
      IntakeSnapshot(taken: [:], items: [before.key: before, main.key: main], freshIDs: [1]),
      machine: try City.machine(at: morning + .hours(10)))
    let verdict = fold.take(message)
    let after = fold.finish()
    let expected = TransitionTable.transition(message.trigger, in: cell.phase)
    switch verdict {
    case .refused(let refusal):
      #expect(expected == .refused && !refusal.detail.isEmpty && refusal.messageID == "cell")
      #expect(after.changedItems.isEmpty && after.log.isEmpty && after.messages.isEmpty && after.announcements.isEmpty)
    case .waits:
      #expect(expected == .waits && after.log.isEmpty && after.waiting.count == 1)
    case .applied:
      let changed = try #require(after.changedItems.first { $0.id == before.id })
      #expect(Self.observed(before, changed) == expected)
      #expect(after.log.filter { $0.itemID == before.id && $0.key != nil }.count == 1)
    case .duplicate: Issue.record("a duplicate of nothing")
    }
  }

  /// An item of the type's kind in a phase, prepared so that the message has something to move.
  private func item(of type: EventType, in phase: Item.Phase, before cell: Cell) throws -> Item {
    let opening = try #require(EventType.all.values.first { $0.kind == type.kind && $0.meaning == .opens })
    let first = try envelope(opening.name, data: Self.data(for: opening)[0])
    var item = Item(awaited: first.item, id: 42, kind: type.kind, policyVersion: 7)
    guard phase != .awaited else { return item }
    var hour: Int64 = 0
    func apply(_ name: String, _ data: String) throws {
      var effects = Effects()
      hour += 1
      try City.machine(at: morning + .hours(hour)).apply(
        envelope(name, id: "\(name)-\(hour)", time: morning + .hours(hour), data: data), to: &item, into: &effects)
    }
    var effects = Effects()
    try City.machine(at: morning).apply(first, to: &item, into: &effects)
    switch (type.kind, phase) {
    case (.complaint, .responded): try apply("complaint.responded", "{}")
    case (.inspection, .responded): try apply("inspection.reported", "{}")
    case (.funding, .responded): try apply("funding.reviewed", #"{"decision":"approved"}"#)
    case (.complaint, .closed): try apply("complaint.resolved", "{}")
    case (.inspection, .closed): try apply("rectification.verified", #"{"passed":true}"#)
    case (.funding, .closed): try apply("funding.disbursed", "{}")
    case (.reminder, .closed): try apply("reminder.done", "{}")
    default: break
    }
    // A reminder is never answered; the machine would take an answered one all the same.
    if phase == .responded { item.phase = .responded }
    if phase == .open || phase == .responded {
      let prefix = String(cell.type.prefix { $0 != "." })
      if type.meaning == .resumes { try apply("\(prefix).suspended", PausesTests.pause) }
      if type.meaning == .decidesExtension { try apply("\(prefix).extension-requested", PausesTests.asked) }
    }
    if phase == .merged {
      item.phase = .merged
      item.main = ItemKey(source: "/hotline/12345", subject: "HS-MAIN")
      item.suspendedAt = morning + .hours(1)
    }
    return item
  }

  /// What has become of an item, in the table's words.
  private static func observed(_ before: Item, _ after: Item) -> Transition {
    var moved = after
    moved.sequence = before.sequence
    if moved == before { return .noted }
    if before.phase == .awaited { return .opened }
    if after.cycle != before.cycle { return .reopened }
    switch after.phase {
    case before.phase: break
    case .closed: return .closed
    case .merged: return .merged
    case .responded where before.phase == .open: return .answered
    default: return before.phase == .merged ? .released : .impossible
    }
    if (before.suspendedAt == nil) != (after.suspendedAt == nil) { return before.suspendedAt == nil ? .held : .resumed }
    if after.extensions != before.extensions { return .extended }
    if after.extensionAskedAt != before.extensionAskedAt { return .asked }
    if (after.urgings, after.returns) != (before.urgings, before.returns) { return .counted }
    if after.escalations != before.escalations { return .climbed }
    if after.place != before.place { return .reassigned }
    if after.deadline?.warnAt != before.deadline?.warnAt { return .warned }
    let isMemory = after.deadline == before.deadline && after.resolutionDueAt == before.resolutionDueAt
    return isMemory ? .remembered : .reckoned
  }

  // MARK: - The rows of what Duban itself finds

  @Test("what falls due, follows or is reckoned anew does in each phase what the table says", arguments: Item.Phase.allCases)
  func own(_ phase: Item.Phase) throws {
    let type = try #require(EventType.all["complaint.accepted"])
    let before = try item(of: type, in: phase, before: Cell(type: type.name, data: "{}", phase: phase))
    func expect(
      _ trigger: Trigger, _ before: Item, at hours: Int64 = 20, _ act: (ItemMachine, inout Item, inout Effects) throws -> Void
    )
      throws
    {
      var machine = try City.machine(at: morning + .hours(hours))
      let other = try ReplayTests.policy(
        "response: { within: 96h, district: 24h, city: 24h }, resolution: { within: 30d, district: 5d, city: 5d }")
      machine.policies = PolicyBook(current: try City.policy(), earlier: [other])
      var (after, effects) = (before, Effects())
      try? act(machine, &after, &effects)
      let expected = TransitionTable.transition(trigger, in: phase)
      if expected == .impossible || expected == .noted {
        #expect(after == before && effects.log.isEmpty && effects.announcements.isEmpty, "\(trigger) in \(phase)")
      } else {
        #expect(Self.observed(before, after) == expected && !effects.log.isEmpty, "\(trigger) in \(phase)")
      }
    }
    var warned = before
    warned.deadline?.warnAt = morning + .hours(19)
    try expect(.warningDue, warned) { $0.wake(&$1, into: &$2) }
    try expect(.deadlinePasses, before, at: 24 * 30) { $0.wake(&$1, into: &$2) }
    for (trigger, isWithdrawn) in [(Trigger.mainSettled, false), (.mainWithdrawn, true)] {
      var main = Item(awaited: ItemKey(source: "/hotline/12345", subject: "HS-MAIN"), id: 7, kind: .complaint, policyVersion: 7)
      (main.phase, main.closedAt, main.isWithdrawn) = (.closed, morning + .hours(15), isWithdrawn)
      var duplicate = before
      if phase != .awaited { duplicate.main = main.key }
      let ending = try envelope("complaint.resolved", subject: "HS-MAIN")
      try expect(trigger, duplicate) { $0.follow(main, &$1, ending, history: [], into: &$2) }
      var part = before
      part.key = ItemKey(source: "/hotline/12345", subject: "HS-MAIN", unit: "供电公司")
      part.main = duplicate.main
      try expect(.wholeClosed, part) { $0.follow(main, &$1, ending, history: [], into: &$2) }
      for (trigger, now) in [(Trigger.wholeMerged, Item.Phase.merged), (.wholeReleased, .open)] {
        var whole = main
        (whole.phase, whole.closedAt) = (now, nil)
        try expect(trigger, part) { $0.follow(whole, &$1, ending, history: [], into: &$2) }
      }
      try expect(.takesLead, part) { $0.endPart(of: main, &$1, ending, history: [], into: &$2) }
    }
    let opening = try #require(EventType.all["complaint.submitted"])
    let happened =
      [(opening.name, Self.data(for: opening)[0], Int64(0))] + (phase == .responded ? [("complaint.responded", "{}", 1)] : [])
    let log = try happened.map { type, data, hour in
      let time = morning + .hours(hour)
      return LoggedEvent(type: type, occurredAt: time, recordedAt: time, body: try envelope(type, time: time, data: data).body)
    }
    var provisional = before
    provisional.provisionalUnder = 0
    provisional.deadline?.dueAt = morning + .hours(30)
    try expect(.calendarCame, provisional) {
      try $0.recompute(&$1, log: log, into: &$2)
      if $2.log.isEmpty { $1.provisionalUnder = 0 }
    }
    try expect(.policyMoved, before) { try $0.move(&$1, to: 8, by: "张三", because: "整改专项", log: log, into: &$2) }
    var vacant = before
    (vacant.place.streetID, vacant.place.isUnassigned) = (nil, true)
    try expect(.directoryLearnt, vacant) { try $0.assignAnew(&$1, log: log, into: &$2) }
  }
}
