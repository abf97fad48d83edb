// A channel: consuming, acknowledging and publishing.
import CRabbitMQ

/// A channel of a connection. Delivery tags, prefetch, publisher confirms and most broker errors are per channel.
///
/// Use it only on its connection's thread. A call that throws ``AMQPError/Kind/channelClosed(code:text:)`` has closed the
/// channel; the connection can open another.
public final class Channel {
  /// The connection that carries this channel.
  public let connection: Connection
  /// The number of this channel's lifetime, unique in the process. Its delivery tags carry it.
  public var generation: UInt64 { life.generation }
  /// Whether calls can still succeed.
  public var isOpen: Bool { life.closed == nil && connection.isOpen }

  let life: ChannelLife
  private var published: UInt64 = 0
  private var confirms = false

  init(connection: Connection, life: ChannelLife) {
    self.connection = connection
    self.life = life
  }

  /// Closes the channel. The broker requeues its unacknowledged deliveries.
  public func close() { connection.close(life) }

  // MARK: Receiving

  /// Returns the channel's next event, or nil when the timeout has passed or a wake descriptor is readable.
  ///
  /// It sends and checks heartbeats during the wait, so the timeout may be longer than the heartbeat. It throws when the
  /// channel or connection is closed and all earlier events have been returned.
  public func next(timeout: Duration, orReadable wake: [Int32] = []) throws(AMQPError) -> Event? {
    try next(until: .now + timeout, orReadable: wake)
  }

  func next(until deadline: Instant, orReadable wake: [Int32] = []) throws(AMQPError) -> Event? {
    while true {
      if let event = life.events.popFirst() { return event }
      try life.check()
      if try connection.readFrame() { continue }
      guard try connection.wait(until: deadline, orReadable: wake) else { return nil }
    }
  }

