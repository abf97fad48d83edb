// Converts the server's errors and notices, which share their fields, to Swift values.

import CPostgreSQL

/// A notice from the server, e.g. `relation "item" already exists, skipping`.
public struct Notice: Sendable {
  /// DEBUG, LOG, INFO, NOTICE or WARNING.
  public let severity: String
  /// The notice's code, if it has one.
  public let sqlState: SQLState?
  /// The text. Unlike an error's message it is not redacted: a function's RAISE NOTICE may contain anything.
  public let message: String
}

/// Reads the fields of an error or notice.
struct ServerMessage {
  let result: OpaquePointer

  func field(_ code: Int32) -> String? {
    PQresultErrorField(result, code).map { String(cString: $0) }
  }

  /// FATAL and PANIC end the session.
  var endsSession: Bool {
    switch field(cpostgresql_diag_severity) {
    case "FATAL", "PANIC": true
    default: false
    }
  }

  var notice: Notice {
    Notice(
      severity: field(cpostgresql_diag_severity) ?? "NOTICE",
      sqlState: field(cpostgresql_diag_sqlstate).map(SQLState.init(rawValue:)),
      message: field(cpostgresql_diag_message) ?? "")
  }

  /// Returns the error, or nil if it has no code. Then it is libpq's own message about a broken connection.
  func error(in statement: String?) -> PostgresError? {
    guard let state = field(cpostgresql_diag_sqlstate).map(SQLState.init(rawValue:)) else { return nil }
    let names = [cpostgresql_diag_table, cpostgresql_diag_column, cpostgresql_diag_constraint].compactMap(field)
    let position = field(cpostgresql_diag_position).flatMap { Int($0) }
    // With a position, the error is about the statement's text. Without parameters, there is only text.
    let isAboutText = position != nil || statement?.contains("$1") == false
    let message = Redaction.withoutValues(
      field(cpostgresql_diag_message) ?? "", sqlState: state, statement: isAboutText ? statement : nil, names: names)
    var error = PostgresError(kind: endsSession ? .connection : .server, message: message, sqlState: state)
    error.detail = field(cpostgresql_diag_detail)
    error.hint = field(cpostgresql_diag_hint)
    error.table = field(cpostgresql_diag_table)
    error.column = field(cpostgresql_diag_column)
    error.constraint = field(cpostgresql_diag_constraint)
    error.statement = statement
    if let statement, let position {
      error.line = 1 + statement.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" }
    }
    return error
  }
}

/// Receives libpq's notices. libpq keeps its address in the connection and in every result, so each owner of those must
/// retain the sink too.
final class NoticeSink {
  var handler: ((Notice) -> Void)?
  /// The error that ended an idle session, which libpq delivers as a notice.
  var farewell: PostgresError?

  func receive(_ message: ServerMessage) {
    if message.endsSession {
      farewell = message.error(in: nil)
    } else {
      handler?(message.notice)
    }
  }
}
