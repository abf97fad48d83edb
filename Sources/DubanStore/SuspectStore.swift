// Messages that may end the process that reads them: counted when they are begun, because the process may end before it could count them.

import Duban
import PostgreSQL

extension Store {
  /// Notes that a suspected message is about to be handled, and returns how often it has been begun now without an end.
  ///
  /// Committed at once, outside of any transaction.
  public func begin(suspect digest: ContentDigest) throws -> Int {
    try connection.execute(
      """
      INSERT INTO suspect (digest, begun, first_begun_at) VALUES ($1, 1, duban_now())
      ON CONFLICT (digest) DO UPDATE SET begun = suspect.begun + 1 RETURNING begun
      """, digest.bytes
    ).only().decode(0)
  }

  /// Clears a message of suspicion: it was handled, or it failed without ending the process.
  public func clear(suspect digest: ContentDigest) throws(PostgresError) {
    _ = try connection.execute("DELETE FROM suspect WHERE digest = $1", digest.bytes)
  }
}
