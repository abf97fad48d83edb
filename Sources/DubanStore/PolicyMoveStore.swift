// Open items moved to another policy version, by an operator and on record.

import Duban
import PostgreSQL

/// What a move does to one item.
public struct PolicyMoveRow: Sendable {
  public var before: Item
  /// Nil where it cannot be moved.
  public var after: Item?
  /// Why not.
  public var refusal: Refusal?
}

extension Store {
  /// Moves items to a policy version, each in the state it is in now; or, as a trial, says what would come of it. Those that cannot be moved
  /// stay as they are, and the others are moved all the same.
  ///
  /// `isTrial` leaves everything as it is. The items must be few enough for one transaction.
  public func move(_ items: [Int64], to version: Int, by person: String, because reason: String, isTrial: Bool) throws
    -> [PolicyMoveRow]
  {
    try transaction { store in
      // Locked in the order in which intake locks, so that nobody waits in a circle.
      let items = try store.connection.execute(
        """
        SELECT \(ItemRow.selection) FROM item WHERE id = ANY ($1) ORDER BY unit <> '', source, subject, unit FOR UPDATE
        """, items
      ).map { try ItemRow.read($0) }.sorted { $0.id < $1.id }
      let logs = try store.logs(of: items.map(\.id))
      let machine = try store.machine()
      var effects = Effects()
      let rows = items.map { before in
        var after = before
        do throws(Refusal) {
          try machine.move(&after, to: version, by: person, because: reason, log: logs[before.id] ?? [], into: &effects)
          effects.changedItems.append(after)
          return PolicyMoveRow(before: before, after: after)
        } catch {
          return PolicyMoveRow(before: before, refusal: error)
        }
      }
      if !isTrial { try store.write(effects, at: machine.now) }
      return rows
    }
  }

  /// Ids of the items in work that stand on a policy version, in their order, those behind `after` first.
  public func itemsInWork(onPolicy version: Int, after id: Int64, limit: Int) throws -> [Int64] {
    try connection.execute(
      """
      SELECT id FROM item WHERE id > $1 AND policy_version = $2 AND phase IN ('open', 'responded', 'merged') ORDER BY id LIMIT $3
      """, id, Int32(version), limit
    ).map { try $0.decode(0) }
  }
}
