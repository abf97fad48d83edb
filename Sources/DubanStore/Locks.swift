// The locks: what each protects, and the order in which they are taken. Nothing else in Duban locks.
//
// In a transaction, in this order:
//
// 1. `schedule` row, FOR UPDATE SKIP LOCKED: one firing of a schedule. (ScheduleStore)
//    `following` row, FOR UPDATE SKIP LOCKED: one step over a main item's duplicates. Others only add rows. (FollowingStore)
//    `calendar` row, FOR UPDATE SKIP LOCKED: one walk over the items that a calendar changes. (CalendarReach)
// 2. `item` row of the whole, FOR UPDATE: the matter, with its parts, log, breaches and verdicts. Workers take it with SKIP LOCKED and set
//    aside what another transaction holds, so that no worker ever waits for a matter. Operators' commands wait, at most `lock_timeout`, and
//    take several in the order of their keys.
// 3. Lock.references, shared: held by every transaction that folds, from before it reads policies, calendars, checklists, the directory and the time
//    until it ends. An operator who changes them takes it exclusively: so every fold recorded before the change knew nothing of it, and
//    every later one knows it. The exclusive request waits at most ``Store/exclusiveBound``, then gives up and tries again later, because
//    every transaction behind a waiting request waits too.
// 4. `item` unique key, by COPY, in key order: a matter that is new. It waits a tenth of a second for a transaction that is inserting the same
//    key (``NewMatterHeld``); once that is committed the whole transaction is tried again, and finds the row. Workers of one process never
//    meet here: each matter is in one batch at a time (MatterClaims).
// 5. `message` unique key, `reference_version` row, `outbox` lanes (Lock.outboxLane, tried, never waited for).
//    `problem_series` row of a district, in the order of the districts, by the last statement before the commit: its next numbers. (ProblemStore)
//
// Migrations take an advisory lock of their own (Migrator). Dead letters and suspects have rows of their own and no order with others.

import Duban
import PostgreSQL

/// The keys of Duban's advisory locks.
enum Lock {
  /// Policies, calendars, checklists and the directory, against transactions that fold by them.
  static let references: Int64 = 0x6475_6261_6e01
  /// The first of the two keys of an outbox lane.
  static let outboxLane: Int32 = 0x6475_6261
}

extension Store {
  /// How long an exclusive request for the references may stand in line, in milliseconds: as long do all workers stand behind it.
  static let exclusiveBound = 2000

  /// Shares the references with other transactions that fold, until this one ends. In the caller's transaction.
  static func addSharing(to pipeline: inout Pipeline) {
    // With a number of its own the transaction counts among the writers that ``awaitWriters(bound:)`` waits for.
    pipeline.add("SELECT pg_advisory_xact_lock_shared($1), pg_current_xact_id()", Lock.references)
  }

  /// Runs a transaction that changes what folds refer to, while none runs.
  ///
  /// - Throws: ``StoreFault`` where transactions of others do not end within half a minute; nothing is changed then.
  func changingReferences<T>(tries: Int = 15, bound: Int = exclusiveBound, _ body: (Store) throws -> T) throws -> T {
    for _ in 0..<tries {
      do {
        return try transaction { store in
          _ = try store.connection.execute("SELECT set_config('lock_timeout', $1, true)", "\(bound)ms")
          _ = try store.connection.execute("SELECT pg_advisory_xact_lock($1)", Lock.references)
          return try body(store)
        }
      } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
        // Those who stood behind the request go first.
        _ = try connection.execute("SELECT pg_sleep(0.1)")
      }
    }
    throw StoreFault(
      "transactions of duband have not ended for half a minute, so nothing was changed; see pg_stat_activity, then try again")
  }

  /// Waits until every transaction has ended that may have written before now, without holding up other transactions. For at most `bound` seconds.
  ///
  /// A transaction that writes has its number before it reads the time, so those that come later read a later time.
  public func awaitWriters(bound: Int = 30) throws {
    // A number of its own: the snapshot's end is behind the last transaction that has ended, and before those that run.
    let end: Int64 = try connection.execute("SELECT pg_current_xact_id()::text::bigint").only().decode(0)
    for _ in 0..<(bound * 50) {
      let oldest: Int64 = try connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").only().decode(0)
      if oldest >= end { return }
      _ = try connection.execute("SELECT pg_sleep(0.02)")
    }
    throw StoreFault("a transaction has not ended for \(bound) seconds; see pg_stat_activity")
  }
}
