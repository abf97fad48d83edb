// Compares the reading of messages with Foundation's decoder.

import Foundation
import Testing

@testable import Duban

@Suite("Reading JSON")
struct JSONReadingTests {
  /// A message as decoded by Foundation.
  private struct Reference: Decodable {
    struct Content: Decodable {
      struct Region: Decodable { var district, street, community: String? }
      struct Item: Decodable { var source, subject: String }
      var region: Region?
      var category, grade, title, due, decision, reason, until, approver, rating: String?
      var item, into: Item?
      var passed: Bool?
    }
    var specversion, id, source, type, time, subject: String?
    var data: Content?
  }

  private static let pieces = [
    #""id""#, #""subject":"x""#, #"\ud83d\ude00"#, #"\n"#, #"\u00e9"#, "null", "true", "false", "{}", "[]", "[1,{}]", "-1.5e3",
    ",", ":", "{",
    "}", #""passed":true"#, #""region":{"street":null}"#, #""item":{"source":"/s","subject":"é"}"#, #""into":{"source":"/s"}"#,
    "\"", " ", "\t",
  ]

  @Test("a mutated message is read as Foundation reads it, and rejected if Foundation rejects it")
  func likeFoundation() throws {
    var random = Seeded(11)
    let original = message(
      "complaint.submitted",
      data: #"""
        {"region":{"district":"黄石港区","street":"胜阳港街道","community":"a\"b"},"category":"雨\u6c61","grade":null,"title":"t\\","n":[1,"\/"],
        "x":{"y":{"z":-0.5E+2}},"due":"d","passed":false,"decision":"approved","rating":"满意","reason":"r","until":"u","approver":"a"}
        """#
    ).body
    var taken = 0
    for _ in 0..<20_000 {
      var body = original
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let place = Int.random(in: 0..<body.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: body.removeSubrange(place..<min(body.count, place + Int.random(in: 1...30, using: &random)))
        case 2: body.insert(UInt8.random(in: 0x20..<0x7f, using: &random), at: place)
        default: body.insert(contentsOf: Self.pieces.randomElement(using: &random)?.utf8.map(\.self) ?? [], at: place)
        }
      }
      guard let envelope = try? Envelope(RawMessage(body: body)) else { continue }
      taken += 1
      let other = try JSONDecoder().decode(Reference.self, from: Data(body))
      let content = try JSONObject(text: envelope.original).object("data")
      let (data, wanted) = (try content.map { try Fields($0, of: envelope.type.kind) } ?? Fields(), other.data)
      #expect(envelope.key.id == other.id && envelope.key.source == other.source && "duban." + envelope.type.name == other.type)
      #expect(envelope.time == other.time.flatMap { Instant(rfc3339: $0) } && other.specversion == "1.0")
      #expect(data.region?.district == wanted?.region?.district && data.region?.street == wanted?.region?.street)
      #expect(data.region?.community == wanted?.region?.community && (data.region == nil) == (wanted?.region == nil))
      #expect(data.category == wanted?.category && data.grade == wanted?.grade && data.title == wanted?.title)
      #expect(data.due == wanted?.due && data.decision == wanted?.decision && data.reason == wanted?.reason)
      #expect(data.until == wanted?.until && data.approver == wanted?.approver && data.rating == wanted?.rating)
      #expect(data.passed == wanted?.passed)
      #expect(data.item?.source == wanted?.item?.source && data.item?.subject == wanted?.item?.subject)
      #expect(data.into?.source == wanted?.into?.source && data.into?.subject == wanted?.into?.subject)
    }
    #expect(taken > 5_000)
  }

  @Test("a duplicate field is found among few and many fields, by its bytes", arguments: [2, 16, 17, 40])
  func twice(count: Int) throws {
    func body(_ names: [String]) -> [UInt8] { Array(("{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}").utf8) }
    // Two spellings of é are one name in Swift but two in JSON.
    let names = ["\u{e9}", "e\u{301}"] + (2..<count).map { "n\($0)" }
    _ = try JSONGrammar.read(body(names))
    let refusal = #expect(throws: Refusal.self) { try JSONGrammar.read(body(names + [names[count - 1]])) }
    #expect(refusal?.reason == .invalidValue && refusal?.pointer == "/" + names[count - 1])
  }
}
