// The directory: loaded, brought to what a file states, and every change of it on record.

import Duban
import PostgreSQL

/// A change of the directory, as it was made.
public struct DirectoryVersion: Sendable {
  public var version: Int
  /// The file that was applied; nil where an organ was retired.
  public var document: String?
  /// Why an organ was retired.
  public var because: String?
  public var appliedAt: Instant
  public var appliedBy: String
  public var changes: [String]
}

extension Store {
  /// The directory that is in force.
  public func directory() throws -> Directory {
    try loadDirectory(version: try connection.execute("SELECT directory FROM reference_version").only().decode(0))
  }

  func loadDirectory(version: Int) throws -> Directory {
    let organs = try connection.execute(
      """
      SELECT id, tier, name, parent_id, office_hours, code, aliases, former_names, former_parent_ids, handling_office, supervising_office,
        government, retired_at IS NOT NULL, successor_id
      FROM organ ORDER BY id
      """
    ).map { row in
      let (tier, hours): (String?, String?) = (try row.decode(1), try row.decode(4))
      var organ = Organ(
        id: try row.decode(0), tier: try tier.map { try Tier(stored: $0) }, name: try row.decode(2), parentID: try row.decode(3),
        officeHours: hours.flatMap { OfficeHours(text: $0) }, code: try row.decode(5), aliases: try row.decode(6),
        handlingOffice: try row.decode(9), supervisingOffice: try row.decode(10), government: try row.decode(11))
      (organ.formerNames, organ.formerParentIDs) = (try row.decode(7), try row.decode(8))
      (organ.isRetired, organ.successorID) = (try row.decode(12), try row.decode(13))
      return organ
    }
    let operators = try connection.execute("SELECT amqp_user FROM operator").map { try $0.decode(0, as: String.self) }
    return Directory(
      version: version, organs: try withFormerHours(organs), sources: try loadSources(), persons: try loadPersons(),
      operators: Set(operators))
  }

  private func loadSources() throws -> [UpstreamSource] {
    var grants: [String: [Grant]] = [:]
    for row in try connection.execute("SELECT uri, acts, sources, regions FROM source_grant ORDER BY uri, number") {
      let (acts, sources): ([String]?, [String]?) = (try row.decode(1), try row.decode(2))
      let regions: [Int64]? = try row.decode(3)
      grants[try row.decode(0), default: []].append(
        Grant(acts: acts.map { Set($0) }, sources: sources.map { Set($0) }, regions: regions.map { Set($0) }))
    }
    return try connection.execute(
      "SELECT uri, name, wants_receipts, users, confidential, organs, recipient_id FROM upstream_source ORDER BY uri"
    ).map { row in
      let uri: String = try row.decode(0)
      return UpstreamSource(
        uri: uri, name: try row.decode(1), wantsReceipts: try row.decode(2), users: try row.decode(3),
        isConfidential: try row.decode(4), organs: try row.decode(5), grants: grants[uri] ?? [], recipientID: try row.decode(6))
    }
  }

  private func loadPersons() throws -> [Person] {
    try connection.execute("SELECT name, role, organ_id, community, project FROM person ORDER BY id").map { row in
      Person(
        name: try row.decode(0), role: try Person.Role(stored: row.decode(1)), organID: try row.decode(2),
        community: try row.decode(3), project: try row.decode(4))
    }
  }

  // MARK: - Changes

  /// Brings the directory to what a file states, as ``DirectoryUpdate`` says it; organs and sources that it does not name stay. Where nothing
  /// changes, nothing is written, and no version is made.
  ///
  /// - Throws: ``FileFault`` where the file does not fit the directory; nothing is changed then.
  @discardableResult
  public func apply(directory draft: DirectoryDraft, by person: String = "duban") throws -> DirectoryUpdate {
    try changingReferences { store in
      let update = try DirectoryUpdate(draft, onto: store.directory())
      try store.write(update, document: draft.document, because: nil, by: person)
      return update
    }
  }

  /// Ends an organ, on record; see ``DirectoryUpdate``.
  ///
  /// - Throws: ``RequestFault`` where it cannot end so: matters in work are its, and no successor has them; nothing is changed then.
  @discardableResult
  public func retire(_ organ: Int64, successor: Int64?, by person: String, because reason: String) throws -> DirectoryUpdate {
    try changingReferences { store in
      let directory = try store.directory()
      let update: DirectoryUpdate
      do throws(RetirementFault) {
        update = try DirectoryUpdate(retiring: organ, successor: successor, in: directory)
      } catch {
        throw RequestFault("\(directory.fullName(of: organ)) cannot be retired: \(error.description)")
      }
      if successor == nil, try store.hasMattersInWork(organ) {
        throw RequestFault(
          "\(directory.fullName(of: organ)) has matters in work: name with --successor who has them from now on")
      }
      try store.write(update, document: nil, because: reason, by: person)
      return update
    }
  }

