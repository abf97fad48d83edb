// Bulk load: COPY … FROM STDIN in binary format, sent in pieces so that libpq need not hold all of it a second time.

import CPostgreSQL
import Glibc

extension Connection {
  /// Loads rows into a table. No rows cost no round trip.
  ///
  /// - Parameters:
  ///   - table: The table's name, with its schema before a dot if need be, in the letter case that it has.
  ///   - columns: The columns' names, in the order of the values.
  ///   - rows: Complete rows of as many columns.
  /// - Returns: The number of rows loaded.
  /// - Throws: Kind `usage` for rows that do not fit the columns, `server` when the server refuses a row (none is loaded
  ///   then, and the connection stays usable), `connection` when it is lost.
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
    guard let opening = try nextResult(of: sql) else { throw lose("the server gave no result") }
    guard PQresultStatus(opening.pointer) == PGRES_COPY_IN else {
      let error = failure(opening) ?? .usage("COPY did not begin")
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

  /// Sends one piece after the other. An error that the server reports meanwhile is read at the end; until then it
  /// discards what comes.
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

  /// Repeats a call that answers 0 while libpq's buffer is full.
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
