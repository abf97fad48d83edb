// Matters in work moved to another policy version, by an operator and on record.

import Duban
import PostgreSQL

/// What a move does to one matter.
public struct PolicyMoveRow: Sendable {
  public var before: Matter
  /// Nil where it cannot be moved.
  public var after: Matter?
  /// Why not.
  public var refusal: String?
}

extension Store {
  /// Moves matters to a policy version; or, as a trial, says what would come of it. Those that cannot be moved stay as they are, and the
  /// others are moved all the same.
  ///
  /// `isTrial` leaves everything as it is. The matters must be few enough for one transaction.
  public func move(_ items: [Int64], to version: Int, by person: String, because reason: String, isTrial: Bool) throws
    -> [PolicyMoveRow]
  {
    try transaction { store in
      let matters = try store.lock(items)
      let (references, now) = try store.references()
      func refusal(_ matter: Matter) -> String? {
        if !matter.items.contains(where: \.item.isInWork) {
          return "the item is \(matter.whole.phase.rawValue); only one in work can be moved"
        }
        if references.policies.version(version) == nil { return "there is no policy version \(version)" }
        return matter.opening?.policyVersion == version ? "the item is on policy version \(version) already" : nil
      }
      var effects = Effects()
      let moved = matters.filter { refusal($0) == nil }
      let after = try store.append(
        moved.map { ($0, .policyMoved(to: version, because: reason, by: person), nil) }, references: references, at: now,
        into: &effects)
      if !isTrial { try store.write(effects, at: now) }
      return matters.sorted { $0.id < $1.id }.map { PolicyMoveRow(before: $0, after: after[$0.id], refusal: refusal($0)) }
    }
  }

  /// Ids of the matters in work that are on a policy version, in their order, those behind `after` first.
  public func itemsInWork(onPolicy version: Int, after id: Int64, limit: Int) throws -> [Int64] {
    try connection.execute(
      """
      SELECT id FROM item
      WHERE id > $1 AND policy_version = $2 AND unit = '' AND phase IN ('open', 'responded', 'merged') ORDER BY id LIMIT $3
      """, id, Int32(version), limit
    ).map { try $0.decode(0) }
  }
}
