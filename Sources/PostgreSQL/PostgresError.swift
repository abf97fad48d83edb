// The one error type of this module. It separates retryable errors from the others.

/// The error of a failed call.
///
/// ``message`` and ``description`` may be logged: they contain no parameters, and quoted values are cut out. ``detail`` must
/// not be logged: the server includes whole keys and rows.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Kind: Sendable, Hashable {
    /// There was no connection, or it is lost. ``Connection/isLost`` is true from then on.
    case connection
    /// The server rejected the request. ``PostgresError/sqlState`` has the reason; the connection stays usable.
    case server
    /// The caller made a mistake: a value that cannot be decoded, a closed connection, a nested transaction.
    case usage
  }

  /// The kind of failure.
  public var kind: Kind
  /// The server's code; nil if the error is not from the server.
  public var sqlState: SQLState?
  /// The error in one line. Values that the server quoted are replaced by `"…"`.
  public var message: String
  /// The server's detail. Never log it: it may contain personal data (`Key (phone)=(…) already exists.`).
  public var detail: String?
  /// The server's hint, mostly about misspelt names.
  public var hint: String?
  /// The table, if the server names it.
  public var table: String?
  /// The column, if the server names it.
  public var column: String?
  /// The violated constraint, if the server names it.
  public var constraint: String?
  /// The statement's text with its placeholders, never its values.
  public var statement: String?
  /// The line of the statement where the server found the error, counted from 1.
  public var line: Int?
  /// Whether the server no longer has the prepared statement, or its plan no longer fits. The next attempt prepares it again.
  var isStalePlan = false

  /// Makes an error, for conformances to ``PostgresDecodable`` and for tests.
  public init(kind: Kind, message: String, sqlState: SQLState? = nil) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
  }

  static func usage(_ message: String) -> PostgresError {
    PostgresError(kind: .usage, message: message)
  }

  /// Whether the values caused the error: data exceptions, violated constraints, sizes (classes 22, 23, 54).
  ///
  /// Other values may then succeed. For other errors that are not ``isRetryable`` that is unknown.
  public var isAboutData: Bool {
    guard kind == .server, let sqlState else { return false }
    return ["22", "23", "54"].contains(sqlState.classCode)
  }

  /// Whether the same work may succeed on another attempt, on a new connection if this one is lost.
  ///
  /// True for a lost connection, a deadlock or serialization failure, a timeout, and a server that is starting, stopping or
  /// short of resources. If the connection is lost during COMMIT, the transaction may be committed: retry only work that is
  /// safe to repeat.
  public var isRetryable: Bool {
    if kind == .connection || isStalePlan { return true }
    guard let sqlState, sqlState != .protocolViolation, sqlState != .transactionIntegrityConstraintViolation else { return false }
    switch sqlState.classCode {
    case "08", "40", "53", "58": return true
    default: return Self.retryableStates.contains(sqlState)
    }
  }

  private static let retryableStates: Set<SQLState> = [
    .objectInUse, .lockNotAvailable, .queryCanceled, .adminShutdown, .crashShutdown, .cannotConnectNow,
    .idleInTransactionSessionTimeout,
  ]

  /// One line for the log, without personal data.
  public var description: String {
    var text = "PostgreSQL \(sqlState?.rawValue ?? "\(kind)"): \(message)"
    let place = [("table", table), ("column", column), ("constraint", constraint), ("line", line.map(String.init))]
      .compactMap { name, value in value.map { "\(name) \($0)" } }
    if !place.isEmpty { text += " (\(place.joined(separator: ", ")))" }
    if let hint { text += " [\(hint)]" }
    if let statement { text += " in: \(Self.abridged(statement))" }
    return text
  }

  /// The statement in one line of at most 200 characters.
  private static func abridged(_ statement: String) -> String {
    let line = statement.prefix(400).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 200 || statement.count > 400 ? line.prefix(200) + "…" : line
  }
}
