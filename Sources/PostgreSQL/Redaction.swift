// The server quotes offending values in its messages (`invalid input syntax for type integer: "13800138000"`). What came in
// as a value may be personal data, so it is cut out before the message reaches an error, and through it a log.

/// The server's messages without the values that they quote.
enum Redaction {
  /// Double quotes in all the languages that the server speaks; `lc_messages` is not ours to set.
  private static let quotes: Set<Character> = ["\"", "“", "”", "„", "«", "»"]

  /// Replaces what is quoted by `"…"`, unless all of it repeats what the error shows anyway: one of the `names` that the
  /// server gave separately, or, when the message can only be about the `statement`, a part of its text.
  ///
  /// The cut runs from the first quote to the last, for a value may hold quotes itself. Data exceptions (class 22) speak
  /// about values by nature and are always cut.
  static func withoutValues(_ message: String, sqlState: SQLState?, statement: String?, names: [String]) -> String {
    let marks = message.indices.filter { quotes.contains(message[$0]) }
    guard let first = marks.first, let last = marks.last else { return message }
    let areAllKnown = stride(from: 0, to: marks.count, by: 2).allSatisfy { open in
      guard open + 1 < marks.count else { return false }
      let quotation = message[message.index(after: marks[open])..<marks[open + 1]]
      return statement?.contains(quotation) == true || names.contains { $0 == quotation }
    }
    if areAllKnown && sqlState?.classCode != "22" { return message }
    return message[..<first] + "\"…\"" + message[message.index(after: last)...]
  }
}
