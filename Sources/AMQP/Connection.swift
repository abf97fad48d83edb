// A connection to a broker: frames, heartbeats, and dispatch to channels.
//
// These properties of librabbitmq 0.11 (read from its source) shape this file:
// - It sends heartbeats only inside its calls. So every wait here is split into slices of half a heartbeat.
// - Its sends have no deadline. If the broker stops reading (a memory or disk alarm) a send blocks forever, because the
//   broker's heartbeats still arrive. So data is handed over only after poll(2) reports room, and at most `sendQuantum` bytes
//   at once: the kernel calls a socket writable when a third of its buffer is free. TCP_USER_TIMEOUT is the fallback.
// - Its amqp_read_message waits without limit for the rest of a message and loses queued frames of other channels. So
//   messages are assembled here, frame by frame, with one copy of the body.
// - After a frame is dispatched, nothing refers to its buffers. So they are recycled after every frame.
import CRabbitMQ
import Glibc

/// A connection to one broker, with its channels.
///
/// Use it from one thread at a time; calls block that thread. It is not `Sendable`. Its owner must call it (``service()``, a
/// wait, or any other call) at least every half heartbeat, or the broker closes it after two.
///
/// Its thread needs a stack of 4 MiB: librabbitmq reads nested headers recursively, and a publisher can nest them as deep as
/// a frame allows.
public final class Connection {
  /// The configuration that it was opened with.
  public let configuration: ConnectionConfiguration
  /// The host that accepted the connection.
  public let host: ConnectionConfiguration.Host
  /// The reason why the broker accepts no messages now (a memory or disk alarm), or nil if it does.
  public private(set) var blockedReason: String?

  let state: amqp_connection_state_t
  let arena = EncodingArena()
  /// The largest frame that the broker accepts, in bytes.
  let frameMax: Int
  private(set) var failure: AMQPError?
  private var lives: [ChannelLife?] = []
  private let heartbeatSlice: Duration
  private var heartbeatDue: Instant
  private var sentSinceCheck = Int.max
  private var checkDue: Instant

  static let sendQuantum = 16_384
  /// 4 MiB, less a margin for guard pages. The deepest nesting that fits in a frame was measured to need less than 3 MiB.
  private static let smallestStack = 4 << 20 - 65_536

  /// Connects to the first host that answers, starting at a random one.
  ///
  /// Throws ``AMQPError/Kind/refused(code:text:)`` if no host accepted the login and at least one gave a reason,
  /// ``AMQPError/Kind/connect`` if no host answered, ``AMQPError/Kind/usage`` if the thread's stack is too small. Blocks for
  /// at most the connect and handshake timeouts per host.
  public init(_ configuration: ConnectionConfiguration) throws(AMQPError) {
    let stackSize = crabbitmq_stack_size()
    guard stackSize == 0 || stackSize >= Self.smallestStack else {
      throw AMQPError(
        .usage, "this thread's stack of \(stackSize >> 10) KiB is too small for a connection; give it 4 MiB or more")
    }
    let (state, host) = try Self.open(configuration)
    self.configuration = configuration
    self.state = state
    self.host = host
    frameMax = Int(amqp_get_frame_max(state))
    let heartbeat = Int(amqp_get_heartbeat(state))
    // A broker adds its own headers (x-delivery-count, x-death) and may exceed the frame limit then, if the publisher's
    // headers already fill a frame. librabbitmq would drop the connection on such a frame, and again on every redelivery. So
    // allow larger frames. librabbitmq aborts if it is tuned in the middle of a frame.
    if amqp_release_buffers_ok(state) != 0 {
      amqp_tune_connection(state, amqp_get_channel_max(state), Int32(frameMax + 65_536), Int32(heartbeat))
    }
    heartbeatSlice = .milliseconds(heartbeat > 0 ? heartbeat * 500 : 10_000)
    heartbeatDue = .now + heartbeatSlice
    checkDue = .now
  }

  deinit { amqp_destroy_connection(state) }

  /// The socket's descriptor, for poll(2) together with others; -1 once closed.
  ///
  /// Data that has already been read does not make it readable: call ``service()`` first.
  public var socket: Int32 { amqp_get_sockfd(state) }

  /// Whether calls can still succeed.
  public var isOpen: Bool { failure == nil }

  /// Opens a channel. Throws ``AMQPError/Kind/usage`` if the negotiated number of channels is open.
  public func openChannel() throws(AMQPError) -> Channel {
    var number = 1
    while number < lives.count, lives[number] != nil { number += 1 }
    guard number <= Int(amqp_get_channel_max(state)) else {
      throw AMQPError(.usage, "the broker allows \(amqp_get_channel_max(state)) channels per connection, and all are open")
    }
    while lives.count <= number { lives.append(nil) }
    let life = ChannelLife(number: UInt16(number))
    lives[number] = life
    do {
      _ = try call(AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t(), on: life, expecting: AMQP_CHANNEL_OPEN_OK_METHOD)
    } catch {
      lives[number] = nil
      throw error
    }
    return Channel(connection: self, life: life)
  }

