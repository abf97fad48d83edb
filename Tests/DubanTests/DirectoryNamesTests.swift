// Which organ a name leads to: the table of resolution, persons of places, and what may have been meant.

import Testing

@testable import Duban

@Suite("The directory: names")
struct DirectoryNamesTests {
  @Test(
    "a region is known by code, name, office or alias, without the district where one street alone is meant; spaces and full-width forms do not count",
    arguments: [
      // By name.
      ("黄石港区", "胜阳港街道", "黄石港区胜阳港街道"), (nil, "胜阳港街道", "黄石港区胜阳港街道"), ("黄石港区", nil, "黄石港区"), (nil, nil, "黄石市"),
      ("黄石市黄石港区", "花湖街道", "黄石港区花湖街道"), (nil, "黄石港区胜阳港街道", "黄石港区胜阳港街道"), ("黄石港区", "黄石港区胜阳港街道", "黄石港区胜阳港街道"),
      // By alias and by office.
      ("港区", "胜阳港", "黄石港区胜阳港街道"), (nil, "胜阳港街道办事处", "黄石港区胜阳港街道"), ("黄石港区人民政府", "花湖街道", "黄石港区花湖街道"),
      // By code, in full or as far as it says something.
      ("420202000000", "420202001000", "黄石港区胜阳港街道"), ("420202", "420202001", "黄石港区胜阳港街道"), (nil, "420202002", "黄石港区花湖街道"),
      ("黄石港区", "420205002000", "黄石港区"),
      // A name that both districts have.
      (nil, "江北街道", "黄石市"), ("黄石港区", "江北街道", "黄石港区江北街道"), ("铁山区", "江北街道", "开发区·铁山区江北街道"), (nil, "铁山区江北街道", "开发区·铁山区江北街道"),
      // However it is written.
      (" 黄石港区 ", "胜阳港 街道", "黄石港区胜阳港街道"), ("黄石港区\u{3000}", "\u{FEFF}胜阳港街道\n", "黄石港区胜阳港街道"),
      ("４２０２０２", "４２０２０２００１０００", "黄石港区胜阳港街道"), ("开发区・铁山区", "四棵街道", "开发区·铁山区四棵街道"), ("", "花湖街道", "黄石港区花湖街道"), (" ", " ", "黄石市"),
      // Not known.
      ("黄石港区", "无此街道", "黄石港区"), ("无此区", "花湖街道", "黄石市"), ("无此区", "无此街道", "黄石市"), ("黄石港区", "四棵街道", "黄石港区"),
    ])
  func resolution(district: String?, street: String?, known: String) throws {
    #expect(try DirectoryCity.directory().found(district, street) == known)
  }

  @Test("a community stands for its street where no street is named, if it is the only one of its name there")
  func communities() throws {
    let directory = try DirectoryCity.directory()
    #expect(directory.found(nil, nil, "磁湖社区") == "黄石港区胜阳港街道" && directory.found(nil, nil, "420202001001") == "黄石港区胜阳港街道")
    #expect(directory.found(nil, nil, "新闸社区") == "黄石市" && directory.found("铁山区", nil, "新闸社区") == "开发区·铁山区江北街道")
    #expect(directory.found("黄石港区", "花湖街道", "磁湖社区") == "黄石港区花湖街道" && directory.found("黄石港区", "无此街道", "磁湖社区") == "黄石港区")
  }

  @Test("a unit is known by name or alias; of what nobody has, and of organs, there is none")
  func units() throws {
    let directory = try DirectoryCity.directory()
    var opening = Event.Opening()
    opening.units.lead = "水司"
    opening.units.supporting = ["供电 公司", "黄石港区", "无此单位"]
    let stamp = directory.stamp(.opened(opening), policy: 1)
    #expect(stamp.units == ["水司": directory.organ("供水公司")?.id, "供电 公司": directory.organ("供电公司")?.id].compactMapValues(\.self))
    #expect(stamp.units.count == 2)
  }

