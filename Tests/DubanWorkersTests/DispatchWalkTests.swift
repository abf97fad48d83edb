// A 12345 matter's life through real queues: suggested, assigned, signed, returned, designated, contacted, overdue, answered by the street's own
// platform, called back, done again, closed; and who hears of it.

import AMQP
import Duban
import DubanBroker
import DubanStore
import Foundation
import FoundationNetworking
import Testing
import TestServers

@Suite struct DispatchWalkTests {
  private static let directory = """
    city: 黄石市
    districts:
      - name: 黄石港区
        code: "420202000000"
        streets: [{ name: 胜阳港街道, code: "420202007000" }, { name: 花湖街道, code: "420202070000" }]
      - { name: 下陆区, streets: [新下陆街道] }
    persons: [{ name: 王某某, role: 街道干部, street: 花湖街道 }]
    sources:
      - { uri: /hotline/12345, name: 12345热线, receipts: true }
      - uri: /street/huahu
        name: 花湖街道平台
        organs: [花湖街道]
        grants: [{ acts: [accepted, contacted, responded, closure-requested, returned], sources: [/hotline/12345], regions: [花湖街道] }]
      - { uri: /street/shengyanggang, name: 胜阳港街道平台, organs: [胜阳港街道], grants: [{ sources: [/hotline/12345], regions: [胜阳港街道] }] }
      - { uri: /platform/12388, name: 12388平台, confidential: true, receipts: true, recipient: 局党组 }
    units: [局党组]
    """

  private static let policy = PolicyCommandTests.policy(
    """
    acceptance: { within: 8h, district: 8h, city: 8h }
        response: { within: 48h, district: 24h, city: 24h }
        resolution: { within: 10d, district: 2d, city: 2d }
        returns: 1
        approver: source
        dissatisfaction: judged
        slips: [blue, orange, red]
        summons-at: city
    """)

  private static func about(_ rest: String = "", subject: String = "HS-1") -> String {
    #"{"item":{"source":"/hotline/12345","subject":"\#(subject)"}\#(rest)}"#
  }

  private func start(_ test: Surroundings) throws {
    let store = try test.store.connect()
    _ = try store.apply(policy: Self.policy)
    _ = try store.apply(directory: DirectoryDraft.read(yaml: Self.directory), by: "test")
    let connection = try AMQP.Connection(test.broker.configuration)
    defer { connection.close() }
    for (queue, keys) in [
      ("street.huahu", ["*.*.420202.420202070"]), ("street.shengyanggang", ["*.*.420202.420202007"]),
      ("district.huangshigang", ["*.*.420202.*"]), ("open", ["*.*.*.*"]), ("confidential", ["confidential.#"]),
    ] { try test.declare(queue, binding: keys, on: connection) }
  }

  private func told(_ test: Surroundings, _ queue: String) throws -> [String] {
    try test.take(try test.depth(of: queue), from: queue).map { String(decoding: $0.body, as: UTF8.self) }
  }

  private func types(_ events: [String]) -> [String] {
    events.compactMap { $0.firstMatch(of: /"type":"duban\.([a-z.-]+)"/).map { String($0.1) } }
  }

