// A message from upstream, read and validated: CloudEvents 1.0, structured or binary, into a value the item machine can use.

import Crypto

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
public struct EventData: Hashable, Sendable {
  public struct Region: Hashable, Sendable {
    public var district: String?
    public var street: String?
    public var community: String?

    public init(district: String? = nil, street: String? = nil, community: String? = nil) {
      (self.district, self.street, self.community) = (district, street, community)
    }
  }

  public struct Item: Hashable, Sendable {
    public var source: String
    public var subject: String
  }

  public var region: Region?
  public var category: String?
  public var grade: String?
  public var title: String?
  public var item: Item?
  /// The lead unit (主办), which an opening or an acceptance names.
  public var lead: String?
  /// Who is reminded (R24: 设计单位), which is who leads where no other unit is named.
  public var unit: String?
  /// The supporting units (协办), which an opening or an acceptance names; each gets a part of its own.
  public var supporting: [String] = []
  /// The supporting unit whose part (协办件) an event is about; nil for the item itself.
  public var part: String?
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
    let (text, json) = try message.structured()
    let wire = try Wire(json)
    do {
      try self.init(wire, body: text, digest: ContentDigest(of: message))
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
    item.unit = data.part
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
    try checkUnits()
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

  /// Units are named by what opens or accepts an item, and an event about a unit's part names one.
  private func checkUnits() throws(Refusal) {
    if let lead = data.lead { try checkUnit(lead, "lead") }
    if let unit = data.unit { try checkUnit(unit, "unit") }
    for (i, unit) in data.supporting.enumerated() { try checkUnit(unit, "supporting/\(i)") }
    guard data.supporting.count <= Limits.supportingUnits else {
      throw Refusal(.invalidValue, at: "/data/supporting", "at most \(Limits.supportingUnits) units can support an item")
    }
    guard let part = data.part else { return }
    try checkUnit(part, "part")
    switch type.meaning {
    case .opens, .merges:
      throw Refusal(
        .invalidValue, at: "/data/part", "this event is about the item itself; remove part, and name units in lead and supporting"
      )
    default: break
    }
  }

  private func checkUnit(_ name: String, _ field: String) throws(Refusal) {
    guard !name.isEmpty, name.unicodeScalars.count <= Limits.unitCharacters else {
      throw Refusal(.invalidValue, at: "/data/" + field, "name a unit in 1 to \(Limits.unitCharacters) characters")
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

  /// The lead unit (主办) that the message names; nil where it names none.
  var lead: String? { namesUnits ? data.lead ?? (type.kind == .reminder ? data.unit : nil) : nil }

  /// The supporting units (协办) that the message names, each once, the lead not among them.
  var supporting: [ItemKey] {
    guard namesUnits else { return [] }
    let lead = lead
    var seen: Set<ItemKey> = []
    return data.supporting.lazy.filter { unit in lead.map(unit.hasSameBytes) != true }.map(part).filter {
      seen.insert($0).inserted
    }
  }

  /// Whether it may end its item, or hold it as a duplicate: what follows the item is then needed.
  public var maySettle: Bool { [.resolves, .withdraws, .merges].contains(trigger) }

  /// Whether it may open its item again.
  public var mayReopen: Bool { trigger == .reopens }

  /// Whether it does nothing beyond the cycle that it is of: heard before that began, it counts once more when it begins.
  public var isOfACycle: Bool { type.meaning.isOfACycle && (type.meaning != .accepts || !parts.isEmpty) }

  /// Under whose names something may wait for the message's item, or be made by it: the parts of all units that it names.
  public var parts: [ItemKey] { supporting + (lead.map { [part(of: $0)] } ?? []) }

  private var namesUnits: Bool { (type.meaning == .opens || type.meaning == .accepts) && data.part == nil }

  private func part(of unit: String) -> ItemKey { item.part(of: unit) }

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
private struct Wire {
  var specversion, id, source, type, time, subject: String?
  /// What is no trace, of whatever type, is none.
  var trace: TraceContext?
  var data: EventData?

  init(_ json: JSONObject) throws(Refusal) {
    specversion = try json.text("specversion")
    id = try json.text("id")
    source = try json.text("source")
    type = try json.text("type")
    time = try json.text("time")
    subject = try json.text("subject")
    trace = (try? json.text("traceparent")).flatMap(TraceContext.init)
    data = if let object = try json.object("data") { try EventData(object) } else { nil }
  }
}

extension EventData {
  fileprivate init(_ json: JSONObject) throws(Refusal) {
    if let object = try json.object("region") {
      region = Region(
        district: try object.text("district"), street: try object.text("street"), community: try object.text("community"))
    }
    category = try json.text("category")
    grade = try json.text("grade")
    title = try json.text("title")
    lead = try json.text("lead")
    supporting = try json.texts("supporting")
    part = try json.text("part")
    unit = try json.text("unit")
    item = if let object = try json.object("item") { try Item(object) } else { nil }
    due = try json.text("due")
    passed = try json.bool("passed")
    decision = try json.text("decision")
    reason = try json.text("reason")
    until = try json.text("until")
    approver = try json.text("approver")
    into = if let object = try json.object("into") { try Item(object) } else { nil }
    rating = try json.text("rating")
  }
}

extension EventData.Item {
  fileprivate init(_ json: JSONObject) throws(Refusal) {
    source = try json.requiredText("source")
    subject = try json.requiredText("subject")
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
