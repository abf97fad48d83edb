// The record of what operators did with dead letters.

import Duban
import PostgreSQL

/// What was done with a dead letter.
public struct DeadLetterAction: Hashable, Sendable {
  public enum Kind: String, Sendable {
    /// 重投: published again as it was.
    case replayed
    /// 修正后重投: published again with another body.
    case mended
    /// 作废: thrown away, with a reason.
    case discarded
  }

  /// The letter's own id (`duban-letter`).
  public var letter: String
  public var queue: String
  public var kind: Kind
  /// The code for which it was refused.
  public var refusedFor: String
  public var reason: String?
  public var by: String

  public init(letter: String, queue: String, kind: Kind, refusedFor: String, reason: String?, by: String) {
    (self.letter, self.queue, self.kind) = (letter, queue, kind)
    (self.refusedFor, self.reason, self.by) = (refusedFor, reason, by)
  }
}

extension Store {
  /// Records that a letter is about to be dealt with.
  ///
  /// - Throws: ``StoreFault`` where that has been done before, saying by whom. What was only begun before may be begun again.
  public func begin(_ action: DeadLetterAction) throws {
    let row = try connection.execute(
      """
      INSERT INTO dead_letter_action AS earlier (letter, queue, action, refused_for, reason, done_by, begun_at)
      VALUES ($1, $2, $3, $4, $5, $6, duban_now())
      ON CONFLICT (letter) DO UPDATE SET action = excluded.action, reason = excluded.reason, done_by = excluded.done_by
        WHERE earlier.done_at IS NULL
      RETURNING letter
      """, action.letter, action.queue, action.kind.rawValue, action.refusedFor, action.reason, action.by)
    guard row.isEmpty else { return }
    let earlier = try connection.execute(
      "SELECT action, done_by, done_at FROM dead_letter_action WHERE letter = $1", action.letter
    ).only()
    let (what, who, when): (String, String, Instant) = (try earlier.decode(0), try earlier.decode(1), try earlier.decode(2))
    throw StoreFault("letter \(action.letter) was \(what) by \(who) at \(when.rfc3339); nothing is done twice")
  }

  /// Records that it has been dealt with.
  public func finish(_ action: DeadLetterAction) throws(PostgresError) {
    _ = try connection.execute("UPDATE dead_letter_action SET done_at = duban_now() WHERE letter = $1", action.letter)
  }
}
