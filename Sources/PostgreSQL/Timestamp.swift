// A moment as PostgreSQL stores it: whole microseconds, no time zone. The wire format counts from 2000, this type from 1970.

/// A `timestamptz`.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var microseconds: Int64

  /// Makes a moment from microseconds since 1970-01-01T00:00:00Z.
  @inlinable public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// PostgreSQL's `infinity`: later than every other moment.
  public static let infinity = Timestamp(microseconds: .max)
  /// PostgreSQL's `-infinity`: earlier than every other moment.
  public static let minusInfinity = Timestamp(microseconds: .min)

  /// Whether the left moment is earlier.
  @inlinable public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microseconds < right.microseconds
  }

  /// 2000-01-01T00:00:00Z in microseconds since 1970.
  @usableFromInline static let wireEpoch: Int64 = 946_684_800_000_000
}

extension Timestamp: PostgresEncodable {
  /// The type `timestamptz`.
  public static var oid: UInt32 { OID.timestamptz }

  /// Appends eight bytes. A moment before the wire format's range is sent as its earliest value, which the server rejects.
  @inlinable public func encode(into bytes: inout [UInt8]) {
    switch microseconds {
    case .max: bytes.append(bigEndian: Int64.max)
    case .min: bytes.append(bigEndian: Int64.min)
    default:
      let (wire, overflow) = microseconds.subtractingReportingOverflow(Self.wireEpoch)
      bytes.append(bigEndian: overflow ? .min + 1 : wire)
    }
  }
}

extension Timestamp: PostgresDecodable {
  /// Reads a `timestamptz`. Throws kind `usage` for another type, NULL, or a moment in the year 294,247 or later.
  public init(_ cell: Cell) throws(PostgresError) {
    guard cell.type == OID.timestamptz else { throw cell.mismatch(Self.self) }
    let wire = try cell.integer(Int64.self)
    switch wire {
    case .max: self = .infinity
    case .min: self = .minusInfinity
    default:
      let (microseconds, overflow) = wire.addingReportingOverflow(Self.wireEpoch)
      if overflow { throw .usage("a timestamp beyond the year 294246") }
      self.microseconds = microseconds
    }
  }
}

extension Timestamp: PostgresArrayElement {
  /// The type `timestamptz[]`.
  public static var arrayOID: UInt32 { OID.timestamptzArray }
}
