// A confidential source (12388) for a test, with people who may see what it sends, or who reported it, and people who may not.

import PostgreSQL

extension TestStore {
  /// A login of the server that may read every table, but nothing that is confidential.
  public static let outsider = "test_outsider"
  /// The same, and a member of `duban_confidential`.
  public static let insider = "test_insider"
  /// One who may see who reported a matter; and one who may see that, and what is confidential.
  public static let contactReader = "test_contact_reader"
  public static let contactInsider = "test_contact_insider"

  /// Makes a source confidential, and lets these people read this database.
  public func makeConfidential(_ source: String = "/qr/mashang") throws {
    // Roles are the server's, and an advisory lock holds within one database: so all tests make them from the same one.
    let server = try PostgreSQL.Connection(try TestDatabase.maintenanceDSN)
    defer { server.close() }
    try server.runScript(
      """
      DO $$ BEGIN
        PERFORM pg_advisory_xact_lock(1);
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'duban_confidential') THEN CREATE ROLE duban_confidential; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'duban_contact') THEN CREATE ROLE duban_contact; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(Self.insider)') THEN
          CREATE ROLE \(Self.outsider) LOGIN;
          CREATE ROLE \(Self.insider) LOGIN IN ROLE duban_confidential;
          CREATE ROLE \(Self.contactReader) LOGIN IN ROLE duban_contact;
          CREATE ROLE \(Self.contactInsider) LOGIN IN ROLE duban_confidential, duban_contact;
        END IF;
      END $$
      """)
    let owner = try database.connect()
    defer { owner.close() }
    _ = try owner.execute("UPDATE upstream_source SET confidential = true WHERE uri = $1", source)
    let people = [Self.outsider, Self.insider, Self.contactReader, Self.contactInsider].joined(separator: ", ")
    try owner.runScript("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(people)")
  }

  /// How somebody else connects to the database.
  public func dsn(as user: String) throws -> String { try TestDatabase.dsn(with: ["dbname": database.name, "user": user]) }
}
