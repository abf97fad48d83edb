// Transactions commit or roll back with their body, and a failed commit is always reported.

import PostgreSQL
import Testing

@Suite("Transactions")
struct TransactionsTests {
  private struct Stop: Error {}

  private func connection() throws -> Connection {
    let connection = try connect()
    try connection.runScript(
      """
      CREATE TEMP TABLE parent (id int8 PRIMARY KEY);
      CREATE TEMP TABLE child (parent int8 CONSTRAINT child_parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
      """)
    return connection
  }

  private func parents(_ connection: Connection) throws -> Int {
    try #require(try connection.execute("SELECT count(*) FROM parent").first).decode(0)
  }

  @Test("a body that returns is committed, a body that throws is rolled back")
  func commitAndRollback() throws {
    let connection = try connection()
    let answer = try connection.transaction { connection in
      #expect(connection.isInTransaction)
      try connection.execute("INSERT INTO parent VALUES (1)")
      return 42
    }
    #expect(answer == 42 && !connection.isInTransaction)
    #expect(throws: Stop.self) {
      try connection.transaction { connection in
        try connection.execute("INSERT INTO parent VALUES (2)")
        throw Stop()
      }
    }
    #expect(try !connection.isInTransaction && parents(connection) == 1)
  }

  @Test("a body with typed errors keeps the transaction's errors typed")
  func typedThrows() throws {
    let connection = try connection()
    func insert() throws(PostgresError) {
      try connection.transaction { (connection) throws(PostgresError) in
        _ = try connection.execute("INSERT INTO parent VALUES (1)")
        _ = try connection.execute("INSERT INTO parent VALUES (1)")
      }
    }
    #expect(try failure { try insert() }.sqlState == .uniqueViolation)
    #expect(try !connection.isInTransaction && parents(connection) == 0)
  }

  @Test("a commit refused by a deferred constraint throws, and nothing is kept")
  func failedCommit() throws {
    let connection = try connection()
    let error = try failure {
      try connection.transaction { connection in
        try connection.execute("INSERT INTO parent VALUES (1)")
        try connection.execute("INSERT INTO child VALUES (99)")
      }
    }
    #expect(error.sqlState == .foreignKeyViolation && error.constraint == "child_parent")
    #expect(try !connection.isInTransaction && parents(connection) == 0)
  }

  @Test("a commit after an ignored error is rolled back, and throws")
  func swallowedError() throws {
    let connection = try connection()
    let error = try failure {
      try connection.transaction { connection in
        try connection.execute("INSERT INTO parent VALUES (1)")
        _ = try? connection.execute("SELECT 1/0")
      }
    }
    #expect(error.sqlState == .inFailedSQLTransaction && !error.isRetryable)
    #expect(try !connection.isInTransaction && parents(connection) == 0)
  }

  @Test("a nested transaction is rejected, and the outer one is rolled back")
  func nested() throws {
    let connection = try connection()
    let error = try failure {
      try connection.transaction { connection in
        try connection.execute("INSERT INTO parent VALUES (1)")
        try connection.transaction { try $0.execute("INSERT INTO parent VALUES (2)") }
      }
    }
    #expect(error.kind == .usage)
    #expect(try !connection.isInTransaction && parents(connection) == 0)
  }

  @Test("a body that ends the transaction itself is a usage error")
  func endedInside() throws {
    let connection = try connection()
    let error = try failure { try connection.transaction { try $0.runScript("ROLLBACK") } }
    #expect(error.kind == .usage && !connection.isLost)
  }
}
