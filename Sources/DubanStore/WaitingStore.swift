// Entries that do not count: they wait for their matter or their part, or are inapplicable. Operators are told of long waits, and set aside
// on record what will never count.

import Duban
import PostgreSQL

/// An entry that does not count.
public struct IdleEntry: Sendable {
  public var itemID: Int64
  public var number: Int32
  /// The source and id of its message.
  public var key: MessageKey
  /// The item, or the part, that it is about.
  public var item: ItemKey
  public var phase: Item.Phase
  public var type: String
  public var occurredAt: Instant
  /// When it came.
  public var since: Instant
  /// When operators were told that it waits too long; nil while it does not.
  public var flaggedAt: Instant?
  public var verdict: Verdict
}

/// An entry that was set aside.
public struct EntrySetAside: Sendable {
  public var key: MessageKey
  public var item: ItemKey
  public var type: String
  public var since: Instant
  public var reason: String
  public var by: String
  public var at: Instant
}

/// What a round of flagging found.
public struct FlaggedEvents: Hashable, Sendable {
  /// How many of each source, without those of confidential sources and those about their items.
  public var bySource: [String: Int] = [:]
  /// The longest wait among these; zero where there are none.
  public var longest = Span.zero
  /// How many there are beside, of which no more may be said.
  public var confidential = 0

  public var count: Int { confidential + bySource.values.reduce(0, +) }
}

extension Store {
  /// Flags entries that have waited longer than the policy in force allows, each once, at most `limit` at a time.
  public func flagOverdueWaiting(limit: Int) throws -> FlaggedEvents {
    // Almost always there is nothing to flag, and where nothing was ever taken there may be no policy yet.
    let oldest = try connection.execute("SELECT min(changed_at) FROM verdict WHERE verdict = 'waits' AND flagged_at IS NULL")
      .only()
    guard let oldest: Instant = try oldest.decode(0) else { return FlaggedEvents() }
    return try transaction { store in
      let (references, now) = try store.references()
      let before = now - references.policies.current.waiting
      guard oldest < before else { return FlaggedEvents() }
      // Rows that intake or another round holds are left to the next round.
      let rows = try store.connection.execute(
        """
        WITH late AS MATERIALIZED (
          SELECT item_id, number FROM verdict WHERE verdict = 'waits' AND flagged_at IS NULL AND changed_at < $1
          ORDER BY changed_at LIMIT $3 FOR UPDATE SKIP LOCKED
        ), flagged AS (
          UPDATE verdict SET flagged_at = $2 FROM late
          WHERE (verdict.item_id, verdict.number) = (late.item_id, late.number)
          RETURNING verdict.item_id, verdict.number, changed_at)
        SELECT CASE WHEN secret THEN NULL ELSE entry.source END AS teller, count(*), min(changed_at)
        FROM flagged JOIN item ON item.id = flagged.item_id
        JOIN item_event AS entry ON entry.item_id = item.id AND entry.born = item.born AND entry.number = flagged.number
        CROSS JOIN LATERAL (
          SELECT EXISTS (SELECT FROM upstream_source WHERE uri IN (entry.source, item.source) AND confidential)) AS known(secret)
        GROUP BY teller
        """, before, now, limit)
      var found = FlaggedEvents()
      for row in rows {
        let (source, count, first): (String?, Int, Instant) = (try row.decode(0), try row.decode(1), try row.decode(2))
        guard let source else {
          found.confidential = count
          continue
        }
        found.bySource[source] = count
        found.longest = max(found.longest, now - first)
      }
      return found
    }
  }

  /// Entries that wait, the longest first.
  public func waitingEntries(overdueOnly: Bool, limit: Int) throws -> [IdleEntry] {
    try connection.execute(
      "\(Self.idle) WHERE verdict = 'waits' AND (NOT $1 OR flagged_at IS NOT NULL) ORDER BY changed_at, item_id, number LIMIT $2",
      overdueOnly, limit
    ).map(Self.idleEntry)
  }

