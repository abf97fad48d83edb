// The one error type of this module, and the line between what is worth trying again and what is not.

/// Why a call failed.
///
/// ``message`` and ``description`` may be logged: quoted values have been cut from them, and parameters are never in them.
/// ``detail`` may not: the server puts whole keys and rows there.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// Where the failure lies.
  public enum Kind: Sendable, Hashable {
    /// The connection was never made, or is lost: ``Connection/isLost`` is true from then on.
    case connection
    /// The server refused; ``PostgresError/sqlState`` says why, and the connection remains usable.
    case server
    /// The caller's mistake: a value that does not decode, a closed connection, a nested transaction.
    case usage
  }

  /// Where the failure lies.
  public var kind: Kind
  /// The server's code; nil where no server spoke.
  public var sqlState: SQLState?
  /// What went wrong, in one line; values that the server quoted are replaced by `"…"`.
  public var message: String
  /// The server's detail. It may hold personal data (`Key (phone)=(…) already exists.`): never log it.
  public var detail: String?
  /// The server's advice, mostly on misspelt names.
  public var hint: String?
  /// The table concerned, where the server names it.
  public var table: String?
  /// The column concerned, where the server names it.
  public var column: String?
  /// The constraint violated, where the server names it.
  public var constraint: String?
  /// The statement's text with its placeholders, never its values.
  public var statement: String?
  /// The line of the statement at which the server stopped reading, from 1.
  public var line: Int?
  /// Whether the server forgot the prepared statement or its plan no longer fits; the next try prepares it anew.
  var isStalePlan = false

  /// Makes an error; for conformances to ``PostgresDecodable`` and for tests.
  public init(kind: Kind, message: String, sqlState: SQLState? = nil) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
  }

  static func usage(_ message: String) -> PostgresError {
    PostgresError(kind: .usage, message: message)
  }

  /// Whether the fault lies in the values that were sent: data exceptions, violated constraints, sizes (classes 22, 23, 54).
  ///
  /// Other values could succeed where these did not; of any other error that is not ``isRetryable`` this cannot be said.
  public var isAboutData: Bool {
    guard kind == .server, let sqlState else { return false }
    return ["22", "23", "54"].contains(sqlState.classCode)
  }

  /// Whether the same work may succeed when tried again, on a new connection if this one is lost.
  ///
  /// True for a lost connection, a deadlock or serialization failure, a timeout, and a server that starts, stops or is
  /// short of resources. A commit whose connection was lost may have happened: retry only what is safe to repeat.
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
