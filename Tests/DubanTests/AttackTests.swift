// Attacks on the fold: sequences that broke a design, or were meant to.

import TestSamples
import Testing

@testable import Duban

private let waiting = [#""reason":"等待居民配合""#]
private let merging = [#""into":{"source":"/hotline/12345","subject":"HS-1"}"#]

@Suite struct AttackTests {
  // MARK: - The fast path and the horizon

  @Test(arguments: [clock(11, 59), clock(12)])
  func `an answer in time that is heard after the sweep annuls the breach`(_ answer: Instant) throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    #expect(telling.statuses() == [.standing])
    try telling.say("responded", at: answer, heard: clock(12, 0, 5))
    #expect(telling.statuses() == [.annulled])
    #expect(telling.item().answeredAt == answer)
    #expect(telling.item().cycle?.supervisor == nil)
    #expect(telling.announced(.breachAnnulled) == 1)
    #expect(telling.announced(.slipWithdrawn) == 1)
    try telling.expectLawful()
  }

  @Test func `a late message does not annul what a sweep has found since`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    try telling.say("returned", at: clock(11), heard: clock(12, 10), [#""reason":"非本辖区""#])
    #expect(telling.statuses() == [.standing])
    #expect(telling.breaches().first?.revision == 1)
    try telling.expectLawful()
  }

  @Test func `a late message lets no deadline lapse that the next message answers`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("returned", at: clock(9), heard: clock(12, 29), [#""reason":"非本辖区""#])
    #expect(telling.breaches().isEmpty)
    try telling.say("responded", at: clock(11, 59), heard: clock(12, 30))
    #expect(telling.breaches().isEmpty)
  }

  @Test func `a clock that was heard of after it was due lapses at once, if a sweep has passed it`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), Telling.place + [#""category":"应急""#])
    try telling.say("resolved", at: clock(8, 10))
    try telling.say("reopened", at: clock(8, 20))
    telling.sweep(at: clock(10, 30))
    #expect(telling.breaches().map(\.lapse.dueAt) == [clock(10, 20)])
    // Within the tolerance of an hour; its two hours ended before the sweep.
    try telling.say("resolved", at: clock(10, 29), heard: clock(10, 31))
    try telling.say("reopened", at: clock(10, 29, 30), heard: clock(10, 32))
    try telling.expectLawful()
  }

  @Test func `a second opening in one batch with what came before it moves nothing forward`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.hear(
      [
        telling.message("submitted", at: clock(10), id: "again"), telling.message("responded", at: clock(9), id: "answer"),
      ], at: clock(10, 0, 1))
    #expect(telling.item().answeredAt == clock(9))
    try telling.expectLawful()
  }

  @Test func `of one instant, what lapses before an event is not the event's doing`() throws {
    // The decision moves nothing; only the deadlines that had passed by then made it seem so, and it came before the withdrawal.
    var (batch, swept) = (try Telling(), try Telling())
    let messages = [
      batch.message("withdrawn", at: clock(23), id: "a"),
      batch.message(
        "extension-decided", at: clock(23), [#""decision":"rejected""#], id: "b"),
    ]
    try batch.say("submitted", at: clock(8))
    try swept.say("submitted", at: clock(8))
    swept.sweep(at: clock(22, 59))
    try batch.hear(messages, at: clock(23))
    try swept.hear(messages, at: clock(23))
    #expect(batch.ledger.row()?.verdicts.keys.sorted() == swept.ledger.row()?.verdicts.keys.sorted())
    try batch.expectLawful()
    try swept.expectLawful()
  }

  @Test func `a warning is sent once, however often the log is folded`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(11))
    #expect(telling.announced(.itemDueSoon) == 1)
    try telling.say("returned", at: clock(9), heard: clock(11, 5), [#""reason":"非本辖区""#])
    telling.sweep(at: clock(11, 10))
    #expect(telling.announced(.itemDueSoon) == 1)
  }

  // MARK: - Blame

  @Test func `a tier is told of a deadline not before it is due, though its breach was found before`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    telling.sweep(at: clock(12, 45))
    // The breach was found at 12:00:01; a pause that is heard of late, and not too late for its source, makes it due at 12:30.
    try telling.hear(
      [
        telling.message("suspended", at: clock(10, 50), waiting, by: MatterHistory.night, id: "pause"),
        telling.message("resumed", at: clock(11, 20), by: MatterHistory.night, id: "end"),
      ], at: clock(12, 50))
    #expect(telling.breaches().count == 1)
    let lapse = try #require(telling.breaches().first?.lapse)
    #expect(telling.statuses() == [.standing])
    #expect(lapse.dueAt == clock(12, 30))
    #expect(lapse.foundAt == clock(12, 0, 1))
    #expect(lapse.nextDueAt == clock(14, 30))
    #expect(telling.announced(.breachCorrected) == 1)
    try telling.expectLawful()
  }

  @Test func `a breach stays what it is where the number of its cycle shifts`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("resolved", at: clock(9))
    try telling.say("reopened", at: clock(10))
    telling.sweep(at: clock(14, 0, 1))
    #expect(telling.breaches().map(\.lapse.cycle) == [2])
    // There was a cycle between.
    try telling.hear(
      [telling.message("reopened", at: clock(9, 30), id: "a"), telling.message("resolved", at: clock(9, 45), id: "b")],
      at: clock(14, 1))
    #expect(telling.breaches().map(\.lapse.cycle) == [3])
    #expect(telling.breaches().map(\.number) == [1])
    #expect(telling.breaches().map(\.revision) == [1])
    #expect(telling.statuses() == [.standing])
    try telling.expectLawful()
  }

  @Test func `what is excused stays so in every later fold, and is no cause for another 约谈`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), Telling.place + [#""category":"应急""#])
    telling.live(until: clock(11, 1))
    #expect(telling.statuses() == [.standing, .standing])
    #expect(telling.ledger.row()?.notices.map(\.isWithdrawn) == [false])
    for number in 1...2 { telling.ledger.decide(.excuse, on: Int32(number), at: clock(11, 10)) }
    #expect(telling.ledger.row()?.notices.map(\.isWithdrawn) == [true])
    for minute in 0..<3 {
      try telling.say("returned", at: clock(9), heard: clock(11, 20 + minute), [#""reason":"非本辖区""#])
    }
    #expect(telling.statuses() == [.excused, .excused])
    #expect(telling.ledger.row()?.notices.map(\.isWithdrawn) == [true])
    try telling.expectLawful()
  }

  @Test(arguments: [Breach.Decision.uphold, .lift])
  func `an answer that is heard too late leaves the breach to a person`(_ decision: Breach.Decision) throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    try telling.say("responded", at: clock(11, 59), heard: clock(15))
    #expect(telling.statuses() == [.contested])
    #expect(telling.item().answeredAt == clock(11, 59))
    #expect(telling.announced(.breachContested) == 1)
    try telling.say("returned", at: clock(11), heard: clock(15, 1), [#""reason":"非本辖区""#])
    #expect(telling.statuses() == [.contested])
    telling.ledger.decide(decision, on: 1, at: clock(16))
    try telling.say("returned", at: clock(11), heard: clock(16, 1), [#""reason":"非本辖区""#])
    #expect(telling.statuses() == [decision == .uphold ? .upheld : .lifted])
    try telling.expectLawful()
  }

  @Test func `a source may say that it sends once a night`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    try telling.say("responded", at: clock(11, 59), heard: clock(23), by: MatterHistory.night)
    #expect(telling.statuses() == [.annulled])
  }

  @Test func `a contested breach stays what was found, though its step lapses later`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    // Too late to annul by themselves; three hours were left, and count from when the end of the pause was heard of.
    try telling.say("suspended", at: clock(9), heard: clock(12, 10), waiting)
    try telling.say("resumed", at: clock(10), heard: clock(12, 11))
    #expect(telling.statuses() == [.contested])
    telling.sweep(at: clock(15, 11, 1))
    #expect(telling.statuses() == [.contested, .standing])
    #expect(telling.breaches().map(\.lapse.dueAt) == [clock(12), clock(15, 11)])
    try telling.say("returned", at: clock(11), heard: clock(15, 20), [#""reason":"非本辖区""#])
    #expect(telling.statuses() == [.contested, .standing])
    try telling.expectLawful()
  }

  @Test func `a unit that is named late does not inherit a breach that it was not told of`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    try telling.say("accepted", at: clock(9), heard: clock(15), [#""lead":"供水公司""#])
    #expect(telling.item().cycle?.responsibleID == 5)
    #expect(telling.breaches().filter(\.status.counts).map(\.lapse.organID) == [3])
    // What falls due after it was told is its own.
    telling.sweep(at: clock(8, 0, 1, day: 21))
    #expect(telling.breaches().filter { $0.lapse.step.clock == .resolution }.map(\.lapse.organID) == [5])
    try telling.expectLawful()
  }

  @Test func `a unit that is named in time answers for what falls due`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    try telling.say("accepted", at: clock(11, 50), heard: clock(12, 5), [#""lead":"供水公司""#])
    #expect(telling.breaches().map(\.lapse.organID) == [5])
    #expect(telling.announced(.breachCorrected) == 1)
  }

  @Test func `a back-dated opening does not erase what has happened since`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    #expect(try telling.say("submitted", at: clock(7), heard: clock(15)) == .inapplicable(.itemExists))
    #expect(telling.statuses() == [.standing])
    #expect(telling.ledger.matter()?.opening?.at == clock(8))
    // One that is heard in time is the opening.
    #expect(try telling.say("submitted", at: clock(7, 59), heard: clock(8, 30)) == .applied)
    #expect(telling.ledger.matter()?.opening?.at == clock(7, 59))
    try telling.expectLawful()
  }

  @Test func `a pause that begins when the deadline is due is in time`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("suspended", at: clock(12), waiting)
    telling.sweep(at: clock(13))
    try telling.say("resumed", at: clock(14))
    #expect(telling.breaches().isEmpty)
    telling.sweep(at: clock(14, 0, 1))
    // Nothing was left of it.
    #expect(telling.breaches().map(\.lapse.dueAt) == [clock(14)])
    try telling.expectLawful()
  }

  @Test func `a deadline that another policy would set before a pause is kept, and later by the pause`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), Telling.place + [#""category":"应急""#])
    try telling.say("responded", at: clock(9))
    // Due at 14:00; by the other policy it was at 12:00.
    try telling.say("suspended", at: clock(13), waiting)
    telling.ledger.act(.init(at: clock(15), kind: .movesPolicy(to: 8)))
    try telling.say("resumed", at: clock(16))
    #expect(telling.item().cycle?.resolution?.dueAt == clock(17))
    #expect(telling.breaches().isEmpty)
    try telling.expectLawful()
  }

  @Test func `a unit that was named late is told no sooner of the next cycle`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("resolved", at: clock(10))
    try telling.say("reopened", at: clock(11))
    telling.sweep(at: clock(15, 0, 1))
    try telling.say("accepted", at: clock(9), heard: clock(18), [#""lead":"供水公司""#])
    #expect(telling.breaches().filter(\.status.counts).map(\.lapse.organID) == [3])
    try telling.expectLawful()
  }

  @Test func `nobody is told of a cycle before the opening is heard`() throws {
    var telling = try Telling()
    try telling.say("resolved", at: clock(9))
    try telling.say("reopened", at: clock(10))
    try telling.say("submitted", at: clock(8), heard: clock(18))
    telling.sweep(at: clock(18, 0, 1))
    #expect(telling.breaches().isEmpty)
    #expect(telling.item().cycle?.response?.dueAt == clock(22))
    try telling.expectLawful()
  }

  @Test func `what a person excused stays so, though it was found before it was due`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.sweep(at: clock(12, 0, 1))
    telling.sweep(at: clock(12, 45))
    try telling.hear(
      [
        telling.message("suspended", at: clock(10, 50), waiting, by: MatterHistory.night, id: "pause"),
        telling.message("resumed", at: clock(11, 20), by: MatterHistory.night, id: "end"),
      ], at: clock(12, 50))
    telling.ledger.decide(.excuse, on: 1, at: clock(12, 55))
    try telling.say("returned", at: clock(9), heard: clock(13), [#""reason":"非本辖区""#])
    #expect(telling.statuses() == [.excused])
    try telling.expectLawful()
  }

  // MARK: - One instant

  @Test(arguments: [0, 1])
  func `submitted, resolved, reopened and resolved in one second end closed, in every order`(_ startsClosed: Int) throws {
    let ties = ["submitted", "resolved", "reopened", "resolved"].dropFirst(startsClosed * 2)
    for order in Array(ties.enumerated()).permutations {
      var (single, batch) = (try Telling(), try Telling())
      if startsClosed == 1 {
        for (type, time) in [("submitted", clock(8)), ("resolved", clock(8, 30))] {
          try single.say(type, at: time)
          try batch.say(type, at: time)
        }
      }
      let messages = order.map { i, type in single.message(type, at: clock(9), id: "e\(i)") }
      for message in messages { try single.hear([message], at: clock(9)) }
      try batch.hear(messages, at: clock(9))
      for telling in [single, batch] {
        #expect(telling.item().phase == .closed)
        #expect(telling.item().cycles == 2)
        try telling.expectLawful()
      }
    }
  }

  @Test func `two events of one time with one sequence number are in no order of hearing`() throws {
    var ends: [Item.State] = []
    for order in [["suspended", "withdrawn"], ["withdrawn", "suspended"]] {
      var telling = try Telling()
      try telling.say("submitted", at: clock(8))
      for type in order {
        try telling.hear(
          [telling.message(type, at: clock(9), type == "suspended" ? waiting : [], id: type, sequence: "1")], at: clock(9))
      }
      ends.append(telling.item().state)
    }
    #expect(ends[0] == ends[1])
  }

  enum Flood: CaseIterable {
    case equal, requests, parts, refusals
  }

  @Test(arguments: Flood.allCases)
  func `2,000 events of one second fold in well under a second`(_ flood: Flood) throws {
    let references = try SampleCity.references()
    let telling = try Telling()
    let opening = try telling.message("submitted", at: clock(8), Telling.place + [#""category":"保洁""#], id: "o").envelope()
    let envelopes = try (0..<1999).map { i in
      switch flood {
      case .equal:
        try telling.message(
          ["suspended", "resumed", "resolved", "reopened"][i % 4], at: clock(9), i % 4 == 0 ? waiting : [], id: "e\(i)"
        ).envelope()
      case .requests:
        try telling.message(
          "extension-requested", at: clock(9), [#""reason":"雨季""#, #""until":"\#((clock(10) + .seconds(Int64(i))).rfc3339)""#],
          id: "e\(i)"
        ).envelope()
      case .parts: try telling.message("accepted", at: clock(9), [#""supporting":["单位\#(i)"]"#], id: "e\(i)").envelope()
      case .refusals where i < 1000:
        try telling.message("suspended", at: clock(9), [#""reason":"天气\#(i)""#], id: "e\(i)").envelope()
      case .refusals:
        try telling.message(["suspended", "resumed"][i % 2], at: clock(9), waiting, id: "e\(i)").envelope()
      }
    }
    let log = ([opening] + envelopes).enumerated().map { i, envelope in
      Run.entry(envelope, number: Int32(i + 1), at: clock(9), references)
    }
    let matter = Matter(id: 1, key: Ledger.key(MatterHistory.main), kind: .complaint)
    // A suite that does not end tells of work that grows with the square of the flood.
    let fold = Fold.whole(log, of: matter, references: references, now: clock(9))
    #expect(fold.verdicts.count == 2000)
  }

  // MARK: - Calendars

  @Test func `a calendar that comes between counts from its coming, in every fold`() throws {
    // Two workdays from Friday: Tuesday; Thursday once Monday and Tuesday are days off.
    var telling = try Telling(calendarChange: clock(12, day: 21))
    try telling.say("submitted", at: clock(8), Telling.place + [#""category":"保洁""#])
    telling.sweep(at: clock(20))
    let response = telling.breaches()
    #expect(response.map(\.lapse.step.clock) == [.response, .response, .response].prefix(response.count).map(\.self))
    #expect(telling.item().cycle?.resolution.map { ShanghaiTime($0.dueAt).day } == 24)
    telling.sweep(at: clock(13, day: 21))
    #expect(telling.item().cycle?.resolution.map { ShanghaiTime($0.dueAt).day } == 26)
    try telling.say("returned", at: clock(9), heard: clock(14, day: 21), [#""reason":"非本辖区""#])
    #expect(telling.item().cycle?.resolution.map { ShanghaiTime($0.dueAt).day } == 26)
    #expect(Array(telling.breaches().prefix(response.count)) == response)
    try telling.expectLawful()
  }

  // MARK: - Duplicates

  @Test func `in a circle of duplicates the void merging is released, and its clocks run on`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("submitted", at: clock(8), of: "HS-2")
    try telling.say("merged", at: clock(9), merging, of: "HS-2")
    try telling.say("merged", at: clock(10), [#""into":{"source":"/hotline/12345","subject":"HS-2"}"#])
    // Each is in work, as far as the other can tell.
    for (main, at) in [("HS-1", clock(9)), ("HS-2", clock(10))] {
      let row = try #require(telling.ledger.row(main))
      let life = Fold.whole(row.log, of: row.matter, references: telling.ledger.references, now: clock(11)).life
      #expect(life.fate(ofMergingAt: at)?.fate == .held)
    }
    for (duplicate, fate, at) in [
      ("HS-2", Event.Following.Fate.held, clock(9)), ("HS-1", .held, clock(10)), ("HS-1", .released, clock(10)),
    ] {
      let main = duplicate == "HS-1" ? "HS-2" : "HS-1"
      telling.ledger.append(
        .followed(.init(main: Ledger.key(main), merging: 2, fate: fate)), type: "item.followed", to: duplicate, occurredAt: at,
        at: clock(11))
    }
    #expect(telling.item(of: "HS-2").main == Ledger.key("HS-1"))
    #expect(telling.item().main == nil)
    #expect(telling.item().cycle?.response?.dueAt == clock(12))
    #expect(telling.item().cycle?.isStopped == false)
    try telling.expectLawful()
  }

  @Test func `a duplicate does not end with an item that it is no duplicate of`() throws {
    var telling = try Telling()
    for subject in ["HS-1", "HS-2", "HS-3"] { try telling.say("submitted", at: clock(8), of: subject) }
    try telling.say("merged", at: clock(9), merging, of: "HS-3")
    telling.ledger.follow(at: clock(9))
    try telling.say("merged", at: clock(10), [#""into":{"source":"/hotline/12345","subject":"HS-2"}"#], of: "HS-3")
    telling.ledger.follow(at: clock(10))
    try telling.say("resolved", at: clock(11), of: "HS-2")
    telling.ledger.follow(at: clock(11))
    #expect(telling.item(of: "HS-3").main == Ledger.key("HS-1"))
    try telling.say("resolved", at: clock(11, 30))
    telling.ledger.follow(at: clock(11, 30))
    #expect(telling.item(of: "HS-3").closedAt == clock(11, 30))
    try telling.expectLawful()
  }

  @Test func `a merging that did not count when it was heard is followed once it does`() throws {
    var telling = try Telling()
    for subject in ["HS-1", "HS-2"] { try telling.say("submitted", at: clock(8), of: subject) }
    try telling.say("resolved", at: clock(9), of: "HS-2")
    try telling.say("merged", at: clock(9, 30), merging, of: "HS-2")
    telling.ledger.follow(at: clock(9, 30))
    #expect(telling.item(of: "HS-2").phase == .closed)
    try telling.say("reopened", at: clock(9, 15), heard: clock(9, 40), of: "HS-2")
    telling.ledger.follow(at: clock(9, 40))
    #expect(telling.item(of: "HS-2").main == Ledger.key("HS-1"))
    try telling.expectLawful()
  }

  @Test func `an earlier end of the main item that is heard late counts for its duplicates`() throws {
    var telling = try Telling()
    for subject in ["HS-1", "HS-2"] { try telling.say("submitted", at: clock(8), of: subject) }
    try telling.say("merged", at: clock(8, 30), merging, of: "HS-2")
    try telling.say("resolved", at: clock(9, 20))
    try telling.say("reopened", at: clock(9, 25))
    telling.ledger.follow(at: clock(9, 25))
    #expect(telling.item(of: "HS-2").phase == .closed)
    // It had been withdrawn by its own resident before: the duplicate is its own.
    try telling.say("withdrawn", at: clock(9), heard: clock(9, 40))
    telling.ledger.follow(at: clock(9, 40))
    #expect(telling.item(of: "HS-2").phase == .open)
    // 30 of its 240 minutes had run; held for 30, it has the rest.
    #expect(telling.item(of: "HS-2").cycle?.response?.dueAt == clock(12, 30))
    try telling.expectLawful()
  }

  @Test func `what became of a main item before the duplicate knew of it counts at once`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), of: "HS-2")
    try telling.say("merged", at: clock(9), merging, of: "HS-2")
    telling.ledger.follow(at: clock(9))
    #expect(telling.item(of: "HS-2").phase == .open)
    try telling.say("submitted", at: clock(9, 30))
    try telling.say("resolved", at: clock(9, 40))
    telling.ledger.follow(at: clock(9, 41))
    #expect(telling.item(of: "HS-2").closedAt == clock(9, 40))
    try telling.expectLawful()
  }

  @Test(arguments: [false, true])
  func `a duplicate that is released is suspended if it was not resumed, and only then`(_ isResumed: Bool) throws {
    var telling = try Telling()
    for subject in ["HS-1", "HS-2"] { try telling.say("submitted", at: clock(8), of: subject) }
    try telling.say("suspended", at: clock(9), waiting, of: "HS-2")
    try telling.say("merged", at: clock(9, 30), merging, of: "HS-2")
    telling.ledger.follow(at: clock(9, 30))
    if isResumed { try telling.say("resumed", at: clock(10), of: "HS-2") }
    try telling.say("withdrawn", at: clock(10, 30))
    telling.ledger.follow(at: clock(10, 30))
    #expect(telling.item(of: "HS-2").cycle?.isStopped == !isResumed)
    if isResumed { #expect(telling.item(of: "HS-2").cycle?.response?.dueAt == clock(13, 30)) }
    try telling.expectLawful()
  }

  // MARK: - Directory and operators

  @Test func `补派 does not forget a unit that was named before and heard of later`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    telling.ledger.act(.init(at: clock(9), kind: .learns))
    try telling.say("accepted", at: clock(8, 30), heard: clock(9, 5), [#""lead":"供水公司""#, #""supporting":["供电公司"]"#])
    #expect(telling.item().cycle?.responsibleID == 5)
    #expect(telling.item(unit: "供电公司").cycle?.responsibleID == 6)
    try telling.expectLawful()
  }

  @Test func `an entry that is set aside does not count, nor does what it led to`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8))
    try telling.say("responded", at: clock(9))
    telling.ledger.append(.setAside(entry: 2, because: "误报", by: "op"), type: "entry.set-aside", to: "HS-1", at: clock(10))
    #expect(telling.item().phase == .open)
    telling.sweep(at: clock(12, 0, 1))
    #expect(telling.statuses() == [.standing])
    try telling.expectLawful()
  }

  @Test func `a clock that was moved to another policy and back does not lapse twice`() throws {
    var telling = try Telling()
    try telling.say("submitted", at: clock(8), Telling.place + [#""category":"应急""#])
    telling.live(until: clock(15))
    let steps = telling.breaches().map(\.lapse.step)
    for (hour, version) in [(15, 8), (16, 7)] { telling.ledger.act(.init(at: clock(hour, 30), kind: .movesPolicy(to: version))) }
    telling.live(until: clock(23))
    let later = telling.breaches().map(\.lapse.step)
    #expect(Set(later).count == later.count)
    #expect(later.starts(with: steps))
    try telling.expectLawful()
  }
}
