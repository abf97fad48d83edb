// Policies, the directory and the schedules: applied by an operator, read by every worker.

import Duban
import PostgreSQL

extension Store {
  func loadPolicies(current: Int) throws -> PolicyBook {
    var earlier: [Policy] = []
    var inForce: Policy?
    for row in try connection.execute("SELECT version, document FROM policy ORDER BY version") {
      let version: Int = try row.decode(0)
      let policy: Policy
      do {
        policy = try Policy(stored: row.decode(1), version: version)
      } catch let fault as FileFault {
        throw StoreFault("policy version \(version) in the database cannot be read: \(fault)")
      }
      if version == current { inForce = policy } else { earlier.append(policy) }
    }
    guard let inForce else { throw StoreFault("policy version \(current) is in force but not in the database") }
    return PolicyBook(current: inForce, earlier: earlier)
  }

  func loadDirectory(version: Int) throws -> Directory {
    let rows = try connection.execute("SELECT id, tier, name, parent_id, office_hours FROM organ ORDER BY id")
    let organs = try rows.map { row in
      let hours: String? = try row.decode(4)
      let tier: String? = try row.decode(1)
      return Organ(
        id: try row.decode(0), tier: try tier.map { try Tier(stored: $0) }, name: try row.decode(2), parentID: try row.decode(3),
        officeHours: hours.flatMap { OfficeHours(text: $0) })
    }
    let sources = try connection.execute("SELECT uri, name, wants_receipts, users, confidential FROM upstream_source").map {
      row in
      UpstreamSource(
        uri: try row.decode(0), name: try row.decode(1), wantsReceipts: try row.decode(2), users: try row.decode(3),
        isConfidential: try row.decode(4))
    }
    return Directory(version: version, organs: try withFormerHours(organs), sources: sources)
  }

  /// Makes a policy the one in force for new items. Items that are open stay on the version they were opened under.
  ///
  /// Returns its version: a new one, or the present one where the document is the same to the letter.
  /// - Throws: ``FileFault`` where the document is not a valid policy; nothing is changed then.
  public func apply(policy document: String) throws -> Int {
    let policy = try Policy(yaml: document, version: 0)
    return try changingReferences { store in
      let present = try store.connection.execute(
        """
        SELECT policy.version, policy.document FROM reference_version JOIN policy ON policy.version = reference_version.policy
        FOR UPDATE OF reference_version
        """)
      if let row = present.first, try row.decode(1) == document { return try row.decode(0) }
      let row = try store.connection.execute(
        "INSERT INTO policy (name, document, applied_at) VALUES ($1, $2, duban_now()) RETURNING version", policy.name, document)
      let version: Int = try row.only().decode(0)
      _ = try store.connection.execute("UPDATE reference_version SET policy = $1", Int32(version))
      return version
    }
  }

  /// Brings the organs and sources to what a file states. Organs and sources that it does not name stay: items may point to them.
  ///
  /// - Throws: ``RequestFault`` where the file is another city's; nothing is changed then.
  public func apply(directory draft: DirectoryDraft) throws {
    try changingReferences { store in
      _ = try store.connection.execute("UPDATE reference_version SET directory = directory + 1")
      func upsertOrgan(_ tier: Tier?, _ name: String, _ hours: OfficeHours?, under parent: Int64?) throws -> Int64 {
        try store.upsertOrgan(tier, name, hours, under: parent)
      }
      let cities = try store.connection.execute("SELECT name FROM organ WHERE tier = 'city' AND name <> $1", draft.city)
      if let city: String = try cities.first?.decode(0) {
        throw RequestFault(
          "this database is \(city)'s and the file \(draft.city)'s; a database serves one city: correct the file, or the DSN")
      }
      let hours = try store.storedOfficeHours()
      let city = try upsertOrgan(.city, draft.city, draft.hours, under: nil)
      for district in draft.districts {
        let districtID = try upsertOrgan(.district, district.name, district.hours, under: city)
        for street in district.streets {
          _ = try upsertOrgan(.street, street.name, street.hours, under: districtID)
        }
      }
      for unit in draft.units ?? [] { _ = try upsertOrgan(nil, unit.name, unit.hours, under: city) }
      for source in draft.sources {
        _ = try store.connection.execute(
          """
          INSERT INTO upstream_source (uri, name, wants_receipts, users, confidential) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (uri) DO UPDATE SET name = excluded.name, wants_receipts = excluded.wants_receipts, users = excluded.users,
            confidential = excluded.confidential
          """, source.uri, source.name, source.receipts ?? false, source.users ?? [], source.confidential ?? false)
      }
      try store.keep(formerHours: hours)
    }
  }

  private func upsertOrgan(
    _ tier: Tier?, _ name: String, _ hours: OfficeHours?, under parent: Int64?
  ) throws -> Int64 {
    try connection.execute(
      """
      INSERT INTO organ (tier, name, parent_id, office_hours) VALUES ($1, $2, $3, $4)
      ON CONFLICT (parent_id, name) DO UPDATE SET tier = excluded.tier, office_hours = excluded.office_hours RETURNING id
      """, tier?.rawValue, name, parent, hours?.text
    ).only().decode(0)
  }

  /// Brings the schedules to what a file states; a schedule it does not name is disabled, its notices stay.
  ///
  /// A schedule that is new, or whose periods are cut otherwise than before, begins with the period that runs now.
  public func apply(schedules drafts: [ScheduleDraft]) throws {
    try transaction { store in
      let now: Instant = try store.connection.execute("SELECT duban_now()").only().decode(0)
      _ = try store.connection.execute("UPDATE schedule SET enabled = false WHERE name <> ALL($1)", drafts.map(\.name))
      for draft in drafts {
        guard let recurrence = Recurrence(text: draft.every) else { throw FileFault("\(draft.name): every: '\(draft.every)'") }
        _ = try store.connection.execute(
          """
          INSERT INTO schedule (name, notice, every, tier, threshold, catch_up, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
          ON CONFLICT (name) DO UPDATE SET notice = excluded.notice, every = excluded.every, tier = excluded.tier,
            threshold = excluded.threshold, catch_up = excluded.catch_up, enabled = true,
            due_at = CASE WHEN schedule.every = excluded.every AND schedule.enabled THEN schedule.due_at ELSE excluded.due_at END
          """, draft.name, draft.notice.rawValue, draft.every, draft.tier.rawValue, Int32(draft.threshold), Int32(draft.catchUp),
          recurrence.period(holding: now).end)
      }
      try store.notify(.schedule)
    }
  }
}

/// A policy as it was applied.
public struct PolicyVersion: Sendable {
  public var version: Int
  public var name: String
  public var document: String
  public var appliedAt: Instant
  public var appliedBy: String
  public var isInForce: Bool
}

extension Store {
  /// Every policy that was ever applied, in that order.
  public func policyVersions() throws -> [PolicyVersion] {
    try connection.execute(
      """
      SELECT version, name, document, applied_at, applied_by, version = (SELECT policy FROM reference_version) FROM policy ORDER BY version
      """
    ).map { row in
      let isInForce: Bool? = try row.decode(5)
      return PolicyVersion(
        version: try row.decode(0), name: try row.decode(1), document: try row.decode(2), appliedAt: try row.decode(3),
        appliedBy: try row.decode(4), isInForce: isInForce ?? false)
    }
  }
}
