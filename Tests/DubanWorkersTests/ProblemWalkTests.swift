// The ledger of problems through real queues: 立账 with a number for good, 整改, 申请销号, 确认, 复查, 销号, 反弹; and the office's two tables.

import Duban
import DubanStore
import Foundation
import Testing
import TestServers

@Suite struct ProblemWalkTests {
  private static let directory = """
    city: 黄石市
    districts:
      - { name: 黄石港区, streets: [胜阳港街道] }
      - { name: 下陆区, streets: [新下陆街道] }
    persons: [{ name: 王某某, role: 街道干部, street: 胜阳港街道 }]
    sources: [{ uri: /portal/district, name: 区平台, organs: [黄石港区, 胜阳港街道, 下陆区] }]
    """

  private static let policy = """
    policy: problems
    counts-from-hearing-after: 1h
    rules:
      - kind: problem
        submission: { within: 10d, district: 2d, city: 2d }
        resolution: { within: 20d, district: 2d, city: 2d }
        checks: [recheck]
        slips: [blue, orange, red]
      - { kind: complaint, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  private static func place(_ street: String = "胜阳港街道", _ district: String = "黄石港区") -> String {
    #""region":{"district":"\#(district)","street":"\#(street)","community":"覆盆山小区"}"#
  }

  @Test func `R35, R36, R38: a problem climbs, is 销号 after its recheck and rebounds under its number; 附件2 and 附件3 say so`()
    async throws
  {
    try await Surroundings.with { test in
      let store = try test.store.connect()
      _ = try store.apply(policy: Self.policy)
      _ = try store.apply(directory: DirectoryDraft.read(yaml: Self.directory), by: "test")
      try await test.withProcess { _ in
        var count = 0
        func say(_ subject: String, _ type: String, _ data: String = "{}", at time: Duban.Instant) throws {
          count += 1
          try test.publish([
            Sample.event(type, id: "m\(count)", source: "/portal/district", subject: subject, time: time.rfc3339, data: data)
          ])
          try test.store.until("(SELECT count(*) FROM item_event WHERE message_id IS NOT NULL) = \(count)")
        }
        let began: Duban.Instant = try test.store.ask("SELECT duban_now() - interval '10 seconds'")
        let year = ShanghaiTime(began).year
        try say(
          "W-1", "problem.raised",
          #"{\#(Self.place()),"category":"雨污接驳","title":"3栋立管,混接","way":"市级抽查","rectification":"限期整改"}"#, at: began)
        try say("W-2", "problem.raised", #"{\#(Self.place()),"category":"施工质量","title":"屋面起鼓"}"#, at: began)
        try say("W-3", "problem.raised", #"{\#(Self.place("新下陆街道", "下陆区")),"title":"井盖缺失"}"#, at: began)
        try say("W-1", "problem.planned", #"{"measure":"改接污水管"}"#, at: began + .seconds(1))

        // Nobody asks for 销号 in time: the district presses, the street stays responsible.
        try test.store.setClock(ahead: "10 days 1 minute")
        try test.store.until("(SELECT count(*) FROM breach WHERE status = 'standing') = 3")
        #expect(
          try test.store.ask("SELECT organ.name FROM item JOIN organ ON organ.id = responsible_id WHERE subject = 'W-1'")
            == "胜阳港街道")
        let late: Duban.Instant = try test.store.ask("SELECT duban_now()")
        try say("W-1", "problem.closure-requested", #"{"evidence":["照片1","照片2"]}"#, at: late)
        try say("W-1", "problem.rechecked", #"{"passed":false,"reason":"渗漏","person":"陈涛"}"#, at: late + .seconds(1))
        try say("W-1", "problem.closure-requested", #"{"evidence":["照片3"]}"#, at: late + .seconds(2))
        try say("W-1", "problem.rechecked", #"{"passed":true,"person":"陈涛"}"#, at: late + .seconds(3))
        try say(
          "W-1", "problem.closure-decided", #"{"decision":"approved","approver":"黄石港区","person":"周华"}"#, at: late + .seconds(4))
        #expect(try test.store.ask("SELECT phase FROM item WHERE subject = 'W-1'") == "closed")
        let closed = try test.dubanctl("problems", "ledger", "--all", "--csv").output
        #expect(
          closed.contains(#"黄石港区-\#(year)-001,胜阳港街道,覆盆山小区,雨污接驳,"3栋立管,混接","#) && closed.contains("陈涛/通过")
            && closed.contains("周华/") && closed.contains("照片3") && closed.contains("未通过1次"), "\(closed)")
        #expect(closed.contains("黄石港区-\(year)-002") && closed.contains("下陆区-\(year)-001"))

        let future = try test.dubanctl("problems", "month", "2999-01")
        #expect(future.end == .exit(64) && future.errors.contains("has not begun"), "\(future)")

        // 反弹: the same number is open again.
        try say("W-1", "problem.rebounded", at: late + .seconds(5))
        let open = try test.dubanctl("problems", "--district", "黄石港区").output
        #expect(open.contains("黄石港区-\(year)-001") && open.contains("反弹1次") && !open.contains("下陆区"), "\(open)")
        let verdicts: String? = try test.store.ask(
          "SELECT string_agg(number || ' ' || verdict || ': ' || detail, '; ') FROM verdict WHERE verdict <> 'applied'")
        #expect(verdicts == nil)

        // The period of all this, with the day of the database's clock.
        func day(_ time: Duban.Instant) -> String {
          let date = ShanghaiTime(time)
          return "\(date.year)-" + [date.month, date.day].map { ($0 < 10 ? "0" : "") + "\($0)" }.joined(separator: "-")
        }
        let table = try test.dubanctl("problems", "month", "--from", day(began), "--to", day(late), "--csv").output
        let row = table.split(whereSeparator: \.isNewline).first { $0.contains("雨污接驳") }
        // 期初 0, 新增 1, 反弹 1, 到期 0, 销号 1 in time, 期末 1, none of them overdue, 累计 1 and 0.
        #expect(row.map { $0.hasSuffix(",雨污接驳,0,1,1,0,1,1,1,0,1,0,0.0%,改接污水管,—,胜阳港街道,—") } == true, "\(table)")
      }
    }
  }

  @Test func `Numbers have neither gaps nor doubles, however many daemons put problems on the ledger at once`() async throws {
    try await Surroundings.with { test in
      let store = try test.store.connect()
      _ = try store.apply(policy: Self.policy)
      _ = try store.apply(directory: DirectoryDraft.read(yaml: Self.directory), by: "test")
      let count = 600
      try test.publish(
        (0..<count).map { i in
          let place = i % 3 == 0 ? Self.place("新下陆街道", "下陆区") : Self.place()
          return Sample.event("problem.raised", id: "m\(i)", source: "/portal/district", subject: "W-\(i)", data: "{\(place)}")
        })
      try await test.withDaemon(["DUBAN_INTAKE_BATCH": "20"]) { _ in
        try await test.withDaemon(["DUBAN_INTAKE_BATCH": "20"]) { _ in
          try test.store.until("(SELECT count(*) FROM problem_number) = \(count)")
        }
      }
      #expect(
        try test.store.ask(
          "SELECT string_agg(n || ' ' || least, ', ' ORDER BY n) FROM (SELECT count(*) AS n, min(number) || '-' || max(number) AS least FROM problem_number GROUP BY district_id) AS series"
        )
          == "200 1-200, 400 1-400")
    }
  }
}
