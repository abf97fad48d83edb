// A database of its own for each test, so that tests run side by side on one server without seeing each other.

import Glibc
import PostgreSQL

/// A freshly created database on the test server.
public struct TestDatabase: Sendable {
  /// Its name, unique on the server.
  public let name: String
  /// The DSN to connect to it.
  public let dsn: String

  /// A database that is there and that the caller has to itself.
  public init(name: String, dsn: String) {
    (self.name, self.dsn) = (name, dsn)
  }

  /// Creates a database, runs `body` and drops the database, sessions included.
  ///
  /// - Parameters:
  ///   - template: The database to clone; empty (`template0`) by default. Nobody may be connected to it.
  ///   - isolation: The caller's actor, so that `body` runs where the test does.
  ///   - body: The test.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, ``MissingServer`` without a server, or the server's refusal.
  public static func with<T>(
    template: String? = nil, isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> T
  ) async throws -> T {
    let database = try create(template: template)
    let value: T
    do {
      value = try await body(database)
    } catch {
      try? database.drop()
      throw error
    }
    try database.drop()
    return value
  }

  /// Creates a database that stays until ``drop()``, e.g. a migrated template for others to clone.
  ///
  /// - Throws: ``MissingServer`` without a server, or the server's refusal.
  public static func create(template: String? = nil) throws -> TestDatabase {
    let name = "duban_test_\(getpid())_" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    var attemptsLeft = 6
    while true {
      do {
        try maintain("CREATE DATABASE \(quoted(name)) TEMPLATE \(quoted(template ?? "template0"))")
        return TestDatabase(name: name, dsn: try dsn(with: ["dbname": name]))
      } catch let error as PostgresError where error.sqlState == .objectInUse && attemptsLeft > 0 {
        // The server itself waits for 5 seconds for others to leave the template: no pause is needed here.
        attemptsLeft -= 1
      }
    }
  }

  /// Drops the database and ends whatever sessions there are on it.
  ///
  /// - Throws: The server's refusal.
  public func drop() throws {
    try Self.maintain("DROP DATABASE IF EXISTS \(Self.quoted(name)) WITH (FORCE)")
  }

  /// Makes a connection to the database.
  ///
  /// - Throws: ``PostgresError`` as the initializer of `Connection` does.
  public func connect(_ options: PostgreSQL.Connection.Options = .init()) throws(PostgresError) -> PostgreSQL.Connection {
    try PostgreSQL.Connection(dsn, options: options)
  }

  /// There is no server to test against.
  public struct MissingServer: Error, CustomStringConvertible {
    /// What to do about it.
    public var description: String {
      "DUBAN_POSTGRES_DSN is not set: run the tests with deploy/test, which starts the servers that they need"
    }
  }

  /// The DSN of a database in which other databases can be created and dropped, from `DUBAN_POSTGRES_DSN`.
  ///
  /// - Throws: ``MissingServer`` if it is not set.
  public static var maintenanceDSN: String {
    get throws {
      guard let value = getenv("DUBAN_POSTGRES_DSN") else { throw MissingServer() }
      return String(cString: value)
    }
  }

  /// The maintenance DSN with other values for some keywords: in both forms of a DSN the last mention counts.
  ///
  /// - Parameter keywords: libpq's names and values of ASCII characters.
  /// - Returns: The DSN in the form of the original.
  /// - Throws: ``MissingServer`` if there is no DSN to start from.
  public static func dsn(with keywords: KeyValuePairs<String, String>) throws -> String {
    let base = try maintenanceDSN
    guard base.contains("://") else {
      return keywords.reduce(base) { $0 + " \($1.key)='\($1.value.map { "\\'".contains($0) ? "\\\($0)" : "\($0)" }.joined())'" }
    }
    let pairs = keywords.map { keyword, value in "\(keyword)=\(percentEncoded(value))" }
    return base + (base.contains("?") ? "&" : "?") + pairs.joined(separator: "&")
  }

  private static func percentEncoded(_ value: String) -> String {
    value.utf8.map { byte in
      let character = Character(Unicode.Scalar(byte))
      return character.isLetter || character.isNumber ? "\(character)" : "%" + String(0x100 + Int(byte), radix: 16).dropFirst()
    }.joined()
  }

  private static func maintain(_ sql: String) throws {
    var options = PostgreSQL.Connection.Options()
    // Creating and dropping files takes its time on a busy machine.
    options.statementTimeout = .seconds(120)
    options.lockTimeout = nil
    let connection = try PostgreSQL.Connection(try maintenanceDSN, options: options)
    defer { connection.close() }
    try connection.runScript(sql)
  }

  private static func quoted(_ name: String) -> String { "\"\(name)\"" }
}
