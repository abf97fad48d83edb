// JSON text for `jsonb` columns. The binary form is a version byte and the text.

/// A `jsonb` value as JSON text. The server parses the text and rejects invalid JSON.
public struct Jsonb: Hashable, Sendable {
  /// The JSON text.
  public var text: String

  /// Wraps JSON text.
  @inlinable public init(_ text: String) {
    self.text = text
  }

  /// The only version of the binary form.
  @usableFromInline static let version: UInt8 = 1
}

extension Jsonb: PostgresEncodable {
  /// The type `jsonb`.
  public static var oid: UInt32 { OID.jsonb }

  /// Appends the version and the text.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(Self.version)
    text.encode(into: &bytes)
  }
}

extension Jsonb: PostgresDecodable {
  /// Reads a `jsonb` or `json`; throws kind `usage` for another type or NULL.
  public init(_ cell: Cell) throws(PostgresError) {
    switch cell.type {
    case OID.json: self.text = String(decoding: try cell.value(), as: UTF8.self)
    case OID.jsonb:
      let bytes = try cell.value()
      guard bytes.first == Self.version else { throw .usage("jsonb of an unknown version") }
      self.text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    default: throw cell.mismatch(Self.self)
    }
  }
}

extension Jsonb: PostgresArrayElement {
  /// The type `jsonb[]`.
  public static var arrayOID: UInt32 { OID.jsonbArray }
}
