// Outgoing messages, deliveries, confirms, returns and channel events.

/// A message to publish, with its destination.
public struct OutgoingMessage: Sendable {
  /// The exchange; empty for the default exchange, which routes by queue name.
  public var exchange: String
  /// The routing key, at most 255 bytes.
  public var routingKey: String
  /// Whether a ``Publisher`` has it returned where it matches no queue; else it is dropped there.
  public var isMandatory: Bool
  public var properties: Properties
  public var body: [UInt8]

  /// Makes a message for an exchange and a routing key.
  public init(
    exchange: String, routingKey: String, isMandatory: Bool = true, properties: Properties = Properties(), body: [UInt8]
  ) {
    self.exchange = exchange
    self.routingKey = routingKey
    self.isMandatory = isMandatory
    self.properties = properties
    self.body = body
  }
}

/// A delivery's number, used to acknowledge it, together with its channel's generation.
///
/// The generation is unique in the process. So a tag from before a reconnection can never acknowledge a different message
/// that has the same number on the new channel.
public struct DeliveryTag: Sendable, Hashable, Comparable {
  /// The broker's number, counted from 1 on each channel.
  public let value: UInt64
  /// The generation of the channel.
  public let generation: UInt64

  public static func < (left: DeliveryTag, right: DeliveryTag) -> Bool {
    (left.generation, left.value) < (right.generation, right.value)
  }
}

/// A message that the broker delivered and that has to be acknowledged.
public final class Delivery: Sendable {
  /// The tag to acknowledge it with.
  public let tag: DeliveryTag
  /// The consumer that received it; empty for a message fetched with `get`.
  public let consumerTag: String
  /// The exchange that it was published to.
  public let exchange: String
  /// The routing key that it was published with.
  public let routingKey: String
  /// Whether it was delivered before and not acknowledged.
  public let redelivered: Bool
  public let properties: Properties
  public let body: [UInt8]

  init(
    tag: DeliveryTag, consumerTag: String, exchange: String, routingKey: String, redelivered: Bool, properties: Properties,
    body: [UInt8]
  ) {
    (self.tag, self.consumerTag, self.exchange, self.routingKey) = (tag, consumerTag, exchange, routingKey)
    (self.redelivered, self.properties, self.body) = (redelivered, properties, body)
  }

  /// How often a quorum queue has redelivered this message; never negative. 0 for the first delivery and for a classic queue.
  public var deliveryCount: Int {
    // On the first delivery a header of this name is the publisher's. From then on the broker overwrites it.
    redelivered ? max(0, properties.headers["x-delivery-count"]?.integer ?? 0) : 0
  }
}

/// A message published as `mandatory` that matched no queue, returned by the broker.
public struct ReturnedMessage: Sendable {
  /// The broker's code: 312 for no route.
  public let code: UInt16
  /// The broker's text, e.g. `NO_ROUTE`.
  public let text: String
  /// The message as published.
  public let message: OutgoingMessage
}

/// A publisher confirm: the broker has accepted responsibility for messages, or has rejected it.
public struct Confirm: Sendable, Equatable {
  /// The message's number on its channel, counted from 1 since confirms were turned on.
  public let sequence: UInt64
  /// Whether it also covers all earlier unconfirmed messages.
  public let multiple: Bool
  /// False if the broker could not handle the message (`basic.nack`).
  public let acknowledged: Bool
}

/// An event that the broker sends on its own.
public enum Event: Sendable {
  case delivery(Delivery)
  case confirm(Confirm)
  case returned(ReturnedMessage)
  /// The broker cancelled a consumer, e.g. because its queue was deleted.
  case consumerCancelled(consumerTag: String)
  /// The broker closed the channel. This is the channel's last event.
  case channelClosed(AMQPError)
}