  @Test func `A complaint with a misspelt street goes through every step, and each party hears of its part`() async throws {
    try await Surroundings.with { test in
      try start(test)
      try await test.withProcess { _ in
        var count = 0
        func say(_ type: String, _ data: String, from source: String = "/hotline/12345", at time: Duban.Instant) throws {
          count += 1
          try test.publish([Sample.event(type, id: "m\(count)", source: source, subject: "HS-1", time: time.rfc3339, data: data)])
          try test.store.until("(SELECT count(*) FROM item_event WHERE message_id IS NOT NULL) = \(count)")
        }
        let began: Duban.Instant = try test.store.ask("SELECT duban_now() - interval '10 seconds'")
        try say("complaint.submitted", #"{"region":{"district":"黄石港区","street":"化湖街道"},"title":"路灯不亮"}"#, at: began)
        // Suggested to the sender and to the operator.
        try test.store.until("(SELECT count(*) FROM outbox) = 0")
        #expect(try told(test, "open").contains { $0.contains("receipt.accepted") && $0.contains("黄石港区花湖街道") })
        let list = try test.dubanctl("items", "list", "--unassigned", "--lang", "zh").output
        #expect(list.contains("化湖街道") && list.contains("黄石港区花湖街道"), "\(list)")

        // 派单 by a message to the other street first; it signs, and sends the matter back.
        let (other, own) = ("/street/shengyanggang", "/street/huahu")
        try say("complaint.assigned", #"{"region":{"district":"黄石港区","street":"胜阳港街道"}}"#, at: began + .seconds(1))
        try say("complaint.accepted", Self.about(), from: other, at: began + .seconds(2))
        try say("complaint.returned", Self.about(#","reason":"非本辖区""#), from: other, at: began + .seconds(3))
        try test.store.until("(SELECT count(*) FROM outbox) = 0")
        let first = types(try told(test, "street.shengyanggang"))
        #expect(Set(first) == ["item.assigned", "item.signed", "item.returned", "receipt.accepted"], "\(first)")

        // 指定承办 by an operator.
        let assigned = try test.dubanctl(
          "items", "assign", "HS-1", "--to", "花湖街道", "--final", "--because", "会商确定")
        #expect(assigned.end == .exit(0) && assigned.output.contains("承办 花湖街道（指定承办）"), "\(assigned)")
        let now: Duban.Instant = try test.store.ask("SELECT duban_now()")
        try say("complaint.accepted", Self.about(), from: own, at: now)
        try say("complaint.contacted", Self.about(), from: own, at: now)

        // Overdue: the district presses, then the city; the street stays responsible.
        for (step, hours) in [240, 288, 336].enumerated() {
          try test.store.setClock(ahead: "\(hours) hours 1 minute")
          try test.store.until(
            "(SELECT count(*) FROM breach WHERE status = 'standing') = \(step + 1) AND (SELECT count(*) FROM outbox) = 0")
        }
        let owners: String = try test.store.ask(
          "SELECT string_agg(organ.name, ' ' ORDER BY due_at) FROM breach JOIN organ ON organ.id = organ_id")
        #expect(owners == "花湖街道 黄石港区 黄石市")
        #expect(try test.store.ask("SELECT name FROM item JOIN organ ON organ.id = responsible_id") == "花湖街道")
        #expect(try test.dubanctl("items", "list", "--overdue", "--lang", "zh").output.contains("花湖街道"))

        // Answered by the street's own platform, closed by the hotline, called back, done again, closed.
        let later: Duban.Instant = try test.store.ask("SELECT duban_now()")
        try say("complaint.closure-requested", Self.about(#","closing":"已解决""#), from: own, at: later)
        try say("complaint.closure-decided", #"{"decision":"approved"}"#, at: later + .seconds(1))
        try say("complaint.rated", #"{"rating":"不满意"}"#, at: later + .seconds(2))
        try say("complaint.judged", #"{"judgement":"重办"}"#, at: later + .seconds(3))
        #expect(try test.store.ask("SELECT cycle || phase FROM item") == "2open")
        try say("complaint.responded", Self.about(), from: own, at: later + .seconds(4))
        try say("complaint.resolved", #"{"closing":"已解决"}"#, at: later + .seconds(5))
        #expect(try test.store.ask("SELECT phase FROM item") == "closed")
        let verdicts: String? = try test.store.ask(
          "SELECT string_agg(number || ' ' || verdict || ': ' || detail, '; ') FROM verdict WHERE verdict <> 'applied'")
        #expect(verdicts == nil)

        try test.store.until("(SELECT count(*) FROM outbox) = 0")
        let huahu = try told(test, "street.huahu")
        for type in [
          "item.reassigned", "item.signed", "item.escalated", "item.overdue", "slip.issued", "item.closed", "item.called-back",
          "item.reopened",
        ] { #expect(types(huahu).contains(type), "\(type) in \(types(huahu))") }
        #expect(huahu.contains { $0.contains(#""person":"王某某""#) })
        #expect(types(try told(test, "district.huangshigang")).contains("item.escalated"))
        #expect(try test.depth(of: "street.shengyanggang") == 0, "the other street hears nothing of what is not its own any more")
      }
    }
  }

  // MARK: - Authority

  @Test func `Every act is taken of one's own item or by a grant, and is a dead letter of another's or of a confidential one`()
    async throws
  {
    try await Surroundings.with { test in
      let store = try test.store.connect()
      let acts = EventType.all.values.filter { $0.meaning != .opens }.sorted { $0.name < $1.name }
      let opening = Dictionary(
        uniqueKeysWithValues: EventType.all.values.filter { $0.meaning == .opens }.map { ($0.kind, $0.name) })
      let file = """
        city: 黄石市
        districts: [{ name: 黄石港区, streets: [胜阳港街道] }]
        sources:
          - { uri: /own, name: 自己, organs: [黄石市] }
          - { uri: /granted, name: 授权, organs: [黄石市], grants: [{ acts: [\(Set(acts.map(\.act)).sorted().joined(separator: ", "))], sources: [/own] }] }
          - { uri: /foreign, name: 无权, organs: [黄石市], grants: [{ acts: [scheduled], sources: [/own] }] }
          - { uri: /secret, name: 不公开, organs: [黄石市], confidential: true }
          - { uri: /all, name: 全部, organs: [黄石市], grants: [{}] }
        """
      _ = try store.apply(policy: Self.policy)
      _ = try store.apply(directory: DirectoryDraft.read(yaml: file), by: "test")
      var lines: [String] = []
      var expected: [String: Bool] = [:]
      for (n, type) in acts.enumerated() {
        for (sender, owner, isTaken) in [
          ("/own", "/own", true), ("/granted", "/own", true), ("/foreign", "/own", false), ("/all", "/own", true),
          ("/all", "/secret", false), ("/secret", "/secret", true), ("/secret", "/own", false),
        ] {
          let (subject, id) = ("S\(n)", "\(sender) \(owner) \(type.name)")
          let item = sender == owner ? "" : #""item":{"source":"\#(owner)","subject":"\#(subject)"},"#
          lines.append(Sample.event(type.name, id: id, source: sender, subject: subject, data: "{\(item)\(Self.data)}"))
          expected[id] = isTaken
        }
      }
      let openings = try acts.enumerated().flatMap { n, act in
        let opens = try #require(opening[act.kind])
        return ["/own", "/secret"].map {
          Sample.event(opens, id: "open \($0) \(n)", source: $0, subject: "S\(n)", data: "{\(Self.data)}")
        }
      }
      try test.publish(openings + lines)
      let refused = expected.values.count { !$0 }
      try await test.withProcess { process in
        try test.store.until(
          "(SELECT count(*) FROM item_event WHERE message_id IS NOT NULL) = \(openings.count + expected.count - refused)")
        let depths = { try DubanTopology.intakeQueues.map { try test.depth(of: $0.deadLetterQueue) }.reduce(0, +) }
        try process.until("all that is refused is a dead letter") { try depths() == refused }
        var letters: [Delivery] = []
        for queue in DubanTopology.intakeQueues.map(\.deadLetterQueue) {
          letters += try test.take(try test.depth(of: queue), from: queue)
        }
        #expect(letters.allSatisfy { $0.header("duban-reason") == "not-authorised" })
        let ids = try Set(letters.map { try JSONDecoder().decode(Letter.self, from: Data($0.body)).id })
        #expect(ids == Set(expected.filter { !$0.value }.keys))
        let kinds: String = try test.store.ask("SELECT string_agg(DISTINCT kind, ' ' ORDER BY kind) FROM item")
        #expect(kinds == "complaint funding inspection problem reminder")
      }
    }
  }

  private struct Letter: Decodable { var id: String }

  /// What some act or other asks for.
  private static let data = """
    "region":{"district":"黄石港区","street":"胜阳港街道"},"reason":"说明","until":"2027-12-20T08:00:00+08:00","decision":"rejected","minutes":"纪要",\
    "rating":"满意","judgement":"维持","into":{"source":"/own","subject":"MAIN"},"passed":false,"measure":"措施","due":"2027-12-20T08:00:00+08:00"
    """

  // MARK: - 12388

  @Test func `12388: a consumer of everything that is open sees no trace of it, and no log, list or metric does`() async throws {
    try await Surroundings.with { test in
      try start(test)
      var log = ""
      let port = try freePort()
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(port)"]) { process in
        let secret = #"{"region":{"district":"黄石港区","street":"花湖街道","community":"青山湖社区"},"title":"举报材料","category":"应急"}"#
        for n in 0..<5 {
          try test.publish([
            Sample.event("complaint.submitted", id: "open\(n)", subject: "HS-\(n)"),
            Sample.event("complaint.submitted", id: "jb\(n)", source: "/platform/12388", subject: "JB-\(n)", data: secret),
            Sample.event(
              "complaint.returned", id: "ret\(n)", source: "/platform/12388", subject: "JB-\(n)", data: #"{"reason":"丙丁"}"#),
            // One that cannot be read as far as its type, and one that becomes a dead letter.
            Sample.event("complaint.unknown", id: "bad\(n)", source: "/platform/12388", subject: "JB-\(n)"),
            Sample.event(
              "complaint.resolved", id: "foreign\(n)", subject: "x",
              data: #"{"item":{"source":"/platform/12388","subject":"JB-\#(n)"}}"#),
          ])
        }
        try test.store.until("(SELECT count(*) FROM item_event WHERE message_id IS NOT NULL) = 15")
        try test.store.setClock(ahead: "320 hours")
        try test.store.until("(SELECT count(*) FROM breach WHERE status = 'standing') > 20")
        try test.store.until("(SELECT count(*) FROM outbox WHERE retry_at IS NULL) = 0")
        let open = try told(test, "open").joined(separator: "\n")
        #expect(open.contains("HS-0"))
        let traces = ["JB-", "举报材料", "青山湖", "丙丁", "/platform/12388", "局党组"]
        for trace in traces { #expect(!open.contains(trace), "\(trace)") }
        #expect(try told(test, "confidential").joined().contains("JB-0"))
        let letters = try test.dubanctl("dead", "list").output
        for trace in traces { #expect(!letters.contains(trace), "\(trace) in \(letters)") }
        for page in ["metrics", "readyz"] {
          let url = try #require(URL(string: "http://127.0.0.1:\(port)/\(page)"))
          let text = String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self)
          #expect(text.contains(page == "metrics" ? #"verdict="refused"} 5"# : "ready"), "\(text)")
          for trace in traces { #expect(!text.contains(trace), "\(trace) in \(text)") }
        }
        log = process.log
      }
      #expect(!log.isEmpty)
      for trace in ["JB-", "举报材料", "青山湖", "丙丁", "局党组"] { #expect(!log.contains(trace), "\(trace)") }
      let responsible: String = try test.store.ask(
        "SELECT string_agg(DISTINCT organ.name, ' ') FROM item JOIN organ ON organ.id = responsible_id WHERE source = '/platform/12388'"
      )
      #expect(responsible == "局党组", "whatever its category, it goes to the recipient")
    }
  }
}
