// The receiving side of a channel, from opening to closing.
import CRabbitMQ
import Synchronization

/// The state of one open channel. Reopening a channel makes a new object with a new generation.
final class ChannelLife {
  private static let generations = Atomic<UInt64>(0)

  let number: UInt16
  /// Unique in the process, so that delivery tags of different channels cannot be confused.
  let generation = ChannelLife.generations.wrappingAdd(1, ordering: .relaxed).newValue
  /// The error that closed it, or nil while it is open.
  private(set) var closed: AMQPError?
  var events = FIFO<Event>()
  /// The message that `basic.get` fetched.
  var fetched: Delivery?
  /// The replies that an outstanding call waits for, and the reply that arrived.
  var expected: (amqp_method_number_t, amqp_method_number_t?)?
  var reply: amqp_method_t?

  private var arriving: Arriving?
  private var consumerTag = RepeatingText()
  private var exchange = RepeatingText()
  private var routingKey = RepeatingText()
  private var propertiesDecoder = PropertiesDecoder()

  /// A message whose frames are still arriving.
  private struct Arriving {
    enum Kind {
      case delivery
      case fetched
      case returned(code: UInt16, text: String)
    }
    let kind: Kind
    var tag: UInt64 = 0
    var redelivered = false
    var consumerTag = ""
    let exchange: String
    let routingKey: String
    var properties = Properties()
    var bodySize = -1
    var body: [UInt8] = []
  }

  init(number: UInt16) { self.number = number }

  /// Throws if the channel is closed.
  func check() throws(AMQPError) {
    if let closed { throw closed }
  }

  /// Closes it. A caller that waits for a reply gets the error from its call; otherwise an event carries it.
  func close(_ error: AMQPError) {
    guard closed == nil else { return }
    closed = error
    if expected == nil { events.append(.channelClosed(error)) }
  }

  func method(_ method: amqp_method_t) throws(AMQPError) {
    switch method.id {
    case AMQP_BASIC_DELIVER_METHOD:
      guard let deliver = method.decoded?.load(as: amqp_basic_deliver_t.self) else { return }
      try begin(
        Arriving(
          kind: .delivery, tag: deliver.delivery_tag, redelivered: deliver.redelivered != 0,
          consumerTag: consumerTag(deliver.consumer_tag), exchange: exchange(deliver.exchange),
          routingKey: routingKey(deliver.routing_key)))
    case AMQP_BASIC_RETURN_METHOD:
      guard let returned = method.decoded?.load(as: amqp_basic_return_t.self) else { return }
      try begin(
        Arriving(
          kind: .returned(code: returned.reply_code, text: String(returned.reply_text)), exchange: exchange(returned.exchange),
          routingKey: routingKey(returned.routing_key)))
    case AMQP_BASIC_ACK_METHOD:
      guard let ack = method.decoded?.load(as: amqp_basic_ack_t.self) else { return }
      events.append(.confirm(Confirm(sequence: ack.delivery_tag, multiple: ack.multiple != 0, acknowledged: true)))
    case AMQP_BASIC_NACK_METHOD:
      guard let nack = method.decoded?.load(as: amqp_basic_nack_t.self) else { return }
      events.append(.confirm(Confirm(sequence: nack.delivery_tag, multiple: nack.multiple != 0, acknowledged: false)))
    default:
      guard let expected, method.id == expected.0 || method.id == expected.1 else { return }
      if method.id == AMQP_BASIC_GET_OK_METHOD, let got = method.decoded?.load(as: amqp_basic_get_ok_t.self) {
        try begin(
          Arriving(
            kind: .fetched, tag: got.delivery_tag, redelivered: got.redelivered != 0, exchange: exchange(got.exchange),
            routingKey: routingKey(got.routing_key)))
      }
      reply = method
    }
  }

  func header(bodySize: UInt64, properties: UnsafeMutableRawPointer?) throws(AMQPError) {
    guard var message = arriving.take(), message.bodySize < 0, let size = Int(exactly: bodySize) else {
      throw AMQPError(.lost, "the broker sent an unexpected content header")
    }
    if let properties {
      message.properties = propertiesDecoder.decode(properties.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
    }
    message.bodySize = size
    if size == 0 { finish(message) } else { arriving = message }
  }

  func body(_ fragment: UnsafeRawBufferPointer) throws(AMQPError) {
    guard var message = arriving.take(), message.body.count + fragment.count <= message.bodySize else {
      throw AMQPError(.lost, "the broker sent an unexpected content body")
    }
    if message.body.isEmpty {
      // Most messages fit in one frame. For larger ones, reserve the announced size, but not more than 16 MiB.
      if fragment.count < message.bodySize { message.body.reserveCapacity(min(message.bodySize, 16 << 20)) }
    }
    message.body.append(contentsOf: fragment)
    if message.body.count == message.bodySize { finish(message) } else { arriving = message }
  }

  private func begin(_ message: Arriving) throws(AMQPError) {
    guard arriving == nil else { throw AMQPError(.lost, "the broker started a message inside another") }
    arriving = message
  }

  private func finish(_ message: consuming Arriving) {
    switch message.kind {
    case .delivery: events.append(.delivery(delivery(message)))
    case .fetched: fetched = delivery(message)
    case .returned(let code, let text):
      let outgoing = OutgoingMessage(
        exchange: message.exchange, routingKey: message.routingKey, properties: message.properties, body: message.body)
      events.append(.returned(ReturnedMessage(code: code, text: text, message: outgoing)))
    }
  }

  private func delivery(_ message: consuming Arriving) -> Delivery {
    Delivery(
      tag: DeliveryTag(value: message.tag, generation: generation), consumerTag: message.consumerTag,
      exchange: message.exchange, routingKey: message.routingKey, redelivered: message.redelivered,
      properties: message.properties, body: message.body)
  }
}
