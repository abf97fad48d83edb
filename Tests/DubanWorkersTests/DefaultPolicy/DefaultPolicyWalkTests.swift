// The default policy from message to notice: what a walk through the year by real queues, a real duband and a real database comes to.

import Duban
import Foundation
import Testing
import TestServers

@Suite("The default policy, from message to notice")
struct DefaultPolicyWalkTests {
  @Test("what each rule demands is told on duban.events, in order, and stands on record", arguments: WalkMatter.all)
  func demands(matter: WalkMatter) async throws {
    let walk = try await QueueWalk.once.value
    #expect(walk.told(of: matter) == matter.told)
    #expect(walk.breaches[matter.name] ?? [] == matter.breaches.map(\.what))
    let proposed = walk.events.filter { $0.matter == matter.name && $0.told.what.hasPrefix("proposed") }
    #expect(proposed.allSatisfy { $0.organ == matter.place.summoned } && walk.notices[matter.name] ?? 0 == proposed.count)
    #expect(walk.phases[matter.name] == matter.phase)
  }

  @Test("nothing is told that no rule demands, and what does not count is no dead letter")
  func nothingElse() async throws {
    let walk = try await QueueWalk.once.value
    let names = Set(WalkMatter.all.map(\.name))
    let others = walk.events.filter { $0.matter.map { !names.contains($0) } ?? true && $0.title == nil }
    #expect(others.allSatisfy { $0.told.what == "receipt.accepted" })
    // 12388 asks for receipts.
    #expect(
      others.count == WalkMatter.all.filter { $0.source == "/platform/12388" }.flatMap(\.messages).count { !$0.isInapplicable })
    #expect(walk.unassigned == ["R7-street-unknown", "R22-district-unknown"])
    #expect(walk.deadLetters == 0)
  }

  @Test("R30, R34: after each month a 通报 to each district, in which its streets are ranked")
  func bulletins() async throws {
    let walk = try await QueueWalk.once.value
    let issued = walk.events.filter { $0.title?.contains("通报") == true }
    // February to November, six districts.
    #expect(issued.count == 60 && walk.notices["monthly-bulletin"] == 60)
    #expect(Set(issued.map(\.told.at)) == Set((3...12).map { "\($0 < 10 ? "0" : "")\($0)-01 00:00" }))
    let february = try #require(issued.first { $0.organ == "黄石港区" && $0.told.at == "03-01 00:00" })
    #expect(february.title == "关于黄石港区老旧小区改造事项办理情况的通报（2026年2月）")
    // 花湖街道: the answer and the settling of 求助-unanswered, the answers of complaint-unanswered and tolerance-within, which is closed.
    // What 12388 sends is in no figures.
    // 江北管理区: the answer of 违建-unanswered, the answer and the settling of 咨询-unanswered.
    #expect(
      february.body == """
        黄石港区各街道：
        　　现将2026年2月老旧小区改造事项办理情况通报如下（数据截至2月28日24时）。
        　　一、总体情况
        　　在办14件，其中有逾期记录4件，提级督办8件次。
        　　二、街道排名（有逾期记录多者在前，数据相同的位次相同）
        　　第1位　花湖街道办事处：在办2件，其中有逾期记录2件，提级督办4件次。
        　　第2位　江北管理区管理委员会：在办2件，其中有逾期记录2件，提级督办3件次。
        　　第3位　胜阳港街道办事处：在办10件，其中有逾期记录0件，提级督办1件次。
        　　无在办事项，不参加排名：沈家营街道办事处、黄石港街道办事处。
        2026年3月1日
        """)
  }

  @Test("R34: 约谈 of a street is proposed in the month after that in which it let three deadlines pass, and for two is not")
  func summonses() async throws {
    let walk = try await QueueWalk.once.value
    let proposed = walk.events.filter { $0.matter == nil && $0.title?.contains("约谈") == true }
    var lapses: [String: [String: Int]] = [:]
    for matter in WalkMatter.all {
      for told in matter.breaches where told.what.contains(" street ") {
        lapses[String(told.at.prefix(2)), default: [:]][matter.place.street, default: 0] += 1
      }
    }
    // A breach that was annulled is none, one that is contested counts.
    #expect(lapses["02"]?["江北管理区"] == 3 && lapses["02"]?["东方山街道"] == 2)
    let expected = lapses.flatMap { month, streets in
      streets.filter { $0.value >= 3 }.map { "\((Int(month) ?? 0) + 1) \($0.key)" }
    }
    #expect(Set(proposed.map { "\(Int($0.told.at.prefix(2)) ?? 0) \($0.organ ?? "")" }) == Set(expected))
    #expect(proposed.count == expected.count)
    let text = try #require(proposed.first { $0.organ == "江北管理区" }?.body)
    #expect(text.contains("2026年2月1日至28日，系统认定江北管理区管理委员会承办事项逾期3件次，达到“当月逾期3件次及以上”的约谈情形。"), "\(text)")
    #expect(text.contains("12345热线违建-unanswered（承办）：应于2026年2月14日09:00前首次响应，"), "\(text)")
  }

  @Test("dubanctl items explain names each deadline with its policy line, its calendar and the days that were counted")
  func explanations() async throws {
    let walk = try await QueueWalk.once.value
    let lines = try deployed("policies/default.yaml").split(separator: "\n", omittingEmptySubsequences: false)
    let rules = try Policy(yaml: deployed("policies/default.yaml"), version: 2).rules.map(\.condition)
    let starts = lines.indices.filter { lines[$0].hasPrefix("  - kind: ") }.map { $0 + 1 }
    for matter in WalkMatter.all {
      let explained = try #require(walk.explanations[matter.name]).deadlines
      let line = starts[try #require(rules.firstIndex(of: matter.rule))]
      #expect(explained.allSatisfy { $0.policyVersion == 2 && $0.policyLine == line }, "\(matter.name)")
      for (clock, due) in matter.deadlines {
        let found = explained.filter { $0.clock == clock.rawValue && Instant(rfc3339: $0.dueAt)?.minuteText == due }
        #expect(!found.isEmpty, "\(matter.name): \(clock) due \(due) is not explained")
        #expect(found.allSatisfy { $0.calendarVersion == nil || $0.calendarVersion == 1 && $0.counted != nil })
      }
    }
    let settled = try #require(
      walk.explanations["complaint-unsettled"]?.deadlines.first { $0.clock == "resolution" && $0.tier == "street" })
    #expect(
      settled.counted == [
        "2026-02-09", "2026-02-10", "2026-02-11", "2026-02-12", "2026-02-13", "2026-02-14 春节调休", "2026-02-24", "2026-02-25",
        "2026-02-26", "2026-02-27", "2026-02-28 春节调休", "2026-03-02", "2026-03-03",
      ])
    #expect(settled.skipped == (15...23).map { "2026-02-\($0) 春节" } + ["2026-03-01 周末"])
    #expect(
      walk.explanation.contains(
        """
        Resolution (办结): 13 workdays (from the next day, until close of business), counted from 2026-02-09, due 2026-03-03 18:00. \
        10 days were passed over: 春节 2026-02-15 to 2026-02-23; 周末 2026-03-01 (calendar version 1).
        """), "\(walk.explanation)")
  }

  @Test("dubanctl policy simulate: the same policy would have done what was done")
  func sameSimulated() async throws {
    let walk = try await QueueWalk.once.value
    let simulated = walk.simulated
    #expect(simulated.itemsThatDiffer == 0 && simulated.entriesInapplicable == 0)
    for district in simulated.districts {
      #expect(district.was == district.wouldBe, "\(district.district)")
      let matters = WalkMatter.all.filter { district.district == "all" || $0.place.summoned == district.district }
      let told = matters.flatMap(\.told).map(\.what)
      func count(_ prefix: String) -> Int { told.count { $0.hasPrefix(prefix) } }
      // By all that was heard in the end, what is contested did not happen either.
      let undone = count("annulled") + count("contested")
      #expect(district.items == matters.count)
      #expect(
        district.was
          == QueueWalk.Simulated.Totals(
            breaches: count("escalated") + count("overdue") - undone, climbs: count("escalated") - undone,
            slips: count("slip") - undone,
            summonses: count("proposed"), warnings: count("due-soon")), "\(district.district)")
    }
    #expect(simulated.districts.map(\.district).sorted() == ["all", "下陆区", "西塞山区", "黄石市", "黄石港区"].sorted())
  }

  @Test("dubanctl policy simulate: R1 in 24 hours instead of 48 would have caught just those who answered later")
  func stricterSimulated() async throws {
    let stricter = try await QueueWalk.once.value.stricter
    let differing = stricter.items.map { $0.item.replacing("/hotline/12345/", with: "") }
    #expect(
      Set(differing) == [
        "complaint-unanswered", "complaint-held", "R7-street-unknown", "R22-district-unknown", "tolerance-within",
        "tolerance-beyond", "annulled", "contested",
      ])
    #expect(stricter.itemsThatDiffer == differing.count)
    let held = try #require(stricter.items.first { $0.item.hasSuffix("complaint-held") })
    #expect(held.breaches.isEmpty)
    // Suspended for a day. The street still owes settling, and gets the same time for it.
    #expect(held.wouldBe == ["街道响应 2026-02-13T09:00:00+08:00"])
    #expect(stricter.entriesInapplicable == 0)
    // That one; one more of each of the two that were closed soon after their 48 hours, which were the district's by then; and one of each of
    // the two that were answered in 48 hours.
    let all = try #require(stricter.districts.first { $0.district == "all" })
    #expect(all.wouldBe.breaches == all.was.breaches + 1 + 1 + 1 + 1 + 1)
  }
}