  /// Entries that are inapplicable, the latest first.
  public func inapplicableEntries(limit: Int) throws -> [IdleEntry] {
    try connection.execute(
      "\(Self.idle) WHERE verdict = 'inapplicable' ORDER BY changed_at DESC, item_id, number LIMIT $1", limit
    ).map(Self.idleEntry)
  }

  /// One entry that does not count; nil where it counts, is not there or may not be seen.
  public func idleEntry(_ number: Int32, of item: Int64) throws -> IdleEntry? {
    try connection.execute("\(Self.idle) WHERE verdict.item_id = $1 AND verdict.number = $2", item, number).first.map(
      Self.idleEntry)
  }

  private static let idle = """
    SELECT verdict.item_id, verdict.number, coalesce(entry.source, ''), coalesce(entry.message_id, ''), item.source, item.subject,
      entry.unit, item.phase, entry.type, entry.occurred_at, entry.recorded_at, verdict.flagged_at, verdict.verdict, verdict.reason,
      verdict.pointer, verdict.detail
    FROM verdict JOIN item ON item.id = verdict.item_id
    JOIN item_event AS entry ON entry.item_id = item.id AND entry.born = item.born AND entry.number = verdict.number
    """

  private static func idleEntry(_ row: Row) throws -> IdleEntry {
    IdleEntry(
      itemID: try row.decode(0), number: try row.decode(1), key: MessageKey(source: try row.decode(2), id: try row.decode(3)),
      item: ItemKey(source: try row.decode(4), subject: try row.decode(5), unit: try row.decode(6)),
      phase: try Item.Phase(stored: row.decode(7)), type: try row.decode(8), occurredAt: try row.decode(9),
      since: try row.decode(10), flaggedAt: try row.decode(11),
      verdict: try Verdict(stored: row.decode(12), try row.decode(13), try row.decode(14), try row.decode(15)))
  }

  /// Sets an entry aside, on record. Its message stays known: sent again, it is a duplicate.
  ///
  /// - Throws: ``StoreFault`` where it counts by now, or was set aside before.
  public func setAside(_ number: Int32, of item: Int64, by person: String, reason: String) throws {
    try transaction { store in
      guard let matter = try store.lock([item]).first, let entry = try store.idleEntry(number, of: item),
        entry.verdict != .applied && entry.verdict != .setAside
      else {
        throw StoreFault("event \(item)/\(number) does not wait any more, or is not yours to set aside; nothing was changed")
      }
      let (references, now) = try store.references()
      var effects = Effects()
      _ = try store.append(
        [(matter, .setAside(entry: number, because: reason, by: person), nil)], references: references, at: now, into: &effects)
      try store.write(effects, at: now)
    }
  }

  /// Entries that were set aside, the latest first.
  public func entriesSetAside(limit: Int) throws -> [EntrySetAside] {
    try connection.execute(
      """
      SELECT entry.source, entry.message_id, item.source, item.subject, entry.type, entry.recorded_at, act.facts::jsonb ->> 'because',
        act.facts::jsonb ->> 'by', act.recorded_at, entry.unit
      FROM verdict JOIN item ON item.id = verdict.item_id
      JOIN item_event AS entry ON entry.item_id = item.id AND entry.born = item.born AND entry.number = verdict.number
      JOIN item_event AS act ON act.item_id = item.id AND act.born = item.born AND act.type = 'entry.set-aside'
        AND act.facts::jsonb -> 'entry' = to_jsonb(verdict.number)
      WHERE verdict.verdict = 'set-aside' ORDER BY act.recorded_at DESC, act.number DESC LIMIT $1
      """, limit
    ).map { row in
      EntrySetAside(
        key: MessageKey(source: try row.decode(0, as: String?.self) ?? "", id: try row.decode(1, as: String?.self) ?? ""),
        item: ItemKey(source: try row.decode(2), subject: try row.decode(3), unit: try row.decode(9)),
        type: try row.decode(4), since: try row.decode(5), reason: try row.decode(6), by: try row.decode(7), at: try row.decode(8)
      )
    }
  }
}
