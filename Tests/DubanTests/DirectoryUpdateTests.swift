// What a directory becomes by a file: renames, moves, mergers, ends, and files that are exported.

import Testing

@testable import Duban

@Suite("The directory: changes")
struct DirectoryUpdateTests {
  private let present: Directory

  init() throws { present = try DirectoryCity.directory() }

  private func update(_ pairs: (String, String)...) throws -> DirectoryUpdate {
    var yaml = DirectoryCity.file
    for (old, new) in pairs {
      #expect(yaml.contains(old), "\(old)")
      yaml = yaml.replacing(old, with: new)
    }
    return try DirectoryCity.update(yaml, onto: present)
  }

  private func fault(_ pairs: (String, String)...) -> String {
    var yaml = DirectoryCity.file
    for (old, new) in pairs { yaml = yaml.replacing(old, with: new) }
    do {
      return "taken: \(try DirectoryCity.update(yaml, onto: present).changes)"
    } catch {
      return "\(error)"
    }
  }

  /// 胜阳港街道 as the file has it.
  private static let street = """
    \("      - name: 胜阳港街道")
            code: "420202001000"
            aliases: [胜阳港]
            handling-office: 胜阳港街道办事处
            supervising-office: 黄石港区住房和城乡建设局
            communities: [{ name: 磁湖社区, code: "420202001001", aliases: [磁湖] }, 新闸社区]

    """

  private func id(_ name: String) -> Int64? { present.organ(name)?.id }

  @Test("the same file changes nothing; an empty directory gets all of it")
  func same() throws {
    let update = try update()
    #expect(update.changes.isEmpty && update.absent.isEmpty && update.changedOrgans.isEmpty)
    #expect(try DirectoryCity.update(DirectoryCity.file, onto: .empty).changedOrgans.first?.name == "黄石市")
  }

  @Test("a street that is renamed keeps its id, and its old name leads to it")
  func renamed() throws {
    let update = try update(("- { name: 花湖街道, code", "- { name: 花马湖街道, formerly: [花湖街道], code"), ("港区花湖街道]", "港区花马湖街道]"))
    #expect(update.changes.first == "renamed: 黄石港区花湖街道 → 黄石港区花马湖街道" && update.absent.isEmpty)
    #expect(update.after.organ("黄石港区花马湖街道")?.id == id("黄石港区花湖街道"))
    #expect(update.after.found("黄石港区", "花湖街道") == "黄石港区花马湖街道" && update.after.found(nil, "花湖街道") == "黄石港区花马湖街道")
    // Applied again it changes nothing, and the name stays on record where the file says it no more.
    #expect(try DirectoryUpdate(DirectoryDraft.read(yaml: update.after.file), onto: update.after).changes.isEmpty)
    let later = try DirectoryCity.update(
      DirectoryCity.file.replacing("- { name: 花湖街道", with: "- { name: 花马湖街道").replacing("港区花湖街道]", with: "港区花马湖街道]"),
      onto: update.after)
    #expect(later.changes.isEmpty && later.after.found(nil, "花湖街道") == "黄石港区花马湖街道")
  }

  @Test("a district and a unit that are renamed keep their ids, with all that is theirs")
  func renamedAbove() throws {
    let update = try update(
      ("name: 开发区·铁山区", "name: 新区\n    formerly: [开发区·铁山区]"), ("{ name: 供水公司", "{ name: 水务集团, formerly: [供水公司]"),
      ("unit: 供水公司", "unit: 水务集团"))
    #expect(update.after.organ("新区江北街道")?.id == id("开发区·铁山区江北街道") && update.after.found("开发区·铁山区", "四棵街道") == "新区四棵街道")
    var opening = Event.Opening()
    opening.units.lead = "供水公司"
    #expect(update.after.stamp(.opened(opening), policy: 1).units["供水公司"] == id("供水公司"))
    #expect(update.after.person(unit: try #require(id("供水公司")))?.name == "钱七")
  }