  /// Limits the unacknowledged deliveries of each consumer that is started after this call.
  public func setPrefetch(_ count: UInt16) throws(AMQPError) {
    let request = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: count, global: 0)
    _ = try connection.call(AMQP_BASIC_QOS_METHOD, request, on: life, expecting: AMQP_BASIC_QOS_OK_METHOD)
  }

  /// Starts a consumer and returns its tag; the broker chooses one if none is given. Deliveries arrive through
  /// ``next(timeout:orReadable:)``.
  @discardableResult
  public func consume(
    queue: String, consumerTag: String = "", exclusive: Bool = false, arguments: [String: FieldValue] = [:]
  ) throws(AMQPError) -> String {
    let arena = connection.arena
    let request = amqp_basic_consume_t(
      ticket: 0, queue: try arena.shortText(queue, "queue"), consumer_tag: try arena.shortText(consumerTag, "consumer tag"),
      no_local: 0, no_ack: 0, exclusive: exclusive ? 1 : 0, nowait: 0, arguments: try arena.table(arguments))
    let reply = try connection.call(AMQP_BASIC_CONSUME_METHOD, request, on: life, expecting: AMQP_BASIC_CONSUME_OK_METHOD)
    return reply.decoded.map { String($0.load(as: amqp_basic_consume_ok_t.self).consumer_tag) } ?? consumerTag
  }

  /// Cancels a consumer. Deliveries that have already arrived are still returned and still need to be acknowledged.
  public func cancel(consumerTag: String) throws(AMQPError) {
    let request = amqp_basic_cancel_t(
      consumer_tag: try connection.arena.shortText(consumerTag, "consumer tag"), nowait: 0)
    _ = try connection.call(AMQP_BASIC_CANCEL_METHOD, request, on: life, expecting: AMQP_BASIC_CANCEL_OK_METHOD)
  }

  /// Fetches one message, or returns nil if the queue is empty. For tools and tests only: a consumer is much cheaper.
  public func get(queue: String) throws(AMQPError) -> Delivery? {
    let request = amqp_basic_get_t(ticket: 0, queue: try connection.arena.shortText(queue, "queue"), no_ack: 0)
    let reply = try connection.call(
      AMQP_BASIC_GET_METHOD, request, on: life, expecting: AMQP_BASIC_GET_OK_METHOD, or: AMQP_BASIC_GET_EMPTY_METHOD)
    guard reply.id == AMQP_BASIC_GET_OK_METHOD else { return nil }
    let deadline = Instant.now + connection.configuration.replyTimeout
    while true {
      if let delivery = life.fetched.take() { return delivery }
      try life.check()
      if try connection.readFrame() { continue }
      guard try connection.wait(until: deadline) else {
        connection.fail(AMQPError(.timeout, "the body of a message did not arrive in time"))
        continue
      }
    }
  }

  // MARK: Acknowledging

  /// Acknowledges a delivery. With `multiple` it also acknowledges all earlier deliveries of the channel.
  ///
  /// Throws ``AMQPError/Kind/stale``, without sending anything, if the tag belongs to another channel lifetime.
  public func acknowledge(_ tag: DeliveryTag, multiple: Bool = false) throws(AMQPError) {
    try checkLife(of: tag)
    let method = amqp_basic_ack_t(delivery_tag: tag.value, multiple: multiple ? 1 : 0)
    try connection.send(AMQP_BASIC_ACK_METHOD, method, on: life.number)
  }

  /// Rejects one delivery. It returns to its queue, or goes to the queue's dead-letter exchange.
  public func reject(_ tag: DeliveryTag, requeue: Bool) throws(AMQPError) {
    try checkLife(of: tag)
    let method = amqp_basic_reject_t(delivery_tag: tag.value, requeue: requeue ? 1 : 0)
    try connection.send(AMQP_BASIC_REJECT_METHOD, method, on: life.number)
  }

  /// Rejects a delivery. With `multiple` it also rejects all earlier deliveries of the channel.
  ///
  /// Do not requeue a message that can never be handled: it is redelivered at once, and a quorum queue may not count it.
  public func nack(_ tag: DeliveryTag, multiple: Bool, requeue: Bool) throws(AMQPError) {
    try checkLife(of: tag)
    try nack(value: tag.value, multiple: multiple, requeue: requeue)
  }

  /// Returns all unacknowledged deliveries of the channel to their queues, including those that ``next(timeout:orReadable:)``
  /// has not returned yet.
  public func requeueAll() throws(AMQPError) {
    try life.check()
    // In the protocol, tag 0 with `multiple` means all outstanding deliveries.
    try nack(value: 0, multiple: true, requeue: true)
  }

  private func nack(value: UInt64, multiple: Bool, requeue: Bool) throws(AMQPError) {
    let method = amqp_basic_nack_t(delivery_tag: value, multiple: multiple ? 1 : 0, requeue: requeue ? 1 : 0)
    try connection.send(AMQP_BASIC_NACK_METHOD, method, on: life.number)
  }

  private func checkLife(of tag: DeliveryTag) throws(AMQPError) {
    guard tag.generation == life.generation, isOpen else {
      throw AMQPError(.stale, "delivery tag \(tag.value) belongs to a closed channel; the message will be redelivered")
    }
  }

  // MARK: Publishing

  /// Turns on publisher confirms for all messages published on this channel after this call.
  public func confirmSelect() throws(AMQPError) {
    _ = try connection.call(
      AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(nowait: 0), on: life, expecting: AMQP_CONFIRM_SELECT_OK_METHOD)
    confirms = true
  }

  /// Publishes a message and returns its sequence number, which its confirm carries. Returns 0 without ``confirmSelect()``.
  ///
  /// With `mandatory`, the broker returns an unroutable message as ``Event/returned(_:)`` before it confirms it. Throws
  /// ``AMQPError/Kind/timeout`` if the broker accepts no data for the configured send timeout.
  @discardableResult
  public func publish(_ message: OutgoingMessage, mandatory: Bool = false) throws(AMQPError) -> UInt64 {
    try publish(message, mandatory: mandatory, until: .now + connection.configuration.sendTimeout)
  }

  func publish(_ message: OutgoingMessage, mandatory: Bool, until deadline: Instant) throws(AMQPError) -> UInt64 {
    try life.check()
    let headerSize = message.properties.headers.isEmpty ? 0 : FieldValue.encodedSize(of: message.properties.headers)
    guard headerSize <= connection.frameMax - 4096 else {
      throw AMQPError(.usage, "headers of \(headerSize) bytes do not fit in a frame")
    }
    let arena = connection.arena
    defer { arena.reset() }
    let exchange = try arena.shortText(message.exchange, "exchange")
    let routingKey = try arena.shortText(message.routingKey, "routing key")
    var properties = try arena.properties(message.properties)
    let size = message.body.count + headerSize + 512
    if size <= min(Connection.sendQuantum, connection.frameMax) {
      try connection.makeRoom(for: size, until: deadline)
      try life.check()
      let status = message.body.withUnsafeBytes { body in
        amqp_basic_publish(
          connection.state, life.number, exchange, routingKey, mandatory ? 1 : 0, 0, &properties, amqp_bytes_t(body))
      }
      guard status == AMQP_STATUS_OK.rawValue else { throw connection.sendFailure(status) }
    } else {
      let method = amqp_basic_publish_t(
        ticket: 0, exchange: exchange, routing_key: routingKey, mandatory: mandatory ? 1 : 0, immediate: 0)
      try connection.publishLarge(
        method, &properties, headerSize: headerSize, body: message.body, on: life, until: deadline)
    }
    guard confirms else { return 0 }
    published += 1
    return published
  }
}

