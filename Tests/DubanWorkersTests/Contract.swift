// The published contract, deploy/asyncapi.yaml, as the tests read it, and the judge that holds messages to its schemas.

import Duban
import Foundation
import TestServers

/// The document, read once.
struct Contract: Sendable {
  let document: JSON

  static func published() throws -> Contract { try read.get() }

  private static let read = Result { Contract(document: try JSON(parsing: try judge("json", path))) }
  static let path = TestStore.root.appending(path: "deploy/asyncapi.yaml").path
  private static let folder = TestStore.root.appending(path: "Tests/DubanWorkersTests/Contract").path

  // MARK: - What it lists

  /// The keys of the messages of a channel; those of intake without the one that stands for all in binary mode.
  func messages(of channel: String) -> [String] {
    document["channels", channel, "messages"].members.map(\.name).filter { $0 != "binary" }
  }

  func message(_ key: String) -> JSON { document["components", "messages", key] }

  /// A message of the contract's examples, on its way to Duban.
  struct Example: Sendable {
    /// The key of the message, or `incoming` where it stands for all.
    var message: String
    var name: String
    var body: String
    /// Of binary mode.
    var headers: [String: String] = [:]
    /// What a bad one is told.
    var reason: String?
    var pointer: String?
    /// Messages whose first example has been taken before.
    var after: [String] = []
    /// When Duban hears it; nil where that does not matter.
    var heard: Instant?

    var raw: RawMessage {
      let attributes = headers.map { (String($0.dropFirst("cloudEvents:".count)), $1) }
      return RawMessage(body: Array(body.utf8), attributes: Dictionary(uniqueKeysWithValues: attributes))
    }

    var routingKey: String {
      let type = headers["cloudEvents:type"] ?? (try? JSON(parsing: body))?["type"].string ?? ""
      let name = String(type.dropFirst(EventType.prefix.count))
      return EventType.named(name) == nil ? "complaint.submitted" : name
    }
  }

  /// The good examples of messages to Duban, in the order in which they happen.
  var goodExamples: [Example] {
    (messages(of: "intake") + ["binary"]).flatMap { goodExamples(of: $0) }.sorted { $0.time < $1.time }
  }

  func goodExamples(of key: String) -> [Example] { message(key)["examples"].elements.map { Example(key, $0) } }

  /// The bad ones: of each type, and those that are bad whatever the type.
  var badExamples: [Example] {
    let shared = document["components", "messageTraits", "incoming", "x-bad-examples"].elements.map { Example("incoming", $0) }
    return shared + messages(of: "intake").flatMap { badExamples(of: $0) }
  }

  func badExamples(of key: String) -> [Example] { message(key)["x-bad-examples"].elements.map { Example(key, $0) } }

  /// Reasons by which a message is taken and does not count, and is no dead letter.
  var inapplicableReasons: Set<String> {
    Set(document["components", "schemas", "reason", "schema", "x-inapplicable"].elements.compactMap(\.string))
  }

  /// The names of all fields that a message's schema knows, at any depth.
  func fields(of key: String) -> Set<String> {
    var fields: Set<String> = []
    var schemas = [message(key)["payload"]]
    while let schema = schemas.popLast() {
      fields.formUnion(schema["properties"].members.map(\.name))
      schemas += schema.children
      if let reference = schema["$ref"].string {
        schemas.append(reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] })
      }
    }
    return fields
  }
}

extension Contract.Example {
  fileprivate init(_ key: String, _ example: JSON) {
    message = key
    name = example["name"].string ?? "?"
    body = example["body"].string ?? example["payload"].text
    for (name, value) in example["headers"].members { headers[name] = value.string }
    (reason, pointer) = (example["reason"].string, example["pointer"].string)
    after = example["after"].elements.compactMap(\.string)
    heard = example["heard"].string.flatMap { Instant(rfc3339: $0) }
  }

  fileprivate var time: String {
    headers["cloudEvents:time"] ?? (try? JSON(parsing: body))?["time"].string ?? ""
  }
}

// MARK: - The judge

extension Contract {
  /// What is put before the judge: a message to Duban, or with `message` one that Duban sends, or its headers.
  struct Case: Encodable {
    var message: String?
    var body: String?
    var headers: [String: String]?
  }

  /// Nil for what the schemas take, and why for what they refuse; in the order of the cases.
  static func verdicts(on cases: [Case]) throws -> [String?] {
    let file = FileManager.default.temporaryDirectory.appending(path: "duban-cases-\(UUID().uuidString).ndjson")
    defer { try? FileManager.default.removeItem(at: file) }
    let encoder = JSONEncoder()
    try Data(cases.map { try encoder.encode($0) }.joined(separator: Data("\n".utf8))).write(to: file)
    let lines = try judge("messages", path, file.path).utf8.split(separator: UInt8(ascii: "\n"))
    guard lines.count == cases.count else { throw TestFault("\(cases.count) cases, but \(lines.count) verdicts") }
    return lines.map { line in line.elementsEqual("taken".utf8) ? nil : String(decoding: line, as: UTF8.self) }
  }

  /// What is wrong with the document itself, a line each.
  static func faults() throws -> String { try judge("document", path, folder + "/asyncapi-3.0.0.json") }

  private static func judge(_ arguments: String...) throws -> String {
    let result = try ChildProcess.run(
      folder + "/schema-judge", arguments, environment: ["LC_ALL": "C.UTF-8"], within: .seconds(300))
    guard result.end == .exit(0) else {
      throw TestFault(
        "schema-judge, which needs Debian's python3-jsonschema and python3-yaml (deploy/test installs them): \(result.errors.suffix(500))"
      )
    }
    return result.output
  }
}

// MARK: - JSON

/// A JSON value whose text the tests decide: a field may stand twice in it.
indirect enum JSON: Sendable, Decodable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSON])
  case object([(name: String, value: JSON)])

  init(parsing text: String) throws { self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8)) }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .number(String(value))
    } else if let value = try? container.decode(Double.self) {
      self = .number(String(value))
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([JSON].self) {
      self = .array(values)
    } else {
      let members = try container.decode([String: JSON].self)
      self = .object(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
  }

  var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let value): value
    case .string(let value): JSONText.string(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members): "{" + members.map { "\(JSONText.string($0.name)):\($0.value.text)" }.joined(separator: ",") + "}"
    }
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }
  var elements: [JSON] { if case .array(let values) = self { values } else { [] } }
  var members: [(name: String, value: JSON)] { if case .object(let members) = self { members } else { [] } }
  var children: [JSON] { elements + members.map(\.value) }

  /// Null where there is nothing.
  subscript(path: String...) -> JSON {
    path.reduce(self) { value, name in value.members.first { $0.name == name }?.value ?? .null }
  }

  /// The names of all fields, at any depth.
  var fields: Set<String> { children.reduce(into: Set(members.map(\.name))) { $0.formUnion($1.fields) } }
}
