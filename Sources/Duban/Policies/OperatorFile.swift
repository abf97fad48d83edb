// Files that operators write, in YAML: how they are read, and how a fault in one is told, by its line.

import Yams

/// A fault in a policy, schedule, directory or calendar file, in words for the person who wrote it.
public struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1; nil where the fault is the whole file's.
  public var line: Int?
  public var problem: String

  public init(_ problem: String, line: Int? = nil) {
    (self.problem, self.line) = (problem, line)
  }

  public var description: String { line.map { "line \($0): \(problem)" } ?? problem }
}

/// A file that was read, and where in it each thing stands.
struct OperatorFile<Content: Decodable> {
  let content: Content
  private let root: Node

  /// - Throws: ``FileFault`` that names the line, the place and the remedy.
  init(yaml text: String) throws(FileFault) {
    // Some editors begin a file with a byte order mark, of which YAML makes a document of its own.
    let yaml = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    do {
      guard let root = try Yams.compose(yaml: yaml) else { throw FileFault("the file is empty") }
      self.root = root
      content = try YAMLDecoder().decode(Content.self, from: root)
    } catch let fault as FileFault {
      throw fault
    } catch let error as YamlError {
      throw error.fault(in: yaml)
    } catch let error as DecodingError {
      throw FileFault(error, in: try? Yams.compose(yaml: yaml))
    } catch {
      throw FileFault("not YAML: \(error)")
    }
  }

  /// A fault at a place, which need not be there: then the line is that of the nearest thing around it.
  func fault(at path: FileStep..., because problem: String) -> FileFault { fault(at: path, because: problem) }

  func fault(at path: [FileStep], because problem: String) -> FileFault { FileFault(problem, at: path, in: root) }

  func line(of path: FileStep...) -> Int? { line(of: path) }

  func line(of path: [FileStep]) -> Int? { root.line(of: path) }

  /// Refuses unknown keys: they are mostly slips of the pen, and would be ignored.
  func allow(_ keys: [String], at path: FileStep...) throws(FileFault) { try allow(keys, at: path) }

  func allow(_ keys: [String], at path: [FileStep]) throws(FileFault) {
    guard case .mapping(let mapping)? = root.descend(path) else { return }
    for (key, _) in mapping {
      guard let name = key.string, !keys.contains(name) else { continue }
      let known = keys.joined(separator: ", ")
      let nearest = keys.nearest(to: name).map { "; the nearest is \($0)" } ?? ""
      throw FileFault(
        "\(path.text.isEmpty ? "" : path.text + ": ")there is no '\(name)' here; known are \(known)\(nearest)",
        line: key.mark?.line)
    }
  }
}

/// A step into a file: a key, or a place in a list.
enum FileStep: Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  case key(String)
  case place(Int)

  init(stringLiteral key: String) { self = .key(key) }
  init(integerLiteral place: Int) { self = .place(place) }
}

extension [FileStep] {
  /// `rules[3].response`.
  fileprivate var text: String {
    reduce("") { text, step in
      switch step {
      case .key(let key): text.isEmpty ? key : "\(text).\(key)"
      case .place(let i): "\(text)[\(i)]"
      }
    }
  }
}

extension Node {
  fileprivate func descend(_ path: some Collection<FileStep>) -> Node? {
    path.reduce(self) { node, step in
      switch step {
      case .key(let key): node?.mapping?[Node(key)]
      case .place(let i): node?.sequence.flatMap { $0.indices.contains(i) ? $0[i] : nil }
      }
    }
  }

  /// The line of a place, or of the nearest thing around it that is there.
  fileprivate func line(of path: [FileStep]) -> Int? {
    (0...path.count).reversed().lazy.compactMap { descend(path.prefix($0))?.mark?.line }.first
  }
}

extension FileFault {
  fileprivate init(_ problem: String, at path: [FileStep], in root: Node?) {
    self.init(path.isEmpty ? problem : "\(path.text): \(problem)", line: root?.line(of: path))
  }

  fileprivate init(_ error: DecodingError, in root: Node?) {
    let (context, missing): (DecodingError.Context, String?) =
      switch error {
      case .typeMismatch(_, let c), .valueNotFound(_, let c), .dataCorrupted(let c): (c, nil)
      case .keyNotFound(let key, let c): (c, key.stringValue)
      @unknown default: (DecodingError.Context(codingPath: [], debugDescription: "cannot be read"), nil)
      }
    let path: [FileStep] = context.codingPath.map { key in key.intValue.map(FileStep.place) ?? .key(key.stringValue) }
    self.init(missing.map { "\($0) is missing" } ?? context.debugDescription, at: path, in: root)
  }
}

extension YamlError {
  fileprivate func fault(in yaml: String) -> FileFault {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      return FileFault("not YAML: \(problem) (column \(mark.column))", line: mark.line)
    case .duplicatedKeysInMapping(let keys, let context):
      let first = context.mark.line
      return FileFault(
        "'\(keys.first ?? "")' stands here again, after line \(first); remove one of them",
        line: Self.line(ofKeyRepeatedAfter: first, in: yaml))
    default: return FileFault("not YAML: \(self)")
    }
  }

  /// The line that repeats a key. Yams names only where the key stands first: the other is where the file, cut off behind it, is refused for it.
  private static func line(ofKeyRepeatedAfter first: Int, in yaml: String) -> Int {
    let lines = yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let repeated = (first...max(first, lines.count)).first { count in
      do {
        _ = try Yams.compose(yaml: lines.prefix(count).joined(separator: "\n"))
        return false
      } catch YamlError.duplicatedKeysInMapping {
        return true
      } catch {
        return false
      }
    }
    return repeated ?? first
  }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
  /// Reads one of a few words; for any other it says which there are.
  init(named decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self(rawValue: text) else {
      let words = Self.allCases.map(\.rawValue)
      let choice = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "write \(choice), not '\(text)'")
    }
    self = value
  }
}

extension Kind {
  public init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}

extension Tier {
  public init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}

extension Slip {
  public init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}

extension Notice.Kind: Decodable {
  public init(from decoder: any Decoder) throws { try self.init(named: decoder) }
}

/// A length of time as people write it in a file: `30s`, `15m`, `48h`, `13d`.
struct SpanText: Decodable {
  var span: Span

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let span = Span(text: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "write a length of time like 30s, 15m, 48h or 13d, not '\(text)'")
    }
    self.span = span
  }
}

extension Span {
  /// Reads `30s`, `15m`, `48h` or `13d`; nil for anything else.
  public init?(text: String) {
    guard let unit = text.last, let count = Int64(text.dropLast()), 0...1_000_000 ~= count else { return nil }
    switch unit {
    case "s": self = .seconds(count)
    case "m": self = .seconds(count * 60)
    case "h": self = .hours(count)
    case "d": self = .days(count)
    default: return nil
    }
  }
}
