// A message from upstream, read and validated: CloudEvents 1.0, structured or binary, into a value the item machine can use.

import Crypto
import FoundationEssentials

/// A message as the broker delivered it, before anyone has looked into it.
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

/// A valid message: what happened, to which item, when.
public struct Envelope: Sendable {
  public var key: MessageKey
  public var type: EventType
  /// When it happened, as the upstream system says.
  public var time: Instant
  /// The item that it is about: its own (`source`, `subject`), or `data.item` where another system opened the item.
  public var item: ItemKey
  public var data: EventData
  /// The AMQP user who published it, if the publisher said.
  public var userID: String?
  /// W3C trace context, carried on to what follows from this message; nil where what came is not valid.
  public var traceparent: String?
  /// The message as a structured CloudEvent, for the record: the body as sent, and in binary mode the attributes around it.
  public var body: String
  public var digest: ContentDigest
}

/// The fields of `data` that Duban acts on. Others are kept in the record and not looked at.
public struct EventData: Hashable, Sendable, Decodable {
  public struct Region: Hashable, Sendable, Decodable {
    public var district: String?
    public var street: String?
    public var community: String?

    public init(district: String? = nil, street: String? = nil, community: String? = nil) {
      (self.district, self.street, self.community) = (district, street, community)
    }
  }

  public struct Item: Hashable, Sendable, Decodable {
    public var source: String
    public var subject: String
  }

  public var region: Region?
  public var category: String?
  public var grade: String?
  public var title: String?
  public var item: Item?
  /// When a reminder falls due, RFC 3339.
  public var due: String?
  /// How a recheck ended (复查).
  public var passed: Bool?
  /// How a review, or a decision about an extension, ended: `approved` or `rejected`.
  public var decision: String?
  /// Why an item is sent back (退单), held (暂停) or to be given more time (延期).
  public var reason: String?
  /// Until when an extension is asked for or granted, RFC 3339.
  public var until: String?
  /// The organ that decides about an extension, by its name in the directory.
  public var approver: String?
  /// The item that a duplicate follows (合并).
  public var into: Item?
  /// 满意, 基本满意 or 不满意.
  public var rating: String?

  public init() {}
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
  /// Reads one message.
  ///
  /// - Throws: a ``Refusal`` that names the field and the remedy. Sources are not checked here: which are known is the directory's knowledge.
  public init(_ message: RawMessage) throws(Refusal) {
    let body = try message.structured()
    let wire = try Wire(body)
    do {
      try self.init(wire, body: body, digest: ContentDigest(of: message))
      userID = message.userID
    } catch {
      throw error.answering(source: wire.source, id: wire.id)
    }
  }

  private init(_ wire: Wire, body: String, digest: ContentDigest) throws(Refusal) {
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
    let data = wire.data ?? EventData()

    key = MessageKey(source: source, id: try Self.required(wire.id, "id"))
    if let other = data.item {
      let otherSource = try Self.required(other.source, "data/item/source")
      item = ItemKey(source: otherSource, subject: try Self.required(other.subject, "data/item/subject"))
    } else {
      item = ItemKey(source: source, subject: try Self.required(wire.subject, "subject"))
    }
    self.type = type
    self.time = time
    self.data = data
    self.body = body
    traceparent = wire.trace?.text
    self.digest = digest
    try checkData()
  }

  /// What each type needs in its `data`.
  private func checkData() throws(Refusal) {
    switch type.meaning {
    case .opens where data.item != nil:
      throw Refusal(
        .invalidValue, at: "/data/item", "an event that opens an item names it by source and subject; remove data.item")
    case .opens where type.kind == .reminder: try checkInstant(data.due, "due", "say when the reminder falls due")
    case .verifies where data.passed == nil:
      throw Refusal(.missingField, at: "/data/passed", "say whether the recheck passed: true or false")
    case .reviews: try check(data.decision, "decision", isOneOf: ["approved", "rejected"])
    case .rates: try check(data.rating, "rating", isOneOf: ["满意", "基本满意", "不满意"])
    case .returns: try checkText(data.reason, "reason", "say why it is sent back")
    case .suspends: try checkText(data.reason, "reason", "say why its clocks are held")
    case .asksExtension:
      try checkText(data.reason, "reason", "say why more time is needed")
      try checkInstant(data.until, "until", "say until when more time is asked for")
    case .decidesExtension:
      try check(data.decision, "decision", isOneOf: ["approved", "rejected"])
      guard data.decision == "approved" else { return }
      try checkInstant(data.until, "until", "say until when more time is granted")
      try checkText(data.approver, "approver", "name the organ that has approved")
    case .merges:
      guard let into = data.into else {
        throw Refusal(.missingField, at: "/data/into", "name the main item by its source and subject")
      }
      _ = try Self.required(into.source, "data/into/source")
      _ = try Self.required(into.subject, "data/into/subject")
      guard main != item else {
        throw Refusal(.invalidValue, at: "/data/into", "an item cannot follow itself; name the main item")
      }
    default: break
    }
  }

