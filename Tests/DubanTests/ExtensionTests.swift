// 延期: asked for before expiry, decided by an organ at or above the policy's tier, as often as the policy allows.

import Testing

@testable import Duban

@Suite("Extensions")
struct ExtensionTests {
  private func opened(_ policy: Policy? = nil) throws -> Casebook {
    var book = try Casebook(policy)
    try book.hear("complaint.submitted")
    return book
  }

  /// An event that does not count: it says why, and leaves the matter as it was.
  private func expect(
    _ reason: Refusal.Reason, _ pointer: String, _ book: Casebook, _ type: String, _ data: String, at time: Instant
  ) throws {
    var after = book
    #expect(try after.hear(type, data, at: time) == .inapplicable(reason))
    guard case .inapplicable(let why) = after.verdict else { return #expect(Bool(false), "\(after.verdict)") }
    #expect(why.pointer == pointer && !why.detail.isEmpty)
    // Deadlines that pass meanwhile lapse all the same, as they do before an event that moves nothing.
    var without = book
    try without.hear("complaint.archived", at: time)
    #expect(after.whole == without.whole)
  }

  @Test(
    "12345: an extension asked for before expiry and approved by the tier above moves the resolution, once, in whatever order heard"
  )
  func granted() throws {
    let events: [(String, String, Int64)] = [
      ("complaint.extension-requested", Told.asked, 2), ("complaint.extension-decided", Told.granted, 3),
    ]
    for order in [events, events.reversed()] {
      var book = try opened()
      try book.hear("complaint.responded", at: hour(1))
      for (type, data, hours) in order {
        #expect(book.whole.due(.resolution) == day(19), "neither alone moves anything")
        try book.hear(type, data, at: hour(hours), heard: hour(3))
      }
      #expect(book.whole.due(.resolution) == Told.extended && book.whole.cycle?.extensions == 1)
      #expect(book.whole.cycle?.requestedUntil == nil && book.whole.cycle?.grant == .init(until: Told.extended, at: hour(3)))
      try expect(.limitReached, "/type", book, "complaint.extension-requested", Told.asked, at: hour(5))
    }
  }

  @Test("an extension moves the resolution clock only")
  func responseStays() throws {
    var book = try opened()
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    try book.hear("complaint.extension-decided", Told.granted, at: hour(2))
    #expect(book.whole.due(.response) == hour(48) && book.whole.due(.resolution) == Told.extended)
  }

  @Test("a request after expiry is too late; before it, a rejection moves nothing")
  func refused() throws {
    var book = try opened()
    try book.hear("complaint.responded", at: hour(1))
    try expect(.tooLate, "/time", book, "complaint.extension-requested", Told.asked, at: day(19) + .hours(1))
    let clocks = book.whole.clocks.map(\.clock)
    try book.hear("complaint.extension-requested", Told.asked, at: hour(2))
    #expect(book.whole.cycle?.requestedUntil == Told.extended)
    try book.hear("complaint.extension-decided", Told.rejected, at: hour(3))
    #expect(book.whole.clocks.map(\.clock) == clocks && book.whole.cycle?.extensions == 0)
    #expect(book.whole.cycle?.requestedUntil == nil)
  }

  @Test("while the clocks are suspended, nothing expires, and an extension may still be asked for")
  func askedInAPause() throws {
    var book = try opened()
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    #expect(try book.hear("complaint.extension-requested", Told.asked, at: day(25)) == .applied)
  }

  @Test("a rejection that is heard before its request answers it, and only it: the request stayed asked for ever")
  func rejectedEarly() throws {
    var book = try opened()
    #expect(try book.hear("complaint.extension-decided", Told.rejected, at: hour(3)) == .inapplicable(.notRequested))
    try book.hear("complaint.extension-requested", Told.asked, at: hour(2), heard: hour(4))
    #expect(book.whole.cycle?.requestedUntil == nil && book.whole.cycle?.extensions == 0)
    #expect(book.whole.due(.resolution) == day(19))
    try book.hear("complaint.extension-requested", Told.asked, at: hour(5))
    #expect(book.whole.cycle?.requestedUntil == Told.extended)
  }

  @Test(
    "nobody grants an extension to itself: the approver is of the policy's tier or above, of the place, and not who is responsible"
  )
  func approver() throws {
    func decision(_ name: String, until: String = "2026-12-20") -> String {
      #"{"decision":"approved","until":"\#(until)T08:00:00+08:00","approver":"\#(name)"}"#
    }
    var book = try opened()
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    // In the name of an organ for which the source does not speak, nothing is taken.
    var foreign = book
    guard case .refused(let refusal) = try foreign.hear("complaint.extension-decided", decision("西塞山区"), at: hour(3)) else {
      return #expect(Bool(false))
    }
    #expect(refusal.reason == .notAuthorised && refusal.pointer == "/data/approver")
    for name in ["胜阳港街道", "供水公司"] {
      try expect(.notAllowed, "/data/approver", book, "complaint.extension-decided", decision(name), at: hour(3))
    }
    try expect(
      .invalidValue, "/data/until", book, "complaint.extension-decided", decision("黄石市", until: "2026-11-21"), at: hour(3))
    for name in ["黄石港区", "黄石市"] {
      var granted = book
      #expect(try granted.hear("complaint.extension-decided", decision(name), at: hour(3)) == .applied)
    }
    // Where the district itself is responsible, the city decides.
    var district = try Casebook()
    try district.hear("complaint.submitted", #"{"region":{"district":"黄石港区"}}"#)
    try district.hear("complaint.extension-requested", Told.asked, at: hour(1))
    try expect(.notAllowed, "/data/approver", district, "complaint.extension-decided", decision("黄石港区"), at: hour(3))
    #expect(try district.hear("complaint.extension-decided", decision("黄石市"), at: hour(4)) == .applied)
    // The policy may ask for a higher one; above the city there is nobody.
    var strict = try opened(City.policy("resolution: { within: 19d, district: 5d, city: 5d }, approver: city"))
    try strict.hear("complaint.extension-requested", Told.asked, at: hour(1))
    try expect(.notAllowed, "/data/approver", strict, "complaint.extension-decided", decision("黄石港区"), at: hour(3))
    var city = try Casebook()
    try city.hear("complaint.submitted", "{}")
    try city.hear("complaint.extension-requested", Told.asked, at: hour(1))
    #expect(try city.hear("complaint.extension-decided", decision("黄石市"), at: hour(2)) == .applied)
  }

  @Test("who may approve does not depend on which tier supervises, nor on whether a sweep has been there")
  func approvalAfterALapse() throws {
    var unswept = try opened()
    try unswept.hear("complaint.extension-requested", Told.asked, at: hour(1))
    var swept = unswept
    swept.sweep(at: hour(50))
    #expect(swept.whole.supervisor == .district)
    for book in [swept, unswept] {
      var book = book
      #expect(try book.hear("complaint.extension-decided", Told.granted, at: hour(51)) == .applied)
      #expect(book.whole.due(.resolution) == Told.extended && book.whole.supervisor == .district)
    }
  }

  @Test("an approval that is heard after a deadline has lapsed counts from when it was given")
  func approvalHeardLate() throws {
    var book = try opened()
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    book.sweep(at: hour(50))
    try book.hear("complaint.extension-decided", Told.granted, at: hour(47), heard: hour(50) + .seconds(1))
    #expect(book.whole.due(.resolution) == Told.extended && book.whole.cycle?.extensions == 1)
    #expect(book.breaches.tiers == [.street], "it does not lift what it is not about")
  }

  @Test("where the policy allows none, none may be asked for; where it allows two, the second counts")
  func howOften() throws {
    var none = try opened(City.policy("resolution: { within: 19d, district: 5d, city: 5d }, extensions: 0"))
    try expect(.limitReached, "/type", none, "complaint.extension-requested", Told.asked, at: hour(1))
    try none.hear("complaint.responded", at: hour(2))
    var two = try opened(City.policy("resolution: { within: 19d, district: 5d, city: 5d }, extensions: 2"))
    for (hours, until) in [(1, "2026-12-20"), (3, "2027-01-20")] as [(Int64, String)] {
      let data = #""until":"\#(until)T08:00:00+08:00""#
      try two.hear("complaint.extension-requested", #"{"reason":"雨季",\#(data)}"#, at: hour(hours))
      try two.hear("complaint.extension-decided", #"{"decision":"approved",\#(data),"approver":"黄石市"}"#, at: hour(hours + 1))
    }
    #expect(two.whole.due(.resolution) == ShanghaiTime(year: 2027, month: 1, day: 20, hour: 8).instant)
    #expect(two.whole.cycle?.extensions == 2)
  }

  @Test("an extension that is longer than the policy allows does not count and is not cut; one that is not longer does")
  func longest() throws {
    var book = try opened(
      City.policy(
        "response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d }, longest-extension: 10wd"
      ))
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    // Due on Wednesday 2026-12-09 08:00: 10, 11, 14 to 18, 21 to 23.
    func granted(_ until: String) -> String { #"{"decision":"approved","until":"2026-12-\#(until)+08:00","approver":"黄石港区"}"# }
    try expect(.notAllowed, "/data/until", book, "complaint.extension-decided", granted("23T08:00:01"), at: hour(3))
    try book.hear("complaint.extension-decided", granted("23T08:00:01"), at: hour(3))
    guard case .inapplicable(let why) = book.verdict else { return #expect(Bool(false), "\(book.verdict)") }
    #expect(why.detail.contains("10wd") && why.detail.contains("2026-12-23T08:00:00+08:00"))
    #expect(book.whole.due(.resolution) == day(19) && book.whole.cycle?.extensions == 0)
    try book.hear("complaint.extension-decided", granted("23T08:00:00"), at: hour(4))
    #expect(book.whole.due(.resolution) == ShanghaiTime(year: 2026, month: 12, day: 23, hour: 8).instant)
  }

  @Test("a new cycle has extensions of its own")
  func newCycle() throws {
    var book = try opened()
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    try book.hear("complaint.extension-decided", Told.granted, at: hour(2))
    try book.hear("complaint.resolved", at: hour(4))
    try book.hear("complaint.reopened", at: hour(5))
    #expect(book.whole.cycle?.extensions == 0 && book.whole.due(.resolution) == hour(5) + .days(19))
    #expect(try book.hear("complaint.extension-requested", Told.asked, at: hour(6)) == .applied)
  }

  @Test("an extension is a date: a pause that was over when it was granted does not move it, a later one does")
  func extensionAndPause() throws {
    var book = try opened()
    try book.hear("complaint.responded", at: hour(1))
    try book.hear("complaint.suspended", Told.pause, at: hour(2))
    try book.hear("complaint.resumed", at: hour(12))
    try book.hear("complaint.extension-requested", Told.asked, at: hour(13))
    try book.hear("complaint.extension-decided", Told.granted, at: hour(14))
    #expect(book.whole.due(.resolution) == Told.extended)
    try book.hear("complaint.suspended", Told.pause, at: hour(20))
    try book.hear("complaint.resumed", at: hour(25))
    #expect(book.whole.due(.resolution) == Told.extended + .hours(5))
  }
}
