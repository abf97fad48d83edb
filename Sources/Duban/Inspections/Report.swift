// What a report of an inspection says against a checklist, as messages and the log state it, and how it came out.

/// 巡查上报 with results: what was found of each check, by whom, and against which version of which checklist.
public struct Report: Hashable, Sendable {
  public var checklist: String
  public var version: Int
  /// The role in which it is made, such as 监理单位.
  public var role: String?
  public var results: [String: Value]
  /// Whether problems were found, on the list or beside it (`data.problems`).
  public var hasProblems: Bool

  public init(checklist: String, version: Int, role: String? = nil, results: [String: Value], hasProblems: Bool = false) {
    (self.checklist, self.version, self.role) = (checklist, version, role)
    (self.results, self.hasProblems) = (results, hasProblems)
  }

  /// What was found of one check.
  public enum Value: Hashable, Sendable {
    case yesNo(Bool)
    case number(Double)
    /// A text, a choice, or one reference. Its first ``textLength`` characters.
    case text(String)
    /// References to photos or documents.
    case references([String])
    case signOff(SignOff)
  }

  /// Who signed is in the original message; the log has the role alone.
  public struct SignOff: Hashable, Sendable {
    public var role: String
    public var agrees: Bool
    public var at: Instant?

    public init(role: String, agrees: Bool = true, at: Instant? = nil) { (self.role, self.agrees, self.at) = (role, agrees, at) }
  }

  /// How a report came out, judged once when it was recorded.
  public enum Outcome: Hashable, Sendable {
    /// By the checklist that was in force: how many checks passed, which failed, and which others must report.
    case judged(passed: Int, failed: [String], open: [String])
    /// 待核: no checklist of that name was known.
    case unverified
  }

  /// As much of a text as the log keeps, in characters.
  static let textLength = 200
}

extension Report.Outcome {
  /// Whether nothing failed, and nothing is left for others.
  public var isClean: Bool {
    if case .judged(_, let failed, let open) = self { failed.isEmpty && open.isEmpty } else { false }
  }
}

// MARK: - As messages and the log state it

extension Report {
  /// The checklist that a message names, with the version that was filled in.
  struct Reference: Hashable {
    var name: String
    var version: Int?

    init(_ json: JSONObject) throws(Refusal) {
      name = try json.requiredText("name")
      guard !name.isEmpty else { throw Refusal(.missingField, at: "/data/checklist/name", "name the checklist") }
      guard let number = json.json("version") else { return }
      guard let version = Double(number).flatMap(Int.init(exactly:)), 1...Int(Int32.max) ~= version else {
        throw Refusal(.wrongType, at: "/data/checklist/version", "must be a whole number, 1 or more")
      }
      self.version = version
    }
  }

  /// The results of a message, by the names of the checks; what is null counts as absent.
  static func results(_ json: JSONObject) throws(Refusal) -> [String: Value] {
    let names = json.names
    guard names.count <= Limits.results else {
      throw Refusal(.invalidValue, at: "/data/results", "at most \(Limits.results) results can be reported")
    }
    var results: [String: Value] = [:]
    for name in names {
      guard Checklist.Check.isName(name) else {
        throw Refusal(
          .invalidValue, at: "/data/results", "name each check in 1 to \(Limits.unitCharacters) characters, without / and ~")
      }
      if let value = try Value(json, name) { results[name] = value }
    }
    return results
  }

  func write(to facts: inout JSONMembers) {
    facts.write("checklist") { list in
      list.write("name", checklist)
      list.write("version", version)
    }
    facts.write(flag: "problems", hasProblems)
    let members = results.sorted { $0.key < $1.key }.map { "\(JSONText.string($0.key)):\($0.value.json)" }
    facts.write("results", json: "{\(members.joined(separator: ","))}")
    facts.write("role", role)
  }
}

extension Checklist.Check {
  /// Whether a text can name a check: such a name needs no escape in a JSON Pointer.
  static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.unicodeScalars.count <= Limits.unitCharacters
      && !text.unicodeScalars.contains { $0 == "/" || $0 == "~" }
  }
}

extension Report.Value {
  fileprivate init?(_ results: JSONObject, _ name: String) throws(Refusal) {
    let pointer = "/data/results/\(name)"
    guard let json = results.json(name), let first = json.utf8.first else { return nil }
    switch first {
    case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .yesNo(first == UInt8(ascii: "t"))
    case UInt8(ascii: "\""): self = .text(Self.clipped(try results.text(name) ?? ""))
    case UInt8(ascii: "["):
      let references = try results.texts(name)
      guard references.count <= Limits.references else {
        throw Refusal(.invalidValue, at: pointer, "at most \(Limits.references) references can be given")
      }
      self = .references(references.map(Self.clipped))
    case UInt8(ascii: "{"):
      guard let object = try results.object(name) else { return nil }
      self = .signOff(try Report.SignOff(object, at: pointer))
    default:
      guard let number = Double(json), number.isFinite else { throw Refusal(.wrongType, at: pointer, "the number is too large") }
      self = .number(number)
    }
  }

  private static func clipped(_ text: String) -> String {
    guard text.unicodeScalars.count > Report.textLength else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(Report.textLength)))
  }

  fileprivate var json: String {
    switch self {
    case .yesNo(let value): return "\(value)"
    case .number(let number): return Int64(exactly: number).map { "\($0)" } ?? "\(number)"
    case .text(let text): return JSONText.string(text)
    case .references(let references): return "[\(references.map(JSONText.string).joined(separator: ","))]"
    case .signOff(let signOff):
      return JSONText.object { members in
        members.write("agrees", signOff.agrees)
        members.write("at", signOff.at?.rfc3339)
        members.write("role", signOff.role)
      }
    }
  }
}

extension Report.SignOff {
  fileprivate init(_ json: JSONObject, at pointer: String) throws(Refusal) {
    let (role, time) = (try json.requiredText("role"), try json.text("at"))
    guard !role.isEmpty else { throw Refusal(.missingField, at: pointer + "/role", "say in which role it was signed") }
    let at = time.flatMap(Instant.init(rfc3339:))
    guard time == nil || at != nil else {
      throw Refusal(.invalidValue, at: pointer + "/at", "must be RFC 3339 with an offset, e.g. 2026-11-20T08:00:00+08:00")
    }
    self.init(role: role, agrees: try json.bool("agrees") ?? true, at: at)
  }
}

// MARK: - As a part of the stamp

extension Report.Outcome {
  init?(_ json: JSONObject?) throws(Refusal) {
    guard let json else { return nil }
    if try json.bool("unverified") == true {
      self = .unverified
    } else {
      self = .judged(
        passed: Int(try json.integer("passed") ?? 0), failed: try json.texts("failed"), open: try json.texts("open"))
    }
  }

  func write(to members: inout JSONMembers) {
    switch self {
    case .judged(let passed, let failed, let open):
      members.write("failed", failed)
      members.write("open", open)
      members.write("passed", passed)
    case .unverified: members.write("unverified", true)
    }
  }
}
