// Which policy a matter goes by: moves by an operator, what another policy would have done, tolerances of single sources.

import Testing

@testable import Duban

@Suite("Policies: moves and trials")
struct PolicyTests {
  /// A complaint under the usual policy, which an operator may move to another.
  private func opened(_ other: String) throws -> Casebook {
    var book = try Casebook(earlier: [City.policy(other)])
    try book.hear("complaint.submitted", "{\(Told.place)}")
    return book
  }

  private func move(_ book: inout Casebook, at time: Instant) {
    book.record(.policyMoved(to: 8, because: "整改", by: "张三"), at: time)
  }

  @Test(
    "a matter whose clocks are suspended is moved like another: no time passes for it, so that its new deadline has not passed")
  func suspended() throws {
    var book = try opened(
      "response: { within: 96h, district: 24h, city: 24h }, resolution: { within: 30d, district: 5d, city: 5d }")
    try book.hear("complaint.suspended", Told.pause, at: hour(24))
    move(&book, at: day(60))
    #expect(book.whole.due(.response) == hour(96) && book.whole.due(.resolution) == day(30))
  }

  @Test("a policy with a response clock less, or more, takes it away, or gives it where it is still ahead")
  func otherClocks() throws {
    let without = "resolution: { within: 30d, district: 5d, city: 5d }"
    var book = try opened(without)
    move(&book, at: hour(1))
    #expect(book.whole.clocks.map(\.kind) == [.resolution] && book.whole.due(.resolution) == day(30))
    var answered = try opened(without)
    try answered.hear("complaint.responded", at: hour(1))
    move(&answered, at: hour(2))
    #expect(answered.whole.due(.resolution) == day(30))
    for (time, due) in [(hour(1), hour(48)), (hour(50), nil)] as [(Instant, Instant?)] {
      var gained = try Casebook(City.policy(without, version: 8), earlier: [City.policy()])
      try gained.hear("complaint.submitted")
      gained.record(.policyMoved(to: 7, because: "整改", by: "张三"), at: time)
      #expect(gained.whole.due(.response) == due && gained.whole.due(.resolution) == day(19))
      // An answer that was given needs no clock.
      var done = try Casebook(City.policy(without, version: 8), earlier: [City.policy()])
      try done.hear("complaint.submitted")
      try done.hear("complaint.responded", at: morning + .seconds(60))
      done.record(.policyMoved(to: 7, because: "整改", by: "张三"), at: time)
      #expect(done.whole.due(.response) == nil)
    }
  }

  @Test("a move explains the deadlines that it set, and marks those that it left as they were because they would have passed")
  func explained() throws {
    var book = try opened("response: { within: 2h, district: 1h, city: 1h }, resolution: { within: 30d, district: 5d, city: 5d }")
    move(&book, at: hour(5))
    #expect(book.whole.due(.response) == hour(48) && book.whole.due(.resolution) == day(30))
    let moved = book.explained(at: hour(5)).filter { $0.at == hour(5) }
    #expect(moved.map(\.dueAt) == [hour(48), day(30)] && moved.map(\.isKept) == [true, false])
    #expect(moved.allSatisfy { $0.policyVersion == 8 })
  }

  @Test("what was breached stays so, and a tier that supervises gets the new policy's time from where its step began")
  func afterALapse() throws {
    var book = try opened(
      "response: { within: 96h, district: 48h, city: 24h }, resolution: { within: 30d, district: 5d, city: 5d }")
    book.sweep(at: hour(48))
    move(&book, at: hour(50))
    #expect(book.breaches.dues == [hour(48)] && book.whole.supervisor == .district && book.whole.due(.response) == hour(96))
  }

