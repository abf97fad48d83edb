// Transactions: BEGIN before, COMMIT after, ROLLBACK when anything throws. A COMMIT that the server turned into a rollback is
// an error too: the caller must never believe in what did not happen.

import CPostgreSQL

extension Connection {
  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// - Throws: What `body` throws; kind `usage` inside another transaction; ``PostgresError`` for a failed COMMIT. When
  ///   COMMIT fails with kind `connection`, nobody knows whether it happened.
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

  /// Runs `body` in a transaction, for a body whose only errors are the database's; see ``transaction(_:)``.
  ///
  /// - Throws: What `body` throws; kind `usage` inside another transaction; the error of a failed COMMIT.
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
    if isInTransaction { throw .usage("a transaction inside a transaction") }
    try simple("BEGIN")
  }

  private func commit() throws(PostgresError) {
    _ = try open()
    guard isInTransaction else { throw .usage("the transaction was ended inside its body") }
    let result: ResultHandle
    do {
      result = try simple("COMMIT")
    } catch {
      rollback()
      throw error
    }
    // The server answers COMMIT after a failed statement with a rollback, and calls it a success.
    if String(cString: PQcmdStatus(result.pointer)) == "ROLLBACK" {
      throw PostgresError(
        kind: .server, message: "COMMIT rolled back, because a statement before it had failed",
        sqlState: .inFailedSQLTransaction)
    }
  }

  /// Leaves the connection outside of any transaction, or lost; the error that led here is the one to report.
  private func rollback() {
    guard isInTransaction else { return }
    do {
      try simple("ROLLBACK")
    } catch {
      _ = lose(error)
    }
  }
}
