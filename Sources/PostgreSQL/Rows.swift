// The rows of a statement: a view of libpq's result. The result is never copied, and is freed with its last view.

import CPostgreSQL

/// Owns one PGresult.
final class ResultHandle {
  let pointer: OpaquePointer
  /// The statement that produced it, for errors.
  let statement: String?
  // A result keeps the address of its connection's sink and may send notices to it long after the connection is closed.
  private let sink: NoticeSink

  init(_ pointer: OpaquePointer, statement: String?, sink: NoticeSink) {
    self.pointer = pointer
    self.statement = statement
    self.sink = sink
  }

  deinit {
    PQclear(pointer)
  }
}

/// The rows that a statement returned, in order. They stay valid after the connection is closed.
public struct Rows: RandomAccessCollection {
  let result: ResultHandle

  /// Always zero.
  public var startIndex: Int { 0 }
  /// The number of rows returned.
  public var endIndex: Int { Int(PQntuples(result.pointer)) }

  /// The number of rows inserted, updated, deleted or selected; 0 for other statements.
  public var affected: Int {
    PQcmdTuples(result.pointer).flatMap { Int(String(cString: $0)) } ?? 0
  }

  /// The names of the columns.
  public var columns: [String] {
    (0..<PQnfields(result.pointer)).map { column in
      PQfname(result.pointer, column).map { String(cString: $0) } ?? ""
    }
  }

  /// Returns one row. Traps outside ``indices``.
  public subscript(position: Int) -> Row {
    precondition(indices.contains(position), "row \(position) of \(count)")
    return Row(result: result, number: Int32(position))
  }
}

/// One row of a result.
public struct Row {
  let result: ResultHandle
  let number: Int32

  /// Reads the value of a column, counted from 0.
  ///
  /// Throws kind `usage` if there is no such column or the value does not fit the type. `NULL` fits only an `Optional`.
  public func decode<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws(PostgresError) -> T {
    do {
      return try T(try cell(column))
    } catch {
      var error = error
      if columns.contains(column) { error.column = String(cString: PQfname(result.pointer, Int32(column))) }
      error.statement = error.statement ?? result.statement
      throw error
    }
  }

  private var columns: Range<Int> { 0..<Int(PQnfields(result.pointer)) }

  private func cell(_ column: Int) throws(PostgresError) -> Cell {
    guard columns.contains(column) else { throw .usage("no column \(column) in a row of \(columns.count)") }
    let column = Int32(column)
    let bytes: UnsafeRawBufferPointer? =
      PQgetisnull(result.pointer, number, column) == 1
      ? nil
      : UnsafeRawBufferPointer(
        start: PQgetvalue(result.pointer, number, column), count: Int(PQgetlength(result.pointer, number, column)))
    return Cell(bytes: bytes, type: PQftype(result.pointer, column))
  }
}