  @Test("what has ended is not moved; a part is")
  func endedAndParts() throws {
    var book = try Casebook(earlier: [City.policy("resolution: { within: 30d, district: 5d, city: 5d }")])
    try book.hear("complaint.submitted", Told.shared)
    try book.hear("complaint.resolved", #"{"part":"燃气公司"}"#, at: hour(1))
    let ended = book.part("燃气公司")
    move(&book, at: hour(2))
    #expect(book.part("供电公司").due(.resolution) == day(30) && book.part("燃气公司") == ended)
  }

  @Test("moved to a rule outside the chain, what a tier above owed has no deadline any more; what the unit owes has")
  func outOfTheChain() throws {
    var book = try opened("response: { within: 96h }, resolution: { within: 30d }, chain: false")
    book.sweep(at: hour(48))
    #expect(book.whole.supervisor == .district && book.whole.due(.response) == hour(72))
    move(&book, at: hour(50))
    #expect(book.whole.clocks.map(\.kind) == [.resolution] && book.whole.due(.resolution) == day(30))
    book.sweepAll(until: day(60))
    #expect(book.breaches.map(\.lapse.step.tier) == [.street, .street] && book.breaches.dues == [hour(48), day(30)])
  }

  // MARK: - Trials

  @Test("what another policy would have done: other deadlines, other breaches, what it would not have taken")
  func trial() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    book.sweep(at: hour(48) + .seconds(1))
    try book.hear("complaint.responded", at: hour(60))
    try book.hear("complaint.suspended", Told.pause, at: hour(70))
    try book.hear("complaint.resolved", at: hour(80))
    #expect(book.breaches.tiers == [.street])
    let strict = try City.policy(
      "response: { within: 24h, district: 12h, city: 12h, warn: 1h }, resolution: { within: 30d, district: 5d, city: 5d }, pauses: []"
    )
    let fold = book.tried(strict, until: hour(100))
    #expect(fold.lapses.map(\.step.tier) == [.street, .district, .city] && fold.lapses.map(\.dueAt) == [24, 36, 48].map(hour))
    #expect(fold.summonses.count == 1 && fold.matter.whole.phase == .closed)
    let refused = fold.verdicts.values.compactMap { if case .inapplicable(let why) = $0 { why.reason } else { nil } }
    #expect(refused == [.notAllowed])
    let lax = try City.policy("resolution: { within: 30d, district: 5d, city: 5d }")
    #expect(book.tried(lax, until: hour(100)).lapses.isEmpty)
    // Under the policy that it had, a trial comes to what was.
    #expect(book.tried(try City.policy(), until: hour(100)).lapses.map(\.dueAt) == book.breaches.dues)
  }

  @Test("a trial walks parts too")
  func trialOfParts() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{\#(Told.place),"supporting":["供电公司"]}"#)
    try book.hear("complaint.withdrawn", at: hour(2))
    let strict = try City.policy("resolution: { within: 30m, district: 1h, city: 1h }")
    let fold = book.tried(strict, until: hour(4))
    #expect(
      fold.lapses.map(\.dueAt) == [
        morning + .seconds(1800), morning + .seconds(1800), hour(1) + .seconds(1800), hour(1) + .seconds(1800),
      ])
    #expect(Set(fold.lapses.map(\.step.unit)) == [nil, "供电公司"])
  }

  // MARK: - Tolerances

  @Test("a source may have tolerances of its own: what a nightly portal tells late counts from when it happened")
  func sources() throws {
    let yaml = """
      policy: nightly
      counts-from-hearing-after: 1h
      annuls-within: 2h
      sources: { /qr/mashang: { counts-from-hearing-after: 12h, annuls-within: 24h } }
      rules:
        - { kind: complaint, resolution: { within: 48h, district: 24h, city: 24h } }
        - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
        - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
        - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
      """
    for (source, due, status) in [
      ("/qr/mashang", hour(48), Breach.Status.annulled), ("/hotline/12345", hour(58), .contested),
    ] {
      var book = try Casebook(Policy(yaml: yaml, version: 7))
      try book.hear("complaint.submitted", heard: hour(10), source: source)
      #expect(book.whole.due(.resolution) == due)
      // A closing in time that is told ten hours later, when a sweep has been there.
      book.sweep(at: due)
      try book.hear("complaint.resolved", at: due + .hours(-1), heard: due + .hours(9), source: source)
      #expect(book.breaches().map(\.status) == [status] && book.whole.closedAt == due + .hours(-1))
    }
  }
}
