// Transactions: BEGIN, then COMMIT, or ROLLBACK if anything throws. If the server turns a COMMIT into a rollback, that is an
// error too.

import CPostgreSQL

extension Connection {
  /// Runs `body` in a transaction. Commits when it returns; rolls back when it throws.
  ///
  /// - Throws: The error of `body`; kind `usage` inside another transaction; ``PostgresError`` for a failed COMMIT. If COMMIT
  ///   fails with kind `connection`, the transaction may or may not be committed.
  @discardableResult
  public func transaction<T>(_ body: (Connection) throws -> T) throws -> T {
    try begin()
    let value: T
    do {
      value = try body(self)
    } catch {
      rollback()
      throw error
    }
    try commit()
    return value
  }

  /// Runs a `body` that throws only ``PostgresError`` in a transaction; see ``transaction(_:)``.
  ///
  /// - Throws: The error of `body`; kind `usage` inside another transaction; the error of a failed COMMIT.
  @discardableResult
  public func transaction<T>(_ body: (Connection) throws(PostgresError) -> T) throws(PostgresError) -> T {
    try begin()
    let value: T
    do {
      value = try body(self)
    } catch {
      rollback()
      throw error
    }
    try commit()
    return value
  }

  private func begin() throws(PostgresError) {
    _ = try open()
    if isInTransaction { throw .usage("a transaction inside another transaction") }
    try simple("BEGIN")
  }

  private func commit() throws(PostgresError) {
    _ = try open()
    guard isInTransaction else { throw .usage("the body ended its own transaction") }
    let result: ResultHandle
    do {
      result = try simple("COMMIT")
    } catch {
      rollback()
      throw error
    }
    // After a failed statement the server answers COMMIT with a rollback, and reports success.
    if String(cString: PQcmdStatus(result.pointer)) == "ROLLBACK" {
      throw PostgresError(
        kind: .server, message: "COMMIT was rolled back because an earlier statement had failed",
        sqlState: .inFailedSQLTransaction)
    }
  }

  /// Ends the transaction; if that fails, the connection is lost. The caller reports the original error.
  private func rollback() {
    guard isInTransaction else { return }
    do {
      try simple("ROLLBACK")
    } catch {
      _ = lose(error)
    }
  }
}
