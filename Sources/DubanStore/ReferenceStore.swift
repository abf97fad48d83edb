// Policies and schedules: applied by an operator, read by every worker.

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
