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
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        \(complaint)
      - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """
  }

  @Test("R38: show --categories has each category of the policy by its group, with the rules that name it")
  func categories() async throws {
    try await Surroundings.with { test in
      let instruction = "  - { kind: inspection, category: 批示, resolution: { within: 15d, district: 3d, city: 3d } }"
      let text = Self.policy("resolution: { within: 13wd, district: 5d, city: 5d }").replacing(
        "rules:", with: "categories: { 城管: [保洁], 督查: [批示] }\nrules:\n\(instruction)")
      try withFile(text) { file in
        let applied = try test.dubanctl("policy", "apply", file)
        #expect(applied.end == .exit(0), "\(applied.errors)")
      }
      let rows = try test.dubanctl("policy", "show", "--categories").output.split(separator: "\n").map {
        $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
      }
      #expect(rows.contains("城管 保洁 as any other") && rows.contains("督查 批示 inspection 15d line 5"), "\(rows)")
    }
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
      // What was once taken with a rule that is never reached is read still, but not taken again.
      let twice = text + "\n  - { kind: complaint, resolution: { within: 2d, district: 5d, city: 5d } }\n"
      let owner = try test.store.database.connect()
      _ = try owner.execute("UPDATE policy SET document = $1 WHERE version = 2", twice)
      owner.close()
      try withFile(text) { file in
        let diff = try test.dubanctl("policy", "diff", file)
        #expect(diff.output == "no difference to version 2, tried\n", "\(diff.errors)")
      }
      try withFile(twice) { file in
        for command in ["check", "apply", "diff"] {
          let refused = try test.dubanctl("policy", command, file)
          #expect(refused.end == .exit(64) && refused.output.isEmpty)
          #expect(
            refused.errors.contains("line 9: rules[4]: never reached, because the rule on line 4 has the same conditions"),
            "\(refused.errors)")
        }
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
        // The policy in force against itself: what is still to come is no difference.
        try withFile(test.dubanctl("policy", "show").output) { file in
          let ahead = try test.dubanctl(
            "policy", "simulate", file, "--from", "2020-01-01T00:00:00+08:00", "--to", "2099-01-01T00:00:00+08:00")
          #expect(ahead.end == .exit(0) && ahead.output.hasSuffix("no item differs\n"))
          #expect(ahead.errors.hasPrefix("dubanctl: --to is still ahead, so both policies are compared up to now, 2"))
          for (range, option) in [
            (["--from", "2020-01-01T00:00:00+08:00", "--to", "2020-01-01T00:00:00+08:00"], "--to is not later than --from"),
            (["--from", "2021-01-01T00:00:00+08:00", "--to", "2020-01-01T00:00:00+08:00"], "--to is not later than --from"),
            (["--from", "2099-01-01T00:00:00+08:00"], "--from is still ahead"),
          ] {
            let refused = try Program.dubanctl.run(["policy", "simulate", file] + range, test.connections)
            #expect(refused.end == .exit(64) && refused.output.isEmpty && refused.errors.contains(option), "\(refused.errors)")
          }
        }
        // Each found so late that the next tier counts from when it was told.
        for breaches in 1...3 {
          try test.store.setClock(ahead: "\(breaches * 20) days")
          try test.store.until("(SELECT count(*) FROM breach) = \(breaches)")
        }
      }
      let explained = try test.dubanctl("items", "explain", "2026-001", "--lang", "en")
      #expect(explained.end == .exit(0), "\(explained.errors)")
      let text = explained.output
      #expect(text.hasPrefix("/hotline/12345/2026-001\n\nThe complaint came at "), "\(text)")
      #expect(text.contains("policy version 2, line 4.") && text.contains("Not settled yet; no organ is above."))
      #expect(text.contains("Resolution (办结): 3 workdays (from the next day, until close of business), counted from "))
      #expect(text.contains("周末 ") && text.contains(" (calendar version 1)"))
      let due: String = try test.store.ask(
        "SELECT to_char(min(due_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM breach")
      #expect(text.contains(", due \(due). "), "\(text)")

      try withFile(Self.policy("resolution: { within: 90d, district: 1d, city: 1d }")) { file in
        let before: Int = try test.store.ask("SELECT count(*) FROM item_event")
        let simulated = try test.dubanctl("policy", "simulate", file, "--from", "2020-01-01T00:00:00+08:00", "--json")
        #expect(simulated.end == .exit(0), "\(simulated.errors)")
        let view = try JSONDecoder().decode(Simulated.self, from: Data(simulated.output.utf8))
        #expect(view.itemsThatDiffer == 1 && view.items[0].breaches.count == 3 && view.items[0].wouldBe.isEmpty)
        #expect(view.districts.map(\.was.breaches) == [3] && view.districts.map(\.wouldBe.breaches) == [0])
        #expect(try test.store.ask("SELECT count(*) FROM item_event") == before)
        #expect(
          try test.dubanctl("policy", "simulate", file, "--from", "2020-01-01T00:00:00+08:00").output.contains("1 item differs:"))
      }
    }
  }

  @Test("move puts open items on another version with a record; a trial and a version that is none change nothing")
  func move() async throws {
    try await Surroundings.with { test in
      try test.publish([
        Sample.event("complaint.submitted", id: "1", subject: "A"), Sample.event("complaint.submitted", id: "2", subject: "B"),
      ])
      try await test.withProcess { _ in
        try test.publish([Sample.event("complaint.resolved", id: "3", subject: "B")])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'closed') = 1 AND (SELECT count(*) FROM item) = 2")
        try withFile(
          Self.policy(
            "response: { within: 96h, district: 24h, city: 24h }\n    resolution: { within: 30d, district: 5d, city: 5d }")
        ) { file in
          let applied = try test.dubanctl("policy", "apply", file)
          #expect(applied.output == "policy version 2 is in force\n")
        }
        let before: String = try test.store.ask(
          "SELECT row(state, due_at, policy_version, entries)::text FROM item WHERE subject = 'A'")
        let trial = try test.dubanctl("policy", "move", "--from", "1", "--to", "2", "--because", "专项整治", "--dry-run")
        #expect(
          trial.end == .exit(0) && trial.output.contains("1 → 2") && trial.output.contains("nothing was changed"),
          "\(trial.errors)")
        #expect(try test.dubanctl("policy", "move", "A", "--to", "9", "--because", "误").end == .exit(64))
        let closed = try test.dubanctl("policy", "move", "B", "--to", "2", "--because", "误")
        #expect(closed.end == .exit(1) && closed.output.contains("only one in work can be moved"))
        #expect(
          try test.store.ask(
            "SELECT row(state, due_at, policy_version, entries)::text FROM item WHERE subject = 'A'") == before)
        let moved = try test.dubanctl("policy", "move", "A", "--to", "2", "--because", "专项整治", environment: ["USER": "wang"])
        #expect(moved.end == .exit(0), "\(moved.errors)")
        // Both clocks still count from the opening.
        #expect(
          try test.store.ask(
            """
            SELECT due_at = cycle_began_at + interval '96 hours' AND counted_to = cycle_began_at + interval '30 days'
              AND policy_version = 2 AND breached_at IS NULL FROM item WHERE subject = 'A'
            """))
        let record: String = try test.store.ask("SELECT facts FROM item_event WHERE type = 'item.policy-moved'")
        #expect(record.contains(#""because":"专项整治""#) && record.contains(#""by":"wang""#) && record.contains(#""to":2"#))
        // Who, why, before → after.
        let due: String = try test.store.ask(
          """
          SELECT to_char((opened_at + interval '48 hours') AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI') FROM item
          WHERE subject = 'A'
          """)
        let shown = try test.dubanctl("items", "show", "A").output
        let told = try #require(shown.split(separator: "\n").first { $0.contains("item.policy-moved") }, "\(shown)")
        #expect(told.contains("by wang, because 专项整治; to policy version 2; 响应 \(due)"), "\(told)")
        #expect(told.contains("+08:00 → 2") && told.contains("; 办结 2"), "\(told)")
        let sentences = try test.dubanctl("items", "explain", "A", "--lang", "zh").output
        #expect(sentences.contains("；经wang决定，改按办理时限规则第2版第4行（理由：专项整治），响应时限改为96小时，起算时间不变，"))
        // The daemon goes by the new deadline; the explanation tells both.
        try test.store.setClock(ahead: "97 hours")
        try test.store.until("(SELECT count(*) FROM breach) = 1")
        #expect(
          try test.store.ask("SELECT due_at = (SELECT opened_at FROM item WHERE subject = 'A') + interval '96 hours' FROM breach")
        )
        let explained = try test.dubanctl("items", "explain", "A", "--lang", "en").output
        #expect(explained.contains("policy version 1, line") && explained.contains("policy version 2, line"))
        #expect(explained.contains("by wang, because 专项整治: 96 hours, due "), "\(explained)")
      }
      // What cannot come to pass, and would mislead whoever trusts it.
      let subject: String = try test.store.ask(
        """
        UPDATE item SET state = regexp_replace(state, '"due":([0-9])', '"due":2\\1') WHERE subject = 'A' RETURNING subject
        """)
      let contradicted = try test.dubanctl("items", "explain", subject, "--lang", "en")
      #expect(contradicted.end == .exit(1) && contradicted.output.contains("policy version 2"))
      #expect(
        contradicted.errors.hasPrefix("dubanctl: DEFECT: item /hotline/12345/A has ")
          && contradicted.errors.split(separator: "\n").count == 1, "\(contradicted.errors)")
    }
  }

  @Test(
    "a reason that says nothing is refused before anything is done, by name of the option",
    arguments: [
      ["policy", "move", "A", "--to", "2"], ["dead", "replay", "--all"], ["dead", "discard", "--all"],
      ["waiting", "discard", "1"], ["breaches", "excuse", "A", "1"], ["privacy", "erase", "--item", "A"],
    ])
  func blankReason(command: [String]) async throws {
    for blank in ["", " \u{3000}\t"] {
      let refused = try await withOwnThreads { try Program.dubanctl.run(command + ["--because", blank], [:]) }
      #expect(refused.end == .exit(64) && refused.output.isEmpty, "\(refused.errors)")
      #expect(refused.errors.contains("--because") && refused.errors.contains("say why: it is kept with who did it"))
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
