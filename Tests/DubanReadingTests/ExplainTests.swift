// What a clerk can put into a reply: why each deadline is when it is, in Chinese and English.

import Duban
import DubanReading
import Testing

@Suite("Explanations")
struct ExplainTests {
  @Test("a complaint that was handled in time, in Chinese: start, limit, days passed over, deadline, outcome")
  func keptInChinese() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    try story.say("complaint.responded", "2026-09-29T09:30")
    try story.say("complaint.resolved", "2026-10-12T10:00")
    #expect(
      story.text() == [
        "该诉求于2026年9月28日08:00经12345热线受理，由胜阳港街道承办（办理时限规则第1版第4行）。",
        "响应时限48小时（自然时间），自受理时起算，应于2026年9月30日08:00前响应；实际于2026年9月29日09:30响应，未逾期。",
        "办结时限13个工作日（自次日起算，至下班时止），自次日（2026年9月29日）起算，应于2026年10月21日17:30前办结；"
          + "期间扣除2026年10月1日至7日（国庆节）、10月11日、10月17日至18日（周末），共10日，"
          + "2026年10月10日（国庆节调休）上班，计入工作日（工作日历第1版）；实际于2026年10月12日10:00办结，未逾期。",
        "诉求人自2026年9月28日08:00提出诉求，至2026年9月29日09:30获首次响应，历时1天1小时30分钟（按自然时间计）。",
        "该诉求于2026年10月12日10:00办结。",
      ])
  }

  @Test("the same in English")
  func keptInEnglish() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    try story.say("complaint.responded", "2026-09-29T09:30")
    let text = story.text(.en)
    #expect(
      text[0] == "The complaint came at 2026-09-28 08:00 from 12345热线. 胜阳港街道 is responsible (承办); policy version 1, line 4.")
    #expect(
      text[1]
        == "Response (响应): 48 hours, counted from the opening, due 2026-09-30 08:00. Answered at 2026-09-29 09:30, in time.")
    #expect(
      text[2].hasPrefix("Resolution (办结): 13 workdays (from the next day, until close of business), counted from 2026-09-29, "))
    #expect(text[2].contains("10 days were passed over: 国庆节 2026-10-01 to 2026-10-07; 周末 2026-10-11, 2026-10-17 to 2026-10-18"))
    #expect(text[2].hasSuffix("Worked and counted: 国庆节调休 2026-10-10. Not settled yet."))
  }

  @Test("a late hearing counts from the hearing; each lapse says who owed it, which breach it is and to whom supervision rose")
  func lateAndEscalated() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place, recorded: "2026-09-28T20:00")
    story.sweep("2026-09-30T20:01")
    story.sweep("2026-10-01T20:01")
    try story.say("complaint.responded", "2026-10-02T09:30")
    let response = story.text()[1]
    #expect(
      response == "响应时限48小时（自然时间），2026年9月28日08:00受理，"
        + "系统于2026年9月28日20:00方收到，自收到时起算，"
        + "应于2026年9月30日20:00前响应；"
        + "至期未响应，记胜阳港街道逾期（第1号，已认定），已生成蓝色督办单（slip/1/1，待签发）；"
        + "提级由黄石港区督办，督办时限24小时，自上一时限届满时（2026年9月30日20:00）起算，应于2026年10月1日20:00前督促胜阳港街道响应；"
        + "至期仍未响应，记黄石港区督办逾期（第2号，已认定），已生成橙色督办单（slip/1/2，待签发）；"
        + "提级由黄石市督办，督办时限24小时，自上一时限届满时（2026年10月1日20:00）起算，应于2026年10月2日20:00前督促胜阳港街道响应；"
        + "实际于2026年10月2日09:30响应，逾期1天13小时30分钟（按自然时间计）。")
    #expect(
      story.text()[2].hasPrefix(
        "办结时限13个工作日（自次日起算，至下班时止），2026年9月28日08:00受理，系统于2026年9月28日20:00方收到，"
          + "以收到之日为准，自次日（2026年9月29日）起算，"))
    #expect(
      story.text()[5].hasPrefix("第2号逾期记录：黄石港区（督办）应于2026年10月1日20:00前督促响应，至期承办单位仍未响应；"), "\(story.text()[5])")
    // What the resident waited counts from when they spoke, not from the hearing.
    #expect(story.text()[3] == "诉求人自2026年9月28日08:00提出诉求，至2026年10月2日09:30获首次响应，历时4天1小时30分钟（按自然时间计）。")
  }

  @Test("a breach is told with its status", arguments: Breach.Status.allCases)
  func breachStatus(status: Breach.Status) throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    story.sweep("2026-09-30T08:00")
    story.decide(1, status)
    let line = try #require(story.text().first { $0.hasPrefix("第1号逾期记录：") })
    let claim = "胜阳港街道（承办）应于2026年9月30日08:00前首次响应，至期未响应；系统于2026年9月30日08:00发现"
    let undone = "系统曾于2026年9月30日08:00记胜阳港街道（承办）未按期响应；"
    let slip = "，已生成蓝色督办单（slip/1/1，待签发）"
    let withdrawn = "，该记录及蓝色督办单已撤销，不计入。"
    let told =
      switch status {
      case .standing: claim + slip + "；状态：已认定（计入）。"
      case .upheld: claim + slip + "；状态：维持认定（计入）。"
      case .contested: claim + slip + "；状态：待核定（后收到的记录显示未逾期，核定前暂计入）。"
      case .excused: claim + "，蓝色督办单已撤销；状态：免予计入（确有逾期，经决定不计入）。"
      case .annulled: undone + "经后收到的记录查明未逾期" + withdrawn
      case .lifted: undone + "经申诉核实不成立" + withdrawn
      }
    #expect(line == "第1号逾期记录：" + told)
    // What was annulled is not derived any more; this one still is.
    if status == .annulled { return }
    let record =
      switch status {
      case .lifted: "曾记胜阳港街道逾期（第1号），经申诉核实不成立，督办单已撤销"
      case .excused: "至期未响应，记胜阳港街道逾期（第1号，免予计入），蓝色督办单已撤销"
      default: "至期未响应，记胜阳港街道逾期（第1号，\(status.chinese)）" + slip
      }
    #expect(story.text()[1].contains("；\(record)；"), "\(story.text()[1])")
    #expect(
      story.text(.en).contains {
        $0.hasPrefix("Breach 1: 胜阳港街道 (承办) had 响应 due") && $0.contains(status.rawValue)
          && $0.contains("蓝色督办单, withdrawn (已撤销)") == !status.counts
      })
  }

  @Test("as at: what was not recorded or found yet is not told; as of: what had not happened yet is not")
  func twoTimes() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    story.sweep("2026-10-01T12:00")  // Late: two lapses are found at once.
    try story.say("complaint.responded", "2026-10-01T09:00", recorded: "2026-10-01T12:30")
    let known = story.text(asAt: "2026-10-01T10:00")
    #expect(known[0] == "以下为截至2026年10月1日10:00系统已掌握的情况，此后收到的记录不计。")
    #expect(known[2].hasSuffix("应于2026年9月30日08:00前响应；尚未响应。") && !known.contains { $0.contains("号逾期") })
    let stood = story.text(asOf: "2026-10-01T10:00")
    #expect(stood[0] == "以下为2026年10月1日10:00的情况，按现有全部记录推算。")
    #expect(stood[2].contains("实际于2026年10月1日09:00响应"))
    #expect(story.text(asOf: "2026-09-29T10:00")[2].hasSuffix("应于2026年9月30日08:00前响应；尚未响应。"))
    // Both: the answer had happened, and was not known.
    let both = story.text(asAt: "2026-10-01T12:10", asOf: "2026-10-01T10:00")
    #expect(both[0].contains("仅按截至2026年10月1日12:10") && !both[2].contains("实际于"))
    #expect(both.contains { $0.hasPrefix("第1号逾期") })
  }

  @Test("a pause gives its reason, its length and what was left; an extension who granted it")
  func pauseAndExtension() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-10-19T08:00", place)
    try story.say("complaint.suspended", "2026-10-20T08:00", #"{"reason":"等待居民配合"}"#)
    #expect(story.text().last == "自2026年10月20日08:00起因“等待居民配合”中止计时，尚未恢复。")
    try story.say("complaint.resumed", "2026-10-22T08:00")
    #expect(
      story.text()[1].contains("；因“等待居民配合”，自2026年10月20日08:00至2026年10月22日08:00中止计时，恢复后尚余24小时，应于2026年10月23日08:00前响应；"))
    #expect(story.text()[2].contains("中止计时，恢复后尚余12个工作日，应于2026年11月9日17:30前办结"))
    let more = #""until":"2026-11-30T17:30:00+08:00""#
    try story.say("complaint.extension-requested", "2026-10-22T09:00", "{\"reason\":\"雨季\",\(more)}")
    #expect(story.text().last == "该诉求于2026年10月22日09:00申请延期至2026年11月30日17:30，尚待批准，批准前仍按原时限计。")
    try story.say("complaint.extension-decided", "2026-10-22T10:00", "{\"decision\":\"approved\",\"approver\":\"黄石港区\",\(more)}")
    #expect(story.text()[2].contains("；2026年10月22日10:00经黄石港区批准，延期至2026年11月30日17:30（原时限2026年11月9日17:30；理由：雨季）；尚未办结。"))
    #expect(!story.text().contains { $0.contains("申请延期") })
  }

  @Test("a deadline that reaches a year without a calendar is provisional")
  func provisional() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-12-20T08:00", place)
    #expect(story.text()[2].contains("；2027年节假日安排尚未公布，暂以周一至周五为工作日推算，本时限为暂定，公布后重新计算；"))
    #expect(story.text(.en)[2].contains("This is provisional: the holidays of 2027 were not announced"))
  }

  @Test("a new calendar and another policy are told with the deadlines that they made")
  func calendarAndPolicy() throws {
    var story = try Story()
    let longer = Story.policy.replacing("within: 48h", with: "within: 96h")
    let worked = Story.calendar + "\n2026-10-17,workday,国庆节调休\n"
    story.references = try Story.references(
      [Story.policy, longer], calendars: [("2026-01-01T00:00", 1, Story.calendar), ("2026-10-08T00:00", 2, worked)])
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    story.append(.policyMoved(to: 2, because: "专项整治", by: "王某"), "2026-09-29T08:00")
    story.sweep("2026-10-08T00:00")
    #expect(story.text()[1].contains("；经王某决定，改按办理时限规则第2版第4行（理由：专项整治），响应时限改为96小时，起算时间不变，应于2026年10月2日08:00前响应；"))
    #expect(story.text()[2].contains("；工作日历更新为第2版，应于2026年10月20日17:30前办结；"))
  }

  @Test("a policy by which a deadline had passed already leaves it as it was, and says so")
  func kept() throws {
    var story = try Story()
    story.references = try Story.references([Story.policy, Story.policy.replacing("within: 48h", with: "within: 4h")])
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    story.append(.policyMoved(to: 2, because: "专项整治", by: "王某"), "2026-09-29T08:00")
    #expect(story.text()[1].contains("响应时限改为4小时，按新时限已届满，不溯及既往，仍按原时限，应于2026年9月30日08:00前响应；尚未响应。"))
    #expect(story.text(.en)[1].contains("4 hours, which had passed already, so still due 2026-09-30 08:00."))
  }

  @Test("a reopening tells the cycle that ended and the new one, and takes no answer over from it")
  func reopened() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-10-19T08:00", place)
    try story.say("complaint.responded", "2026-10-19T09:00")
    try story.say("complaint.resolved", "2026-10-20T10:00")
    try story.say("complaint.rated", "2026-10-21T08:00", #"{"rating":"不满意"}"#)
    let text = story.text()
    #expect(text.contains { $0.hasSuffix("实际于2026年10月19日09:00响应，未逾期。") })
    #expect(text.contains("该诉求于2026年10月21日08:00因回访不满意重办，第2次办理，由胜阳港街道承办（办理时限规则第1版第4行）。"))
    #expect(text.contains("第2次办理：自2026年10月21日08:00重办起，截至2026年11月1日00:00尚未获首次响应，已历时10天16小时。"))
    #expect(text.contains("响应时限48小时（自然时间），自重办时起算，应于2026年10月23日08:00前响应；尚未响应。"))
  }

  @Test("a unit's part is told after the whole, and alone where it is asked for")
  func parts() throws {
    var story = try Story()
    try story.say(
      "complaint.submitted", "2026-10-19T08:00",
      #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"supporting":["供水公司"]}"#)
    let part = story.text(of: "供水公司")
    try #require(part.count > 1)
    #expect(part[0] == "供水公司自2026年10月19日08:00起协办（办理时限规则第1版第4行）。")
    #expect(part[1].hasPrefix("办结时限13个工作日（自次日起算，至下班时止），自次日（2026年10月20日）起算，"))
    #expect(story.text().suffix(part.count) == part[...])
  }

  @Test("a limit that ends with a day ends at 24:00, and one of the same day says so")
  func endOfDay() throws {
    var story = try Story()
    story.references = try Story.references([
      Story.policy.replacing("within: 48h", with: "within: 2d from-next-day").replacing(
        "within: 13wd from-next-day until-close", with: "within: 0d until-close")
    ])
    try story.say("complaint.submitted", "2026-10-19T08:00", place)
    #expect(story.text()[1].hasPrefix("响应时限2个自然日（自次日起算），自次日（2026年10月20日）起算，应于2026年10月21日24:00前响应；"))
    #expect(story.text()[2].hasPrefix("办结时限当日（至下班时止），自受理时起算，应于2026年10月19日17:30前办结；"))
  }

  @Test("what waits for its opening is said to wait")
  func awaited() throws {
    var story = try Story()
    try story.say("complaint.responded", "2026-10-19T08:00")
    #expect(story.text() == ["尚未收到该诉求的受理信息，已收到的记录待受理后一并计入。"])
    #expect(story.text(asOf: "2026-10-19T07:59").last == "此时尚无该件的任何记录。")
    story.append(.setAside(entry: 1, because: "误发", by: "王某"), "2026-10-20T08:00")
    #expect(story.text() == ["尚未收到该诉求的受理信息。"] && story.text(.en) == ["The complaint is not opened yet."])
  }

  @Test("a breach that a late message speaks against says so, and whether a person believed it")
  func doneByMessage() throws {
    for (status, belief) in [(Breach.Status.contested, ""), (.upheld, "，未予采信")] {
      var story = try Story()
      try story.say("complaint.submitted", "2026-09-28T08:00", place)
      story.sweep("2026-09-30T08:00")
      try story.say("complaint.responded", "2026-09-30T07:00", recorded: "2026-09-30T12:00")
      story.decide(1, status)
      let line = try #require(story.text().first { $0.hasPrefix("第1号逾期记录：") })
      let done = "；据来文于2026年9月30日07:00响应（系统于2026年9月30日12:00方收到）\(belief)；状态：\(status.chinese)（"
      #expect(line.contains(done), "\(line)")
      #expect(
        story.text(.en).contains {
          $0.contains("; by a message answered at 2026-09-30 07:00, of which Duban heard at 2026-09-30 12:00")
            && $0.contains(", not accepted") == (status == .upheld)
        })
    }
  }

  @Test("a row that says otherwise than its log is a defect")
  func contradiction() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-10-19T08:00", place)
    var row = story.account().matter
    #expect(story.account().contradiction(of: row) == nil)
    if case .active(var cycle) = row.whole.state {
      cycle.response?.dueAt = time("2026-10-30T08:00")
      row.whole.state = .active(cycle)
    }
    #expect(story.account().contradiction(of: row)?.hasPrefix("DEFECT: item /hotline/12345/HS-1 has 响应 due 2026-10-30") == true)
  }

  @Test(
    "the language is the locale's",
    arguments: [
      (["LANG": "zh_CN.UTF-8"], Language.zh), (["LANG": "zh_CN.UTF-8", "LC_ALL": "C"], .en), ([:], .en),
      (["LC_ALL": "", "LC_MESSAGES": "zh_TW"], .zh), (["LANG": "en_GB.UTF-8"], .en),
    ])
  func language(environment: [String: String], language: Language) {
    #expect(Language(environment: environment) == language)
  }
}

