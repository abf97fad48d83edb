// The contract's limits on a message.

/// The limits of the contract (`deploy/asyncapi.yaml`, `x-limits`).
public enum Limits {
  /// Bytes of a message; in binary mode, of its structured form.
  public static let bodyBytes = 256 * 1024
  /// Levels of nested objects and arrays.
  public static let nesting = 64
  /// Characters of `id`, `source` and `subject`, so that each fits an index key whatever its script.
  public static let attributeCharacters = 256
  /// Characters of a unit's name, which is part of the same index key.
  public static let unitCharacters = 100
  /// Supporting units (协办) that one message names.
  public static let supportingUnits = 20
  /// Parts (协办件) of a matter. It bounds a fold.
  public static let parts = 100
  /// Results that one report of an inspection has, and references to photos or documents in each.
  public static let results = 100
  public static let references = 20
}

extension Limits {
  /// Holds a body to the limits and to JSON's grammar, and returns it as text and as what it says: of at most ``bodyBytes``, UTF-8,
  /// without NUL.
  static func read(_ body: [UInt8]) throws(Refusal) -> (text: String, value: JSONValue) {
    if body.count > bodyBytes {
      throw Refusal(.tooLarge, "the message has \(body.count) bytes; at most \(bodyBytes) are taken")
    }
    guard let text = String(validating: body, as: UTF8.self) else {
      throw Refusal(.notUTF8, "the body is not UTF-8; encode it so")
    }
    return (text, try JSONGrammar.read(body))
  }
}
