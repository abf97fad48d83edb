// The server quotes rejected values in its messages (`invalid input syntax for type integer: "13800138000"`). A value may be
// personal data, so it is cut out before the message reaches an error or a log.

/// Removes quoted values from the server's messages.
enum Redaction {
  /// The double quotes of all languages that the server supports. We do not control `lc_messages`.
  private static let quotes: Set<Character> = ["\"", "“", "”", "„", "«", "»"]

  /// Replaces the quoted part by `"…"`, unless all of it repeats text that the error shows anyway: one of the `names` that
  /// the server sent separately, or, if the message can only be about the `statement`, a part of its text.
  ///
  /// It cuts from the first quote to the last, because a value may contain quotes. Data exceptions (class 22) are about
  /// values and are always cut.
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
