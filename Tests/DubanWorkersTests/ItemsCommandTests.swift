// dubanctl items: what an operator is told of clocks that are held, overtaken or run out, through the real programs.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl items")
struct ItemsCommandTests {
  private struct Item: Decodable {
    var subject: String
    var dueAt, responseDueAt, resolutionDueAt, heldSince, follows, extensionAskedAt: String?
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

  @Test("a pause and a merging stand in the place of the due date in list, show and explain, and both clocks and 延期 are shown")
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
      }
      let list = try test.dubanctl("items", "list").output
      #expect(list.contains("clocks held since 2026-09-28T08:55:00+08:00 (暂停)"))
      #expect(list.contains("merged, follows /hotline/12345/M (合并), clocks held since 2026-09-28T08:56:00+08:00"))
      let items = try JSONDecoder().decode([Item].self, from: Data(test.dubanctl("items", "list", "--json").output.utf8))
      // What is held is no longer urgent.
      #expect(
        Set(items.prefix(2).map(\.subject)) == ["M", "E"] && items.map { $0.heldSince != nil } == [false, false, true, true])
      #expect(items.allSatisfy { $0.dueAt == "2026-09-30T08:50:00+08:00" && $0.responseDueAt == $0.dueAt })
      func item(_ subject: String) throws -> Item { try #require(items.first { $0.subject == subject }) }
      #expect(items.filter { $0.follows != nil }.map(\.subject) == ["D"])
      #expect(try item("D").follows == "/hotline/12345/M" && item("M").resolutionDueAt == "2026-10-17T08:50:00+08:00")
      #expect(try item("E").extensions == 1 && item("E").resolutionDueAt == "2026-10-30T17:30:00+08:00")
      #expect(try item("P").extensions == 0 && item("P").extensionAskedAt == "2026-09-28T08:52:00+08:00")

      let paused = try test.dubanctl("items", "show", "P").output
      #expect(line("deadline", of: paused) == "deadline clocks held since 2026-09-28T08:55:00+08:00 (暂停)")
      #expect(line("响应", of: paused)?.hasPrefix("响应 was due 2026-09-30T08:50:00+08:00 when it was held") == true)
      #expect(line("办结", of: paused)?.hasPrefix("办结 was due 2026-10-17T08:50:00+08:00 when it was held") == true)
      #expect(line("延期", of: paused) == "延期 asked for at 2026-09-28T08:52:00+08:00, not decided yet")
      let duplicate = try test.dubanctl("items", "show", "D").output
      #expect(line("deadline", of: duplicate)?.hasPrefix("deadline merged, follows /hotline/12345/M (合并)") == true)
      #expect(line("main", of: duplicate) == "main item (合并) /hotline/12345/M")
      let extended = try test.dubanctl("items", "show", "E").output
      #expect(line("响应", of: extended) == "响应 due 2026-09-30T08:50:00+08:00")
      #expect(line("办结", of: extended) == "办结 due 2026-10-30T17:30:00+08:00" && line("延期", of: extended) == "延期 granted once")

      #expect(
        try test.dubanctl("items", "explain", "P").output.hasPrefix(
          "/hotline/12345/P: clocks held since 2026-09-28T08:55:00+08:00 (暂停)\n"))
      #expect(
        try test.dubanctl("items", "explain", "D").output.hasPrefix("/hotline/12345/D: merged, follows /hotline/12345/M (合并)"))
    }
  }

  @Test(
    "explain marks the deadline that is provisional, and calls none a deadline that another overtook or that nobody is held to")
  func standings() async throws {
    try await Surroundings.with { test in
      #expect(
        try test.dubanctl("calendar", "import", TestStore.root.appending(path: "deploy/calendars/cn-workdays.csv").path).end
          == .exit(0))
      #expect(
        try test.dubanctl("policy", "apply", TestStore.root.appending(path: "deploy/policies/default.yaml").path).end == .exit(0))
      func explain(_ subject: String) throws -> [String] {
        try test.dubanctl("items", "explain", subject).output.split(separator: "\n").map(String.init)
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
        #expect(plain[0] == "/hotline/12345/A: response due 2026-12-17T16:50:00+08:00")
        let provisional =
          "  办结 due 2027-01-01T17:30:00+08:00 at 胜阳港街道, provisional: a year that it reaches was not announced"
        #expect(plain.contains(provisional) && plain.contains("  响应 due 2026-12-17T16:50:00+08:00 at 胜阳港街道"))
        #expect(plain.contains("  runs once the matter is answered (响应)"))
        let urgent = try explain("B")
        #expect(urgent[0] == "/hotline/12345/B: resolution due 2026-12-15T17:30:00+08:00")
        #expect(urgent.contains("  响应 2026-12-15T18:50:00+08:00, no deadline"))
        #expect(urgent.contains { $0.hasPrefix("  does not run: 办结 is due before it, at 2026-12-15T17:30:00+08:00") })

        for (breaches, time) in [(1, "2026-12-15T17:31"), (2, "2026-12-15T21:31"), (3, "2026-12-16T01:31")] {
          try clock(time, test)
          try test.store.until("(SELECT count(*) FROM breach) = \(breaches)")
        }
        try clock("2026-12-16T16:50", test)
        try take(["A", "B"].map { event("complaint.suspended", $0, at: "2026-12-16T16:50", #"{"reason":"等待居民配合"}"#) }, test)
        try clock("2026-12-17T16:50", test)
        try take(["A", "B"].map { event("complaint.resumed", $0, at: "2026-12-17T16:50", "{}") }, test)
      }
      let exhausted = try explain("B")
      #expect(exhausted[0] == "/hotline/12345/B: no deadline runs")
      #expect(exhausted.last { $0.hasPrefix("  办结 ") }?.hasSuffix(", no deadline") == true, "\(exhausted)")
      #expect(exhausted.contains("  does not run: it was let pass at the top of the chain, and nobody is above"))
      let resumed = try explain("A")
      #expect(
        resumed.contains(
          "  24小时, what was left of 48自然小时 when its clock was held at 2026-12-16T16:50:00+08:00, from 2026-12-17T16:50:00+08:00 on"
        ), "\(resumed)")
    }
  }
}
