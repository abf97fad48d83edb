// Directory files: what is read, and how each fault is told, with its line and what is near.

import Testing

@testable import Duban

@Suite("The directory: files")
struct DirectoryFileTests {
  @Test("a file says of organs, persons and sources what it says")
  func read() throws {
    let directory = try DirectoryCity.directory()
    let street = try #require(directory.organ("黄石港区胜阳港街道"))
    #expect(street.code == "420202001000" && street.aliases == ["胜阳港"] && street.handlingOffice == "胜阳港街道办事处")
    #expect(street.supervisingOffice == "黄石港区住房和城乡建设局" && directory.city?.government == "黄石市人民政府")
    #expect(directory.organ("黄石港区胜阳港街道磁湖社区")?.isCommunity == true && directory.organ("供水公司")?.isUnit == true)
    #expect(directory.persons.count == 5 && directory.operators == ["operator"])
    let portal = try #require(directory.sources["/portal/street"])
    #expect(portal.organs.map(directory.fullName) == ["黄石港区胜阳港街道", "黄石港区花湖街道"])
    let district = try #require(directory.organ("黄石港区")?.id)
    #expect(
      portal.grants == [
        Grant(acts: ["responded", "resolved"], sources: ["/hotline/12345"], regions: [district]), Grant(acts: ["urged"]),
      ])
    #expect(directory.sources["/platform/12388"]?.recipientID == directory.organ("派驻纪检监察组")?.id)
  }

  private static let head = "city: 黄石市\ndistricts:\n  - { name: 黄石港区, code: \"420202000000\", streets: [胜阳港街道, 花湖街道] }\n"

  @Test(
    "a fault is told with its line, its place, what is allowed and what is near",
    arguments: [
      // Keys.
      ("city: 黄石市\ndistrict: []\nsources: []", "districts is missing"),
      ("city: 黄石市\ndistricts: []\nsources: []\npersens: []", "line 4: there is no 'persens' here; known are city, code,"),
      ("city: 黄石市\ndistricts: []\nsources: []\npersens: []", "; the nearest is persons"),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [{ name: 甲街道, code: \"1\" , cod: x }] }\nsources: []",
        "districts[0].streets[0]: there is no 'cod'"
      ),
      // Codes.
      ("city: 黄石市\ncode: 4202\ndistricts: []\nsources: []", "line 2: code: write the 12 digits of the 统计用区划代码, not '4202'"),
      ("city: 黄石市\ncode: 42020000000O\ndistricts: []\nsources: []", "line 2: code: write the 12 digits"),
      (
        "city: 黄石市\ncode: \"420201000000\"\ndistricts: []\nsources: []",
        "line 2: code: the code of a city ends with 8 zeros, not '420201000000'"
      ),
      (
        "city: 黄石市\ncode: \"420200000000\"\ndistricts:\n  - { name: 甲区, code: \"350402000000\", streets: [] }\nsources: []",
        "line 4: districts[0].code: the code of a district of this place begins with 4202, not '350402000000'"
      ),
      (
        "city: 黄石市\ndistricts:\n  - name: 甲区\n    code: \"420202000000\"\n    streets:\n      - { name: 甲街道, code: \"420203001000\" }\nsources: []",
        "line 6: districts[0].streets[0].code: the code of a street of this place begins with 420202, not '420203001000'"
      ),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [{ name: 甲街道, code: \"420202001000\" }] }\n  - { name: 乙区, streets: [{ name: 甲街道, code: \"420202001000\" }] }\nsources: []",
        "line 4: districts[1].streets[0].code: '420202001000' appears twice, on line 3 before"
      ),
      // Names.
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [甲街道, 乙街道, \"甲 街道\"] }\nsources: []",
        "line 3: districts[0].streets[2]: '甲 街道' appears twice, on line 3"
      ),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [甲街道, { name: 乙街道, aliases: [甲街道] }] }\nsources: []",
        "'甲街道' appears twice"
      ),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [甲街道, { name: 乙街道, merges: [甲街道] }] }\nsources: []",
        "'甲街道' appears twice"
      ),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [] }\nunits: [甲区]\nsources: []",
        "line 4: units[0]: '甲区' appears twice: it is a district's name, too"
      ),
      ("city: \" \"\ndistricts: []\nsources: []", "line 1: city: write what it is: there is nothing to be seen"),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [{ name: 甲街道, aliases: [\"\"] }] }\nsources: []",
        "districts[0].streets[0].aliases[0]: write what it is"
      ),
      ("city: 黄石市\nhours: [late]\ndistricts: []\nsources: []", "line 2: hours: write the intervals of a day in order"),
      // Persons.
      (
        head + "sources: []\npersons: [{ name: 甲, role: 街道书记, street: 花湖街道 }]",
        "line 5: persons[0].role: write 社区干部, 街道干部, 小区长, 网格员 or 联系人, not '街道书记'"
      ),
      (
        head + "sources: []\npersons:\n  - { name: 甲, role: 网格员, street: 花胡街道 }",
        "line 6: persons[0].street: there is no street '花胡街道' in the directory; the nearest is 黄石港区花湖街道"
      ),
      (head + "sources: []\npersons: [{ name: 甲, role: 网格员 }]", "persons[0]: name the street or the unit of 甲, one of them"),
      (
        head + "sources: []\nunits: [水司]\npersons: [{ name: 甲, role: 联系人, unit: 水司, project: 一号院 }]",
        "persons[0]: community and project are of a street"
      ),
      (
        head + "sources: []\nunits: [水司]\npersons: [{ name: 甲, role: 联系人, unit: 花湖街道 }]",
        "persons[0].unit: there is no unit '花湖街道'"
      ),
      (
        head + "sources: []\npersons:\n  - { name: 甲, role: 网格员, street: 花湖街道 }\n  - { name: 甲, role: 网格员, street: 花湖街道 }",
        "line 7: persons[1]: 甲 appears twice with the same words, on line 6 before"
      ),
      (
        "city: 黄石市\ndistricts:\n  - { name: 甲区, streets: [{ name: 甲街道, communities: [磁湖社区] }] }\nsources: []\npersons: [{ name: 甲, role: 网格员, street: 甲街道, community: 慈湖社区 }]",
        "line 5: persons[0].community: '慈湖社区' is no community of 甲街道; the nearest is 磁湖社区"
      ),
      (
        "city: 黄石市\ndistricts: [{ name: 甲区, streets: [江北街道] }, { name: 乙区, streets: [江北街道] }]\nsources: []\npersons: [{ name: 甲, role: 网格员, street: 江北街道 }]",
        "line 4: persons[0].street: '江北街道' may be several: write 甲区江北街道 or 乙区江北街道"
      ),
      // Sources, grants and operators.
      (
        head + "sources:\n  - { uri: /a, name: a, organs: [花湖接道] }",
        "line 5: sources[0].organs[0]: there is no city or district or street or community or unit '花湖接道' in the directory; the nearest is 黄石港区花湖街道"
      ),
      (
        head + "sources:\n  - { uri: /a, name: a, grants: [{ acts: [responed] }] }",
        "line 5: sources[0].grants[0].acts[0]: there is no 'responed'; known are accepted,"
      ),
      (head + "sources:\n  - { uri: /a, name: a, grants: [{ acts: [responed] }] }", "; the nearest is responded"),
      (
        head + "sources:\n  - { uri: /hotline/12345, name: a, grants: [{ sources: [/hotline/12354] }] }",
        "there is no '/hotline/12354'; known are /hotline/12345; the nearest is /hotline/12345"
      ),
      (
        head + "sources:\n  - { uri: /a, name: a, grants: [{ regions: [黄石岗区] }] }",
        "line 5: sources[0].grants[0].regions[0]: there is no city or district or street '黄石岗区' in the directory; the nearest is 黄石港区"
      ),
      (
        head + "sources:\n  - { uri: /a, name: a, grants: [{ regions: [] }] }",
        "sources[0].grants[0].regions: an empty list grants nothing; leave regions out for all"
      ),
      (
        head + "sources:\n  - { uri: /a, name: a, grants: [{ act: [responded] }] }",
        "sources[0].grants[0]: there is no 'act' here; known are acts, sources, regions; the nearest is acts"
      ),
      (
        head + "units: [水司]\nsources:\n  - { uri: /a, name: a, recipient: 水司 }",
        "sources[0].recipient: only the matters of a confidential source go to a recipient"
      ),
      (
        head + "units: [水司]\nsources:\n  - { uri: /a, name: a, confidential: true, recipient: 电司 }",
        "sources[0].recipient: there is no unit '电司' in the directory; the nearest is 水司"
      ),
      (head + "sources: [{ uri: /a, name: a }, { uri: /a, name: b }]", "line 4: sources[1].uri: '/a' appears twice"),
      (head + "sources: [{ uri: /a, name: a, users: [u, u] }]", "sources[0].users[1]: 'u' appears twice"),
      (head + "sources: []\noperators: [u, u]", "line 5: operators[1]: 'u' appears twice; remove one"),
      (head + "sources: []\noperators: [\"\"]", "line 5: operators[0]: write what it is"),
    ])
  func fault(yaml: String, says: String) {
    do {
      _ = try DirectoryDraft.read(yaml: yaml)
      Issue.record("taken")
    } catch {
      #expect(error.description.contains(says), "\(error)")
    }
  }

  @Test("all faults of a file are told, each with its line, in the order of the lines")
  func all() {
    let yaml = """
      city: 黄石市
      code: 4202
      districts:
        - name: 甲区
          code: "420202000000"
          strets: []
          streets:
            - { name: 甲街道, code: "420203001000" }
            - { name: 乙街道, code: "420202002000", hours: [late] }
            - { name: 丙街道, code: "420202002000" }
            - 甲街道
      units: [水司, ""]
      persons:
        - { name: 甲, role: 街道书记, street: 甲街道 }
        - { name: 乙, role: 网格员 }
      sources:
        - { uri: /a, name: a, receipts: perhaps, grants: [{ acts: [responed], sources: [/b] }] }
        - { uri: /a }
      operators: [u, u]
      """
    #expect(
      Self.lines(yaml).map { $0.replacing(#/; known are .*?; /#, with: "; ").replacing(#/; known are .*/#, with: "") } == [
        "line 2: code: write the 12 digits of the 统计用区划代码, not '4202'",
        "line 6: districts[0]: there is no 'strets' here; the nearest is streets",
        "line 8: districts[0].streets[0].code: the code of a street of this place begins with 420202, not '420203001000'",
        "line 9: districts[0].streets[1].hours: write the intervals of a day in order, like [08:30-12:00, 14:30-17:30]",
        "line 10: districts[0].streets[2].code: '420202002000' appears twice, on line 9 before; each organ has its own",
        "line 11: districts[0].streets[3]: '甲街道' appears twice, on line 8 before; a name means one organ",
        "line 12: units[1]: write what it is: there is nothing to be seen",
        "line 14: persons[0].role: write 社区干部, 街道干部, 小区长, 网格员 or 联系人, not '街道书记'; the nearest is 街道干部",
        "line 15: persons[1]: name the street or the unit of 乙, one of them",
        "line 17: sources[0].receipts: write true or false, not 'perhaps'",
        "line 17: sources[0].grants[0].acts[0]: there is no 'responed'; the nearest is responded",
        "line 17: sources[0].grants[0].sources[0]: there is no '/b'; the nearest is /a",
        "line 18: sources[1]: name is missing; write a name",
        "line 19: operators[1]: 'u' appears twice; remove one",
      ])
  }

  @Test("all names that a file does not have are told, where its organs are clear")
  func allNames() {
    let yaml = """
      city: 黄石市
      districts: [{ name: 甲区, streets: [{ name: 花湖街道, communities: [磁湖社区] }] }]
      persons:
        - { name: 甲, role: 网格员, street: 花胡街道 }
        - { name: 乙, role: 网格长, street: 花湖街道 }
        - { name: 丙, role: 网格员, street: 花湖街道, community: 慈湖社区 }
        - { name: 丁, role: 联系人, unit: 电司 }
      sources: [{ uri: /a, name: a, organs: [花湖接道], grants: [{ regions: [甲曲] }] }]
      """
    #expect(
      Self.lines(yaml) == [
        "line 4: persons[0].street: there is no street '花胡街道' in the directory; the nearest is 甲区花湖街道",
        "line 5: persons[1].role: write 社区干部, 街道干部, 小区长, 网格员 or 联系人, not '网格长'; the nearest is 网格员",
        "line 6: persons[2].community: '慈湖社区' is no community of 花湖街道; the nearest is 磁湖社区",
        "line 7: persons[3].unit: there is no unit '电司' in the directory",
        "line 8: sources[0].organs[0]: there is no city or district or street or community or unit '花湖接道' in the directory; the nearest is 甲区花湖街道",
        "line 8: sources[0].grants[0].regions[0]: there is no city or district or street '甲曲' in the directory; the nearest is 甲区",
      ])
  }

  @Test("what a file contradicts in the database is told of all its organs at once")
  func allOfUpdate() throws {
    let present = try DirectoryUpdate(
      DirectoryDraft.read(yaml: "city: 黄石市\ndistricts: [{ name: 甲区, streets: [甲街道, 乙街道] }, 乙区]\nsources: []"), onto: .empty
    ).after
    let draft = try DirectoryDraft.read(
      yaml: "city: 黄石市\ndistricts:\n  - 甲区\n  - name: 乙区\n    streets:\n      - 甲街道\n      - 乙街道\nsources: []")
    do {
      _ = try DirectoryUpdate(draft, onto: present)
      Issue.record("taken")
    } catch {
      #expect(error.lines.map { $0.prefix(13) } == ["line 6: '甲街道'", "line 7: '乙街道'"])
    }
  }

  private static func lines(_ yaml: String) -> [String] {
    do {
      _ = try DirectoryDraft.read(yaml: yaml)
      return []
    } catch {
      return error.lines
    }
  }

  @Test("the same street name in two districts, and one office for several organs, are no fault")
  func allowed() throws {
    _ = try DirectoryDraft.read(
      yaml: """
        city: 黄石市
        districts:
          - { name: 甲区, handling-office: 建设局, supervising-office: 建设局, streets: [江北街道, { name: 乙街道, supervising-office: 建设局 }] }
          - { name: 乙区, streets: [{ name: 江北街道, supervising-office: 建设局 }] }
        sources: []
        """)
  }
}