  @Test("the person of a place is that of its 小区 or community, else of the whole street, by the order of roles")
  func persons() throws {
    let directory = try DirectoryCity.directory()
    let street = try #require(directory.organ("黄石港区胜阳港街道")?.id)
    for (community, name) in [
      ("磁湖社区", "张三"), ("磁湖", "张三"), ("420202001001", "张三"), ("覆盆山小区", "赵六"), ("覆盆山 小区", "赵六"), ("新闸社区", "李四"), (nil, "李四"),
      ("不知道", "李四"),
    ] as [(String?, String)] {
      #expect(directory.person(street: street, community: community)?.name == name, "\(community ?? "nil")")
    }
    #expect(directory.person(street: nil, community: "磁湖社区") == nil && directory.person(street: 3, community: nil)?.name == nil)
    #expect(try directory.person(unit: #require(directory.organ("供水公司")?.id))?.name == "钱七")
    #expect(try directory.person(unit: #require(directory.organ("供电公司")?.id)) == nil)
  }

  @Test(
    "suggestions: what may have been meant, the best first, at most 3; none where the street is known or nothing is near",
    arguments: [
      ("黄石港区", "胜阳岗街道", "黄石港区胜阳港街道"), (nil, "胜阳岗", "黄石港区胜阳港街道"), ("黄石港区", "阳胜港街道", "黄石港区胜阳港街道"),
      // A district that is not known, with a street that is; a street of another district.
      ("黄石巷区", "胜阳港街道", "黄石港区胜阳港街道"), ("黄石港区", "四棵街道", "开发区·铁山区四棵街道"), ("无此区", "花湖街道", "黄石港区花湖街道"),
      // Both districts have one.
      (nil, "江北街道", "开发区·铁山区江北街道,黄石港区江北街道"), ("黄石巷区", "江北街道", "黄石港区江北街道,开发区·铁山区江北街道"),
      // Another sort of place, and one within a longer text.
      ("黄石港区", "花湖镇", "黄石港区花湖街道"), (nil, "湖北省黄石市胜阳港街道1号", "黄石港区胜阳港街道"),
      ("黄石巷区", nil, "黄石港区"), ("黄石港区", nil, ""), ("黄石港区", "花湖街道", ""), (nil, nil, ""), (nil, "无此街道", ""), ("无此区", "无此街道", ""),
    ])
  func suggestions(district: String?, street: String?, meant: String) throws {
    let directory = try DirectoryCity.directory()
    #expect(directory.suggestions(for: .init(district: district, street: street)).joined(separator: ",") == meant)
  }

  @Test("edit distance counts replaced, left out, added and swapped characters, as far as its bound")
  func distance() {
    func distance(_ a: String, _ b: String, _ bound: Int = 9) -> Int? {
      EditDistance.between(Array(a.unicodeScalars), Array(b.unicodeScalars), atMost: bound)
    }
    for (a, b, d) in [
      ("", "", 0), ("花湖", "花湖", 0), ("花湖", "花胡", 1), ("花湖", "花", 1), ("花湖", "花大湖", 1), ("花湖", "湖花", 1), ("胜阳港", "阳胜岗", 2),
      ("", "花湖", 2),
      ("kitten", "sitting", 3),
    ] {
      #expect(distance(a, b) == d && distance(b, a) == d, "\(a) \(b)")
    }
    #expect(distance("胜阳港", "四棵", 1) == nil && distance("花湖", "江北", 1) == nil && distance("花湖", "江北", 2) == 2)
    #expect(["responded", "resolved"].nearest(to: "responed") == "responded" && ["abc"].nearest(to: "xyz") == nil)
  }

  @Test("an operator's user may send for every source; a source's own user for it alone")
  func operators() throws {
    let directory = try DirectoryCity.directory()
    let (hotline, open) = (directory.sources["/hotline/12345"], directory.sources["/portal/street"])
    func admits(_ source: UpstreamSource?, _ user: String?) -> Bool? { source?.admits(user, operators: directory.operators) }
    #expect(admits(hotline, "hotline") == true && admits(hotline, "operator") == true && admits(hotline, "street") == false)
    #expect(admits(hotline, nil) == false && admits(open, nil) == true && admits(open, "street") == true)
  }
}
