// What goes to a broker and what comes from it: messages out, deliveries, confirms, returns and the events of a channel.

/// A message to publish, with where it goes.
public struct OutgoingMessage: Sendable {
  /// The exchange; empty for the default exchange, which routes by queue name.
  public var exchange: String
  /// The routing key, at most 255 bytes.
  public var routingKey: String
  /// Properties and headers.
  public var properties: Properties
  /// The body's bytes.
  public var body: [UInt8]

  /// A message for an exchange under a routing key.
  public init(exchange: String, routingKey: String, properties: Properties = Properties(), body: [UInt8]) {
    self.exchange = exchange
    self.routingKey = routingKey
    self.properties = properties
    self.body = body
  }
}

/// What acknowledges a delivery: its number on one life of one channel.
///
/// The generation is unique in the process, so a tag kept across a reconnection can never acknowledge another message
/// that happens to have the same number on the new channel.
public struct DeliveryTag: Sendable, Hashable, Comparable {
  /// The broker's number, counting from 1 on each channel.
  public let value: UInt64
  /// The channel's life that the number belongs to.
  public let generation: UInt64

  public static func < (left: DeliveryTag, right: DeliveryTag) -> Bool {
    (left.generation, left.value) < (right.generation, right.value)
  }
}

/// A message that a broker handed over and now waits to have acknowledged.
public struct Delivery: Sendable {
  /// What acknowledges it.
  public let tag: DeliveryTag
  /// The consumer that it came to; empty for a message fetched with `get`.
  public let consumerTag: String
  /// The exchange it was published to.
  public let exchange: String
  /// The routing key it was published with.
  public let routingKey: String
  /// Whether it was handed over before and not acknowledged.
  public let redelivered: Bool
  /// Properties and headers.
  public let properties: Properties
  /// The body's bytes.
  public let body: [UInt8]

  /// How often a quorum queue has taken this message back before, never negative; 0 the first time, and on a classic queue.
  public var deliveryCount: Int {
    // The first time a header of that name is the publisher's own; from then on the broker writes over it.
    redelivered ? max(0, properties.headers["x-delivery-count"]?.integer ?? 0) : 0
  }
}

/// A message that went to no queue, handed back because it was published `mandatory`.
public struct ReturnedMessage: Sendable {
  /// The broker's code: 312 for no route.
  public let code: UInt16
  /// The broker's words, e.g. `NO_ROUTE`.
  public let text: String
  /// The message as it was published.
  public let message: OutgoingMessage
}

/// A publisher confirm: the broker has taken responsibility for messages, or has declined to.
public struct Confirm: Sendable, Equatable {
  /// The number of the message on its channel, counting from 1 since confirms were selected.
  public let sequence: UInt64
  /// Whether it speaks for every earlier unconfirmed message too.
  public let multiple: Bool
  /// False if the broker could not handle the message (`basic.nack`).
  public let acknowledged: Bool
}

/// What happens on a channel without being asked for.
public enum Event: Sendable {
  case delivery(Delivery)
  case confirm(Confirm)
  case returned(ReturnedMessage)
  /// The broker ended a consumer, e.g. because its queue was deleted.
  case consumerCancelled(consumerTag: String)
  /// The broker closed the channel; it is the channel's last event.
  case channelClosed(AMQPError)
}
