// How each deadline came about: start, allowance, pauses, extension, the days that were counted and passed over.

import Testing

@testable import Duban

@Suite("Explaining deadlines")
struct ExplainTests {
  private func november(_ day: Int, _ hour: Int = 10) -> Instant {
    ShanghaiTime(year: 2026, month: 11, day: day, hour: hour).instant
  }

  @Test("an opening explains both clocks: who owes them, from when, by which rule of which policy")
  func opening() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    let explained = book.explained(at: morning)
    #expect(explained.map(\.kind) == [.response, .resolution] && explained.map(\.dueAt) == [hour(48), day(19)])
    for derivation in explained {
      #expect(derivation.unit == nil && derivation.cycle == 1 && derivation.organID == City.streetID)
      #expect(derivation.policyVersion == 7 && derivation.policyLine == 8 && derivation.at == morning)
      #expect(derivation.clock.start == morning && derivation.nominalStart == nil && derivation.clock.step == 0)
      #expect(derivation.pauses.isEmpty && derivation.grant == nil)
    }
    #expect(explained.map(\.allowance.text) == ["48h", "19d"])
    // 48 hours know no days; of 19 days each is counted.
    #expect(explained[0].explanation == nil && explained[1].explanation?.count(.counted) == 19)
  }

  @Test("a rule with a condition is named by its own line")
  func conditionalRule() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{"category":"应急",\#(Told.place)}"#)
    #expect(book.explained(at: morning).allSatisfy { $0.policyLine == 4 })
  }

  @Test("a clock that started at the hearing says when it should have started; one within the tolerance has nothing to say")
  func nominalStart() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", at: hour(-12), heard: morning)
    for derivation in book.explained(at: morning) {
      #expect(derivation.nominalStart == hour(-12) && derivation.clock.start == morning && derivation.at == morning)
    }
    var prompt = try Casebook()
    try prompt.hear("complaint.submitted", at: hour(-1), heard: morning)
    #expect(prompt.explained(at: morning).allSatisfy { $0.nominalStart == nil && $0.clock.start == hour(-1) })
  }

  @Test("each step of a chain is explained by its tier's allowance; after an outage it says from when it should have counted")
  func steps() throws {
    for (found, start) in [(hour(48) + .seconds(600), hour(48)), (hour(60), hour(60))] {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      book.sweep(at: found)
      let step = try #require(book.explained(at: found).last)
      #expect(step.kind == .response && step.clock.step == 1 && step.clock.tier == .district && step.organID == City.districtID)
      #expect(step.allowance.text == "24h" && step.clock.start == start && step.dueAt == start + .hours(24))
      #expect(step.nominalStart == (start == hour(48) ? nil : hour(48)), "found at \(found.rfc3339)")
    }
  }

  @Test("a limit in workdays names each day from the start to the last: counted, or passed over and why")
  func days() throws {
    // Friday 2026-09-18 to Tuesday 2026-10-13.
    let start = ShanghaiTime(year: 2026, month: 9, day: 18, hour: 10).instant
    var book = try Casebook(City.policy(WorkingDeadlineTests.thirteen))
    try book.hear("complaint.submitted", at: start)
    let explanation = try #require(book.explained(at: start).first?.explanation)
    #expect(explanation.days.count == 26 && explanation.count(.counted) == 13)
    #expect(explanation.days.first?.role == .start && explanation.days.last?.role == .counted)
    func day(_ month: Int, _ day: Int) -> Explanation.Day? {
      explanation.days.first { $0.date.month == month && $0.date.day == day }
    }
    #expect(day(9, 19)?.role == .skipped && day(9, 19)?.reason == "周末")
    #expect(day(9, 20)?.role == .counted && day(9, 20)?.reason?.contains("调休") == true)
    #expect(day(10, 1)?.role == .skipped && day(10, 1)?.reason?.contains("国庆") == true)
  }

  @Test("a pause is named, and the days after it are those that were left")
  func pause() throws {
    var book = try Casebook(City.policy("resolution: { within: 5wd, district: 3wd, city: 3wd }"))
    try book.hear("complaint.submitted", at: november(16))
    try book.hear("complaint.suspended", Told.pause, at: november(18))
    try book.hear("complaint.resumed", at: november(21))
    let explained = book.explained(at: november(21))
    #expect(explained.map(\.dueAt) == [november(23), november(26, 0)])
    #expect(explained[0].pauses.isEmpty && explained[1].pauses == [.init(from: november(18), until: november(21))])
    #expect(explained[1].at == november(21) && explained[1].clock.start == november(16))
    let after = try #require(explained[1].explanation)
    // From Saturday on: the weekend passed over, Monday to Wednesday counted.
    #expect(after.days.first?.date.day == 21 && after.count(.counted) == 3 && after.days.last?.date.day == 25)
  }

  @Test("an extension is named with its date, of the resolution clock only")
  func extended() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    try book.hear("complaint.extension-decided", Told.granted, at: hour(2))
    let last = try #require(book.explained(at: hour(2)).last)
    #expect(last.kind == .resolution && last.dueAt == Told.extended && last.at == hour(2))
    #expect(last.grant == .init(until: Told.extended, at: hour(2)) && last.clock.start == morning)
    #expect(book.explained(at: hour(2)).count == 3, "the response clock stayed as it was")
  }

  @Test("a stated date (提醒) is explained by itself: no days were counted to it")
  func stated() throws {
    var book = try Casebook()
    try book.hear("reminder.scheduled", #"{\#(Told.place),"due":"2026-12-20T08:00:00+08:00"}"#)
    let only = try #require(book.explained(at: morning).first)
    #expect(only.clock.statedAt == Told.extended && only.dueAt == Told.extended && only.explanation == nil)
  }

  @Test("another lead has other office hours; who owes a step is named by the time of the explanation")
  func parts() throws {
    var book = try Casebook(City.policy("resolution: { within: 5wh, district: 2d, city: 2d }"))
    try book.hear("complaint.submitted", Told.shared)
    let explained = book.explained(at: morning)
    #expect(explained.map(\.unit) == [nil, "供电公司", "燃气公司"] && explained.map(\.organID) == [5, 6, 7])
    #expect(explained[1].days.hours == .standard && explained[2].days.hours == OfficeHours([480..<960]))
  }

  @Test("a new cycle is explained anew, though its clock were the same")
  func cycles() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.resolved", at: hour(1))
    try book.hear("complaint.reopened", at: hour(2))
    #expect(book.explained(at: hour(2)).map(\.cycle) == [1, 1, 2, 2])
  }

  @Test("no deadline is without an explanation, whatever happens to a matter and in whatever order it is heard")
  func complete() throws {
    var random = Seeded(5)
    let types: [(String, String)] = [
      ("complaint.responded", "{}"), ("complaint.resolved", "{}"), ("complaint.reopened", "{}"),
      ("complaint.suspended", Told.pause), ("complaint.resumed", "{}"), ("reminder.urged", "{}"),
      ("complaint.merged", Told.into("HS-0")), ("complaint.accepted", #"{"lead":"燃气公司","supporting":["供电公司"]}"#),
      ("complaint.resumed", #"{"part":"供电公司"}"#), ("complaint.suspended", #"{"part":"供电公司","reason":"等待居民配合"}"#),
      ("complaint.extension-requested", Told.asked), ("complaint.extension-decided", Told.granted),
    ]
    let rule =
      "response: { within: 5wh, district: 1wd, city: 1wd }, resolution: { within: 13wd from-next-day until-close, district: 3d, city: 3d }"
    for run in 0..<120 {
      var book = try Casebook(City.policy(rule))
      try book.hear("complaint.submitted", subject: "HS-0")
      try book.hear("complaint.submitted")
      var now = morning
      for _ in 0..<Int.random(in: 0..<14, using: &random) {
        now = now + .hours(Int64.random(in: 1...100, using: &random))
        if Bool.random(using: &random) { book.sweep(at: now) }
        if Bool.random(using: &random) { book.follow(at: now) }
        let (type, data) = types.randomElement(using: &random) ?? types[0]
        try book.hear(type, data, at: now + .hours(-Int64.random(in: 0...60, using: &random)), heard: now)
      }
      for (subject, matter) in [("HS-0", book["HS-0"]), ("HS-1", book.matter)] {
        let explained = book.explained(subject, at: now)
        for (unit, item) in matter.items {
          for (kind, clock) in item.clocks {
            let last = explained.last { $0.unit == unit && $0.kind == kind && $0.cycle == item.cycles }
            #expect(last?.dueAt == clock.dueAt, "run \(run): \(unit ?? "the whole"), \(kind)")
          }
        }
      }
    }
  }
}
