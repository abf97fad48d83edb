// The outbox as the relay sees it: lanes of events in order, taken, published, and deleted once confirmed.

import Duban
import PostgreSQL

/// How the outbox is cut into lanes.
public enum Outbox {
  /// As many relays can publish at once.
  static let lanes: Int64 = 16

  static func lane(of orderKey: Int64) -> Int16 {
    Int16(truncatingIfNeeded: Int64(bitPattern: UInt64(bitPattern: orderKey) % UInt64(lanes)))
  }

  /// An event on its way.
  public struct Entry: Hashable, Sendable {
    public var lane: Int16
    /// The row's, which is never used again.
    public var id: Int64
    /// The CloudEvents id, the same at every try.
    public var eventID: String
    public var type: String
    public var routingKey: String
    public var subject: String
    public var occurredAt: Instant
    public var data: String
    public var traceparent: String?
    public var attempts: Int
  }
}

extension Store {
  /// Takes every lane that has work and that no other relay holds, until the transaction ends, and returns the oldest events of each,
  /// about `limit` in all. In the caller's transaction.
  public func claimOutbox(limit: Int) throws -> [Outbox.Entry] {
    // Two statements: the second must see what the relay that held the lane before has deleted.
    // The order makes the first look into the index: without it, it reads the whole outbox for each lane that has no work.
    let lanes: [Int32] = try connection.execute(
      """
      WITH busy AS MATERIALIZED (
        SELECT lane FROM generate_series(0, $1::integer - 1) AS lane, LATERAL (
          SELECT FROM outbox WHERE outbox.lane = lane.lane AND (retry_at IS NULL OR retry_at <= duban_now()) ORDER BY id LIMIT 1
        ) AS work)
      SELECT lane FROM busy WHERE pg_try_advisory_xact_lock($2, lane)
      """, Int32(Outbox.lanes), Lock.outboxLane
    ).map { try $0.decode(0) }
    guard !lanes.isEmpty else { return [] }
    let rows = try connection.execute(
      """
      SELECT lane.lane::smallint, id, coalesce(event_id, 'duban-' || id), type, routing_key, subject, occurred_at, data, traceparent,
        attempts
      FROM unnest($1::integer[]) AS lane(lane), LATERAL (
        SELECT * FROM outbox WHERE outbox.lane = lane.lane AND (retry_at IS NULL OR retry_at <= duban_now()) ORDER BY id LIMIT $2
      ) AS entry
      """, lanes, max(1, limit / lanes.count))
    return try rows.map { row in
      Outbox.Entry(
        lane: try row.decode(0), id: try row.decode(1), eventID: try row.decode(2), type: try row.decode(3),
        routingKey: try row.decode(4), subject: try row.decode(5), occurredAt: try row.decode(6), data: try row.decode(7),
        traceparent: try row.decode(8), attempts: try row.decode(9))
    }
  }

  /// Forgets events that the broker has confirmed. In the transaction that claimed them.
  public func deleteFromOutbox(_ entries: [Outbox.Entry]) throws {
    guard !entries.isEmpty else { return }
    _ = try connection.execute(
      """
      DELETE FROM outbox USING unnest($1::smallint[], $2::bigint[]) AS done(lane, id)
      WHERE (outbox.lane, outbox.id) = (done.lane, done.id)
      """, entries.map(\.lane), entries.map(\.id))
  }

  /// Puts off events that found no queue: from 5 seconds, doubling up to 10 minutes. In the transaction that claimed them.
  public func postpone(_ entries: [Outbox.Entry]) throws {
    guard !entries.isEmpty else { return }
    _ = try connection.execute(
      """
      UPDATE outbox SET attempts = attempts + 1, retry_at = duban_now() + least(interval '10 minutes', interval '5 seconds' * 2 ^ least(attempts, 7))
      FROM unnest($1::smallint[], $2::bigint[]) AS late(lane, id)
      WHERE (outbox.lane, outbox.id) = (late.lane, late.id)
      """, entries.map(\.lane), entries.map(\.id))
  }
}
