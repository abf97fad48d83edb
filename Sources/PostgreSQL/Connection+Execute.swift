// Runs single statements. A statement is prepared on first use and then run by name, with binary parameters and results.

import CPostgreSQL

extension Connection {
  /// Runs one statement with typed parameters `$1`, `$2`, … and returns its rows.
  ///
  /// The parameters' types are sent too, also those of an `Optional`, so no casts are needed.
  /// - Throws: Kind `server` if the server rejects the statement, `connection` if the connection is lost.
  @discardableResult
  public func execute<each Parameter: PostgresEncodable>(
    _ sql: String, _ parameters: repeat each Parameter
  ) throws(PostgresError) -> Rows {
    try run(Statement(sql, repeat each parameters))
  }

  /// Runs one statement in which some parameters have no type: a literal `nil`, or an existential.
  ///
  /// The server infers the type of an untyped nil from the statement. If it cannot, it throws 42P18.
  /// - Throws: Kind `server` if the server rejects the statement, `connection` if the connection is lost.
  @discardableResult
  public func execute(
    _ sql: String, _ first: (any PostgresEncodable)?, _ others: (any PostgresEncodable)?...
  ) throws(PostgresError) -> Rows {
    try run(Statement(sql, parameters: [first] + others))
  }

  /// Runs one statement with a list of parameters; see ``execute(_:_:_:)``.
  ///
  /// - Throws: Kind `server` if the server rejects the statement, `connection` if the connection is lost.
  @discardableResult
  public func execute(_ sql: String, parameters: [(any PostgresEncodable)?]) throws(PostgresError) -> Rows {
    try run(Statement(sql, parameters: parameters))
  }

  /// Runs a script of several statements without parameters, e.g. a migration.
  ///
  /// All of the script takes effect or none of it, unless the script itself contains BEGIN and COMMIT.
  /// - Parameters:
  ///   - sql: The statements, separated by semicolons. COPY from or to the client is not allowed.
  ///   - timeout: The longest time that the server may stay silent. The statement timeout still limits each statement, unless
  ///     the script sets another.
  /// - Throws: Kind `server`, with the ``PostgresError/line`` of the error, or `connection`.
  public func runScript(_ sql: String, timeout: Duration = .seconds(3600)) throws(PostgresError) {
    try simple(sql, .atMost(timeout))
  }

  private func run(_ statement: Statement) throws(PostgresError) -> Rows {
    try statement.checkCount()
    let plan = cache.plan(for: statement)
    if case .toPrepare(let name) = plan {
      try sendPrepare(statement, name: name)
      try flush()
      _ = try finish(statement.sql)
      cache.insert(statement, name: name)
    }
    try send(statement, plan)
    try flush()
    do {
      return Rows(result: try finish(statement.sql))
    } catch {
      throw reconsider(error, plan, statement)
    }
  }

  func sendPrepare(_ statement: Statement, name: String) throws(PostgresError) {
    try checkSent(PQsendPrepare(try open(), name, statement.sql, Int32(statement.types.count), statement.types))
  }

  func send(_ statement: Statement, _ plan: StatementCache.Plan) throws(PostgresError) {
    let handle = try open()
    let accepted = statement.withParameters { count, values, lengths, formats in
      switch plan {
      case .prepared(let name), .toPrepare(let name):
        PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
      case .unnamed:
        PQsendQueryParams(handle, statement.sql, count, statement.types, values, lengths, formats, 1)
      }
    }
    try checkSent(accepted)
  }

  /// Drops a prepared statement that the server no longer has (e.g. after DISCARD) or whose result type DDL has changed, and
  /// marks the error as retryable.
  func reconsider(_ error: PostgresError, _ plan: StatementCache.Plan, _ statement: Statement) -> PostgresError {
    guard case .prepared = plan, let state = error.sqlState,
      [.featureNotSupported, .invalidSQLStatementName].contains(state)
    else { return error }
    cache.forget(statement.sql)
    var error = error
    error.isStalePlan = true
    return error
  }
}
