// CloudEvents over AMQP: whether a message is structured (all in the body) or binary (attributes as headers, the body their data).

import AMQP
import Duban

extension RawMessage {
  /// A delivery's body and its CloudEvents attributes, if they came as headers.
  ///
  /// A content type of `application/cloudevents…` says that the message is structured; headers that repeat its attributes are not looked
  /// at then (CloudEvents' AMQP binding, section 3).
  public init(_ delivery: Delivery) {
    let properties = delivery.properties
    var attributes: [String: String] = [:]
    if !properties.headers.isEmpty, properties.contentType?.lowercased().hasPrefix("application/cloudevents") != true {
      // Where one came under both prefixes, the colon's counts: headers have no order.
      for prefix in Self.attributePrefixes {
        for (name, value) in properties.headers where name.hasPrefix(prefix) {
          attributes[String(name.dropFirst(prefix.count))] = value.string
        }
      }
    }
    self.init(body: delivery.body, userID: properties.userID, attributes: attributes)
  }

  /// The prefixes of headers that are attributes; the second for clients that allow no colon in a header's name.
  private static let attributePrefixes = ["cloudEvents_", "cloudEvents:"]

  static func isAttribute(header name: String) -> Bool { attributePrefixes.contains(where: name.hasPrefix) }
}
