// Due matters: claimed with SKIP LOCKED, so that any number of daemons share them without a leader.

import Duban
import PostgreSQL

/// An item that is due and not handled yet.
public struct DueItem: Sendable {
  /// Its matter's.
  public var id: Int64
  public var key: ItemKey
  /// When its deadline, or its warning, came.
  public var since: Instant
  /// How long ago that is by Duban's clock.
  public var age: Span
}

/// What a sweep has done.
public struct SweepResult: Sendable {
  public var effects = Effects()
  public var directory: Directory?
  /// Matters that were handled.
  public var count = 0
}

extension Store {
  /// Items that are due now and not handled yet, the oldest first: wholes, and parts as their units'. In a Duban that is well there are hardly
  /// ever any.
  public func dueItems(limit: Int) throws -> [DueItem] {
    try connection.execute(
      """
      SELECT clock.now, \(ItemRow.selection) FROM item, (SELECT duban_now()) AS clock(now)
      WHERE wake_at <= clock.now ORDER BY wake_at, id LIMIT $1
      """, limit
    ).flatMap { row -> [DueItem] in
      let now: Instant = try row.decode(0)
      let matter = try ItemRow.read(row, from: 1)
      return matter.due(at: now).map { unit, since in
        DueItem(id: matter.id, key: matter.key(of: unit), since: since, age: now - since)
      }
    }
  }

  /// Handles matters whose deadline, or its warning, has come, the oldest first, in one transaction. Those that another transaction holds
  /// are left to it; those in `excluded`, and the matters in `unread` of which a message waits, are passed over. `claimed` is told the ids of
  /// the matters that are about to be handled.
  public func sweep(
    limit: Int, except excluded: [Int64] = [], unread: Set<ItemKey> = [], claimed: ([Int64]) -> Void = { _ in }
  ) throws -> SweepResult {
    try transaction { store in
      let matters = try store.claimDue(limit: limit, except: excluded).filter { !unread.contains($0.key) }
      // Most wake-ups find nothing, and should cost no more than that.
      guard !matters.isEmpty else { return SweepResult() }
      claimed(matters.map(\.id))
      let (references, now) = try store.references()
      // A lapse may be what was in dispute, and a 约谈 rests on what lapsed before.
      let chronicles = try store.chronicles(of: matters, breachesOf: matters.filter { $0.log.breaches > 0 }.map(\.id))
      var effects = Effects()
      for matter in matters {
        let chronicle = chronicles[matter.id] ?? Chronicle(before: matter)
        var fold = Fold(matter, references: references, now: now, recorded: chronicle.breaches)
        fold.sweep(to: now)
        effects.add(fold, onto: chronicle)
      }
      try store.write(effects, at: now, isSweep: true)
      return SweepResult(effects: effects, directory: references.directory, count: matters.count)
    }
  }

  private func claimDue(limit: Int, except excluded: [Int64]) throws -> [Matter] {
    try connection.execute(
      """
      SELECT \(ItemRow.selection) FROM item WHERE wake_at <= duban_now() AND id <> ALL ($2)
      ORDER BY wake_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
      """, limit, excluded
    ).map { try ItemRow.read($0) }
  }

  /// Ids of due matters that another transaction holds now, but for `excluded`.
  public func heldDue(limit: Int, except excluded: [Int64]) throws -> [Int64] {
    try connection.execute(
      """
      WITH due AS MATERIALIZED (
        SELECT id FROM item WHERE wake_at <= duban_now() AND id <> ALL ($2) ORDER BY wake_at, id LIMIT $1),
      free AS MATERIALIZED (SELECT item.id FROM due JOIN item ON item.id = due.id FOR KEY SHARE OF item SKIP LOCKED)
      SELECT id FROM due EXCEPT SELECT id FROM free
      """, limit, excluded
    ).map { try $0.decode(0) }
  }

  /// How long until the next matter falls due, not more than ``dueHorizon``; zero or less when one is due already.
  public func timeUntilNextDue() throws -> Duration {
    try timeUntil("SELECT min(wake_at) - duban_now() FROM item WHERE wake_at IS NOT NULL")
  }

  func timeUntil(_ query: String) throws -> Duration {
    let row = try connection.execute("SELECT (extract(epoch FROM (\(query))) * 1000000)::bigint").only()
    let microseconds: Int64? = try row.decode(0)
    return .microseconds(min(microseconds ?? .max, Self.dueHorizon * 1_000_000))
  }
}