  /// Sends a heartbeat if one is due and reads everything that has arrived, without waiting. Events are kept for their
  /// channels.
  public func service() throws(AMQPError) {
    while try readFrame() {}
    sendHeartbeatIfDue()
  }

  /// Closes the connection in order. The broker requeues unacknowledged deliveries. Blocks for at most two seconds.
  public func close() {
    guard failure == nil else { return }
    let farewell = amqp_connection_close_t(
      reply_code: UInt16(AMQP_REPLY_SUCCESS), reply_text: amqp_bytes_t(), class_id: 0, method_id: 0)
    let deadline = Instant.now + .seconds(2)
    do throws(AMQPError) {
      try send(AMQP_CONNECTION_CLOSE_METHOD, farewell, on: 0, until: deadline)
      while failure == nil {
        if try readFrame() { continue }
        guard try wait(until: deadline) else { break }
      }
    } catch {}
    if failure == nil { fail(AMQPError(.lost, "the connection is closed")) }
    shutdown(socket, Int32(SHUT_RDWR))
  }

  // MARK: Waiting and reading

  /// Throws if the connection has failed.
  func check() throws(AMQPError) {
    if let failure { throw failure }
  }

  func fail(_ error: AMQPError) {
    if failure == nil { failure = error }
  }

  /// Waits until the socket is readable. Returns false if the deadline has passed or a wake descriptor is readable.
  ///
  /// Call it only after ``readFrame()`` has returned false: frames that are already buffered do not make the socket readable.
  func wait(until deadline: Instant, orReadable wake: [Int32] = []) throws(AMQPError) -> Bool {
    while true {
      let now = Instant.now
      let slice = min(deadline - now, heartbeatSlice)
      switch poll(socket: socket, for: POLLIN, orReadable: wake, timeout: slice) {
      case .socket: return true
      case .wake: return false
      case .timeout:
        sendHeartbeatIfDue()
        if deadline <= Instant.now { return false }
        // This also detects a peer that has been silent for two heartbeats.
        if try readFrame() { return true }
      }
    }
  }

  /// Reads one frame, if one has arrived, and passes it to its channel.
  ///
  /// It never reads after a failure: after data that it cannot decode, librabbitmq would write past its buffer.
  func readFrame() throws(AMQPError) -> Bool {
    try check()
    var frame = amqp_frame_t()
    var none = timeval()
    let status = amqp_simple_wait_frame_noblock(state, &frame, &none)
    switch status {
    case AMQP_STATUS_OK.rawValue:
      try dispatch(frame)
      return true
    case AMQP_STATUS_TIMEOUT.rawValue: return false
    default: throw lose(status, while: "reading")
    }
  }

  private func sendHeartbeatIfDue() {
    let now = Instant.now
    // If the socket has no room, the broker is not reading and would not see the heartbeat either.
    guard now >= heartbeatDue, failure == nil, poll(socket: socket, for: POLLOUT, timeout: .zero) == .socket else { return }
    heartbeatDue = now + heartbeatSlice
    var frame = amqp_frame_t()
    frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
    // A failure shows up at the next read.
    amqp_send_frame(state, &frame)
  }

  private func lose(_ status: Int32, while doing: StaticString) -> AMQPError {
    let error = AMQPError(.lost, "\(host): connection lost while \(doing): \(String(cString: amqp_error_string2(status)))")
    fail(error)
    return failure ?? error
  }

  // MARK: Sending

  /// Waits until the socket has room for more bytes, and reads incoming frames meanwhile.
  ///
  /// It asks the kernel only once per ``sendQuantum`` bytes, or after a second.
  func makeRoom(for byteCount: Int, until deadline: Instant) throws(AMQPError) {
    try check()
    let now = Instant.now
    if now < checkDue, sentSinceCheck <= Self.sendQuantum - byteCount {
      sentSinceCheck += byteCount
      return
    }
    while true {
      while try readFrame() {}
      let left = min(deadline - Instant.now, heartbeatSlice)
      _ = poll(socket: socket, for: POLLIN | POLLOUT, timeout: left)
      if poll(socket: socket, for: POLLOUT, timeout: .zero) == .socket { break }
      guard Instant.now < deadline else {
        throw AMQPError(
          .timeout, "\(host): the broker accepts no data: \(blockedReason ?? "it has stopped reading from the connection")")
      }
    }
    sentSinceCheck = byteCount
    checkDue = .now + min(heartbeatSlice, .seconds(1))
  }

  /// Sends a method that has no reply.
  func send<Method>(
    _ id: amqp_method_number_t, _ method: Method, on channel: UInt16, until deadline: Instant? = nil
  ) throws(AMQPError) {
    try makeRoom(for: 1024, until: deadline ?? .now + configuration.sendTimeout)
    var method = method
    let status = withUnsafeMutableBytes(of: &method) { amqp_send_method(state, channel, id, $0.baseAddress) }
    guard status == AMQP_STATUS_OK.rawValue else { throw sendFailure(status) }
  }

