// Checklist files: those that come with Duban, and what is said of one that is wrong.

import Foundation
import Testing

@testable import Duban

@Suite("Checklist files")
struct ChecklistFileTests {
  private static let folder = FilesTests.deploy.appending(path: "checklists")

  static func shipped() throws -> [Checklist] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { file in
      let checklist = try Checklist(yaml: String(contentsOf: folder.appending(path: file), encoding: .utf8), version: 1)
      #expect(file == checklist.name + ".yaml")
      return checklist
    }
  }

  @Test("each checklist that comes with Duban is valid, named as its file is, and cites its document or is a preset")
  func valid() throws {
    let checklists = try Self.shipped()
    #expect(
      Set(checklists.map(\.name)) == [
        "appraisal", "civilized-site", "common-area-acceptance", "completion-acceptance", "deliberation", "design-review",
        "drainage-test", "five-haves-visit", "five-notices", "hidden-works", "household-acceptance", "household-visit",
        "pre-acceptance", "safety-hazards", "sewer-control", "sewer-lookback", "site-duty", "supervisor-patrol", "three-checks",
        "three-way-audit",
      ])
    for checklist in checklists {
      #expect(checklist.citation == "preset" || checklist.citation.contains { "〔《（".contains($0) }, "\(checklist.name)")
      #expect(checklist.title.unicodeScalars.contains { $0.value > 0x4e00 } && !checklist.reporters.isEmpty, "\(checklist.name)")
      for check in checklist.checks { #expect(!check.name.contains(" "), "\(check.name)") }
    }
  }

  @Test("R16, R20, R27, R46: each that comes with Duban can be passed, and fails or waits by each of its checks that can")
  func passable() throws {
    for checklist in try Self.shipped() {
      var results: [String: Report.Value] = [:]
      for check in checklist.checks { results[check.name] = check.good }
      func judge(_ results: [String: Report.Value]) -> Judgement {
        checklist.judge(Report(checklist: checklist.name, version: 1, role: checklist.reporters.first, results: results))
      }
      #expect(
        judge(results) == .judged(.judged(passed: checklist.checks.count, failed: [], open: [])), "\(checklist.name)")
      for check in checklist.checks {
        var less = results
        less[check.name] = nil
        if case .judged(let outcome) = judge(less) {
          #expect(check.isOptional && outcome.isClean, "\(checklist.name) without \(check.name)")
        } else {
          #expect(!check.isOptional, "\(checklist.name) without \(check.name)")
        }
        guard let bad = check.bad, !checklist.checks.contains(where: { $0.after.contains(check.name) }) else { continue }
        var worse = results
        worse[check.name] = bad
        #expect(
          judge(worse) == .judged(.judged(passed: checklist.checks.count - 1, failed: [check.name], open: [])),
          "\(checklist.name), \(check.name)")
      }
    }
  }

  static let faults: [(lines: String, says: String)] = [
    ("checks: []", "checks: nothing would be checked"),
    ("valid: 0d\nchecks: [{ check: a, kind: text }]", "valid: '0d': no result would count"),
    ("valid: 半年\nchecks: [{ check: a, kind: text }]", "valid: write a length of time like 30s, 15m, 48h or 13d, not '半年'"),
    (
      "checks: [{ check: a, kind: 签字 }]",
      "checks[0].kind: write yes-no, number, choice, text, photo, document or sign-off, not '签字'; the nearest is sign-off"
    ),
    ("checks: [{ check: a, kind: sign-off }]", "checks[0]: say who may sign: by: [监理单位]"),
    ("checks: [{ check: a/b, kind: text }]", "checks[0].check: 'a/b': write 1 to 100 characters without / and ~"),
    ("checks: [{ check: a, kind: text, at-least: 3 }]", "checks[0].at-least: '3': only number has it; remove it"),
    ("checks: [{ check: a, kind: number, at-least: 80% }]", "checks[0].at-least: write a number, not '80%'; the nearest is 80"),
    (
      "checks: [{ check: a, kind: number, at-least: 3, at-most: 2 }]",
      "checks[0].at-most: '2': no number passes; write at least 3"
    ),
    ("checks: [{ check: a, kind: number, possible: [0, 100], at-least: 120 }]", "checks[0].at-least: '120': it lies outside"),
    ("checks: [{ check: a, kind: number, possible: [100] }]", "checks[0].possible: write the least and the greatest"),
    ("checks: [{ check: a, kind: choice }]", "checks[0]: say which choices there are"),
    (
      "checks: [{ check: a, kind: choice, choices: [合格, 不合格], failing: [不和格] }]",
      "checks[0].failing[0]: '不和格': it is none of the choices; the nearest is 不合格"
    ),
    ("checks: [{ check: a, kind: choice, choices: [差], failing: [差] }]", "checks[0].failing: nothing passes"),
    ("checks: [{ check: a, kind: photo, count: 0 }]", "checks[0].count: write a whole number, 1 or more, not '0'"),
    ("checks: [{ check: a, kind: text }, { check: a, kind: text }]", "checks[1]: the check 'a' appears twice"),
    (
      "checks: [{ check: 乙, kind: text, after: [甲] }, { check: 甲, kind: text }]",
      "checks[0]: after: there is no check '甲' above it"
    ),
    (
      "checks: [{ check: 甲, kind: text, optional: true }, { check: 乙, kind: text, after: [甲] }]",
      "checks[1]: after: '甲' may be left out"
    ),
    ("checks: [{ check: a, kind: text, role: [监理] }]", "checks[0]: there is no 'role' here; known are check, asks"),
  ]

  @Test("a fault is told with its place, the allowed values and the nearest", arguments: faults)
  func fault(lines: String, says: String) {
    let fault = #expect(throws: FileFault.self) { try Checklist(yaml: "checklist: x\ntitle: 检查表\ncitation: preset\n" + lines) }
    #expect(fault?.lines.first?.contains(says) == true, "\(fault?.lines ?? [])")
  }

  @Test("what was applied once is read again though it would be refused today; what cannot be read is not")
  func stored() throws {
    let yaml = "checklist: X\ntitle: 检查表\ncitation: preset\nchecks: [{ check: a, kind: text, after: [b] }]\n"
    #expect(throws: FileFault.self) { try Checklist(yaml: yaml) }
    #expect(try Checklist(stored: yaml, version: 3).version == 3)
    #expect(throws: FileFault.self) { try Checklist(stored: yaml.replacing("kind: text", with: "kind: x"), version: 3) }
  }

  @Test("the documentation has every key as the code has it")
  func documented() throws {
    let file = FilesTests.deploy.deletingLastPathComponent().appending(path: "Sources/Duban/Duban.docc/Files.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(Checklist.reference), "put this into \(file.lastPathComponent):\n\(Checklist.reference)")
  }
}

extension Checklist.Check {
  /// A result that passes.
  fileprivate var good: Report.Value {
    switch form {
    case .yesNo(let value): .yesNo(value)
    case .number(let threshold): .number(threshold.atLeast ?? threshold.atMost ?? threshold.possible?.lowerBound ?? 0)
    case .choice(let choices, let failing): .text(choices.first { !failing.contains($0) } ?? "")
    case .text: .text("无")
    case .photo(let least), .document(let least): .references((0..<least).map { "no/\($0)" })
    case .signOff: .signOff(Report.SignOff(role: roles.first ?? ""))
    }
  }

  /// One that fails; nil where none does.
  fileprivate var bad: Report.Value? {
    switch form {
    case .yesNo(let value): .yesNo(!value)
    case .number(let threshold): threshold.atLeast.map { .number($0 - 1) } ?? threshold.atMost.map { .number($0 + 1) }
    case .choice(_, let failing): failing.first.map { .text($0) }
    case .signOff: .signOff(Report.SignOff(role: roles.first ?? "", agrees: false))
    case .text, .photo, .document: nil
    }
  }
}
