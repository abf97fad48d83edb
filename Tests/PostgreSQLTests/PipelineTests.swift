// Several statements in one round trip: in order, all or none, and without deadlocks on full buffers.

import PostgreSQL
import Testing

@Suite("Pipeline")
struct PipelineTests {
  @Test("results are in the order of the statements")
  func order() throws {
    let connection = try connect()
    for _ in 0..<2 {
      let results = try connection.pipelined { pipeline in
        for number in 0..<100 { #expect(pipeline.add("SELECT $1, $2", number, "第\(number)") == number) }
        pipeline.add("SELECT $1::text", nil)
      }
      #expect(results.count == 101)
      #expect(try results.prefix(100).map { try $0[0].decode(0, as: Int.self) } == Array(0..<100))
      #expect(try results[100][0].decode(0, as: String?.self) == nil)
    }
    let prepared = try connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1, $2'")
    #expect(try prepared.first?.decode(0) == 1)
  }

  @Test("an empty pipeline does nothing")
  func empty() throws {
    #expect(try connect().pipelined { _ in }.isEmpty)
  }

  @Test("an error in the middle rolls back all, names its statement, and leaves the connection usable")
  func errorInTheMiddle() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int8 CONSTRAINT t_a_key UNIQUE)")
    let error = try failure {
      _ = try connection.pipelined { pipeline in
        pipeline.add("INSERT INTO t VALUES ($1)", 1)
        pipeline.add("INSERT INTO t VALUES ($1)", 1)
        pipeline.add("SELECT 'never prepared'")
      }
    }
    #expect(error.sqlState == .uniqueViolation && error.statement == "INSERT INTO t VALUES ($1)")
    #expect(try connection.execute("SELECT 'never prepared'").first?.decode(0) == "never prepared")
    #expect(try connection.execute("SELECT count(*) FROM t").first?.decode(0) == 0)
    #expect(try connection.execute("INSERT INTO t VALUES ($1)", 1).affected == 1)
  }

  @Test("a statement that cannot be prepared fails the pipeline, and can be run once it can be prepared")
  func errorInPreparation() throws {
    let connection = try connect()
    func run() throws -> [Rows] {
      try connection.pipelined { pipeline in
        pipeline.add("SELECT 1")
        pipeline.add("SELECT a FROM later")
        pipeline.add("SELECT a FROM later")
      }
    }
    #expect(try failure { _ = try run() }.sqlState == .undefinedTable)
    try connection.runScript("CREATE TEMP TABLE later (a int8); INSERT INTO later VALUES (5)")
    #expect(try run()[2][0].decode(0) == 5)
  }

  @Test("inside a transaction a pipeline is part of it")
  func inTransaction() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int8)")
    let error = try failure {
      try connection.transaction { connection in
        try connection.execute("INSERT INTO t VALUES (1)")
        _ = try connection.pipelined { pipeline in
          pipeline.add("INSERT INTO t VALUES (2)")
          pipeline.add("SELECT 1/0")
        }
      }
    }
    #expect(error.sqlState?.classCode == "22")
    #expect(try connection.execute("SELECT count(*) FROM t").first?.decode(0) == 0)
  }

  @Test("a deferred constraint that fails at the pipeline's end is an error of the pipeline")
  func deferredConstraint() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int8, CONSTRAINT once UNIQUE (a) DEFERRABLE INITIALLY DEFERRED)")
    let error = try failure {
      _ = try connection.pipelined { pipeline in
        pipeline.add("INSERT INTO t VALUES (1)")
        pipeline.add("INSERT INTO t VALUES (1)")
      }
    }
    #expect(error.sqlState == .uniqueViolation && error.constraint == "once")
    #expect(try connection.execute("SELECT count(*) FROM t").first?.decode(0) == 0)
    #expect(try connection.pipelined { $0.add("SELECT 1") }[0][0].decode(0) == 1)
  }

  @Test("tens of megabytes each way do not deadlock, although they exceed the buffers of both sides", .timeLimit(.minutes(1)))
  func largeBothWays() throws {
    let connection = try connect()
    let text = String(repeating: "督办", count: 1_500_000)
    let results = try connection.pipelined { pipeline in
      for number in 0..<3 { pipeline.add("SELECT repeat('x', 20000000), octet_length($1), $2", text, number) }
    }
    for (number, rows) in results.enumerated() {
      #expect(try rows[0].decode(0, as: String.self).utf8.count == 20_000_000)
      #expect(try rows[0].decode(1) == text.utf8.count)
      #expect(try rows[0].decode(2) == number)
    }
  }

  @Test("a stale plan in a pipeline is retryable")
  func stalePlan() throws {
    let connection = try connect()
    try connection.runScript("CREATE TEMP TABLE t (a int8)")
    #expect(try connection.execute("SELECT * FROM t").isEmpty)
    try connection.runScript("ALTER TABLE t ADD COLUMN b text")
    let error = try failure { _ = try connection.pipelined { $0.add("SELECT * FROM t") } }
    #expect(error.isRetryable)
    #expect(try connection.pipelined { $0.add("SELECT * FROM t") }[0].columns == ["a", "b"])
  }

  @Test("if the session ends during a pipeline, the connection is lost")
  func lost() throws {
    let connection = try connect()
    let error = try failure {
      _ = try connection.pipelined { pipeline in
        pipeline.add("SELECT 1")
        pipeline.add("SELECT pg_terminate_backend(pg_backend_pid())")
        pipeline.add("SELECT 2")
      }
    }
    #expect(error.kind == .connection && error.sqlState == .adminShutdown && connection.isLost)
  }
}
