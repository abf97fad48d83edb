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

  @Test("a pause and a merging stand in the place of the due date in list and show, and both clocks and 延期 are shown")
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
    }
  }
}
