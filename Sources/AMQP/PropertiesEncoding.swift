// Converts properties and tables to and from librabbitmq's structures. It reads only fields whose flag is set.
import CRabbitMQ
import Glibc

extension EncodingArena {
  /// Returns the C form of the properties, valid until the arena is reset.
  func properties(_ properties: Properties) throws(AMQPError) -> amqp_basic_properties_t {
    var result = amqp_basic_properties_t()
    func set(
      _ text: String?, _ flag: Int32, _ field: WritableKeyPath<amqp_basic_properties_t, amqp_bytes_t>, _ what: StaticString
    ) throws(AMQPError) {
      guard let text else { return }
      result[keyPath: field] = try shortText(text, what)
      result._flags |= amqp_flags_t(flag)
    }
    try set(properties.contentType, AMQP_BASIC_CONTENT_TYPE_FLAG, \.content_type, "content type")
    try set(properties.contentEncoding, AMQP_BASIC_CONTENT_ENCODING_FLAG, \.content_encoding, "content encoding")
    try set(properties.correlationID, AMQP_BASIC_CORRELATION_ID_FLAG, \.correlation_id, "correlation id")
    try set(properties.replyTo, AMQP_BASIC_REPLY_TO_FLAG, \.reply_to, "reply-to")
    try set(properties.expiration, AMQP_BASIC_EXPIRATION_FLAG, \.expiration, "expiration")
    try set(properties.messageID, AMQP_BASIC_MESSAGE_ID_FLAG, \.message_id, "message id")
    try set(properties.type, AMQP_BASIC_TYPE_FLAG, \.type, "type")
    try set(properties.userID, AMQP_BASIC_USER_ID_FLAG, \.user_id, "user id")
    try set(properties.appID, AMQP_BASIC_APP_ID_FLAG, \.app_id, "app id")
    try set(properties.clusterID, AMQP_BASIC_CLUSTER_ID_FLAG, \.cluster_id, "cluster id")
    if let mode = properties.deliveryMode {
      result.delivery_mode = mode.rawValue
      result._flags |= amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG)
    }
    if let priority = properties.priority {
      result.priority = priority
      result._flags |= amqp_flags_t(AMQP_BASIC_PRIORITY_FLAG)
    }
    if let timestamp = properties.timestamp {
      result.timestamp = timestamp
      result._flags |= amqp_flags_t(AMQP_BASIC_TIMESTAMP_FLAG)
    }
    if !properties.headers.isEmpty {
      result.headers = try table(properties.headers)
      result._flags |= amqp_flags_t(AMQP_BASIC_HEADERS_FLAG)
    }
    return result
  }
}

extension FieldValue {
  /// The number of bytes that this value takes in a frame, including its kind.
  var encodedSize: Int {
    switch self {
    case .void: 1
    case .bool, .int8, .uint8: 2
    case .int16, .uint16: 3
    case .int32, .uint32, .float: 5
    case .decimal: 6
    case .int64, .double, .timestamp: 9
    case .string(let value): 5 + value.utf8.count
    case .bytes(let value): 5 + value.count
    case .array(let values): values.reduce(5) { $0 + $1.encodedSize }
    case .table(let values): 1 + Self.encodedSize(of: values)
    }
  }

  /// The number of bytes that a table takes in a frame, including its length.
  static func encodedSize(of table: [String: FieldValue]) -> Int {
    table.reduce(4) { $0 + 1 + $1.key.utf8.count + $1.value.encodedSize }
  }
}

/// Decodes message properties. Text that repeats from message to message is reused instead of allocated again.
struct PropertiesDecoder {
  private var contentType = RepeatingText()
  private var contentEncoding = RepeatingText()
  private var type = RepeatingText()
  private var userID = RepeatingText()
  private var appID = RepeatingText()

