// Due items and due schedules: claimed with SKIP LOCKED, so that any number of daemons share them without a leader.

import Duban
import PostgreSQL

extension Store {
  /// Items whose deadline has passed, the oldest first, locked until the transaction ends; those that another holds are left to it.
  /// In the caller's transaction.
  public func claimDueItems(limit: Int, now: Instant) throws -> [Item] {
    try connection.execute(
      """
      SELECT \(ItemRow.selection) FROM item WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
      """, now, limit
    ).map { try ItemRow.read($0) }
  }

  /// What items have breached so far, by item id, in the order it happened.
  public func breaches(of items: [Int64]) throws -> [Int64: [Breach]] {
    let rows = try connection.execute(
      """
      SELECT item_id, cycle, clock, tier, organ_id, due_at, found_at FROM breach WHERE item_id = ANY($1) ORDER BY item_id, due_at, found_at
      """, items)
    return Dictionary(grouping: try rows.map { try Self.breach($0) }, by: \.itemID)
  }

  static func breach(_ row: Row) throws -> Breach {
    Breach(
      itemID: try row.decode(0), cycle: try row.decode(1), clock: try .init(stored: row.decode(2)),
      tier: try .init(stored: row.decode(3)),
      organID: try row.decode(4), dueAt: try row.decode(5), foundAt: try row.decode(6))
  }

  /// How long until the next item falls due, not more than ``dueHorizon``; zero or less when one is due already.
  public func timeUntilNextDue() throws -> Duration {
    try timeUntil("SELECT min(due_at) - duban_now() FROM item WHERE due_at IS NOT NULL")
  }

  /// How long until the next schedule is due, likewise.
  public func timeUntilNextSchedule() throws -> Duration {
    try timeUntil("SELECT min(due_at) - duban_now() FROM schedule WHERE enabled")
  }

  private func timeUntil(_ query: String) throws -> Duration {
    let row = try connection.execute("SELECT (extract(epoch FROM (\(query))) * 1000000)::bigint").only()
    let microseconds: Int64? = try row.decode(0)
    return .microseconds(min(microseconds ?? .max, Self.dueHorizon * 1_000_000))
  }

  // MARK: - Schedules

  /// A schedule that is due and since when, locked until the transaction ends. In the caller's transaction.
  public func claimDueSchedule(now: Instant) throws -> (schedule: Schedule, dueAt: Instant)? {
    let rows = try connection.execute(
      """
      SELECT id, name, notice, every, tier, threshold, catch_up, due_at FROM schedule
      WHERE enabled AND due_at <= $1 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
      """, now)
    guard let row = rows.first else { return nil }
    let every: String = try row.decode(3)
    guard let recurrence = Recurrence(text: every) else {
      throw StoreFault("schedule.every '\(every)' in the database is no recurrence")
    }
    let schedule = Schedule(
      id: try row.decode(0), name: try row.decode(1), notice: try .init(stored: row.decode(2)), recurrence: recurrence,
      tier: try .init(stored: row.decode(4)), threshold: try row.decode(5), catchUp: try row.decode(6))
    return (schedule, try row.decode(7))
  }

  /// Says when a schedule is due next. In the caller's transaction.
  public func advance(_ schedule: Schedule, to nextAt: Instant) throws {
    _ = try connection.execute("UPDATE schedule SET due_at = $2 WHERE id = $1", schedule.id, nextAt)
  }

  /// The figures of every street for a period, by the id of its district, as they stood at the period's end.
  public func streetFigures(in period: Period) throws -> [Int64: [StreetFigures]] {
    let rows = try connection.execute(
      """
      WITH held AS (
        SELECT street_id, count(*) AS open, count(*) FILTER (WHERE breached_at < $2) AS overdue
        FROM item
        WHERE street_id IS NOT NULL AND opened_at < $2
          AND NOT coalesce(closed_at < $2 AND (reopened_at IS NULL OR reopened_at <= closed_at OR reopened_at >= $2), false)
        GROUP BY street_id
      ), climbed AS (
        SELECT organ_id, count(*) AS escalated FROM breach WHERE found_at >= $1 AND found_at < $2 AND tier = 'street' GROUP BY organ_id
      )
      SELECT street.parent_id, street.name, coalesce(held.open, 0), coalesce(held.overdue, 0), coalesce(climbed.escalated, 0)
      FROM organ AS street LEFT JOIN held ON held.street_id = street.id LEFT JOIN climbed ON climbed.organ_id = street.id
      WHERE street.tier = 'street' AND street.parent_id IS NOT NULL
      """, period.start, period.end)
    var figures: [Int64: [StreetFigures]] = [:]
    for row in rows {
      figures[try row.decode(0), default: []].append(
        StreetFigures(
          street: try row.decode(1), open: try row.decode(2), overdue: try row.decode(3), escalated: try row.decode(4)))
    }
    return figures
  }

  /// The breaches found in a period at the organs of a tier, by organ.
  public func organBreaches(at tier: Tier, in period: Period) throws -> [Int64: [OrganBreach]] {
    let rows = try connection.execute(
      """
      SELECT b.item_id, b.cycle, b.clock, b.tier, b.organ_id, b.due_at, b.found_at, item.subject
      FROM breach AS b JOIN item ON item.id = b.item_id
      WHERE b.found_at >= $1 AND b.found_at < $2 AND b.tier = $3 AND b.organ_id IS NOT NULL
      ORDER BY b.due_at, b.item_id
      """, period.start, period.end, tier.rawValue)
    var breaches: [Int64: [OrganBreach]] = [:]
    for row in rows {
      let breach = try Self.breach(row)
      breaches[breach.organID ?? 0, default: []].append(OrganBreach(subject: try row.decode(7), breach: breach))
    }
    return breaches
  }

  /// Forgets deduplication keys older than the window, at most `limit` of them, the oldest first. Returns how many.
  ///
  /// The window is ``deduplicationDays``: the same message sent again after it would be taken for a new one, if its item did not know better
  /// (an opening of an item that exists is refused for ever).
  public func forgetOldMessages(limit: Int) throws -> Int {
    try connection.execute(
      """
      DELETE FROM message WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM message WHERE taken_at < duban_now() - make_interval(days => $1) LIMIT $2))
      """, Int32(Self.deduplicationDays), limit
    ).affected
  }

  /// How long a message is known by its key, in natural days; at least 180 by the contract.
  public static let deduplicationDays = 200

  /// Makes the log's partitions for this month and two more. Returns how many were missing.
  public func ensureEventPartitions() throws -> Int {
    try connection.execute("SELECT ensure_event_partitions(duban_now(), 2)").only().decode(0)
  }
}
