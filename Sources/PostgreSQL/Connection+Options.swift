// How long anything may take, and how the settings reach the server: as libpq keywords around the caller's DSN, so that what
// the DSN says wins over the defaults.

import CPostgreSQL

extension Connection {
  /// The bounds on everything that a connection waits for. The same keywords in the DSN win over these.
  public struct Options: Sendable {
    /// What `pg_stat_activity` shows.
    public var applicationName: String? = nil
    /// The bound on each host of the DSN in turn; libpq rounds it up to whole seconds, at least 2.
    public var connectTimeout: Duration = .seconds(10)
    /// The server cancels longer statements (57014); nil for no limit.
    public var statementTimeout: Duration? = .seconds(30)
    /// The server cancels statements that wait longer for a lock (55P03); nil for no limit.
    public var lockTimeout: Duration? = .seconds(10)
    /// The server ends sessions that stay idle in a transaction for longer (25P03); nil for no limit.
    public var idleInTransactionTimeout: Duration? = .seconds(60)
    /// What a silent server is granted beyond the statement timeout before the connection counts as lost.
    public var replyGrace: Duration = .seconds(10)
    /// The kernel probes a silent peer after this long…
    public var keepaliveIdle: Duration = .seconds(10)
    /// …at this interval…
    public var keepaliveInterval: Duration = .seconds(5)
    /// …and gives it up after so many probes without an answer.
    public var keepaliveCount = 3
    /// How long sent data may stay unacknowledged by the peer's kernel.
    public var tcpUserTimeout: Duration = .seconds(20)

    /// The defaults.
    public init() {}

    /// How long to wait for an answer; nil for no limit.
    var patience: Duration? { statementTimeout.map { $0 + replyGrace } }

    /// Keywords and values for PQconnectdbParams. `dbname` stands for the whole DSN: what precedes it are defaults that it
    /// may override, what follows overrides it.
    func keywords(dsn: String) throws(PostgresError) -> [(keyword: String, value: String)] {
      let settings = [
        ("statement_timeout", statementTimeout), ("lock_timeout", lockTimeout),
        ("idle_in_transaction_session_timeout", idleInTransactionTimeout),
      ].map { name, value in "-c \(name)=\(value?.milliseconds ?? 0)" }
      let ownSettings = try Self.serverSettings(inDSN: dsn)
      return [
        ("target_session_attrs", "read-write"),
        ("fallback_application_name", applicationName ?? ""),
        ("connect_timeout", "\((connectTimeout.milliseconds + 999) / 1000)"),
        ("keepalives_idle", "\((keepaliveIdle.milliseconds + 999) / 1000)"),
        ("keepalives_interval", "\((keepaliveInterval.milliseconds + 999) / 1000)"),
        ("keepalives_count", "\(keepaliveCount)"),
        ("tcp_user_timeout", "\(tcpUserTimeout.milliseconds)"),
        ("dbname", dsn),
        ("options", (settings + [ownSettings].compactMap(\.self)).joined(separator: " ")),
        ("client_encoding", "UTF8"),
      ]
    }

    /// The DSN's own `options`, which are to be added to ours and not to replace them.
    private static func serverSettings(inDSN dsn: String) throws(PostgresError) -> String? {
      var complaint: UnsafeMutablePointer<CChar>?
      guard let parsed = PQconninfoParse(dsn, &complaint) else {
        defer { PQfreemem(complaint) }
        // libpq quotes the part that it stumbled over, which may be a piece of the password.
        let reason = complaint.map { String(cString: $0).trimmed } ?? "out of memory"
        throw .usage("the DSN does not parse: " + Redaction.withoutValues(reason, sqlState: nil, statement: nil, names: []))
      }
      defer { PQconninfoFree(parsed) }
      var option = parsed
      while let keyword = option.pointee.keyword {
        if String(cString: keyword) == "options" { return option.pointee.val.map { String(cString: $0) } }
        option += 1
      }
      return nil
    }
  }
}

extension String {
  /// libpq's messages end in a newline and may span several lines; a log wants one.
  var trimmed: String {
    split(whereSeparator: \.isNewline).map { line in line.drop(while: \.isWhitespace) }.joined(separator: "; ")
  }
}
