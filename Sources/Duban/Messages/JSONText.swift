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
    bytes.append(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0a: bytes += "\\n".utf8
      case 0x0c: bytes += "\\f".utf8
      case 0x0d: bytes += "\\r".utf8
      case 0..<0x20:
        let digit = byte & 15
        bytes += (byte < 16 ? "\\u000" : "\\u001").utf8
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// An object of members that are JSON already and stand in the order of their names, which need no escapes; a nil is left out.
  ///
  /// For what is written by the ten thousand a second: an encoder takes longer over an event than the database.
  static func object(_ members: KeyValuePairs<String, String?>) -> String {
    assert(zip(members, members.dropFirst()).allSatisfy { $0.key < $1.key })
    var text = "{"
    for (name, value) in members {
      guard let value else { continue }
      if text.utf8.count > 1 { text += "," }
      text += "\""
      text += name
      text += "\":"
      text += value
    }
    return text + "}"
  }
}
