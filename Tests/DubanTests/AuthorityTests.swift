// Who may say what about whose matter: own, granted, foreign and confidential sources, and in whose name.

import Testing

@testable import Duban

@Suite struct AuthorityTests {
  /// A hotline, a street's own platform that may act on the hotline's matters in its street, one that may do so anywhere, one that may not, and the
  /// platform of discipline.
  private static let directory = Directory(
    version: 1, organs: City.organs,
    sources: [
      UpstreamSource(uri: "/hotline/12345", name: "12345", organs: [2]),
      UpstreamSource(
        uri: "/street/shengyanggang", name: "胜阳港街道平台", organs: [3],
        grants: [Grant(acts: ["accepted", "responded", "rated", "resolved"], sources: ["/hotline/12345"], regions: [3])]),
      UpstreamSource(uri: "/platform/city", name: "市平台", organs: [1, 2], grants: [Grant()]),
      UpstreamSource(uri: "/qr/mashang", name: "码上"),
      UpstreamSource(uri: "/platform/12388", name: "12388", isConfidential: true, recipientID: 7),
    ])

  private func opened(_ data: String = Told.opening) throws -> Casebook {
    var book = try Casebook(
      City.policy(
        "response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 10d, district: 5d, city: 5d }, approver: city"
      ),
      directory: Self.directory)
    try book.hear("complaint.submitted", data)
    return book
  }

  private static func about(_ rest: String = "", source: String = "/hotline/12345", subject: String = "HS-1") -> String {
    #"{"item":{"source":"\#(source)","subject":"\#(subject)"}\#(rest)}"#
  }

  private func refusal(_ outcome: Intake.Outcome) -> Refusal? { if case .refused(let refusal) = outcome { refusal } else { nil } }