  private func check(_ value: String?, _ name: String, isOneOf choices: [String]) throws(Refusal) {
    let remedy = "\(name) must be one of: \(choices.joined(separator: ", "))"
    guard let value else { throw Refusal(.missingField, at: "/data/" + name, remedy) }
    // By their bytes: Unicode has more than one way to write 不, and Swift takes them for equal.
    guard choices.contains(where: { $0.utf8.elementsEqual(value.utf8) }) else {
      throw Refusal(.invalidValue, at: "/data/" + name, remedy)
    }
  }

  private func checkText(_ value: String?, _ name: String, _ remedy: String) throws(Refusal) {
    guard let value, !value.isEmpty else { throw Refusal(.missingField, at: "/data/" + name, remedy) }
  }

  private func checkInstant(_ value: String?, _ name: String, _ remedy: String) throws(Refusal) {
    guard let value else { throw Refusal(.missingField, at: "/data/" + name, "\(remedy), RFC 3339") }
    guard Instant(rfc3339: value) != nil else {
      throw Refusal(
        .invalidValue, at: "/data/" + name, "\(name) must be RFC 3339 with an offset, e.g. 2026-11-20T08:00:00+08:00")
    }
  }

  /// The item that a duplicate follows from now on; nil where the message merges nothing.
  public var main: ItemKey? {
    type.meaning == .merges ? data.into.map { ItemKey(source: $0.source, subject: $0.subject) } : nil
  }

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

/// The attributes as they stand on the wire, each optional, so that a missing one is refused by its own name.
private struct Wire: Decodable {
  var specversion: String?
  var id: String?
  var source: String?
  var type: String?
  var time: String?
  var subject: String?
  /// Of any type: what is no trace is none.
  var traceparent: Lenient<String>?
  var data: EventData?

  var trace: TraceContext? { traceparent?.value.flatMap(TraceContext.init) }

  init(_ body: String) throws(Refusal) {
    let body = Data(body.utf8)
    do {
      self = try JSONDecoder().decode(Wire.self, from: body)
    } catch {
      throw (error as? DecodingError).map { Refusal($0) } ?? Refusal(.notJSON, "the body cannot be read")
    }
  }
}

extension RawMessage {
  /// The message as a structured CloudEvent, within the limits: the body as sent, or in binary mode all attributes around the data.
  fileprivate func structured() throws(Refusal) -> String {
    guard !attributes.isEmpty else { return try Limits.text(of: body) }
    let sorted = attributes.sorted { $0.key < $1.key }
    var members = sorted.filter { $0.key != "data" }.map { "\(JSONText.string($0)):\(JSONText.string($1))" }
    if !body.isEmpty {
      // By itself first: what is no value by itself must not become part of the envelope.
      do throws(Refusal) { members.append("\"data\":" + (try Limits.text(of: body))) } catch { throw error.inside("data") }
    }
    // Then the whole, which is what is kept, and what is read again if it has to wait for its item.
    return try Limits.text(of: Array("{\(members.joined(separator: ","))}".utf8))
  }
}

extension Refusal {
  fileprivate init(_ error: DecodingError) {
    switch error {
    case .typeMismatch(let type, let context):
      self.init(.wrongType, at: context.pointer, "must be \(Self.jsonName(of: type))")
    case .valueNotFound(let type, let context):
      self.init(.wrongType, at: context.pointer, "must be \(Self.jsonName(of: type)), not null")
    case .keyNotFound(let key, let context):
      self.init(.missingField, at: context.pointer + "/" + key.stringValue, "\(key.stringValue) is required")
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      self.init(.notJSON, "the body is not JSON")
    case .dataCorrupted(let context):
      self.init(.invalidValue, at: context.pointer, "not a value that can be read")
    @unknown default:
      self.init(.notJSON, "the body cannot be read")
    }
  }

  private static func jsonName(of type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    default: "an object"
    }
  }
}

extension DecodingError.Context {
  /// The path as a JSON Pointer (RFC 6901).
  fileprivate var pointer: String {
    codingPath.map { key in
      "/" + (key.intValue.map(String.init) ?? key.stringValue.pointerToken)
    }.joined()
  }
}
