// Reports held against checklists: what passes, and what each fault is told.

import Testing

@testable import Duban

@Suite("Checklists")
struct ChecklistTests {
  /// One check of each kind, in an order, some for one role alone.
  static let checklist = try? Checklist(
    yaml: """
      checklist: trial
      title: 试行检查表
      citation: preset
      by: [监理单位, 施工单位]
      checks:
        - { check: 部位, kind: text }
        - { check: 自检, kind: sign-off, by: [施工班组长] }
        - { check: 交接检, kind: sign-off, by: [下道工序班组长], after: [自检] }
        - { check: 专职检, kind: sign-off, by: [专职质检员], after: [交接检] }
        - { check: 漏水, kind: yes-no, passes-when: false }
        - { check: 同意率, kind: number, unit: "%", possible: [0, 100], at-least: 80 }
        - { check: 结论, kind: choice, choices: [合格, 整改后合格, 不合格], failing: [不合格] }
        - { check: 照片, kind: photo, count: 2 }
        - { check: 报告, kind: document }
        - { check: 监理意见, kind: text, by: [监理单位] }
        - { check: 备注, kind: text, optional: true }
      """, version: 2)

  /// A report of which everything passes, by its members.
  static let clean = [
    "部位": #""3号楼屋面""#, "自检": #"{"role":"施工班组长","at":"2026-11-20T08:00:00+08:00"}"#,
    "交接检": #"{"role":"下道工序班组长","at":"2026-11-20T09:00:00+08:00"}"#, "专职检": #"{"role":"专职质检员"}"#, "漏水": "false", "同意率": "80",
    "结论": #""整改后合格""#, "照片": #"["p/1.jpg","p/2.jpg"]"#, "报告": #""档案2026-7""#, "监理意见": #""同意""#,
  ]

  static func data(
    _ changes: [String: String?] = [:], role: String? = "监理单位", version: String = "2", checklist: String = "trial",
    more: String = ""
  ) -> String {
    var results = clean
    for (name, value) in changes { results[name] = value }
    let members = results.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",")
    let role = role.map { #","role":"\#($0)""# } ?? ""
    return #"{"checklist":{"name":"\#(checklist)","version":\#(version)},"results":{\#(members)}\#(role)\#(more)}"#
  }

  private func judge(_ data: String) throws -> Judgement {
    let checklist = try #require(Self.checklist)
    guard case .reported(let report) = try envelope("inspection.reported", data: data).event else {
      throw Refusal(.wrongType, "no report")
    }
    return checklist.judge(report)
  }

