// The two formats of a log line, logfmt and JSON, as bytes. For any values, a line is one line of UTF-8 that a terminal can
// show and a parser can read.

import DubanSettings
import Logging

/// A line under construction.
struct LogLine {
  typealias Value = Logger.MetadataValue

  private(set) var bytes: [UInt8] = []

  /// Makes the line of a record, with its newline.
  ///
  /// - Parameters:
  ///   - fields: The fields; no two have the same name.
  ///   - format: The format.
  ///   - priority: The syslog severity for systemd, which begins the line; nil for none.
  init(_ fields: [(name: String, value: Value)], as format: LogFormat, priority: Int? = nil) {
    bytes.reserveCapacity(256)
    if let priority { append("<\(priority)>") }
    switch format {
    case .logfmt:
      for (i, field) in fields.enumerated() {
        if i > 0 { append(" ") }
        append(Self.logfmtName(field.name))
        append("=")
        appendLogfmt(field.value)
      }
    case .json:
      appendJSON(members: fields)
    }
    append("\n")
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  // MARK: - logfmt

  /// Replaces characters that would end the name by `_`, because logfmt names have no escapes.
  private static func logfmtName(_ name: String) -> String {
    if name.isEmpty { return "_" }
    guard name.unicodeScalars.contains(where: { $0.isUnfitForBareWord }) else { return name }
    return String(String.UnicodeScalarView(name.unicodeScalars.map { $0.isUnfitForBareWord ? "_" : $0 }))
  }

  private mutating func appendLogfmt(_ value: Value) {
    let text: String
    switch value {
    case .string(let string): text = string
    case .stringConvertible(let value): text = value.description
    case .array, .dictionary:
      var nested = LogLine()
      nested.appendJSON(value)
      text = String(decoding: nested.bytes, as: UTF8.self)
    }
    if text.isEmpty || text.unicodeScalars.contains(where: { $0.isUnfitForBareWord }) {
      appendQuoted(text)
    } else {
      append(text)
    }
  }

  // MARK: - JSON

  private init() {}

  private mutating func appendJSON(_ value: Value) {
    switch value {
    case .string(let text): appendQuoted(text)
    case .stringConvertible(let number as any BinaryInteger): append("\(number)")
    case .stringConvertible(let number as Double) where number.isFinite: append("\(number)")
    case .stringConvertible(let truth as Bool): append(truth ? "true" : "false")
    case .stringConvertible(let value): appendQuoted(value.description)
    case .array(let elements):
      append("[")
      for (i, element) in elements.enumerated() {
        if i > 0 { append(",") }
        appendJSON(element)
      }
      append("]")
    case .dictionary(let members): appendJSON(members: members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
  }

  private mutating func appendJSON(members: [(name: String, value: Value)]) {
    append("{")
    for (i, member) in members.enumerated() {
      if i > 0 { append(",") }
      appendQuoted(member.name)
      append(":")
      appendJSON(member.value)
    }
    append("}")
  }

  /// A JSON string. logfmt quotes the same way.
  private mutating func appendQuoted(_ text: String) {
    append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n": append("\\n")
      case "\r": append("\\r")
      case "\t": append("\\t")
      case _ where scalar.isControl:
        let digits = String(scalar.value, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
      default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    append("\"")
  }
}

extension Unicode.Scalar {
  /// C0, DEL and C1, which could control the terminal of a reader, and Unicode's two line separators.
  fileprivate var isControl: Bool {
    value < 0x20 || 0x7F...0x9F ~= value || 0x2028...0x2029 ~= value
  }

  fileprivate var isUnfitForBareWord: Bool {
    isControl || self == " " || self == "\"" || self == "=" || self == "\\"
  }
}
