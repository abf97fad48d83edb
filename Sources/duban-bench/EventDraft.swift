// A CloudEvent as separate parts, so that mutations can change them. It can be written in structured or binary mode.

import AMQP
import DubanBroker

/// An event that is not encoded yet. Names and values are used verbatim, so the result may be invalid JSON.
struct EventDraft {
  struct Member {
    var name: String
    /// JSON.
    var value: String
  }

  /// The type without `duban.`.
  var routingKey: String
  var attributes: [Member]
  var data: [Member]

  init(_ type: String, id: String, source: String, subject: String, time: String, data: [Member]) {
    routingKey = type
    attributes = [
      Member(name: "specversion", value: #""1.0""#), Member(name: "id", value: "\"\(id)\""),
      Member(name: "source", value: "\"\(source)\""), Member(name: "type", value: "\"duban.\(type)\""),
      Member(name: "time", value: "\"\(time)\""), Member(name: "subject", value: "\"\(subject)\""),
    ]
    self.data = data
  }

  private static func object(_ members: [Member]) -> String {
    "{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  /// As structured JSON.
  var structured: OutgoingMessage {
    Body.message(
      routingKey: routingKey, Self.object(attributes + [Member(name: "data", value: Self.object(data))]))
  }

  /// In binary mode: the attributes as headers, the data as the body.
  var binary: OutgoingMessage {
    let headers = attributes.map { ("cloudEvents:\($0.name)", FieldValue.string(String($0.value.dropFirst().dropLast()))) }
    return OutgoingMessage(
      exchange: DubanTopology.intakeExchange, routingKey: routingKey,
      properties: Properties(
        contentType: "application/json", headers: Dictionary(headers, uniquingKeysWith: { $1 }), deliveryMode: .persistent),
      body: Array(Self.object(data).utf8))
  }
}
