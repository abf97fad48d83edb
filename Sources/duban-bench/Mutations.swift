// Malformed messages: good events, each changed in a way that real senders, networks or attackers could cause.

import AMQP

/// A way to change an event.
enum Mutation: CaseIterable {
  /// Unchanged, but not always a new item: an event of an item that may not exist.
  case none
  /// An earlier message again, unchanged.
  case repeated
  /// The id of an earlier message with different content.
  case sameID
  case bitFlips
  case truncated
  /// Pieces of the body removed, duplicated or moved.
  case shuffled
  case typeSwapped
  case nested
  case hugeNumber
  case loneSurrogate
  case nul
  case duplicateKey
  case byteOrderMark
  case notUTF8
  /// Empty, or JSON that is not an object.
  case noObject
  /// Lengths and times at and beyond their limits, and look-alike text.
  case extreme
  /// Binary mode with headers that are missing, of other types, or unknown.
  case headers
  /// Larger than the allowed size.
  case oversize
}

/// Makes an endless sequence of messages, the same for every run with the same seed.
struct Mutator {
  /// The number of messages made, and the number of good ones among them.
  private(set) var count = 0
  private(set) var goodCount = 0
  /// The prefix of the ids of good messages, and of no other ids.
  static let goodPrefix = "good-"

  private var random: SplitMix
  private var recent: [OutgoingMessage] = []

  init(seed: UInt64) { random = SplitMix(state: seed) }

  mutating func next() -> OutgoingMessage {
    defer { count += 1 }
    if count % 200 == 0 { return good() }
    // Oversize messages are rare. Otherwise their bytes would dominate the measurement.
    let roll = Int.random(in: 0..<1000, using: &random)
    let kinds = Mutation.allCases.dropLast()
    let mutation = roll == 0 ? Mutation.oversize : kinds[roll % kinds.count]
    let message = message(mutation)
    if recent.count < 500 { recent.append(message) } else { recent[count % 500] = message }
    return message
  }

  /// A good message between bad ones. duband must accept it.
  private mutating func good() -> OutgoingMessage {
    defer { goodCount += 1 }
    return EventDraft(
      "complaint.submitted", id: "\(Self.goodPrefix)\(goodCount)", source: "/hotline/12345", subject: "GOOD-\(goodCount)",
      time: "2026-11-20T08:00:00+08:00", data: Self.complaint
    ).structured
  }

