// What has to be done now and then: partitions ahead of time, old deduplication keys forgotten.

import Duban
import PostgreSQL

extension Store {
  /// Forgets deduplication keys older than the window, at most `limit` of them. Returns how many.
  ///
  /// The window is ``deduplicationDays``: the same message sent again after it would be taken for a new one, if its item did not know better
  /// (an opening of an item that exists is refused for ever).
  public func forgetOldMessages(limit: Int) throws -> Int {
    try connection.execute(
      """
      DELETE FROM message WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM message WHERE taken_at < (SELECT duban_now() - make_interval(days => $1)) LIMIT $2))
      """, Int32(Self.deduplicationDays), limit
    ).affected
  }

  /// How long a message is known by its key, in natural days; at least 180 by the contract.
  public static let deduplicationDays = 200

  /// Makes the partitions of the log and of the originals for this month and two more. Returns how many were missing.
  public func ensurePartitions() throws -> Int {
    try connection.execute("SELECT ensure_partitions(duban_now(), 2)").only().decode(0)
  }
}
