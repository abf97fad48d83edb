// Memory for one outgoing method or header frame. librabbitmq takes C structures full of pointers; the arena holds their
// targets until the frame is sent.
import CRabbitMQ

/// A bump allocator that is reset after every send.
final class EncodingArena {
  private static let blockSize = 16_384
  private let block = UnsafeMutableRawPointer.allocate(byteCount: blockSize, alignment: 16)
  private var used = 0
  private var large: [UnsafeMutableRawPointer] = []

  deinit {
    reset()
    block.deallocate()
  }

  /// Releases everything that was allocated.
  func reset() {
    used = 0
    if !large.isEmpty {
      for pointer in large { pointer.deallocate() }
      large.removeAll(keepingCapacity: true)
    }
  }

  func text(_ text: String) -> amqp_bytes_t {
    var text = text
    return text.withUTF8 { octets(UnsafeRawBufferPointer($0)) }
  }

  /// Copies text that the protocol limits to 255 bytes. librabbitmq would send a longer one with a wrong length.
  func shortText(_ text: String, _ what: StaticString) throws(AMQPError) -> amqp_bytes_t {
    let count = text.utf8.count
    guard count <= 255 else { throw AMQPError(.usage, "\(what) is \(count) bytes long; AMQP allows 255") }
    return self.text(text)
  }

  /// Copies a table with its nested tables.
  func table(_ table: [String: FieldValue]) throws(AMQPError) -> amqp_table_t {
    guard !table.isEmpty else { return amqp_table_t() }
    let entries = allocate(amqp_table_entry_t_.self, count: table.count)
    var index = 0
    for (key, value) in table {
      entries[index] = amqp_table_entry_t_(key: try shortText(key, "a table's key"), value: try field(value))
      index += 1
    }
    return amqp_table_t(num_entries: Int32(table.count), entries: entries)
  }

  private func field(_ value: FieldValue) throws(AMQPError) -> amqp_field_value_t {
    var field = amqp_field_value_t()
    func kind(_ kind: amqp_field_value_kind_t) { field.kind = UInt8(truncatingIfNeeded: kind.rawValue) }
    switch value {
    case .bool(let value):
      kind(AMQP_FIELD_KIND_BOOLEAN)
      field.value.boolean = value ? 1 : 0
    case .int8(let value):
      kind(AMQP_FIELD_KIND_I8)
      field.value.i8 = value
    case .uint8(let value):
      kind(AMQP_FIELD_KIND_U8)
      field.value.u8 = value
    case .int16(let value):
      kind(AMQP_FIELD_KIND_I16)
      field.value.i16 = value
    case .uint16(let value):
      kind(AMQP_FIELD_KIND_U16)
      field.value.u16 = value
    case .int32(let value):
      kind(AMQP_FIELD_KIND_I32)
      field.value.i32 = value
    case .uint32(let value):
      kind(AMQP_FIELD_KIND_U32)
      field.value.u32 = value
    case .int64(let value):
      kind(AMQP_FIELD_KIND_I64)
      field.value.i64 = value
    case .float(let value):
      kind(AMQP_FIELD_KIND_F32)
      field.value.f32 = value
    case .double(let value):
      kind(AMQP_FIELD_KIND_F64)
      field.value.f64 = value
    case .decimal(let scale, let value):
      kind(AMQP_FIELD_KIND_DECIMAL)
      field.value.decimal = amqp_decimal_t(decimals: scale, value: value)
    case .string(let value):
      kind(AMQP_FIELD_KIND_UTF8)
      field.value.bytes = text(value)
    case .bytes(let value):
      kind(AMQP_FIELD_KIND_BYTES)
      field.value.bytes = value.withUnsafeBytes { octets($0) }
    case .timestamp(let value):
      kind(AMQP_FIELD_KIND_TIMESTAMP)
      field.value.u64 = value
    case .array(let values):
      kind(AMQP_FIELD_KIND_ARRAY)
      let entries = allocate(amqp_field_value_t.self, count: values.count)
      for (index, value) in values.enumerated() { entries[index] = try self.field(value) }
      field.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
    case .table(let values):
      kind(AMQP_FIELD_KIND_TABLE)
      field.value.table = try table(values)
    case .void:
      kind(AMQP_FIELD_KIND_VOID)
    }
    return field
  }

  private func octets(_ source: UnsafeRawBufferPointer) -> amqp_bytes_t {
    let pointer = allocate(byteCount: source.count)
    UnsafeMutableRawBufferPointer(start: pointer, count: source.count).copyMemory(from: source)
    return amqp_bytes_t(len: source.count, bytes: pointer)
  }

  private func allocate<T>(_: T.Type, count: Int) -> UnsafeMutablePointer<T> {
    allocate(byteCount: count * MemoryLayout<T>.stride).bindMemory(to: T.self, capacity: count)
  }

  private func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let aligned = (byteCount + 15) & ~15
    if used + aligned <= Self.blockSize {
      defer { used += aligned }
      return block + used
    }
    let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 16), alignment: 16)
    large.append(pointer)
    return pointer
  }
}
