// What the Chinese text says where a matter does not go its usual way: ends, parts, duplicates, decisions, other kinds.

import Duban
import DubanReading
import Foundation
import Testing

@Suite("Chinese wording")
struct ChineseWordingTests {
  private func opened(_ data: String = place, at: String = "2026-09-28T08:00") throws -> Story {
    var story = try Story()
    try story.say("complaint.submitted", at, data)
    return story
  }

  private let shared =
    #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"supporting":["供水公司","某公司"]}"#

  @Test(
    "what ended without an answer says so, and whether the limit had passed",
    arguments: [("resolved", "办结"), ("withdrawn", "撤回")])
  func unanswered(end: (type: String, word: String)) throws {
    var story = try opened()
    try story.say("complaint.\(end.type)", "2026-09-29T10:00")
    let text = story.text()
    #expect(text[1].hasSuffix("；2026年9月29日10:00因\(end.word)停止计时，其间未作首次响应，停止计时时响应时限尚未届满。"))
    #expect(text.contains("诉求人自2026年9月28日08:00提出诉求，至2026年9月29日10:00\(end.word)时止，其间未获首次响应，历时1天2小时。"))
    #expect(text.last == "该诉求于2026年9月29日10:00\(end.word)。" && !text.contains { $0.contains("终结") })
    var late = try opened()
    late.sweep("2026-09-30T08:00")
    try late.say("complaint.\(end.type)", "2026-09-30T10:00")
    #expect(late.text()[1].hasSuffix("停止计时时已逾期2小时。"))
  }

