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
  /// Records what is done with a letter, while `act` does it: recorded only if `act` returns.
  ///
  /// - Throws: ``StoreFault`` where the letter was dealt with before, saying by whom; then `act` is not called. What `act` throws.
  public func record(_ action: DeadLetterAction, while act: () throws -> Void) throws {
    try transaction { store in
      let inserted = try store.connection.execute(
        """
        INSERT INTO dead_letter_action (letter, queue, action, refused_for, reason, done_by, done_at)
        VALUES ($1, $2, $3, $4, $5, $6, duban_now()) ON CONFLICT (letter) DO NOTHING
        """, action.letter, action.queue, action.kind.rawValue, action.refusedFor, action.reason, action.by)
      guard inserted.affected == 1 else {
        let earlier = try store.connection.execute(
          "SELECT action, done_by, done_at FROM dead_letter_action WHERE letter = $1", action.letter
        ).only()
        let (what, who, when): (String, String, Instant) = (
          try earlier.decode(0), try earlier.decode(1), try earlier.decode(2)
        )
        throw StoreFault("letter \(action.letter) was \(what) by \(who) at \(when.rfc3339); nothing is done twice")
      }
      try act()
    }
  }
}
