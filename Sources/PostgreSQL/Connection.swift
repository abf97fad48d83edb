// A session with the server: opening, state and closing. Its operations are in the extensions, one file each.

import CPostgreSQL

/// A connection to PostgreSQL over libpq.
///
/// Use it from one thread at a time; calls block that thread. ``Options`` limits every wait. A lost connection stays lost
/// (``isLost``), and every call on it throws kind `connection`: close it and make a new one.
public final class Connection {
  /// libpq's connection; nil once closed or lost.
  var handle: OpaquePointer?
  /// The error that lost the connection.
  var loss: PostgresError?
  var cache = StatementCache()
  /// The longest time that the server may stay silent while a reply is due.
  let patience: Duration?
  let sink = NoticeSink()

  /// The server's version, e.g. 150018 for 15.18.
  public let serverVersion: Int

  /// Connects to the first host of the DSN that accepts. Unless the DSN says otherwise, the host must allow writes.
  ///
  /// - Parameters:
  ///   - dsn: A libpq connection string or URL, possibly with several hosts. The `PG*` variables supply missing parts.
  ///   - options: Time limits and other settings.
  /// - Throws: Kind `usage` for an invalid DSN, `connection` for everything else.
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
    // Unretained is safe: the sink outlives the handle, which deinit closes, and every result retains the sink.
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

  /// Receives the server's notices; nil drops them. It runs inside other calls and must not use the connection.
  public var onNotice: ((Notice) -> Void)? {
    get { sink.handler }
    set { sink.handler = newValue }
  }

  /// Whether the connection is lost. A loss is detected during calls and is permanent.
  public var isLost: Bool { loss != nil }

  /// Whether a transaction is open, including a failed one.
  public var isInTransaction: Bool {
    switch handle.map(PQtransactionStatus) {
    case PQTRANS_INTRANS, PQTRANS_INERROR: true
    default: false
    }
  }

  /// The socket's file descriptor, for poll(2) only; -1 once closed or lost.
  public var socket: Int32 { handle.map(PQsocket) ?? -1 }

  /// Ends the session. The server rolls back an open transaction. Closing twice has no effect.
  public func close() {
    PQfinish(handle)
    handle = nil
  }

  /// Returns the handle, or throws if there is none.
  func open() throws(PostgresError) -> OpaquePointer {
    if let handle { return handle }
    throw loss ?? .usage("the connection is closed")
  }

  /// Marks the connection as lost, with the server's own message if there is one.
  func lose(_ reason: String? = nil) -> PostgresError {
    let message = reason ?? handle.map { String(cString: PQerrorMessage($0)).trimmed } ?? ""
    return lose(
      sink.farewell ?? PostgresError(kind: .connection, message: message.isEmpty ? "the connection is lost" : message))
  }

  /// Marks the connection as lost. The first error is kept.
  func lose(_ error: PostgresError) -> PostgresError {
    close()
    if loss == nil {
      loss = error
      // Later calls did not run this statement, so they must not report it.
      loss?.statement = nil
    }
    return error
  }
}

@available(*, unavailable, message: "use a connection from one thread at a time")
extension Connection: Sendable {}

/// Passes strings as the null-terminated array that libpq expects.
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
