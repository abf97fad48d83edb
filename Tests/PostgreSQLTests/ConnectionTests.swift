// Opening and losing connections.

import Foundation
import PostgreSQL
import TestServers
import Testing

@Suite("Connection")
struct ConnectionTests {
  /// The test server's port; it listens on the loopback address.
  private func serverPort() throws -> String {
    try #require(try connect().execute("SELECT current_setting('port')").first).decode(0)
  }

  @Test("settings reach the server, and the DSN overrides them")
  func settings() throws {
    var options = Connection.Options()
    options.applicationName = "督办 test's"
    options.statementTimeout = .milliseconds(4321)
    options.lockTimeout = nil
    func setting(_ name: String, _ connection: Connection) throws -> String {
      try #require(try connection.execute("SELECT current_setting($1)", name).first).decode(0)
    }
    let plain = try connect(options)
    #expect(try setting("statement_timeout", plain) == "4321ms")
    #expect(try setting("lock_timeout", plain) == "0")
    #expect(try setting("idle_in_transaction_session_timeout", plain) == "1min")
    #expect(try setting("client_encoding", plain) == "UTF8")
    #expect(plain.serverVersion >= 150000 && plain.socket >= 0)
    let dsn = try TestDatabase.dsn(with: ["application_name": "mine", "options": "-cstatement_timeout=77"])
    let own = try Connection(dsn, options: options)
    #expect(try setting("application_name", own) == "mine")
    #expect(try setting("statement_timeout", own) == "77ms")
    #expect(try setting("idle_in_transaction_session_timeout", own) == "1min")
  }

  @Test("if a host refuses, the next one is used")
  func severalHosts() throws {
    let dead = try LoopbackSocket(listening: false)
    let dsn = try TestDatabase.dsn(with: ["host": "127.0.0.1,127.0.0.1", "port": "\(dead.port),\(try serverPort())"])
    #expect(try Connection(dsn).execute("SELECT 1").first?.decode(0) == 1)
  }

  @Test("a host that accepts but does not answer delays the next one by at most the connect timeout")
  func silentHost() throws {
    let silent = try LoopbackSocket(listening: true)
    var options = Connection.Options()
    options.connectTimeout = .seconds(2)
    let start = ContinuousClock.now
    let dsn = try TestDatabase.dsn(with: ["host": "127.0.0.1,127.0.0.1", "port": "\(silent.port),\(try serverPort())"])
    #expect(try Connection(dsn, options: options).execute("SELECT 1").first?.decode(0) == 1)
    let alone = try TestDatabase.dsn(with: ["host": "127.0.0.1", "port": "\(silent.port)"])
    let error = try failure { _ = try Connection(alone, options: options) }
    #expect(error.kind == .connection && error.isRetryable)
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test("a refused connection is retryable, and its message is one line")
  func refused() throws {
    let dead = try LoopbackSocket(listening: false)
    let error = try failure { _ = try Connection("host=127.0.0.1 port=\(dead.port) password=secret") }
    #expect(error.kind == .connection && error.isRetryable)
    #expect(!error.message.contains("\n") && !error.message.contains("secret"))
  }

  @Test("a read-only server is skipped, unless the DSN allows any")
  func readOnly() async throws {
    try await TestDatabase.with { database in
      let connection = try database.connect()
      try connection.runScript("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
      let error = try failure { _ = try database.connect() }
      #expect(error.kind == .connection)
      let any = try TestDatabase.dsn(with: ["dbname": database.name, "target_session_attrs": "any"])
      let refused = try failure { try Connection(any).execute("CREATE TABLE t (a int8)") }
      #expect(refused.sqlState == .readOnlySQLTransaction)
    }
  }

  @Test("a terminated session stays lost, and every call fails without sending anything")
  func lostForGood() throws {
    let (connection, other) = (try connect(), try connect())
    let process = try #require(try connection.execute("SELECT pg_backend_pid()").first).decode(0, as: Int32.self)
    try other.execute("SELECT pg_terminate_backend($1)", process)
    let first = try failure { try connection.execute("SELECT 1") }
    #expect(first.kind == .connection && first.isRetryable && connection.isLost)
    var rows = CopyRows(columns: 1)
    rows.append(1)
    let calls: [() throws -> Void] = [
      { try connection.execute("SELECT 1") }, { try connection.runScript("SELECT 1") },
      { try connection.transaction { _ in } }, { try connection.copy(into: "t", columns: ["a"], rows) },
      { try connection.listen("c") }, { _ = try connection.waitForNotification(timeout: .zero) },
      { _ = try connection.pipelined { $0.add("SELECT 1") } },
    ]
    for call in calls {
      let error = try failure { try call() }
      #expect(error.kind == .connection && error.statement == nil)
    }
    #expect(!connection.isInTransaction && connection.isLost)
  }

  @Test("if a session ends inside a transaction, the loss is thrown and not the failed rollback")
  func lostInTransaction() throws {
    let connection = try connect()
    let error = try failure {
      _ = try connection.transaction { try $0.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
    }
    #expect(error.sqlState == .adminShutdown && error.kind == .connection && connection.isLost)
  }

  @Test("using a closed connection is a usage error, but closing twice is not")
  func closed() throws {
    let connection = try connect()
    connection.close()
    connection.close()
    let error = try failure { try connection.execute("SELECT 1") }
    #expect(error.kind == .usage && !connection.isLost && connection.socket == -1)
  }

  @Test("a silent server is given up after the statement timeout and the grace period", .timeLimit(.minutes(1)))
  func silentServer() throws {
    let proxy = try Proxy(to: try serverPort())
    var options = Connection.Options()
    options.statementTimeout = .milliseconds(200)
    options.replyGrace = .milliseconds(300)
    let dsn = try TestDatabase.dsn(with: ["host": "127.0.0.1", "port": "\(proxy.port)", "sslmode": "disable"])
    let connection = try Connection(dsn, options: options)
    #expect(try connection.execute("SELECT 1").first?.decode(0) == 1)
    proxy.freeze()
    let start = ContinuousClock.now
    let error = try failure { try connection.execute("SELECT 2") }
    #expect(error.kind == .connection && connection.isLost)
    #expect(ContinuousClock.now - start >= .milliseconds(500))
  }

  @Test("a connection cut during a load or a statement is lost", .timeLimit(.minutes(1)))
  func cut() throws {
    for work in [
      { (connection: Connection) throws in _ = try connection.execute("SELECT pg_sleep(20)") },
      { connection in
        var rows = CopyRows(columns: 1)
        let text = String(repeating: "x", count: 1000)
        for _ in 0..<100_000 { rows.append(text) }
        _ = try connection.copy(into: "t", columns: ["a"], rows)
      },
    ] {
      let proxy = try Proxy(to: try serverPort())
      let dsn = try TestDatabase.dsn(with: ["host": "127.0.0.1", "port": "\(proxy.port)", "sslmode": "disable"])
      let connection = try Connection(dsn)
      try connection.runScript("CREATE TEMP TABLE t (a text)")
      proxy.cut(afterBytes: 60)
      #expect(try failure { try work(connection) }.kind == .connection)
      #expect(connection.isLost)
    }
  }
}