  mutating func decode(_ source: borrowing amqp_basic_properties_t) -> Properties {
    var result = Properties()
    let flags = source._flags
    func has(_ flag: Int32) -> Bool { flags & amqp_flags_t(flag) != 0 }
    if has(AMQP_BASIC_CONTENT_TYPE_FLAG) { result.contentType = contentType(source.content_type) }
    if has(AMQP_BASIC_CONTENT_ENCODING_FLAG) { result.contentEncoding = contentEncoding(source.content_encoding) }
    if has(AMQP_BASIC_HEADERS_FLAG) { result.headers = FieldValue.table(source.headers, depth: 1) }
    if has(AMQP_BASIC_DELIVERY_MODE_FLAG) { result.deliveryMode = Properties.DeliveryMode(rawValue: source.delivery_mode) }
    if has(AMQP_BASIC_PRIORITY_FLAG) { result.priority = source.priority }
    if has(AMQP_BASIC_CORRELATION_ID_FLAG) { result.correlationID = String(source.correlation_id) }
    if has(AMQP_BASIC_REPLY_TO_FLAG) { result.replyTo = String(source.reply_to) }
    if has(AMQP_BASIC_EXPIRATION_FLAG) { result.expiration = String(source.expiration) }
    if has(AMQP_BASIC_MESSAGE_ID_FLAG) { result.messageID = String(source.message_id) }
    if has(AMQP_BASIC_TIMESTAMP_FLAG) { result.timestamp = source.timestamp }
    if has(AMQP_BASIC_TYPE_FLAG) { result.type = type(source.type) }
    if has(AMQP_BASIC_USER_ID_FLAG) { result.userID = userID(source.user_id) }
    if has(AMQP_BASIC_APP_ID_FLAG) { result.appID = appID(source.app_id) }
    if has(AMQP_BASIC_CLUSTER_ID_FLAG) { result.clusterID = String(source.cluster_id) }
    return result
  }
}

/// Text that is mostly the same from message to message. It allocates only when the text differs.
struct RepeatingText {
  private var last = ""

  mutating func callAsFunction(_ bytes: amqp_bytes_t) -> String {
    let source = UnsafeRawBufferPointer(bytes)
    let isSame = last.withUTF8 { last in
      guard last.count == source.count, let left = last.baseAddress, let right = source.baseAddress else { return false }
      return memcmp(left, right, source.count) == 0
    }
    if !isSame { last = String(bytes) }
    return last
  }
}

extension UnsafeRawBufferPointer {
  init(_ bytes: amqp_bytes_t) { self.init(start: bytes.bytes, count: bytes.len) }
}

extension String {
  /// Copies librabbitmq's bytes. Invalid UTF-8 is replaced.
  init(_ bytes: amqp_bytes_t) { self.init(decoding: UnsafeRawBufferPointer(bytes), as: UTF8.self) }
}

extension FieldValue {
  /// Deeper nesting is read as `void`. Real messages do not need it, and reading it recursively could exhaust the stack.
  static let greatestDepth = 64

  static func table(_ source: amqp_table_t, depth: Int) -> [String: FieldValue] {
    let entries = UnsafeBufferPointer(start: source.entries, count: Int(source.num_entries))
    return Dictionary(
      entries.lazy.map { (String($0.key), FieldValue($0.value, depth: depth)) }, uniquingKeysWith: { _, last in last })
  }

  init(_ field: amqp_field_value_t, depth: Int) {
    let value = field.value
    switch amqp_field_value_kind_t(UInt32(field.kind)) {
    case AMQP_FIELD_KIND_BOOLEAN: self = .bool(value.boolean != 0)
    case AMQP_FIELD_KIND_I8: self = .int8(value.i8)
    case AMQP_FIELD_KIND_U8: self = .uint8(value.u8)
    case AMQP_FIELD_KIND_I16: self = .int16(value.i16)
    case AMQP_FIELD_KIND_U16: self = .uint16(value.u16)
    case AMQP_FIELD_KIND_I32: self = .int32(value.i32)
    case AMQP_FIELD_KIND_U32: self = .uint32(value.u32)
    case AMQP_FIELD_KIND_I64: self = .int64(value.i64)
    case AMQP_FIELD_KIND_U64: self = Int64(exactly: value.u64).map { .int64($0) } ?? .void
    case AMQP_FIELD_KIND_F32: self = .float(value.f32)
    case AMQP_FIELD_KIND_F64: self = .double(value.f64)
    case AMQP_FIELD_KIND_DECIMAL: self = .decimal(scale: value.decimal.decimals, value: value.decimal.value)
    case AMQP_FIELD_KIND_UTF8:
      let octets = UnsafeRawBufferPointer(value.bytes)
      self = String(validating: octets, as: UTF8.self).map { .string($0) } ?? .bytes(Array(octets))
    case AMQP_FIELD_KIND_BYTES: self = .bytes(Array(UnsafeRawBufferPointer(value.bytes)))
    case AMQP_FIELD_KIND_TIMESTAMP: self = .timestamp(value.u64)
    case AMQP_FIELD_KIND_ARRAY where depth < Self.greatestDepth:
      let entries = UnsafeBufferPointer(start: value.array.entries, count: Int(value.array.num_entries))
      self = .array(entries.map { FieldValue($0, depth: depth + 1) })
    case AMQP_FIELD_KIND_TABLE where depth < Self.greatestDepth: self = .table(Self.table(value.table, depth: depth + 1))
    default: self = .void
    }
  }
}
