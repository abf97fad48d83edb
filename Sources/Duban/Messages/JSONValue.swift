// JSON that has passed the grammar, and the fields that Duban asks of it: each of its type, absent or null, or refused by its name.

import FoundationEssentials

/// A value, with what Duban may ask for; of numbers it asks nothing.
enum JSONValue {
  case object([Member])
  case array([JSONValue])
  case string(Literal)
  case bool(Bool)
  case null
  case other

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
}
