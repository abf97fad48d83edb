// R7 小事不出小区 through real queues: a complaint that its community has, and who is called by which name on the way up.

import Duban
import DubanStore
import Foundation
import Testing
import TestServers

@Suite("Communities through real queues")
struct CommunityWalkTests {
  private static func directory(_ streets: String) -> String {
    """
    city: 黄石市
    supervising-office: 黄石市住房和城乡建设局
    districts:
      - name: 黄石港区
        handling-office: 黄石港区人民政府
        supervising-office: 黄石港区住房和城乡建设局
        streets:
    \(streets)
    persons: [{ name: 张某某, role: 社区干部, street: 胜阳港街道 }]
    sources: [{ uri: /hotline/12345, name: 12345热线 }]
    """
  }

  private static let streets = """
          - name: 胜阳港街道
            handling-office: 胜阳港街道办事处
            communities:
              - { name: 磁湖社区, code: "420202007001", handling-office: 磁湖社区居民委员会 }
              - 新闸社区
          - { name: 花湖街道, handling-office: 花湖街道办事处 }
    """

  /// 磁湖社区 has gone to 花湖街道.
  private static let moved = """
          - { name: 胜阳港街道, handling-office: 胜阳港街道办事处, communities: [新闸社区] }
          - name: 花湖街道
            handling-office: 花湖街道办事处
            communities: [{ name: 磁湖社区, code: "420202007001" }, 延安路社区]
    """

  private func start(_ test: Surroundings) throws {
    let store = try test.store.connect()
    _ = try store.apply(
      policy: PolicyCommandTests.policy(
        """
        starts-at: community
            response: { within: 24h, street: 12h, district: 24h, city: 24h }
            resolution: { within: 19d, street: 2d, district: 5d, city: 5d }
            slips: [blue, orange, red]
        """))
    _ = try store.apply(directory: DirectoryDraft.read(yaml: Self.directory(Self.streets)), by: "test")
    try store.apply(
      schedules: try ScheduleDraft.read(yaml: "schedules: [{ name: b, notice: bulletin, every: month, tier: district }]"))
  }

  private func complaint(_ subject: String, _ community: String) -> String {
    Sample.event(
      "complaint.submitted", id: subject, subject: subject,
      data: #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"\#(community)"},"title":"楼道灯不亮"}"#)
  }

  @Test("R7: a complaint climbs 社区 → 街道 → 区 → 市, its community stays responsible, and documents name the offices formally")
  func climbs() async throws {
    try await Surroundings.with { test in
      try start(test)
      try await test.withProcess { _ in
        try test.publish([complaint("HS-1", "磁湖社区")])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'open') = 1")
        let list = try test.dubanctl("items", "list", "--tier", "community", "--unit", "磁湖社区", "--lang", "zh").output
        #expect(list.contains("HS-1") && list.contains("磁湖社区"), "\(list)")
        for (i, (hours, tier)) in [(24, "street"), (36, "district"), (60, "city"), (84, "city")].enumerated() {
          try test.store.setClock(ahead: "\(hours) hours 1 minute")
          // Told before the next, so that they come in order.
          try test.store.until(
            "(SELECT tier = '\(tier)' FROM item) AND (SELECT count(*) FROM breach) = \(i + 1) AND (SELECT count(*) FROM outbox) = 0"
          )
        }
        let events = try test.take(9, from: "test.events").map {
          try JSONDecoder().decode(Told.self, from: Foundation.Data($0.body))
        }
        let slips = events.filter { $0.type == "duban.slip.issued" }.map(\.data)
        #expect(slips.map(\.organ) == ["磁湖社区", "胜阳港街道", "黄石港区", "黄石市"])
        // A street that the directory gives no 督办机关 is called by its own name where it supervises.
        #expect(slips.map(\.office) == ["磁湖社区居民委员会", "胜阳港街道", "黄石港区住房和城乡建设局", "黄石市住房和城乡建设局"])
        #expect(slips.map(\.supervisingOffice) == ["胜阳港街道", "黄石港区住房和城乡建设局", "黄石市住房和城乡建设局", nil])
        let summons = try #require(events.first { $0.type == "duban.notice.proposed" }).data
        #expect(summons.organ == "黄石港区" && summons.office == "黄石港区住房和城乡建设局")
        let body = try #require(summons.body)
        for words in ["由磁湖社区居民委员会承办", "磁湖社区居民委员会（承办）：", "黄石港区住房和城乡建设局（督办）：", "建议约谈黄石港区住房和城乡建设局，请审定"] {
          #expect(body.contains(words), "\(words) in \(body)")
        }
        let explained = try test.dubanctl("items", "explain", "HS-1", "--lang", "zh").output
        #expect(explained.contains("由磁湖社区承办") && explained.contains("提级由胜阳港街道督办"), "\(explained)")
        // Past the month in which the breaches were found.
        try test.store.setClock(ahead: "35 days")
        try test.store.until("(SELECT count(*) FROM notice WHERE kind = 'bulletin') > 0")
      }
      let owners: String = try test.store.ask(
        "SELECT string_agg(breach.tier || ' ' || organ.name, ', ' ORDER BY due_at) FROM breach JOIN organ ON organ.id = organ_id WHERE clock = 'response'"
      )
      #expect(owners == "community 磁湖社区, street 胜阳港街道, district 黄石港区, city 黄石市")
      #expect(try test.store.ask("SELECT name FROM item JOIN organ ON organ.id = responsible_id") == "磁湖社区")
      #expect(try test.store.ask("SELECT bool_or(body LIKE '%第1位　胜阳港街道办事处：%') FROM notice WHERE kind = 'bulletin'"))
    }
  }