  @Test("what passes, what fails, and what is left to another role", arguments: Outcome.all)
  func outcomes(_ row: Outcome) throws {
    #expect(
      try judge(Self.data(row.changes, role: row.role))
        == .judged(.judged(passed: row.passed, failed: row.failed, open: row.open)))
  }

  struct Outcome: Sendable {
    var changes: [String: String?]
    var role = "监理单位"
    var passed: Int
    var failed: [String] = []
    var open: [String] = []

    static let all = [
      Outcome(changes: [:], passed: 10), Outcome(changes: ["备注": #""无""#], passed: 11),
      Outcome(changes: ["同意率": "100.0", "照片": #"["1","2","3"]"#, "报告": #"["a"]"#], passed: 10),
      Outcome(changes: ["漏水": "true"], passed: 9, failed: ["漏水"]),
      Outcome(changes: ["同意率": "79.99"], passed: 9, failed: ["同意率"]),
      Outcome(changes: ["结论": #""不合格""#, "漏水": "true"], passed: 8, failed: ["漏水", "结论"]),
      // What comes after a check that did not pass need not be reported.
      Outcome(
        changes: ["自检": #"{"role":"施工班组长","agrees":false}"#, "交接检": nil, "专职检": nil], passed: 7, failed: ["自检"]),
      // Nor does it count where it says itself that it failed.
      Outcome(
        changes: [
          "自检": #"{"role":"施工班组长","agrees":false}"#, "交接检": nil, "专职检": #"{"role":"专职质检员","agrees":false}"#,
        ], passed: 7, failed: ["自检", "专职检"]),
      Outcome(changes: ["监理意见": nil], role: "施工单位", passed: 9, open: ["监理意见"]),
    ]
  }

  struct Fault: Sendable {
    var data: String
    var reason: Refusal.Reason
    var pointer: String
    var says: String

    init(_ data: String, _ reason: Refusal.Reason, _ pointer: String, _ says: String) {
      (self.data, self.reason, self.pointer, self.says) = (data, reason, pointer, says)
    }
  }

  static let faults: [Fault] = [
    Fault(data(version: "1"), .invalidValue, "/data/checklist/version", "version 2 of trial is in force, not 1"),
    Fault(data(version: "3"), .invalidValue, "/data/checklist/version", "version 2 of trial is in force, not 3"),
    Fault(data(role: nil), .missingField, "/data/role", "say in which role it is reported: 监理单位, 施工单位"),
    Fault(data(role: "住户"), .invalidValue, "/data/role", "may be reported by: 监理单位, 施工单位"),
    Fault(
      data(["结沦": #""合格""#]), .invalidValue, "/data/results/结沦",
      "no such check; remove it, or correct its name; the nearest is 结论"),
    Fault(data(["部位": nil]), .missingField, "/data/results/部位", "report it too: a text"),
    Fault(data(["部位": "null"]), .missingField, "/data/results/部位", "report it too"),
    Fault(data(["部位": #"" \#u{3000} ""#]), .missingField, "/data/results/部位", "it says nothing"),
    Fault(data(["部位": "3"]), .wrongType, "/data/results/部位", "must be a text"),
    Fault(data(["漏水": #""否""#]), .wrongType, "/data/results/漏水", "must be true or false"),
    Fault(data(["同意率": #""80%""#]), .wrongType, "/data/results/同意率", "must be a number from 0 to 100 (%)"),
    Fault(data(["同意率": "101"]), .invalidValue, "/data/results/同意率", "out of range: a number from 0 to 100 (%)"),
    Fault(data(["结论": #""良好""#]), .invalidValue, "/data/results/结论", "write 合格, 整改后合格 or 不合格"),
    Fault(data(["照片": #"["1","1"," "]"#]), .missingField, "/data/results/照片", "references to 2 photos or more"),
    Fault(data(["自检": "true"]), .wrongType, "/data/results/自检", "must be a sign-off { role, agrees, at } by 施工班组长"),
    Fault(
      data(["自检": #"{"role":"专职质检员"}"#]), .invalidValue, "/data/results/自检/role", "may be signed by: 施工班组长"),
    // R16: the third of 三检 cannot pass before the second.
    Fault(
      data(["交接检": #"{"role":"下道工序班组长","agrees":false}"#]), .invalidValue, "/data/results/专职检",
      "it cannot pass before 交接检, which has not passed"),
    Fault(
      data(["交接检": #"{"role":"下道工序班组长","at":"2026-11-20T07:59:59+08:00"}"#]), .invalidValue, "/data/results/交接检/at",
      "it is earlier than that of 自检"),
    Fault(data(role: "施工单位"), .invalidValue, "/data/results/监理意见", "may be reported by: 监理单位; leave it out"),
  ]

  @Test("each fault has its pointer and its remedy", arguments: faults)
  func fault(_ row: Fault) throws {
    guard case .refused(let faults) = try judge(row.data) else {
      Issue.record("taken: \(row.data)")
      return
    }
    #expect(faults.first?.reason == row.reason && faults.first?.pointer == row.pointer, "\(faults)")
    #expect(faults.first?.detail.contains(row.says) == true, "\(faults)")
  }

  @Test("all faults of a report are told at once; the first gives the reason")
  func several() throws {
    let data = Self.data(["部位": nil, "漏水": "0", "结论": #""?""#], role: nil)
    guard case .refused(let faults) = try judge(data) else {
      Issue.record("taken")
      return
    }
    #expect(
      faults.map(\.pointer) == ["/data/role", "/data/results/部位", "/data/results/漏水", "/data/results/结论", "/data/results/监理意见"])
    let book = ChecklistBook([try #require(Self.checklist)])
    let event = try envelope("inspection.reported", data: data).event
    let refusal = #expect(throws: Refusal.self) { try book.outcome(of: event) }
    #expect(refusal?.pointer == "/data/role" && refusal?.detail.contains("; /data/results/漏水: must be true or false") == true)
    let unknown = try envelope("inspection.reported", data: Self.data(checklist: "other")).event
    #expect(try book.outcome(of: unknown) == .unverified && book.outcome(of: .responded) == nil)
  }

  @Test(
    "results that no checklist can have are refused before one is looked up",
    arguments: [
      (#"{"results":{}}"#, Refusal.Reason.missingField, "/data/checklist"),
      (#"{"results":{},"checklist":{"name":"trial"}}"#, .missingField, "/data/checklist/version"),
      (#"{"results":{},"checklist":{"version":1}}"#, .missingField, "/data/checklist/name"),
      (#"{"results":{},"checklist":{"name":"","version":1}}"#, .missingField, "/data/checklist/name"),
      (#"{"results":{},"checklist":{"name":"trial","version":1.5}}"#, .wrongType, "/data/checklist/version"),
      (#"{"results":{},"checklist":{"name":"trial","version":2147483648}}"#, .wrongType, "/data/checklist/version"),
      (#"{"results":{},"checklist":"trial"}"#, .wrongType, "/data/checklist"),
      (#"{"results":[]}"#, .wrongType, "/data/results"),
      (#"{"results":{"a/b":true}}"#, .invalidValue, "/data/results"),
      (#"{"results":{"":true}}"#, .invalidValue, "/data/results"),
      (#"{"results":{"a":[1]}}"#, .wrongType, "/data/results/a/0"),
      (#"{"results":{"a":1e999}}"#, .wrongType, "/data/results/a"),
      (#"{"results":{"a":{}}}"#, .missingField, "/data/results/a/role"),
      (#"{"results":{"a":{"role":"监理单位","at":"昨天"}}}"#, .invalidValue, "/data/results/a/at"),
      (#"{"results":{"a":{"role":"监理单位","agrees":"是"}}}"#, .wrongType, "/data/results/a/agrees"),
    ])
  func unreadable(data: String, reason: Refusal.Reason, pointer: String) {
    let refusal = #expect(throws: Refusal.self) { try envelope("inspection.reported", data: data) }
    #expect(refusal?.reason == reason && refusal?.pointer == pointer, "\(refusal as Any)")
  }

  @Test("the log keeps what was found, shortens long texts, and has no names of who signed")
  func facts() throws {
    let long = String(repeating: "很长", count: 200)
    let event = try envelope(
      "inspection.reported",
      data: Self.data([
        "部位": #""\#(long)""#, "自检": #"{"role":"施工班组长","name":"张三","at":"2026-11-20T08:00:00+08:00"}"#, "同意率": "99.5",
      ])
    ).event
    #expect(!event.facts.contains("张三") && event.facts.contains(#""同意率":99.5"#) && event.facts.utf8.count < 1600)
    let entry = try Entry(
      number: 1, type: "inspection.reported", facts: event.facts, unit: nil, key: nil, sequence: nil, occurredAt: morning,
      recordedAt: morning, stamp: nil)
    #expect(entry.event == event)
  }
}
