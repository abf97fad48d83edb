// 合并: a duplicate (重复件) follows its main item, by what a job says in its log.

import Testing

@testable import Duban

@Suite("Merging")
struct MergingTests {
  /// A main item and a duplicate of it, merged after an hour.
  private func merged() throws -> Casebook {
    var book = try Casebook()
    try book.hear("complaint.submitted", subject: "HS-0")
    try book.hear("complaint.submitted")
    try book.hear("complaint.merged", Told.into("HS-0"), at: hour(1))
    book.follow(at: hour(1))
    return book
  }

  @Test("a duplicate's clocks are held while its main item is in work, and it is settled with it")
  func settled() throws {
    var book = try merged()
    #expect(book.whole.phase == .merged && book.whole.stoppedSince == hour(1) && book.matter.wakeAt == nil)
    #expect(book.whole.main?.subject == "HS-0")
    try book.hear("complaint.resumed", at: hour(2))
    #expect(book.whole.stoppedSince == hour(1), "a resumption is about a pause")
    try book.hear("complaint.resolved", at: hour(20), subject: "HS-0")
    book.follow(at: hour(20))
    #expect(
      book.whole.phase == .closed && book.whole.closedAt == hour(20) && book.whole.clocks.isEmpty && !book.whole.isWithdrawn)
    #expect(book.log.last?.type == "item.followed")
    #expect(
      book.announcements.map(\.type) == [.itemClosed, .itemClosed]
        && book.last.announcements.map(\.subject) == ["/hotline/12345/HS-1"])
    #expect(book.breaches.isEmpty)
  }

  @Test("a main item that is withdrawn by its resident leaves the other's complaint standing, its clocks running on")
  func mainWithdrawn() throws {
    var book = try merged()
    try book.hear("complaint.withdrawn", at: hour(20), subject: "HS-0")
    book.follow(at: hour(20))
    #expect(book.whole.phase == .open && book.whole.main == nil && book.whole.stoppedSince == nil)
    #expect(book.whole.due(.response) == hour(48 + 19))
    // Nor does it take one along that is merged afterwards.
    try book.hear("complaint.submitted", at: hour(20), subject: "HS-2")
    try book.hear("complaint.merged", Told.into("HS-0"), at: hour(21), subject: "HS-2")
    book.follow(at: hour(21))
    #expect(book["HS-2"].whole.phase == .open && book["HS-2"].whole.stoppedSince == nil && book["HS-2"].wakeAt == hour(68))
  }

  @Test(
    "nothing waits for nobody: while its main item is unknown a duplicate's clocks run; when it comes, they stood since the merging"
  )
  func mainUnknown() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted")
    try book.hear("complaint.merged", Told.into("HS-0"), at: hour(1))
    book.follow(at: hour(1))
    #expect(book.whole.phase == .open && book.whole.stoppedSince == nil && book.matter.wakeAt == hour(48))
    #expect(book.mergings.map(\.main.subject) == ["HS-0"])
    try book.hear("complaint.submitted", at: hour(3), subject: "HS-0")
    book.follow(at: hour(3))
    #expect(book.whole.phase == .merged && book.whole.stoppedSince == hour(1))
  }

  @Test("a duplicate that is merged into what is settled already is settled at once")
  func mainSettledBefore() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", subject: "HS-0")
    try book.hear("complaint.resolved", at: hour(1), subject: "HS-0")
    try book.hear("complaint.submitted")
    try book.hear("complaint.merged", Told.into("HS-0"), at: hour(2))
    book.follow(at: hour(2))
    #expect(book.whole.phase == .closed && book.whole.closedAt == hour(2))
  }

  @Test("a duplicate may be the main item of another: all are settled with the first")
  func chains() throws {
    var book = try Casebook()
    for subject in ["HS-1", "HS-2", "HS-3"] { try book.hear("complaint.submitted", subject: subject) }
    try book.hear("complaint.merged", Told.into("HS-2"), at: hour(1), subject: "HS-3")
    try book.hear("complaint.merged", Told.into("HS-1"), at: hour(2), subject: "HS-2")
    book.follow(at: hour(2))
    #expect(book["HS-2"].whole.phase == .merged && book["HS-3"].whole.phase == .merged)
    try book.hear("complaint.resolved", at: hour(3), subject: "HS-1")
    book.follow(at: hour(3))
    #expect(["HS-1", "HS-2", "HS-3"].allSatisfy { book[$0].whole.closedAt == hour(3) })
    #expect(book.announcements.map(\.subject) == ["HS-1", "HS-2", "HS-3"].map { "/hotline/12345/\($0)" })
  }

  @Test("a duplicate whose resident is dissatisfied (不满意) is a matter of its own again")
  func reopenedByItself() throws {
    var book = try merged()
    try book.hear("complaint.resolved", at: hour(2), subject: "HS-0")
    book.follow(at: hour(2))
    try book.hear("complaint.rated", #"{"rating":"不满意"}"#, at: hour(3))
    #expect(
      book.whole.phase == .open && book.whole.main == nil && book.whole.cycles == 2 && book.whole.due(.response) == hour(51))
    // And what happens to the other does not concern it any more.
    try book.hear("complaint.reopened", at: hour(4), subject: "HS-0")
    try book.hear("complaint.resolved", at: hour(5), subject: "HS-0")
    book.follow(at: hour(5))
    #expect(book.whole.phase == .open)
  }

  @Test("an answer to a duplicate counts; so does its own end")
  func ownEvents() throws {
    var book = try merged()
    try book.hear("complaint.responded", at: hour(2))
    #expect(book.whole.phase == .merged && book.whole.answeredAt == hour(2))
    var ended = book
    try ended.hear("complaint.withdrawn", at: hour(3))
    #expect(ended.whole.phase == .closed && ended.whole.isWithdrawn)
    try ended.hear("complaint.resolved", at: hour(20), subject: "HS-0")
    ended.follow(at: hour(20))
    #expect(ended.whole.closedAt == hour(3) && ended.whole.isWithdrawn)
    try book.hear("complaint.withdrawn", at: hour(20), subject: "HS-0")
    book.follow(at: hour(20))
    #expect(book.whole.phase == .responded && book.whole.clocks.map(\.kind) == [.resolution])
  }

  @Test("a pause that lasted when the duplicate was merged lasts when it is released")
  func pausedBefore() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", subject: "HS-0")
    try book.hear("complaint.submitted")
    try book.hear("complaint.suspended", Told.pause, at: hour(1))
    try book.hear("complaint.merged", Told.into("HS-0"), at: hour(2))
    try book.hear("complaint.withdrawn", at: hour(3), subject: "HS-0")
    book.follow(at: hour(3))
    #expect(book.whole.phase == .open && book.whole.stoppedSince == hour(1))
    try book.hear("complaint.resumed", at: hour(5))
    #expect(book.whole.due(.response) == hour(52))
  }

  @Test(
    "what was said of a main item is replaced by what is heard later: an end that was none releases nobody, one that was, does")
  func mainCorrected() throws {
    var book = try merged()
    try book.hear("complaint.resolved", at: hour(20), subject: "HS-0")
    book.follow(at: hour(20))
    // It was withdrawn before: the later closing moved nothing.
    try book.hear("complaint.withdrawn", at: hour(19) + .seconds(3500), heard: hour(20) + .seconds(60), subject: "HS-0")
    book.follow(at: hour(20) + .seconds(60))
    #expect(book["HS-0"].whole.isWithdrawn && book.whole.phase == .open)
    #expect(book.whole.cycle?.pauses.last?.until == hour(19) + .seconds(3500))
  }

  @Test("of two mergings the earlier counts, whichever was heard first: what becomes of the other main item concerns nobody")
  func twoMergings() throws {
    for fate in ["resolved", "withdrawn"] {
      var book = try Casebook()
      for subject in ["HS-1", "HS-A", "HS-B"] { try book.hear("complaint.submitted", subject: subject) }
      try book.hear("complaint.merged", Told.into("HS-B"), at: hour(2))
      book.follow(at: hour(2))
      try book.hear("complaint.merged", Told.into("HS-A"), at: hour(1), heard: hour(2) + .seconds(1))
      book.follow(at: hour(2) + .seconds(1))
      #expect(book.whole.main?.subject == "HS-A" && book.whole.stoppedSince == hour(1))
      try book.hear("complaint.\(fate)", at: hour(20), subject: "HS-B")
      book.follow(at: hour(20))
      #expect(book.whole.phase == .merged && book.whole.main?.subject == "HS-A", "\(fate)")
      try book.hear("complaint.resolved", at: hour(30), subject: "HS-A")
      book.follow(at: hour(30))
      #expect(book.whole.closedAt == hour(30), "\(fate)")
    }
  }
}
