// Values of AMQP 0-9-1 tables: message headers, and the arguments of queues and exchanges.

/// One value of an AMQP table: a header or a declaration's argument.
public indirect enum FieldValue: Sendable, Hashable {
  case bool(Bool)
  case int8(Int8)
  case uint8(UInt8)
  case int16(Int16)
  case uint16(UInt16)
  case int32(Int32)
  case uint32(UInt32)
  case int64(Int64)
  case float(Float)
  case double(Double)
  /// `value` / 10^`scale`.
  case decimal(scale: UInt8, value: UInt32)
  case string(String)
  /// Octets that are not text. A long string that is not valid UTF-8 is also read as bytes.
  case bytes([UInt8])
  /// Seconds since 1970-01-01T00:00:00Z.
  case timestamp(UInt64)
  case array([FieldValue])
  case table([String: FieldValue])
  case void

  /// The value as an integer, or nil if it is no integer or does not fit.
  public var integer: Int? {
    switch self {
    case .int8(let value): Int(value)
    case .uint8(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int64(let value): Int(exactly: value)
    case .timestamp(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as text, or nil if it is not text.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int64(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: FieldValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, FieldValue)...) {
    self = .table(Dictionary(elements, uniquingKeysWith: { _, last in last }))
  }
  public init(nilLiteral: ()) { self = .void }
}
