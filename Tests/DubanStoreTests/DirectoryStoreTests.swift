// The directory in the database: applied, exported, versions kept; matters in work follow what moves or ends.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("The directory in the database")
struct DirectoryStoreTests {
  private static let full = """
    city: 黄石市
    code: "420200000000"
    hours: [08:30-12:00, 14:30-17:30]
    districts:
      - name: 黄石港区
        code: "420202000000"
        supervising-office: 黄石港区住房和城乡建设局
        government: 黄石港区人民政府
        streets:
          - name: 胜阳港街道
            code: "420202001000"
            aliases: [胜阳港]
            handling-office: 胜阳港街道办事处
            communities: [{ name: 磁湖社区, code: "420202001001" }]
          - { name: 花湖街道, formerly: [花马湖街道] }
      - { name: 下陆区, streets: [新下陆街道] }
    units: [{ name: 供水公司, aliases: [水司] }, 供电公司, 燃气公司]
    persons: [{ name: 张三, role: 社区干部, street: 胜阳港街道, community: 磁湖社区 }, { name: 李四, role: 联系人, unit: 供水公司 }]
    operators: [operator]
    sources:
      - { uri: /hotline/12345, name: 12345, users: [hotline], organs: [黄石市], grants: [{ acts: [responded], sources: [/qr/mashang], regions: [黄石港区] }, { acts: [urged] }] }
      - { uri: /qr/mashang, name: 码上, receipts: true, confidential: true, recipient: 供电公司 }
      - { uri: /portal/street, name: 街道平台 }
    """

  private func apply(_ store: Store, _ yaml: String, by person: String = "王") throws -> DirectoryUpdate {
    try store.apply(directory: DirectoryDraft.read(yaml: yaml), by: person)
  }

