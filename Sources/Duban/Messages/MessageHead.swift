// The attributes of a message that cannot be taken: its sender, the owner of its content, its trace.

import FoundationEssentials

/// The attributes of a message, each as far as it can be read, whatever is wrong with the rest.
public struct MessageHead: Sendable {
  public var source: String?
  public var id: String?
  /// The system that opened the item, where the message names another than its own.
  public var itemSource: String?
  public var trace: TraceContext?

  /// Reads what can be read. Nothing of a body that is too large or is not JSON.
  public init(_ message: RawMessage) {
    let isBinary = !message.attributes.isEmpty
    if isBinary {
      (source, id) = (message.attributes["source"], message.attributes["id"])
      trace = message.attributes["traceparent"].flatMap(TraceContext.init)
    }
    guard message.body.count <= Limits.bodyBytes else { return }
    if isBinary {
      itemSource = (try? JSONDecoder().decode(Content.self, from: Data(message.body)))?.item?.value?.source?.value
    } else if let head = try? JSONDecoder().decode(Head.self, from: Data(message.body)) {
      (source, id) = (head.source?.value, head.id?.value)
      trace = head.traceparent?.value.flatMap(TraceContext.init)
      itemSource = head.data?.value?.item?.value?.source?.value
    }
  }

  private struct Head: Decodable {
    var source, id, traceparent: Lenient<String>?
    var data: Lenient<Content>?
  }

  private struct Content: Decodable {
    var item: Lenient<Reference>?
  }

  private struct Reference: Decodable {
    var source: Lenient<String>?
  }
}

/// A value, or nil where what stands there is of another type.
struct Lenient<Value: Decodable>: Decodable {
  var value: Value?

  init(_ value: Value?) { self.value = value }

  init(from decoder: any Decoder) throws {
    value = try? Value(from: decoder)
  }
}

extension Refusal {
  /// With the sender and the trace, where it does not say so yet.
  public func answering(_ head: MessageHead) -> Refusal {
    var refusal = answering(source: source ?? head.source, id: messageID ?? head.id)
    refusal.trace = trace ?? head.trace
    return refusal
  }

  /// With the sender and the trace of a message that could be read.
  public func answering(_ envelope: Envelope) -> Refusal {
    var refusal = answering(source: envelope.key.source, id: envelope.key.id)
    refusal.trace = envelope.traceparent.flatMap(TraceContext.init)
    return refusal
  }
}