  /// Every change of the directory that was made, in that order.
  public func directoryVersions() throws -> [DirectoryVersion] {
    try connection.execute(
      "SELECT version, document, because, applied_at, applied_by, changes FROM directory_version ORDER BY version"
    ).map { row in
      DirectoryVersion(
        version: try row.decode(0), document: try row.decode(1), because: try row.decode(2), appliedAt: try row.decode(3),
        appliedBy: try row.decode(4), changes: try row.decode(5))
    }
  }

  private func hasMattersInWork(_ organ: Int64) throws -> Bool {
    try connection.execute(
      """
      SELECT EXISTS (
        SELECT FROM item
        WHERE phase IN ('open', 'responded', 'merged') AND $1 IN (street_id, district_id, lead_id, responsible_id))
      """, organ
    ).only().decode(0)
  }

  /// In the caller's transaction, while no other refers to the directory.
  private func write(_ update: DirectoryUpdate, document: String?, because: String?, by person: String) throws {
    guard !update.changes.isEmpty else { return }
    let hours = try storedOfficeHours()
    let after = update.after
    _ = try connection.pipelined { pipeline in
      Self.add(update.changedOrgans, to: &pipeline)
      for source in after.sources.values where update.before.sources[source.uri] != source { Self.add(source, to: &pipeline) }
      if update.before.persons != after.persons {
        pipeline.add("DELETE FROM person")
        for person in after.persons {
          pipeline.add(
            "INSERT INTO person (name, role, organ_id, community, project) VALUES ($1, $2, $3, $4, $5)", person.name,
            person.role.rawValue, person.organID, person.community, person.project)
        }
      }
      if update.before.operators != after.operators {
        pipeline.add("DELETE FROM operator WHERE amqp_user <> ALL ($1)", after.operators.sorted())
        pipeline.add(
          "INSERT INTO operator SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", after.operators.sorted())
      }
      pipeline.add("UPDATE reference_version SET directory = $1", Int32(after.version))
      pipeline.add(
        """
        INSERT INTO directory_version (version, document, because, applied_at, applied_by, changes)
        VALUES ($1, $2, $3, duban_now(), $4, $5)
        """, Int32(after.version), document, because, person, update.changes)
    }
    try keep(formerHours: hours)
  }

  private static func add(_ organs: [Organ], to pipeline: inout Pipeline) {
    // A name or a code that goes from one organ to another is nobody's in between.
    pipeline.add(
      "UPDATE organ SET code = NULL, name = name || ' ' || id WHERE id = ANY ($1)", organs.map(\.id))
    for organ in organs {
      pipeline.add(
        """
        INSERT INTO organ (id, tier, name, parent_id, office_hours, code, aliases, former_names, former_parent_ids, handling_office,
          supervising_office, government, retired_at, successor_id)
        OVERRIDING SYSTEM VALUE
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CASE WHEN $13 THEN duban_now() END, NULL)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent_id = excluded.parent_id, office_hours = excluded.office_hours,
          code = excluded.code, aliases = excluded.aliases, former_names = excluded.former_names,
          former_parent_ids = excluded.former_parent_ids, handling_office = excluded.handling_office,
          supervising_office = excluded.supervising_office, government = excluded.government,
          retired_at = CASE WHEN $13 THEN coalesce(organ.retired_at, excluded.retired_at) END, successor_id = NULL
        """, organ.id, organ.tier?.rawValue, organ.name, organ.parentID,
        organ.officeHours?.text,
        organ.code, organ.aliases, organ.formerNames, organ.formerParentIDs, organ.handlingOffice, organ.supervisingOffice,
        organ.government, organ.isRetired)
    }
    // Once they are all there.
    for organ in organs where organ.successorID != nil {
      pipeline.add("UPDATE organ SET successor_id = $2 WHERE id = $1", organ.id, organ.successorID)
    }
    pipeline.add(
      "SELECT setval(pg_get_serial_sequence('organ', 'id'), greatest(max(id), 1)) FROM organ")
  }

  private static func add(_ source: UpstreamSource, to pipeline: inout Pipeline) {
    pipeline.add(
      """
      INSERT INTO upstream_source (uri, name, wants_receipts, users, confidential, organs, recipient_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (uri) DO UPDATE SET name = excluded.name, wants_receipts = excluded.wants_receipts, users = excluded.users,
        confidential = excluded.confidential, organs = excluded.organs, recipient_id = excluded.recipient_id
      """, source.uri, source.name, source.wantsReceipts, source.users, source.isConfidential, source.organs, source.recipientID)
    pipeline.add("DELETE FROM source_grant WHERE uri = $1", source.uri)
    for (i, grant) in source.grants.enumerated() {
      pipeline.add(
        "INSERT INTO source_grant (uri, number, acts, sources, regions) VALUES ($1, $2, $3, $4, $5)", source.uri, Int32(i + 1),
        grant.acts?.sorted(), grant.sources?.sorted(), grant.regions?.sorted())
    }
  }
}