  @Test("a street that the database has in another district is refused, unless it says that it was moved; then it keeps its id")
  func moved() throws {
    #expect(
      fault(
        ("      - { name: 花湖街道, code: \"420202002000\" }\n", ""), (", 四棵街道]", ", 四棵街道, 花湖街道]"), ("黄石港区花湖街道]", "铁山区花湖街道]"))
        == "line 23: '花湖街道' is a street of 黄石港区 in the database: write moved-from: 黄石港区 where it was moved, or name it in 黄石港区, too, where there are two"
    )
    let update = try update(
      ("      - { name: 花湖街道, code: \"420202002000\" }\n", ""), (", 四棵街道]", ", 四棵街道, { name: 花湖街道, moved-from: 黄石港区 }]"),
      ("黄石港区花湖街道]", "铁山区花湖街道]"))
    #expect(update.changes.contains("moved: 黄石港区花湖街道 → 开发区·铁山区花湖街道") && update.absent.isEmpty)
    #expect(update.after.organ("开发区·铁山区花湖街道")?.id == id("黄石港区花湖街道"))
    // Who writes it as before still finds it.
    #expect(update.after.found("黄石港区", "花湖街道") == "开发区·铁山区花湖街道" && update.after.found("铁山区", "花湖街道") == "开发区·铁山区花湖街道")
    let place = Place(cityID: 1, districtID: id("黄石港区"), streetID: id("黄石港区花湖街道"))
    #expect(update.after.current(place).districtID == id("开发区·铁山区") && update.after.current(place).streetID == place.streetID)
    // What came along and is not named has no code of its old district any more: the export can be read.
    let other = try self.update(
      (Self.street, ""), (", 四棵街道]", ", 四棵街道, { name: 胜阳港街道, moved-from: 黄石港区, communities: [磁湖社区, 新闸村] }]"),
      ("community: 磁湖 }", "community: 磁湖社区 }"), ("street: 黄石港区胜阳港街道", "street: 胜阳港街道"),
      ("street: \"420202001000\"", "street: 胜阳港街道"))
    #expect(other.after.organ("开发区·铁山区胜阳港街道磁湖社区")?.id == id("黄石港区胜阳港街道磁湖社区") && other.absent == ["开发区·铁山区胜阳港街道新闸社区"])
    let unnamed = try self.update(
      (Self.street, ""), (", 四棵街道]", ", 四棵街道, { name: 胜阳港街道, moved-from: 黄石港区 }]"), ("community: 磁湖 }", "community: 磁湖社区 }"),
      ("street: 黄石港区胜阳港街道", "street: 胜阳港街道"), ("street: \"420202001000\"", "street: 胜阳港街道"))
    #expect(unnamed.after.organ("开发区·铁山区胜阳港街道磁湖社区")?.code == nil)
    #expect(try DirectoryCity.update(unnamed.after.file, onto: unnamed.after).changes.isEmpty)
    // A second one of its name is a new one, where the file has both.
    let both = try self.update((", 四棵街道]", ", 四棵街道, 花湖街道]"))
    #expect(both.changes == ["new street: 开发区·铁山区花湖街道"])
    #expect(
      fault((", 四棵街道]", ", 四棵街道, { name: 五棵街道, moved-from: 黄石岗区 }]")).hasSuffix(
        "五棵街道: moved-from: there is no district '黄石岗区'; the nearest is 黄石港区"))
  }

  @Test("streets that are merged end in another, with their communities, persons and names; new matters go there")
  func merged() throws {
    let update = try update(
      ("      - { name: 花湖街道, code: \"420202002000\" }\n", ""),
      ("        aliases: [胜阳港]\n", "        aliases: [胜阳港]\n        merges: [花湖街道]\n"), (", 黄石港区花湖街道]", "]"))
    #expect(update.changes.first == "retired: 黄石港区花湖街道, in 黄石港区胜阳港街道" && update.absent.isEmpty)
    #expect(update.after.found("黄石港区", "花湖街道") == "黄石港区胜阳港街道" && update.after.found(nil, "420202002") == "黄石港区胜阳港街道")
    let old = try #require(id("黄石港区花湖街道"))
    #expect(update.after.name(of: old) == "花湖街道" && update.after.current(old) == id("黄石港区胜阳港街道"))
    #expect(update.after.suggestions(for: .init(district: "黄石港区", street: "花胡街道")).isEmpty)
    // The file that an operator keeps may go on to say so.
    #expect(try DirectoryCity.update(update.after.file, onto: update.after).changes.isEmpty)
    // Communities go along; one whose name the other street has already is that one.
    let other = try self.update(
      ("      - 江北街道\n", "      - { name: 江北街道, merges: [胜阳港街道], communities: [新闸社区, { name: 磁湖社区, aliases: [磁湖] }] }\n"),
      (Self.street, ""),
      ("street: 胜阳港街道", "street: 黄石港区江北街道"), ("street: 黄石港区胜阳港街道", "street: 黄石港区江北街道"),
      ("street: \"420202001000\"", "street: 黄石港区江北街道"), ("胜阳港街道, 黄石港区花湖街道]", "花湖街道]"))
    #expect(other.after.organ("黄石港区江北街道磁湖社区")?.id == id("黄石港区胜阳港街道磁湖社区"))
    #expect(other.after.organ("黄石港区江北街道新闸社区")?.id == id("黄石港区胜阳港街道新闸社区"))
    #expect(other.after.found("黄石港区", nil, "磁湖社区") == "黄石港区江北街道")
  }

  @Test("of two communities of one name, one ends in the other when their streets become one")
  func namesakes() throws {
    let before = try DirectoryCity.directory(
      DirectoryCity.file.replacing("code: \"420202002000\" }", with: "code: \"420202002000\", communities: [新闸社区] }"))
    func id(_ name: String) throws -> Int64 { try #require(before.organ(name)?.id) }
    let after = try DirectoryUpdate(retiring: id("黄石港区胜阳港街道"), successor: id("黄石港区花湖街道"), in: before).after
    let (gone, here) = (try id("黄石港区胜阳港街道新闸社区"), try id("黄石港区花湖街道新闸社区"))
    #expect(after.organs[gone]?.isRetired == true && after.current(gone) == here && after.organ("黄石港区花湖街道磁湖社区") != nil)
  }

  @Test("what the file does not name stays, and is listed; a code of one of those is refused")
  func absent() throws {
    let update = try update(("      - 江北街道\n", ""))
    #expect(update.changes.isEmpty && update.absent == ["黄石港区江北街道"] && update.after.found("黄石港区", "江北街道") == "黄石港区江北街道")
    #expect(
      fault(("- { name: 花湖街道, code", "- { name: 花马湖街道, code"), (", 黄石港区花湖街道]", "]"))
        == """
        line 19: 花马湖街道: code: '420202002000' is 花湖街道's in the database: write formerly: [花湖街道] where it was renamed, merges: [花湖街道] \
        where it was merged, or retire it first
        """)
  }

  @Test("a second city is refused")
  func otherCity() {
    #expect(
      fault(("city: 黄石市", "city: 三明市"), ("organs: [黄石市]", "organs: [三明市]"))
        == "line 1: this database is 黄石市's and the file 三明市's; a database serves one city: correct the file, or the DSN")
  }

  @Test(
    "an organ that is retired has a successor for its names, or none; a file that names it again is refused, or says that it is back"
  )
  func retired() throws {
    let (old, new) = (try #require(id("黄石港区胜阳港街道")), try #require(id("黄石港区花湖街道")))
    let ended = try DirectoryUpdate(retiring: old, successor: new, in: present)
    #expect(
      ended.changes.first == "retired: 黄石港区胜阳港街道, in 黄石港区花湖街道" && ended.changes.contains { $0.hasPrefix("moved: 黄石港区胜阳港街道磁湖社区") })
    #expect(ended.after.found(nil, "胜阳港") == "黄石港区花湖街道" && ended.after.person(street: new, community: "磁湖")?.name == "张三")
    #expect(ended.after.sources["/portal/street"]?.organs == [new])
    #expect(throws: FileFault.self) { try DirectoryCity.update(DirectoryCity.file, onto: ended.after) }
    let back = try DirectoryCity.update(
      DirectoryCity.file.replacing("        aliases: [胜阳港]\n", with: "        aliases: [胜阳港]\n        formerly: [胜阳港街道]\n")
        .replacing(", communities: [新闸社区]", with: ""), onto: ended.after)
    #expect(back.changes.contains("back: 黄石港区胜阳港街道") && back.after.organ("黄石港区胜阳港街道")?.id == old)

    let alone = try DirectoryUpdate(retiring: old, successor: nil, in: present)
    #expect(alone.after.found("黄石港区", "胜阳港街道") == "黄石港区" && alone.after.found(nil, nil, "磁湖社区") == "黄石市")
    #expect(alone.after.persons.map(\.name) == ["钱七"] && alone.after.sources["/portal/street"]?.organs == [new])
    let place = Place(cityID: 1, districtID: id("黄石港区"), streetID: old)
    #expect(alone.after.current(place) == Place(cityID: 1, districtID: id("黄石港区")))
    #expect(throws: RetirementFault.self) { try DirectoryUpdate(retiring: old, successor: nil, in: alone.after) }
    for (organ, successor) in [("黄石市", nil), ("黄石港区", nil), ("黄石港区花湖街道", "供水公司"), ("供水公司", "供水公司")] as [(String, String?)] {
      #expect(throws: RetirementFault.self, "\(organ)") {
        try DirectoryUpdate(retiring: #require(id(organ)), successor: successor.flatMap(id), in: present)
      }
    }
  }

  @Test("an exported file changes nothing where it came from, and makes the same of an empty directory")
  func exported() throws {
    let strange = DirectoryCity.file.replacing("供电公司", with: "\"a: b # 'c' \\\"d\\\"\"").replacing(
      "[operator]", with: "[\"123\", \"yes\", \"-\"]")
    for directory in [
      present, try DirectoryCity.directory(strange), try DirectoryCity.directory("city: 黄石市\ndistricts: []\nsources: []\n"),
      try DirectoryUpdate(
        retiring: #require(id("黄石港区胜阳港街道")), successor: #require(id("黄石港区花湖街道")), in: present
      ).after,
    ] {
      let file = directory.file
      #expect(try DirectoryCity.update(file, onto: directory).changes == [], "\(file)")
      #expect(try DirectoryCity.directory(file).file == file)
    }
  }
}
