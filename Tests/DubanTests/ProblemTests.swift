// The ledger of problems (问题台账): 申请销号, its checks, 反弹, and the figures of a month.

import TestSamples
import Testing

@testable import Duban

@Suite struct ProblemTests {
  private static func policy(_ keys: String = "checks: [confirmation, recheck]") throws -> Policy {
    try Policy(
      yaml: """
        policy: problems
        counts-from-hearing-after: 1h
        rules:
          - kind: problem
            submission: { within: 10d, district: 2d, city: 2d }
            resolution: { within: 20d, district: 2d, city: 2d }
            \(keys)
          - { kind: complaint, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
        """, version: 7)
  }

  private static let approved = #"{"decision":"approved","approver":"黄石港区","person":"周华"}"#

  private func raised(_ data: String = Told.opening, _ policy: Policy? = nil) throws -> Casebook {
    var book = try Casebook(policy ?? Self.policy())
    try book.hear("problem.raised", data)
    return book
  }

  private func record(_ book: Casebook) throws -> ProblemRecord? {
    let fold = Fold.whole(
      book.log, of: book.matter, references: book.references, now: day(400), recorded: book.breaches, explains: true)
    return ProblemRecord(fold, log: book.log, number: nil)
  }

  // MARK: - 销号

  @Test func `销号 is approved only after 街道/监理确认 and 现场复查 have passed since it was asked for`() throws {
    var book = try raised()
    try book.hear("problem.closure-requested", #"{"evidence":["照片1"]}"#, at: day(1))
    try book.hear("problem.closure-decided", Self.approved, at: day(2))
    #expect(book.verdict.reason == .notAllowed && book.whole.phase == .open)
    try book.hear("problem.confirmed", #"{"passed":true}"#, at: day(3))
    try book.hear("problem.closure-decided", Self.approved, at: day(4))
    #expect(book.verdict.reason == .notAllowed && book.whole.phase == .open)
    try book.hear("problem.rechecked", #"{"passed":true,"person":"陈涛"}"#, at: day(5))
    try book.hear("problem.closure-decided", Self.approved, at: day(6))
    #expect(book.whole.phase == .closed && book.whole.closedAt == day(6))
    let record = try #require(try record(book))
    #expect(record.evidence == ["照片1"] && record.recheck?.person == "陈涛" && record.recheck?.isPassed == true)
    #expect(record.approval?.person == "周华" && record.approval?.at == day(6))
  }

  @Test func `未通过 sends it back, is counted, and lets the clock of 整改 run on; what had passed must pass again`() throws {
    var book = try raised()
    try book.hear("problem.closure-requested", at: day(1))
    #expect(book.whole.cycle?.submittedAt == day(1))
    try book.hear("problem.confirmed", #"{"passed":true}"#, at: day(2))
    try book.hear("problem.rechecked", #"{"passed":false,"reason":"渗漏"}"#, at: day(3))
    #expect(book.whole.rejections == 1 && book.whole.cycle?.submittedAt == nil && book.whole.due(.submission) == day(10))
    try book.hear("problem.rechecked", #"{"passed":true}"#, at: day(4))
    #expect(book.verdict.reason == .notRequested)
    try book.hear("problem.closure-requested", at: day(5))
    try book.hear("problem.rechecked", #"{"passed":true}"#, at: day(6))
    try book.hear("problem.closure-decided", Self.approved, at: day(7))
    #expect(book.verdict.reason == .notAllowed && book.whole.phase == .open)
    book.sweep(at: day(11))
    #expect(book.breaches.isEmpty)
  }

  @Test func `A part needs no checks of its own: the whole is what is checked`() throws {
    var book = try raised(#"{\#(Told.place),"supporting":["供水公司"]}"#)
    try book.hear("problem.closure-requested", #"{"part":"供水公司"}"#, at: day(1))
    try book.hear("problem.closure-decided", #"{"part":"供水公司","decision":"approved","approver":"黄石港区"}"#, at: day(2))
    #expect(book.part("供水公司").phase == .closed && book.whole.phase == .open)
  }

  @Test func `What was sent back does not wait for 销号 any more`() throws {
    var book = try raised()
    try book.hear("problem.closure-requested", #"{"evidence":["照片1"]}"#, at: day(1))
    #expect(try record(book)?.isClosureRequested == true)
    try book.hear("problem.rechecked", #"{"passed":false,"reason":"渗漏"}"#, at: day(2))
    #expect(try record(book)?.isClosureRequested == false)
  }

  @Test func `A recheck that is dated back and heard late does not erase the breach by itself: a person decides`() throws {
    var book = try raised()
    try book.hear("problem.closure-requested", at: day(1))
    try book.hear("problem.confirmed", #"{"passed":true}"#, at: day(2))
    try book.hear("problem.closure-decided", Self.approved, at: day(4))
    book.sweep(at: day(21))
    #expect(book.breaches.of(.resolution).count == 1)
    try book.hear("problem.rechecked", #"{"passed":true}"#, at: day(3), heard: day(25))
    #expect(book.whole.phase == .closed && book.breaches.of(.resolution).map(\.status) == [.contested])
  }

  @Test func `What is stopped before its deadline is not overdue on the ledger; what was stopped after it is`() throws {
    let span = { (stopped: Duban.Instant?) in
      var span = ProblemRecord.Span(from: day(0), dueAt: day(10))
      span.stoppedSince = stopped
      return span
    }
    #expect(span(nil).isOverdue(by: day(10)) && !span(nil).isOverdue(by: day(9)))
    #expect(!span(day(5)).isOverdue(by: day(20)) && span(day(12)).isOverdue(by: day(20)))
    #expect(!ProblemRecord.Span(from: day(0), until: day(10), dueAt: day(10)).isOverdue(by: day(30)))
  }

  @Test func `What is asked for again is checked again`() throws {
    var book = try raised(Told.opening, Self.policy("checks: [recheck]"))
    try book.hear("problem.closure-requested", at: day(1))
    try book.hear("problem.rechecked", #"{"passed":true}"#, at: day(2))
    try book.hear("problem.closure-requested", #"{"evidence":["照片2"]}"#, at: day(3))
    try book.hear("problem.closure-decided", Self.approved, at: day(4))
    #expect(book.whole.phase == .open && book.verdict.reason == .notAllowed)
  }

  @Test func `What comes after 销号 changes nothing of it on the ledger`() throws {
    var book = try raised(Told.opening, Self.policy("checks: [recheck]"))
    try book.hear("problem.closure-requested", #"{"evidence":["照片1"]}"#, at: day(1))
    try book.hear("problem.rechecked", #"{"passed":true,"person":"陈涛"}"#, at: day(2))
    try book.hear("problem.closure-decided", Self.approved, at: day(3))
    try book.hear("problem.rechecked", #"{"passed":false,"reason":"渗漏"}"#, at: day(4))
    try book.hear("problem.closure-requested", #"{"evidence":["照片9"]}"#, at: day(5))
    let record = try #require(try record(book))
    #expect(record.evidence == ["照片1"] && record.recheck?.isPassed == true && record.approval?.at == day(3))
  }

  @Test func `Who does not ask for 销号 in time is overdue, and supervision rises`() throws {
    var book = try raised()
    book.sweep(at: day(11))
    #expect(book.breaches.of(.submission).owners == [City.streetID] && book.whole.supervisor == .district)
  }

  @Test(arguments: ["problem.confirmed", "problem.rechecked"])
  func `Who is responsible does not check its own work`(type: String) throws {
    var book = try raised()
    try book.hear("problem.closure-requested", at: day(1))
    let own = UpstreamSource(uri: "/portal/own", name: "街道平台", organs: [City.streetID], grants: [Grant()])
    book.references.directory = Directory(
      version: 2, organs: City.organs, sources: Array(City.directory.sources.values) + [own])
    try book.hear(
      type, #"{"passed":true,"item":{"source":"/hotline/12345","subject":"HS-1"}}"#, at: day(2), source: "/portal/own")
    #expect(book.verdict.reason == .notAllowed && book.whole.cycle?.checks.isEmpty == true)
  }

  @Test func `反弹 and a 市级抽核 that does not pass open the same problem again; one that passes does not`() throws {
    var book = try raised(Told.opening, Self.policy(""))
    try book.hear("problem.closure-requested", at: day(1))
    try book.hear("problem.closure-decided", Self.approved, at: day(2))
    try book.hear("problem.spot-checked", #"{"passed":true}"#, at: day(3))
    #expect(book.whole.phase == .closed)
    try book.hear("problem.spot-checked", #"{"passed":false,"reason":"与材料不符"}"#, at: day(4))
    #expect(book.whole.phase == .open && book.whole.cycles == 2)
    try book.hear("problem.closure-requested", at: day(5))
    try book.hear("problem.closure-decided", Self.approved, at: day(6))
    try book.hear("problem.rebounded", at: day(7))
    #expect(book.whole.cycles == 3)
    #expect(try record(book)?.spans.map(\.from) == [morning, day(4), day(7)])
  }

  @Test func `A problem that states its date has it, and 延期 keeps the original one on the ledger`() throws {
    var book = try raised(#"{\#(Told.place),"due":"2026-12-01T18:00:00+08:00"}"#)
    let stated = ShanghaiTime(year: 2026, month: 12, day: 1, hour: 18).instant
    #expect(book.whole.due(.resolution) == stated)
    try book.hear("problem.extension-requested", Told.asked, at: day(1))
    try book.hear("problem.extension-decided", Told.granted, at: day(2))
    let record = try #require(try record(book))
    #expect(record.originalDueAt == stated && record.spans.map(\.dueAt) == [Told.extended])
  }

  @Test func `A policy of before there were problems holds for them by its rules for inspections`() throws {
    let book = try raised(Told.opening, City.policy())
    #expect(book.whole.due(.response) == day(7) && book.whole.due(.resolution) == day(30))
  }

  @Test func `Fields of a problem are not looked at in messages about anything else`() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{\#(Told.place),"person":{"name":"张"},"evidence":"照片","way":1}"#)
    #expect(book.whole.phase == .open)
  }

  @Test func `What was withdrawn or merged into another is not on the ledger`() throws {
    var book = try raised()
    #expect(try record(book) != nil)
    try book.hear("problem.withdrawn", at: day(1))
    #expect(try record(book) == nil)
    var other = try Casebook(Self.policy())
    try other.hear("problem.raised", subject: "HS-MAIN")
    try other.hear("problem.raised")
    try other.hear("problem.merged", Told.into("HS-MAIN"), at: day(1))
    other.follow(at: day(1))
    #expect(try record(other) == nil)
  }

  // MARK: - 附件2

  @Test func `The number of a problem is that of its district and year`() {
    #expect(ProblemNumber(district: "黄石港区", year: 2026, number: 33).text == "黄石港区-2026-033")
    #expect(ProblemNumber(district: nil, year: 2026, number: 1200).text == "市级-2026-1200")
  }

  @Test func `R32: the example of 附件2 comes out as the office counts it`() {
    // 雨污接驳: 8 open before, 3 new, 5 due, 4 销号 of which 3 in time, 7 open of which 2 overdue, 38 and 31 in all.
    let (start, end) = (day(0), day(30))
    func problem(_ from: Instant, until: Instant? = nil, due: Instant) -> ProblemRecord {
      ProblemRecord(
        opening: Matter.Opening(at: from, place: Place(), category: "雨污接驳", policyVersion: 1),
        spans: [.init(from: from, until: until, dueAt: due)], phase: until == nil ? .open : .closed)
    }
    var problems = (0..<27).map { _ in problem(day(-60), until: day(-30), due: day(-20)) }
    problems += (0..<3).map { _ in problem(day(-20), until: day(5), due: day(10)) }
    problems += [problem(day(-20), until: day(6), due: day(-1))]
    problems += (0..<2).map { _ in problem(day(-20), due: day(20)) }
    problems += (0..<2).map { _ in problem(day(-20), due: day(40)) }
    problems += (0..<3).map { _ in problem(day(10), due: day(45)) }
    let row = ProblemTable(problems, from: start, to: end).rows[0]
    #expect([row.openAtStart, row.raised, row.rebounded, row.due] == [8, 3, 0, 5])
    #expect([row.closed, row.closedInTime, row.openAtEnd, row.overdueAtEnd] == [4, 3, 7, 2])
    #expect([row.everRaised, row.everClosed] == [38, 31] && row.closedShare == "81.6%" && row.closedInTimeShare == "60.0%")
  }

  @Test(arguments: 1...200)
  func `In every period 期初 + 新增 + 反弹 − 销号 = 期末, and 期末 of one period is 期初 of the next`(seed: UInt64) {
    var random = Seeded(seed)
    let problems = (0..<40).map { _ in
      var (spans, time): ([ProblemRecord.Span], Instant) = ([], day(Int64.random(in: 0..<100, using: &random)))
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let until = time + .hours(Int64.random(in: 0..<600, using: &random))
        spans.append(.init(from: time, until: until, dueAt: time + .days(Int64.random(in: 1..<30, using: &random))))
        time = until + .hours(Int64.random(in: 0..<600, using: &random))
      }
      if Bool.random(using: &random) { spans[spans.count - 1].until = nil }
      return ProblemRecord(
        opening: Matter.Opening(
          at: spans[0].from, place: Place(), category: ["雨污接驳", "施工质量", nil].randomElement(using: &random) ?? nil,
          policyVersion: 1), spans: spans, phase: .open)
    }
    var before: ProblemTable?
    for period in 0..<6 {
      let table = ProblemTable(problems, from: day(Int64(period) * 25), to: day(Int64(period + 1) * 25))
      for row in table.rows + [table.sum] {
        #expect(row.openAtStart + row.raised + row.rebounded - row.closed == row.openAtEnd)
        #expect(row.everRaised - row.everClosed == row.openAtEnd && row.overdueAtEnd <= row.openAtEnd)
      }
      #expect(before.map { $0.sum.openAtEnd == table.sum.openAtStart } ?? (table.sum.openAtStart == 0))
      before = table
    }
  }
}

extension Verdict {
  fileprivate var reason: Refusal.Reason? { if case .inapplicable(let why) = self { why.reason } else { nil } }
}
