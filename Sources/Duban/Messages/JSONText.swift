// JSON as text, for what Duban writes: log entries, outgoing events, evidence.

import FoundationEssentials

/// Encodes values as JSON text with sorted keys, so that the same facts always make the same text.
public enum JSONText {
  /// Any encodable value of Duban's own; these hold only strings, numbers and each other, which cannot fail to encode.
  public static func encode(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return "null" }
    return String(decoding: data, as: UTF8.self)
  }

  /// A string as a JSON string, with its quotes; letter for letter what ``encode(_:)`` makes of it, in a tenth of the time.
  public static func string(_ value: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(value.utf8.count + 2)
    bytes.append(jsonString: value)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// An object whose members are written one after the other into one buffer.
  static func object(_ write: (inout JSONMembers) -> Void) -> String {
    var members = JSONMembers()
    write(&members)
    return members.text
  }
}

/// The members of an object on its way to text, in one buffer. They are written in the order of their names, which need no escapes; a nil is
/// left out.
///
/// For what is written by the ten thousand a second: texts that are joined from texts take five times as long.
struct JSONMembers {
  private var bytes: [UInt8]

  fileprivate init() {
    bytes = []
    bytes.reserveCapacity(512)
    bytes.append(UInt8(ascii: "{"))
  }

  /// The object; nothing can be written after it.
  fileprivate var text: String { String(decoding: bytes, as: UTF8.self) + "}" }

  mutating func write(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    begin(name)
    bytes.append(jsonString: value)
  }

  mutating func write(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
    guard let value else { return }
    begin(name)
    bytes.append(decimal: Int64(value))
  }

  /// A count, which is left out where it is 0.
  mutating func write(count name: StaticString, _ value: some FixedWidthInteger) { write(name, value == 0 ? nil : value) }

  /// A time, in microseconds.
  mutating func write(_ name: StaticString, _ value: Instant?) { write(name, value?.microseconds) }

  mutating func write(_ name: StaticString, _ value: Bool?) {
    guard let value else { return }
    begin(name)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// A flag, which is left out where it is false.
  mutating func write(flag name: StaticString, _ value: Bool) { write(name, value ? true : nil) }

  mutating func write(_ name: StaticString, object: (inout JSONMembers) -> Void) {
    begin(name)
    write(object)
  }

  /// A value that is JSON already.
  mutating func write(_ name: StaticString, json: String) {
    begin(name)
    bytes.append(contentsOf: json.utf8)
  }

  /// An array of objects, which is left out where it is empty.
  mutating func write<T>(_ name: StaticString, _ values: [T], object: (T, inout JSONMembers) -> Void) {
    array(name, values) { (value: T, members: inout JSONMembers) in members.write { object(value, &$0) } }
  }

  /// An array of texts, which is left out where it is empty.
  mutating func write(_ name: StaticString, _ values: [String]) {
    array(name, values) { value, members in members.bytes.append(jsonString: value) }
  }

  /// An array of numbers, which is left out where it is empty.
  mutating func write(_ name: StaticString, _ values: [Int64]) {
    array(name, values) { value, members in members.bytes.append(decimal: value) }
  }

  /// Numbers by names that may need escapes, in the order of the names.
  mutating func write(_ name: StaticString, _ values: [String: Int64]) {
    write(name) { members in
      for (name, value) in values.sorted(by: { $0.key < $1.key }) {
        members.begin()
        members.bytes.append(jsonString: name)
        members.bytes.append(UInt8(ascii: ":"))
        members.bytes.append(decimal: value)
      }
    }
  }

  private mutating func array<T>(_ name: StaticString, _ values: [T], _ element: (T, inout JSONMembers) -> Void) {
    guard !values.isEmpty else { return }
    begin(name)
    bytes.append(UInt8(ascii: "["))
    for (i, value) in values.enumerated() {
      if i > 0 { bytes.append(UInt8(ascii: ",")) }
      element(value, &self)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ object: (inout JSONMembers) -> Void) {
    bytes.append(UInt8(ascii: "{"))
    object(&self)
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func begin() { if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) } }

  private mutating func begin(_ name: StaticString) {
    begin()
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }
}

extension [UInt8] {
  /// Appends a text as a JSON string, with its quotes.
  fileprivate mutating func append(jsonString value: String) {
    append(UInt8(ascii: "\""))
    var value = value
    value.withUTF8 { bytes in
      // All at once where nothing needs an escape.
      if bytes.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
        for byte in bytes { append(jsonEscaped: byte) }
      } else {
        append(contentsOf: bytes)
      }
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func append(jsonEscaped byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): self += [UInt8(ascii: "\\"), byte]
    case 0x08: self += "\\b".utf8
    case 0x09: self += "\\t".utf8
    case 0x0a: self += "\\n".utf8
    case 0x0c: self += "\\f".utf8
    case 0x0d: self += "\\r".utf8
    case 0..<0x20:
      let digit = byte & 15
      self += (byte < 16 ? "\\u000" : "\\u001").utf8
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    default: append(byte)
    }
  }

  /// Appends a number in decimal digits.
  fileprivate mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    let start = count
    var rest = value.magnitude
    repeat {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }
}
