// What an operator meets at the command line: exit codes, messages and output of the real duband and dubanctl.

import AMQP
import Duban
import DubanBroker
import DubanStore
import DubanWorkers
import Foundation
import PostgreSQL
import Testing
import TestServers

@Suite("duband's refusals")
struct RefusalTests {
  /// A setting that is wrong, and what the line about it must contain.
  struct Wrong: Sendable, CustomTestStringConvertible {
    var environment: [String: String]
    var arguments: [String] = []
    var says: [String]

    var testDescription: String { "\(says)" }
  }

  private static let right = ["DUBAN_AMQP_URL": "amqp://127.0.0.1:1", "DUBAN_POSTGRES_DSN": "host=127.0.0.1 port=1"]

  @Test(
    "a missing or mistyped setting is one line that names it, and exit code 78",
    arguments: [
      Wrong(environment: ["DUBAN_AMQP_URL": ""], says: ["amqp.url", "DUBAN_AMQP_URL", "empty"]),
      Wrong(environment: ["DUBAN_POSTGRES_DSN": "duban"], says: ["postgres.dsn", "DUBAN_POSTGRES_DSN"]),
      Wrong(environment: ["DUBAN_AMQP_URL": "http://u:secret@h"], says: ["amqp.url", "DUBAN_AMQP_URL"]),
      Wrong(environment: ["DUBAN_INTAKE_BATCH": "many"], says: ["intake.batch", "DUBAN_INTAKE_BATCH", "many", "whole number"]),
      Wrong(environment: ["DUBAN_STATUS_PORT": "70000"], says: ["status.port", "70000", "0 to 65535"]),
      Wrong(environment: ["DUBAN_LOG_LEVEL": "loud"], says: ["log.level", "loud", "debug"]),
      Wrong(environment: ["DUBAN_INTAKE_BTACH": "5"], says: ["DUBAN_INTAKE_BTACH", "no setting", "intake.batch"]),
      Wrong(environment: [:], arguments: ["--roles", "intake,relai"], says: ["roles", "relai", "deadlines"]),
      Wrong(
        environment: [:], arguments: ["--config", "/nonexistent.yaml"], says: ["--config", "/nonexistent.yaml", "No such file"]),
    ])
  func wrongSetting(_ wrong: Wrong) async throws {
    let result = try await withOwnThreads {
      try Program.duband.run(["run"] + wrong.arguments, Self.right.merging(wrong.environment) { $1 })
    }
    #expect(result.end == .exit(78) && result.output.isEmpty)
    #expect(result.errors.hasPrefix("duband: ") && result.errors.split(separator: "\n").count == 1)
    for word in wrong.says { #expect(result.errors.contains(word), "\(result.errors)") }
    #expect(!result.errors.contains("secret"))
  }

  @Test("each setting that must be there is named where it is not", arguments: ["DUBAN_AMQP_URL", "DUBAN_POSTGRES_DSN"])
  func missingSetting(_ name: String) async throws {
    let result = try await withOwnThreads { try Program.duband.run(["run"], Self.right.filter { $0.key != name }) }
    #expect(result.end == .exit(78))
    #expect(result.errors.hasPrefix("duband: ") && result.errors.contains(name) && result.errors.contains("is not set"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("dubanctl refuses a wrong setting as duband does: one line that names it, and exit code 78")
  func dubanctlToo() async throws {
    try await withOwnThreads {
      for (variable, value, arguments) in [
        ("DUBAN_AMQP_URL", "http://u:secret@h", ["queues"]), ("DUBAN_POSTGRES_DSN", "secret", ["items", "list"]),
        ("DUBAN_INTAKE_BTACH", "5", ["migrate", "--dry-run"]), ("DUBAN_POSTGRES_DSN", "", ["policy", "show"]),
      ] {
        let result = try Program.dubanctl.run(arguments, Self.right.merging([variable: value]) { $1 })
        #expect(result.end == .exit(78) && result.output.isEmpty, "\(result)")
        #expect(result.errors.hasPrefix("dubanctl: ") && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(result.errors.contains(variable) && !result.errors.contains("secret"))
      }
    }
  }

  @Test("a database without the schema is refused with exit code 78 and the command that mends it")
  func unmigrated() async throws {
    try await withOwnThreads {
      try await TestDatabase.with { database in
        let result = try Program.duband.run(["run"], Self.right.merging(["DUBAN_POSTGRES_DSN": database.dsn]) { $1 })
        #expect(result.end == .exit(78))
        #expect(
          result.errors == "duband: the schema is at 0, this program needs \(Migrator.schemaVersion); run: dubanctl migrate\n")
      }
    }
  }

  @Test("a schema newer than the program is refused with exit code 78, by dubanctl too")
  func newerSchema() async throws {
    try await withOwnThreads {
      try await TestStore.with { store in
        let connection = try store.database.connect()
        _ = try connection.execute("INSERT INTO schema_migration (number, name, checksum) VALUES (999, 'later', '')")
        let environment = Self.right.merging(["DUBAN_POSTGRES_DSN": store.database.dsn]) { $1 }
        let complaint = "the schema is at 999, newer than the \(Migrator.schemaVersion) this program knows"
        let result = try Program.duband.run(["run"], environment)
        #expect(result.end == .exit(78))
        #expect(result.errors.hasPrefix("duband: " + complaint))
        let list = try Program.dubanctl.run(["items", "list"], environment)
        #expect(list.end == .exit(1) && list.errors.contains(complaint))
      }
    }
  }

  @Test("a status port that is taken ends duband with exit code 1 and a line that says so")
  func takenPort() async throws {
    try await Surroundings.with { test in
      let port = try freePort()
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(port)"]) { daemon in
        try await daemon.untilReadiness(is: 200)
        let second = try Program.duband.run(["run"], test.connections.merging(["DUBAN_STATUS_PORT": "\(port)"]) { $1 })
        #expect(second.end == .exit(1))
        #expect(second.errors.contains("cannot listen on 127.0.0.1:\(port)"))
      }
    }
  }
}

