// The policies that a city could adopt: what each rule rests on, the life of a 12345 matter, and 12388 outside the chain.

import Foundation
import Testing

@testable import Duban

@Suite("Policies of cities")
struct CityPoliciesTests {
  static let cities = ["huangshi", "sanming"]
  private static let urgent = #"{\#(Told.place),"category":"应急"}"#

  @Test("each rule cites a rule of the documents or says that it is a preset", arguments: cities)
  func citations(city: String) throws {
    let text = try String(contentsOf: FilesTests.deploy.appending(path: "policies/\(city).yaml"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (i, line) in lines.enumerated() where line.hasPrefix("  - kind: ") {
      let comment = lines[..<i].reversed().prefix { $0.hasPrefix("  #") }.joined()
      #expect(comment.contains(/R\d+|[Pp]reset/), "line \(i + 1)")
    }
  }

  @Test("12388 comes first, outside the chain, and no category takes its matters", arguments: cities + ["default"])
  func discipline(city: String) throws {
    let policy = try FilesTests.policy(city)
    let rule = try #require(policy.rules.first)
    #expect(
      rule.source == "/platform/12388" && rule.category == nil && !rule.escalates && rule.slips == nil
        && rule.approver == (city == "default" ? .tier(.district) : .source))
    let sources = [UpstreamSource(uri: "/platform/12388", name: "12388平台")]
    var book = try Casebook(policy, directory: Directory(version: 1, organs: City.organs, sources: sources))
    try book.hear("complaint.submitted", Self.urgent, source: "/platform/12388")
    book.sweepAll(until: day(60))
    #expect(book.breaches.map(\.lapse.step.tier) == [.street, .street] && book.breaches.allSatisfy { $0.lapse.slip == nil })
    #expect(book.whole.supervisor == nil && book.whole.cycle?.isSummoned == false)
  }

  @Test(
    "a matter of 12345 is signed within a 工作日, and its closing asked for 2 工作日 before the platform's limit", arguments: cities)
  func hotline(city: String) throws {
    let policy = try FilesTests.policy(city)
    let rules = policy.rules.filter { $0.source == "/hotline/12345" }
    #expect(rules.map(\.category) == ["应急", "咨询", "求助", nil])
    for rule in rules {
      #expect(rule.approver == .source && rule.judgesDissatisfaction && rule.returns == 2)
      guard rule.category != "应急" else { continue }
      #expect(rule.acceptance?.within == Allowance(text: "1wd") && rule.review?.within == Allowance(text: "90d until-close"))
      guard case .limit(let own)? = rule.submission?.within, case .limit(let platform) = rule.resolution.within else {
        Issue.record("\(rule.condition): no 工作日")
        continue
      }
      #expect(own.unit == .workdays && platform.unit == .workdays && platform.length - own.length == 2)
    }
    // From Friday 2026-11-20 08:00. 13 工作日: 11-23 to 27, 11-30 to 12-04, 12-07 to 09.
    var book = try Casebook(policy)
    try book.hear("complaint.submitted")
    #expect(book.whole.due(.acceptance) == day(3))
    #expect(book.whole.due(.submission)?.rfc3339 == "2026-12-07T17:30:00+08:00")
    #expect(book.whole.due(.resolution)?.rfc3339 == "2026-12-09T17:30:00+08:00")
  }

  @Test("no 约谈 over an 应急 is proposed at night", arguments: cities + ["default"])
  func night(city: String) throws {
    for submitted in 0..<24 {
      var book = try Casebook(FilesTests.policy(city))
      try book.hear("complaint.submitted", Self.urgent, at: hour(Int64(submitted)))
      book.sweepAll(until: day(9))
      let due = try #require(book.breaches.first { $0.lapse.step.tier == .city }?.lapse.dueAt)
      #expect(8...17 ~= ShanghaiTime(due).hour, "\(due.rfc3339)")
    }
  }
}