  @Test("a community that is not known leaves its matter with the street, until an operator assigns it to one")
  func assigned() async throws {
    try await Surroundings.with { test in
      try start(test)
      try await test.withProcess { _ in
        try test.publish([complaint("HS-1", "无此社区")])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'open' AND tier = 'street' AND NOT unassigned) = 1")
        let assigned = try test.dubanctl("items", "assign", "HS-1", "--to", "胜阳港街道磁湖社区", "--because", "会商确定")
        #expect(assigned.end == .exit(0) && assigned.output.contains("承办 磁湖社区"), "\(assigned)")
        try test.store.setClock(ahead: "25 hours")
        try test.store.until("(SELECT count(*) FROM breach WHERE tier = 'community' AND raised_to = 'street') = 1")
      }
    }
  }

  @Test("a community takes its matters along to another street, and hands them to its successor where it ends")
  func followed() async throws {
    try await Surroundings.with { test in
      try start(test)
      try await test.withProcess { _ in
        try test.publish([complaint("HS-1", "磁湖社区")])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'open' AND tier = 'community') = 1")
      }
      func responsible() throws -> String {
        try test.store.ask(
          """
          SELECT street.name || responsible.name FROM item JOIN organ AS street ON street.id = street_id
          JOIN organ AS responsible ON responsible.id = responsible_id
          """)
      }
      let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
      defer { try? FileManager.default.removeItem(at: file) }
      try Self.directory(Self.moved).write(to: file, atomically: true, encoding: .utf8)
      let applied = try test.dubanctl("directory", "apply", file.path)
      #expect(applied.end == .exit(0) && applied.output.contains("follow their organ or unit: 1"), "\(applied)")
      #expect(try responsible() == "花湖街道磁湖社区")
      let retired = try test.dubanctl(
        "directory", "retire", "花湖街道磁湖社区", "--successor", "延安路社区", "--because", "社区合并")
      #expect(retired.end == .exit(0) && retired.output.contains("follow their organ or unit: 1"), "\(retired)")
      #expect(try responsible() == "花湖街道延安路社区")
    }
  }

  private struct Told: Decodable {
    struct Data: Decodable { var organ, office, supervisingOffice, body: String? }
    var type: String
    var data: Data
  }
}
