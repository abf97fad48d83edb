// dubanctl policy and items explain, through the real program.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl policy and explain")
struct PolicyCommandTests {
  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path)
  }

  static func policy(_ complaint: String) -> String {
    """
    policy: tried
    tolerance: 1h
    rules:
      - kind: complaint
        \(complaint)
      - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 0s, district: 24h, city: 24h } }
    """
  }

  @Test("check names the line; diff says what is new; apply, show and --versions keep every version")
  func versions() async throws {
    try await Surroundings.with { test in
      try withFile(Self.policy("resolution: { within: 13workdays, district: 5d, city: 5d }")) { file in
        let bad = try test.dubanctl("policy", "check", file)
        #expect(bad.end == .exit(64) && bad.errors.contains("\(file): line 5: rules[0].resolution.within: write a length"))
      }
      let text = Self.policy("resolution: { within: 13wd until-close, district: 5d, city: 5d }")
      try withFile(text) { file in
        #expect(try test.dubanctl("policy", "check", file).output == "tried: 4 rules, valid\n")
        let diff = try test.dubanctl("policy", "diff", file).output.split(separator: "\n")
        #expect(
          diff == [
            "complaint: resolution.within: 19d → 13wd until-close", "complaint: response.within: 48h → –",
            "complaint: response.district: 24h → –", "complaint: response.city: 24h → –",
          ])
        #expect(try test.dubanctl("policy", "apply", file).output == "policy version 2 is in force\n")
        #expect(try test.dubanctl("policy", "diff", file).output == "no difference to version 2, tried\n")
        #expect(try test.dubanctl("policy", "show").output == text + "\n")
        #expect(try test.dubanctl("policy", "show", "1").output.hasPrefix("policy: test\n"))
        #expect(try test.dubanctl("policy", "show", "--versions").output.split(separator: "\n").count == 3)
        #expect(try test.dubanctl("policy", "show", "9").end == .exit(64))
      }
    }
  }

  @Test(
    "explain tells each deadline with what was counted; simulate tells what another policy would have done, and changes nothing")
  func explainAndSimulate() async throws {
    try await Surroundings.with { test in
      try withFile(
        Self.policy("resolution: { within: 3wd from-next-day until-close, district: 1wd, city: 1wd }")
      ) { file in
        let applied = try test.dubanctl("policy", "apply", file)
        #expect(applied.end == .exit(0))
      }
      let calendar = TestStore.root.appending(path: "deploy/calendars/cn-workdays.csv").path
      #expect(try test.dubanctl("calendar", "import", calendar).end == .exit(0))
      try test.publish([Sample.event("complaint.submitted", id: "1", subject: "2026-001")])
      try await test.withProcess { _ in
        try test.store.until("(SELECT count(*) FROM item_event) = 1")
        // Each found so late that the next tier counts from when it was told.
        for breaches in 1...3 {
          try test.store.setClock(ahead: "\(breaches * 20) days")
          try test.store.until("(SELECT count(*) FROM breach) = \(breaches)")
        }
      }
      let explained = try test.dubanctl("items", "explain", "2026-001")
      #expect(explained.end == .exit(0), "\(explained.errors)")
      let lines = explained.output.split(separator: "\n").map(String.init)
      #expect(lines.first == "/hotline/12345/2026-001: no deadline runs")
      #expect(lines.contains { $0.contains("3个工作日(从次日起算)(至下班时) from ") })
      #expect(lines.filter { $0 == "  policy version 2, line 4; calendar version 1" }.count == 3)
      #expect(lines.contains { $0.hasPrefix("  counted 3: ") } && lines.contains { $0.contains("周末") })
      let due: String = try test.store.ask(
        "SELECT to_char(min(due_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM breach")
      #expect(lines.contains { $0.contains("办结 due \(due)") })

      try withFile(Self.policy("resolution: { within: 90d, district: 1d, city: 1d }")) { file in
        let before: Int = try test.store.ask("SELECT count(*) FROM item_event")
        let simulated = try test.dubanctl("policy", "simulate", file, "--from", "2020-01-01T00:00:00+08:00", "--json")
        #expect(simulated.end == .exit(0), "\(simulated.errors)")
        let view = try JSONDecoder().decode(Simulated.self, from: Data(simulated.output.utf8))
        #expect(view.itemsThatDiffer == 1 && view.items[0].breaches.count == 3 && view.items[0].wouldBe.isEmpty)
        #expect(view.districts.map(\.was.breaches) == [3] && view.districts.map(\.wouldBe.breaches) == [0])
        #expect(try test.store.ask("SELECT count(*) FROM item_event") == before)
        #expect(
          try test.dubanctl("policy", "simulate", file, "--from", "2020-01-01T00:00:00+08:00").output.contains("1 items differ"))
      }
    }
  }

  private struct Simulated: Decodable {
    struct Totals: Decodable { var breaches: Int }
    struct District: Decodable { var was, wouldBe: Totals }
    struct Difference: Decodable { var breaches, wouldBe: [String] }
    var districts: [District]
    var itemsThatDiffer: Int
    var items: [Difference]
  }
}
