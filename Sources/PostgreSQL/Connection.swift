// A session with the server: made, looked at, closed. What can be done with it is in the extensions, one file each.

import CPostgreSQL

/// A connection to PostgreSQL over libpq.
///
/// It belongs to one thread at a time and blocks it; every wait is bounded by ``Options``. Once lost it stays lost
/// (``isLost``), and every call throws kind `connection`: close it and make another.
public final class Connection {
  /// libpq's connection; nil once closed or lost.
  var handle: OpaquePointer?
  /// Why the connection was lost.
  var loss: PostgresError?
  var cache = StatementCache()
  /// How long the server may stay silent while it owes an answer.
  let patience: Duration?
  let sink = NoticeSink()

  /// The server's version, e.g. 150018 for 15.18.
  public let serverVersion: Int

  /// Connects to the first host of the DSN that accepts and, unless the DSN says otherwise, takes writes.
  ///
  /// - Parameters:
  ///   - dsn: A libpq connection string or URL, which may name several hosts; the `PG*` variables fill in what it leaves out.
  ///   - options: Time limits and the like.
  /// - Throws: Kind `usage` for a DSN that does not parse, `connection` for everything else.
  public init(_ dsn: String, options: Options = .init()) throws(PostgresError) {
    let keywords = try options.keywords(dsn: dsn)
    let connected = withCStrings(keywords.map(\.keyword)) { names in
      withCStrings(keywords.map(\.value)) { values in PQconnectdbParams(names, values, 1) }
    }
    guard let handle = connected else { throw PostgresError(kind: .connection, message: "out of memory") }
    guard PQstatus(handle) == CONNECTION_OK, PQsetnonblocking(handle, 1) == 0 else {
      defer { PQfinish(handle) }
      throw PostgresError(kind: .connection, message: String(cString: PQerrorMessage(handle)).trimmed)
    }
    self.handle = handle
    self.patience = options.patience
    self.serverVersion = Int(PQserverVersion(handle))
    // Unretained is safe: the sink outlives the handle, which deinit closes, and every result holds on to it too.
    PQsetNoticeReceiver(
      handle,
      { sink, result in
        guard let sink, let result else { return }
        Unmanaged<NoticeSink>.fromOpaque(sink).takeUnretainedValue().receive(ServerMessage(result: result))
      }, Unmanaged.passUnretained(sink).toOpaque())
  }

  deinit {
    PQfinish(handle)
  }

  /// Receives the server's notices; dropped by default. It runs inside other calls and must not use the connection.
  public var onNotice: ((Notice) -> Void)? {
    get { sink.handler }
    set { sink.handler = newValue }
  }

  /// Whether the server is gone for this connection. It is noticed in use, and never becomes false again.
  public var isLost: Bool { loss != nil }

  /// Whether a transaction is open, be it a failed one.
  public var isInTransaction: Bool {
    switch handle.map(PQtransactionStatus) {
    case PQTRANS_INTRANS, PQTRANS_INERROR: true
    default: false
    }
  }

  /// The socket's file descriptor, for poll(2) only; -1 once closed or lost.
  public var socket: Int32 { handle.map(PQsocket) ?? -1 }

  /// Ends the session; an open transaction is rolled back by the server. Closing twice does nothing.
  public func close() {
    PQfinish(handle)
    handle = nil
  }

  /// The handle, while there is one.
  func open() throws(PostgresError) -> OpaquePointer {
    if let handle { return handle }
    throw loss ?? .usage("the connection is closed")
  }

  /// Gives the connection up for good, with the server's own words if it left any.
  func lose(_ reason: String? = nil) -> PostgresError {
    let message = reason ?? handle.map { String(cString: PQerrorMessage($0)).trimmed } ?? ""
    return lose(
      sink.farewell ?? PostgresError(kind: .connection, message: message.isEmpty ? "the connection is lost" : message))
  }

  /// Gives the connection up for good. The first reason stands.
  func lose(_ error: PostgresError) -> PostgresError {
    close()
    if loss == nil {
      loss = error
      // Later calls did not run this statement.
      loss?.statement = nil
    }
    return error
  }
}

@available(*, unavailable, message: "a connection belongs to one thread at a time")
extension Connection: Sendable {}

/// Lends strings as the null-terminated array that libpq takes.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
  var bytes: [CChar] = []
  let offsets = strings.map { string in
    defer { bytes.append(contentsOf: string.utf8CString) }
    return bytes.count
  }
  return bytes.withUnsafeBufferPointer { buffer in
    body(offsets.map { buffer.baseAddress?.advanced(by: $0) } + [nil])
  }
}