  @Test(
    "all that a file says comes back from the database; the same file again makes no version; the export is a file of the same")
  func roundTrip() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      let street: Int64 = try test.ask("SELECT id FROM organ WHERE name = '胜阳港街道'")
      let update = try apply(store, Self.full)
      let directory = try store.directory()
      // The hours that were in force before are the database's to say.
      let organs = directory.organs.values.map { organ in
        var organ = organ
        organ.formerHours = []
        return organ
      }
      #expect(Set(organs) == Set(update.after.organs.values) && directory.sources == update.after.sources)
      #expect(directory.persons == update.after.persons && directory.operators == ["operator"] && directory.version == 2)
      #expect(
        directory.organs[street]?.code == "420202001000" && directory.person(street: street, community: "磁湖社区")?.name == "张三")
      #expect(try apply(store, Self.full).changes.isEmpty && store.directory().version == 2)
      #expect(try DirectoryUpdate(DirectoryDraft.read(yaml: directory.file), onto: directory).changes.isEmpty)
      // A file that leaves something out takes it back.
      let less = try apply(store, TestStore.directory, by: "李")
      #expect(less.after.persons.isEmpty && less.after.operators.isEmpty)
      let plain = try store.directory()
      #expect(plain.sources["/hotline/12345"]?.grants.count == 2 && plain.organs[street]?.aliases == [] && plain.persons.isEmpty)

      let versions = try store.directoryVersions()
      #expect(versions.map(\.version) == [1, 2, 3] && versions.map(\.appliedBy) == ["duban", "王", "李"])
      #expect(versions.map(\.document) == [TestStore.directory, Self.full, TestStore.directory])
      #expect(versions[1].changes == update.changes && versions[2].changes.contains("operators: operator → –"))
      // By the next file, ids go on behind those that there are.
      _ = try apply(store, TestStore.directory.replacing("新下陆街道", with: "新下陆街道, 老下陆街道"))
      #expect(try test.ask("SELECT nextval(pg_get_serial_sequence('organ', 'id')) > (SELECT max(id) FROM organ)"))
    }
  }

  @Test("names and codes may change places in one file; what does not fit changes nothing")
  func together() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      func file(_ streets: String) -> String { TestStore.directory.replacing("[胜阳港街道, 花湖街道]", with: streets) }
      _ = try apply(store, file("[{ name: 胜阳港街道, code: \"420202001000\" }, { name: 花湖街道, code: \"420202002000\" }]"))
      _ = try apply(store, file("[{ name: 胜阳港街道, code: \"420202002000\" }, { name: 花湖街道, code: \"420202001000\" }]"))
      #expect(try test.ask("SELECT code FROM organ WHERE name = '花湖街道'") == "420202001000")
      _ = try apply(store, file("[{ name: 胜利街道, formerly: [胜阳港街道] }, 花湖街道]"))
      let before = try store.directory()
      for bad in [
        file("[胜利街道, 花湖街道, 新下陆街道]").replacing("streets: [新下陆街道]", with: "streets: []"), file("[]").replacing("黄石市", with: "大冶市"),
      ] {
        #expect(throws: FileFault.self) { try apply(store, bad) }
      }
      #expect(try store.directory().version == before.version && store.directory().organs == before.organs)
    }
  }

  /// Of each item its phase, place and who is responsible.
  private func places(_ test: TestStore) throws -> String {
    try test.ask(
      """
      SELECT string_agg(concat_ws(' ', subject || unit, district.name || coalesce(street.name, ''), organ.name, CASE WHEN unassigned THEN '待派' END), '; '
        ORDER BY subject, unit)
      FROM item LEFT JOIN organ ON organ.id = responsible_id LEFT JOIN organ AS street ON street.id = street_id
        LEFT JOIN organ AS district ON district.id = district_id
      """)
  }

  @Test("matters in work follow a street that was merged or moved, and a unit that ended, on record; new ones go there at once")
  func followed() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      func opening(_ street: String, _ rest: String = "") -> String {
        #"{"region":{"district":"黄石港区","street":"\#(street)","community":"一号院"}\#(rest)}"#
      }
      try take(
        [
          complaint("submitted", "A", opening("花湖街道")), complaint("submitted", "B", opening("胜阳港街道", #","lead":"燃气公司""#)),
          complaint("submitted", "C", opening("花湖街道")), complaint("submitted", "D", opening("胜阳港街道", #","supporting":["燃气公司"]"#)),
        ], store)
      try take([complaint("resolved", "C")], store)
      try test.setClock(ahead: "49 hours")
      try sweep(store)
      #expect(try store.assignMoved() == 0)

      // 花湖街道 ends in 胜阳港街道.
      _ = try apply(store, TestStore.directory.replacing("[胜阳港街道, 花湖街道]", with: "[{ name: 胜阳港街道, merges: [花湖街道] }]"))
      #expect(try store.assignMoved() == 1 && store.assignMoved() == 0 && store.assignUnassigned() == (0, 0))
      #expect(
        try places(test)
          == "A 黄石港区胜阳港街道 胜阳港街道; B 黄石港区胜阳港街道 燃气公司; C 黄石港区花湖街道 花湖街道; D 黄石港区胜阳港街道 胜阳港街道; D燃气公司 黄石港区胜阳港街道 燃气公司")
      #expect(try test.ask("SELECT facts::jsonb -> 'region' ->> 'street' FROM item_event WHERE type = 'item.placed'") == "胜阳港街道")
      // The breach stays with who let the deadline pass.
      #expect(
        try test.ask(
          "SELECT organ.name FROM breach JOIN organ ON organ.id = organ_id JOIN item ON item.id = item_id WHERE subject = 'A'")
          == "花湖街道")

      // 胜阳港街道 goes to 下陆区.
      let moved = TestStore.directory.replacing("[胜阳港街道, 花湖街道]", with: "[]").replacing(
        "[新下陆街道]", with: "[新下陆街道, { name: 胜阳港街道, moved-from: 黄石港区 }]")
      _ = try apply(store, moved)
      #expect(try store.assignMoved() == 3 && store.assignMoved() == 0)
      try take([complaint("submitted", "E", opening("胜阳港街道")), complaint("submitted", "F", opening("花湖街道"))], store)

      // 燃气公司 ends in 供水公司; matters in work need somebody.
      let gas: Int64 = try test.ask("SELECT id FROM organ WHERE name = '燃气公司'")
      let water: Int64 = try test.ask("SELECT id FROM organ WHERE name = '供水公司'")
      let fault = #expect(throws: RequestFault.self) { try store.retire(gas, successor: nil, by: "王", because: "改制") }
      #expect(fault?.description == "燃气公司 has matters in work: name with --successor who has them from now on")
      try store.retire(gas, successor: water, by: "王", because: "改制")
      #expect(try store.assignMoved() == 2 && store.assignMoved() == 0)
      #expect(
        try places(test)
          == "A 下陆区胜阳港街道 胜阳港街道; B 下陆区胜阳港街道 供水公司; C 黄石港区花湖街道 花湖街道; D 下陆区胜阳港街道 胜阳港街道; D燃气公司 下陆区胜阳港街道 供水公司; "
          + "E 下陆区胜阳港街道 胜阳港街道; F 下陆区胜阳港街道 胜阳港街道")
      let version = try #require(try store.directoryVersions().last)
      #expect(version.because == "改制" && version.changes == ["retired: 燃气公司, in 供水公司"] && version.document == nil)
      try RecordLaws.expect(store)
    }
  }

  @Test("a matter of a street that ended without a successor is 待派 when it is opened again; its district has it")
  func reopened() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      // Before now, when the matter is handed on.
      let start = try store.second() - .seconds(60)
      try take([complaint("submitted", "A", at: start, #"{"region":{"district":"黄石港区","street":"花湖街道"}}"#)], store)
      try take([complaint("resolved", "A", at: start + .seconds(1))], store)
      let street: Int64 = try test.ask("SELECT id FROM organ WHERE name = '花湖街道'")
      try store.retire(street, successor: nil, by: "王", because: "撤销")
      #expect(try store.assignMoved() == 0)
      try take([complaint("reopened", "A", at: start + .seconds(2))], store)
      #expect(try store.assignMoved() == 1 && store.assignMoved() == 0)
      #expect(try places(test) == "A 黄石港区 黄石港区 待派")
      try RecordLaws.expect(store)
    }
  }
}
