// What another calendar does to items in work: deadlines that were counted over days which it changes are reckoned anew.
//
// Provisional ones, which reach into a year that was not announced, are found by an index. Of the others nobody knows until a calendar comes
// which day it will change, as the notice for 2023 made 2022-12-31 a day off: after each import that changes any day, one walk over the
// items looks for them, some at a time. Where it stands is kept with the calendar, so that it ends whoever dies; several daemons take turns.

import Duban
import PostgreSQL

/// What a round of reckoning anew came to.
public struct ReckonedAnew: Sendable {
  /// Items that were changed.
  public var count = 0
  /// Ids of those whose log cannot be read any more: they keep their deadlines.
  public var unreadable: [Int64] = []
  /// Whether there is nothing more to do for now.
  public var isAtEnd: Bool
}

extension Store {
  /// Reckons deadlines anew that reach into years which were not announced when they were set, as far as another calendar has come since;
  /// at most `limit` items.
  public func recomputeProvisional(limit: Int) throws -> ReckonedAnew {
    try transaction { store in
      let version: Int? = try store.connection.execute("SELECT calendar FROM reference_version").only().decode(0)
      guard let version else { return ReckonedAnew(isAtEnd: true) }
      let items = try store.connection.execute(
        """
        SELECT \(ItemRow.selection) FROM item WHERE provisional_under <> $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        """, Int32(version), limit
      ).map { try ItemRow.read($0) }
      return try store.recompute(items, isAtEnd: items.isEmpty)
    }
  }

  /// Reckons deadlines anew that were counted over days which the calendar in force has changed; at most `limit` items, of the next `window`.
  public func recomputeChanged(limit: Int, window: Int = 50_000) throws -> ReckonedAnew {
    try transaction { store in
      let walk = try store.connection.execute(
        """
        SELECT version, reached FROM calendar WHERE version = (SELECT calendar FROM reference_version) AND reached IS NOT NULL
        FOR UPDATE SKIP LOCKED
        """)
      guard let walk = walk.first else { return ReckonedAnew(isAtEnd: true) }
      let (version, reached): (Int32, Int64) = (try walk.decode(0), try walk.decode(1))
      guard let next = try store.counted(over: store.changedDays(), after: reached, limit: limit, window: window) else {
        _ = try store.connection.execute(
          "UPDATE calendar SET reached = NULL WHERE version <= $1 AND reached IS NOT NULL", version)
        return ReckonedAnew(isAtEnd: true)
      }
      // What another holds is left for the next round, and nobody waits in a circle.
      let items = try store.connection.execute(
        "SELECT \(ItemRow.selection) FROM item WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED", next.items
      ).map { try ItemRow.read($0) }
      let held = Set(next.items).subtracting(items.map(\.id)).min()
      let done = held.map { $0 - 1 } ?? next.last
      _ = try store.connection.execute("UPDATE calendar SET reached = $2 WHERE version = $1", version, done)
      return try store.recompute(items, isAtEnd: held != nil)
    }
  }

  /// The days that calendars have changed since all items in work stood on one.
  private func changedDays() throws -> [Instant] {
    let reached: Int? = try connection.execute("SELECT max(version) FROM calendar WHERE reached IS NULL").only().decode(0)
    let since = try calendars().map(\.calendar).filter { $0.version >= reached ?? 0 }
    let before = (reached == nil ? [.unannounced] : []) + since
    return Set(zip(before, before.dropFirst()).flatMap { $1.days(unlike: $0).map(\.instant) }).sorted()
  }

  /// Items in work, behind `id` and among the next `window` of all, that have a deadline which was counted over one of the days, and up to which
  /// item that is all; nil where there are none behind it. Those that are provisional are found otherwise.
  private func counted(over days: [Instant], after id: Int64, limit: Int, window: Int) throws -> (items: [Int64], last: Int64)? {
    guard let first = days.first, let last = days.last else { return nil }
    let items: [Int64] = try connection.execute(
      """
      SELECT id FROM (
        SELECT id, phase, provisional_under, cycle_started_at AS start, greatest(due_at, resolution_due_at) AS due
        FROM item WHERE id > $1 ORDER BY id LIMIT $2) AS next
      WHERE phase IN ('open', 'responded', 'merged') AND provisional_under IS NULL AND due >= $3 AND start < $4 AND EXISTS (
        SELECT FROM unnest($5::timestamptz[]) AS day WHERE due >= day AND start < day + interval '24 hours')
      ORDER BY id LIMIT $6
      """, id, window, first, last + .days(1), days, limit
    ).map { try $0.decode(0) }
    if items.count == limit, let last = items.last { return (items, last) }
    let end: Int64? = try connection.execute(
      "SELECT max(id) FROM (SELECT id FROM item WHERE id > $1 ORDER BY id LIMIT $2) AS next", id, window
    ).only().decode(0)
    return end.map { (items, $0) }
  }

  /// Reckons items anew that the caller's transaction has locked.
  private func recompute(_ items: [Item], isAtEnd: Bool) throws -> ReckonedAnew {
    guard !items.isEmpty else { return ReckonedAnew(isAtEnd: isAtEnd) }
    let logs = try logs(of: items.map(\.id))
    let machine = try machine()
    var effects = Effects()
    var unreadable: [Int64] = []
    for before in items {
      var item = before
      do {
        try machine.recompute(&item, log: logs[item.id] ?? [], into: &effects)
      } catch {
        unreadable.append(item.id)
        if item.provisionalUnder != nil { item.provisionalUnder = machine.calendar.version }
      }
      if item != before { effects.changedItems.append(item) }
    }
    try write(effects, at: machine.now)
    return ReckonedAnew(count: effects.changedItems.count, unreadable: unreadable, isAtEnd: isAtEnd)
  }
}
