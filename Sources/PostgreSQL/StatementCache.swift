// Which statements this connection has prepared. The server plans a statement once per preparation, so each text is
// prepared at its first use and run by name from then on.

/// The prepared statements of one connection, by text and parameter types.
struct StatementCache {
  /// How to run a statement.
  enum Plan {
    case prepared(name: String)
    case toPrepare(name: String)
    /// The cache is full: texts that are built anew each time must not fill the server's memory.
    case unnamed
  }

  private struct Entry {
    let types: [UInt32]
    let name: String
  }

  static let limit = 500

  private var entries: [String: [Entry]] = [:]
  private var count = 0
  private var lastNumber = 0

  /// A nil without a type (0) fits every statement of the same text; any other difference in types needs another plan.
  mutating func plan(for statement: Statement) -> Plan {
    let known = entries[statement.sql]?.first { entry in
      entry.types.count == statement.types.count
        && zip(entry.types, statement.types).allSatisfy { prepared, wanted in wanted == 0 || wanted == prepared }
    }
    if let known { return .prepared(name: known.name) }
    if count >= Self.limit { return .unnamed }
    lastNumber += 1
    return .toPrepare(name: "s\(lastNumber)")
  }

  mutating func insert(_ statement: Statement, name: String) {
    entries[statement.sql, default: []].append(Entry(types: statement.types, name: name))
    count += 1
  }

  /// Forgets every preparation of a text. What the server still holds of it goes with the session.
  mutating func forget(_ sql: String) {
    count -= entries.removeValue(forKey: sql)?.count ?? 0
  }
}
