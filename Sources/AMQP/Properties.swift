// Message properties: all fourteen of AMQP 0-9-1's basic class.

/// A message's properties. Each is absent unless set.
public struct Properties: Sendable, Hashable {
  /// Whether a message survives a restart of the broker.
  public enum DeliveryMode: UInt8, Sendable {
    case transient = 1
    case persistent = 2
  }

  /// The body's media type, e.g. `application/cloudevents+json`.
  public var contentType: String?
  /// The body's encoding, e.g. `gzip`.
  public var contentEncoding: String?
  /// Headers; empty if the message has none.
  public var headers: [String: FieldValue]
  /// Whether the broker stores the message on disk.
  public var deliveryMode: DeliveryMode?
  /// 0 to 9 on a priority queue.
  public var priority: UInt8?
  /// The id of the request that this message answers.
  public var correlationID: String?
  /// Where to send a reply.
  public var replyTo: String?
  /// The message's time to live in milliseconds, as decimal text (the protocol's form).
  public var expiration: String?
  /// The application's id for the message.
  public var messageID: String?
  /// Seconds since 1970-01-01T00:00:00Z.
  public var timestamp: UInt64?
  /// The application's name for the message type.
  public var type: String?
  /// The AMQP user who published the message. The broker rejects any name but that of the connection's user.
  public var userID: String?
  /// The publishing application.
  public var appID: String?
  /// Deprecated by the protocol; supported for completeness.
  public var clusterID: String?

  /// Makes properties from the most common ones. Set the others afterwards.
  public init(
    contentType: String? = nil, headers: [String: FieldValue] = [:], deliveryMode: DeliveryMode? = nil,
    messageID: String? = nil, userID: String? = nil
  ) {
    self.contentType = contentType
    self.headers = headers
    self.deliveryMode = deliveryMode
    self.messageID = messageID
    self.userID = userID
  }
}
