// 约谈 over a matter: what its text says, and of whom.

import Testing

@testable import Duban

@Suite("约谈 over a matter")
struct SummonsTests {
  /// Opened, and swept as its deadlines come, up to a time.
  private func swept(_ data: String, until time: Instant, source: String = "/hotline/12345", answeredAt: Instant? = nil) throws
    -> Notice
  {
    let sources = [
      UpstreamSource(uri: "/hotline/12345", name: "12345"), UpstreamSource(uri: "/secret", name: "某平台", isConfidential: true),
    ]
    var book = try Casebook(directory: Directory(version: 1, organs: City.organs, sources: sources))
    try book.hear("complaint.submitted", data, source: source)
    if let answeredAt {
      book.sweepAll(until: answeredAt)
      try book.hear("complaint.responded", at: answeredAt, source: source)
    }
    book.sweepAll(until: time)
    return try #require(book.notices.first)
  }

  private let titled = #"{"title":"雨水管未接入","region":{"district":"黄石港区","street":"胜阳港街道"}}"#

  @Test("it says who is responsible, which limits have passed, and of each ground whether the step has been done since")
  func grounds() throws {
    let notice = try swept(titled, until: day(40), answeredAt: hour(50))
    let lines = notice.body.split(separator: "\n").map(String.init)
    #expect(notice.title == "关于提请约谈黄石港区的呈批件（送签稿）")
    #expect(
      lines[0].hasPrefix("　　诉求“雨水管未接入”（编号HS-1）由胜阳港街道承办。截至2026年12月") && lines[0].contains("，响应时限届满后方响应；办结时限届满，仍未办结。"))
    #expect(lines[0].hasSuffix("。建议约谈黄石港区，请审定。"))
    #expect(
      Array(lines[2...4]) == [
        "　　1.胜阳港街道（承办）：应于2026年11月22日08:00前首次响应，实际于2026年11月22日10:00响应，逾期2小时（第1号逾期记录）。",
        "　　2.胜阳港街道（承办）：应于2026年12月9日08:00前办结，至今未办结（第2号逾期记录）。",
        "　　3.黄石港区（督办）：应于2026年12月14日08:00前督促办结，未按期督促到位，承办单位至今未办结（第3号逾期记录）。",
      ], "\(notice.body)")
    // The city's own lapse, which led to it, is no ground against the district.
    #expect(notice.grounds.count == 4 && !notice.body.contains("黄石市（") && lines[5] == "　　二、约谈依据")
  }

  @Test("依据 is what the rule cites, or else the policy; a slip has it too, and a notice keeps the text it was written with")
  func basis() throws {
    let (own, general) = ("《12345热线管理办法》第九条", "×建〔2024〕×号第六部分第（四）项")
    for basis in [own, general] {
      var policy = try City.policy()
      policy.basis = general
      for i in policy.rules.indices {
        policy.rules[i].slips = .init(first: .blue, second: .orange, third: .red)
        if basis == own { policy.rules[i].basis = own }
      }
      var book = try Casebook(policy)
      try book.hear("complaint.submitted", titled)
      book.sweepAll(until: day(5))
      let notice = try #require(book.notices.first)
      #expect(notice.body.contains("　　二、约谈依据\n　　\(basis)。\n"), "\(notice.body)")
      let slip = try #require(book.announcements.first { $0.type == .slipIssued })
      #expect(slip.data.contains("\"basis\":\"\(basis)\""))
    }
  }

  @Test("a unit is called in for its own lapses; without a title its matter is named by its number alone")
  func unit() throws {
    let notice = try swept(#"{"lead":"供水公司","region":{"district":"黄石港区","street":"胜阳港街道"}}"#, until: day(5))
    #expect(notice.body.hasPrefix("　　诉求（编号HS-1）由供水公司主办。"))
    #expect(notice.body.contains("1.供水公司（主办）：应于2026年11月22日08:00前首次响应，至今未响应") && !notice.body.contains("2."))
  }

  @Test("of a confidential source it names neither the number nor the title")
  func confidential() throws {
    let notice = try swept(titled, until: day(5), source: "/secret")
    #expect(notice.body.hasPrefix("　　一件不公开事项（内部流水号42）由胜阳港街道承办。"))
    #expect(!notice.body.contains("HS-1") && !notice.body.contains("雨水管") && !notice.title.contains("HS-1"))
  }
}
