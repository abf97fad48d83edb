// What an operator does at the command line about dead letters and about events that wait: the real dubanctl on real servers.

import AMQP
import Duban
import DubanBroker
import DubanStore
import DubanWorkers
import Foundation
import FoundationNetworking
import PostgreSQL
import Testing
import TestServers

@Suite("dubanctl dead and waiting", .serialized)
struct CaseworkCommandTests {
  private struct Letter: Decodable {
    var letter, queue, reason, pointer, firstSeen, worker: String
    var traceparent: String?
  }

  private struct Action: Decodable {
    var letter, action, refusedFor, by: String
    var reason, doneAt: String?
  }

  private struct Event: Decodable {
    var event, itemSource, subject, phase, type, messageID, since: String
    var flaggedAt, reason, detail: String?
  }

  private struct Discarded: Decodable {
    var messageID, reason, by: String
  }

  private func decode<T: Decodable>(
    _ type: T.Type, _ result: (end: ChildProcess.End, output: String, errors: String)
  ) throws -> T {
    #expect(result.end == .exit(0), "\(result.errors)")
    return try JSONDecoder().decode(type, from: Data(result.output.utf8))
  }

  /// Has duband refuse lines of which each is a dead letter then.
  private func refuse(_ lines: [String], _ test: Surroundings) async throws {
    try test.publish(lines)
    try await test.withProcess { daemon in
      try daemon.until("the letters are there") {
        try DubanTopology.intakeQueues.map { try test.depth(of: $0.deadLetterQueue) }.reduce(0, +) == lines.count
      }
    }
  }

