// W3C Trace Context, level 1: where in a request across systems a message belongs. Read by the recommendation's grammar, and no other.

/// A valid `traceparent` (https://www.w3.org/TR/trace-context/, section 3.2).
public struct TraceContext: Hashable, Sendable {
  /// The header's value as it came.
  public let text: String
  /// 32 hexadecimal digits, not all zero.
  public let traceID: String
  /// 16 hexadecimal digits, not all zero: the step that sent the message.
  public let parentID: String
  /// Whether the sender records this trace, and so may want to find it here too.
  public let isSampled: Bool

  /// Reads a `traceparent`; nil where it is none. One that is not valid counts as absent: a message is never refused for its trace.
  ///
  /// `00-<trace-id>-<parent-id>-<flags>`, in lower case. A version above 00 (ff is none) may have more after a further dash.
  public init?(traceparent text: String) {
    let bytes = Array(text.utf8.prefix(Self.length + 1))
    guard bytes.count >= Self.length, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }) else { return nil }
    let (version, trace, parent, flags) = (bytes[0..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55])
    guard [version, trace, parent, flags].allSatisfy({ $0.allSatisfy(Self.isHexadecimal) }), !version.elementsEqual("ff".utf8)
    else { return nil }
    guard bytes.count == Self.length || (!version.elementsEqual("00".utf8) && bytes[Self.length] == UInt8(ascii: "-")) else {
      return nil
    }
    guard [trace, parent].allSatisfy({ $0.contains { $0 != UInt8(ascii: "0") } }) else { return nil }
    self.text = text
    traceID = String(decoding: trace, as: UTF8.self)
    parentID = String(decoding: parent, as: UTF8.self)
    // The lowest of eight bits: the last digit is odd. The letters' codes are odd where their values are even.
    let last = bytes[54]
    isSampled = last <= UInt8(ascii: "9") ? last & 1 == 1 : last & 1 == 0
  }

  /// Of version 00; of later ones, as far as it is known.
  private static let length = 55

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
