// The contract's limits on a message, and the scan of its bytes that holds it to them before any parser sees it.

/// The limits of the contract (messages.md, "Rules for bad input").
public enum Limits {
  /// Bytes of a message's body.
  public static let bodyBytes = 256 * 1024
  /// Levels of nested objects and arrays.
  public static let nesting = 64
  /// Characters of `id`, `source` and `subject`, so that each fits an index key whatever its script.
  public static let attributeCharacters = 256
}

extension Limits {
  /// Holds a body to the limits: size, nesting, and no NUL, raw or escaped. It finds no syntax errors; the parser does.
  public static func check(_ body: some Collection<UInt8>) throws(Refusal) {
    if body.count > bodyBytes {
      throw Refusal(.tooLarge, "the body has \(body.count) bytes; at most \(bodyBytes) are taken")
    }
    let scan = Scan()
    let verdict = body.withContiguousStorageIfAvailable { scan.read($0) } ?? Array(body).withUnsafeBufferPointer { scan.read($0) }
    switch verdict {
    case .fine: return
    case .tooDeep: throw Refusal(.tooDeep, "more than \(nesting) levels of nesting; flatten `data`")
    case .nul: throw Refusal(.nulCharacter, "NUL (U+0000) cannot be stored; remove it from the text")
    }
  }
}

private struct Scan {
  enum Verdict { case fine, tooDeep, nul }

  func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Verdict {
    var depth = 0
    var inString = false
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      if byte == 0 { return .nul }
      if inString {
        if byte == UInt8(ascii: "\"") {
          inString = false
        } else if byte == UInt8(ascii: "\\") {
          if isEscapedNUL(bytes, at: i) { return .nul }
          i += 1
        }
      } else {
        switch byte {
        case UInt8(ascii: "\""): inString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          depth += 1
          if depth > Limits.nesting { return .tooDeep }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
      }
      i += 1
    }
    return .fine
  }

  private func isEscapedNUL(_ bytes: UnsafeBufferPointer<UInt8>, at i: Int) -> Bool {
    guard i + 5 < bytes.count, bytes[i + 1] == UInt8(ascii: "u") else { return false }
    return (2...5).allSatisfy { bytes[i + $0] == UInt8(ascii: "0") }
  }
}