extension WalkMatter {
  /// The breaches that count, by their slips; those outside the chain have none.
  fileprivate var breaches: [Told] {
    let annulled = told.filter { $0.what.hasPrefix("withdrawn") }.map { $0.what.dropFirst("withdrawn".count) }
    let slips = told.filter { told in told.what.hasPrefix("slip") && !annulled.contains { told.what.hasSuffix($0) } }
    if !slips.isEmpty { return slips }
    return told.filter { $0.what.hasPrefix("overdue ") }.map { Told(at: $0.at, what: "slip none " + $0.what.dropFirst(8)) }
  }

  fileprivate var phase: String {
    if told.contains(where: { $0.what == "closed" }) { return "closed" }
    return messages.contains { ["responded", "reported", "reviewed"].contains($0.type.split(separator: ".").last ?? "") }
      ? "responded" : "open"
  }

  /// The deadlines that it was warned of, or let pass.
  fileprivate var deadlines: [(clock: Item.ClockKind, due: String)] {
    told.compactMap { told in
      guard let match = told.what.firstMatch(of: /(response|resolution), due (.+)$/) else { return nil }
      return Item.ClockKind(rawValue: String(match.1)).map { ($0, String(match.2)) }
    }
  }
}

extension WalkMatter.Place {
  /// The organ that a 约谈 is about: the district, or where it is not known the city.
  fileprivate var summoned: String { district.hasPrefix("无名") ? "黄石市" : district }
}