  @Test func `A source speaks for its own items; for those of others what the directory grants, where it grants it`() throws {
    var book = try opened()
    #expect(try book.hear("complaint.accepted", at: hour(1)) == .applied)
    #expect(try book.hear("complaint.responded", Self.about(), at: hour(2), source: "/street/shengyanggang") == .applied)
    let suspended = try book.hear(
      "complaint.suspended", Self.about(#","reason":"天气""#), at: hour(3), source: "/street/shengyanggang")
    #expect(refusal(suspended)?.reason == .notAuthorised)
    #expect(refusal(suspended)?.detail.contains("grants: [{ acts: [suspended], sources: [/hotline/12345] }]") == true)
    #expect(
      refusal(try book.hear("complaint.resolved", Self.about(), at: hour(4), source: "/qr/mashang"))?.reason == .notAuthorised)
    #expect(book.log.count == 3 && book.whole.phase == .responded)
    #expect(try book.hear("complaint.resolved", Self.about(), at: hour(5), source: "/platform/city") == .applied)
  }

  @Test func `A grant for a region holds where the matter is when it happens, whatever is heard first`() throws {
    var book = try opened(#"{"region":{"district":"黄石港区","street":"花湖街道"}}"#)
    let foreign = try book.hear("complaint.responded", Self.about(), at: hour(1), source: "/street/shengyanggang")
    #expect(foreign == .inapplicable(.notAllowed) && book.whole.answeredAt == nil)
    let moved = #"{"region":{"district":"黄石港区","street":"胜阳港街道"}}"#
    try book.hear("complaint.reassigned", moved, at: hour(2))
    #expect(try book.hear("complaint.responded", Self.about(), at: hour(3), source: "/street/shengyanggang") == .applied)
    // The answer was heard before the assignment that makes it the street's.
    var late = try opened(#"{"region":{"district":"黄石港区","street":"花湖街道"}}"#)
    try late.hear("complaint.responded", Self.about(), at: hour(3), source: "/street/shengyanggang")
    #expect(late.whole.answeredAt == nil)
    try late.hear("complaint.reassigned", moved, at: hour(2), heard: hour(4))
    #expect(late.whole.answeredAt == hour(3))
    // And before the opening.
    var early = try Casebook(directory: Self.directory)
    try early.hear("complaint.responded", Self.about(), at: hour(3), source: "/street/shengyanggang")
    try early.hear("complaint.submitted", Told.opening, at: hour(1), heard: hour(4))
    #expect(early.whole.answeredAt == hour(3))
  }

  @Test func `A confidential source's items are open to no grant that does not name it`() throws {
    var book = try opened()
    try book.hear("complaint.submitted", subject: "JB-1", source: "/platform/12388")
    let told = Self.about(source: "/platform/12388", subject: "JB-1")
    #expect(
      refusal(try book.hear("complaint.responded", told, at: hour(1), source: "/platform/city"))?.reason == .notAuthorised)
    #expect(book["JB-1"].whole.responsible == 7, "it goes to the recipient that the directory names")
    #expect(!book["JB-1"].isUnassigned(nil))
  }

  @Test func `A confidential matter keeps its recipient, and no open item may be merged into it`() throws {
    var book = try opened()
    try book.hear("complaint.submitted", subject: "JB-1", source: "/platform/12388")
    try book.hear(
      "complaint.assigned", #"{"region":{"district":"黄石港区","street":"花湖街道"}}"#, at: hour(1), subject: "JB-1",
      source: "/platform/12388")
    try book.hear("complaint.accepted", #"{"lead":"供水公司"}"#, at: hour(2), subject: "JB-1", source: "/platform/12388")
    #expect(book["JB-1"].whole.responsible == 7)
    let merged = try book.hear(
      "complaint.merged", #"{"into":{"source":"/platform/12388","subject":"JB-1"}}"#, at: hour(3))
    #expect(refusal(merged)?.reason == .notAuthorised && refusal(merged)?.pointer == "/data/into/source")
  }

  @Test func `An approver is the sender's organ, not a word of the payload`() throws {
    var book = try opened()
    try book.hear("complaint.extension-requested", Told.asked, at: hour(1))
    func granted(_ approver: String?) -> String {
      let name = approver.map { #","approver":"\#($0)""# } ?? ""
      return Self.about(#","decision":"approved","until":"2026-12-20T08:00:00+08:00"\#(name)"#)
    }
    // The hotline speaks for the district alone, and the policy asks for the city.
    let own = try book.hear("complaint.extension-decided", granted("黄石市"), at: hour(2))
    #expect(refusal(own)?.reason == .notAuthorised && refusal(own)?.pointer == "/data/approver")
    #expect(try book.hear("complaint.extension-decided", granted("黄石港区"), at: hour(2)) == .inapplicable(.notAllowed))
    // Who speaks for several must say for which.
    #expect(
      try book.hear("complaint.extension-decided", granted(nil), at: hour(3), source: "/platform/city")
        == .inapplicable(.notAllowed))
    #expect(try book.hear("complaint.extension-decided", granted("黄石市"), at: hour(4), source: "/platform/city") == .applied)
    #expect(book.log.last?.stamp.speaker == 1 && book.whole.cycle?.extensions == 1)
  }

  @Test func `回访 is never made by who holds the matter`() throws {
    var book = try opened()
    try book.hear("complaint.resolved", at: hour(1))
    let rated = Self.about(#","rating":"满意""#)
    #expect(
      try book.hear("complaint.rated", rated, at: hour(2), source: "/street/shengyanggang") == .inapplicable(.notAllowed))
    #expect(try book.hear("complaint.rated", #"{"rating":"满意"}"#, at: hour(3)) == .applied)
  }

  @Test func `An operator's user may send for every source, and no other user for one that has its own`() throws {
    let bound = Directory(
      version: 1, organs: City.organs,
      sources: [UpstreamSource(uri: "/hotline/12345", name: "12345", users: ["hotline"])], operators: ["duban-operator"])
    for (user, isTaken) in [("hotline", true), ("duban-operator", true), ("someone", false), (nil, false)] {
      var book = try Casebook(directory: bound)
      var raw = message("complaint.submitted")
      raw.userID = user
      let outcome = try book.hear([Envelope(raw)], at: morning).first
      #expect((outcome == .applied) == isTaken, "\(user ?? "none")")
    }
  }
}
