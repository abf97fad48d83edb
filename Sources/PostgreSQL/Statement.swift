// A statement's text with its parameters already in binary form: what both a single execution and a pipeline send.

import CPostgreSQL

/// One statement, ready to send. The text outlives the values: errors quote the first, never the second.
struct Statement {
  let sql: String
  /// The parameters' types; 0 where an untyped nil leaves the choice to the server.
  private(set) var types: [UInt32] = []
  private var fields: [Field] = []
  // Never empty: libpq takes a null pointer for NULL, and an empty array may have one.
  private var bytes: [UInt8] = [0]

  private struct Field {
    var offset: Int
    var length: Int32
    var isNull: Bool
  }

  init<each Parameter: PostgresEncodable>(_ sql: String, _ parameters: repeat each Parameter) {
    self.sql = sql
    for parameter in repeat each parameters { append(parameter) }
  }

  init(_ sql: String, parameters: [(any PostgresEncodable)?]) {
    self.sql = sql
    for parameter in parameters {
      if let parameter {
        append(parameter)
      } else {
        types.append(0)
        fields.append(Field(offset: 0, length: 0, isNull: true))
      }
    }
  }

  private mutating func append<T: PostgresEncodable>(_ value: T) {
    let offset = bytes.count
    let isNull = value.isNull
    if !isNull { value.encode(into: &bytes) }
    types.append(T.oid)
    fields.append(Field(offset: offset, length: Int32(clamping: bytes.count - offset), isNull: isNull))
  }

  /// Throws kind `usage` for more parameters than the protocol can count.
  func checkCount() throws(PostgresError) {
    guard fields.count <= UInt16.max else { throw .usage("\(fields.count) parameters; at most 65,535 are possible") }
  }

  /// Lends the parameters in the shape that libpq wants: count, values, lengths, formats.
  func withParameters<R>(
    _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
  ) -> R {
    bytes.withUnsafeBytes { buffer in
      let values = fields.map { field in
        field.isNull ? nil : buffer.baseAddress?.advanced(by: field.offset).assumingMemoryBound(to: CChar.self)
      }
      let lengths = fields.map(\.length)
      let formats = [Int32](repeating: 1, count: fields.count)
      return body(Int32(fields.count), values, lengths, formats)
    }
  }
}
