// Events that came before their item: flagged when they have waited too long, listed, and given up on record.

import Duban
import PostgreSQL

/// An event that waits for its item.
public struct WaitingRow: Sendable {
  /// Its number, by which operators name it.
  public var number: Int64
  /// Who sent it, and the message's id.
  public var key: MessageKey
  /// The item that it is about.
  public var item: ItemKey
  /// `awaited` while the item has not come; another where it has come and the event cannot be applied to it.
  public var phase: Item.Phase
  public var type: String
  public var occurredAt: Instant
  /// When it came.
  public var since: Instant
  /// When it was flagged; nil while it has not waited too long.
  public var flaggedAt: Instant?
}

/// A waiting event that was given up.
public struct DiscardedRow: Sendable {
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
  /// Flags events that have waited longer than the policy in force allows, each once, at most `limit` at a time.
  public func flagOverdueWaiting(limit: Int) throws -> FlaggedEvents {
    // Almost always there is nothing to flag, and where nothing was ever taken there may be no policy yet.
    let oldest = try connection.execute("SELECT min(recorded_at) FROM waiting_event WHERE flagged_at IS NULL").only()
    guard let oldest: Instant = try oldest.decode(0) else { return FlaggedEvents() }
    return try transaction { store in
      let machine = try store.machine(forBreaches: false)
      let before = machine.now + Span(microseconds: -machine.policies.current.waiting.microseconds)
      guard oldest < before else { return FlaggedEvents() }
      // Rows that intake or another round holds are left to the next round: nobody waits for nobody.
      let rows = try store.connection.execute(
        """
        WITH late AS MATERIALIZED (
          SELECT source, message_id FROM waiting_event WHERE flagged_at IS NULL AND recorded_at < $1
          ORDER BY recorded_at LIMIT $3 FOR UPDATE SKIP LOCKED
        ), flagged AS (
          UPDATE waiting_event SET flagged_at = $2 FROM late
          WHERE (waiting_event.source, waiting_event.message_id) = (late.source, late.message_id)
          RETURNING waiting_event.source, item_id, recorded_at)
        SELECT CASE WHEN secret THEN NULL ELSE flagged.source END AS teller, count(*), min(flagged.recorded_at)
        FROM flagged JOIN item ON item.id = flagged.item_id CROSS JOIN LATERAL (
          SELECT EXISTS (SELECT FROM upstream_source WHERE uri IN (flagged.source, item.source) AND confidential)) AS known(secret)
        GROUP BY teller
        """, before, machine.now, limit)
      var found = FlaggedEvents()
      for row in rows {
        let (source, count, first): (String?, Int, Instant) = (try row.decode(0), try row.decode(1), try row.decode(2))
        guard let source else {
          found.confidential = count
          continue
        }
        found.bySource[source] = count
        found.longest = max(found.longest, machine.now - first)
      }
      return found
    }
  }

  /// Waiting events, the longest first.
  public func waitingEvents(overdueOnly: Bool, limit: Int) throws -> [WaitingRow] {
    try connection.execute(
      """
      \(Self.waitingSelection) WHERE NOT $1 OR flagged_at IS NOT NULL ORDER BY event.recorded_at, arrival LIMIT $2
      """, overdueOnly, limit
    ).map(Self.waitingRow)
  }

  /// The waiting events of these numbers, as far as they are there and may be seen.
  public func waitingEvents(numbers: [Int64]) throws -> [WaitingRow] {
    try connection.execute("\(Self.waitingSelection) WHERE arrival = ANY ($1) ORDER BY arrival", numbers).map(Self.waitingRow)
  }

  private static let waitingSelection = """
    SELECT arrival, event.source, message_id, item.source, item.subject, item.phase, type, occurred_at, event.recorded_at, flagged_at,
      item.unit
    FROM waiting_event AS event JOIN item ON item.id = item_id
    """

  private static func waitingRow(_ row: Row) throws -> WaitingRow {
    WaitingRow(
      number: try row.decode(0), key: MessageKey(source: try row.decode(1), id: try row.decode(2)),
      item: ItemKey(source: try row.decode(3), subject: try row.decode(4), storedUnit: try row.decode(10)),
      phase: try Item.Phase(stored: row.decode(5)),
      type: try row.decode(6), occurredAt: try row.decode(7), since: try row.decode(8), flaggedAt: try row.decode(9))
  }

  /// Gives a waiting event up, on record. Its message stays known: sent again, it is a duplicate.
  ///
  /// - Throws: ``StoreFault`` where it does not wait any more: its item came meanwhile, or it was given up before.
  public func discard(_ event: WaitingRow, by person: String, reason: String) throws {
    try transaction { store in
      // The item's row first, as intake locks it: an opening that is under way either takes the event or comes too late for it.
      _ = try store.connection.execute(
        "SELECT FROM item WHERE source = $1 AND subject = $2 AND unit = $3 FOR UPDATE", event.item.source, event.item.subject,
        event.item.storedUnit)
      let rows = try store.connection.execute(
        """
        WITH gone AS (DELETE FROM waiting_event WHERE source = $1 AND message_id = $2 RETURNING *)
        INSERT INTO discarded_event (source, message_id, item_id, type, occurred_at, recorded_at, reason, done_by, done_at)
        SELECT source, message_id, item_id, type, occurred_at, recorded_at, $3, $4, duban_now() FROM gone RETURNING id
        """, event.key.source, event.key.id, reason, person)
      guard !rows.isEmpty else {
        throw StoreFault("event \(event.number) does not wait any more, or is not yours to discard; nothing was changed")
      }
    }
  }

  /// Waiting events that were given up, the latest first.
  public func discardedEvents(limit: Int) throws -> [DiscardedRow] {
    try connection.execute(
      """
      SELECT event.source, message_id, item.source, item.subject, type, event.recorded_at, reason, done_by, done_at, item.unit
      FROM discarded_event AS event JOIN item ON item.id = item_id ORDER BY event.id DESC LIMIT $1
      """, limit
    ).map { row in
      DiscardedRow(
        key: MessageKey(source: try row.decode(0), id: try row.decode(1)),
        item: ItemKey(source: try row.decode(2), subject: try row.decode(3), storedUnit: try row.decode(9)),
        type: try row.decode(4),
        since: try row.decode(5),
        reason: try row.decode(6), by: try row.decode(7), at: try row.decode(8))
    }
  }
}
