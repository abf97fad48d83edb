// One-dimensional arrays, and `bytea`. `[UInt8]` is a `bytea`, `[[UInt8]]` a `bytea[]`.

/// An element type of arrays that can be sent or read. It determines the PostgreSQL type of the array.
public protocol PostgresArrayElement: Sendable {
  /// The PostgreSQL type of an array of these elements.
  static var arrayOID: UInt32 { get }
  /// Appends the binary form of an array of these elements.
  static func encode(array: [Self], into bytes: inout [UInt8])
  /// Reads an array of these elements. Throws kind `usage` if the type or a value does not fit.
  static func decode(array cell: Cell) throws(PostgresError) -> [Self]
}

extension PostgresArrayElement where Self: PostgresEncodable {
  /// Appends the header of a one-dimensional array, then each element framed by its length.
  @inlinable public static func encode(array: [Self], into bytes: inout [UInt8]) {
    let hasNull = array.contains(where: \.isNull)
    bytes.append(bigEndian: Int32(array.isEmpty ? 0 : 1))
    bytes.append(bigEndian: Int32(hasNull ? 1 : 0))
    bytes.append(bigEndian: oid)
    if array.isEmpty { return }
    bytes.append(bigEndian: Int32(clamping: array.count))
    bytes.append(bigEndian: Int32(1))
    for element in array { bytes.appendFramed(element) }
  }
}

extension PostgresArrayElement where Self: PostgresDecodable {
  /// Reads a one-dimensional or empty array. Each element checks its own type.
  public static func decode(array cell: Cell) throws(PostgresError) -> [Self] {
    var reader = ArrayReader(rest: try cell.value()[...])
    let dimensions = try reader.integer()
    _ = try reader.integer()
    let elementType = UInt32(bitPattern: try reader.integer())
    if dimensions == 0 { return [] }
    let count = try reader.integer()
    _ = try reader.integer()
    guard dimensions == 1, count >= 0 else { throw .usage("expected an array of one dimension, got \(dimensions)") }
    var elements: [Self] = []
    elements.reserveCapacity(min(Int(count), reader.rest.count / 4))
    for _ in 0..<count {
      elements.append(try Self(Cell(bytes: try reader.field(), type: elementType)))
    }
    return elements
  }
}

/// Reads an array's binary form. Invalid data is an error and never a read out of bounds.
private struct ArrayReader {
  var rest: Slice<UnsafeRawBufferPointer>

  mutating func integer() throws(PostgresError) -> Int32 {
    Int32(bigEndian: try take(4).loadUnaligned(as: Int32.self))
  }

  /// The next element's bytes; nil for NULL.
  mutating func field() throws(PostgresError) -> UnsafeRawBufferPointer? {
    let length = try integer()
    return length < 0 ? nil : try take(Int(length))
  }

  private mutating func take(_ count: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard rest.count >= count else { throw .usage("expected an array") }
    defer { rest = rest.dropFirst(count) }
    return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
  }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
  /// The array type, or `bytea` for `[UInt8]`.
  public static var oid: UInt32 { Element.arrayOID }

  /// Appends the array, or the bytes of a `bytea`.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    Element.encode(array: self, into: &bytes)
  }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
  /// Reads a one-dimensional array, or a `bytea` as `[UInt8]`.
  public init(_ cell: Cell) throws(PostgresError) {
    self = try Element.decode(array: cell)
  }
}

extension UInt8: PostgresArrayElement {
  /// The type `bytea`.
  public static var arrayOID: UInt32 { OID.bytea }

  /// Appends the bytes as they are.
  @inlinable public static func encode(array: [UInt8], into bytes: inout [UInt8]) {
    bytes.append(contentsOf: array)
  }

  /// Reads a `bytea`.
  public static func decode(array cell: Cell) throws(PostgresError) -> [UInt8] {
    guard cell.type == OID.bytea else { throw cell.mismatch([UInt8].self) }
    return [UInt8](try cell.value())
  }
}

extension Array: PostgresArrayElement where Element == UInt8 {
  /// The type `bytea[]`.
  public static var arrayOID: UInt32 { OID.byteaArray }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement & PostgresEncodable & PostgresDecodable {
  /// The array type of what is wrapped.
  public static var arrayOID: UInt32 { Wrapped.arrayOID }
}

extension Bool: PostgresArrayElement {
  /// The type `boolean[]`.
  public static var arrayOID: UInt32 { OID.boolArray }
}

extension Int16: PostgresArrayElement {
  /// The type `smallint[]`.
  public static var arrayOID: UInt32 { OID.int2Array }
}

extension Int32: PostgresArrayElement {
  /// The type `integer[]`.
  public static var arrayOID: UInt32 { OID.int4Array }
}

extension Int64: PostgresArrayElement {
  /// The type `bigint[]`.
  public static var arrayOID: UInt32 { OID.int8Array }
}

extension Int: PostgresArrayElement {
  /// The type `bigint[]`.
  public static var arrayOID: UInt32 { OID.int8Array }
}

extension Double: PostgresArrayElement {
  /// The type `double precision[]`.
  public static var arrayOID: UInt32 { OID.float8Array }
}

extension String: PostgresArrayElement {
  /// The type `text[]`.
  public static var arrayOID: UInt32 { OID.textArray }
}
