// dubanctl items list and today: what an operator or an official reads, through the real programs.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl items list and today")
struct ItemListsCommandTests {
  private struct Line: Decodable {
    var subject: String
    var unit, district, street, sourceName, overdueSince, overdueClock: String?
    var overdueBySeconds: Int?
    var dueAt: String?
  }

  private struct Day: Decodable {
    struct Section: Decodable {
      var count: Int
      var items: [Line]
    }
    struct District: Decodable {
      var district: String?
      var due, overdue, opened: Section
    }
    var at: String
    var districts: [District]
  }

  /// A complaint's message at a time of November 2026, in Asia/Shanghai.
  private func event(
    _ type: String, _ subject: String, at time: String, source: String = "/hotline/12345", _ data: String = "{}"
  ) -> String {
    Sample.event(
      "complaint.\(type)", id: UUID().uuidString, source: source, subject: subject, time: "2026-11-\(time):00+08:00", data: data)
  }

  private func region(_ district: String, _ street: String, _ more: String) -> String {
    #"{"region":{"district":"\#(district)","street":"\#(street)"},\#(more)}"#
  }

  private func clock(_ time: String, _ test: Surroundings) throws {
    try test.store.setClock(at: #require(Instant(rfc3339: "2026-11-\(time):00+08:00")))
  }

  private func take(_ lines: [String], _ test: Surroundings) throws {
    let before: Int = try test.store.ask("SELECT count(*) FROM item_event WHERE message_id IS NOT NULL")
    try test.publish(lines)
    try test.store.until("(SELECT count(*) FROM item_event WHERE message_id IS NOT NULL) = \(before + lines.count)")
  }

  /// On 24 November at 09:05: L is overdue since 08:00, T is due at 17:30, N came today, W has no known district.
  private func withCity(_ body: @Sendable @escaping (Surroundings) throws -> Void) async throws {
    try await Surroundings.with { test in
      try await test.withProcess { _ in
        try clock("22T08:00", test)
        try take(
          [
            event(
              "submitted", "L", at: "22T08:00",
              region("黄石港区", "胜阳港街道", #""category":"雨污接驳","title":"雨水管\n未接入市政管网，一下雨就积水\u001b[31m""#))
          ], test)
        try clock("22T17:30", test)
        try take([event("submitted", "T", at: "22T17:30", region("黄石港区", "花湖街道", #""lead":"供水公司","title":"停水""#))], test)
        try clock("24T08:00", test)
        try test.store.until("(SELECT count(*) FROM breach) = 1")
        try clock("24T09:05", test)
        try take(
          [
            event("submitted", "N", at: "24T08:30", region("下陆区", "新下陆街道", #""title":"飞线""#)),
            event("submitted", "N", at: "24T08:31", source: "/qr/mashang", region("下陆区", "新下陆街道", #""title":"飞线充电""#)),
            event("submitted", "W", at: "24T08:40", #"{"title":"路灯不亮"}"#),
          ], test)
      }
      try body(test)
    }
  }

  /// The cells of a table's lines, which stand two spaces apart or more.
  private func cells(_ output: String) -> [[String]] {
    output.split(separator: "\n").map { $0.split(separator: /\ {2,}/).map(String.init) }
  }

  @Test(
    "R49: items list --person lists what a person of the directory is responsible for, and items show names who has each part")
  func persons() async throws {
    try await Surroundings.with { test in
      _ = try test.store.connect().apply(
        directory: DirectoryDraft.read(
          yaml: TestStore.directory + """

            persons:
              - { name: 李四, role: 街道干部, street: 胜阳港街道 }
              - { name: 张三, role: 社区干部, street: 胜阳港街道, community: 磁湖社区 }
              - { name: 钱七, role: 联系人, unit: 供水公司 }
            """), by: "test")
      try await test.withProcess { _ in
        func place(_ more: String) -> String { #"{"region":{"district":"黄石港区","street":"胜阳港街道"\#(more)}"# }
        try take(
          [
            event("submitted", "S", at: "22T08:00", place("") + "}"),
            event("submitted", "C", at: "22T08:00", place(#","community":"磁湖 社区""#) + "}"),
            event("submitted", "U", at: "22T08:00", place(#","community":"磁湖社区""#) + #","lead":"供水公司"}"#),
            event("submitted", "P", at: "22T08:00", place("") + #","supporting":["供水公司"]}"#),
          ], test)
      }
      func numbers(_ person: String) throws -> Set<String> {
        let output = try test.dubanctl("items", "list", "--json", "--person", person).output
        return Set(
          try JSONDecoder().decode([Line].self, from: Data(output.utf8)).map { "\($0.subject)\($0.unit.map { "#\($0)" } ?? "")" })
      }
      #expect(try numbers("李四") == ["S", "P"])
      #expect(try numbers("张三") == ["C"])
      #expect(try numbers("钱七") == ["U", "P#供水公司"])
      let unknown = try test.dubanctl("items", "list", "--person", "王五")
      #expect(unknown.end == .exit(64) && unknown.errors.contains("--person: the directory names no 王五"), "\(unknown)")
      let shown = try test.dubanctl("items", "show", "P").output
      #expect(shown.contains("供水公司, 钱七: open"), "\(shown)")
    }
  }

  @Test("items list shows whom to press and for what, to the minute, in the reader's language; filters choose")
  func list() async throws {
    try await withCity { test in
      let chinese = try cells(test.dubanctl("items", "list", "--lang", "zh").output)
      #expect(chinese.first == ["编号", "标题", "属地", "类别", "承办", "督办", "状态", "时限", "逾期"])
      #expect(
        chinese.dropFirst().first
          == [
            "L", "雨水管 未接入市政管网，一下雨就积水 [31m", "黄石港区胜阳港街道", "雨污接驳", "胜阳港街道", "黄石港区", "在办", "2026-11-24 08:00 响应", "1小时5分钟",
          ])
      #expect(chinese[2] == ["T", "停水", "黄石港区花湖街道", "–", "供水公司", "–", "在办", "2026-11-24 17:30 响应", "–"])
      // Two sources have an N: each is shown by the name that the other commands take.
      #expect(Set(chinese.dropFirst(3).map { $0[0] }) == ["/hotline/12345/N", "/qr/mashang/N", "W"])
      #expect(chinese.last?.contains("在办 待派") == true)
      let english = try cells(test.dubanctl("items", "list").output)
      #expect(
        english.first == ["number", "title", "district, street", "category", "承办", "督办", "phase", "due", "overdue by"])
      #expect(english[1].suffix(3) == ["open", "2026-11-24 08:00 response", "1 h 5 min"])

      func numbers(_ arguments: String...) throws -> [String] {
        let output = try Program.dubanctl.run(["items", "list", "--json"] + arguments, test.connections).output
        return try JSONDecoder().decode([Line].self, from: Data(output.utf8)).map(\.subject)
      }
      #expect(try numbers("--overdue") == ["L"] && numbers("--district", "下陆区") == ["N", "N"])
      #expect(try numbers("--street", "花湖街道") == ["T"] && numbers("--unit", "供水公司") == ["T"])
      #expect(try numbers("--due-within", "9h") == ["T"] && numbers("--due-within", "8h").isEmpty)
      #expect(try numbers("--unassigned") == ["W"] && numbers("--district", "黄石港区", "--unit", "新下陆街道").isEmpty)
      let lines = try JSONDecoder().decode(
        [Line].self, from: Data(test.dubanctl("items", "list", "--overdue", "--json").output.utf8))
      let late = try #require(lines.first)
      #expect(late.district == "黄石港区" && late.street == "胜阳港街道" && late.sourceName == "12345")
      #expect(late.overdueSince == "2026-11-24T08:00:00+08:00" && late.overdueClock == "response")
      // What is due next is the district's, as before.
      #expect((3900..<4200).contains(late.overdueBySeconds ?? 0) && late.dueAt == "2026-11-25T08:00:00+08:00")

      let cut = try test.dubanctl("items", "list", "--limit", "2", "--lang", "zh")
      #expect(cut.errors == "dubanctl: 共5件，列出2件；--limit 可多列\n", "\(cut.errors)")
      #expect(try test.dubanctl("items", "list", "--unit", "燃气公司", "--lang", "zh").output == "无\n")
      for (arguments, says) in [
        (["--district", "黄石"], "--district: the directory does not know 黄石; write 黄石港区"),
        (["--street", "供水公司"], "--street: the directory does not know 供水公司; write the name as the directory file does"),
        (["--due-within", "soon"], "write a length of time like 30m, 48h or 2d"),
        (["--due-within", "1h", "--overdue"], "leave out one of them"),
      ] {
        let wrong = try Program.dubanctl.run(["items", "list"] + arguments, test.connections)
        #expect(wrong.end == .exit(64) && wrong.errors.contains(says), "\(wrong.errors)")
      }
    }
  }

  @Test("on a terminal texts are cut to its width, and numbers and times are not; elsewhere nothing is cut")
  func terminal() async throws {
    try await withCity { test in
      func lines(columns: Int, _ command: String) throws -> [String] {
        let dubanctl = try Program.dubanctl.path
        let result = try ChildProcess.run(
          "script", ["--quiet", "--return", "--command", "stty cols \(columns); exec '\(dubanctl)' \(command)", "/dev/null"],
          environment: Program.environment(test.connections))
        #expect(result.end == .exit(0), "\(result)")
        return result.output.replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
      }
      /// As a terminal shows it: two cells for a Chinese character.
      func width(_ line: String) -> Int { line.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x2E80 ? 2 : 1) } }
      let whole = try test.dubanctl("items", "list", "--lang", "zh").output.split(separator: "\n").map(String.init)
      #expect(whole.map(width).max() ?? 0 > 120 && !whole.joined().contains("…"))
      for columns in [110, 125] {
        let cut = try lines(columns: columns, "items list --lang zh")
        try #require(cut.count == whole.count && cut.allSatisfy { width($0) <= columns }, "\(cut)")
        #expect(cut.joined().contains("…") && cut[1].hasPrefix("L ") && cut[1].contains("2026-11-24 08:00 响应"))
      }
      #expect(try lines(columns: 500, "items list --lang zh") == whole)
      #expect(try lines(columns: 40, "items list --json").joined(separator: "\n").contains("一下雨就积水"))
    }
  }

  @Test("today shows by district what is due, overdue and new, with counts, in Chinese")
  func today() async throws {
    try await withCity { test in
      let output = try test.dubanctl("today").output
      let table = cells(output)
      #expect(output.hasPrefix("2026年11月24日督办事项（截至09:05）\n"), "\(output)")
      #expect(
        table.dropFirst().prefix(5) == [
          ["县（市、区）", "今日到期", "逾期", "今日新增", "挂账待复核"], ["黄石港区", "1件", "1件", "0件", "0件"], ["下陆区", "0件", "0件", "2件", "0件"],
          ["市级（待派）", "0件", "0件", "1件", "0件"], ["合计", "1件", "1件", "3件", "0件"],
        ], "\(output)")
      let parts = output.split(separator: "【")
      #expect(parts.count == 4 && parts[1].hasPrefix("黄石港区】\n今日到期1件\n编号"), "\(output)")
      #expect(parts[1].contains("\n逾期1件\n") && !parts[1].contains("今日新增") && parts[1].contains("1小时5分钟"))
      #expect(parts[2].contains("今日新增2件") && parts[2].contains("飞线充电") && parts[3].contains("路灯不亮"))

      let cut = try test.dubanctl("today", "--limit", "1").output
      #expect(cut.contains("今日新增2件（另有1件未列，--limit 可多列）"))
      let day = try JSONDecoder().decode(Day.self, from: Data(test.dubanctl("today", "--json").output.utf8))
      #expect(day.at.hasPrefix("2026-11-24T09:05") && day.districts.map(\.district) == ["黄石港区", "下陆区", nil])
      #expect(day.districts[0].due.items.map(\.subject) == ["T"] && day.districts[0].overdue.items.map(\.subject) == ["L"])
      #expect(day.districts.map(\.opened.count) == [0, 2, 1])
    }
  }

  @Test("挂账 is listed with the time of its review, and today has those to be reviewed, also when that is overdue")
  func parked() async throws {
    try await Surroundings.with { test in
      _ = try test.store.connect().apply(
        policy: PolicyCommandTests.policy(
          "resolution: { within: 19d, district: 5d, city: 5d }\n    review: { within: 2d, district: 5d, city: 5d }\n    approver: source"
        ))
      try await test.withProcess { _ in
        try clock("22T08:00", test)
        let place = region("黄石港区", "胜阳港街道", #""title":"加装电梯""#)
        try take(["P", "Q", "S"].map { event("submitted", $0, at: "22T08:00", place) }, test)
        try clock("22T09:00", test)
        try take(
          [
            event("parked", "P", at: "22T09:00", #"{"reason":"资金未落实","until":"2027-06-30T17:30:00+08:00"}"#),
            event("suspended", "S", at: "22T09:00", #"{"reason":"天气"}"#),
          ], test)
        try clock("23T09:00", test)
        try take([event("parked", "Q", at: "23T09:00", #"{"reason":"历史遗留"}"#)], test)
      }
      let list = try cells(test.dubanctl("items", "list", "--parked", "--lang", "zh").output)
      #expect(
        list.map { $0[0] } == ["编号", "P", "Q"] && list.map { $0[$0.count - 2] } == ["阶段截止", "2027-06-30 17:30", "–"]
          && list.map { $0.last } == ["复核时限", "2026-11-24 09:00", "2026-11-25 09:00"])
      #expect(list[1].contains("自2026-11-22 09:00起挂账"), "\(list)")
      let json = try test.dubanctl("items", "list", "--parked", "--json").output
      #expect(json.contains(#""reviewDueAt" : "2026-11-24T09:00:00+08:00""#), "\(json)")
      let wrong = try test.dubanctl("items", "list", "--parked", "--overdue")
      #expect(wrong.end == .exit(64) && wrong.errors.contains("the clocks of what is parked are stopped"))

      func section() throws -> String? {
        try test.dubanctl("today").output.split(separator: "挂账待复核").dropFirst(2).first.map(String.init)
      }
      #expect(try section() == nil)
      try clock("24T08:00", test)
      #expect(try section()?.hasPrefix("1件\n") == true && section()?.contains("2026-11-24 09:00") == true)
      try await test.withProcess { _ in
        try clock("24T09:01", test)
        try test.store.until("(SELECT count(*) FROM breach WHERE clock = 'review') = 1")
      }
      let late = try section()
      #expect(late?.contains("2026-11-29 09:00 已逾期") == true, "\(late ?? "none")")
      try await test.withProcess { _ in
        try clock("24T10:00", test)
        try take([event("parking-reviewed", "P", at: "24T10:00")], test)
      }
      #expect(try section() == nil)
    }
  }

  @Test("12388: neither list has a line, a title or a count of what its reader may not see, nor the number of a main item")
  func confidential() async throws {
    try await Surroundings.with { test in
      try test.store.makeConfidential()
      try await test.withProcess { _ in
        try clock("24T09:00", test)
        try take(
          [
            event("submitted", "SECRET", at: "24T09:00", source: "/qr/mashang", region("下陆区", "新下陆街道", #""title":"举报""#)),
            event("submitted", "D", at: "24T09:00", region("下陆区", "新下陆街道", #""title":"公开""#)),
            // Only the confidential source itself may merge an open item into its own.
            event(
              "merged", "M", at: "24T09:01", source: "/qr/mashang",
              #"{"item":{"source":"/hotline/12345","subject":"D"},"into":{"source":"/qr/mashang","subject":"SECRET"}}"#),
          ], test)
        try test.store.until("(SELECT phase FROM item WHERE subject = 'D') = 'merged'")
      }
      for (role, sees) in [(TestStore.outsider, false), (TestStore.insider, true)] {
        let environment = ["DUBAN_POSTGRES_DSN": try test.store.dsn(as: role)]
        let list = try test.dubanctl("items", "list", "--lang", "zh", environment: environment)
        #expect(list.end == .exit(0) && list.output.contains("重复件（主件不公开）"), "\(list)")
        let today = try test.dubanctl("today", environment: environment)
        #expect(today.output.contains("今日新增\(sees ? 2 : 1)件"), "\(today)")
        for output in [list.output, today.output] {
          #expect(output.contains("举报") == sees && output.contains("SECRET") == sees, "\(role): \(output)")
        }
      }
    }
  }
}
