// Inspections reported against a checklist: a clean report ends one, any other answers it; what cannot be judged is refused or flagged.

import Testing

@testable import Duban

@Suite("Inspections reported against a checklist")
struct InspectionReportTests {
  private func casebook(_ data: String = Told.opening) throws -> Casebook {
    var book = try Casebook()
    book.references.checklists = ChecklistBook([try #require(ChecklistTests.checklist)])
    try book.hear("inspection.assigned", data)
    return book
  }

  private static func assigned(_ checklist: String) -> String { #"{\#(Told.place),"checklist":{"name":"\#(checklist)"}}"# }
  private static let failing = ChecklistTests.data(["漏水": "true"])

  @Test("a clean report answers the inspection and ends it (反馈); the event that tells of the end names the checklist")
  func clean() throws {
    var book = try casebook(Self.assigned("trial"))
    #expect(book.matter.opening?.checklist == "trial")
    #expect(try book.hear("inspection.reported", ChecklistTests.data(), at: hour(2)) == .applied)
    #expect(book.whole.phase == .closed && book.whole.answeredAt == hour(2) && book.whole.closedAt == hour(2))
    #expect(!book.whole.isWithdrawn && book.breaches.isEmpty && book.whole.clocks.isEmpty)
    let closed = try #require(book.announcements.last)
    #expect(closed.type == .itemClosed && closed.data.contains(#""checklist":{"name":"trial","version":2}"#), "\(closed.data)")
    #expect(book.log.last?.stamp.report == .judged(passed: 10, failed: [], open: []))
  }

  @Test(
    "a report with failed checks, with problems, or with checks left to others leaves the inspection answered, until it is closed",
    arguments: [
      failing, ChecklistTests.data(more: #","problems":["井盖缺失"]"#), ChecklistTests.data(["监理意见": nil], role: "施工单位"),
      ChecklistTests.data(more: #","problems":[{"category":"雨污接驳"}]"#),
    ])
  func notClean(data: String) throws {
    var book = try casebook()
    #expect(try book.hear("inspection.reported", data, at: hour(2)) == .applied)
    #expect(book.whole.phase == .responded && book.whole.answeredAt == hour(2))
    #expect(try book.hear("inspection.closed", at: hour(5)) == .applied)
    #expect(book.whole.phase == .closed && book.whole.closedAt == hour(5) && !book.whole.isWithdrawn)
  }

  @Test("problems that say nothing are none", arguments: ["[]", "null", "{}", "false", #""""#])
  func noProblems(problems: String) throws {
    var book = try casebook()
    try book.hear("inspection.reported", ChecklistTests.data(more: #","problems":\#(problems)"#), at: hour(2))
    #expect(book.whole.phase == .closed)
  }

  @Test("what failed may be checked again: a later clean report ends the inspection, and a failing one does not open it again")
  func again() throws {
    var book = try casebook()
    try book.hear("inspection.reported", Self.failing, at: hour(2))
    try book.hear("inspection.reported", ChecklistTests.data(), at: hour(9))
    #expect(book.whole.closedAt == hour(9) && book.whole.answeredAt == hour(2))
    try book.hear("inspection.reported", Self.failing, at: hour(10))
    #expect(book.whole.closedAt == hour(9) && book.verdict == .applied)
  }

  @Test("a report without results is taken as before: it answers, whatever else it says")
  func old() throws {
    var book = try casebook(Self.assigned("trial"))
    let data = #"{"checks":[{"item":"雨水管接驳","passed":true}],"checklist":{"name":"other"},"role":"街道"}"#
    #expect(try book.hear("inspection.reported", data, at: hour(2)) == .applied)
    #expect(book.whole.phase == .responded && book.log.last?.event == .responded && book.log.last?.stamp.report == nil)
  }

  @Test(
    "a report that its checklist does not take is refused at the edge, and is not in the log", arguments: ChecklistTests.faults)
  func refused(_ fault: ChecklistTests.Fault) throws {
    var book = try casebook()
    guard case .refused(let refusal) = try book.hear("inspection.reported", fault.data, at: hour(2)) else {
      Issue.record("taken: \(fault.data)")
      return
    }
    #expect(refusal.reason == fault.reason && refusal.pointer == fault.pointer && refusal.detail.contains(fault.says))
    #expect(refusal.source == "/hotline/12345" && book.whole.phase == .open && book.log.count == 1)
  }

  @Test("a report sent again after its checklist has changed is a duplicate, and no refusal")
  func resent() throws {
    var book = try casebook()
    try book.hear("inspection.reported", Self.failing, at: hour(2), id: "r")
    book.references.checklists.inForce["trial"]?.version = 3
    #expect(try book.hear("inspection.reported", Self.failing, at: hour(2), heard: hour(3), id: "r") == .duplicate)
    // How it came out stays as it was judged.
    try book.hear("inspection.closed", at: hour(4))
    #expect(book.log[1].stamp.report == .judged(passed: 9, failed: ["漏水"], open: []))
  }

  @Test("a report on a checklist that is not known is taken and flagged (待核): it answers, and a person closes the inspection")
  func unknown() throws {
    var book = try casebook()
    #expect(try book.hear("inspection.reported", ChecklistTests.data(checklist: "of-the-street"), at: hour(2)) == .applied)
    #expect(book.whole.phase == .responded && book.log.last?.stamp.report == .unverified)
    #expect(book.log.last?.stamp.json?.contains(#""report":{"unverified":true}"#) == true)
  }

  @Test("an inspection that was assigned with a checklist is reported against that one, whichever is heard first")
  func other() throws {
    for isEarly in [false, true] {
      var book = try Casebook()
      book.references.checklists = ChecklistBook([try #require(ChecklistTests.checklist)])
      if !isEarly { try book.hear("inspection.assigned", Self.assigned("three-checks")) }
      try book.hear("inspection.reported", ChecklistTests.data(), at: hour(2), id: "r")
      if isEarly { try book.hear("inspection.assigned", Self.assigned("three-checks"), heard: hour(3)) }
      let verdict = book.verdicts[book.matter.id]?.values.first?.verdict
      #expect(
        verdict
          == .inapplicable(
            Inapplicability(
              .notAllowed, at: "/data/checklist/name",
              "the inspection was assigned with the checklist three-checks; report against that one")))
      #expect(book.whole.phase == .open)
    }
  }

  @Test("inspection.cancelled withdraws an inspection, answered or not")
  func cancelled() throws {
    for isAnswered in [false, true] {
      var book = try casebook()
      if isAnswered { try book.hear("inspection.reported", Self.failing, at: hour(2)) }
      try book.hear("inspection.cancelled", at: hour(3))
      #expect(book.whole.phase == .closed && book.whole.isWithdrawn && book.whole.closedAt == hour(3))
    }
  }

  @Test("two reports of one second: the clean one ends the inspection, whichever is heard first")
  func tie() throws {
    for isCleanFirst in [false, true] {
      var book = try casebook()
      let reports = [ChecklistTests.data(), Self.failing]
      for report in isCleanFirst ? reports : reports.reversed() {
        try book.hear("inspection.reported", report, at: hour(2), heard: hour(3))
      }
      #expect(book.whole.closedAt == hour(2) && book.whole.answeredAt == hour(2))
    }
  }

  @Test("a clean report that is heard late does not erase the blame of who sent it")
  func late() throws {
    var book = try casebook()
    book.sweep(at: day(7) + .seconds(60))
    #expect(book.breaches.of(.response).count == 1)
    try book.hear("inspection.reported", ChecklistTests.data(), at: hour(2), heard: day(7) + .hours(5))
    #expect(book.breaches().map(\.status) == [.contested] && book.whole.phase == .closed)
  }
}
