// dubanctl checklists, and inspections reported against what it applied: through the real program, queues and database.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl checklists")
struct ChecklistsCommandTests {
  private static let folder = TestStore.root.appending(path: "deploy/checklists").path

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path)
  }

  private static func checklist(_ checks: String, name: String = "sewers") -> String {
    "checklist: \(name)\ntitle: 雨污接驳检查表\ncitation: preset\nvalid: 183d\nby: [监理单位]\nchecks:\n\(checks)\n"
  }

  private static let first = checklist("  - { check: 已接驳, kind: yes-no }\n  - { check: 照片, kind: photo, optional: true }")

  @Test("check names file and line of every fault; apply is all or nothing; each name has versions of its own, which show has")
  func versions() async throws {
    try await Surroundings.with { test in
      let shipped = try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted().map { "\(Self.folder)/\($0)" }
      let checked = try test.dubanctl("checklists", "check", files: shipped)
      #expect(checked.end == .exit(0) && checked.output.contains("three-checks 工序“三检”记录: 5 checks, valid\n"), "\(checked.errors)")
      try withFile(Self.first) { good in
        try withFile(Self.checklist("  - { check: 已接驳, kind: 是否 }\n  - { check: 漏水, kind: text, count: 2 }")) { bad in
          for command in ["check", "apply"] {
            let refused = try test.dubanctl("checklists", command, files: [good, bad])
            #expect(refused.end == .exit(64) && refused.output.isEmpty)
            #expect(refused.errors.contains("\(bad): line 7: checks[0].kind: write yes-no, number,"), "\(refused.errors)")
            #expect(refused.errors.contains("not '是否'; the nearest is yes-no"))
            #expect(refused.errors.contains("\(bad): line 8: checks[1].count: '2': only photo or document has it; remove it"))
          }
        }
        #expect(try test.dubanctl("checklists", "show").output == "no checklist\n")
        let twice = try test.dubanctl("checklists", "apply", files: [good, good])
        #expect(twice.end == .exit(64) && twice.errors.contains("the checklist 'sewers' is in \(good), too"))
        for _ in 0..<2 {
          let applied = try test.dubanctl("checklists", "apply", good)
          #expect(applied.output == "sewers 雨污接驳检查表: version 1 is in force\n", "\(applied.errors)")
        }
        let second = Self.first.replacing("optional: true", with: "count: 2")
        try withFile(second) { file in
          let applied = try test.dubanctl("checklists", "apply", files: [file] + shipped.suffix(1))
          #expect(applied.output.hasPrefix("sewers 雨污接驳检查表: version 2 is in force\nthree-way-audit"), "\(applied.errors)")
        }
        #expect(try test.dubanctl("checklists", "show", "sewers").output == second)
        #expect(try test.dubanctl("checklists", "show", "sewers", "--version", "1").output == Self.first)
        let listed = try test.dubanctl("checklists", "show", "--json").output
        let views = try JSONDecoder().decode([Listed].self, from: Data(listed.utf8))
        #expect(views.map(\.name) == ["sewers", "three-way-audit"] && views.map(\.version) == [2, 1] && views[0].checks == 2)
        #expect(try test.dubanctl("checklists", "show", "sewers", "--versions").output.split(separator: "\n").count == 3)
        let unknown = try test.dubanctl("checklists", "show", "sewer")
        #expect(unknown.end == .exit(64) && unknown.errors.contains("there is no checklist 'sewer'; the nearest is sewers"))
        #expect(try test.dubanctl("checklists", "show", "sewers", "--version", "9").end == .exit(64))
        #expect(try test.dubanctl("checklists", "reference").output == Checklist.reference + "\n")
      }
    }
  }

  @Test(
    "R36: reports against a checklist, through the queues: clean ends it, failed leaves it answered, refused is a dead letter, unknown is flagged"
  )
  func reports() async throws {
    try await Surroundings.with { test in
      try withFile(Self.first) { file in
        let applied = try test.dubanctl("checklists", "apply", file)
        #expect(applied.end == .exit(0), "\(applied.errors)")
      }
      func report(_ subject: String, _ isConnected: Bool, version: Int = 1, name: String = "sewers", role: String = "监理单位")
        -> String
      {
        Sample.event(
          "inspection.reported", id: "r-\(subject)-\(version)", subject: subject,
          data: #"{"checklist":{"name":"\#(name)","version":\#(version)},"role":"\#(role)","results":{"已接驳":\#(isConnected)}}"#)
      }
      try await test.withProcess { _ in
        try test.publish(
          ["clean", "failed", "unknown", "old"].map {
            Sample.event("inspection.assigned", id: "a-\($0)", subject: $0, data: #"{"title":"接驳"}"#)
          })
        try test.store.until("(SELECT count(*) FROM item) = 4")
        try test.publish([
          report("clean", true), report("failed", false), report("unknown", true, name: "of-the-street"),
          report("old", true, role: "社区"),
        ])
        try test.store.until("(SELECT count(*) FROM item_event) = 7")
        let letter = try #require(try test.take(1, from: "duban.inspections.dead").first)
        #expect(letter.header("duban-reason") == "invalid-value" && letter.header("duban-pointer") == "/data/role")
        #expect(letter.header("duban-detail") == "may be reported by: 监理单位")
        let phases: String = try test.store.ask("SELECT string_agg(subject || ' ' || phase, ', ' ORDER BY subject) FROM item")
        #expect(phases == "clean closed, failed responded, old open, unknown responded")
        // The daemon that runs goes by the next version at once.
        try withFile(Self.first.replacing("optional: true", with: "count: 2")) { file in
          let applied = try test.dubanctl("checklists", "apply", file)
          #expect(applied.end == .exit(0), "\(applied.errors)")
        }
        try test.publish([report("old", true)])
        let outdated = try #require(try test.take(1, from: "duban.inspections.dead").first)
        #expect(outdated.header("duban-pointer") == "/data/checklist/version")
        #expect(outdated.header("duban-detail")?.hasPrefix("version 2 of sewers is in force, not 1") == true)
        try test.publish([
          Sample.event("inspection.closed", id: "c", subject: "failed", data: "{}"),
          Sample.event("inspection.cancelled", id: "x", subject: "old", data: "{}"),
        ])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'closed') = 3")
      }
      let clean = try test.dubanctl("items", "show", "clean").output
      #expect(clean.contains("sewers version 1, passed; by 监理单位") && clean.contains("检查结果"), "\(clean)")
      let failed = try test.dubanctl("items", "show", "failed").output
      #expect(failed.contains("sewers version 1, failed: 已接驳; by 监理单位"), "\(failed)")
      let unknown = try test.dubanctl("items", "show", "unknown").output
      #expect(unknown.contains("of-the-street version 1, 待核: no checklist of this name was known; by 监理单位"), "\(unknown)")
      let explained = try test.dubanctl("items", "explain", "clean", "--lang", "en")
      #expect(explained.end == .exit(0), "\(explained.errors)")
    }
  }

  private struct Listed: Decodable {
    var name: String
    var version, checks: Int
  }
}

extension Surroundings {
  fileprivate func dubanctl(_ command: String..., files: [String]) throws -> (
    end: ChildProcess.End, output: String, errors: String
  ) {
    try Program.dubanctl.run(command + files, connections)
  }
}
