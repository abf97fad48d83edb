// A connection to a broker: frames in and out, heartbeats, and who gets what arrives.
//
// The rules that shape this file, each learnt from librabbitmq 0.11's own code:
// - It sends heartbeats only inside its calls. Every wait here is cut into slices of half a heartbeat.
// - Its sends have no deadline: on a socket that the broker has ceased to read (a memory or disk alarm) they wait for ever, since
//   the broker's heartbeats still arrive. So nothing is handed to it before poll(2) says that the socket has room, and never more
//   than `sendQuantum` at once: the kernel calls a socket writable when a third of its buffer is free. TCP_USER_TIMEOUT stands behind.
// - Its amqp_read_message waits without bound for the rest of a message, and loses queued frames of other channels. Messages are put
//   together here instead, frame by frame, with one copy of the body.
// - Nothing refers to its buffers once a frame has been dispatched, so they are recycled after every frame.
import CRabbitMQ
import Glibc

/// A connection to one broker, with its channels.
///
/// It belongs to one thread at a time and blocks it; it is not `Sendable`. Whoever holds one must come back to it (``service()``,
/// a wait, a call) at least every half heartbeat, or the broker takes it for dead after two.
///
/// Its thread needs a stack of 4 MiB: librabbitmq reads nested headers by recursion, and anyone who may publish can nest them as
/// deep as a frame allows.
public final class Connection {
  /// What it was opened with.
  public let configuration: ConnectionConfiguration
  /// The host that answered.
  public let host: ConnectionConfiguration.Host
  /// Why the broker takes no messages at present (a memory or disk alarm), nil if it does.
  public private(set) var blockedReason: String?

  let state: amqp_connection_state_t
  let arena = EncodingArena()
  /// The largest frame that the broker takes.
  let frameMax: Int
  private(set) var failure: AMQPError?
  private var lives: [ChannelLife?] = []
  private let heartbeatSlice: Duration
  private var heartbeatDue: Instant
  private var sentSinceCheck = Int.max
  private var checkDue: Instant

  static let sendQuantum = 16_384
  /// 4 MiB, less what guard pages may take of it. The deepest nesting that fits a frame was measured to need under 3 MiB.
  private static let smallestStack = 4 << 20 - 65_536

  /// Connects to the first host that answers, starting at a random one.
  ///
  /// Throws ``AMQPError/Kind/refused(code:text:)`` if none let us in and at least one said why, ``AMQPError/Kind/connect`` if none
  /// answered, ``AMQPError/Kind/usage`` if the thread's stack is too small. Lasts at most the connect and handshake timeouts, for
  /// each host.
  public init(_ configuration: ConnectionConfiguration) throws(AMQPError) {
    let stackSize = crabbitmq_stack_size()
    guard stackSize == 0 || stackSize >= Self.smallestStack else {
      throw AMQPError(
        .usage, "this thread's stack of \(stackSize >> 10) KiB is too small for a connection: give it 4 MiB or more")
    }
    let (state, host) = try Self.open(configuration)
    self.configuration = configuration
    self.state = state
    self.host = host
    frameMax = Int(amqp_get_frame_max(state))
    let heartbeat = Int(amqp_get_heartbeat(state))
    // A broker adds headers of its own (x-delivery-count, x-death) to a message whose headers may fill a frame already, and does
    // not mind the limit then. librabbitmq would give up the connection over such a frame, and over its redelivery, for ever.
    // (It may be tuned between two frames only, and aborts otherwise.)
    if amqp_release_buffers_ok(state) != 0 {
      amqp_tune_connection(state, amqp_get_channel_max(state), Int32(frameMax + 65_536), Int32(heartbeat))
    }
    heartbeatSlice = .milliseconds(heartbeat > 0 ? heartbeat * 500 : 10_000)
    heartbeatDue = .now + heartbeatSlice
    checkDue = .now
  }

  deinit { amqp_destroy_connection(state) }

  /// The socket's descriptor, to wait on together with others; -1 once it is closed.
  ///
  /// Readability tells of more to come, but what has already been read is not seen there: call ``service()`` first.
  public var socket: Int32 { amqp_get_sockfd(state) }

  /// Whether calls can still succeed.
  public var isOpen: Bool { failure == nil }

