// dubanctl items: what an operator is told of clocks, answers and extensions, and of the past, through the real programs.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl items")
struct ItemsCommandTests {
  private struct Item: Decodable {
    var subject: String
    var dueAt, responseDueAt, resolutionDueAt, suspendedAt, duplicateOf, extensionAskedUntil, extendedUntil: String?
    var extensions: Int
  }

  private func event(_ type: String, _ subject: String, at time: String, _ data: String? = nil) -> String {
    Sample.event(type, id: UUID().uuidString, subject: subject, time: time + ":00+08:00", data: data)
  }

  private func clock(_ time: String, _ test: Surroundings) throws {
    try test.store.setClock(at: #require(Instant(rfc3339: time + ":00+08:00")))
  }

  /// Publishes, and waits until all of it is in the log.
  private func take(_ lines: [String], _ test: Surroundings) throws {
    let before: Int = try test.store.ask("SELECT count(*) FROM item_event WHERE message_id IS NOT NULL")
    try test.publish(lines)
    try test.store.until("(SELECT count(*) FROM item_event WHERE message_id IS NOT NULL) = \(before + lines.count)")
  }

  /// The line of a table that begins with a word, its columns a space apart.
  private func line(_ name: String, of output: String) -> String? {
    output.split(separator: "\n").first { $0.hasPrefix(name + " ") }.map {
      $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
  }

  @Test("a suspension and a merging are shown in the place of the due date; both clocks and 延期 are shown")
  func held() async throws {
    try await Surroundings.with { test in
      try await test.withProcess { _ in
        try clock("2026-09-28T09:00", test)
        let asked = #"{"reason":"雨季","until":"2026-10-30T17:30:00+08:00"}"#
        try take(["P", "M", "D", "E"].map { event("complaint.submitted", $0, at: "2026-09-28T08:50") }, test)
        try take(["P", "E"].map { event("complaint.extension-requested", $0, at: "2026-09-28T08:52", asked) }, test)
        try take(
          [
            event("complaint.suspended", "P", at: "2026-09-28T08:55", #"{"reason":"等待居民配合"}"#),
            event("complaint.merged", "D", at: "2026-09-28T08:56", #"{"into":{"source":"/hotline/12345","subject":"M"}}"#),
            event(
              "complaint.extension-decided", "E", at: "2026-09-28T08:57",
              #"{"decision":"approved","until":"2026-10-30T17:30:00+08:00","approver":"黄石港区"}"#),
          ], test)
        try test.store.until("(SELECT phase FROM item WHERE subject = 'D') = 'merged'")
      }
      let list = try test.dubanctl("items", "list").output
      #expect(list.contains("suspended since 2026-09-28 08:55 (中止计时)") && list.contains("duplicate of M (重复件)"))
      let items = try JSONDecoder().decode([Item].self, from: Data(test.dubanctl("items", "list", "--json").output.utf8))
      // What is suspended is no longer urgent.
      #expect(
        Set(items.prefix(2).map(\.subject)) == ["M", "E"]
          && items.map { $0.suspendedAt != nil } == [false, false, true, true])
      #expect(items.allSatisfy { $0.dueAt == "2026-09-30T08:50:00+08:00" && $0.responseDueAt == $0.dueAt })
      func item(_ subject: String) throws -> Item { try #require(items.first { $0.subject == subject }) }
      #expect(items.filter { $0.duplicateOf != nil }.map(\.subject) == ["D"])
      #expect(try item("D").duplicateOf == "/hotline/12345/M" && item("M").resolutionDueAt == "2026-10-17T08:50:00+08:00")
      #expect(try item("E").extensions == 1 && item("E").resolutionDueAt == "2026-10-30T17:30:00+08:00")
      #expect(try item("P").extensions == 0 && item("P").extensionAskedUntil == "2026-10-30T17:30:00+08:00")

      let paused = try test.dubanctl("items", "show", "P").output
      #expect(line("clocks", of: paused) == "clocks suspended since 2026-09-28T08:55:00+08:00 (中止计时)")
      #expect(line("响应", of: paused)?.hasPrefix("响应 was due 2026-09-30T08:50:00+08:00 when its clocks were stopped") == true)
      #expect(line("办结", of: paused)?.hasPrefix("办结 was due 2026-10-17T08:50:00+08:00 when its clocks were stopped") == true)
      #expect(line("延期", of: paused) == "延期 asked for until 2026-10-30T17:30:00+08:00, not decided yet")
      #expect(line("承办", of: paused) == "承办 胜阳港街道" && line("督办", of: paused) == "督办 –")
      #expect(paused.firstRange(of: "响应 ")!.lowerBound < paused.firstRange(of: "办结 ")!.lowerBound)
      let duplicate = try test.dubanctl("items", "show", "D").output
      #expect(line("clocks", of: duplicate)?.hasPrefix("clocks duplicate of /hotline/12345/M (重复件)") == true)
      let extended = try test.dubanctl("items", "show", "E").output
      let counted = "at 胜阳港街道, counted from 2026-09-28T08:50:00+08:00"
      #expect(line("响应", of: extended) == "响应 due 2026-09-30T08:50:00+08:00 \(counted)")
      #expect(line("办结", of: extended) == "办结 due 2026-10-30T17:30:00+08:00 \(counted)")
      #expect(line("延期", of: extended) == "延期 granted once, until 2026-10-30T17:30:00+08:00")

      let explained = try test.dubanctl("items", "explain", "P", "--lang", "zh").output
      #expect(explained.hasSuffix("自2026年9月28日08:55起因“等待居民配合”中止计时，尚未恢复。\n"), "\(explained)")
      #expect(
        try test.dubanctl("items", "explain", "D", "--lang", "en").output.hasSuffix(
          "It is a duplicate (重复件) of /hotline/12345/M; its clocks are stopped since 2026-09-28 08:56.\n"))
    }
  }

  @Test("explain marks the deadline that is provisional, says what a pause left, and where no organ is above")
  func standings() async throws {
    try await Surroundings.with { test in
      #expect(
        try test.dubanctl("calendar", "import", TestStore.root.appending(path: "deploy/calendars/cn-workdays.csv").path).end
          == .exit(0))
      // 应急 in natural time above the street, so that its chains end in a night.
      let policy = try String(contentsOf: TestStore.root.appending(path: "deploy/policies/default.yaml"), encoding: .utf8)
        .replacing("district: 2wh, city: 2wh", with: "district: 1h, city: 1h")
        .replacing("district: 4wh, city: 4wh", with: "district: 4h, city: 4h")
      let file = try TemporaryFile(policy, "yaml")
      #expect(try test.dubanctl("policy", "apply", file.path).end == .exit(0))
      func explain(_ subject: String) throws -> String {
        try test.dubanctl("items", "explain", subject, "--lang", "en").output
      }
      try await test.withProcess { _ in
        try clock("2026-12-15T17:00", test)
        let region = #""region":{"district":"黄石港区","street":"胜阳港街道"}"#
        try take(
          [
            event("complaint.submitted", "A", at: "2026-12-15T16:50", "{\(region)}"),
            event("complaint.submitted", "B", at: "2026-12-15T16:50", #"{\#(region),"category":"应急"}"#),
          ], test)
        let plain = try explain("A")
        #expect(plain.contains("Response (响应): 48 hours, counted from the opening, due 2026-12-17 16:50. Not answered yet."))
        #expect(plain.contains("counted from 2026-12-16, due 2027-01-01 17:30. "))
        #expect(plain.contains("This is provisional: the holidays of 2027 were not announced"))
        // Both clocks run, whichever is due first.
        let urgent = try explain("B")
        #expect(urgent.contains("Response (响应): 2 hours, counted from the opening, due 2026-12-15 18:50. Not answered yet."))
        #expect(
          urgent.contains(
            "Resolution (办结): the same day (until close of business), counted from the opening, due 2026-12-15 17:30."))

        let times = ["15T17:31", "15T18:51", "15T19:51", "15T20:51", "15T21:31", "16T01:31"]
        for (i, time) in times.enumerated() {
          try clock("2026-12-\(time)", test)
          try test.store.until("(SELECT count(*) FROM breach) = \(i + 1)")
        }
        try clock("2026-12-16T16:50", test)
        try take(["A", "B"].map { event("complaint.suspended", $0, at: "2026-12-16T16:50", #"{"reason":"等待居民配合"}"#) }, test)
        try clock("2026-12-17T16:50", test)
        try take(["A", "B"].map { event("complaint.resumed", $0, at: "2026-12-17T16:50", "{}") }, test)
      }
      let exhausted = try explain("B")
      #expect(exhausted.contains("Not answered yet; no organ is above."))
      #expect(exhausted.contains("Not settled yet; no organ is above."))
      // A has a deadline, B has none any more and is overdue the longest.
      let list = try JSONDecoder().decode([Item].self, from: Data(test.dubanctl("items", "list", "--json").output.utf8))
      #expect(list.map(\.subject) == ["B", "A"] && list.map { $0.dueAt == nil } == [true, false])
      let shown = try test.dubanctl("items", "show", "B").output
      #expect(line("承办", of: shown) == "承办 胜阳港街道" && line("督办", of: shown) == "督办 黄石市")
      #expect(line("办结", of: shown)?.hasPrefix("办结 overdue; was due 2026-12-16T01:30:00+08:00") == true, "\(shown)")
      #expect(line("/hotline/12345/B", of: shown)?.contains("1 standing (已认定) 办结 胜阳港街道 (承办)") == true, "\(shown)")
      let resumed = try explain("A")
      #expect(
        resumed.contains(
          "Suspended from 2026-12-16 16:50 to 2026-12-17 16:50 (等待居民配合), then ran on with 24 hours left, due 2026-12-18 16:50."),
        "\(resumed)")
    }
  }

  @Test("show tells the present cycle's answer, what the resident waited, and no extension that was not granted")
  func presentCycle() async throws {
    try await Surroundings.with { test in
      try await test.withProcess { _ in
        try clock("2026-09-28T08:30", test)
        try take([event("complaint.submitted", "R", at: "2026-09-28T08:00")], test)
        try clock("2026-09-28T09:45", test)
        try take(
          [
            event("complaint.responded", "R", at: "2026-09-28T09:30", "{}"),
            event("complaint.extension-decided", "R", at: "2026-09-28T09:40", #"{"decision":"rejected","approver":"黄石港区"}"#),
          ], test)
        let answered = try test.dubanctl("items", "show", "R").output
        let due = "in time; was due 2026-09-30T08:00:00+08:00"
        #expect(line("响应", of: answered)?.hasPrefix("响应 answered 2026-09-28T09:30:00+08:00, \(due)") == true, "\(answered)")
        #expect(line("延期", of: answered) == "延期 –")
        #expect(line("waited", of: answered)?.contains("1 hour 30 minutes, from 2026-09-28T08:00:00+08:00") == true)
        #expect(answered.contains(" – inapplicable: not-requested"))
        try clock("2026-09-28T11:05", test)
        try take(
          [
            event("complaint.resolved", "R", at: "2026-09-28T10:00", "{}"),
            event("complaint.reopened", "R", at: "2026-09-28T11:00", "{}"),
          ], test)
        let reopened = try test.dubanctl("items", "show", "R").output
        #expect(line("响应", of: reopened)?.hasPrefix("响应 due 2026-09-30T11:00:00+08:00 at 胜阳港街道") == true, "\(reopened)")
        #expect(line("waited", of: reopened)?.hasSuffix("and not answered yet") == true)
        #expect(!reopened.contains("answered 2026-09-28T09:30"))
      }
    }
  }

  @Test("explain tells what Duban knew at a time, and how things stood at one; its language is the locale's")
  func past() async throws {
    try await Surroundings.with { test in
      try await test.withProcess { _ in
        try clock("2026-09-28T08:00", test)
        try take([event("complaint.submitted", "H", at: "2026-09-28T08:00")], test)
        try clock("2026-09-30T08:30", test)
        try test.store.until("(SELECT count(*) FROM breach) = 1")
        try take([event("complaint.responded", "H", at: "2026-09-30T07:50", "{}")], test)
        try test.store.until("(SELECT count(*) FROM breach WHERE status = 'annulled') = 1")
      }
      func explain(_ arguments: String..., locale: String = "zh_CN.UTF-8") throws -> String {
        try Program.dubanctl.run(
          ["items", "explain", "H"] + arguments, test.connections.merging(["LC_ALL": locale]) { $1 }
        ).output
      }
      let now = try explain()
      #expect(now.contains("实际于2026年9月30日07:50响应，未逾期。") && now.contains("经后收到的记录查明未逾期"), "\(now)")
      #expect(try explain(locale: "C").contains("Answered at 2026-09-30 07:50, in time."))
      // The answer was not heard yet, and the breach was found: the record's own times say so.
      let heard: String = try test.store.ask(
        """
        SELECT to_char(recorded_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS.US') FROM item_event
        WHERE type = 'complaint.responded'
        """)
      let found: String = try test.store.ask(
        """
        SELECT to_char(min(at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS.US') FROM finding WHERE type = 'item.escalated'
        """)
      let known = try explain("--as-at", found + "+08:00")
      #expect(known.contains("至期未响应，记胜阳港街道逾期（第1号，已认定）") && known.contains("状态：已认定（计入）"), "\(known)")
      #expect(!known.contains("实际于"))
      #expect(try explain("--as-at", heard + "+08:00").contains("经后收到的记录查明未逾期"))
      let stood = try explain("--as-of", "2026-09-29T08:00:00+08:00")
      #expect(stood.contains("尚未响应。") && !stood.contains("号逾期"), "\(stood)")
      #expect(try explain("--as-of", "2026-09-28T07:59:00+08:00").hasSuffix("此时尚无该件的任何记录。\n"))
      let ahead = try test.dubanctl("items", "explain", "H", "--as-of", "2099-01-01T00:00:00+08:00")
      #expect(ahead.end == .exit(64) && ahead.errors.contains("--as-of is still ahead"))
    }
  }
}