@Suite("Comparisons of policies")
struct ComparisonTests {
  @Test("the policy in force against itself is no difference; a shorter one breaches, climbs, warns and summons more")
  func comparison() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-10-19T08:00", place)
    try story.say("complaint.responded", "2026-10-20T08:00")
    try story.say("complaint.resolved", "2026-10-26T08:00")
    let until = time("2026-11-01T00:00")
    func compare(_ yaml: String) throws -> PolicyComparison {
      var comparison = PolicyComparison(
        trying: try Policy(yaml: yaml, version: 0), against: story.references, until: until, limit: 10)
      comparison.add(story.matter(), story.log, story.breaches)
      return comparison
    }
    let same = try compare(Story.policy)
    #expect(same.itemsThatDiffer == 0 && same.districts.map(\.items) == [1] && same.districts[0].wouldBe.breaches == 0)
    let shorter = Story.policy.replacing(
      "within: 48h, district: 24h, city: 24h", with: "within: 4h, district: 2h, city: 2h, warn: 1h")
    let other = try compare(shorter)
    #expect(other.itemsThatDiffer == 1 && other.items[0].breaches.isEmpty && other.items[0].wouldBe.count == 3)
    let would = other.districts[0].wouldBe
    #expect((would.breaches, would.climbs, would.slips, would.summonses, would.warnings) == (3, 2, 3, 1, 3))
  }
}

