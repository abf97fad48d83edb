// Bulk load: COPY … FROM STDIN in binary format. Rows are sent in pieces, so that libpq does not hold a second copy of all of
// them.

import CPostgreSQL
import Glibc

extension Connection {
  /// Loads rows into a table with COPY. Without rows it sends nothing.
  ///
  /// - Parameters:
  ///   - table: The table's name, with its schema before a dot if needed. Letter case counts.
  ///   - columns: The column names, in the order of the values.
  ///   - rows: Complete rows with as many values as columns.
  /// - Returns: The number of rows loaded.
  /// - Throws: Kind `usage` if the rows do not fit the columns, `server` if the server rejects a row (then none is loaded,
  ///   and the connection stays usable), `connection` if the connection is lost.
  @discardableResult
  public func copy(into table: String, columns: [String], _ rows: CopyRows) throws(PostgresError) -> Int {
    let handle = try open()
    guard rows.columns == columns.count else { throw .usage("rows of \(rows.columns) values for \(columns.count) columns") }
    guard rows.isComplete else { throw .usage("the last row is incomplete") }
    if rows.isEmpty { return 0 }
    let target = table.split(separator: ".").map { String($0).quotedIdentifier }.joined(separator: ".")
    let names = columns.map(\.quotedIdentifier).joined(separator: ", ")
    let sql = "COPY \(target) (\(names)) FROM STDIN (FORMAT binary)"

    try checkSent(PQsendQuery(handle, sql))
    try flush()
    guard let opening = try nextResult(of: sql) else { throw lose("the server returned no result") }
    guard PQresultStatus(opening.pointer) == PGRES_COPY_IN else {
      let error = failure(opening) ?? .usage("COPY did not start")
      if !isLost { while try nextResult(of: sql) != nil {} }
      throw error
    }
    try send(copy: rows.bytes)
    try send(copy: CopyRows.trailer)
    try untilAccepted { PQputCopyEnd(handle, nil) }
    try flush()
    return Rows(result: try finish(sql)).affected
  }

  private static let pieceSize = 256 * 1024

  /// Sends the bytes in pieces. If the server reports an error meanwhile, it discards the rest; the error is read at the end.
  private func send(copy bytes: [UInt8]) throws(PostgresError) {
    let handle = try open()
    for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
      let size = min(Self.pieceSize, bytes.count - start)
      try untilAccepted {
        bytes.withUnsafeBytes { buffer in
          PQputCopyData(
            handle, buffer.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self), Int32(size))
        }
      }
      try flush()
    }
  }

  /// Repeats a call while it returns 0, which means that libpq's buffer is full.
  private func untilAccepted(_ put: () -> Int32) throws(PostgresError) {
    while true {
      switch put() {
      case 1: return
      case 0: try exchange(POLLIN | POLLOUT)
      default: throw lose()
      }
    }
  }
}
