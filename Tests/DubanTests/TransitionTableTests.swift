// The transition table: whole, shown in the documentation as it is, and done by the fold cell by cell.

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
    let own = Set(Self.ownCells.map(\.trigger))
    #expect(meant.union(own) == Set(Trigger.allCases) && meant.isDisjoint(with: own))
  }

  @Test("the documentation shows the table as it is, and names every transition")
  func documented() throws {
    let file = FilesTests.deploy.deletingLastPathComponent().appending(path: "Sources/Duban/Duban.docc/TheFold.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(TransitionTable.markdown), "put this into \(file.lastPathComponent):\n\(TransitionTable.markdown)")
    for transition in Transition.allCases { #expect(text.contains("**\(transition.rawValue)**"), "\(transition)") }
  }

  @Test("every cell is walked by one of these tests, and what cannot be is expected not to happen")
  func allCells() {
    let walked = Set(Self.cells.map { "\($0.trigger) \($0.phase)" } + Self.ownCells.map { "\($0.trigger) \($0.phase)" })
    for trigger in Trigger.allCases {
      for phase in Item.Phase.allCases { #expect(walked.contains("\(trigger) \(phase)"), "\(trigger) in \(phase)") }
    }
  }

  // MARK: - The messages' rows

  struct Cell: Sendable, CustomTestStringConvertible {
    var type: EventType
    var data: String
    var phase: Item.Phase
    var trigger: Trigger
    var testDescription: String { "\(type.name) \(data) in \(phase.rawValue)" }
  }

  /// Every type of the contract, with data of each outcome, about an item of its kind in every phase that the kind has: only complaints and
  /// problems are
  /// merged, and reminders are not answered.
  static let cells: [Cell] =
    EventType.all.values.sorted { $0.name < $1.name }.flatMap { type in
      Item.Phase.allCases.filter {
        switch $0 {
        case .merged: [.complaint, .problem].contains(type.kind)
        case .responded: type.kind != .reminder
        default: true
        }
      }.flatMap { phase in
        data(for: type).compactMap { data in
          // A message that is refused at the edge would leave its cells unwalked, which is noticed.
          (try? envelope(type.name, data: data)).map {
            Cell(type: type, data: data, phase: phase, trigger: data == ChecklistTests.data() ? .resolves : $0.event.trigger)
          }
        }
      }
    } + otherKinds

  /// A 催办 is a reminder's type and may be about anything.
  private static let otherKinds = [Item.Phase.responded, .merged].compactMap { phase in
    EventType.named("reminder.urged").map { Cell(type: $0, data: "{}", phase: phase, trigger: .urges) }
  }

  private static func data(for type: EventType) -> [String] {
    switch type.meaning {
    case .opens: [#"{"region":{"district":"黄石港区","street":"胜阳港街道"},"due":"2026-12-01T18:00:00+08:00"}"#]
    case .accepts: [#"{"lead":"供电公司","supporting":["通信公司"]}"#]
    case .reports: ["{}", #"{"closing":"已解决"}"#]
    case .rates: Event.Rating.allCases.map { #"{"rating":"\#($0.rawValue)"}"# }
    case .verifies: [#"{"passed":true}"#, #"{"passed":false}"#]
    case .reports: ["{}", ChecklistTests.data(), ChecklistTests.data(["漏水": "true"])]
    case .reviews: [#"{"decision":"approved"}"#, Told.rejected]
    case .returns, .suspends: [Told.pause]
    case .asksExtension: [Told.asked]
    case .decidesExtension: [Told.granted.replacing("2026-12-20", with: "2027-02-20"), Told.rejected]
    case .merges: [Told.into("HS-MAIN")]
    case .assigns: [#"{"region":{"district":"黄石港区","street":"花湖街道"},"lead":"供电公司"}"#]
    case .contacts: ["{}", #"{"reached":false}"#]
    case .decidesReturn, .decidesClosure: ["approved", "rejected"].map { #"{"decision":"\#($0)","approver":"黄石港区"}"# }
    case .parks: [#"{"reason":"历史遗留","approver":"黄石港区"}"#]
    case .plans: [#"{"measure":"改接管道"}"#]
    case .confirms, .rechecks, .spotChecks: [#"{"passed":true}"#, #"{"passed":false,"reason":"渗漏"}"#]
    case .consults: [#"{"minutes":"由街道牵头"}"#]
    case .judges: Event.Judgement.allCases.map { #"{"judgement":"\#($0.rawValue)","approver":"黄石港区"}"# }
    default: ["{}"]
    }
  }

  @Test("what a message does to an item is what the table says, through intake", arguments: cells)
  func cell(_ cell: Cell) throws {
    // Only a complaint gets into every phase.
    let kind = cell.type.name == "reminder.urged" && cell.phase != .awaited ? .complaint : cell.type.kind
    var book = try Self.book(of: kind, in: cell.phase, for: cell.type)
    let before = book.matter
    #expect(before.whole.phase == cell.phase)
    let outcome = try book.hear(cell.type.name, cell.data, at: hour(10))
    let observed: Transition
    switch outcome {
    case .waits: observed = .waits
    case .inapplicable: observed = .inapplicable
    case .applied:
      // A merging takes effect once it is known what has become of the main item.
      book.follow(at: hour(10))
      observed = Self.observed(before, book.matter)
    case .duplicate, .deferred, .refused: observed = .impossible
    }
    // An approved return moves nothing by itself: 改派 follows.
    // 指标下达 waits for no request.
    let isAllocation = cell.type.meaning == .allocates && cell.phase == .awaited && observed == .noted
    let isApprovedReturn = cell.trigger == .decidesReturn && cell.data.contains("approved") && observed == .noted
    #expect(
      observed == TransitionTable.transition(cell.trigger, in: cell.phase) || isApprovedReturn || isAllocation, "\(cell.trigger)")
    // Whatever becomes of it, it is in the log.
    #expect(book.log.contains { $0.type == cell.type.name && $0.occurredAt == hour(10) } && book.log.first?.unit == nil)
    if observed == .waits || observed == .inapplicable { #expect(book.whole == before.whole) }
  }

  /// A matter of a kind in a phase, prepared so that a message of a type has something to move.
  private static func book(of kind: Kind, in phase: Item.Phase, for type: EventType? = nil) throws -> Casebook {
    let other = try City.policy(
      "response: { within: 96h, district: 24h, city: 24h }, resolution: { within: 30d, district: 5d, city: 5d }")
    let whole = """
      acceptance: { within: 24h, district: 24h, city: 24h }, response: { within: 48h, district: 24h, city: 24h },
          submission: { within: 17d, district: 5d, city: 5d }, resolution: { within: 19d, district: 5d, city: 5d },
          review: { within: 90d, district: 5d, city: 5d }, dissatisfaction: judged
      """
    var book = try Casebook(
      kind == .complaint && type?.meaning != nil ? try City.policy(whole, version: 7) : nil, earlier: [other])
    book.references.checklists = ChecklistBook([try #require(ChecklistTests.checklist)])
    try book.hear("complaint.submitted", subject: "HS-MAIN")
    guard phase != .awaited else { return book }
    let opening = try #require(EventType.all.values.first { $0.kind == kind && $0.meaning == .opens })
    try book.hear(opening.name, data(for: opening)[0])
    switch (kind, phase) {
    case (.complaint, .responded): try book.hear("complaint.responded", at: hour(1))
    case (.inspection, .responded): try book.hear("inspection.reported", at: hour(1))
    case (.problem, .responded): try book.hear("problem.planned", #"{"measure":"改接管道"}"#, at: hour(1))
    case (.funding, .responded): try book.hear("funding.reviewed", #"{"decision":"approved"}"#, at: hour(1))
    case (.complaint, .closed): try book.hear("complaint.resolved", at: hour(1))
    case (.inspection, .closed): try book.hear("rectification.verified", #"{"passed":true}"#, at: hour(1))
    case (.problem, .closed):
      try book.hear("problem.closure-requested", at: morning + .seconds(60))
      try book.hear("problem.closure-decided", #"{"decision":"approved","approver":"黄石港区"}"#, at: hour(1))
    case (.funding, .closed): try book.hear("funding.disbursed", at: hour(1))
    case (.reminder, .closed): try book.hear("reminder.done", at: hour(1))
    case (_, .merged):
      if type?.meaning == .resumes { try book.hear("\(kind.rawValue).suspended", Told.pause, at: morning + .seconds(60)) }
      try book.hear("\(kind.rawValue).merged", Told.into("HS-MAIN"), at: hour(1))
      book.follow(at: hour(1))
    default: break
    }
    if let type, kind == .complaint || kind == .problem { try prepare(&book, for: type, in: phase) }
    guard let type, phase == .open || phase == .responded else { return book }
    if type.meaning == .resumes { try book.hear("\(kind.rawValue).suspended", Told.pause, at: hour(2)) }
    if type.meaning == .decidesExtension { try book.hear("\(kind.rawValue).extension-requested", Told.asked, at: hour(2)) }
    return book
  }

  /// What must have come before a step of a complaint.
  private static func prepare(_ book: inout Casebook, for type: EventType, in phase: Item.Phase) throws {
    switch (type.meaning, phase) {
    case (.unparks, .open), (.unparks, .responded), (.reviewsParking, .open), (.reviewsParking, .responded):
      try book.hear("complaint.parked", #"{"reason":"历史遗留","approver":"黄石港区"}"#, at: hour(2))
    case (.decidesReturn, .open), (.decidesReturn, .responded), (.decidesReturn, .merged):
      try book.hear("complaint.returned", Told.pause, at: hour(2))
    case (.decidesClosure, .open), (.decidesClosure, .responded), (.decidesClosure, .merged), (.confirms, .open),
      (.confirms, .responded), (.confirms, .merged), (.rechecks, .open), (.rechecks, .responded), (.rechecks, .merged):
      try book.hear("\(type.kind.rawValue).closure-requested", at: hour(2))
    case (.judges, .closed): try book.hear("complaint.rated", #"{"rating":"不满意"}"#, at: hour(2))
    default: break
    }
  }

  /// What has become of an item, in the table's words.
  private static func observed(_ before: Matter, _ after: Matter, _ unit: String? = nil) -> Transition {
    guard let now = after.item(of: unit) else { return .noted }
    let then = before.item(of: unit) ?? Item()
    if then.phase == .awaited, now.phase != .awaited { return .opened }
    if now.cycles != then.cycles { return .reopened }
    if now.phase == .closed, then.phase != .closed { return .closed }
    if now.phase == .merged, then.phase != .merged { return .merged }
    if then.phase == .merged, now.phase != .merged { return .released }
    if now.answeredAt != then.answeredAt { return .answered }
    if unit == nil, after.opening?.place != before.opening?.place, after.opening?.lead != before.opening?.lead {
      return .assigned
    }
    let (cycle, earlier) = (now.cycle, then.cycle)
    if cycle?.isParked != earlier?.isParked { return cycle?.isParked == true ? .parked : .unparked }
    if cycle?.submittedAt != earlier?.submittedAt { return cycle?.submittedAt == nil ? .closureRejected : .closureRequested }
    if cycle?.checks != earlier?.checks { return .checkPassed }
    if cycle?.isReturning != earlier?.isReturning { return cycle?.isReturning == true ? .sentBack : .returnDecided }
    if cycle?.dissatisfaction != earlier?.dissatisfaction {
      return cycle?.dissatisfaction == .undecided ? .disputed : .judged
    }
    if cycle?.review != earlier?.review { return .parkingReviewed }
    if cycle?.missedContacts != earlier?.missedContacts { return .counted }
    if now.cycle?.isSuspended != then.cycle?.isSuspended { return now.cycle?.isSuspended == true ? .suspended : .resumed }
    if now.cycle?.extensions != then.cycle?.extensions { return .decided }
    if now.cycle?.requestedUntil != then.cycle?.requestedUntil {
      return now.cycle?.requestedUntil == nil ? .decided : .requested
    }
    if (now.urgings, now.returns) != (then.urgings, then.returns) { return .counted }
    if now.escalations != then.escalations { return .lapsed }
    if unit == nil, after.opening?.place != before.opening?.place { return .placed }
    if unit == nil, after.opening?.lead != before.opening?.lead { return .named }
    if now.clocks.map(\.clock.dueAt) != then.clocks.map(\.clock.dueAt) { return .recomputed }
    return now == then ? .noted : .impossible
  }

  // MARK: - The rows of Duban's own events, of parts, and of time

  struct OwnCell: Sendable, CustomTestStringConvertible {
    var trigger: Trigger
    var phase: Item.Phase
    var testDescription: String { "\(trigger.rawValue) in \(phase.rawValue)" }
  }

  static let ownCells: [OwnCell] = [
    Trigger.isNamed, .isPlaced, .policyMoved, .mainHeld, .mainSettled, .mainWithdrawn, .takesLead, .wholeMerged,
    .wholeReleased, .wholeClosed, .calendarCame, .warningDue, .deadlineLapses, .setAside,
  ].flatMap { trigger in Item.Phase.allCases.map { OwnCell(trigger: trigger, phase: $0) } }

  @Test("what Duban itself or an operator does to an item in each phase is what the table says", arguments: ownCells)
  func own(_ cell: OwnCell) throws {
    let expected = TransitionTable.transition(cell.trigger, in: cell.phase)
    switch cell.trigger {
    case .isNamed, .takesLead, .wholeMerged, .wholeReleased, .wholeClosed: try part(cell, expected)
    case .calendarCame, .warningDue, .deadlineLapses: try time(cell, expected)
    default: try entry(cell, expected)
    }
  }

  /// Entries of Duban's own, and of an operator.
  private func entry(_ cell: OwnCell, _ expected: Transition) throws {
    var book = try Self.book(of: .complaint, in: cell.phase)
    // So that there is a matter, and an entry to set aside that moves nothing.
    if cell.phase == .awaited { try book.hear("reminder.urged", at: hour(1)) }
    try book.hear("complaint.rated", #"{"rating":"满意"}"#, at: hour(9))
    let before = book.matter
    let merging = cell.phase == .merged ? book.log.first { $0.trigger == .merges }?.number ?? 0 : 99
    func followed(_ fate: Event.Following.Fate) -> Event {
      .followed(.init(main: ItemKey(source: "/hotline/12345", subject: "HS-MAIN"), merging: merging, fate: fate))
    }
    let event: Event =
      switch cell.trigger {
      case .isPlaced: .placed(.init(district: "黄石港区", street: "花湖街道"))
      case .policyMoved: .policyMoved(to: 8, because: "整改", by: "张三")
      case .mainHeld: followed(.held)
      case .mainSettled: followed(.settled)
      case .mainWithdrawn: followed(.released)
      default: .setAside(entry: before.entries, because: "误报", by: "张三")
      }
    #expect(event.trigger == cell.trigger)
    book.record(event, at: hour(10))
    let observed = book.verdict == .waits ? .waits : Self.observed(before, book.matter)
    #expect(observed == expected)
  }

  /// What the whole does to its parts.
  private func part(_ cell: OwnCell, _ expected: Transition) throws {
    let unit = "供电公司"
    var book = try Casebook()
    try book.hear("complaint.submitted", subject: "HS-MAIN")
    try book.hear("complaint.submitted", cell.phase == .awaited ? Told.opening : #"{\#(Told.place),"supporting":["供电公司"]}"#)
    if cell.phase == .responded { try book.hear("complaint.responded", #"{"part":"供电公司"}"#, at: hour(1)) }
    if cell.phase == .merged || cell.trigger == .wholeReleased {
      try book.hear("complaint.merged", Told.into("HS-MAIN"), at: hour(2))
      book.follow(at: hour(2))
    }
    if cell.phase == .closed { try book.hear("complaint.resolved", #"{"part":"供电公司"}"#, at: hour(3)) }
    // A part has no other way to be open or answered while the whole is a duplicate, or a duplicate while the whole is not.
    let isThere = book.part(unit).phase == cell.phase && !(cell.trigger == .wholeMerged && cell.phase == .merged)
    guard isThere else { return #expect(expected == .impossible) }
    if cell.trigger == .isNamed, cell.phase == .closed {
      try book.hear("complaint.resolved", at: hour(4))
      try book.hear("complaint.reopened", at: hour(5))
    }
    let before = book.matter
    switch cell.trigger {
    case .isNamed: try book.hear("complaint.accepted", #"{"supporting":["供电公司"]}"#, at: hour(10))
    case .takesLead: try book.hear("complaint.accepted", #"{"lead":"供电公司"}"#, at: hour(10))
    case .wholeMerged: try book.hear("complaint.merged", Told.into("HS-MAIN"), at: hour(10))
    case .wholeReleased: try book.hear("complaint.withdrawn", at: hour(10), subject: "HS-MAIN")
    default: try book.hear("complaint.resolved", at: hour(10))
    }
    book.follow(at: hour(10))
    let observed = Self.observed(before, book.matter, unit)
    #expect(observed == (expected == .impossible ? .noted : expected))
  }

  /// What time brings: calendars, warnings, deadlines.
  private func time(_ cell: OwnCell, _ expected: Transition) throws {
    var book = try Casebook(
      City.policy(
        "response: { within: 5wd, district: 1d, city: 1d, warn: 1d }, resolution: { within: 5wd, district: 1d, city: 1d, warn: 1d }"
      ))
    try book.hear("complaint.submitted", subject: "HS-MAIN")
    if cell.phase == .awaited {
      try book.hear("reminder.urged", at: hour(1))
    } else {
      try book.hear("complaint.submitted")
    }
    if cell.phase == .responded { try book.hear("complaint.responded", at: hour(1)) }
    if cell.phase == .closed { try book.hear("complaint.resolved", at: hour(1)) }
    if cell.phase == .merged {
      try book.hear("complaint.merged", Told.into("HS-MAIN"), at: hour(1))
      book.follow(at: hour(1))
    }
    let before = book.matter
    #expect(before.whole.phase == cell.phase)
    let announced = book.announcements.count
    switch cell.trigger {
    case .calendarCame:
      let calendar = try WorkCalendar(csv: "date,kind,name\n2026-11-24,holiday,停工\n", version: 2)
      book.references.calendars = Calendars([(Instant(microseconds: .min), City.calendar), (hour(10), calendar)])
      book.sweep(at: hour(10), all: true)
    // Friday, and 5 workdays on.
    case .warningDue: book.sweep(at: day(6) + .hours(1), all: true)
    default: book.sweep(at: day(7), all: true)
    }
    let said = book.announcements.dropFirst(announced).filter { $0.subject.hasSuffix("HS-1") }.map(\.type)
    let observed = said.contains(.itemDueSoon) ? .warned : Self.observed(before, book.matter)
    #expect(observed == (expected == .impossible ? .noted : expected))
    if expected == .impossible { #expect(said.isEmpty && book.breaches.isEmpty) }
  }
}
