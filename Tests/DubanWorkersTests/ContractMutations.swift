// Messages that are almost those of the contract: examples, changed at the places where a reader could be lenient or strict by mistake.

import TestServers
import Duban

/// Makes them by chance that can be repeated.
struct Mutator {
  private var random: Seeded
  /// Values that stand somewhere in the contract, to stand elsewhere.
  private let pool: [JSON]

  init(seed: UInt64, from examples: [JSON]) {
    random = Seeded(seed)
    pool = examples.flatMap { $0["data"].children + [$0["data"]] }
  }

  /// The text of a message with one to three changes of its JSON.
  mutating func variant(of message: JSON) -> String {
    var message = message
    for _ in 0..<pick([1, 1, 1, 2, 3]) { message = change(message, isTop: true) }
    return message.text
  }

  /// The text with one to three changes of its characters: whether it is JSON at all is then open.
  mutating func misspelling(of text: String) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let i = Int.random(in: 0..<scalars.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: scalars.remove(at: i)
      case 1: scalars.insert(contentsOf: pick(Self.splinters).unicodeScalars, at: i)
      default: scalars.replaceSubrange(i...i, with: Array(pick(Self.splinters).unicodeScalars))
      }
    }
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    return text
  }

  // MARK: - Changes

  private mutating func change(_ value: JSON, isTop: Bool = false) -> JSON {
    switch value {
    case .object(var members) where !members.isEmpty:
      let i = Int.random(in: members.indices, using: &random)
      switch Int.random(in: 0..<(isTop ? 14 : 16), using: &random) {
      case 0: members.remove(at: i)
      case 1: members.append((pick(Self.names), other()))
      case 2: members.append((members[i].name, other()))
      case 3: members[i].name = pick(Self.names)
      case 4: members[i].name += pick(["\u{301}", "\u{0}", " ", "x"])
      case 5...6: members[i].value = other()
      case 14...15: return other()
      default: members[i].value = change(members[i].value)
      }
      return .object(members)
    case .array(var values) where !values.isEmpty:
      let i = Int.random(in: values.indices, using: &random)
      if Bool.random(using: &random) { values[i] = change(values[i]) } else { return other() }
      return .array(values)
    case .string(let text):
      switch Int.random(in: 0..<8, using: &random) {
      case 0: return .string(text + pick(["\n", "\u{0}", " ", "\u{301}", "\u{2028}", "Z"]))
      case 1: return .string(String(text.dropLast()))
      case 2: return .string(text.replacing("不", with: "\u{F967}"))
      case 3: return .string(text.uppercased())
      case 4: return .string(instant())
      default: return other()
      }
    default: return other()
    }
  }

  private mutating func other() -> JSON {
    switch Int.random(in: 0..<12, using: &random) {
    case 0: .null
    case 1: .bool(.random(using: &random))
    case 2: .number(pick(["0", "1", "-0.0", "1.5e3", "1e999", "18446744073709551616"]))
    case 3: .string("")
    // At the edge of what an attribute may have: code points count, not bytes nor what a reader takes for one character.
    case 4: .string(String(repeating: pick(["x", "号", "😀", "e\u{301}"]), count: pick([127, 128, 129, 255, 256, 257])))
    case 5: .string(instant())
    case 6: .string(pick(Self.words))
    case 7: .array([other()])
    case 8: .object([(pick(Self.names), other()), (pick(Self.names), other())])
    case 9: .object([("source", .string(pick(["/hotline/12345", ""]))), ("subject", .string(pick(["HS-2026-0001", ""])))])
    default: pool.randomElement(using: &random) ?? .null
    }
  }

  /// A date-time that is right, or nearly.
  private mutating func instant() -> String {
    if Int.random(in: 0..<4, using: &random) == 0 { return pick(Self.oddInstants) }
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let year = pick(["0000", "0001", "0004", "0100", "0400", "1900", "2000", "2023", "2024", "2026", "2100", "9999"])
    let month = Int.random(in: 0...13, using: &random)
    let day = pick([0, 1, 9, 10, 28, 29, 30, 31, 32])
    let time = "\(two(pick([0, 8, 19, 20, 23, 24]))):\(two(pick([0, 59, 60]))):\(two(pick([0, 59, 60, 61])))"
    let offset = pick(["Z", "z", "+08:00", "-23:59", "+24:00", "+08:60", "+0800", "+08", "", "-00:00"])
    return
      "\(year)-\(two(month))-\(two(day))\(pick(["T", "t", " ", "_"]))\(time)\(pick(["", "", ".5", ".", ".123456789"]))\(offset)"
  }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: choices.indices, using: &random)] }

  // MARK: - Material

  private static let names = [
    "specversion", "id", "source", "type", "time", "subject", "traceparent", "data", "item", "region", "district", "street",
    "community", "category", "grade", "title", "due", "passed", "decision", "reason", "until", "approver", "into", "rating",
    "lead", "part", "unit", "tier", "final", "reached", "closing", "minutes", "judgement", "checklist", "results", "role",
    "version", "name",
    "agrees", "at", "content", "Data", "",
  ]
  private static let words =
    [
      "approved", "rejected", "满意", "基本满意", "不满意", "\u{F967}满意", "district", "已解决", "不合理诉求", "转法定途径", "重办", "1.0",
      "/hotline/12345", "true",
    ]
    + EventType.all.keys.sorted().map { EventType.prefix + $0 }
  private static let splinters = [
    "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e", "+", "\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00",
    "\\n", "\\x",
    "\u{0}", "\n", "\t", "\u{B}", "\u{A0}", "\u{FEFF}", "\u{301}", "null", "true", "NaN", "/", " ",
  ]
  private static let oddInstants = [
    "2026-11-20T08:00:00+08:00\n", " 2026-11-20T08:00:00+08:00", "2026-11-20T08:00+08:00", "2026-11-20", "20261120T080000Z",
    "２０２６-11-20T08:00:00Z", "12026-11-20T08:00:00Z", "-0001-11-20T08:00:00Z", "2026-W47-5T08:00:00Z", "1796000000",
    "2026-11-20T08:00:00." + String(repeating: "1", count: 235) + "Z",
    "2026-11-20T08:00:00." + String(repeating: "1", count: 236) + "Z",
    "9999-12-31T23:59:60.999999999-23:59", "0001-01-01T00:00:00+23:59", "2026-11-20T08:00:00,5Z",
    "2026-11-20T08:00:00\u{2212}08:00",
  ]
}
