// JSON's grammar (RFC 8259) and the contract's limits, over the whole of a body in one pass, which also notes where each value stands.
//
// Foundation's decoder looks closely only at what it is asked for. Elsewhere it lets pass what no other reader takes (1-2, "\x", a comma
// before a brace, a byte order mark), and of two fields of one name it takes the first, where most others take the last. The record
// has to say to everyone what it said to Duban. To read a message by that decoder after this pass took four times as long as this pass.

/// A pass over UTF-8 that ends at the first thing that is not JSON, goes too deep, holds a NUL or names a field twice.
struct JSONGrammar {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0

  /// - Throws: a ``Refusal``; its pointer is "" save for a field that appears twice.
  static func read(_ body: [UInt8]) throws(Refusal) -> JSONValue {
    try body.withUnsafeBufferPointer { (bytes) throws(Refusal) in
      var grammar = JSONGrammar(bytes: bytes)
      return try grammar.document()
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  private mutating func document() throws(Refusal) -> JSONValue {
    skipSpace()
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw fault }
    return value
  }

  // MARK: - Values

  private mutating func value() throws(Refusal) -> JSONValue {
    switch here {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    case UInt8(ascii: "["):
      return .array(try array())
    default:
      let start = position
      try number()
      return .number(start..<position)
    }
    return .bool(true)
  }

  private mutating func object() throws(Refusal) -> JSONValue {
    try open()
    var members: [JSONValue.Member] = []
    if !skip("}") {
      repeat {
        skipSpace()
        let name = try name()
        skipSpace()
        guard skip(":") else { throw fault }
        skipSpace()
        do throws(Refusal) {
          members.append(JSONValue.Member(name: name, value: try value()))
        } catch {
          throw error.inside(name)
        }
        skipSpace()
      } while skip(",")
      guard skip("}") else { throw fault }
    }
    depth -= 1
    if let twice = Self.nameTwice(in: members) {
      throw Refusal(
        .invalidValue, at: "/" + twice.pointerToken, "this field appears twice, and readers differ on which counts; keep one")
    }
    return .object(members)
  }

  /// A name that two members have. By its bytes: to Swift two spellings of one character are equal, to JSON they are two names.
  private static func nameTwice(in members: [JSONValue.Member]) -> String? {
    // Of few, each is held against each, which needs no memory; of many, neighbours in order.
    if members.count <= 16 {
      for (index, member) in members.enumerated() {
        if members[..<index].contains(where: { $0.name.hasSameBytes(as: member.name) }) { return member.name }
      }
      return nil
    }
    let names = members.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return zip(names, names.dropFirst()).first { $0.hasSameBytes(as: $1) }?.0
  }

  private mutating func array() throws(Refusal) -> [JSONValue] {
    try open()
    var elements: [JSONValue] = []
    if !skip("]") {
      repeat {
        skipSpace()
        do throws(Refusal) { elements.append(try value()) } catch { throw error.inside(String(elements.count)) }
        skipSpace()
      } while skip(",")
      guard skip("]") else { throw fault }
    }
    depth -= 1
    return elements
  }

  private mutating func open() throws(Refusal) {
    depth += 1
    guard depth <= Limits.nesting else {
      throw Refusal(.tooDeep, "more than \(Limits.nesting) levels of nesting; flatten `data`")
    }
    position += 1
    skipSpace()
  }

  private mutating func word(_ word: StaticString) throws(Refusal) {
    for i in 0..<word.utf8CodeUnitCount {
      guard here == word.utf8Start[i] else { throw fault }
      position += 1
    }
  }

  private mutating func number() throws(Refusal) {
    _ = skip("-")
    if !skip("0") { try digits() }
    if skip(".") { try digits() }
    if skip("e") || skip("E") {
      if !skip("+") { _ = skip("-") }
      try digits()
    }
  }

  private mutating func digits() throws(Refusal) {
    let start = position
    while let byte = here, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    guard position > start else { throw fault }
  }

  // MARK: - Strings

  private mutating func name() throws(Refusal) -> String {
    guard here == UInt8(ascii: "\"") else { throw fault }
    return try string().text(in: bytes)
  }

  private mutating func string() throws(Refusal) -> JSONValue.Literal {
    let start = position
    position += 1
    var hasEscapes = false
    while let byte = here {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return JSONValue.Literal(range: start..<position, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        position += 1
        try escape()
      case 0..<0x20: throw fault
      default: position += 1
      }
    }
    throw fault
  }

  private mutating func escape() throws(Refusal) {
    guard skip("u") else {
      guard let byte = here, "\"\\/bfnrt".utf8.contains(byte) else { throw fault }
      position += 1
      return
    }
    switch try codeUnit() {
    case 0: throw Self.nul
    case 0xD800..<0xDC00:
      guard skip("\\"), skip("u"), 0xDC00..<0xE000 ~= (try codeUnit()) else { throw fault }
    case 0xDC00..<0xE000: throw fault
    default: break
    }
  }

  private mutating func codeUnit() throws(Refusal) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = here, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw fault }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }

  // MARK: - Bytes

  private var here: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard here == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = here, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private var fault: Refusal {
    here == 0 ? Self.nul : Refusal(.notJSON, "the body is not JSON: see byte \(position + 1)")
  }

  private static let nul = Refusal(.nulCharacter, "NUL (U+0000) cannot be stored; remove it from the text")
}

extension Refusal {
  /// The same, seen from one level further out; what has no place keeps none.
  func inside(_ name: String) -> Refusal {
    guard !pointer.isEmpty else { return self }
    var refusal = self
    refusal.pointer = "/" + name.pointerToken + pointer
    return refusal
  }
}

extension String {
  /// As a part of a JSON Pointer (RFC 6901).
  var pointerToken: String { replacing("~", with: "~0").replacing("/", with: "~1") }
}
