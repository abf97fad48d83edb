// R10, R13, R38: the categories that a policy lists, and items of another.

import Testing

@testable import Duban

@Suite struct CategoryTests {
  private static func opened(_ category: String, categories: Bool = true) throws -> Casebook {
    var policy = try City.policy()
    if categories { policy.categories = [.init(name: "五个重点", categories: ["招投标", "雨污接驳"])] }
    var book = try Casebook(policy)
    let outcome = try book.hear("complaint.submitted", #"{\#(Told.place),"category":"\#(category)"}"#)
    #expect(outcome == .applied && book.whole.phase == .open)
    return book
  }

  @Test func `R38: an item of a category that the policy does not list is taken, and operators are told of the nearest`() throws {
    #expect(try Self.opened("雨污接拨").last.unlistedCategories.map(\.nearest) == ["雨污接驳"])
    #expect(try Self.opened("其他").last.unlistedCategories.map(\.nearest) == [nil])
    #expect(try Self.opened("雨污接驳").last.unlistedCategories.isEmpty)
    #expect(try Self.opened("其他", categories: false).last.unlistedCategories.isEmpty)
  }

  @Test func `of such an item operators are told once, when it is opened`() throws {
    var book = try Self.opened("雨污接拨")
    try book.hear("complaint.responded", at: hour(1))
    #expect(book.last.unlistedCategories.isEmpty)
    book.sweep(at: day(40))
    #expect(book.last.unlistedCategories.isEmpty)
  }

  @Test(arguments: ["default", "huangshi", "sanming"])
  func `R10, R13, R38: the shipped policies list the documents' categories, and those of 城管 as a preset`(city: String) throws {
    let policy = try FilesTests.policy(city)
    let groups = try #require(policy.categories)
    for categories in [
      ["招投标", "施工质量", "雨污接驳", "后续管理", "资金拨付"], ["屋面防水", "管道", "外墙", "道路", "绿化"], ["基础类", "完善类", "提升类"],
      ["保洁", "垃圾", "违建"],
    ] { #expect(groups.contains { $0.categories == categories }) }
    let rows = policy.rulesByCategory
    #expect(rows.map(\.category).contains("招投标") && rows.first { $0.category == "招投标" }?.rule == nil)
    #expect(rows.filter { $0.category == "批示" }.map(\.rule?.grade) == ["急件", nil])
  }
}