@Suite("dubanctl")
struct DubanctlTests {
  private struct Item: Decodable {
    var id: Int
    var subject, kind, phase: String
    var tier, responsible, title, dueAt: String?
    var unassigned: Bool
  }

  private struct Shown: Decodable {
    struct Entry: Decodable {
      var number: Int?
      var type: String
      var messageID, verdict: String?
      var facts: String
    }

    var item: Item
    var timeline: [Entry]
  }

  private struct Queue: Decodable, Equatable {
    var queue: String
    var messages, consumers, deadLetters: Int
  }

  @Test("publish sends each line of a file by its type; the items are listed, filtered and shown with their timelines")
  func publishAndItems() async throws {
    try await Surroundings.with { test in
      let lines = [
        Sample.event("complaint.submitted", id: "1", subject: "2026-001"),
        Sample.event("inspection.assigned", id: "2", subject: "2026-002"), "",
        Sample.event("complaint.submitted", id: "3", source: "/qr/mashang", subject: "2026-001", data: #"{"title":"飞线"}"#),
        Sample.event("complaint.responded", id: "4", subject: "2026-001", data: "{}"),
      ]
      try withFile(lines.joined(separator: "\n")) { file in
        let result = try test.dubanctl("publish", file)
        #expect(result.end == .exit(0) && result.output == "published 4\n", "\(result.errors)")
      }
      let waiting = try decode([Queue].self, test.dubanctl("queues", "--json"))
      #expect(waiting.map(\.messages) == [3, 1, 0, 0] && waiting.allSatisfy { $0.consumers == 0 && $0.deadLetters == 0 })

      try await test.withProcess { _ in
        try test.store.until("(SELECT count(*) FROM item_event) = 4")
        let consumed = try decode([Queue].self, test.dubanctl("queues", "--json"))
        #expect(consumed.allSatisfy { $0.consumers > 0 && $0.messages == 0 })
        #expect(try test.dubanctl("queues").output.split(separator: "\n").count == 5)
      }

      let all = try decode([Item].self, test.dubanctl("items", "list", "--json"))
      #expect(all.map(\.subject).sorted() == ["2026-001", "2026-001", "2026-002"])
      let responded = try decode([Item].self, test.dubanctl("items", "list", "--phase", "responded", "--json"))
      #expect(responded.map(\.responsible) == ["胜阳港街道"] && responded[0].tier == "street" && responded[0].dueAt != nil)
      let unassigned = try decode([Item].self, test.dubanctl("items", "list", "--unassigned", "--limit", "1", "--json"))
      #expect(unassigned.map(\.title) == ["飞线"] && unassigned[0].tier == "city")
      #expect(try decode([Item].self, test.dubanctl("items", "list", "--overdue", "--json")).isEmpty)
      #expect(try test.dubanctl("items", "list", "--overdue").output == "none\n")

      let shown = try decode(Shown.self, test.dubanctl("items", "show", "/hotline/12345/2026-001", "--json"))
      #expect(shown.timeline.map(\.type) == ["complaint.submitted", "complaint.responded"])
      #expect(shown.timeline.map(\.number) == [1, 2] && shown.timeline.map(\.messageID) == ["1", "4"])
      #expect(shown.timeline.allSatisfy { $0.verdict == "applied" } && shown.timeline[0].facts.contains("覆盆山小区"))
      #expect(shown.item.title == "雨水管未接入市政管网")
      #expect(try decode(Shown.self, test.dubanctl("items", "show", "\(shown.item.id)", "--json")).item.id == shown.item.id)

      let ambiguous = try test.dubanctl("items", "show", "2026-001")
      #expect(ambiguous.end == .exit(64) && ambiguous.errors.contains("several items go by 2026-001, so write SOURCE/NUMBER"))
      #expect(["/hotline/12345/2026-001", "/qr/mashang/2026-001"].allSatisfy(ambiguous.errors.contains))
      let cut = try test.dubanctl("items", "list", "--limit", "1")
      #expect(cut.end == .exit(0) && cut.errors == "dubanctl: 1 of 3 shown; --limit shows more\n", "\(cut.errors)")
      let none = try test.dubanctl("items", "list", "--limit", "0")
      #expect(none.end == .exit(64) && none.errors.contains("write a whole number, 1 or more"), "\(none.errors)")
      let unknown = try test.dubanctl("items", "show", "2026-009")
      #expect(unknown.end == .exit(64) && unknown.errors.contains("no item 2026-009"))
      let mistyped = try test.dubanctl("items", "list", "--kind", "complaints")
      #expect(mistyped.end == .exit(64) && mistyped.errors.contains("--kind"))
    }
  }

  @Test("publish tells the line that is no event and publishes nothing; one that no queue takes is told too")
  func badPublish() async throws {
    try await Surroundings.with { test in
      let good = Sample.event("complaint.submitted", id: "1", subject: "S")
      try withFile(good + "\n{\"type\":\n" + good) { file in
        let result = try test.dubanctl("publish", file)
        #expect(result.end == .exit(64) && result.output.isEmpty)
        #expect(result.errors.contains("line 2 is not a JSON event with a type; nothing was published"))
        #expect(try test.depth(of: "duban.complaints") == 0)
        // As it stands, for those who want to see what becomes of it.
        let raw = try test.dubanctl("publish", "--raw", "--routing-key", "complaint.submitted", file)
        #expect(raw.end == .exit(0) && raw.output == "published 3\n")
        #expect(try test.depth(of: "duban.complaints") == 3)
      }
      let stray = Sample.event("weather.changed", id: "2", subject: "S")
      try withFile([stray, "", good, stray, good].joined(separator: "\n")) { file in
        let result = try test.dubanctl("publish", file)
        #expect(result.end == .exit(64) && result.errors.contains("Error: 2 of 4 lines were taken\n"), "\(result.errors)")
        let remedy = "was not taken: no queue takes routing key weather.changed: correct `type`; see dubanctl check"
        #expect([1, 4].allSatisfy { result.errors.contains("line \($0) \(remedy)") }, "\(result.errors)")
        #expect(try test.depth(of: "duban.complaints") == 5)
      }
      let missing = try test.dubanctl("publish", "/nonexistent.ndjson")
      #expect(missing.end == .exit(64) && missing.errors.contains("/nonexistent.ndjson: cannot be read"))
      let keyless = try test.dubanctl("publish", "--raw", "/nonexistent.ndjson")
      #expect(keyless.end == .exit(64) && keyless.errors.contains("--raw needs --routing-key"))
    }
  }

  @Test(
    "check says of each line whether Duban could read it and what it would be told, without servers; exit code 1 if one is bad")
  func check() throws {
    func check(_ bytes: [UInt8]) throws -> (end: ChildProcess.End, output: String, errors: String) {
      let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).ndjson")
      defer { try? FileManager.default.removeItem(at: file) }
      try Data(bytes).write(to: file)
      return try Program.dubanctl.run(["check", file.path], [:])
    }
    let good = Sample.event("complaint.submitted", id: "1", subject: "S")
    let allGood = try check(Array("\(good)\r\n\n\(good)".utf8))
    #expect(allGood.end == .exit(0) && allGood.output == "line 1: ok\nline 3: ok\n" && allGood.errors.isEmpty)
    let bad = Sample.event("reminder.scheduled", id: "2", subject: "R", data: "{}")
    let someBad = try check(Array("\(bad)\n\(good)\n{\n\"".utf8) + [0xFF, 0x22, 0x0A])
    #expect(
      someBad.output == """
        line 1: missing-field at /data/due: say when the reminder falls due, RFC 3339
        line 2: ok
        line 3: not-json: the body is not JSON: see byte 2
        line 4: not-utf8: the body is not UTF-8; encode it so

        """)
    #expect(someBad.end == .exit(1) && someBad.errors.isEmpty)
    let missing = try Program.dubanctl.run(["check", "/nonexistent.ndjson"], [:])
    #expect(missing.end == .exit(64) && missing.errors.contains("/nonexistent.ndjson: cannot be read"))
  }

  @Test("an unknown command or option is told with the nearest one, and what there is")
  func unknown() throws {
    for (arguments, says) in [
      (
        ["polcy", "apply", "x.yaml"],
        "there is no command 'polcy' here; known are migrate, policy, calendar,"
      ),
      (["policy", "aply", "x.yaml"], "there is no command 'aply' here; known are check, diff, apply,"),
      (["polcy"], "; the nearest is policy"), (["itms", "list"], "; the nearest is items"),
      (["dead", "replya", "3"], "; the nearest is replay"), (["zzz"], "there is no command 'zzz' here; known are migrate,"),
      (["calendar", "import", "--dry-rn", "x.csv"], "Unknown option '--dry-rn'. Did you mean '--dry-run'?"),
    ] {
      let result = try Program.dubanctl.run(arguments, [:])
      #expect(result.end == .exit(64) && result.output.isEmpty && result.errors.contains(says), "\(result.errors)")
    }
    for arguments in [["--help"], ["help", "policy"], ["policy", "--help"], ["policy"]] {
      let result = try Program.dubanctl.run(arguments, [:])
      #expect(result.end == .exit(0) && result.output.contains("USAGE: "), "\(result)")
    }
  }

  @Test("each thing that is wrong in a file is a line that names the file; reference prints every key")
  func fileFaults() throws {
    try withFile("schedules:\n  - { name: a, notice: 通报, every: month, tier: district }\n  - { name: b }\n") { file in
      let result = try Program.dubanctl.run(["schedules", "check", file], [:])
      #expect(result.end == .exit(64) && result.output.isEmpty)
      for line in [
        "\(file): line 2: schedules[0].notice: write summons or bulletin, not '通报'", "\(file): line 3: schedules[1]: every is",
      ] {
        #expect(result.errors.contains(line), "\(result.errors)")
      }
    }
    let shipped = TestStore.root.appending(path: "deploy/schedules/default.yaml").path
    #expect(try Program.dubanctl.run(["schedules", "check", shipped], [:]).output == "2 schedules, valid\n")
    #expect(try Program.dubanctl.run(["policy", "reference"], [:]).output == Policy.reference + "\n")
    #expect(try Program.dubanctl.run(["schedules", "reference"], [:]).output == ScheduleDraft.reference + "\n")
  }

  @Test("a file with Windows line ends is published line by line")
  func windowsLines() async throws {
    try await Surroundings.with { test in
      let lines = (1...3).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)") }
      try withFile(lines.joined(separator: "\r\n") + "\r\n") { file in
        let result = try test.dubanctl("publish", file)
        #expect(result.end == .exit(0) && result.output == "published 3\n", "\(result.errors)")
      }
      #expect(try test.take(3, from: "duban.complaints").map(\.body) == lines.map { Array($0.utf8) })
    }
  }

  @Test("without the broker's queues or the servers a command says what is missing")
  func nothingThere() async throws {
    try await withTestBroker { broker in
      let environment = ["DUBAN_AMQP_URL": broker.url, "DUBAN_POSTGRES_DSN": "host=127.0.0.1 port=1"]
      let queues = try Program.dubanctl.run(["queues", "--json"], environment)
      #expect(queues.end == .exit(64) && queues.output.isEmpty)
      #expect(queues.errors.contains("queue duban.complaints is not there yet; duband declares it when it starts"))
      let items = try Program.dubanctl.run(["items", "list", "--json"], environment)
      #expect(items.end == .exit(1) && items.output.isEmpty && items.errors.contains("Connection refused"))
      let unset = try Program.dubanctl.run(["queues"], [:])
      #expect(
        unset.end == .exit(78) && unset.output.isEmpty && unset.errors.contains("DUBAN_AMQP_URL")
          && unset.errors.contains("is not set"))
    }
  }

  @Test("migrate --dry-run changes nothing, migrate brings an empty database up to date, and again finds nothing to do")
  func migrate() async throws {
    try await withOwnThreads {
      try await TestDatabase.with { database in
        func migrate(_ arguments: String...) throws -> (end: ChildProcess.End, output: String, errors: String) {
          try Program.dubanctl.run(["migrate"] + arguments, ["DUBAN_POSTGRES_DSN": database.dsn])
        }
        let connection = try database.connect()
        func lines(_ what: String) -> String {
          Migrator.embedded.map { "\(what) \($0.number) \($0.name)\n" }.joined()
        }
        let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        for _ in 1...2 {
          let dry = try migrate("--dry-run")
          #expect(dry.end == .exit(0) && dry.output == lines("would apply"), "\(dry.errors)")
          #expect(try connection.execute(tables).first?.decode(0) == 0)
        }
        let real = try migrate()
        #expect(real.end == .exit(0) && real.output == lines("applied"), "\(real.errors)")
        let again = try migrate()
        #expect(again.end == .exit(0) && again.output == "the schema is up to date\n", "\(again.errors)")
        _ = try connection.execute("UPDATE schema_migration SET checksum = 'other' WHERE number = 1")
        let changed = try migrate()
        let first = try #require(Migrator.embedded.first)
        #expect(
          changed.end == .exit(1) && changed.errors.contains("migration 1 (\(first.name)) was changed after it was applied"))
      }
    }
  }

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).ndjson")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path)
  }

  private func decode<T: Decodable>(
    _ type: T.Type, _ result: (end: ChildProcess.End, output: String, errors: String)
  ) throws -> T {
    #expect(result.end == .exit(0) && result.errors.isEmpty, "\(result.errors)")
    return try JSONDecoder().decode(type, from: Data(result.output.utf8))
  }
}

