// Due items: claimed with SKIP LOCKED, so that any number of daemons share them without a leader.

import Duban
import PostgreSQL

/// An item that is due and that nobody has handled.
public struct DueItem: Sendable {
  public var id: Int64
  public var key: ItemKey
  /// When its deadline, or its warning, came.
  public var since: Instant
  /// How long ago that is by Duban's clock.
  public var age: Span
}

extension Store {
  /// Items that are due now and that nobody has handled, the oldest first. In a Duban that is well there are hardly ever any.
  public func dueItems(limit: Int) throws -> [DueItem] {
    try connection.execute(
      """
      SELECT id, source, subject, wake_at, clock.now, unit FROM item, (SELECT duban_now()) AS clock(now)
      WHERE wake_at <= clock.now ORDER BY wake_at, id LIMIT $1
      """, limit
    ).map { row in
      let (since, now): (Instant, Instant) = (try row.decode(3), try row.decode(4))
      return DueItem(
        id: try row.decode(0),
        key: ItemKey(source: try row.decode(1), subject: try row.decode(2), storedUnit: try row.decode(5)), since: since,
        age: now - since)
    }
  }

  /// Items whose deadline, or its warning, has come, the oldest first, locked until the transaction ends; those that another holds are left to it.
  /// Those in `excluded` are passed over. In the caller's transaction.
  public func claimDueItems(limit: Int, except excluded: [Int64] = []) throws -> [Item] {
    try connection.execute(
      """
      SELECT \(ItemRow.selection) FROM item WHERE wake_at <= duban_now() AND id <> ALL ($2)
      ORDER BY wake_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
      """, limit, excluded
    ).map { try ItemRow.read($0) }
  }

  /// What items have breached so far, by item id, in the order it happened.
  public func breaches(of items: [Int64]) throws -> [Int64: [Breach]] {
    let rows = try connection.execute(
      """
      SELECT item_id, cycle, clock, tier, organ_id, due_at, found_at, slip FROM breach WHERE item_id = ANY($1) ORDER BY item_id, due_at, found_at
      """, items)
    return Dictionary(grouping: try rows.map { try Self.breach($0) }, by: \.itemID)
  }

  static func breach(_ row: Row) throws -> Breach {
    let slip: String? = try row.decode(7)
    return Breach(
      itemID: try row.decode(0), cycle: try row.decode(1), clock: try .init(stored: row.decode(2)),
      tier: try .init(stored: row.decode(3)),
      organID: try row.decode(4), dueAt: try row.decode(5), foundAt: try row.decode(6),
      slip: try slip.map { try Slip(stored: $0) })
  }

  /// How long until the next item falls due, not more than ``dueHorizon``; zero or less when one is due already.
  public func timeUntilNextDue() throws -> Duration {
    try timeUntil("SELECT min(wake_at) - duban_now() FROM item WHERE wake_at IS NOT NULL")
  }

  func timeUntil(_ query: String) throws -> Duration {
    let row = try connection.execute("SELECT (extract(epoch FROM (\(query))) * 1000000)::bigint").only()
    let microseconds: Int64? = try row.decode(0)
    return .microseconds(min(microseconds ?? .max, Self.dueHorizon * 1_000_000))
  }
}
