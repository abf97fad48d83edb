// A message from upstream, read and validated: CloudEvents 1.0, structured or binary, decoded once into a typed event.

import Crypto

/// A message as the broker delivered it, before Duban has looked into it.
public struct RawMessage: Sendable {
  public var body: [UInt8]
  /// The AMQP user who published it, as the broker vouches; nil where the publisher did not say.
  public var userID: String?
  /// CloudEvents attributes that came as AMQP headers (binary mode), their prefix taken off; empty in structured mode.
  public var attributes: [String: String]

  public init(body: [UInt8], userID: String? = nil, attributes: [String: String] = [:]) {
    self.body = body
    self.userID = userID
    self.attributes = attributes
  }
}

/// A valid message: what happened, to which item, when. A class, because it is handed on all the way through intake and is wide.
public final class Envelope: Sendable {
  public let key: MessageKey
  public let type: EventType
  public let event: Event
  /// When it happened, as the upstream system says.
  public let time: Instant
  /// The item that it is about: its own (`source`, `subject`), or `data.item` where another system opened the item; of a part with its unit.
  public let item: ItemKey
  /// The CloudEvents extension `sequence`: the sender's order of events at one time.
  public let sequence: String?
  /// The AMQP user who published it, if the publisher said.
  public let userID: String?
  /// W3C trace context, carried on to what follows from this message; nil where what came is not valid.
  public let traceparent: String?
  /// The message as a structured CloudEvent: the body as sent, and in binary mode the attributes around it. It may hold personal data.
  public let original: String
  /// Who reported it, `data.reporter` as JSON: personal data.
  public let contact: String?
  public let digest: ContentDigest

  /// The matter that the item belongs to, or is.
  public var matter: ItemKey { item.whole ?? item }

  /// Reads one message.
  ///
  /// - Throws: a ``Refusal`` that names the field and the remedy. Sources are not checked here: which are known is the directory's knowledge.
  public convenience init(_ message: RawMessage) throws(Refusal) {
    let (text, json) = try message.structured()
    let wire = try Wire(json)
    do {
      try self.init(wire, body: text, userID: message.userID, digest: ContentDigest(of: message))
    } catch {
      throw error.answering(source: wire.source, id: wire.id)
    }
  }

  private init(_ wire: Wire, body: String, userID: String?, digest: ContentDigest) throws(Refusal) {
    guard wire.specversion == "1.0" else {
      throw Refusal(.unknownVersion, at: "/specversion", "specversion must be \"1.0\"")
    }
    let typeName = try Self.required(wire.type, "type")
    guard typeName.hasPrefix(EventType.prefix), let type = EventType.named(String(typeName.dropFirst(EventType.prefix.count)))
    else {
      throw Refusal(.unknownType, at: "/type", "the contract has no such type")
    }
    guard let time = Instant(rfc3339: try Self.required(wire.time, "time")) else {
      throw Refusal(.invalidValue, at: "/time", "time must be RFC 3339 with an offset, e.g. 2026-11-20T08:00:00+08:00")
    }
    let source = try Self.required(wire.source, "source")
    let fields = try wire.data.map { (data) throws(Refusal) in try Fields(data, of: type.kind) } ?? Fields()

    key = MessageKey(source: source, id: try Self.required(wire.id, "id"))
    if let other = fields.item {
      item = ItemKey(
        source: try Self.required(other.source, "data/item/source"),
        subject: try Self.required(other.subject, "data/item/subject"), unit: fields.part)
    } else {
      item = ItemKey(source: source, subject: try Self.required(wire.subject, "subject"), unit: fields.part)
    }
    self.userID = userID
    self.type = type
    self.time = time
    sequence = wire.sequence
    original = body
    contact = wire.data?.json("reporter")
    traceparent = wire.trace?.text
    self.digest = digest
    try fields.checkUnits(of: type)
    event = try type.event(fields)
    if case .merged(let main) = event {
      _ = try Self.required(main.source, "data/into/source")
      _ = try Self.required(main.subject, "data/into/subject")
      guard main != item else {
        throw Refusal(.invalidValue, at: "/data/into", "an item cannot follow itself; name the main item")
      }
    }
  }
}

/// SHA-256 of a message's content: tells a duplicate from a message that only claims the same id.
public struct ContentDigest: Hashable, Sendable {
  public let bytes: [UInt8]

  /// A digest read back from the store; 32 bytes.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The digest of what a message says, whether or not it can be read.
  public init(of message: RawMessage) {
    var hash = SHA256()
    hash.update(data: message.body)
    // In binary mode the attributes are content too; sorted, so that the order of headers says nothing.
    for (name, value) in message.attributes.sorted(by: { $0.key < $1.key }) {
      hash.update(data: Array("\u{0}\(name)\u{0}\(value)".utf8))
    }
    bytes = Array(hash.finalize())
  }

  /// Its 64 digits.
  public var hexadecimal: String { bytes.map { String(0x100 + Int($0), radix: 16).dropFirst() }.joined() }
}

extension Envelope {
  private static func required(_ value: String?, _ name: String) throws(Refusal) -> String {
    guard let value, !value.isEmpty else {
      throw Refusal(.missingField, at: "/" + name, "\(name) is required and must not be empty")
    }
    // UTF-8 length first: it is known without walking the text, and settles almost every case.
    guard value.utf8.count <= Limits.attributeCharacters || value.unicodeScalars.count <= Limits.attributeCharacters else {
      throw Refusal(.invalidValue, at: "/" + name, "\(name) is longer than \(Limits.attributeCharacters) characters")
    }
    return value
  }
}

/// The attributes as they are on the wire, each optional, so that a missing one is refused by its own name.
private struct Wire {
  var specversion, id, source, type, time, subject, sequence: String?
  /// Whatever is no valid trace counts as none, whatever its type.
  var trace: TraceContext?
  var data: JSONObject?

  init(_ json: JSONObject) throws(Refusal) {
    specversion = try json.text("specversion")
    id = try json.text("id")
    source = try json.text("source")
    type = try json.text("type")
    time = try json.text("time")
    subject = try json.text("subject")
    // An extension that other senders may use for something else: anything but a text counts as none.
    sequence = try? json.text("sequence")
    trace = (try? json.text("traceparent")).flatMap(TraceContext.init)
    data = try json.object("data")
  }
}

extension RawMessage {
  /// The message as a structured CloudEvent, within the limits: the body as sent, or in binary mode all attributes around the data.
  fileprivate func structured() throws(Refusal) -> (String, JSONObject) {
    guard !attributes.isEmpty else { return try Self.read(body) }
    let sorted = attributes.sorted { $0.key < $1.key }
    var members = sorted.filter { $0.key != "data" }.map { "\(JSONText.string($0)):\(JSONText.string($1))" }
    if !body.isEmpty {
      // By itself first: what is no value by itself must not become part of the envelope.
      do throws(Refusal) { members.append("\"data\":" + (try Limits.read(body).text)) } catch { throw error.inside("data") }
    }
    // Then the whole, which is what is kept, and what is read again if it has to wait for its item.
    return try Self.read(Array("{\(members.joined(separator: ","))}".utf8))
  }

  private static func read(_ body: [UInt8]) throws(Refusal) -> (String, JSONObject) {
    let (text, value) = try Limits.read(body)
    return (text, try JSONObject(value, in: body))
  }
}
