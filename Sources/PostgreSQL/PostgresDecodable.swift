// Converts PostgreSQL's binary format to Swift values. An unsuitable type is always an error. Integers of any width are
// accepted if the value fits; text is accepted from every type whose binary form is text.

/// A value that can be read from a result.
public protocol PostgresDecodable {
  /// Reads a value. Throws kind `usage` if the column's type or the value does not fit, or for a NULL that is not allowed.
  init(_ cell: Cell) throws(PostgresError)
}

/// One field of a result row, in binary form.
///
/// Its bytes belong to the result. Do not keep it after the initializer that received it returns.
public struct Cell {
  /// The value's bytes; nil for NULL.
  public let bytes: UnsafeRawBufferPointer?
  /// The object identifier of the value's type.
  public let type: UInt32

  init(bytes: UnsafeRawBufferPointer?, type: UInt32) {
    self.bytes = bytes
    self.type = type
  }

  /// Returns the value's bytes. Throws kind `usage` for NULL.
  public func value() throws(PostgresError) -> UnsafeRawBufferPointer {
    guard let bytes else { throw .usage("expected a value, got NULL") }
    return bytes
  }

  /// Returns the bytes as one integer in network byte order. Throws for NULL and for any other size.
  func integer<T: FixedWidthInteger>(_: T.Type) throws(PostgresError) -> T {
    let bytes = try value()
    guard bytes.count == MemoryLayout<T>.size else { throw .usage("expected \(T.self), got \(bytes.count) bytes") }
    return T(bigEndian: bytes.loadUnaligned(as: T.self))
  }

  /// Reads any integer column as an integer of the chosen width. Throws if the value does not fit.
  fileprivate func anyInteger<T: FixedWidthInteger>(_: T.Type) throws(PostgresError) -> T {
    let value: Int64 =
      switch type {
      case OID.int2: Int64(try integer(Int16.self))
      case OID.int4: Int64(try integer(Int32.self))
      case OID.int8: try integer(Int64.self)
      case OID.oid: Int64(try integer(UInt32.self))
      default: throw mismatch(T.self)
      }
    guard let fitting = T(exactly: value) else { throw .usage("the integer does not fit in \(T.self)") }
    return fitting
  }

  func mismatch(_ wanted: Any.Type) -> PostgresError {
    .usage("expected \(wanted), got a value of type OID \(type)")
  }
}

extension Bool: PostgresDecodable {
  /// Reads a `boolean`.
  public init(_ cell: Cell) throws(PostgresError) {
    guard cell.type == OID.bool else { throw cell.mismatch(Self.self) }
    self = try cell.integer(UInt8.self) != 0
  }
}

extension Int16: PostgresDecodable {
  /// Reads any integer that fits.
  public init(_ cell: Cell) throws(PostgresError) {
    self = try cell.anyInteger(Self.self)
  }
}

extension Int32: PostgresDecodable {
  /// Reads any integer that fits.
  public init(_ cell: Cell) throws(PostgresError) {
    self = try cell.anyInteger(Self.self)
  }
}

extension Int64: PostgresDecodable {
  /// Reads any integer.
  public init(_ cell: Cell) throws(PostgresError) {
    self = try cell.anyInteger(Self.self)
  }
}

extension Int: PostgresDecodable {
  /// Reads any integer.
  public init(_ cell: Cell) throws(PostgresError) {
    self = try cell.anyInteger(Self.self)
  }
}

extension Double: PostgresDecodable {
  /// Reads a `double precision` or `real`.
  public init(_ cell: Cell) throws(PostgresError) {
    switch cell.type {
    case OID.float8: self = Double(bitPattern: try cell.integer(UInt64.self))
    case OID.float4: self = Double(Float(bitPattern: try cell.integer(UInt32.self)))
    default: throw cell.mismatch(Self.self)
    }
  }
}

extension String: PostgresDecodable {
  /// Reads text of any kind: `text`, `varchar`, `json`, `jsonb`, an enumeration's label…
  public init(_ cell: Cell) throws(PostgresError) {
    switch cell.type {
    case OID.text, OID.varchar, OID.bpchar, OID.name, OID.char, OID.unknown, OID.xml, OID.firstUserDefined...:
      self = String(decoding: try cell.value(), as: UTF8.self)
    case OID.json, OID.jsonb: self = try Jsonb(cell).text
    default: throw cell.mismatch(Self.self)
    }
  }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  /// Reads NULL as nil.
  public init(_ cell: Cell) throws(PostgresError) {
    self = cell.bytes == nil ? nil : try Wrapped(cell)
  }
}