  private static let complaint = [
    EventDraft.Member(name: "region", value: #"{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山小区"}"#),
    EventDraft.Member(name: "category", value: #""雨污接驳""#), EventDraft.Member(name: "grade", value: #""普通""#),
    EventDraft.Member(name: "title", value: #""小区改造后雨水管未接入市政管网 🏚""#),
    EventDraft.Member(name: "reporter", value: #"{"name":"居民","phone":"138****1234"}"#),
  ]

  // MARK: - Drafts

  /// An event that opens an item, or one of an item that may not be open yet.
  private mutating func draft() -> EventDraft {
    let number = Bool.random(using: &random) ? count : Int.random(in: 0...count, using: &random)
    func draft(_ type: String, _ source: String, _ data: [EventDraft.Member]) -> EventDraft {
      EventDraft(
        type, id: "evt-\(count)", source: source, subject: "MU-\(number)", time: "2026-11-20T08:00:00+08:00", data: data)
    }
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: return draft("complaint.submitted", "/hotline/12345", Self.complaint)
    case 5: return draft("complaint.responded", "/hotline/12345", [.init(name: "note", value: #""已联系施工单位""#)])
    case 6: return draft("complaint.rated", "/hotline/12345", [.init(name: "rating", value: #""不满意""#)])
    case 7: return draft("rectification.verified", "/portal/street", [.init(name: "passed", value: "true")])
    case 8: return draft("funding.reviewed", "/finance/bureau", [.init(name: "decision", value: #""approved""#)])
    default:
      return draft("reminder.scheduled", "/portal/street", [.init(name: "due", value: #""2026-12-28T17:30:00+08:00""#)])
    }
  }

  private mutating func pick<T>(_ values: [T]) -> T {
    // Safe: all lists are literals below, and none is empty.
    values[Int.random(in: values.indices, using: &random)]
  }

  /// Changes one member, with equal chance among the attributes and the members of `data`.
  private mutating func change(_ draft: inout EventDraft, _ body: (inout EventDraft.Member, inout SplitMix) -> Void) {
    let index = Int.random(in: 0..<draft.attributes.count + draft.data.count, using: &random)
    if index < draft.attributes.count {
      body(&draft.attributes[index], &random)
    } else {
      body(&draft.data[index - draft.attributes.count], &random)
    }
  }

  // MARK: - Mutations

  private mutating func message(_ mutation: Mutation) -> OutgoingMessage {
    var draft = draft()
    switch mutation {
    case .none: return Bool.random(using: &random) ? draft.structured : draft.binary
    case .repeated: return recent.randomElement(using: &random) ?? draft.structured
    case .sameID:
      draft.attributes[1].value = "\"evt-\(Int.random(in: 0...count, using: &random))\""
      return draft.structured
    case .typeSwapped:
      let value = pick(["null", "true", "0", "-1.5", #""""#, #""x""#, "[]", "{}", "[[{}]]", #"{"a":1}"#, "[null]"])
      change(&draft) { member, _ in member.value = value }
      if Int.random(in: 0..<6, using: &random) == 0 { draft.data = [.init(name: "item", value: value)] }
      return draft.structured
    case .nested:
      let depth = Int.random(in: 1...(Bool.random(using: &random) ? 80 : 20_000), using: &random)
      let (open, close) = pick([("[", "]"), ("{\"a\":", "}"), ("[{\"a\":[", "]}]")])
      let closed = Bool.random(using: &random) ? depth : Int.random(in: 0...depth, using: &random)
      let value = String(repeating: open, count: depth) + "1" + String(repeating: close, count: closed)
      draft.data.append(.init(name: "deep", value: value))
      return draft.structured
    case .hugeNumber:
      let value = pick([
        "1e400", "-1e400", "1e-400", "1E+99999999999999999999", String(repeating: "9", count: 400), "-" + "0", "0.1e", "00", "1.",
        "0." + String(repeating: "3", count: 400), "9223372036854775808", "NaN", "-Infinity",
      ])
      change(&draft) { member, _ in member.value = value }
      if Bool.random(using: &random) { draft.data.append(.init(name: "amount", value: value)) }
      return draft.structured
    case .loneSurrogate:
      let text = pick([
        #"\ud800"#, #"\udc00"#, #"\ud800\ud800"#, #"\ud83d"#, #"\udc00\ud800"#, #"\ud800x"#, #"\uD83D\uDE00"#, #"\u"#,
      ])
      return inText(&draft, text)
    case .nul: return inText(&draft, pick(["\0", #"\u0000"#, #"\\u0000"#, #"\\\u0000"#, "\u{1}", #"\u001f"#]))
    case .duplicateKey:
      let copy = draft
      change(&draft) { member, random in
        member = copy.attributes.randomElement(using: &random) ?? member
        if Bool.random(using: &random) { member.value = #""other""# }
      }
      if Bool.random(using: &random) { draft.data += draft.data }
      if Bool.random(using: &random) { draft.attributes.append(.init(name: "data", value: "{}")) }
      return draft.structured
    case .extreme:
      extreme(&draft)
      return Bool.random(using: &random) ? draft.structured : draft.binary
    case .headers: return headers(draft)
    case .bitFlips, .truncated, .shuffled, .byteOrderMark, .notUTF8, .noObject, .oversize:
      var message = Int.random(in: 0..<4, using: &random) == 0 ? draft.binary : draft.structured
      bytes(&message.body, mutation)
      return message
    }
  }

  /// Inserts text into a member's value or name.
  private mutating func inText(_ draft: inout EventDraft, _ text: String) -> OutgoingMessage {
    change(&draft) { member, random in
      if Int.random(in: 0..<5, using: &random) == 0 {
        member.name += text
      } else {
        member.value = "\"\(member.value.filter { $0 != "\"" })\(text)\""
      }
    }
    return Int.random(in: 0..<4, using: &random) == 0 ? draft.binary : draft.structured
  }

  private mutating func extreme(_ draft: inout EventDraft) {
    let times = [
      "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59.999999-23:59", "2026-02-30T00:00:00Z",
      "2016-12-31T23:59:60Z", "2026-11-20 08:00:00+08:00", "2026-11-20T08:00:00.123456789012345678901234567890+08:00",
      "1970-01-01T00:00:00+23:59", "+2026-11-20T08:00:00Z",
    ]
    let text = pick([
      String(repeating: "督", count: 256), String(repeating: "a", count: 257), String(repeating: "😀", count: 256), "e\u{301}", "é",
      "\u{202e}abc", "\u{feff}", "\u{ffff}", " ", "\u{85}\u{2028}", "'; DROP TABLE item; --", "\\N", "%s%n",
      String(repeating: "e\u{301}", count: 200),
    ]).replacing("\\", with: "\\\\")
    switch Int.random(in: 0..<4, using: &random) {
    case 0: draft.attributes[4].value = "\"\(pick(times))\""
    case 1: draft.data = [.init(name: "due", value: "\"\(pick(times))\"")] + Self.complaint
    case 2: draft.attributes[Bool.random(using: &random) ? 1 : 5].value = "\"\(text)\(count % 50)\""
    default:
      draft.data = [.init(name: "title", value: "\"\(text)\""), .init(name: "category", value: "\"\(text)\"")]
      draft.attributes.append(.init(name: "traceparent", value: "\"\(text)\""))
    }
  }

  private mutating func headers(_ draft: EventDraft) -> OutgoingMessage {
    var message = draft.binary
    let value: FieldValue = pick([
      nil, true, 0, -1, 1000, .int64(.min), .int64(.max), 1.5, "", "\0", "a\0b", .bytes([0xff, 0xfe]), .bytes([]),
      .timestamp(.max), [1, "a", nil], ["a": ["b": [nil]]],
      .decimal(scale: 255, value: .max), .double(-0.0), .string(String(repeating: "x", count: 70_000)), "\u{feff}", "2.0",
    ])
    // Sorted, because a dictionary's order differs from run to run.
    let names = message.properties.headers.keys.sorted()
    let name = pick(names)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: message.properties.headers[name] = nil
    case 1: message.properties.headers["cloudEvents:traceparent"] = value
    case 2: message.properties.headers["cloudEvents:" + pick(["", "ID", "data", "datacontenttype", "é"])] = value
    case 3: message.properties.headers[pick(["x-death", "x-delivery-count", "duban-reason", "duban-first-seen", "督办"])] = value
    default: message.properties.headers[name] = value
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      bytes(&message.body, pick([.bitFlips, .truncated, .noObject, .byteOrderMark]))
    }
    return message
  }

  private mutating func bytes(_ body: inout [UInt8], _ mutation: Mutation) {
    func place(_ random: inout SplitMix) -> Int { Int.random(in: 0...body.count, using: &random) }
    switch mutation {
    case .bitFlips:
      for _ in 0...Int.random(in: 0...7, using: &random) {
        if let index = body.indices.randomElement(using: &random) { body[index] ^= 1 << UInt8.random(in: 0...7, using: &random) }
      }
    case .truncated: body.removeLast(Int.random(in: 0...body.count, using: &random))
    case .shuffled:
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let (a, b) = (place(&random), place(&random))
        let piece = Array(body[min(a, b)..<max(a, b)])
        if Bool.random(using: &random) { body.removeSubrange(min(a, b)..<max(a, b)) }
        body.insert(contentsOf: piece.prefix(2000), at: place(&random))
      }
    case .byteOrderMark:
      let marks: [[UInt8]] = [
        [0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff], [0xff, 0xfe, 0, 0], [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf],
      ]
      body.insert(contentsOf: pick(marks), at: Int.random(in: 0..<5, using: &random) == 0 ? place(&random) : 0)
    case .notUTF8:
      let wrong: [[UInt8]] = [
        [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe7],
      ]
      body.insert(contentsOf: pick(wrong), at: place(&random))
    case .noObject:
      body = Array(
        pick(["", " ", "\n", "null", "[]", "0", "true", #""text""#, "{", "}", "{}", "{}{}", "[{}]", "{},", "<event/>"]).utf8)
    case .oversize: body += [UInt8](repeating: UInt8(ascii: " "), count: Int.random(in: 262_144...400_000, using: &random))
    default: break
    }
  }
}