  @Test("what is said of a unit's part names the unit, and a part that ends with the whole was not settled by it")
  func parts() throws {
    var story = try opened(shared)
    #expect(story.text(of: "某公司")[0] == "某公司（未列入名录，待派）自2026年9月28日08:00起协办（办理时限规则第1版第4行）。")
    try story.say("complaint.suspended", "2026-09-28T10:00", #"{"reason":"停水"}"#, unit: "供水公司")
    #expect(story.text(of: "供水公司").last == "供水公司的协办件自2026年9月28日10:00起因“停水”中止计时，尚未恢复。")
    try story.say("complaint.resumed", "2026-09-28T11:00", unit: "供水公司")
    let until = #"{"reason":"雨季","until":"2026-11-30T17:30:00+08:00"}"#
    try story.say("complaint.extension-requested", "2026-09-28T12:00", until, unit: "供水公司")
    #expect(story.text(of: "供水公司").last?.hasPrefix("供水公司的协办件于2026年9月28日12:00申请延期至2026年11月30日17:30，") == true)
    try story.say("complaint.resolved", "2026-09-30T10:00")
    let part = story.text(of: "供水公司")
    #expect(part[1].hasSuffix("；2026年9月30日10:00因主办件办结而终止，供水公司未单独办结。"), "\(part)")
    #expect(part.last == "供水公司的协办件于2026年9月30日10:00因主办件办结而终止。")
    #expect(story.text().contains("该诉求于2026年9月30日10:00办结。"))
  }

  @Test("a unit that settles its part itself has settled it")
  func ownPart() throws {
    var story = try opened(shared)
    try story.say("complaint.resolved", "2026-09-29T10:00", unit: "供水公司")
    let part = story.text(of: "供水公司")
    #expect(part[1].hasSuffix("；实际于2026年9月29日10:00办结，未逾期。") && part.last == "供水公司的协办件于2026年9月29日10:00办结。")
  }

  @Test("a duplicate names its main item by its source and number, and ends with it")
  func duplicate() throws {
    var story = try opened()
    let main = ItemKey(source: "/hotline/12345", subject: "HS-2")
    try story.say("complaint.merged", "2026-09-28T09:00", #"{"into":{"source":"/hotline/12345","subject":"HS-2"}}"#)
    story.append(.followed(.init(main: main, merging: 2, fate: .held)), "2026-09-28T09:00")
    #expect(story.text().last == "该诉求为重复件，自2026年9月28日09:00起并入主件（12345热线，编号HS-2）办理，其间中止计时。")
    story.append(.followed(.init(main: main, merging: 2, fate: .settled)), "2026-09-30T10:00")
    #expect(story.text()[2].hasSuffix("；于2026年9月30日10:00随主件办结。") && story.text().last == "该诉求于2026年9月30日10:00随主件办结。")
  }

  @Test("an extension that is refused is told, and that the deadline stays")
  func refusedExtension() throws {
    var story = try opened()
    try story.say("complaint.extension-requested", "2026-09-28T09:00", #"{"reason":"雨季","until":"2026-11-30T17:30:00+08:00"}"#)
    try story.say("complaint.extension-decided", "2026-09-28T10:00", #"{"decision":"rejected"}"#)
    #expect(story.text()[2].hasSuffix("；延期申请于2026年9月28日10:00经审核不予延期，仍应于2026年10月21日17:30前办结；尚未办结。"))
    #expect(story.text(.en)[2].contains("An extension was refused at 2026-09-28 10:00, still due 2026-10-21 17:30."))
  }

  @Test("a decision names who, what, which breach and why, with one full stop")
  func decision() throws {
    var story = try opened()
    story.sweep("2026-09-30T08:00")
    story.decide(1, .lift, "2026-12-01T10:00", by: "王某", because: "无佐证。")
    #expect(
      story.text().last == "第1号逾期记录：系统曾于2026年9月30日08:00记胜阳港街道（承办）未按期响应；经申诉核实不成立，该记录及蓝色督办单已撤销，不计入。"
        + "2026年12月1日10:00，王某认定第1号逾期申诉成立，理由：无佐证。")
    try story.say("complaint.responded", "2026-09-30T10:00")
    #expect(!story.text()[1].contains("逾期2小时"))
  }

  @Test("who is responsible late is told from what was decided and when it was heard, with the unit's role")
  func handover() throws {
    var story = try opened()
    try story.say("complaint.accepted", "2026-09-28T10:00", #"{"lead":"供水公司"}"#, recorded: "2026-09-28T20:00")
    #expect(
      story.text()[1] == "2026年9月28日10:00改派，承办单位由胜阳港街道变更为供水公司（主办）；"
        + "系统于2026年9月28日20:00方收到，供水公司自该时起负责，此前届满的时限由胜阳港街道负责。")
    #expect(story.text()[0].hasSuffix("由供水公司主办（办理时限规则第1版第4行）。"))
  }

  @Test("a place that the directory does not know is held by the organ above for the time being")
  func unassigned() throws {
    let story = try opened(#"{"region":{"district":"黄石港区","street":"无名街道"}}"#)
    #expect(story.text()[0] == "该诉求于2026年9月28日08:00经12345热线受理，暂由黄石港区负责，待派承办单位（办理时限规则第1版第4行）。")
  }

  @Test("a chain that has come to the top says so")
  func exhausted() throws {
    var story = try opened()
    for day in ["09-30", "10-01", "10-02"] { story.sweep("2026-\(day)T08:00") }
    #expect(story.text()[1].hasSuffix("；尚未响应，已提至市级，不再提级。"))
    #expect(story.text().contains("诉求人自2026年9月28日08:00提出诉求，截至2026年11月1日00:00尚未获首次响应，已历时33天16小时（按自然时间计）。"))
  }

  @Test("a lapse that was found late says from when the next step counts")
  func foundLate() throws {
    var story = try opened()
    story.sweep("2026-09-30T12:00")
    #expect(story.text()[1].contains("；提级由黄石港区督办，督办时限24小时，系统于2026年9月30日12:00方发现逾期，自发现时起算，应于2026年10月1日12:00前督促胜阳港街道响应"))
  }

  @Test("a start on a day off is not counted among the days passed over")
  func startOnADayOff() throws {
    var story = try Story()
    story.references = try Story.references([
      Story.policy.replacing("within: 13wd from-next-day until-close", with: "within: 3wd until-close")
    ])
    try story.say("complaint.submitted", "2026-11-21T08:00", place)
    #expect(story.text()[2].contains("；2026年11月21日（周末）收到，顺延至2026年11月23日起算，当日不计（工作日历第1版）；"), "\(story.text()[2])")
    #expect(!story.text()[2].contains("扣除"))
  }

  @Test("a funding request is 登记, 审核 and 拨付; one that is rejected ends with that")
  func funding() throws {
    var story = try Story()
    story.references = try Story.references([
      Story.policy.replacing(
        "kind: funding, resolution", with: "kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution")
    ])
    try story.say("funding.requested", "2026-09-28T08:00", place)
    #expect(story.text()[0].hasPrefix("该资金申请于2026年9月28日08:00经12345热线系统登记，"))
    #expect(story.text()[1] == "审核时限15个自然日，自申请时起算，应于2026年10月13日08:00前审核；尚未审核。")
    #expect(story.text()[2].hasPrefix("拨付时限30个自然日，自申请时起算，"))
    try story.say("funding.reviewed", "2026-09-30T10:00", #"{"decision":"rejected"}"#)
    #expect(story.text()[1].hasSuffix("；实际于2026年9月30日10:00审核，未逾期。"))
    #expect(story.text()[2].hasSuffix("；于2026年9月30日10:00审核未通过，办理终止。"))
    #expect(story.text().last == "该资金申请于2026年9月30日10:00审核未通过，办理终止。")
  }

  @Test("an inspection is 交办, a reminder 登记 and 完成, each counted from that")
  func otherKinds() throws {
    var inspection = try Story()
    try inspection.say("inspection.assigned", "2026-09-28T08:00", place)
    #expect(inspection.text()[0].hasPrefix("该巡查任务于2026年9月28日08:00经12345热线交办，"))
    #expect(inspection.text()[1] == "整改时限30个自然日，自交办时起算，应于2026年10月28日08:00前整改并经复查通过；尚未整改并经复查通过。")
    var reminder = try Story()
    try reminder.say(
      "reminder.scheduled", "2026-09-28T08:00",
      #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"due":"2026-09-30T17:30:00+08:00"}"#)
    #expect(reminder.text()[1] == "完成时限由来件载明，应于2026年9月30日17:30前完成；尚未完成。")
    try reminder.say("reminder.done", "2026-09-30T09:00")
    #expect(reminder.text().last == "该提醒事项于2026年9月30日09:00完成。")
  }

  @Test("what the README shows is what is said")
  func readme() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }
    var story = try Story()
    story.references = try Story.references(
      [text("deploy/policies/default.yaml")], calendars: [("2026-01-01T00:00", 1, text("deploy/calendars/cn-workdays.csv"))])
    try story.say("complaint.submitted", "2026-11-20T08:00", place)
    story.sweep("2026-11-22T08:00")
    try story.say("complaint.responded", "2026-11-22T10:20")
    let shown = try text("README.md").filter { !$0.isWhitespace }
    for paragraph in story.text() { #expect(shown.contains(paragraph.filter { !$0.isWhitespace }), "\(paragraph)") }
  }
}
