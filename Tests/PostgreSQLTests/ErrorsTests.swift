// The content of errors, the data that they must not contain, and which errors are retryable.

import Foundation
import PostgreSQL
import TestServers
import Testing

@Suite("Errors")
struct ErrorsTests {
  private static let schema = """
    CREATE TEMP TABLE person (
      id int8 PRIMARY KEY, phone text CONSTRAINT person_phone_key UNIQUE, name varchar(5) NOT NULL,
      age int4 CONSTRAINT grown CHECK (age >= 18), boss int8 CONSTRAINT person_boss_fkey REFERENCES person);
    INSERT INTO person VALUES (1, '13800138000', '张三', 40, NULL);
    """

  @Test("an error names the state, table, column and constraint, and the statement")
  func fields() throws {
    let connection = try connect()
    try connection.runScript(Self.schema)
    let sql = "INSERT INTO person VALUES ($1, $2, $3)"
    let unique = try failure { try connection.execute(sql, 2, "13800138000", "李四") }
    #expect(unique.kind == .server && unique.sqlState == .uniqueViolation && unique.sqlState?.classCode == "23")
    #expect(unique.table == "person" && unique.constraint == "person_phone_key" && unique.statement == sql)
    #expect(unique.message == #"duplicate key value violates unique constraint "person_phone_key""#)
    #expect(unique.detail == "Key (phone)=(13800138000) already exists.")
    let null = try failure { try connection.execute(sql, 2, "x", String?.none) }
    #expect(null.sqlState == .notNullViolation && null.column == "name" && null.message.contains("\"name\""))
    let missing = try failure { try connection.execute("SELECT nam FROM person") }
    #expect(missing.sqlState == .undefinedColumn && missing.hint?.contains("person.name") == true && missing.line == 1)
    #expect(missing.message.contains("\"nam\""))
  }

