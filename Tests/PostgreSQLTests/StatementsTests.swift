// Single statements: prepared once, run by name, and prepared again if the server has lost them or their plan is stale.

import PostgreSQL
import Testing

@Suite("Statements")
struct StatementsTests {
  private func preparations(of sql: String, on connection: Connection) throws -> Int {
    let rows = try connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement = $1", sql)
    return try #require(rows.first).decode(0)
  }

  @Test("a text is prepared once on a connection, however often it runs")
  func preparedOnce() throws {
    let connection = try connect()
    let sql = "SELECT $1 + 1"
    for value in 0..<20 { #expect(try connection.execute(sql, value).first?.decode(0) == value + 1) }
    #expect(try preparations(of: sql, on: connection) == 1)
  }

  @Test("an untyped nil, first or later, does not fail and causes at most one more preparation")
  func untypedNil() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int4, b text)")
    let sql = "INSERT INTO t VALUES ($1, $2)"
    try connection.execute(sql, nil, nil)
    // The server inferred int4 for $1, so eight bytes of a bigint must not be sent to that statement.
    try connection.execute(sql, 7, "x")
    try connection.execute(sql, nil, "y")
    try connection.execute(sql, parameters: [8, nil])
    let rows = try connection.execute("SELECT a, b FROM t")
    #expect(try rows.map { try $0.decode(0, as: Int?.self) } == [nil, 7, nil, 8])
    #expect(try rows.map { try $0.decode(1, as: String?.self) } == [nil, "x", "y", nil])
    #expect(try preparations(of: sql, on: connection) == 2)
  }

  @Test("the same text with other types is another statement")
  func typesMatter() throws {
    let connection = try connect()
    let sql = "SELECT pg_typeof($1)::text"
    #expect(try connection.execute(sql, 1).first?.decode(0) == "bigint")
    #expect(try connection.execute(sql, "1").first?.decode(0) == "text")
    #expect(try connection.execute(sql, Int32(1)).first?.decode(0) == "integer")
  }

  @Test("endless different texts do not fill the server's memory")
  func boundedCache() throws {
    let connection = try connect()
    for number in 0..<600 { #expect(try connection.execute("SELECT \(number) + $1", 1).first?.decode(0) == number + 1) }
    let held = try connection.execute("SELECT count(*) FROM pg_prepared_statements").first?.decode(0, as: Int.self)
    #expect(held == 500)
  }

  @Test("a plan made stale by DDL fails once with a retryable error, and works at the next attempt")
  func stalePlan() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int8); INSERT INTO t VALUES (1)")
    #expect(try connection.execute("SELECT * FROM t").columns == ["a"])
    try connection.runScript("ALTER TABLE t ADD COLUMN b text")
    let error = try failure { try connection.execute("SELECT * FROM t") }
    #expect(error.sqlState == .featureNotSupported && error.isRetryable)
    #expect(try connection.execute("SELECT * FROM t").columns == ["a", "b"])
  }

  @Test("a deallocated statement fails once with a retryable error, and works at the next attempt")
  func deallocated() throws {
    let connection = try connect()
    try connection.execute("SELECT 1")
    try connection.runScript("DEALLOCATE ALL")
    let error = try failure { try connection.execute("SELECT 1") }
    #expect(error.sqlState == .invalidSQLStatementName && error.isRetryable)
    #expect(try connection.execute("SELECT 1").first?.decode(0) == 1)
  }

  @Test("a statement survives the rollback of the transaction that prepared it")
  func preparedInRolledBackTransaction() throws {
    struct Stop: Error {}
    let connection = try connect()
    #expect(throws: Stop.self) {
      try connection.transaction { connection in
        try connection.execute("SELECT 'kept'")
        throw Stop()
      }
    }
    #expect(try connection.execute("SELECT 'kept'").first?.decode(0) == "kept")
  }

  @Test("affected counts the rows of a write")
  func affected() throws {
    let connection = try connect()
    #expect(try connection.execute("CREATE TEMP TABLE t (a int8)").affected == 0)
    #expect(try connection.execute("INSERT INTO t SELECT generate_series(1, 10)").affected == 10)
    #expect(try connection.execute("UPDATE t SET a = -a WHERE a > $1", 7).affected == 3)
    #expect(try connection.execute("DELETE FROM t WHERE a > $1", 100).affected == 0)
    #expect(try connection.execute("").isEmpty)
  }

  @Test("rows stay valid after the connection is closed")
  func rowsOutliveConnection() throws {
    let connection = try connect()
    let rows = try connection.execute("SELECT x::text FROM generate_series(1, 1000) x")
    connection.close()
    #expect(try rows.map { try $0.decode(0, as: String.self) } == (1...1000).map(String.init))
  }

  @Test("a script runs all its statements, or none if one fails, and the error has the line")
  func scripts() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int8);\nINSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
    let error = try failure {
      try connection.runScript("INSERT INTO t VALUES (3);\n-- 注释\nINSERT INTO missing VALUES (4);\nINSERT INTO t VALUES (5)")
    }
    #expect(error.sqlState == .undefinedTable && error.line == 3)
    #expect(try connection.execute("SELECT sum(a)::int8 FROM t").first?.decode(0) == 3)
  }

  @Test("too many parameters for the protocol are rejected before anything is sent")
  func tooManyParameters() throws {
    let connection = try connect()
    let parameters = [Int](repeating: 1, count: 65_536)
    #expect(try failure { try connection.execute("SELECT 1", parameters: parameters) }.kind == .usage)
    #expect(try connection.execute("SELECT 1").first?.decode(0) == 1)
  }

  @Test("notices reach their closure, and are dropped by default")
  func notices() throws {
    let connection = try connect()
    try connection.runScript("DROP TABLE IF EXISTS pg_temp.missing")
    var notices: [Notice] = []
    connection.onNotice = { notices.append($0) }
    try connection.runScript("DO $$ BEGIN RAISE WARNING 'look here'; END $$")
    #expect(notices.map(\.message) == ["look here"])
    #expect(notices.map(\.severity) == ["WARNING"])
  }
}