extension Connection {
  /// Publishes a message that may not fit into a socket that poll(2) reports as writable. The body goes out in frames that do
  /// fit.
  fileprivate func publishLarge(
    _ method: amqp_basic_publish_t, _ properties: inout amqp_basic_properties_t, headerSize: Int, body: [UInt8],
    on life: ChannelLife, until deadline: Instant
  ) throws(AMQPError) {
    try send(AMQP_BASIC_PUBLISH_METHOD, method, on: life.number, until: deadline)
    do throws(AMQPError) {
      var frame = amqp_frame_t()
      frame.channel = life.number
      frame.frame_type = UInt8(AMQP_FRAME_HEADER)
      frame.payload.properties.class_id = UInt16(AMQP_BASIC_CLASS)
      frame.payload.properties.body_size = UInt64(body.count)
      try makeRoom(for: headerSize + 4096, until: deadline)
      try life.check()
      let status = withUnsafeMutableBytes(of: &properties) { properties in
        frame.payload.properties.decoded = properties.baseAddress
        return amqp_send_frame(state, &frame)
      }
      guard status == AMQP_STATUS_OK.rawValue else { throw sendFailure(status) }
      frame.frame_type = UInt8(AMQP_FRAME_BODY)
      let fragmentSize = min(Self.sendQuantum, frameMax - 8)
      var sent = 0
      while sent < body.count {
        let count = min(fragmentSize, body.count - sent)
        try makeRoom(for: count, until: deadline)
        try life.check()
        let status = body.withUnsafeBytes { bytes in
          frame.payload.body_fragment = amqp_bytes_t(UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
          return amqp_send_frame(state, &frame)
        }
        guard status == AMQP_STATUS_OK.rawValue else { throw sendFailure(status) }
        sent += count
      }
    } catch {
      // Part of a message has been sent. Nothing else may follow it unless the channel is closed too.
      if life.closed == nil { fail(AMQPError(.lost, "\(host): a message was sent only in part: \(error.message)")) }
      throw error
    }
  }
}

extension amqp_bytes_t {
  /// Wraps bytes for C calls that only read them.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
  }
}
