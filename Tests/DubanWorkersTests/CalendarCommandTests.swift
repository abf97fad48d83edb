// dubanctl calendar, as an operator and a script use it.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl calendar")
struct CalendarCommandTests {
  private let shipped = TestStore.root.appending(path: "deploy/calendars/cn-workdays.csv").path

  /// Runs it with something to read.
  private func run(_ arguments: [String], input: String) throws -> (end: ChildProcess.End, output: String, errors: String) {
    try withFile(input) { file in
      try ChildProcess.run(
        "bash", ["-c", "exec \"$@\" <\(file)", "bash", Program.dubanctl.path] + arguments, environment: Program.environment([:]))
    }
  }

  private func withFile<T>(_ text: String, _ body: (String) throws -> T) throws -> T {
    let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).csv")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
  }

  @Test("due needs no database with a file, prints the time and nothing else, and tells the provisional on standard error")
  func due() async throws {
    try await withOwnThreads {
      func due(_ arguments: String...) throws -> (end: ChildProcess.End, output: String, errors: String) {
        try Program.dubanctl.run(["calendar", "due", "--calendar", shipped] + arguments, [:])
      }
      let plain = try due("2025-01-24T02:00:00Z", "3", "workdays")
      #expect(plain.end == .exit(0) && plain.output == "2025-02-05T10:00:00+08:00\n" && plain.errors.isEmpty)
      let practice = try due("2026-02-13T09:00:00+08:00", "6", "workdays", "--from-next-day", "--close-of-business")
      #expect(practice.output == "2026-02-28T17:30:00+08:00\n" && practice.errors.isEmpty)
      let provisional = try due("2026-12-31T16:00:00+08:00", "2", "workhours")
      #expect(provisional.end == .exit(0) && provisional.output == "2027-01-01T09:00:00+08:00\n")
      #expect(provisional.errors.hasPrefix("dubanctl: provisional: ") && provisional.errors.split(separator: "\n").count == 1)
    }
  }

  @Test(
    "a word that is wrong is named, with the remedy",
    arguments: [
      (["2025-02-30T02:00:00Z", "3", "workdays"], "'2025-02-30T02:00:00Z' is not an RFC 3339 time"),
      (["2025-02-28T02:00:00Z", "three", "workdays"], "'three' is not a length; write a whole number from 0 to 100000"),
      (["2025-02-28T02:00:00Z", "100001", "hours"], "'100001' is not a length"),
      (["2025-02-28T02:00:00Z", "0", "days", "--from-next-day"], "a whole number from 1 to 100000"),
      (["2025-02-28T02:00:00Z", "3", "weeks"], "'weeks' is not a unit; write hours, days, workdays or workhours"),
      (["9999-12-31T02:00:00Z", "3", "days"], "not up before the year 10000"),
      (["2025-02-28T02:00:00Z", "3"], "give START LENGTH UNIT, or --batch"),
      (["--batch", "2025-02-28T02:00:00Z", "3", "days"], "give START LENGTH UNIT, or --batch"),
    ])
  func wrongWord(arguments: [String], says: String) async throws {
    let result = try await withOwnThreads {
      try Program.dubanctl.run(["calendar", "due", "--calendar", shipped] + arguments, [:])
    }
    #expect(result.end == .exit(64) && result.output.isEmpty && result.errors.contains(says), "\(result.errors)")
  }

  @Test("a batch is answered line by line, a bad line in its place, and ends with status 1 where there was one")
  func batch() async throws {
    try await withOwnThreads {
      let good = try run(
        ["calendar", "due", "--batch", "--calendar", shipped, "--close-of-business"],
        input: "2025-01-24T10:00:00+08:00 3 workdays\r\n2025-03-10T20:00:00+08:00\t48 hours")
      #expect(good.end == .exit(0) && good.errors.isEmpty)
      #expect(good.output == "2025-02-05T17:30:00+08:00\n2025-03-13T17:30:00+08:00\n")
      let mixed = try run(
        ["calendar", "due", "--batch", "--calendar", shipped],
        input: "2025-01-24T10:00:00+08:00 3 workdays\n\n2025-01-24T10:00:00+08:00 3 moons\n2026-12-31T10:00:00+08:00 1 workdays\n"
      )
      #expect(mixed.end == .exit(1))
      let answers = mixed.output.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(answers.count == 5 && answers[0] == "2025-02-05T10:00:00+08:00" && answers[3] == "2027-01-01T10:00:00+08:00")
      #expect(answers[1].hasPrefix("error: line 2: write START LENGTH UNIT"))
      #expect(answers[2].hasPrefix("error: line 3: 'moons' is not a unit"))
      #expect(mixed.errors.contains("2 of 4 lines could not be read") && mixed.errors.contains("provisional: 1 of 4"))
      let nothing = try run(["calendar", "due", "--batch", "--calendar", shipped], input: "")
      #expect(nothing.end == .exit(0) && nothing.output.isEmpty && nothing.errors.isEmpty)
    }
  }

  @Test("an answer that cannot be written ends it with status 1, and standard error says so", arguments: [false, true])
  func fullOutput(isBatch: Bool) async throws {
    try await withOwnThreads {
      let asked = ["2025-01-24T10:00:00+08:00", "3", "workdays"]
      let result = try withFile(asked.joined(separator: " ") + "\n") { file in
        try ChildProcess.run(
          "bash",
          ["-c", "exec \"$@\" <\(file) >/dev/full", "bash", Program.dubanctl.path, "calendar", "due", "--calendar", shipped]
            + (isBatch ? ["--batch"] : asked), environment: Program.environment([:]))
      }
      #expect(result.end == .exit(1))
      #expect(result.errors == "Error: standard output cannot be written: No space left on device\n", "\(result.errors)")
    }
  }

  @Test("a batch of many blocks is answered in order, each line once")
  func manyBlocks() async throws {
    try await withOwnThreads {
      let hours = 0..<20_000
      let result = try run(
        ["calendar", "due", "--batch", "--calendar", shipped],
        input: hours.map { "2025-01-01T00:00:00+08:00 \($0) hours\n" }.joined())
      let answers = result.output.split(separator: "\n")
      #expect(result.end == .exit(0) && answers.count == hours.count && Set(answers).count == hours.count)
      #expect(answers.sorted() == answers && answers.last == "2027-04-14T07:00:00+08:00")
    }
  }

  @Test("what was asked in a batch is answered while more may come")
  func conversation() async throws {
    try await withOwnThreads {
      let script = """
        coproc "$@"
        echo '2025-01-24T10:00:00+08:00 3 workdays' >&${COPROC[1]}
        read -r -t 50 answer <&${COPROC[0]} && echo "$answer"
        exec {COPROC[1]}>&-
        wait
        """
      let result = try ChildProcess.run(
        "bash", ["-c", script, "bash", Program.dubanctl.path, "calendar", "due", "--batch", "--calendar", shipped],
        environment: Program.environment([:]))
      #expect(result.end == .exit(0) && result.output == "2025-02-05T10:00:00+08:00\n", "\(result.errors)")
    }
  }

  @Test(
    "import puts a calendar in force, which show, check and due use; one that lacks earlier years is refused unless that is meant"
  )
  func database() async throws {
    try await withOwnThreads {
      try await TestStore.with { test in
        func calendar(_ arguments: [String]) throws -> (end: ChildProcess.End, output: String, errors: String) {
          try Program.dubanctl.run(
            ["calendar"] + arguments, ["DUBAN_POSTGRES_DSN": test.database.dsn, "USER": "wang", "SUDO_USER": "wang"])
        }
        func calendar(_ arguments: String...) throws -> (end: ChildProcess.End, output: String, errors: String) {
          try calendar(arguments)
        }
        let none = try calendar("due", "2025-01-24T10:00:00+08:00", "3", "workdays")
        #expect(none.end == .exit(1) && none.errors.contains("no calendar has been imported; run: dubanctl calendar import FILE"))

        for _ in 1...2 {
          let imported = try calendar("import", shipped)
          #expect(imported.end == .exit(0) && imported.errors.isEmpty, "\(imported.errors)")
          #expect(imported.output == "calendar version 1 is in force and announces 108 days of 2024, 2025, 2026\n")
        }
        #expect(try calendar("due", "2025-01-24T10:00:00+08:00", "3", "workdays").output == "2025-02-05T10:00:00+08:00\n")
        let shown = try calendar("show", "--year", "2025").output.split(separator: "\n")
        #expect(shown[0].hasPrefix("calendar version 1, cn-workdays, imported 20") && shown[0].hasSuffix(" by wang"))
        #expect(shown.count == 35 && shown[3] == "2025-01-26  workday  春节调休")
        struct Shown: Decodable {
          struct Day: Decodable, Equatable { var date, kind, name: String }
          var version: Int
          var years: [Int]
          var days: [Day]
        }
        let json = try JSONDecoder().decode(Shown.self, from: Data(calendar("show", "--json").output.utf8))
        #expect(json.version == 1 && json.years == [2024, 2025, 2026] && json.days.count == 108)
        #expect(json.days[0] == Shown.Day(date: "2024-01-01", kind: "holiday", name: "元旦"))

        // The database's clock says what is wanted, not that of whoever asks.
        for (date, warning) in [("2026-06-01", nil), ("2026-12-01", "2027"), ("2028-06-01", "2028")] as [(String, String?)] {
          let ahead: String = try test.ask("SELECT (date '\(date)' - current_date) || ' days'")
          try test.setClock(ahead: ahead)
          let check = try calendar("check")
          #expect(check.end == .exit(0) && check.output == "calendar version 1 announces 108 days of 2024, 2025, 2026\n")
          if let warning {
            #expect(check.errors.hasPrefix("dubanctl: \(warning) is not announced in it: add the days"))
          } else {
            #expect(check.errors.isEmpty, "\(check.errors)")
          }
        }

        try withFile("date,kind,name\n2027-01-01,holiday,元旦\n") { file in
          let check = try calendar("check", file)
          #expect(check.end == .exit(0) && check.output == "\(file) announces 1 day of 2027\n")
          for option in [[], ["--dry-run"]] {
            let refused = try calendar(["import", file] + option)
            #expect(refused.end == .exit(64) && refused.output.isEmpty)
            #expect(
              refused.errors.contains(
                "\(file): 2024, 2025, 2026 are announced in the calendar in force, and not in this file; add"),
              "\(refused.errors)")
          }
          let trial = try calendar("import", "--losing-years", "--dry-run", file)
          #expect(
            trial.end == .exit(0) && trial.output.hasPrefix("it announces 1 day of 2027; ")
              && trial.output.hasSuffix("no deadline would change\n"), "\(trial)")
          #expect(try calendar("show").output.hasPrefix("calendar version 1"))
          let imported = try calendar("import", "--losing-years", file)
          #expect(
            imported.end == .exit(0) && imported.output.hasPrefix("calendar version 2 is in force and announces 1 day of 2027"))
        }
        try withFile("date,kind,name\n2027-01-01,feast,元旦\n") { file in
          for command in ["import", "check"] {
            let refused = try calendar(command, file)
            #expect(refused.end == .exit(64) && refused.output.isEmpty)
            #expect(refused.errors.contains("\(file): line 2: write holiday or workday, not 'feast'"), "\(refused.errors)")
          }
        }
      }
    }
  }

  @Test("import --dry-run tells how many deadlines would change, and the first of them")
  func dryRun() async throws {
    try await Surroundings.with { test in
      let policy = PolicyCommandTests.policy("resolution: { within: 13wd from-next-day until-close, district: 3wd, city: 3wd }")
      _ = try test.store.connect().apply(policy: policy)
      let days = "date,kind,name\n2026-01-01,holiday,元旦\n"
      try withFile(days) { file in
        let imported = try test.dubanctl("calendar", "import", file)
        #expect(imported.end == .exit(0))
      }
      let morning = Duban.Instant(rfc3339: "2026-12-14T09:00:00+08:00")
      try test.store.setClock(at: #require(morning))
      try test.publish(
        (1...12).map { Sample.event("complaint.submitted", id: "\($0)", subject: "S\($0)", time: "2026-12-14T08:50:00+08:00") })
      try await test.withProcess { _ in try test.store.until("(SELECT count(*) FROM item_event) = 12") }
      try withFile(days + "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n") { file in
        let trial = try test.dubanctl("calendar", "import", "--dry-run", file)
        #expect(trial.end == .exit(0), "\(trial.errors)")
        let lines = trial.output.split(separator: "\n")
        #expect(lines[0] == "it announces 3 days of 2026, 2027; 2 days changed" && lines[1] == "2026-12-31, 2027-01-01")
        #expect(lines[2] == "12 deadlines of 12 items would change:" && lines.count == 15 && lines[14] == "… and 2 others")
        #expect(lines[4].contains("resolution  2026-12-31T17:30:00+08:00  2027-01-04T17:30:00+08:00"), "\(lines[4])")
      }
      #expect(try test.store.ask("SELECT count(*) FROM calendar", as: Int.self) == 1)
    }
  }
}
