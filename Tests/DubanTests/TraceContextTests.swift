// Traces: which are accepted, and that no message is rejected because of one.

import Testing

@testable import Duban

@Suite("Traces")
struct TraceContextTests {
  static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test("the example of the W3C recommendation is read")
  func example() throws {
    let trace = try #require(TraceContext(traceparent: Self.valid))
    #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" && trace.parentID == "00f067aa0ba902b7" && trace.isSampled)
    #expect(trace.text == Self.valid)
  }

  @Test("the sampled flag is the lowest bit, whatever the other bits are")
  func sampled() {
    for flags in 0...255 {
      let digits = (flags < 16 ? "0" : "") + String(flags, radix: 16)
      #expect(TraceContext(traceparent: Self.valid.dropLast(2) + digits)?.isSampled == (flags & 1 == 1), "\(digits)")
    }
  }

  @Test(
    "text that violates the grammar is not a trace",
    arguments: [
      "", "00", "ff" + valid.dropFirst(2), valid.uppercased(), valid + "-", valid + "-00", " " + valid, valid + " ",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "0g" + valid.dropFirst(2), String(valid.dropLast()), valid.replacing("-", with: "_"), "01" + valid.dropFirst(2) + "x",
      "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
    ])
  func invalid(text: String) {
    #expect(TraceContext(traceparent: text) == nil)
  }

  @Test(
    "a later version may add text after a dash", arguments: ["01" + valid.dropFirst(2), "fe" + valid.dropFirst(2) + "-what-ever"])
  func later(text: String) {
    #expect(TraceContext(traceparent: text)?.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
  }

  @Test("a valid trace with one byte changed is valid only if the grammar allows it")
  func mutations() {
    var random = Seeded(11)
    let original = Array(Self.valid.utf8)
    let hexadecimal = Array("0123456789abcdef".utf8)
    for _ in 0..<5_000 {
      var bytes = original
      let place = Int.random(in: 0..<bytes.count, using: &random)
      bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
      let isAllowed = [2, 35, 52].contains(place) ? bytes[place] == original[place] : hexadecimal.contains(bytes[place])
      #expect((TraceContext(traceparent: String(decoding: bytes, as: UTF8.self)) != nil) == isAllowed)
    }
  }

  static let start =
    #"{"specversion":"1.0","id":"1","source":"/s","type":"duban.complaint.submitted","#
    + #""time":"2026-11-20T08:00:00Z","subject":"a","#

  @Test(
    "an invalid trace of any type counts as absent; a valid one is kept",
    arguments: [(#""nonsense""#, nil), ("7", nil), ("null", nil), ("{}", nil), ("\"\(valid)\"", valid)] as [(String, String?)])
  func structured(value: String, carried: String?) throws {
    let envelope = try Envelope(RawMessage(body: Array((Self.start + "\"traceparent\":\(value)}").utf8)))
    #expect(envelope.traceparent == carried)
  }

  @Test("in binary mode too", arguments: [valid, "nonsense"])
  func binary(value: String) throws {
    let attributes = [
      "specversion": "1.0", "id": "1", "source": "/s", "type": "duban.complaint.submitted", "time": "2026-11-20T08:00:00Z",
      "subject": "a", "traceparent": value,
    ]
    let envelope = try Envelope(RawMessage(body: [], attributes: attributes))
    #expect(envelope.traceparent == (value == Self.valid ? value : nil))
  }
}

@Suite("Heads of rejected messages")
struct MessageHeadTests {
  @Test("source, id and trace are read even if the data or another of them is wrong")
  func lenient() {
    let head = MessageHead(
      RawMessage(
        body: Array(
          #"{"id":7,"source":"/s","traceparent":"\#(TraceContextTests.valid)","data":{"item":{"source":"/t","subject":[]},"region":5}}"#
            .utf8)))
    #expect(head.source == "/s" && head.id == nil && head.itemSource == "/t" && head.trace?.text == TraceContextTests.valid)
  }

  @Test(
    "nothing is read from text that is not a JSON object",
    arguments: ["", "[]", #"{"source":"/s""#])
  func nothing(body: String) {
    let head = MessageHead(RawMessage(body: Array(body.utf8)))
    #expect(head.source == nil && head.id == nil && head.trace == nil)
  }

  @Test("a refusal names the sender to answer if only the data could not be read")
  func answering() {
    let refusal = Refusal(.wrongType, at: "/data", "must be an object")
    let head = MessageHead(message("complaint.submitted", data: "[]"))
    #expect(refusal.answering(head).source == "/hotline/12345" && refusal.answering(head).messageID == "e1")
  }

  @Test("12388: content is open only if its source and its item's source are known and not confidential")
  func open() {
    func isOpen(_ body: String, user: String? = nil, in directory: Directory = City.directory) -> Bool {
      directory.isOpen(MessageHead(RawMessage(body: Array(body.utf8))), sentBy: user)
    }
    #expect(isOpen(#"{"source":"/hotline/12345"}"#) && isOpen(#"{"source":"/hotline/12345"}"#, user: "hotline"))
    #expect(!isOpen(#"{"source":"/hotline/12345"}"#, user: "discipline"))
    #expect(!isOpen(#"{"source":"/platform/12388"}"#) && !isOpen(#"{"source":"/platform/1238"}"#) && !isOpen("{"))
    #expect(!isOpen(#"{"source":"/hotline/12345","data":{"item":{"source":"/platform/12388","subject":"1"}}}"#))
    #expect(isOpen(#"{"source":"/hotline/12345","data":{"item":{"source":"/qr/mashang","subject":"1"}}}"#))
    let harmless = Directory(
      version: 1, organs: [], sources: City.directory.sources.values.filter { !$0.isConfidential })
    #expect(isOpen("{", in: harmless) && isOpen(#"{"source":"/platform/1238"}"#, in: harmless))
  }
}
