// SQLSTATE codes: the part of a server error that programs may decide by.

/// An SQLSTATE: five characters. The first two are its class (PostgreSQL manual, appendix A).
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The five characters, e.g. `23505`.
  public let rawValue: String

  /// Wraps a code from the server without checking it.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  private init(_ rawValue: String) {
    self.rawValue = rawValue
  }

  /// The first two characters, e.g. `23` for all constraint violations.
  public var classCode: String { String(rawValue.prefix(2)) }

  /// The code itself.
  public var description: String { rawValue }
}

extension SQLState {
  /// 08P01. Also for a binary value shorter than its type, which is not retryable.
  public static let protocolViolation = SQLState("08P01")
  /// 0A000. Also for a prepared statement whose result type was changed by DDL.
  public static let featureNotSupported = SQLState("0A000")
  /// 22001: longer than the column allows.
  public static let stringDataRightTruncation = SQLState("22001")
  /// 22003: a number too large for its type.
  public static let numericValueOutOfRange = SQLState("22003")
  /// 22021: bytes that are invalid in the encoding, including NUL in text.
  public static let characterNotInRepertoire = SQLState("22021")
  /// 22P02: text that its type's input function rejects.
  public static let invalidTextRepresentation = SQLState("22P02")
  /// 22P03: a binary value of the wrong shape for its type.
  public static let invalidBinaryRepresentation = SQLState("22P03")
  /// 23502.
  public static let notNullViolation = SQLState("23502")
  /// 23503.
  public static let foreignKeyViolation = SQLState("23503")
  /// 23505.
  public static let uniqueViolation = SQLState("23505")
  /// 23514. Also for a row that fits no partition.
  public static let checkViolation = SQLState("23514")
  /// 23P01.
  public static let exclusionViolation = SQLState("23P01")
  /// 25006: a write on a standby or in a read-only transaction.
  public static let readOnlySQLTransaction = SQLState("25006")
  /// 25P02: the transaction has failed and can only be rolled back.
  public static let inFailedSQLTransaction = SQLState("25P02")
  /// 25P03: `idle_in_transaction_session_timeout` ended the session.
  public static let idleInTransactionSessionTimeout = SQLState("25P03")
  /// 26000: the session no longer has the prepared statement.
  public static let invalidSQLStatementName = SQLState("26000")
  /// 40001.
  public static let serializationFailure = SQLState("40001")
  /// 40002: a constraint violated at commit. Retrying violates it again.
  public static let transactionIntegrityConstraintViolation = SQLState("40002")
  /// 40P01.
  public static let deadlockDetected = SQLState("40P01")
  /// 42501.
  public static let insufficientPrivilege = SQLState("42501")
  /// 42601.
  public static let syntaxError = SQLState("42601")
  /// 42703.
  public static let undefinedColumn = SQLState("42703")
  /// 42P01.
  public static let undefinedTable = SQLState("42P01")
  /// 42P07.
  public static let duplicateTable = SQLState("42P07")
  /// 53300.
  public static let tooManyConnections = SQLState("53300")
  /// 55006: e.g. a template database with sessions on it.
  public static let objectInUse = SQLState("55006")
  /// 55P03: `lock_timeout` passed, or NOWAIT found the lock held.
  public static let lockNotAvailable = SQLState("55P03")
  /// 57014: `statement_timeout` passed, or another session cancelled the statement.
  public static let queryCanceled = SQLState("57014")
  /// 57P01: the session was terminated, or the server is shutting down.
  public static let adminShutdown = SQLState("57P01")
  /// 57P02: another session crashed, so the server ended all sessions.
  public static let crashShutdown = SQLState("57P02")
  /// 57P03: the server is starting up.
  public static let cannotConnectNow = SQLState("57P03")
  /// P0001: RAISE EXCEPTION without a code of its own.
  public static let raiseException = SQLState("P0001")
}
