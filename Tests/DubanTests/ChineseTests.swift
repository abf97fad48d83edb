// The words that Chinese texts share: times, roles, what a clock demands.

import Testing

@testable import Duban

@Suite("Names and times in Chinese texts")
struct ChineseTests {
  @Test("a limit that ends with a day ends at 24:00 everywhere; lengths are in minutes and not in points")
  func times() {
    #expect(ShanghaiTime(year: 2026, month: 10, day: 22).instant.chineseEnd == "2026年10月21日24:00")
    #expect(morning.chineseEnd == "2026年11月20日08:00" && (morning + .seconds(65)).chinese == "2026年11月20日08:01:05")
    #expect(Span.seconds(8400).chinese == "2小时20分钟" && Span.zero.chinese == "不足1秒")
  }

  @Test("a unit of the lead is 主办, of a part 协办, a supervising tier 督办, every other 承办")
  func roles() {
    func role(_ organ: Int64?, unit: String? = nil, supervising: Bool = false) -> String {
      City.directory.role(
        in: Lapse(
          step: Step(unit: unit, begunBy: 1, clock: .response, tier: .street), cycle: 1, organID: organ, startedAt: morning,
          dueAt: morning, foundAt: morning, isSupervising: supervising))
    }
    #expect([role(3), role(5), role(6, unit: "供电公司"), role(2, supervising: true)] == ["承办", "主办", "协办", "督办"])
    // An organ of the chain that stands in for a unit which is not known.
    #expect(role(2, unit: "某公司") == "承办" && role(nil) == "承办")
  }

  @Test("each kind has its own words for what a clock demands")
  func duties() {
    func words(_ kind: Kind) -> [String] { [Item.ClockKind.response, .resolution].map { $0.duty(of: kind).verb } }
    #expect(Kind.allCases.map(words) == [["响应", "办结"], ["初次反馈", "整改并经复查通过"], ["报送整改措施", "销号"], ["审核", "拨付"], ["响应", "完成"]])
    let others = [Item.ClockKind.acceptance, .submission, .review].map { $0.duty(of: .complaint).undone }
    #expect(others == ["未签收", "未申请办结", "未挂账复核"])
  }
}
