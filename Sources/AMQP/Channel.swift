// A channel: consuming, acknowledging and publishing.
import CRabbitMQ

/// A channel of a connection: the unit of delivery tags, prefetch, confirms, and of most of a broker's errors.
///
/// It belongs to its connection's thread. A failed call whose error is ``AMQPError/Kind/channelClosed(code:text:)`` has ended the
/// channel; the connection can open another.
public final class Channel {
  /// The connection that it is on.
  public let connection: Connection
  /// This life of the channel, which its delivery tags carry.
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

  /// Closes the channel; its unacknowledged deliveries return to their queues.
  public func close() { connection.close(life) }

  // MARK: Receiving

  /// The channel's next event; nil when time is up or a wake descriptor is readable.
  ///
  /// Heartbeats are sent and expected throughout, however long the wait. Throws once the channel or connection has ended and its
  /// last event has been taken.
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

  /// Bounds how many unacknowledged deliveries each consumer started hereafter may hold.
  public func setPrefetch(_ count: UInt16) throws(AMQPError) {
    let request = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: count, global: 0)
    _ = try connection.call(AMQP_BASIC_QOS_METHOD, request, on: life, expecting: AMQP_BASIC_QOS_OK_METHOD)
  }

  /// Starts a consumer and returns its tag, which the broker makes up unless given; deliveries come by ``next(timeout:orReadable:)``.
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

  /// Ends a consumer; deliveries that had already arrived still come, and are still to be acknowledged.
  public func cancel(consumerTag: String) throws(AMQPError) {
    let request = amqp_basic_cancel_t(
      consumer_tag: try connection.arena.shortText(consumerTag, "consumer tag"), nowait: 0)
    _ = try connection.call(AMQP_BASIC_CANCEL_METHOD, request, on: life, expecting: AMQP_BASIC_CANCEL_OK_METHOD)
  }

  /// Fetches one message if the queue has one; for tools and tests, a consumer is far cheaper.
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
        connection.fail(AMQPError(.timeout, "a message's body did not arrive in time"))
        continue
      }
    }
  }

  // MARK: Acknowledging

  /// Acknowledges a delivery, or with `multiple` it and every earlier one of the channel.
  ///
  /// Throws ``AMQPError/Kind/stale`` for a tag of another life of a channel, and sends nothing then.
  public func acknowledge(_ tag: DeliveryTag, multiple: Bool = false) throws(AMQPError) {
    try checkLife(of: tag)
    let method = amqp_basic_ack_t(delivery_tag: tag.value, multiple: multiple ? 1 : 0)
    try connection.send(AMQP_BASIC_ACK_METHOD, method, on: life.number)
  }

  /// Declines one delivery: back to its queue, or to the queue's dead-letter exchange.
  public func reject(_ tag: DeliveryTag, requeue: Bool) throws(AMQPError) {
    try checkLife(of: tag)
    let method = amqp_basic_reject_t(delivery_tag: tag.value, requeue: requeue ? 1 : 0)
    try connection.send(AMQP_BASIC_REJECT_METHOD, method, on: life.number)
  }

  /// Declines a delivery, or with `multiple` it and every earlier one of the channel.
  ///
  /// Beware of requeueing what cannot be handled: it comes back at once, and a quorum queue need not count it.
  public func nack(_ tag: DeliveryTag, multiple: Bool, requeue: Bool) throws(AMQPError) {
    try checkLife(of: tag)
    try nack(value: tag.value, multiple: multiple, requeue: requeue)
  }

  /// Hands every unacknowledged delivery of the channel back to its queue, those that nobody has looked at included.
  public func requeueAll() throws(AMQPError) {
    try life.check()
    // To the protocol, 0 with `multiple` means all that are outstanding.
    try nack(value: 0, multiple: true, requeue: true)
  }

  private func nack(value: UInt64, multiple: Bool, requeue: Bool) throws(AMQPError) {
    let method = amqp_basic_nack_t(delivery_tag: value, multiple: multiple ? 1 : 0, requeue: requeue ? 1 : 0)
    try connection.send(AMQP_BASIC_NACK_METHOD, method, on: life.number)
  }

  private func checkLife(of tag: DeliveryTag) throws(AMQPError) {
    guard tag.generation == life.generation, isOpen else {
      throw AMQPError(.stale, "delivery tag \(tag.value) belongs to a channel that is gone; its message comes again")
    }
  }

  // MARK: Publishing

  /// Asks the broker to confirm every message published hereafter on this channel.
  public func confirmSelect() throws(AMQPError) {
    _ = try connection.call(
      AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(nowait: 0), on: life, expecting: AMQP_CONFIRM_SELECT_OK_METHOD)
    confirms = true
  }

  /// Publishes a message and returns its sequence number, which its confirm will name; 0 without ``confirmSelect()``.
  ///
  /// With `mandatory`, a message that reaches no queue comes back as ``Event/returned(_:)``, before its confirm. Throws
  /// ``AMQPError/Kind/timeout`` if the broker takes nothing for the configuration's send timeout.
  @discardableResult
  public func publish(_ message: OutgoingMessage, mandatory: Bool = false) throws(AMQPError) -> UInt64 {
    try publish(message, mandatory: mandatory, until: .now + connection.configuration.sendTimeout)
  }

  func publish(_ message: OutgoingMessage, mandatory: Bool, until deadline: Instant) throws(AMQPError) -> UInt64 {
    try life.check()
    let headerSize = message.properties.headers.isEmpty ? 0 : FieldValue.encodedSize(of: message.properties.headers)
    guard headerSize <= connection.frameMax - 4096 else {
      throw AMQPError(.usage, "headers of \(headerSize) bytes do not fit a frame")
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
  /// Publishes what is larger than the room a writable socket is sure to have, in body frames that fit.
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
      // Half a message has gone out: nothing else can follow it, unless its channel is gone too.
      if life.closed == nil { fail(AMQPError(.lost, "\(host): a message was cut short: \(error.message)")) }
      throw error
    }
  }
}

extension amqp_bytes_t {
  /// A view for C calls that only read it.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
  }
}
