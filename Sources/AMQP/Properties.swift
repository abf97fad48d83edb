// The properties that travel with a message, all fourteen of AMQP 0-9-1's basic class.

/// A message's properties; each is absent unless set.
public struct Properties: Sendable, Hashable {
  /// Whether a message survives its broker's restart.
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
  /// Whether the message is kept on disk.
  public var deliveryMode: DeliveryMode?
  /// 0 to 9 on a priority queue.
  public var priority: UInt8?
  /// The identifier of the request that this message answers.
  public var correlationID: String?
  /// Where an answer is wanted.
  public var replyTo: String?
  /// The message's time to live in milliseconds, as decimal text (the protocol's own form).
  public var expiration: String?
  /// The application's identifier for the message.
  public var messageID: String?
  /// Seconds since 1970.
  public var timestamp: UInt64?
  /// The application's name for the kind of message.
  public var type: String?
  /// The AMQP user who published; the broker refuses a message that names another user than its connection's.
  public var userID: String?
  /// The publishing application.
  public var appID: String?
  /// Deprecated by the protocol, carried for completeness.
  public var clusterID: String?

  /// Properties with the commonest set; the rest are assigned.
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
