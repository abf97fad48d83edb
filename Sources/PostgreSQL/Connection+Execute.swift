// Running one statement: prepared at its first use on this connection, by name after that, binary in both directions.

import CPostgreSQL

extension Connection {
  /// Runs one statement with typed parameters `$1`, `$2`, … and returns its rows.
  ///
  /// The parameters' types go along, an `Optional`'s too, so that no casts are needed.
  /// - Throws: Kind `server` when the server refuses, `connection` when it is lost.
  @discardableResult
  public func execute<each Parameter: PostgresEncodable>(
    _ sql: String, _ parameters: repeat each Parameter
  ) throws(PostgresError) -> Rows {
    try run(Statement(sql, repeat each parameters))
  }

  /// Runs one statement with parameters of which some are untyped: a literal `nil`, or an existential.
  ///
  /// The server infers the type of an untyped nil from the statement, and refuses (42P18) where it cannot.
  /// - Throws: Kind `server` when the server refuses, `connection` when it is lost.
  @discardableResult
  public func execute(
    _ sql: String, _ first: (any PostgresEncodable)?, _ others: (any PostgresEncodable)?...
  ) throws(PostgresError) -> Rows {
    try run(Statement(sql, parameters: [first] + others))
  }

  /// Runs one statement with a list of parameters; see ``execute(_:_:_:)``.
  ///
  /// - Throws: Kind `server` when the server refuses, `connection` when it is lost.
  @discardableResult
  public func execute(_ sql: String, parameters: [(any PostgresEncodable)?]) throws(PostgresError) -> Rows {
    try run(Statement(sql, parameters: parameters))
  }

  /// Runs a script of several statements without parameters, e.g. a migration.
  ///
  /// Unless the script itself says BEGIN and COMMIT, it takes effect as a whole or not at all.
  /// - Parameters:
  ///   - sql: The statements, separated by semicolons. COPY from or to the client is not among them.
  ///   - timeout: How long the server may stay silent. Each single statement is still bound by the statement timeout,
  ///     unless the script sets another.
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

  /// Forgets a prepared statement that the server no longer has (after DISCARD, say) or whose result DDL has changed, and
  /// marks the error as worth another try.
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
