// The record of what operators did with dead letters.

import Duban
import PostgreSQL

/// What is done with a dead letter.
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
  /// A digest by which copies of one letter are known.
  public var content: String
  public var queue: String
  public var kind: Kind
  /// The code for which it was refused.
  public var refusedFor: String
  public var reason: String?
  public var by: String

  public init(letter: String, content: String, queue: String, kind: Kind, refusedFor: String, reason: String?, by: String) {
    (self.letter, self.content, self.queue, self.kind) = (letter, content, queue, kind)
    (self.refusedFor, self.reason, self.by) = (refusedFor, reason, by)
  }
}

/// An action as it is on record.
public struct DeadLetterRecord: Hashable, Sendable {
  public var id: Int64
  public var letter: String
  public var queue: String
  public var kind: DeadLetterAction.Kind
  public var refusedFor: String
  public var reason: String?
  public var by: String
  public var begunAt: Instant
  /// Nil where it is unknown whether it came to an end.
  public var doneAt: Instant?
}

/// Why a letter is not dealt with.
public enum DeadLetterRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// This very letter was dealt with before, and was only left in its queue.
  case done(DeadLetterRecord)
  /// A copy of it was published again before, or that was at least begun.
  case copy(DeadLetterRecord)

  public var description: String {
    switch self {
    case .done(let earlier):
      "it was \(earlier.kind.rawValue) by \(earlier.by) at \(earlier.doneAt?.rfc3339 ?? "?"); nothing is done twice"
    case .copy(let earlier):
      "it says the same as letter \(earlier.letter), which was \(earlier.kind.rawValue) by \(earlier.by) at \(earlier.begunAt.rfc3339); "
        + "a copy is to be discarded, --again replays it all the same"
    }
  }
}

extension Store {
  /// Why a letter may not be dealt with so; nil where nothing stands against it.
  ///
  /// With `again` a copy of it may have been published before.
  public func objection(to action: DeadLetterAction, again: Bool = false) throws -> DeadLetterRefusal? {
    if let done = try records("letter = $1 AND done_at IS NOT NULL", [action.letter]).first { return .done(done) }
    guard !again, action.kind != .discarded else { return nil }
    return try records("content = $1 AND letter <> $2 AND action <> 'discarded'", [action.content, action.letter]).first
      .map { .copy($0) }
  }

  /// Records that a letter is about to be dealt with, and returns the record's number. What was only begun before may be begun again.
  ///
  /// - Throws: ``DeadLetterRefusal``; nothing is recorded then.
  public func begin(_ action: DeadLetterAction, again: Bool = false) throws -> Int64 {
    try transaction { store in
      // Two operators with a copy each: the second sees what the first has begun.
      _ = try store.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", action.content)
      if let objection = try store.objection(to: action, again: again) { throw objection }
      return try store.connection.execute(
        """
        INSERT INTO dead_letter_action (letter, content, queue, action, refused_for, reason, done_by, begun_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, duban_now()) RETURNING id
        """, action.letter, action.content, action.queue, action.kind.rawValue, action.refusedFor, action.reason, action.by
      ).only().decode(0)
    }
  }

  /// Records that it has been dealt with.
  public func finish(action record: Int64) throws(PostgresError) {
    _ = try connection.execute("UPDATE dead_letter_action SET done_at = duban_now() WHERE id = $1", record)
  }

  /// What was done with dead letters, or with one of them, the latest first.
  public func deadLetterHistory(of letter: String? = nil, limit: Int) throws -> [DeadLetterRecord] {
    try records("$1::text IS NULL OR letter = $1", [letter], limit: limit)
  }

  private func records(_ condition: String, _ parameters: [String?], limit: Int = 1) throws -> [DeadLetterRecord] {
    try connection.execute(
      """
      SELECT id, letter, queue, action, refused_for, reason, done_by, begun_at, done_at FROM dead_letter_action
      WHERE \(condition) ORDER BY id DESC LIMIT \(max(0, limit))
      """, parameters: parameters
    ).map { row in
      DeadLetterRecord(
        id: try row.decode(0), letter: try row.decode(1), queue: try row.decode(2),
        kind: try DeadLetterAction.Kind(stored: row.decode(3)), refusedFor: try row.decode(4), reason: try row.decode(5),
        by: try row.decode(6), begunAt: try row.decode(7), doneAt: try row.decode(8))
    }
  }
}

extension Store {
  /// Whether the database's user may see what confidential sources send: a member of `duban_confidential`, or who passes by row-level
  /// security, as the tables' owner does.
  public func maySeeConfidential() throws -> Bool {
    try connection.execute("SELECT may_see_confidential() OR NOT row_security_active('item')").only().decode(0)
  }
}
