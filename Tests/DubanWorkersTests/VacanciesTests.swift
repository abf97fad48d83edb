// What finds nobody in the directory wakes somebody: in the metrics and the log of a real daemon.

import Duban
import DubanStore
import Foundation
import Testing
import TestServers

@Suite("Vacancies")
struct VacanciesTests {
  private static let nowhere = #"{"region":{"district":"黄石港区","street":"无此街道"}}"#

  /// Asks until the metrics hold a line.
  private func untilMetrics(_ daemon: DaemonProcess, hold line: String) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    var metrics = ""
    while !metrics.contains("\n\(line)\n") {
      guard ContinuousClock.now < deadline else { throw TestFault("no '\(line)' in:\n\(metrics)") }
      metrics = try await daemon.ask("metrics")
    }
  }

  private func warnings(_ daemon: DaemonProcess, _ text: String) -> [Substring] {
    daemon.log.split(separator: "\n").filter { $0.contains("level=warning") && $0.contains(text) }
  }

  private func field(_ name: String, _ line: Substring) -> Int {
    line.split(separator: " ").first { $0.hasPrefix("\(name)=") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
  }

  @Test(
    "items that are left 待派 raise a gauge, which falls when they end, and are told of once, in one line a batch with the remedy"
  )
  func unassigned() async throws {
    try await Surroundings.with { test in
      try test.store.makeConfidential()
      let environment = ["DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_AUDIT_SECONDS": "1"]
      try await test.withProcess(environment) { daemon in
        try await daemon.untilReadiness(is: 200)
        try await untilMetrics(daemon, hold: "duban_unassigned_items 0")
        let count = 40
        try test.publish(
          (0..<count).map {
            Sample.event(
              "complaint.submitted", id: "\($0)", source: $0 < 2 ? "/qr/mashang" : "/hotline/12345",
              subject: $0 < 2 ? "secret\($0)" : "S\($0)", data: Self.nowhere)
          } + [Sample.event("complaint.submitted", id: "known", subject: "known")])
        try await untilMetrics(daemon, hold: "duban_unassigned_items \(count)")
        try await untilMetrics(daemon, hold: #"duban_tiers_passed_over_total{tier="street"} \#(count)"#)
        // What happens to them later says nothing new.
        try test.publish((2..<count).map { Sample.event("complaint.resolved", id: "r\($0)", subject: "S\($0)", data: "{}") })
        try await untilMetrics(daemon, hold: "duban_unassigned_items 2")
        try test.publish(
          (0..<2).map {
            Sample.event("complaint.accepted", id: "a\($0)", source: "/qr/mashang", subject: "secret\($0)", data: "{}")
          })
        try test.store.until("(SELECT count(*) FROM item_event WHERE type = 'complaint.accepted') = 2")
        try daemon.until("the batches are told of") {
          daemon.log.split(separator: "\n").filter { $0.contains("batch committed") }.map { field("applied", $0) }.reduce(0, +)
            == 2 * count + 1
        }

        let told = warnings(daemon, "items are unassigned (待派)")
        #expect(told.map { field("count", $0) }.reduce(0, +) == count && told.map { field("confidential", $0) }.reduce(0, +) == 2)
        #expect(told.count <= daemon.log.split(separator: "\n").count { $0.contains("batch committed") })
        #expect(told.contains { $0.contains("example=/hotline/12345/S") && $0.contains("dubanctl directory apply FILE") })
        #expect(!daemon.log.contains("secret") && warnings(daemon, "passed over").isEmpty, "\(daemon.log)")
        #expect(try test.dubanctl("items", "list", "--unassigned", "--phase", "open").output.contains("待派"))
      }
    }
  }

  @Test(
    "the gauge falls when the directory file that adds the street is applied: the item goes to the street, and the operator is told"
  )
  func learnt() async throws {
    try await Surroundings.with { test in
      let environment = ["DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_AUDIT_SECONDS": "1"]
      try await test.withProcess(environment) { daemon in
        try test.publish(
          ["无此街道", "仍无此街道"].map {
            Sample.event(
              "complaint.submitted", id: $0, subject: "S\($0)", data: #"{"region":{"district":"黄石港区","street":"\#($0)"}}"#)
          })
        try await daemon.untilReadiness(is: 200)
        try await untilMetrics(daemon, hold: "duban_unassigned_items 2")
        let file = FileManager.default.temporaryDirectory.appending(path: "\(test.store.database.name).yaml")
        try TestStore.directory.replacing("花湖街道", with: "花湖街道, 无此街道").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let applied = try test.dubanctl("directory", "apply", file.path)
        #expect(applied.end == .exit(0), "\(applied.errors)")
        #expect(
          applied.output == """
            黄石市: 2 districts, 4 streets, 3 units, 3 sources
            directory version 2 is in force, with 1 change
            items that were 待派 and are assigned now: 1
            items that are still 待派: 1; dubanctl items list --unassigned

            """)
        try await untilMetrics(daemon, hold: "duban_unassigned_items 1")
        let shown = try test.dubanctl("items", "show", "S无此街道").output
        #expect(shown.contains("承办          无此街道") && shown.contains("item.placed: 黄石港区无此街道"), "\(shown)")
        // The organ that a breach would name.
        #expect(shown.contains(" at 无此街道, counted from ") && !shown.contains(" at 黄石港区"), "\(shown)")
        try TestStore.directory.replacing("黄石市", with: "大冶市").write(to: file, atomically: true, encoding: .utf8)
        let other = try test.dubanctl("directory", "apply", file.path)
        #expect(other.end == .exit(64) && other.errors.contains("this database is 黄石市's and the file 大冶市's"))
        #expect(try test.dubanctl("items", "explain", "S无此街道").output.contains("承办"))
        // The daemon itself knows it from now on.
        try test.publish([
          Sample.event("complaint.submitted", id: "T", subject: "T", data: #"{"region":{"district":"黄石港区","street":"无此街道"}}"#)
        ])
        try test.store.until("(SELECT tier = 'street' AND NOT unassigned FROM item WHERE subject = 'T')")
      }
    }
  }

  @Test("a misspelt street is suggested in the log, in the receipt and in the list of what is 待派, and not once it is known")
  func misspelt() async throws {
    try await Surroundings.with { test in
      try await test.withProcess { daemon in
        func event(_ id: String, _ street: String) -> String {
          Sample.event(
            "complaint.submitted", id: id, source: "/qr/mashang", subject: id,
            data: #"{"region":{"district":"黄石港区","street":"\#(street)"}}"#)
        }
        try test.publish([event("bad", "胜阳岗街道")])
        try test.store.until("(SELECT unassigned FROM item WHERE subject = 'bad')")
        try daemon.until("the suggestion is told") { !warnings(daemon, "suggestions=黄石港区胜阳港街道").isEmpty }
        try test.publish([event("good", " 胜阳港 街道")])
        try test.store.until("(SELECT NOT unassigned FROM item WHERE subject = 'good')")
        let receipts = try test.take(2, from: "test.events").map { String(decoding: $0.body, as: UTF8.self) }
        #expect(receipts[0].contains(#""suggestions":["黄石港区胜阳港街道"]"#) && !receipts[1].contains("suggestions"), "\(receipts)")
        #expect(warnings(daemon, "items are unassigned").count == 1 && !daemon.log.contains("胜阳岗"))
      }
      let listed = try test.dubanctl("items", "list", "--unassigned").output
      #expect(listed.contains("region") && listed.contains("黄石港区 胜阳岗街道  黄石港区胜阳港街道"), "\(listed)")
      let json = try test.dubanctl("items", "list", "--unassigned", "--json").output
      #expect(json.contains(#""region" : "黄石港区 胜阳岗街道""#) && json.contains(#""黄石港区胜阳港街道""#), "\(json)")
      #expect(try !test.dubanctl("items", "list").output.contains("meant perhaps"))
    }
  }

  @Test("a tier that has nobody when an item climbs is counted, and told of in one line for all that pass it over")
  func passedOver() async throws {
    try await Surroundings.with { test in
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(try freePort())"]) { daemon in
        try await daemon.untilReadiness(is: 200)
        try test.publish(complaints: 30)
        try test.store.until("(SELECT count(*) FROM item) = 30")
        // As no directory file can say it, and a row that was mended by hand can.
        let owner = try test.store.database.connect()
        try owner.runScript("UPDATE item SET district_id = NULL")
        owner.close()
        try test.store.setClock(ahead: "49 hours")
        try test.store.until("(SELECT count(*) FROM item WHERE tier = 'city') = 30")
        try await untilMetrics(daemon, hold: #"duban_tiers_passed_over_total{tier="district"} 30"#)
        try daemon.untilLog(contains: "tiers were passed over")
        let told = warnings(daemon, "tiers were passed over")
        #expect(told.map { field("count", $0) }.reduce(0, +) == 30)
        #expect(told.count <= daemon.log.split(separator: "\n").count { $0.contains("deadlines passed") })
        #expect(told.allSatisfy { $0.contains("tiers=district") && $0.contains("example=/hotline/12345/S") })
      }
    }
  }
}
