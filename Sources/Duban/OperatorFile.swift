// Files that operators write, in YAML: how they are read, and how a fault in one is told.

import Yams

/// A fault in a policy, schedule or directory file, in words for the person who wrote it.
public struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Decodes a YAML file, its faults in one line that names the place.
func decodeYAML<T: Decodable>(_ yaml: String) throws(FileFault) -> T {
  do {
    return try YAMLDecoder().decode(T.self, from: yaml)
  } catch let error as DecodingError {
    throw FileFault(error.placeAndReason)
  } catch {
    throw FileFault("not YAML: \(error)")
  }
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

extension DecodingError {
  /// One line: where, and what is wrong there.
  var placeAndReason: String {
    let (context, missing): (Context, String?) =
      switch self {
      case .typeMismatch(_, let c), .valueNotFound(_, let c), .dataCorrupted(let c): (c, nil)
      case .keyNotFound(let key, let c): (c, key.stringValue)
      @unknown default: (Context(codingPath: [], debugDescription: "cannot be read"), nil)
      }
    let path = context.codingPath.reduce("") { path, key in
      if let i = key.intValue { return "\(path)[\(i)]" }
      return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
    }
    let place = path.isEmpty ? "" : "\(path): "
    if let missing { return "\(place)\(missing) is missing" }
    if let error = context.underlyingError as? YamlError { return "not YAML: \(error.lineAndProblem)" }
    return place + context.debugDescription
  }
}

extension YamlError {
  /// One line: which, and what is wrong in it.
  fileprivate var lineAndProblem: String {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      "line \(mark.line), column \(mark.column): \(problem)"
    default: "\(self)"
    }
  }
}
