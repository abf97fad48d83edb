// JSON that has passed the grammar, and the fields that Duban asks of it: each of its type, absent or null, or refused by its name.

import FoundationEssentials

/// A value, with what Duban may ask for.
enum JSONValue {
  case object([Member])
  case array([JSONValue])
  case string(Literal)
  case bool(Bool)
  case null
  /// A number, and where it is in the body.
  case number(Range<Int>)

  struct Member {
    var name: String
    var value: JSONValue
  }

  /// Where a string stands in the body, its quotes included.
  struct Literal {
    var range: Range<Int>
    var hasEscapes: Bool

    func text(in bytes: UnsafeBufferPointer<UInt8>) -> String {
      let literal = UnsafeBufferPointer(rebasing: bytes[range])
      // What has passed the grammar can be decoded.
      let decoded = hasEscapes ? try? JSONDecoder().decode(String.self, from: Data(literal)) : nil
      return decoded ?? String(decoding: literal.dropFirst().dropLast(), as: UTF8.self)
    }
  }
}

/// An object within a body.
struct JSONObject {
  private let body: [UInt8]
  private let members: [JSONValue.Member]
  /// Where it stands, as a JSON Pointer (RFC 6901).
  private let pointer: String

  /// Reads an object that Duban has written itself.
  ///
  /// - Throws: a ``Refusal`` where the text is no object.
  init(text: String) throws(Refusal) {
    let bytes = Array(text.utf8)
    try self.init(try JSONGrammar.read(bytes), in: bytes)
  }

  /// - Throws: a ``Refusal`` where the body is JSON, but no object.
  init(_ value: JSONValue, in body: [UInt8]) throws(Refusal) {
    try self.init(value, in: body, at: "")
  }

  private init(_ value: JSONValue, in body: [UInt8], at pointer: String) throws(Refusal) {
    guard case .object(let members) = value else { throw Refusal(.wrongType, at: pointer, "must be an object") }
    (self.members, self.body, self.pointer) = (members, body, pointer)
  }

  /// The value of a field, nil where it is absent or null.
  private func value(_ name: String) -> JSONValue? {
    guard let value = members.first(where: { $0.name == name })?.value else { return nil }
    if case .null = value { return nil }
    return value
  }

  func object(_ name: String) throws(Refusal) -> JSONObject? {
    guard let value = value(name) else { return nil }
    return try JSONObject(value, in: body, at: "\(pointer)/\(name)")
  }

  func text(_ name: String) throws(Refusal) -> String? {
    switch value(name) {
    case nil: return nil
    case .string(let literal): return body.withUnsafeBufferPointer { literal.text(in: $0) }
    default: throw Refusal(.wrongType, at: "\(pointer)/\(name)", "must be a string")
    }
  }

  /// Strings in their order; none where the field is absent or null.
  func texts(_ name: String) throws(Refusal) -> [String] {
    guard let value = value(name) else { return [] }
    guard case .array(let elements) = value else { throw Refusal(.wrongType, at: "\(pointer)/\(name)", "must be an array") }
    var texts: [String] = []
    for (i, element) in elements.enumerated() {
      guard case .string(let literal) = element else {
        throw Refusal(.wrongType, at: "\(pointer)/\(name)/\(i)", "must be a string")
      }
      texts.append(body.withUnsafeBufferPointer { literal.text(in: $0) })
    }
    return texts
  }

  /// The text of a field without which the object is none.
  func requiredText(_ name: String) throws(Refusal) -> String {
    if let text = try text(name) { return text }
    guard members.contains(where: { $0.name == name }) else {
      throw Refusal(.missingField, at: "\(pointer)/\(name)", "\(name) is required")
    }
    throw Refusal(.wrongType, at: "\(pointer)/\(name)", "must be a string, not null")
  }

  func bool(_ name: String) throws(Refusal) -> Bool? {
    switch value(name) {
    case nil: return nil
    case .bool(let value): return value
    default: throw Refusal(.wrongType, at: "\(pointer)/\(name)", "must be true or false")
    }
  }

  /// A whole number within 64 bits.
  func integer(_ name: String) throws(Refusal) -> Int64? {
    switch value(name) {
    case nil: return nil
    case .number(let range):
      if let number = Int64(String(decoding: body[range], as: UTF8.self)) { return number }
      throw Refusal(.wrongType, at: "\(pointer)/\(name)", "must be a whole number")
    default: throw Refusal(.wrongType, at: "\(pointer)/\(name)", "must be a number")
    }
  }

  func objects(_ name: String) throws(Refusal) -> [JSONObject] {
    guard case .array(let elements)? = value(name) else { return [] }
    var objects: [JSONObject] = []
    for (i, element) in elements.enumerated() {
      objects.append(try JSONObject(element, in: body, at: "\(pointer)/\(name)/\(i)"))
    }
    return objects
  }

  func integers(_ name: String) throws(Refusal) -> [Int64] {
    guard case .array(let elements)? = value(name) else { return [] }
    return elements.compactMap { element in
      if case .number(let range) = element { Int64(String(decoding: body[range], as: UTF8.self)) } else { nil }
    }
  }

  /// The names of its fields, in their order.
  var names: [String] { members.map(\.name) }

  /// A field's value as JSON text, without the space between its parts; nil where it is absent or null.
  func json(_ name: String) -> String? { value(name)?.text(in: body) }
}

extension JSONValue {
  fileprivate func text(in body: [UInt8]) -> String {
    switch self {
    case .object(let members):
      "{\(members.map { "\(JSONText.string($0.name)):\($0.value.text(in: body))" }.joined(separator: ","))}"
    case .array(let elements): "[\(elements.map { $0.text(in: body) }.joined(separator: ","))]"
    case .string(let literal): String(decoding: body[literal.range], as: UTF8.self)
    case .number(let range): String(decoding: body[range], as: UTF8.self)
    case .bool(let value): "\(value)"
    case .null: "null"
    }
  }
}
