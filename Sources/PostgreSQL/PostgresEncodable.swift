// Converts Swift values to PostgreSQL's binary format, for parameters and COPY fields.

/// A value that can be sent as a parameter or a COPY field, in the binary format of its type.
public protocol PostgresEncodable: Sendable {
  /// The PostgreSQL type. It is sent too, so statements need no casts.
  static var oid: UInt32 { get }
  /// Whether to send NULL. If true, ``encode(into:)`` is not called.
  var isNull: Bool { get }
  /// Appends the value's binary form without its length.
  func encode(into bytes: inout [UInt8])
}

extension PostgresEncodable {
  /// False: only an `Optional` can be NULL.
  @inlinable public var isNull: Bool { false }
}

extension [UInt8] {
  /// Appends an integer in network byte order.
  @inlinable mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  /// Appends a value after its length, as PostgreSQL frames every value. The length is filled in afterwards.
  @inlinable mutating func appendFramed<T: PostgresEncodable>(_ value: T) {
    if value.isNull { return append(bigEndian: Int32(-1)) }
    let start = count
    append(bigEndian: Int32(0))
    value.encode(into: &self)
    // Clamped: a value of 2 GiB or more cannot be sent, and the server rejects one of the clamped length.
    let length = Int32(clamping: count - start - 4).bigEndian
    withUnsafeMutableBytes { $0.storeBytes(of: length, toByteOffset: start, as: Int32.self) }
  }
}

extension Bool: PostgresEncodable {
  /// The type `boolean`.
  public static var oid: UInt32 { OID.bool }

  /// Appends one byte.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(self ? 1 : 0)
  }
}

extension Int16: PostgresEncodable {
  /// The type `smallint`.
  public static var oid: UInt32 { OID.int2 }

  /// Appends two bytes.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: self)
  }
}

extension Int32: PostgresEncodable {
  /// The type `integer`.
  public static var oid: UInt32 { OID.int4 }

  /// Appends four bytes.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: self)
  }
}

extension Int64: PostgresEncodable {
  /// The type `bigint`.
  public static var oid: UInt32 { OID.int8 }

  /// Appends eight bytes.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: self)
  }
}

extension Int: PostgresEncodable {
  /// The type `bigint`.
  public static var oid: UInt32 { OID.int8 }

  /// Appends eight bytes.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: Int64(self))
  }
}

extension Double: PostgresEncodable {
  /// The type `double precision`.
  public static var oid: UInt32 { OID.float8 }

  /// Appends eight bytes.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: bitPattern)
  }
}

extension String: PostgresEncodable {
  /// The type `text`.
  public static var oid: UInt32 { OID.text }

  /// Appends the UTF-8 text. The server rejects NUL characters (``SQLState/characterNotInRepertoire``).
  @inlinable public func encode(into bytes: inout [UInt8]) {
    bytes.append(contentsOf: utf8)
  }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  /// The type of the wrapped value, for a typed NULL.
  public static var oid: UInt32 { Wrapped.oid }

  /// Whether the value is nil, or itself NULL.
  @inlinable public var isNull: Bool {
    switch self {
    case .none: true
    case .some(let value): value.isNull
    }
  }

  /// Appends the wrapped value.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    self?.encode(into: &bytes)
  }
}