  @Test(
    "letters are listed with reason, pointer, time and worker, selected by id, reason and queue, and each command has a dry run")
  func selecting() async throws {
    try await Surroundings.with { test in
      try await refuse(
        [
          Sample.event("complaint.submitted", id: "1", source: "/nobody", subject: "A"), "{",
          Sample.event("funding.requested", id: "2", source: "/nobody", subject: "B"),
          Sample.event("complaint.submitted", id: "3", source: "/nobody", subject: "C"),
        ], test)
      func list(_ arguments: String...) throws -> [Letter] {
        try decode([Letter].self, Program.dubanctl.run(["dead", "list", "--json"] + arguments, test.connections))
      }
      let all = try list()
      #expect(all.map(\.reason) == ["unknown-source", "not-json", "unknown-source", "unknown-source"])
      #expect(all.map(\.pointer) == ["/source", "", "/source", "/source"])
      #expect(all.allSatisfy { $0.worker.hasPrefix("intake-") && Duban.Instant(rfc3339: $0.firstSeen) != nil })
      // The condition counts before the limit does.
      #expect(try list("--reason", "not-json", "--limit", "1").map(\.letter) == [all[1].letter])
      #expect(try list("--queue", "duban.funding").map(\.letter) == [all[3].letter])
      let table = try test.dubanctl("dead", "list", "--limit", "2")
      #expect(table.output.contains(all[0].worker) && table.errors.contains("there are more"))
      let unknown = try test.dubanctl("dead", "list", "--queue", "duban.rumours")
      #expect(unknown.end == .exit(64) && unknown.errors.contains("there are duban.complaints, "))
      let reasonless = try test.dubanctl("dead", "list", "--reason", "unknwn")
      #expect(reasonless.end == .exit(64) && reasonless.errors.contains("no reason unknwn; there are too-large, "))
      for command in [["replay"], ["discard", "--because", "x"]] {
        let nothing = try Program.dubanctl.run(["dead"] + command, test.connections)
        #expect(nothing.end == .exit(64) && nothing.errors.contains("name letters, or select by --queue or --reason, or --all"))
      }

      for arguments in [
        ["replay", "--all"], ["replay", "--reason", "unknown-source"],
        ["discard", "--because", "x", "--queue", "duban.complaints"],
        ["discard", all[0].letter, all[1].letter, all[3].letter, "--because", "x"],
      ] {
        let dry = try Program.dubanctl.run(["dead"] + arguments + ["--dry-run"], test.connections)
        let verb = "would \(arguments[0]) "
        let count = arguments.contains("--all") ? 4 : 3
        #expect(
          dry.end == .exit(0) && dry.output.split(separator: "\n").filter { $0.hasPrefix(verb) }.count == count, "\(dry.errors)")
      }
      #expect(try list().map(\.letter) == all.map(\.letter))
      #expect(try test.store.ask("SELECT count(*) FROM dead_letter_action") == 0)

      let named = try test.dubanctl(
        "dead", "discard", all[1].letter, "nonesuch", "--because", "无法辨认", environment: ["USER": "wang"])
      #expect(named.end == .exit(64) && named.output == "discarded \(all[1].letter) (not-json)\n")
      #expect(named.errors.hasPrefix("Error: no dead letter nonesuch\n"), "\(named.errors)")
      let queue = try test.dubanctl("dead", "replay", "--queue", "duban.funding", environment: ["USER": "li"])
      #expect(queue.end == .exit(0) && queue.output == "replayed \(all[3].letter) (unknown-source)\n")
      #expect(try list().map(\.letter) == [all[0].letter, all[2].letter] && test.depth(of: "duban.funding") == 1)

      let history = try decode([Action].self, test.dubanctl("dead", "history", "--json"))
      #expect(history.map(\.letter) == [all[3].letter, all[1].letter] && history.map(\.action) == ["replayed", "discarded"])
      #expect(history.map(\.by) == ["li", "wang"] && history[1].reason == "无法辨认" && history.allSatisfy { $0.doneAt != nil })
      #expect(try decode([Action].self, test.dubanctl("dead", "history", all[1].letter, "--json")).map(\.by) == ["wang"])
      #expect(try test.dubanctl("dead", "history").output.contains("无法辨认"))
    }
  }

  @Test(
    "a letter is shown, mended in a file and replayed; of copies in one go one is replayed, and the exit code tells of the others"
  )
  func mending() async throws {
    try await Surroundings.with { test in
      let bad = Sample.event("complaint.submitted", id: "1", source: "/nobody", subject: "A")
      try await refuse([bad, bad], test)
      let letters = try decode([Letter].self, test.dubanctl("dead", "list", "--json"))
      let shown = try test.dubanctl("dead", "show", letters[0].letter)
      #expect(shown.output == bad + "\n")
      let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).json")
      defer { try? FileManager.default.removeItem(at: file) }
      try Data(shown.output.replacing("/nobody", with: "/hotline/12345").utf8).write(to: file)
      let several = try test.dubanctl("dead", "replay", "--all", "--body", file.path)
      #expect(several.end == .exit(64) && several.errors.contains("--body corrects one letter"))
      let mended = try test.dubanctl("dead", "replay", letters[0].letter, "--body", file.path, "--because", "来源写错")
      #expect(mended.end == .exit(0), "\(mended.errors)")
      for dry in [["--dry-run"], []] {
        let copy = try Program.dubanctl.run(["dead", "replay", "--all"] + dry, test.connections)
        #expect(
          copy.end == .exit(1) && copy.output.isEmpty && copy.errors.contains("says the same as letter \(letters[0].letter)"))
      }
      let again = try test.dubanctl("dead", "replay", letters[0].letter)
      #expect(again.end == .exit(64) && again.errors.contains("no dead letter"))
      #expect(try test.dubanctl("dead", "discard", "--all", "--because", "重复").end == .exit(0))
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item WHERE subject = 'A') = 1") }
      #expect(try test.depth(of: "duban.complaints.dead") == 0)
    }
  }

  @Test("12388: what may be a confidential source's letter is shown only on request, and only to who may see that source's items")
  func confidentialLetters() async throws {
    try await Surroundings.with { test in
      try test.store.makeConfidential()
      try await refuse(
        [
          Sample.event("complaint.submitted", id: "1", source: "/qr/mashang", subject: "secret", data: "[]"),
          #"{"source":"/qr/mashang","secret""#,
          Sample.event("complaint.submitted", id: "2", subject: "open", data: "[]"),
        ], test)
      let listed = try test.dubanctl("dead", "list", "--json")
      #expect(!listed.output.contains("secret"))
      let letters = try decode([Letter].self, listed)
      func show(_ letter: Int, as user: String?, _ options: String...) throws -> (
        end: ChildProcess.End, output: String, errors: String
      ) {
        var environment = test.connections
        if let user { environment["DUBAN_POSTGRES_DSN"] = try test.store.dsn(as: user) }
        return try Program.dubanctl.run(["dead", "show", letters[letter].letter] + options, environment)
      }
      for letter in 0...1 {
        #expect(try show(letter, as: nil).errors.contains("--confidential"))
        let clerk = try show(letter, as: TestStore.outsider, "--confidential")
        #expect(
          clerk.end == .exit(64) && !clerk.output.contains("secret")
            && clerk.errors.contains("not a member of duban_confidential"))
        for user in [nil, TestStore.insider] {
          #expect(try show(letter, as: user, "--confidential").output.contains("secret"))
        }
        #expect(try !show(letter, as: nil, "--json").output.contains("secret"))
      }
      #expect(try show(2, as: TestStore.outsider).output.contains("open"))
    }
  }

  @Test("an event that waits too long is flagged in the log and the metrics, is listed, and is given up for a reason")
  func waiting() async throws {
    try await Surroundings.with { test in
      let port = try freePort()
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(port)"]) { daemon in
        try test.publish([
          Sample.event("complaint.responded", id: "m-1", subject: "S-1", data: "{}"),
          Sample.event("complaint.resolved", id: "m-2", subject: "S-1", data: "{}"),
        ])
        try test.store.until("(SELECT count(*) FROM verdict WHERE verdict = 'waits') = 2")
        #expect(try test.dubanctl("waiting", "--overdue").output == "no event waits\n")
        try test.store.setClock(ahead: "25 hours")
        try daemon.untilLog(contains: "events wait too long for their item")
        let line = try #require(daemon.log.split(separator: "\n").first { $0.contains("too long") })
        #expect(line.contains("level=warning") && line.contains("count=2") && line.contains("/hotline/12345: 2"))
        #expect(!daemon.log.contains("S-1") && !daemon.log.contains("m-1"))
        let url = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
        var metrics = ""
        let bound = ContinuousClock.now + patience
        while !metrics.contains("duban_overdue_waiting_events 2"), .now < bound {
          metrics = String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self)
        }
        #expect(metrics.contains("\nduban_overdue_waiting_events 2") && metrics.contains("\nduban_waiting_events 2"))
      }
      let events = try decode([Event].self, test.dubanctl("waiting", "--overdue", "--json"))
      #expect(events.map(\.messageID) == ["m-1", "m-2"] && events.allSatisfy { $0.flaggedAt != nil && $0.phase == "awaited" })
      #expect(try decode([Event].self, test.dubanctl("waiting", "--json", "--limit", "1")).count == 1)
      #expect(events[0].event.hasSuffix("/1") && events[1].event.hasSuffix("/2"))
      let dry = try test.dubanctl("waiting", "discard", events[0].event, "--because", "误发", "--dry-run")
      #expect(dry.end == .exit(0) && dry.output.hasPrefix("would set aside \(events[0].event) "))
      for missing in ["999999/1", "S-1/7", "1"] {
        let refused = try test.dubanctl("waiting", "discard", events[0].event, missing, "--because", "误发")
        #expect(refused.end == .exit(64) && refused.errors.contains("no event \(missing) that does not count"))
      }
      #expect(try decode([Event].self, test.dubanctl("waiting", "--json")).count == 2)
      // Named by the number upstream as well.
      #expect(try test.dubanctl("waiting", "show", "S-1/1").output.contains("it waits"))
      let real = try test.dubanctl("waiting", "discard", "S-1/1", "--because", "误发", environment: ["USER": "wang"])
      #expect(real.end == .exit(0) && real.output.hasPrefix("set aside \(events[0].event) "), "\(real.errors)")
      #expect(try test.dubanctl("waiting", "discard", "S-1/1", "--because", "误发").end == .exit(64))
      #expect(try decode([Event].self, test.dubanctl("waiting", "--json")).map(\.messageID) == ["m-2"])
      let history = try decode([Discarded].self, test.dubanctl("waiting", "history", "--json"))
      #expect(history.map(\.messageID) == ["m-1"] && history[0].by == "wang" && history[0].reason == "误发")
      #expect(try test.dubanctl("waiting").output.contains("/hotline/12345/S-1"))
    }
  }
  @Test("an event that cannot count is listed with the reason, and counts by itself once what was missing is heard")
  func inapplicable() async throws {
    try await Surroundings.with { test in
      let until = #""until":"2099-10-30T17:30:00+08:00""#
      try await test.withProcess { _ in
        func hour(_ number: Int) -> String { "2026-11-20T0\(number):00:00+08:00" }
        let eight = Duban.Instant(rfc3339: hour(8))
        try test.store.setClock(at: #require(eight))
        try test.publish([
          Sample.event("complaint.submitted", id: "m-1", subject: "S-1", time: hour(5)),
          Sample.event(
            "complaint.extension-decided", id: "m-2", subject: "S-1", time: hour(7),
            data: "{\"decision\":\"approved\",\"approver\":\"黄石港区\",\(until)}"),
        ])
        try test.store.until("(SELECT count(*) FROM verdict WHERE verdict = 'inapplicable') = 1")
        let events = try decode([Event].self, test.dubanctl("waiting", "list", "--inapplicable", "--json"))
        #expect(events.map(\.messageID) == ["m-2"] && events[0].reason == "not-requested" && events[0].detail != nil)
        #expect(try test.dubanctl("waiting", "list").output == "no event waits\n")
        #expect(try test.dubanctl("waiting", "show", "S-1/2").output.contains("not-requested"))
        try test.publish([
          Sample.event(
            "complaint.extension-requested", id: "m-3", subject: "S-1", time: hour(6), data: "{\"reason\":\"雨季\",\(until)}")
        ])
        try test.store.until("(SELECT count(*) FROM verdict WHERE verdict = 'inapplicable') = 0")
      }
      #expect(try test.dubanctl("waiting", "list", "--inapplicable").output == "every event counts, or waits\n")
      let both = try test.dubanctl("waiting", "list", "--inapplicable", "--overdue")
      #expect(both.end == .exit(64) && both.errors.contains("leave out --inapplicable"))
    }
  }
}
