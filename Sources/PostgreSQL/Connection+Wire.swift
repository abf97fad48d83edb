// Sends and receives without blocking inside libpq. Its own waits have no limit, and a large send can deadlock with a server
// that waits for its answers to be read. So the socket is nonblocking, and the waits here serve both directions at once.

import CPostgreSQL
import Glibc

extension Connection {
  /// The longest time that the server may stay silent in one exchange.
  enum Patience {
    case standard
    /// For several statements answered together: as long as all of them may take.
    case times(Int)
    case atMost(Duration)
  }

  /// Sends libpq's buffered data, and reads incoming data meanwhile.
  func flush(_ patience: Patience = .standard) throws(PostgresError) {
    while true {
      switch PQflush(try open()) {
      case 0: return
      case 1: try exchange(POLLIN | POLLOUT, patience)
      default: throw lose()
      }
    }
  }

  /// Waits until the socket is ready, and reads incoming data.
  func exchange(_ events: Int32, _ patience: Patience = .standard) throws(PostgresError) {
    let handle = try open()
    var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
    let ready = Poll.wait(&descriptor, count: 1, until: deadline(patience))
    guard ready != 0 else { throw lose("the server did not answer in time") }
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

  /// Returns the next result, or nil at the end of a statement's results.
  func nextResult(of statement: String?, _ patience: Patience = .standard) throws(PostgresError) -> ResultHandle? {
    while PQisBusy(try open()) == 1 { try exchange(POLLIN, patience) }
    return PQgetResult(try open()).map { ResultHandle($0, statement: statement, sink: sink) }
  }

  /// Returns the error of a result, if it is one. An error that ended the session marks the connection as lost.
  func failure(_ result: ResultHandle) -> PostgresError? {
    switch PQresultStatus(result.pointer) {
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
      guard let error = ServerMessage(result: result.pointer).error(in: result.statement) else {
        return lose(String(cString: PQresultErrorMessage(result.pointer)).trimmed)
      }
      return error.kind == .connection ? lose(error) : error
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      // The connection is now in COPY mode, and this code cannot leave it.
      return lose(PostgresError(kind: .usage, message: "COPY is only possible through copy(into:columns:_:)"))
    default: return nil
    }
  }

  /// Receives all results of one statement or script and returns the last. Throws the first error among them.
  func finish(_ statement: String?, _ patience: Patience = .standard) throws(PostgresError) -> ResultHandle {
    var last: ResultHandle?
    var firstError: PostgresError?
    while let result = try nextResult(of: statement, patience) {
      if let error = failure(result), firstError == nil { firstError = error }
      if isLost { break }
      last = result
    }
    if let firstError { throw firstError }
    guard let last else { throw lose("the server returned no result") }
    return last
  }

  /// Throws if libpq refused to send. Either the connection is broken or memory is exhausted.
  func checkSent(_ accepted: Int32) throws(PostgresError) {
    if accepted != 1 { throw lose() }
  }

  /// Runs fixed SQL without parameters and returns its last result.
  @discardableResult
  func simple(_ sql: String, _ patience: Patience = .standard) throws(PostgresError) -> ResultHandle {
    try checkSent(PQsendQuery(try open(), sql))
    try flush(patience)
    return try finish(sql, patience)
  }
}

extension String {
  /// The name as a quoted SQL identifier. Any characters are allowed.
  var quotedIdentifier: String {
    "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
