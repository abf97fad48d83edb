// JSON as text, for what Duban writes: log entries, outgoing events, evidence.

import FoundationEssentials

/// Encodes values as JSON text with sorted keys, so that the same facts always make the same text.
public enum JSONText {
  /// Any encodable value of Duban's own; these hold only strings, numbers and each other, which cannot fail to encode.
  public static func encode(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return "null" }
    return String(decoding: data, as: UTF8.self)
  }

  /// A value back from its text; nil where the text is of another form.
  static func decode<T: Decodable>(_ text: String) -> T? {
    try? JSONDecoder().decode(T.self, from: Data(text.utf8))
  }

  /// A string as a JSON string, with its quotes.
  public static func string(_ value: String) -> String { encode(value) }
}
