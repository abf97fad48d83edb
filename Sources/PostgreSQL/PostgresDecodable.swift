// PostgreSQL's binary format to Swift values. A type that does not fit is an error, never a guess: a wider integer is taken
// as long as its value fits, text is taken from everything whose binary form is text.

/// A value that can be read from a result.
public protocol PostgresDecodable {
  /// Reads a value; throws kind `usage` where the column's type or the value does not fit, or NULL is not allowed.
  init(_ cell: Cell) throws(PostgresError)
}

/// One field of a result row, in binary form.
///
/// Its bytes belong to the result: do not keep it beyond the initializer that received it.
public struct Cell {
  /// The value's bytes; nil for NULL.
  public let bytes: UnsafeRawBufferPointer?
  /// The object identifier of the value's type.
  public let type: UInt32

  init(bytes: UnsafeRawBufferPointer?, type: UInt32) {
    self.bytes = bytes
    self.type = type
  }

  /// The value's bytes; throws for NULL.
  public func value() throws(PostgresError) -> UnsafeRawBufferPointer {
    guard let bytes else { throw .usage("NULL where a value was expected") }
    return bytes
  }

  /// The bytes as one integer in network byte order; throws for NULL and for any other size.
  func integer<T: FixedWidthInteger>(_: T.Type) throws(PostgresError) -> T {
    let bytes = try value()
    guard bytes.count == MemoryLayout<T>.size else { throw .usage("\(bytes.count) bytes where \(T.self) was expected") }
    return T(bigEndian: bytes.loadUnaligned(as: T.self))
  }

  /// Any integer column as an integer of a chosen width; throws where the value does not fit.
  fileprivate func anyInteger<T: FixedWidthInteger>(_: T.Type) throws(PostgresError) -> T {
    let value: Int64 =
      switch type {
      case OID.int2: Int64(try integer(Int16.self))
      case OID.int4: Int64(try integer(Int32.self))
      case OID.int8: try integer(Int64.self)
      case OID.oid: Int64(try integer(UInt32.self))
      default: throw mismatch(T.self)
      }
    guard let fitting = T(exactly: value) else { throw .usage("an integer that \(T.self) cannot hold") }
    return fitting
  }

  func mismatch(_ wanted: Any.Type) -> PostgresError {
    .usage("a value of type OID \(type) where \(wanted) was expected")
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
