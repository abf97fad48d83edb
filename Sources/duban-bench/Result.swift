// Prints a result as one JSON object, or as lines for people.

import Foundation

/// The result of a measurement.
protocol BenchResult: Encodable {
  /// Lines for people. None is empty.
  var lines: [String] { get }
}

extension BenchResult {
  func print(asJSON: Bool) throws {
    guard asJSON else { return lines.forEach { Swift.print($0) } }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
  }
}

/// A number that may be missing. In JSON it is then `null` and not left out.
struct Measured<Value: Encodable>: Encodable, CustomStringConvertible where Value: CustomStringConvertible {
  var value: Value?

  init(_ value: Value?) { self.value = value }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }

  var description: String { value?.description ?? "not measured" }
}
