// Opens sockets, TLS and the login handshake, with the client properties.
import CRabbitMQ
import Glibc

extension Connection {
  /// Tries the hosts in turn from a random start, so that clients spread over a cluster.
  static func open(
    _ configuration: ConnectionConfiguration
  ) throws(AMQPError) -> (amqp_connection_state_t, ConnectionConfiguration.Host) {
    var failures: [AMQPError] = []
    let hosts = configuration.hosts
    let start = Int.random(in: 0..<hosts.count)
    for host in hosts[start...] + hosts[..<start] {
      guard let state = amqp_new_connection() else { throw AMQPError(.connect, "out of memory") }
      do throws(AMQPError) {
        try openSocket(state, host, configuration)
        try login(state, host, configuration)
        return (state, host)
      } catch {
        amqp_destroy_connection(state)
        failures.append(error)
      }
    }
    for failure in failures { if case .refused = failure.kind { throw failure } }
    throw AMQPError(.connect, "no broker answered: " + failures.map(\.message).joined(separator: "; "))
  }

  private static func openSocket(
    _ state: amqp_connection_state_t, _ host: ConnectionConfiguration.Host, _ configuration: ConnectionConfiguration
  ) throws(AMQPError) {
    func failed(_ what: String, _ status: Int32) -> AMQPError {
      let reason =
        status == AMQP_STATUS_SOCKET_ERROR.rawValue
        ? "connection refused or host unreachable" : String(cString: amqp_error_string2(status))
      return AMQPError(.connect, "\(host): \(what)\(reason)")
    }
    guard let socket = host.tls == nil ? amqp_tcp_socket_new(state) : amqp_ssl_socket_new(state) else {
      throw AMQPError(.connect, "\(host): cannot create a socket")
    }
    if let tls = host.tls {
      amqp_ssl_socket_set_verify_peer(socket, tls.verifiesPeer ? 1 : 0)
      amqp_ssl_socket_set_verify_hostname(socket, tls.verifiesPeer ? 1 : 0)
      if tls.verifiesPeer {
        let status = amqp_ssl_socket_set_cacert(socket, tls.authorities)
        guard status == AMQP_STATUS_OK.rawValue else { throw failed("authorities '\(tls.authorities)': ", status) }
      }
      if let certificate = tls.certificate, let key = tls.key {
        crabbitmq_never_ask_passphrase(socket)
        let status = amqp_ssl_socket_set_key(socket, certificate, key)
        guard status == AMQP_STATUS_OK.rawValue else { throw failed("certificate '\(certificate)' or its key: ", status) }
      }
    }
    var timeout = configuration.connectTimeout.timeval
    let status = amqp_socket_open_noblock(socket, host.name, Int32(host.port), &timeout)
    guard status == AMQP_STATUS_OK.rawValue else { throw failed("", status) }
    // The fallback for the limit in Connection.makeRoom: the kernel gives up on a peer that accepts no data for this long.
    var patience = UInt32(clamping: (configuration.sendTimeout + .seconds(10)).components.seconds * 1000)
    setsockopt(
      amqp_get_sockfd(state), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, socklen_t(MemoryLayout<UInt32>.size))
  }

  private static func login(
    _ state: amqp_connection_state_t, _ host: ConnectionConfiguration.Host, _ configuration: ConnectionConfiguration
  ) throws(AMQPError) {
    var timeout = configuration.handshakeTimeout.timeval
    amqp_set_handshake_timeout(state, &timeout)
    let arena = EncodingArena()
    var about: [String: FieldValue] = [
      "capabilities": [
        "publisher_confirms": true, "consumer_cancel_notify": true, "basic.nack": true, "connection.blocked": true,
        "authentication_failure_close": true,
      ]
    ]
    if let name = configuration.connectionName { about["connection_name"] = .string(name) }
    var properties = try arena.table(about)
    let heartbeat = Int32(clamping: host.heartbeat ?? max(1, Int(configuration.heartbeat.components.seconds)))
    let reply =
      host.usesCertificateAsLogin
      ? crabbitmq_login_external(state, host.virtualHost, 0, AMQP_DEFAULT_FRAME_SIZE, heartbeat, &properties, host.user)
      : crabbitmq_login_plain(
        state, host.virtualHost, 0, AMQP_DEFAULT_FRAME_SIZE, heartbeat, &properties, host.user, host.password)
    switch reply.reply_type {
    case AMQP_RESPONSE_NORMAL: return
    case AMQP_RESPONSE_SERVER_EXCEPTION where reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD:
      let close = reply.reply.decoded?.load(as: amqp_connection_close_t.self) ?? amqp_connection_close_t()
      let text = String(close.reply_text)
      let isRefusal = [AMQP_ACCESS_REFUSED, AMQP_NOT_ALLOWED].contains(Int32(close.reply_code))
      throw AMQPError(isRefusal ? .refused(code: close.reply_code, text: text) : .connect, "\(host): \(text)")
    default:
      throw AMQPError(.connect, "\(host): logging in: \(String(cString: amqp_error_string2(reply.library_error)))")
    }
  }
}