  @Test("no parameter value appears in an error's message or description, whatever the server quotes")
  func noValues() throws {
    let connection = try connect()
    try connection.runScript(Self.schema)
    let secrets = [
      "13800138000", "SELECT\" and 13800138000", "SELECT\" 13800138000 \"SELECT", "张三\" and \"李四", "O'Neill \"person\" 住址",
    ]
    let statements = [
      "SELECT $1::int4", "SELECT $1::date", "SELECT ('x' || $1)::jsonb", "SELECT $1::regclass", "SELECT $1::uuid",
      "SELECT to_tsquery($1 || ' &')", "SELECT ($1 || (CASE WHEN $1 ~ '^1' THEN ' &' ELSE '' END))::tsquery",
      "SELECT ('x' || $1)::interval", "SELECT '' ~ ('(' || $1)",
      "INSERT INTO person VALUES (2, $1, '李四李四李四李四')", "INSERT INTO person VALUES (2, $1, '王五', 1)",
      "INSERT INTO person VALUES (2, $1, NULL)", "INSERT INTO person VALUES (2, $1, '王五', 20, 99)",
      "UPDATE person SET phone = $1 RETURNING (name || $1)::int4", "SELECT set_config('duban.' || $1, $1, false)",
      "SELECT ($1::text[])[1]", "SELECT $1::timestamptz", "SELECT $1::bytea, decode($1, 'hex')", "SELECT $1::inet",
    ]
    for secret in secrets {
      for sql in statements {
        guard let error = #expect(throws: PostgresError.self, performing: { try connection.execute(sql, secret) }) else {
          Issue.record("no error from \(sql)")
          continue
        }
        for text in [error.message, "\(error)", String(reflecting: error), error.hint ?? ""] {
          #expect(!text.contains("13800138000") && !text.contains("李四\"") && !text.contains("住址"))
        }
      }
    }
  }

  @Test("no value of a table appears in a script's error, even if it imitates the script's text")
  func noStoredValues() throws {
    let connection = try connect()
    try connection.runScript(#"CREATE TEMP TABLE t (a text); INSERT INTO t VALUES ('SELECT" 13800138000 "SELECT')"#)
    let error = try failure { try connection.runScript("SELECT a::int4 FROM t") }
    #expect(error.message == #"invalid input syntax for type integer: "…""#)
  }

  @Test("names in the statement stay readable in the message")
  func namesStay() throws {
    let error = try failure { try connect().execute("SELECT * FROM no_such_table WHERE id = $1", 1) }
    #expect(error.message == #"relation "no_such_table" does not exist"#)
    #expect("\(error)" == "PostgreSQL 42P01: \(error.message) (line 1) in: SELECT * FROM no_such_table WHERE id = $1")
  }

  @Test("an invalid DSN is a usage error that does not contain the password")
  func malformedDSN() throws {
    for dsn in ["host=localhost password=secret word", "postgresql://u:secret%zz@localhost/x", "secret"] {
      let error = try failure { _ = try Connection(dsn) }
      #expect(error.kind == .usage && !error.isRetryable)
      #expect(!"\(error)".contains("secret") && !"\(error)".contains("word"))
    }
  }

  @Test("violated constraints, rejected values and wrong SQL are not retryable")
  func notRetryable() throws {
    let connection = try connect()
    try connection.runScript(Self.schema)
    let statements = [
      "INSERT INTO person VALUES (1, '2', '李四')", "INSERT INTO person VALUES (2, '2', '王五', 1)", "SELECT 'x'::int8",
      "SELECT 1/0", "SELEC 1", "SELECT * FROM nowhere", "INSERT INTO person VALUES (2, '2', '王五', 20, 99)",
      "DO $$ BEGIN RAISE EXCEPTION 'no'; END $$",
    ]
    for sql in statements {
      let error = try failure { try connection.execute(sql) }
      #expect(error.kind == .server && !error.isRetryable, "\(error)")
    }
    #expect(!connection.isLost)
  }

  @Test("a deadlock is retryable")
  func deadlock() async throws {
    try await TestDatabase.with { database in
      let setUp = try database.connect()
      try setUp.runScript("CREATE TABLE t (id int8 PRIMARY KEY, n int8 DEFAULT 0); INSERT INTO t VALUES (1), (2)")
      let turns = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
      @Sendable func lockBoth(_ first: Int) throws -> PostgresError? {
        let connection = try database.connect()
        do {
          try connection.transaction { connection in
            try connection.execute("UPDATE t SET n = n + 1 WHERE id = $1", first)
            turns[2 - first].signal()
            #expect(turns[first - 1].wait(timeout: .now() + 20) == .success)
            try connection.execute("UPDATE t SET n = n + 1 WHERE id = $1", 3 - first)
          }
          return nil
        } catch let error as PostgresError {
          return error
        }
      }
      let workers = [1, 2].map { first in InBackground { try lockBoth(first) } }
      let errors = try workers.compactMap { try $0.value }
      #expect(errors.map(\.sqlState) == [.deadlockDetected])
      #expect(errors.map(\.isRetryable) == [true])
      #expect(try setUp.execute("SELECT sum(n)::int8 FROM t").first?.decode(0) == 2)
    }
  }

  @Test("a serialization failure is retryable")
  func serialization() async throws {
    try await TestDatabase.with { database in
      let (one, two) = (try database.connect(), try database.connect())
      try one.runScript("CREATE TABLE t (n int8); INSERT INTO t VALUES (0)")
      let error = try failure {
        try one.transaction { one in
          try one.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
          try one.execute("SELECT n FROM t")
          try two.execute("UPDATE t SET n = n + 1")
          try one.execute("UPDATE t SET n = n + 1")
        }
      }
      #expect(error.sqlState == .serializationFailure && error.isRetryable)
      #expect(!one.isInTransaction)
    }
  }

  @Test("the statement timeout cancels, is retryable, and leaves the connection usable")
  func statementTimeout() throws {
    var options = Connection.Options()
    options.statementTimeout = .milliseconds(50)
    let connection = try connect(options)
    let error = try failure { try connection.execute("SELECT pg_sleep(20)") }
    #expect(error.sqlState == .queryCanceled && error.isRetryable && !connection.isLost)
    #expect(try connection.execute("SELECT 1").first?.decode(0) == 1)
  }

  @Test("the lock timeout cancels and is retryable")
  func lockTimeout() throws {
    var options = Connection.Options()
    options.lockTimeout = .milliseconds(50)
    let (one, two) = (try connect(), try connect(options))
    let key = Int.random(in: .min ... .max)
    try one.execute("SELECT pg_advisory_lock($1)", key)
    let error = try failure { try two.execute("SELECT pg_advisory_lock($1)", key) }
    #expect(error.sqlState == .lockNotAvailable && error.isRetryable && !two.isLost)
  }

  @Test(
    "states are retryable or not",
    arguments: [
      ("08006", true), ("08P01", false), ("40001", true), ("40P01", true), ("40002", false), ("53300", true), ("53100", true),
      ("55P03", true),
      ("55006", true), ("57014", true), ("57P01", true), ("57P03", true), ("58030", true), ("23505", false), ("22P02", false),
      ("25P02", false), ("42601", false), ("0A000", false), ("28P01", false), ("XX000", false),
    ])
  func split(state: String, isRetryable: Bool) {
    let error = PostgresError(kind: .server, message: "", sqlState: SQLState(rawValue: state))
    #expect(error.isRetryable == isRetryable)
  }
}
