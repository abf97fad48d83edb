// Breaches as the fold derives them, against those on record: recorded, corrected, annulled, contested, decided.

import Testing

@testable import Duban

@Suite("Breaches against the record")
struct SettlementTests {
  /// A complaint that a sweep has found unanswered, in a policy that lets what is heard within a day annul.
  private func breached(annulsWithin: Span = .days(1)) throws -> Casebook {
    var policy = try City.policy()
    policy.annulsWithin = annulsWithin
    var book = try Casebook(policy)
    try book.hear("complaint.submitted")
    book.sweep(at: hour(48) + .seconds(1))
    return book
  }

  @Test(
    "an answer in time that is heard within the tolerance annuls what was found; a later one makes it contested, and it counts until decided"
  )
  func answerHeardLate() throws {
    for (heard, status) in [(hour(60), Breach.Status.annulled), (hour(80), .contested)] {
      var book = try breached()
      try book.hear("complaint.responded", at: hour(47), heard: heard)
      #expect(book.breaches().first?.status == status && book.breaches().first?.revision == 2)
      #expect(
        book.whole.phase == .responded && book.whole.supervisor == nil && book.whole.escalations == 0, "the chain moves back")
      #expect(book.whole.breachedAt == nil)
      #expect(book.last.announcements.map(\.type).contains(status == .annulled ? .breachAnnulled : .breachContested))
    }
  }

  @Test("a later due time that had passed too is a correction on record, told in the next revision")
  func corrected() throws {
    var policy = try City.policy()
    (policy.annulsWithin, policy.countsFromHearingAfter) = (.days(1), .days(1))
    var book = try Casebook(policy)
    try book.hear("complaint.submitted")
    book.sweep(at: hour(48) + .seconds(1))
    book.sweep(at: hour(60), all: true)
    // A pause of an hour that nobody had told of: the deadline lapsed an hour later.
    let pause = try [
      envelope("complaint.suspended", id: "s", time: hour(40), data: Told.pause),
      envelope("complaint.resumed", id: "r", time: hour(41), data: "{}"),
    ]
    book.hear(pause, at: hour(61))
    #expect(
      book.breaches().map(\.status) == [.standing] && book.breaches.dues == [hour(49)] && book.breaches().first?.revision == 2)
    #expect(book.whole.due(.response) == hour(73) && book.announcements.map(\.type) == [.itemEscalated, .breachCorrected])
    #expect(book.announcements.last?.data.contains(#""dueAtBefore":"\#(hour(48).rfc3339)""#) == true)
  }

  @Test("a step that lapses once more after its breach was contested is found anew: the tier above was not told of it before")
  func lapsedAgain() throws {
    for found in [hour(74) + .seconds(1), hour(100)] {
      var book = try breached(annulsWithin: .hours(1))
      try book.hear("complaint.suspended", Told.pause, at: hour(24), heard: hour(50))
      try book.hear("complaint.resumed", at: hour(30), heard: hour(50))
      #expect(book.breaches().map(\.status) == [.contested] && book.whole.due(.response) == hour(48 + 26))
      book.sweep(at: found)
      #expect(book.breaches.map(\.status) == [.contested, .standing] && book.breaches.dues == [hour(48), hour(74)])
      #expect(book.breaches.last?.lapse.foundAt == found)
      #expect(book.whole.due(.response) == (found == hour(100) ? hour(124) : hour(98)))
      // An entry that makes the whole log be folded again changes nothing of that.
      try book.hear("reminder.urged", at: hour(51), heard: found + .seconds(60))
      #expect(book.breaches.map(\.status) == [.contested, .standing] && book.breaches.last?.lapse.foundAt == found)
    }
  }

  @Test("what a person lifted is not the lapse of the same step that comes later")
  func lapsedAfterLifting() throws {
    var book = try breached(annulsWithin: .hours(1))
    try book.hear("complaint.suspended", Told.pause, at: hour(24), heard: hour(50))
    let isDone = book.decide(.lift, on: 1, at: hour(51))
    #expect(isDone && book.breaches.isEmpty)
    try book.hear("complaint.resumed", at: hour(52))
    #expect(book.whole.due(.response) == hour(48 + 28))
    book.sweep(at: hour(77))
    #expect(book.breaches.dues == [hour(76)] && book.breaches().map(\.status) == [.lifted, .standing])
  }

  @Test("a contested breach stands again where what contested it is shown to be none")
  func contestedStandsAgain() throws {
    var book = try breached(annulsWithin: .hours(1))
    try book.hear("complaint.responded", at: hour(47), heard: hour(60))
    #expect(book.breaches().map(\.status) == [.contested])
    book.record(.setAside(entry: 2, because: "误报", by: "张三"), at: hour(61))
    #expect(book.breaches().map(\.status) == [.standing] && book.whole.phase == .open && book.whole.supervisor == .district)
    #expect(book.breaches().first?.revision == 3)
  }

  @Test("免予计入: an excused breach happened and does not count; folding again does not record it again")
  func excused() throws {
    var book = try breached()
    let isDone = book.decide(.excuse, on: 1, at: hour(49))
    #expect(isDone && book.breaches.isEmpty && book.breaches().map(\.status) == [.excused])
    #expect(book.whole.supervisor == .district, "the chain stays")
    try book.hear("reminder.urged", at: hour(1), heard: hour(50))
    #expect(book.folds.whole == 1 && book.breaches().map(\.status) == [.excused])
  }

  @Test("a decision that does not fit the breach is none")
  func decisions() throws {
    var book = try breached()
    // It was not contested; and there is no second one.
    for (decision, number) in [(Breach.Decision.uphold, 1), (.lift, 2)] as [(Breach.Decision, Int32)] {
      let isDone = book.decide(decision, on: number, at: hour(49))
      #expect(!isDone && book.last.findings.isEmpty && book.breaches().map(\.status) == [.standing])
    }
  }
}
