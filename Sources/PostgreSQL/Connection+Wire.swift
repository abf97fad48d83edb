// Sending and receiving without ever blocking in libpq: its own waits have no bound, and a large send can deadlock with a
// server that wants its answers read first. So the socket is nonblocking, and waiting is done here, in both directions at once.

import CPostgreSQL
import Glibc

extension Connection {
  /// How long the server may stay silent in one exchange.
  enum Patience {
    case standard
    /// For several statements answered together: the server's silence may last as long as all of them.
    case times(Int)
    case atMost(Duration)
  }

  /// Sends what libpq has buffered, and takes in whatever arrives meanwhile.
  func flush(_ patience: Patience = .standard) throws(PostgresError) {
    while true {
      switch PQflush(try open()) {
      case 0: return
      case 1: try exchange(POLLIN | POLLOUT, patience)
      default: throw lose()
      }
    }
  }

  /// Waits until the socket is ready, and takes in what has arrived.
  func exchange(_ events: Int32, _ patience: Patience = .standard) throws(PostgresError) {
    let handle = try open()
    var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
    let ready = Poll.wait(&descriptor, count: 1, until: deadline(patience))
    guard ready != 0 else { throw lose("the server has been silent for too long") }
    guard ready > 0 else { throw lose("poll failed with error \(errno)") }
    if descriptor.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, PQconsumeInput(handle) != 1 { throw lose() }
  }

  private func deadline(_ patience: Patience) -> ContinuousClock.Instant? {
    switch patience {
    case .standard: self.patience.map { .now + $0 }
    case .times(let count): self.patience.map { .now + $0 * count }
    case .atMost(let limit): .now + limit
    }
  }

  /// The next result; nil at the end of a statement's results.
  func nextResult(of statement: String?, _ patience: Patience = .standard) throws(PostgresError) -> ResultHandle? {
    while PQisBusy(try open()) == 1 { try exchange(POLLIN, patience) }
    return PQgetResult(try open()).map { ResultHandle($0, statement: statement, sink: sink) }
  }

  /// The error that a result stands for, if any. An error that ended the session loses the connection.
  func failure(_ result: ResultHandle) -> PostgresError? {
    switch PQresultStatus(result.pointer) {
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
      guard let error = ServerMessage(result: result.pointer).error(in: result.statement) else {
        return lose(String(cString: PQresultErrorMessage(result.pointer)).trimmed)
      }
      return error.kind == .connection ? lose(error) : error
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      // The wire now carries data in a protocol of its own, and nobody is there to speak it.
      return lose(PostgresError(kind: .usage, message: "COPY runs through copy(into:columns:_:) only"))
    default: return nil
    }
  }

  /// Receives all results of one statement or script, and returns the last; throws the first error among them.
  func finish(_ statement: String?, _ patience: Patience = .standard) throws(PostgresError) -> ResultHandle {
    var last: ResultHandle?
    var firstError: PostgresError?
    while let result = try nextResult(of: statement, patience) {
      if let error = failure(result), firstError == nil { firstError = error }
      if isLost { break }
      last = result
    }
    if let firstError { throw firstError }
    guard let last else { throw lose("the server gave no result") }
    return last
  }

  /// What follows when libpq refuses to send: either the connection is broken, or memory is short.
  func checkSent(_ accepted: Int32) throws(PostgresError) {
    if accepted != 1 { throw lose() }
  }

  /// Runs fixed text without parameters and returns its last result.
  @discardableResult
  func simple(_ sql: String, _ patience: Patience = .standard) throws(PostgresError) -> ResultHandle {
    try checkSent(PQsendQuery(try open(), sql))
    try flush(patience)
    return try finish(sql, patience)
  }
}

extension String {
  /// The name as an SQL identifier, whatever characters it has.
  var quotedIdentifier: String {
    "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