@Suite("Clients that are not ours")
struct ForeignClientTests {
  @Test("what amqp-publish, a program of librabbitmq's own, sends is taken, and refused where it is wrong")
  func amqpPublish() async throws {
    try await Surroundings.with { test in
      func publish(_ body: String, _ options: String...) throws {
        let arguments = ["--url", test.broker.url, "--exchange", DubanTopology.intakeExchange] + options + ["--body", body]
        let result: (end: ChildProcess.End, output: String, errors: String)
        do {
          result = try ChildProcess.run("amqp-publish", arguments, environment: Program.environment([:]))
        } catch {
          throw TestFault("amqp-publish, of Debian's amqp-tools, is needed (deploy/lib/prerequisites installs it): \(error)")
        }
        #expect(result.end == .exit(0), "\(result.errors)")
      }
      let json = ["--content-type", "application/cloudevents+json"]
      // No content type, not persistent: the least that a client can send.
      try publish(Sample.event("complaint.submitted", id: "1", subject: "S1"), "--routing-key", "complaint.submitted")
      try publish(
        Sample.event("complaint.submitted", id: "2", subject: "S2"), "--routing-key", "complaint.submitted", "--persistent",
        json[0], json[1])
      try publish("督办", "--routing-key", "complaint.submitted", json[0], json[1])
      try await test.withProcess { _ in
        try test.store.until("(SELECT count(*) FROM item) = 2")
        let letter = try test.take(1, from: "duban.complaints.dead")[0]
        #expect(letter.header("duban-reason") == "not-json" && letter.body == Array("督办".utf8))
      }
    }
  }
}
