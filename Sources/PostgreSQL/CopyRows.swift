// Rows for COPY, built directly as the bytes to send. This is the hot path of a bulk load, so everything is inlinable and
// values need no allocation.

/// Rows for ``Connection/copy(into:columns:_:)``. Append values from left to right, row by row.
///
/// COPY carries no types: each value must have its column's exact type, e.g. `Int32` for `integer`, `Int` for `bigint`.
public struct CopyRows: Sendable {
  /// The number of values in a row.
  public let columns: Int
  /// The number of rows begun.
  public private(set) var count = 0
  @usableFromInline var bytes: [UInt8] = CopyRows.header
  /// The column of the next value.
  @usableFromInline var column = 0

  /// Signature, flags, and the length 0 of the header extension.
  static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [UInt8](repeating: 0, count: 8)
  /// A row of -1 columns marks the end.
  static let trailer: [UInt8] = [0xff, 0xff]

  /// Makes an empty set of rows with so many columns (1 to 1,600).
  public init(columns: Int) {
    precondition((1...1600).contains(columns), "\(columns) columns")
    self.columns = columns
  }

  /// Whether there are no rows.
  public var isEmpty: Bool { count == 0 }
  /// The size of the data to send, in bytes.
  public var byteCount: Int { bytes.count + Self.trailer.count }
  /// Whether the last row has all its values.
  public var isComplete: Bool { column == 0 }

  /// Appends the next value of the current row.
  @inlinable public mutating func append<T: PostgresEncodable>(_ value: T) {
    beginValue()
    bytes.appendFramed(value)
  }

  /// Appends UTF-8 text without making a `String`. The server checks the encoding.
  @inlinable public mutating func append(utf8: UnsafeRawBufferPointer) {
    beginValue()
    bytes.append(bigEndian: Int32(clamping: utf8.count))
    bytes.append(contentsOf: utf8)
  }

  /// Appends UTF-8 text from a slice of a larger buffer. The server checks the encoding.
  @inlinable public mutating func append(utf8: ArraySlice<UInt8>) {
    utf8.withUnsafeBytes { append(utf8: $0) }
  }

  /// Appends NULL.
  @inlinable public mutating func appendNull() {
    beginValue()
    bytes.append(bigEndian: Int32(-1))
  }

  /// Removes all rows.
  public mutating func removeAll(keepingCapacity: Bool = false) {
    if keepingCapacity {
      bytes.removeSubrange(Self.header.count...)
    } else {
      bytes = Self.header
    }
    count = 0
    column = 0
  }

  /// Each row starts with the number of its values.
  @inlinable mutating func beginValue() {
    if column == 0 { beginRow() }
    column += 1
    if column == columns { column = 0 }
  }

  @usableFromInline mutating func beginRow() {
    bytes.append(bigEndian: Int16(columns))
    count += 1
  }
}