  /// Returns the error for a failed send.
  ///
  /// A broker that closes the connection first says why. That reason may still be unread, so read it.
  func sendFailure(_ status: Int32) -> AMQPError {
    let isSocketsFault = [AMQP_STATUS_SOCKET_ERROR, AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SSL_ERROR].contains {
      $0.rawValue == status
    }
    if isSocketsFault { while (try? readFrame()) == true {} }
    return lose(status, while: "sending")
  }

  /// Sends a method and waits for its reply. The reply's content is valid until the next frame is read.
  ///
  /// If no reply comes within the configured timeout, the state of the connection is unknown, so the connection fails.
  func call<Method>(
    _ id: amqp_method_number_t, _ method: Method, on life: ChannelLife, expecting reply: amqp_method_number_t,
    or otherReply: amqp_method_number_t? = nil
  ) throws(AMQPError) -> amqp_method_t {
    try life.check()
    life.expected = (reply, otherReply)
    defer { life.expected = nil }
    try send(id, method, on: life.number)
    arena.reset()
    let deadline = Instant.now + configuration.replyTimeout
    while true {
      if let reply = life.reply.take() { return reply }
      try life.check()
      if try readFrame() { continue }
      guard try wait(until: deadline) else {
        fail(AMQPError(.timeout, "\(host): no answer in \(configuration.replyTimeout)"))
        continue
      }
    }
  }

  // MARK: Dispatching

  /// Passes a frame to its channel and recycles its memory.
  private func dispatch(_ frame: amqp_frame_t) throws(AMQPError) {
    if frame.channel == 0 {
      if Int32(frame.frame_type) == AMQP_FRAME_METHOD { dispatchConnection(frame.payload.method) }
    } else if let life = Int(frame.channel) < lives.count ? lives[Int(frame.channel)] : nil {
      do {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD: try dispatchChannel(frame.payload.method, to: life)
        case AMQP_FRAME_HEADER:
          try life.header(bodySize: frame.payload.properties.body_size, properties: frame.payload.properties.decoded)
        case AMQP_FRAME_BODY: try life.body(UnsafeRawBufferPointer(frame.payload.body_fragment))
        default: break
        }
      } catch {
        fail(error)
        throw error
      }
      // The waiting caller reads the reply's content before the next frame is read.
      if life.reply != nil { return }
    }
    amqp_maybe_release_buffers_on_channel(state, frame.channel)
  }

  private func dispatchConnection(_ method: amqp_method_t) {
    switch method.id {
    case AMQP_CONNECTION_CLOSE_METHOD:
      let close = method.decoded?.load(as: amqp_connection_close_t.self) ?? amqp_connection_close_t()
      let text = String(close.reply_text)
      if poll(socket: socket, for: POLLOUT, timeout: .zero) == .socket {
        var ok = amqp_connection_close_ok_t()
        amqp_send_method(state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok)
      }
      fail(
        AMQPError(
          .connectionClosed(code: close.reply_code, text: text), "\(host): the broker closed the connection: \(text)"))
    case AMQP_CONNECTION_CLOSE_OK_METHOD: fail(AMQPError(.lost, "the connection is closed"))
    case AMQP_CONNECTION_BLOCKED_METHOD:
      blockedReason = method.decoded.map { String($0.load(as: amqp_connection_blocked_t.self).reason) } ?? "blocked"
    case AMQP_CONNECTION_UNBLOCKED_METHOD: blockedReason = nil
    default: break
    }
  }

  private func dispatchChannel(_ method: amqp_method_t, to life: ChannelLife) throws(AMQPError) {
    switch method.id {
    case AMQP_CHANNEL_CLOSE_METHOD:
      let close = method.decoded?.load(as: amqp_channel_close_t.self) ?? amqp_channel_close_t()
      let text = String(close.reply_text)
      life.close(
        AMQPError(.channelClosed(code: close.reply_code, text: text), "\(host): the broker closed a channel: \(text)"))
      lives[Int(life.number)] = nil
      try send(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t(), on: life.number)
    case AMQP_BASIC_CANCEL_METHOD:
      guard let cancel = method.decoded?.load(as: amqp_basic_cancel_t.self) else { return }
      let tag = String(cancel.consumer_tag)
      life.events.append(.consumerCancelled(consumerTag: tag))
      if cancel.nowait == 0 {
        let ok = amqp_basic_cancel_ok_t(consumer_tag: arena.text(tag))
        try send(AMQP_BASIC_CANCEL_OK_METHOD, ok, on: life.number)
      }
    default: try life.method(method)
    }
  }

  /// Closes a channel from this side and frees its number.
  func close(_ life: ChannelLife) {
    defer { life.close(AMQPError(.usage, "the channel is closed")) }
    guard life.closed == nil, failure == nil else { return }
    let farewell = amqp_channel_close_t(
      reply_code: UInt16(AMQP_REPLY_SUCCESS), reply_text: amqp_bytes_t(), class_id: 0, method_id: 0)
    do throws(AMQPError) {
      _ = try call(AMQP_CHANNEL_CLOSE_METHOD, farewell, on: life, expecting: AMQP_CHANNEL_CLOSE_OK_METHOD)
      lives[Int(life.number)] = nil
    } catch {
      // The broker still considers the channel open, so its number must not be used again.
      if error.kind == .timeout { fail(error) }
    }
  }
}