@Suite("Two times")
struct TwoTimesTests {
  @Test("as at and as of a time after everything, the account is the same as without", arguments: [Language.zh, .en])
  func afterEverything(language: Language) throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    story.sweep("2026-09-30T08:00")
    try story.say("complaint.suspended", "2026-09-30T10:00", #"{"reason":"等待居民配合"}"#)
    try story.say("complaint.resumed", "2026-09-30T12:00", recorded: "2026-09-30T12:10")
    story.sweep("2026-10-01T10:00")
    // But for how long the resident has waited by then.
    func text(asAt: String? = nil, asOf: String? = nil) -> [String] {
      story.text(language, asAt: asAt, asOf: asOf).filter { !$0.contains("尚未获首次响应") && !$0.contains("has waited") }
    }
    #expect(Array(text(asAt: "2026-10-01T10:00").dropFirst()) == text())
    #expect(Array(text(asOf: "2026-10-01T10:00").dropFirst()) == text())
  }

  @Test("as at a time, a calendar that was imported later does not count")
  func laterCalendar() throws {
    var story = try Story()
    let announced = Story.calendar + "\n2027-01-01,holiday,元旦\n"
    story.references = try Story.references(calendars: [
      ("2026-01-01T00:00", 1, Story.calendar), ("2026-12-28T00:00", 2, announced),
    ])
    try story.say("complaint.submitted", "2026-12-20T08:00", place)
    story.sweep("2026-12-22T08:00")
    #expect(story.text(asAt: "2026-12-23T00:00").contains { $0.contains("2027年节假日安排尚未公布") })
    #expect(story.text().contains { $0.contains("1月1日（元旦），共5日（工作日历第2版）；尚未办结。") })
  }
}