  /// Opens a channel.
  public func openChannel() throws(AMQPError) -> Channel {
    var number = 1
    while number < lives.count, lives[number] != nil { number += 1 }
    guard number <= Int(amqp_get_channel_max(state)) else {
      throw AMQPError(.usage, "the broker allows \(amqp_get_channel_max(state)) channels a connection, all are open")
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

  /// Sends a heartbeat if one is due and reads what has arrived, without waiting; what arrives is kept for its channel.
  public func service() throws(AMQPError) {
    while try readFrame() {}
    sendHeartbeatIfDue()
  }

  /// Says goodbye and closes; unacknowledged deliveries return to their queues. Waits at most two seconds.
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

  /// Waits until the socket has something to read; false if time is up or a wake descriptor is readable.
  ///
  /// To be called when ``readFrame()`` found nothing: only then is the socket's readability the whole truth.
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
        // Also finds a peer that has been silent for two heartbeats.
        if try readFrame() { return true }
      }
    }
  }

  /// Reads one frame if one has arrived, and hands it to its channel.
  ///
  /// Never reads on after a failure: librabbitmq, having met data that it cannot decode, would write past its buffer.
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
    // A socket without room is one whose broker does not read: it would not see the heartbeat either.
    guard now >= heartbeatDue, failure == nil, poll(socket: socket, for: POLLOUT, timeout: .zero) == .socket else { return }
    heartbeatDue = now + heartbeatSlice
    var frame = amqp_frame_t()
    frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
    // A failure shows at the next read.
    amqp_send_frame(state, &frame)
  }

  private func lose(_ status: Int32, while doing: StaticString) -> AMQPError {
    let error = AMQPError(.lost, "\(host): connection lost while \(doing): \(String(cString: amqp_error_string2(status)))")
    fail(error)
    return failure ?? error
  }

  // MARK: Sending

  /// Waits until the socket has room for some bytes more, reading what arrives meanwhile.
  ///
  /// Asks the kernel only once every ``sendQuantum`` bytes, or when it has not asked for a while.
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
          .timeout, "\(host): the broker takes nothing: \(blockedReason ?? "it has ceased to read from the connection")")
      }
    }
    sentSinceCheck = byteCount
    checkDue = .now + min(heartbeatSlice, .seconds(1))
  }

  /// Sends a method that has no answer.
  func send<Method>(
    _ id: amqp_method_number_t, _ method: Method, on channel: UInt16, until deadline: Instant? = nil
  ) throws(AMQPError) {
    try makeRoom(for: 1024, until: deadline ?? .now + configuration.sendTimeout)
    var method = method
    let status = withUnsafeMutableBytes(of: &method) { amqp_send_method(state, channel, id, $0.baseAddress) }
    guard status == AMQP_STATUS_OK.rawValue else { throw sendFailure(status) }
  }

  /// The error for a send that failed.
  ///
  /// A broker that closes a connection first says why, and that may still lie unread.
  func sendFailure(_ status: Int32) -> AMQPError {
    let isSocketsFault = [AMQP_STATUS_SOCKET_ERROR, AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SSL_ERROR].contains {
      $0.rawValue == status
    }
    if isSocketsFault { while (try? readFrame()) == true {} }
    return lose(status, while: "sending")
  }

  /// Sends a method and waits for its answer, whose content is valid until the next frame is read.
  ///
  /// Without an answer in the configuration's reply timeout the connection is in an unknown state, and has failed.
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

  /// Gives a frame to whom it concerns, and recycles its memory.
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
      // A reply's content is read by the caller that awaits it, before another frame comes.
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

  /// Closes a channel from this side; its number is free again.
  func close(_ life: ChannelLife) {
    defer { life.close(AMQPError(.usage, "the channel is closed")) }
    guard life.closed == nil, failure == nil else { return }
    let farewell = amqp_channel_close_t(
      reply_code: UInt16(AMQP_REPLY_SUCCESS), reply_text: amqp_bytes_t(), class_id: 0, method_id: 0)
    do throws(AMQPError) {
      _ = try call(AMQP_CHANNEL_CLOSE_METHOD, farewell, on: life, expecting: AMQP_CHANNEL_CLOSE_OK_METHOD)
      lives[Int(life.number)] = nil
    } catch {
      // To the broker the channel is still open: its number must not be used again.
      if error.kind == .timeout { fail(error) }
    }
  }
}
