// Files that operators write, in YAML: how they are read, and how a fault in one is told, by its line.

import Yams

/// A fault in a policy, schedule, directory or calendar file, in words for the person who wrote it.
public struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1; nil where the fault is the whole file's.
  public var line: Int?
  public var problem: String
  /// What else is wrong in the file, further down.
  public var others: [FileFault] = []

  public init(_ problem: String, line: Int? = nil) {
    (self.problem, self.line) = (problem, line)
  }

  /// All that is wrong, in the order of the file's lines; nil where nothing is.
  init?(all faults: some Sequence<FileFault>) {
    let inOrder = faults.enumerated().sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
    guard let first = inOrder.first?.element else { return nil }
    self = first
    others = inOrder.dropFirst().map(\.element)
  }

  /// Each fault in a line of its own, with the line of the file.
  public var lines: [String] { [line.map { "line \($0): \(problem)" } ?? problem] + others.flatMap(\.lines) }

  public var description: String { lines.joined(separator: "\n") }
}

extension FileFault {
  init(unknownKey name: String, among keys: [Word], at path: [FileStep], line: Int?) {
    let known = keys.map(\.text).joined(separator: ", ")
    let place = path.text.isEmpty ? "" : path.text + ": "
    self.init("\(place)there is no '\(name)' here; known are \(known)\(Word.nearest(to: name, in: keys).suggestion)", line: line)
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
  var text: String {
    reduce("") { text, step in
      switch step {
      case .key(let key): text.isEmpty ? key : "\(text).\(key)"
      case .place(let i): "\(text)[\(i)]"
      }
    }
  }
}

extension Node {
  /// What a file holds.
  ///
  /// - Throws: ``FileFault`` where it is no YAML, with the line.
  static func root(ofFile text: String) throws(FileFault) -> Node {
    // Some editors begin a file with a byte order mark, of which YAML makes a document of its own.
    let yaml = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    do {
      if let root = try Yams.compose(yaml: yaml) { return root }
    } catch let error as YamlError {
      throw error.fault(in: yaml)
    } catch {
      throw FileFault("not YAML: \(error)")
    }
    throw FileFault("the file is empty")
  }

  /// A scalar as it is written; nil for a list and for a mapping.
  var text: String? { scalar?.string }

  /// Whether it is there and holds nothing: `category:` alone.
  var isEmpty: Bool { scalar != nil && tag == Tag(.null) }

  fileprivate func descend(_ path: some Collection<FileStep>) -> Node? {
    path.reduce(self) { node, step in
      switch step {
      case .key(let key): node?.mapping?[Node(key)]
      case .place(let i): node?.sequence.flatMap { $0.indices.contains(i) ? $0[i] : nil }
      }
    }
  }

  /// The line of a place, or of the nearest thing around it that is there.
  func line(of path: [FileStep]) -> Int? {
    (0...path.count).reversed().lazy.compactMap { descend(path.prefix($0))?.mark?.line }.first
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
