// dubanctl breaches and privacy: decisions and erasures on record, through the real programs.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl breaches and privacy")
struct BreachesCommandTests {
  private struct Row: Decodable {
    var item, status, clock, organ, dueAt: String
    var number: Int
    var counts: Bool
  }

  private func clock(_ time: String, _ test: Surroundings) throws {
    try test.store.setClock(at: #require(Instant(rfc3339: time + ":00+08:00")))
  }

  private func rows(_ test: Surroundings, _ arguments: String...) throws -> [Row] {
    let result = try Program.dubanctl.run(["breaches", "list", "--json"] + arguments, test.connections)
    #expect(result.end == .exit(0), "\(result.errors)")
    return try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
  }

  @Test("breaches are listed and shown; a person excuses, lifts or upholds them, once, for a reason that is kept")
  func decisions() async throws {
    try await Surroundings.with { test in
      func said(_ type: String, _ subject: String, _ time: String) -> String {
        Sample.event(
          type, id: UUID().uuidString, subject: subject, time: time + ":00+08:00", data: type.hasSuffix("submitted") ? nil : "{}")
      }
      try await test.withProcess { _ in
        try clock("2026-09-28T08:00", test)
        try test.publish(["A", "B"].map { said("complaint.submitted", $0, "2026-09-28T08:00") })
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'open') = 2")
        try clock("2026-09-30T08:10", test)
        try test.store.until("(SELECT count(*) FROM breach) = 2")
        // An hour later a back-dated answer erases no blame by itself.
        try clock("2026-09-30T12:00", test)
        try test.publish([said("complaint.responded", "B", "2026-09-30T07:00")])
        try test.store.until("(SELECT count(*) FROM breach WHERE status = 'contested') = 1")
      }
      #expect(try Set(rows(test).map(\.status)) == ["standing", "contested"])
      #expect(try rows(test, "--contested").map(\.item) == ["/hotline/12345/B"])
      let own = try rows(test, "--item", "A")
      #expect(own.map(\.number) == [1] && own[0].organ == "胜阳港街道" && own[0].dueAt == "2026-09-30T08:00:00+08:00")
      let table = try test.dubanctl("breaches").output
      #expect(table.contains("contested (待核定)") && table.contains("胜阳港街道 (承办)"))

      let wrong = try test.dubanctl("breaches", "uphold", "A", "1", "--because", "误")
      let remedy = "only a contested breach can be upheld; this one can be lifted or excused"
      #expect(
        wrong.end == .exit(64) && wrong.errors.contains("is standing, so you cannot uphold it: \(remedy)"), "\(wrong.errors)")
      let none = try test.dubanctl("breaches", "excuse", "A", "7", "--because", "误")
      #expect(none.end == .exit(64) && none.errors.contains("has no breach 7"))
      #expect(try test.dubanctl("breaches", "show", "A", "7").end == .exit(64))
      #expect(try test.dubanctl("breaches", "excuse", "Z", "1", "--because", "误").end == .exit(64))
      let excused = try test.dubanctl("breaches", "excuse", "A", "1", "--because", "暴雨红色预警", environment: ["USER": "wang"])
      #expect(excused.end == .exit(0) && excused.output == "breach 1 of /hotline/12345/A: excuse (免予计入)\n", "\(excused.errors)")
      let lifted = try test.dubanctl("breaches", "lift", "B", "1", "--because", "电话录音为证", environment: ["USER": "li"])
      #expect(lifted.end == .exit(0), "\(lifted.errors)")
      #expect(try rows(test).allSatisfy { !$0.counts } && rows(test, "--contested").isEmpty)

      let shown = try test.dubanctl("breaches", "show", "A", "1").output
      #expect(shown.contains("excused (免予计入), does not count") && shown.contains("by wang, because 暴雨红色预警"), "\(shown)")
      let explained = try test.dubanctl("items", "explain", "A", "--lang", "zh").output
      #expect(explained.contains("状态：免予计入（确有逾期，经决定不计入）。"), "\(explained)")
      #expect(explained.contains("，wang决定第1号逾期免予计入，理由：暴雨红色预警。"), "\(explained)")
      #expect(try test.dubanctl("items", "show", "B").output.contains("lift by li, because 电话录音为证"))
    }
  }

  @Test("personal data is erased of what was closed before a time, or of one item, and who did it and why is kept")
  func privacy() async throws {
    try await Surroundings.with { test in
      let reporter = #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"reporter":{"name":"张三","phone":"13900000000"}}"#
      try await test.withProcess { _ in
        try clock("2026-09-28T12:00", test)
        try test.publish(
          ["A", "B", "C"].map {
            Sample.event("complaint.submitted", id: "s-\($0)", subject: $0, time: "2026-09-28T08:00:00+08:00", data: reporter)
          })
        try test.publish(
          ["A", "B"].map {
            Sample.event("complaint.resolved", id: "r-\($0)", subject: $0, time: "2026-09-28T09:00:00+08:00", data: "{}")
          })
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'closed') = 2 AND (SELECT count(*) FROM contact) = 3")
      }
      func erase(_ arguments: String...) throws -> (end: ChildProcess.End, output: String, errors: String) {
        try Program.dubanctl.run(
          ["privacy", "erase", "--because", "保存期满"] + arguments, test.connections.merging(["USER": "wang"]) { $1 })
      }
      #expect(try erase().end == .exit(64))
      let ahead = try erase("--closed-before", "2099-01-01T00:00:00+08:00")
      #expect(ahead.end == .exit(64) && ahead.errors.contains("--closed-before is still ahead"), "\(ahead.errors)")
      #expect(try erase("--item", "A", "--closed-before", "2026-09-28T12:00:00+08:00").end == .exit(64))
      #expect(
        try erase("--closed-before", "2026-09-01T00:00:00+08:00").output.hasPrefix(
          "erased 0 messages as sent and 0 contacts of 0"))
      let dry = try erase("--closed-before", "2026-09-28T12:00:00+08:00", "--dry-run")
      #expect(dry.output == "would erase 4 messages as sent and 2 contacts of 2 items\n", "\(dry.errors)")
      #expect(try test.store.ask("SELECT count(*) FROM original") == 5 && test.store.ask("SELECT count(*) FROM erasure") == 0)
      let real = try erase("--closed-before", "2026-09-28T12:00:00+08:00")
      #expect(real.output == "erased 4 messages as sent and 2 contacts of 2 items\n", "\(real.errors)")
      #expect(try erase("--item", "C").output == "erased 1 message as sent and 1 contact of 1 item\n")
      #expect(try test.store.ask("SELECT count(*) FROM original") == 0 && test.store.ask("SELECT count(*) FROM contact") == 0)
      #expect(try test.store.ask("SELECT count(*) FROM erasure WHERE done_by = 'wang' AND because = '保存期满'") == 3)
      // The log stays.
      #expect(try test.dubanctl("items", "show", "A").output.contains("complaint.resolved"))
    }
  }
}
