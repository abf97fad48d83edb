// Reading messages: what is taken, and what each bad one is told.

import Testing

@testable import Duban

@Suite("Messages")
struct EnvelopeTests {
  @Test("a structured event yields its key, type, time, item and data, and keeps its body as sent")
  func structured() throws {
    let raw = message("complaint.submitted", id: "evt-1", subject: "HS-9")
    let envelope = try Envelope(raw)
    #expect(envelope.key == MessageKey(source: "/hotline/12345", id: "evt-1"))
    #expect(envelope.item == ItemKey(source: "/hotline/12345", subject: "HS-9"))
    #expect(envelope.type.name == "complaint.submitted" && envelope.type.kind == .complaint)
    #expect(envelope.time == morning)
    guard case .opened(let opening) = envelope.event else { return #expect(Bool(false), "no opening") }
    #expect(opening.region == .init(district: "黄石港区", street: "胜阳港街道", community: "覆盆山小区"))
    #expect(Array(envelope.original.utf8) == raw.body)
  }

  @Test("a binary event is the same event, and its record is the structured form")
  func binary() throws {
    let raw = RawMessage(
      body: Array(#"{"title":"漏水"}"#.utf8),
      attributes: [
        "specversion": "1.0", "id": "b\"1", "source": "/qr/mashang", "type": "duban.complaint.submitted",
        "time": "2026-11-20T08:00:00+08:00", "subject": "Q-1",
      ])
    let envelope = try Envelope(raw)
    #expect(envelope.key.id == "b\"1" && Self.title(of: envelope) == "漏水")
    let again = try Envelope(RawMessage(body: Array(envelope.original.utf8)))
    #expect(
      again.key == envelope.key && again.item == envelope.item && again.event == envelope.event && again.time == envelope.time)
  }

  private static func title(of envelope: Envelope) -> String? {
    if case .opened(let opening) = envelope.event { opening.title } else { nil }
  }

  private static func binary(_ data: String, _ others: [String: String] = [:]) -> RawMessage {
    let attributes = [
      "specversion": "1.0", "id": "1", "source": "/s", "type": "duban.complaint.submitted", "time": "2026-11-20T08:00:00+08:00",
      "subject": "Q-1",
    ]
    return RawMessage(body: Array(data.utf8), attributes: attributes.merging(others) { $1 })
  }

  @Test(
    "the record of a binary event can be read again, whatever its data begin with", arguments: ["", "{}", " {} \n"])
  func binaryRecord(data: String) throws {
    let envelope = try Envelope(Self.binary(data))
    #expect(try Envelope(RawMessage(body: Array(envelope.original.utf8))).event == envelope.event)
  }

  @Test("an event about another system's item names it in data.item")
  func otherItem() throws {
    let urged = try envelope(
      "reminder.urged", source: "/portal/street", data: #"{"item":{"source":"/hotline/12345","subject":"HS-1"},"note":"请抓紧"}"#)
    #expect(urged.item == ItemKey(source: "/hotline/12345", subject: "HS-1"))
    #expect(urged.key.source == "/portal/street")
  }

  struct Bad: Sendable {
    var body: String
    var reason: Refusal.Reason
    var pointer: String
  }

  static let envelopeStart =
    #"{"specversion":"1.0","id":"1","source":"/s","type":"duban.complaint.submitted","time":"2026-11-20T08:00:00Z","#

  @Test(
    "a bad message is refused with its reason and the pointer to the place",
    arguments: [
      Bad(body: "", reason: .notJSON, pointer: ""),
      Bad(body: #"{"specversion":"1.0","id""#, reason: .notJSON, pointer: ""),
      Bad(body: "[1,2]", reason: .wrongType, pointer: ""),
      Bad(body: "{}", reason: .unknownVersion, pointer: "/specversion"),
      Bad(body: #"{"specversion":"0.3"}"#, reason: .unknownVersion, pointer: "/specversion"),
      Bad(body: #"{"specversion":"1.0","id":7}"#, reason: .wrongType, pointer: "/id"),
      Bad(body: #"{"specversion":"1.0"}"#, reason: .missingField, pointer: "/type"),
      Bad(body: #"{"specversion":"1.0","type":"duban.weather.changed"}"#, reason: .unknownType, pointer: "/type"),
      Bad(body: #"{"specversion":"1.0","type":"complaint.submitted"}"#, reason: .unknownType, pointer: "/type"),
      Bad(body: envelopeStart + #""subject":""}"#, reason: .missingField, pointer: "/subject"),
      Bad(body: envelopeStart + #""subject":"a","data":[]}"#, reason: .wrongType, pointer: "/data"),
      Bad(body: envelopeStart + #""subject":"a","data":{"region":"x"}}"#, reason: .wrongType, pointer: "/data/region"),
      Bad(
        body: envelopeStart + #""subject":"a","data":{"region":{"street":5}}}"#, reason: .wrongType,
        pointer: "/data/region/street"),
      Bad(body: envelopeStart + #""subject":"a\u0000b"}"#, reason: .nulCharacter, pointer: ""),
      Bad(
        body: envelopeStart + #""subject":"\#(String(repeating: "号", count: 257))"}"#, reason: .invalidValue, pointer: "/subject"),
      Bad(
        body:
          #"{"specversion":"1.0","id":"1","source":"/s","type":"duban.complaint.submitted","time":"yesterday","subject":"a"}"#,
        reason: .invalidValue, pointer: "/time"),
      Bad(
        body:
          #"{"specversion":"1.0","id":"1","source":"/s","type":"duban.reminder.scheduled","time":"2026-11-20T08:00:00Z","subject":"a"}"#,
        reason: .missingField, pointer: "/data/due"),
    ])
  func refused(bad: Bad) {
    do {
      let envelope = try Envelope(RawMessage(body: Array(bad.body.utf8)))
      Issue.record("taken: \(envelope)")
    } catch {
      #expect(error.reason == bad.reason && error.pointer == bad.pointer, "\(error)")
      #expect(!error.detail.isEmpty)
    }
  }

  @Test(
    "what other readers would not take as JSON is refused as such, also where Duban reads nothing, so that the record is JSON to everyone",
    arguments: [
      #"1-2"#, "01", "1.", "1.e5", "-", "+1", ".5", "1e", "NaN", #""\x""#, #""\u12G4""#, "\"a\nb\"", "\"a\tb\"", #""\ud800""#,
      #""\udc00""#,
      #""\ud83d\u0041""#, #"{"\ud800":1}"#, "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{1:2}", "tru", "truely", "'a'", "[", "]",
      "1}}x",
      "\u{A0}1", "/**/1", "",
    ])
  func grammar(value: String) {
    let body = Self.envelopeStart + #""subject":"a","data":{"x":\#(value)}}"#
    let refusal = #expect(throws: Refusal.self) { try Envelope(RawMessage(body: Array(body.utf8))) }
    #expect(refusal?.reason == .notJSON && refusal?.pointer == "")
    let marked = "\u{FEFF}" + Self.envelopeStart + #""subject":"a"}"#
    #expect(throws: Refusal.self) { try Envelope(RawMessage(body: Array(marked.utf8))) }
  }

  @Test(
    "all of JSON is taken",
    arguments: [
      "-0", "0", "10.25e-3", "1E+9", "1e999", #""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "[]", "{}", " [ 1 , { } ]\r\n\t",
      "[null,true,false]",
      #"{"":1,"é":2,"e\u0301":3}"#, "\"\u{7F}\u{2028}😀\"",
    ])
  func wholeGrammar(value: String) throws {
    let body = " " + Self.envelopeStart + #""subject":"a","data":{"x":\#(value)}}"# + "\n"
    #expect(try Envelope(RawMessage(body: Array(body.utf8))).original == body)
  }

  @Test(
    "a field that appears twice is refused: Foundation acts on the first, the database and most others on the last",
    arguments: [
      (#""subject":"a","subject":"b""#, "/subject"), (#""subject":"a","\u0073ubject":"b""#, "/subject"),
      (#""subject":"a","data":{"region":{"street":"甲","street":"乙"}}"#, "/data/region/street"),
      (#""subject":"a","data":{"x/y":[0,{"k":1,"l":2,"k":1}]}"#, "/data/x~1y/1/k"),
    ])
  func twice(fields: String, pointer: String) {
    let refusal = #expect(throws: Refusal.self) {
      try Envelope(RawMessage(body: Array((Self.envelopeStart + fields + "}").utf8)))
    }
    #expect(refusal?.reason == .invalidValue && refusal?.pointer == pointer)
  }

  @Test("the contract's words are told by their characters, not by what Unicode takes for equal")
  func words() throws {
    _ = try envelope("complaint.rated", data: #"{"rating":"不满意"}"#)
    let refusal = #expect(throws: Refusal.self) { try envelope("complaint.rated", data: "{\"rating\":\"\u{F967}满意\"}") }
    #expect(refusal?.reason == .invalidValue && refusal?.pointer == "/data/rating")
  }

  func binary(_ body: String, _ more: [String: String] = [:]) throws -> Envelope {
    let attributes = [
      "specversion": "1.0", "id": "1", "source": "/qr/mashang", "type": "duban.complaint.submitted",
      "time": "2026-11-20T08:00:00+08:00", "subject": "Q-1",
    ]
    return try Envelope(RawMessage(body: Array(body.utf8), attributes: attributes.merging(more) { $1 }))
  }

  @Test("a binary event is kept with all its attributes; one called data is none")
  func binaryAttributes() throws {
    let envelope = try binary(#"{"title":"漏水"}"#, ["priority": "high", "dataschema": "/s", "data": "x"])
    #expect(envelope.original.contains(#""priority":"high""#) && envelope.original.contains(#""dataschema":"/s""#))
    #expect(Self.title(of: envelope) == "漏水" && !envelope.original.contains(#""x""#))
  }

  @Test("a binary event is held to the limits in the form in which it is kept and read again")
  func binaryLimits() throws {
    func reason(_ body: String, _ more: [String: String] = [:]) -> Refusal.Reason? {
      do { _ = try binary(body, more) } catch { return (error as? Refusal)?.reason }
      return nil
    }
    #expect(reason(#"{"x":"\#(String(repeating: "x", count: 256 * 1024 - 8))"}"#) == .tooLarge)
    #expect(reason(#"{"x":"# + String(repeating: "[", count: 62) + String(repeating: "]", count: 62) + "}") == nil)
    #expect(reason(#"{"x":"# + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "}") == .tooDeep)
    #expect(reason("{}", ["subject": "a\0b"]) == .nulCharacter)
    #expect(reason(#"{},"id":"2""#) == .notJSON)
    let refusal = #expect(throws: Refusal.self) { try binary(#"{"a":1,"a":2}"#) }
    #expect(refusal?.pointer == "/data/a")
  }

  @Test(
    "limits: 256 KiB are taken and a byte more is not; 64 levels are taken and one more is not; a brace in a string is no level")
  func limits() throws {
    func padded(to size: Int) -> RawMessage {
      let start = Self.envelopeStart + #""subject":"a","data":{"note":""#
      let end = #""}}"#
      return RawMessage(body: Array((start + String(repeating: "x", count: size - start.utf8.count - end.utf8.count) + end).utf8))
    }
    _ = try Envelope(padded(to: 256 * 1024))
    #expect(throws: Refusal.self) { try Envelope(padded(to: 256 * 1024 + 1)) }

    func nested(_ levels: Int) -> [UInt8] {
      Array((Self.envelopeStart + #""subject":"a","data":{"x":"# + String(repeating: "[", count: levels - 2)).utf8)
        + Array((String(repeating: "]", count: levels - 2) + "}}").utf8)
    }
    _ = try Envelope(RawMessage(body: nested(64)))
    #expect(throws: Refusal.self) { try Envelope(RawMessage(body: nested(65))) }
    let braces = Self.envelopeStart + #""subject":"a","data":{"note":"\"\#(String(repeating: "{", count: 100))"}}"#
    _ = try Envelope(RawMessage(body: Array(braces.utf8)))
  }

  @Test("bytes that are not UTF-8 are refused as such")
  func notUTF8() {
    var body = message("complaint.submitted").body
    body[body.count - 20] = 0xFF
    do {
      _ = try Envelope(RawMessage(body: body))
      Issue.record("taken")
    } catch {
      #expect(error.reason == .notUTF8)
    }
  }

  @Test("the sender's order of events (sequence) is carried; whatever is no text counts as none")
  func sequence() throws {
    func read(_ value: String) throws -> String? {
      try Envelope(RawMessage(body: Array((Self.envelopeStart + #""subject":"a","sequence":\#(value)}"#).utf8))).sequence
    }
    #expect(try read(#""00012""#) == "00012" && read("7") == nil && read("null") == nil && read("{}") == nil)
  }

  @Test("who reported a matter is told apart from what happened")
  func reporter() throws {
    let reporter = #"{"name":"王某","phone":"13800000000"}"#
    let told = try envelope("complaint.submitted", data: #"{"title":"漏水","reporter":\#(reporter)}"#)
    let silent = try envelope("complaint.submitted", data: #"{"title":"漏水"}"#)
    #expect(told.contact == reporter && silent.contact == nil && told.event == silent.event && told.digest != silent.digest)
  }

  @Test("an item cannot be merged into itself; it can into one of the same number elsewhere")
  func mergedIntoItself() throws {
    let refusal = #expect(throws: Refusal.self) { try envelope("complaint.merged", data: Told.into("HS-1")) }
    #expect(refusal?.reason == .invalidValue && refusal?.pointer == "/data/into")
    _ = try envelope("complaint.merged", data: #"{"into":{"source":"/qr/mashang","subject":"HS-1"}}"#)
  }

  @Test(
    "a message about units that cannot be is refused by the field's name",
    arguments: [
      ("complaint.submitted", #"{"part":"供电公司"}"#, "/data/part"), ("complaint.submitted", #"{"lead":""}"#, "/data/lead"),
      ("complaint.submitted", #"{"supporting":"供电公司"}"#, "/data/supporting"),
      ("complaint.submitted", #"{"supporting":["供电公司",7]}"#, "/data/supporting/1"),
      ("complaint.accepted", #"{"supporting":[""]}"#, "/data/supporting/0"),
      ("complaint.merged", #"{"part":"供电公司","into":{"source":"/a","subject":"b"}}"#, "/data/part"),
      ("complaint.resolved", #"{"part":"\#(String(repeating: "电", count: 101))"}"#, "/data/part"),
    ])
  func units(_ type: String, _ data: String, _ pointer: String) throws {
    let refusal = #expect(throws: Refusal.self) { try envelope(type, data: data) }
    #expect(refusal?.pointer == pointer)
  }

  @Test("a refusal tells whom to answer, once source and id could be read")
  func answering() {
    do {
      _ = try Envelope(message("weather.changed", id: "w1"))
      Issue.record("taken")
    } catch {
      #expect(error.source == "/hotline/12345" && error.messageID == "w1")
    }
  }

  @Test("a refusal names nobody by a NUL, which the answer could not be stored with")
  func answeringNobody() {
    do {
      _ = try Envelope(Self.binary("{}", ["id": "a\0b"]))
      Issue.record("taken")
    } catch {
      #expect(error.messageID == nil)
    }
  }

  @Test("the same content has the same digest, other content another")
  func digests() throws {
    let one = try envelope("complaint.submitted")
    #expect(try envelope("complaint.submitted").digest == one.digest)
    #expect(try envelope("complaint.submitted", subject: "HS-2").digest != one.digest)
  }

  @Test("mutated messages never crash the reader: each is taken or refused")
  func mutations() {
    var random = Seeded(7)
    let original = message("complaint.submitted").body
    for _ in 0..<5_000 {
      var body = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: body[Int.random(in: 0..<body.count, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
        case 1: body.removeLast(Int.random(in: 0..<body.count / 2, using: &random))
        default: body.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0..<body.count, using: &random))
        }
      }
      do {
        let envelope = try Envelope(RawMessage(body: body))
        #expect(!envelope.item.subject.isEmpty)
      } catch {
        #expect(!error.detail.isEmpty)
      }
    }
  }
}
