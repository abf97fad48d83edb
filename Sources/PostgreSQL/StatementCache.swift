// The prepared statements of a connection. Each text is prepared on first use and then run by name, which saves the server
// parsing it again.

/// The prepared statements of one connection, by text and parameter types.
struct StatementCache {
  /// How to run a statement.
  enum Plan {
    case prepared(name: String)
    case toPrepare(name: String)
    /// The cache is full. Without a limit, texts that differ every time would fill the server's memory.
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

  /// An untyped nil (0) fits every statement with the same text. Any other difference in types needs another prepared
  /// statement.
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

  /// Removes all prepared statements of a text. The server keeps them until the session ends.
  mutating func forget(_ sql: String) {
    count -= entries.removeValue(forKey: sql)?.count ?? 0
  }
}
