// A statement's text with its binary parameters, for single execution and for pipelines.

import CPostgreSQL

/// One statement, ready to send. Errors keep its text, never its values.
struct Statement {
  let sql: String
  /// The parameters' types. For 0, an untyped nil, the server infers the type.
  private(set) var types: [UInt32] = []
  private var fields: [Field] = []
  // Never empty: an empty array may have a null base address, which libpq would read as NULL.
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

  /// Throws kind `usage` if there are more parameters than the protocol allows.
  func checkCount() throws(PostgresError) {
    guard fields.count <= UInt16.max else { throw .usage("\(fields.count) parameters; the limit is 65,535") }
  }

  /// Passes the parameters in libpq's form: count, values, lengths, formats.
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
