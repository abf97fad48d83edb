// Traces through the daemon: from a message to all that follows from it, and into the log, where nothing confidential goes.

import AMQP
import Duban
import DubanWorkers
import Foundation
import Testing
import TestServers

@Suite("Traces through the daemon")
struct TraceTests {
  /// A `traceparent` whose trace is told by a digit.
  func traceparent(_ digit: Character, isSampled: Bool = true) -> String {
    "00-\(String(repeating: digit, count: 32))-00f067aa0ba902b7-\(isSampled ? "01" : "00")"
  }

  func event(
    _ type: String, id: String, source: String = "/hotline/12345", subject: String, trace: String, data: String? = nil
  ) -> String {
    Sample.event(type, id: id, source: source, subject: subject, data: data).replacing(
      #""data":"#, with: #""traceparent":"\#(trace)","data":"#, maxReplacements: 1)
  }

  @Test(
    "a message's trace goes on to its receipt, to the item's closing, and to the receipt and the letter of one that is refused")
  func carried() async throws {
    try await Surroundings.with { test in
      try test.publish([
        event("complaint.submitted", id: "1", source: "/qr/mashang", subject: "S", trace: traceparent("1")),
        event("complaint.resolved", id: "2", source: "/qr/mashang", subject: "S", trace: traceparent("2"), data: "{}"),
        // Kept first, and applied when its item comes: its trace is still its own.
        event("complaint.resolved", id: "3", subject: "T", trace: traceparent("3"), data: "{}"),
        event("complaint.submitted", id: "4", subject: "T", trace: "nonsense"),
        event("complaint.submitted", id: "5", source: "/nobody", subject: "U", trace: traceparent("5")),
        event("complaint.submitted", id: "6", subject: "V", trace: traceparent("6"), data: #"{"region":7}"#),
      ])
      try await test.withDaemon { _ in
        let events = try test.take(6, from: "test.events").map(Outgoing.init)
        let traces = Dictionary(grouping: events, by: { "\($0.type) \($0.subject)" }).mapValues { $0.map(\.traceparent) }
        #expect(traces["duban.receipt.accepted /qr/mashang/1"] == [traceparent("1")])
        #expect(traces["duban.receipt.accepted /qr/mashang/2"] == [traceparent("2")])
        #expect(traces["duban.item.closed /qr/mashang/S"] == [traceparent("2")])
        #expect(traces["duban.item.closed /hotline/12345/T"] == [traceparent("3")])
        #expect(traces["duban.receipt.rejected /nobody/5"] == [traceparent("5")])
        #expect(traces["duban.receipt.rejected /hotline/12345/6"] == [traceparent("6")])
        let letters = try test.take(2, from: "duban.complaints.dead")
        #expect(letters.map { $0.header("duban-traceparent") } == [traceparent("5"), traceparent("6")])
      }
    }
  }

  @Test(
    "the log has a line for each sampled message and each refused one; of a confidential source only the reason and the trace")
  func logged() async throws {
    try await Surroundings.with { test in
      let connection = try test.store.database.connect()
      try connection.runScript("UPDATE upstream_source SET confidential = true WHERE uri = '/qr/mashang'")
      connection.close()
      let twice = event("complaint.submitted", id: "1", subject: "S-1", trace: traceparent("1"))
      try test.publish([
        twice, twice,
        event("complaint.responded", id: "2", subject: "S-2", trace: traceparent("2"), data: "{}"),
        event("complaint.submitted", id: "3", subject: "S-3", trace: traceparent("3", isSampled: false)),
        event("complaint.submitted", id: "4", source: "/qr/mashang", subject: "secret-4", trace: traceparent("4")),
        event("complaint.submitted", id: "5", source: "/qr/mashang", subject: "secret-5", trace: traceparent("5"), data: "[]"),
        event("complaint.submitted", id: "6", subject: "S-6", trace: traceparent("6", isSampled: false), data: "[]"), "{",
        event(
          "reminder.urged", id: "7", subject: "S-7", trace: traceparent("7"),
          data: #"{"item":{"source":"/qr/mashang","subject":"secret-4"}}"#),
      ])
      try await test.withProcess(["DUBAN_LOG_FORMAT": "json"]) { daemon in
        for digit in "124567" { try daemon.untilLog(contains: #""trace-id":"\#(String(repeating: digit, count: 32))"#) }
        for text in ["not-json", #""verdict":"applied""#, #""verdict":"duplicate""#] { try daemon.untilLog(contains: text) }
        let lines = daemon.log.split(separator: "\n").map(String.init)
        func of(_ digit: Character) throws -> [[String: String]] {
          try lines.filter { $0.contains(String(repeating: digit, count: 32)) }.map { line in
            let all = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            return all.filter { !["time", "level", "label", "trace-id", "worker"].contains($0.key) }
          }
        }
        let parent = "00f067aa0ba902b7"
        func handled(_ type: String, _ verdict: String) -> [String: String] {
          ["msg": "message handled", "parent-id": parent, "type": type, "verdict": verdict]
        }
        // Two workers may have had one each.
        let copies = try of("1").sorted { $0["verdict"] ?? "" < $1["verdict"] ?? "" }
        #expect(copies == [handled("complaint.submitted", "applied"), handled("complaint.submitted", "duplicate")])
        #expect(try of("2") == [handled("complaint.responded", "waiting")])
        #expect(try of("3").isEmpty)
        #expect(try of("4") == [["msg": "message handled"]] && of("7") == [["msg": "message handled"]])
        #expect(try of("5") == [["msg": "message refused", "reason": "wrong-type"]])
        #expect(try of("6") == [["msg": "message refused", "reason": "wrong-type", "pointer": "/data", "parent-id": parent]])
        #expect(lines.contains { $0.contains(#""msg":"message refused""#) && $0.contains(#""reason":"not-json""#) })
        #expect(!daemon.log.contains("secret") && !daemon.log.contains("雨水管") && !daemon.log.contains("S-1"))
      }
    }
  }
}
