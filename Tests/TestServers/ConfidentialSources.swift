// A confidential source (12388) for a test, with one person who may see what it sends and one who may not.

import PostgreSQL

extension TestStore {
  /// A login of the server that may read every table, but nothing that is confidential.
  public static let outsider = "test_outsider"
  /// The same, and a member of `duban_confidential`.
  public static let insider = "test_insider"

  /// Makes a source confidential, and lets ``outsider`` and ``insider`` read this database.
  public func makeConfidential(_ source: String = "/qr/mashang") throws {
    // Roles are the server's, and an advisory lock holds within one database: so all tests make them from the same one.
    let server = try PostgreSQL.Connection(try TestDatabase.maintenanceDSN)
    defer { server.close() }
    try server.runScript(
      """
      DO $$ BEGIN
        PERFORM pg_advisory_xact_lock(1);
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'duban_confidential') THEN CREATE ROLE duban_confidential; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(Self.insider)') THEN
          CREATE ROLE \(Self.outsider) LOGIN;
          CREATE ROLE \(Self.insider) LOGIN IN ROLE duban_confidential;
        END IF;
      END $$
      """)
    let owner = try database.connect()
    defer { owner.close() }
    _ = try owner.execute("UPDATE upstream_source SET confidential = true WHERE uri = $1", source)
    try owner.runScript("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(Self.outsider), \(Self.insider)")
  }

  /// How somebody else connects to the database.
  public func dsn(as user: String) throws -> String { try TestDatabase.dsn(with: ["dbname": database.name, "user": user]) }
}
