// Time limits, and how settings reach the server: as libpq keywords around the caller's DSN, so that the DSN overrides the
// defaults.

import CPostgreSQL

extension Connection {
  /// The limits of all waits of a connection. Keywords in the DSN override them.
  public struct Options: Sendable {
    /// The name shown in `pg_stat_activity`.
    public var applicationName: String? = nil
    /// The time limit for each host of the DSN. libpq rounds it up to whole seconds, at least 2.
    public var connectTimeout: Duration = .seconds(10)
    /// The server cancels statements that take longer (57014). Nil means no limit.
    public var statementTimeout: Duration? = .seconds(30)
    /// The server cancels statements that wait longer for a lock (55P03). Nil means no limit.
    public var lockTimeout: Duration? = .seconds(10)
    /// The server ends sessions that stay idle in a transaction for longer (25P03). Nil means no limit.
    public var idleInTransactionTimeout: Duration? = .seconds(60)
    /// The extra time for a reply, beyond the statement timeout, before the connection counts as lost.
    public var replyGrace: Duration = .seconds(10)
    /// The idle time after which the kernel starts probing the peer.
    public var keepaliveIdle: Duration = .seconds(10)
    /// The interval between the kernel's probes.
    public var keepaliveInterval: Duration = .seconds(5)
    /// The number of unanswered probes after which the kernel closes the connection.
    public var keepaliveCount = 3
    /// The longest time that sent data may stay unacknowledged by the peer's kernel.
    public var tcpUserTimeout: Duration = .seconds(20)

    /// Makes the default options.
    public init() {}

    /// The longest wait for a reply; nil for no limit.
    var patience: Duration? { statementTimeout.map { $0 + replyGrace } }

    /// Keywords and values for PQconnectdbParams. `dbname` holds the whole DSN. It overrides the keywords before it; those
    /// after it override it.
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

    /// The DSN's own `options`, which are appended to ours.
    private static func serverSettings(inDSN dsn: String) throws(PostgresError) -> String? {
      var complaint: UnsafeMutablePointer<CChar>?
      guard let parsed = PQconninfoParse(dsn, &complaint) else {
        defer { PQfreemem(complaint) }
        // libpq quotes the part that it could not parse, which may be part of the password.
        let reason = complaint.map { String(cString: $0).trimmed } ?? "out of memory"
        throw .usage("the DSN is invalid: " + Redaction.withoutValues(reason, sqlState: nil, statement: nil, names: []))
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
  /// The text in one line. libpq's messages end in a newline and may span several lines.
  var trimmed: String {
    split(whereSeparator: \.isNewline).map { line in line.drop(while: \.isWhitespace) }.joined(separator: "; ")
  }
}
