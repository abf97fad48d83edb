// What Duban announces and puts on record: facts that any reader can read, in the order of their names.

import Foundation
import Testing

@testable import Duban

@Suite("Announcements")
struct AnnouncementTests {
  private static let rule =
    "response: { within: 48h, district: 24h, city: 24h, warn: 6h }, resolution: { within: 19d, district: 5d, city: 5d }, slips: [blue, orange, red]"

  /// A complaint under an awkward number, to which everything happens that is announced.
  private func eventful(_ number: String = "HS-1") throws -> Casebook {
    // As it stands in the text of a message.
    let subject = String(JSONText.string(number).dropFirst().dropLast())
    var policy = try City.policy(Self.rule)
    policy.annulsWithin = .hours(1000)
    var book = try Casebook(policy)
    try book.hear("complaint.submitted", Told.shared, subject: subject, source: "/qr/mashang")
    try book.hear("inspection.reported", at: hour(1), subject: subject, source: "/qr/mashang")
    book.sweepAll(until: hour(97))
    let isDone = book.decide(.excuse, on: 1, of: number, at: hour(97))
    #expect(isDone)
    // In time, heard of late: what was found is corrected.
    try book.hear("complaint.suspended", Told.pause, at: hour(60), heard: hour(98), subject: subject, source: "/qr/mashang")
    try book.hear("complaint.resumed", at: hour(61), heard: hour(99), subject: subject, source: "/qr/mashang")
    try book.hear("complaint.responded", at: hour(2), heard: hour(100), subject: subject, source: "/qr/mashang")
    try book.hear("complaint.resolved", at: hour(101), subject: subject, source: "/qr/mashang")
    return book
  }

  @Test("facts are written with sorted names and read by any reader, whatever the item is called")
  func facts() throws {
    for subject in ["HS-1", "\"\\/\u{1}\u{1f}\u{7f}\n督办🏠"] {
      let book = try eventful(subject)
      #expect(book.announcements.count > 10)
      for (type, data) in book.announcements.map({ ($0.type.rawValue, $0.data) }) + book.findings.map({ ($0.type, $0.data) }) {
        let read = try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
        if let item = read["item"] as? [String: String] { #expect(item["subject"] == subject, "\(type)") }
        let again = try JSONSerialization.data(withJSONObject: read, options: [.sortedKeys, .withoutEscapingSlashes])
        #expect(String(decoding: again, as: UTF8.self) == data, "\(type)")
      }
    }
  }

  @Test("a string is written as the encoder writes it, every character below 0x300 and beyond the first plane included")
  func strings() {
    for code in Array(UInt32(0)...0x300) + [0x2028, 0x7763, 0xfeff, 0x1f3e0] {
      let text = Unicode.Scalar(code).map { "a\(Character($0))b" } ?? ""
      #expect(JSONText.string(text) == JSONText.encode(text), "\(code)")
    }
  }

  @Test("an escalation says who owed the step, who is responsible, and whose turn it is until when")
  func escalated() throws {
    var book = try Casebook(City.policy(Self.rule))
    try book.hear("complaint.submitted", Told.shared)
    book.sweep(at: hour(48))
    book.sweep(at: hour(72))
    let (first, second) = (book.findings[0].data, book.findings[1].data)
    for fact in [
      #""clock":"response""#, #""fromOrgan":"供水公司""#, #""responsible":"供水公司""#, #""toOrgan":"黄石港区""#, #""to":"district""#,
      #""nextDueAt":"\#(hour(72).rfc3339)""#, #""slip":"blue""#, #""breach":1"#, #""revision":1"#,
    ] { #expect(first.contains(fact), "\(fact) in \(first)") }
    for fact in [#""from":"district""#, #""fromOrgan":"黄石港区""#, #""responsible":"供水公司""#, #""toOrgan":"黄石市""#] {
      #expect(second.contains(fact), "\(fact) in \(second)")
    }
  }

  @Test("12388: what is told of the life of a confidential item names neither its title, nor its community, nor a reason")
  func confidentialLife() throws {
    for isOpen in [true, false] {
      let source = UpstreamSource(uri: "/hotline/12345", name: "12345", isConfidential: !isOpen)
      var book = try Casebook(directory: Directory(version: 1, organs: City.organs, sources: [source]))
      try book.hear(
        "complaint.submitted", #"{"title":"举报甲","region":{"district":"黄石港区","street":"胜阳港街道","community":"乙小区"}}"#)
      try book.hear("complaint.returned", #"{"reason":"丙"}"#, at: hour(1))
      #expect(book.told.map(\.type) == [.itemOpened, .itemReturned])
      let told = book.told.map(\.data).joined()
      for words in ["举报甲", "乙小区", "丙"] { #expect(told.contains(words) == isOpen, "\(words) in \(told)") }
      #expect(book.told.allSatisfy { $0.routingKey.hasPrefix("confidential.") == !isOpen })
    }
  }

  @Test("all that was said of one matter goes out in the order in which it was said")
  func order() throws {
    let book = try eventful()
    #expect(Set(book.announcements.map(\.orderKey)) == [book.matter.id])
  }

  @Test("a breach that is annulled takes its slip back, and the 约谈 that rested on it alone")
  func annulled() throws {
    let book = try eventful()
    #expect(book.breaches().map(\.status).sorted { $0.rawValue < $1.rawValue } == [.annulled, .annulled, .excused])
    let types = book.announcements.map(\.type)
    #expect(types.count { $0 == .slipIssued } == 3 && types.count { $0 == .slipWithdrawn } == 3)
    #expect(types.count { $0 == .noticeProposed } == 1 && types.count { $0 == .noticeWithdrawn } == 1)
    #expect(book.recordedNotices.values.joined().allSatisfy { $0.isWithdrawn })
  }
}
