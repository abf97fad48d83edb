// Sessions whose client was stopped or cut off in the middle of a COPY. PostgreSQL itself never ends them.

import Duban

extension Store {
  /// How long a session may wait for the rest of a COPY, in milliseconds. A batch takes some hundredths of a second.
  public static let stallBound = 5000

  /// Ends the sessions of Duban, of any copy, that have waited longer than `bound` milliseconds for their client to send the rest of a COPY;
  /// returns how many. What they hold is free then: matters, keys of new matters, the references.
  ///
  /// No timeout of PostgreSQL reaches such a session: it is neither idle in its transaction, nor does it look for a cancellation while it
  /// reads, so that `statement_timeout` passes unheard. Needs no rights beyond those of the same database role.
  public func endStalledSessions(after bound: Int = stallBound) throws -> Int {
    try connection.execute(
      """
      SELECT count(pg_terminate_backend(pid))::integer FROM pg_stat_activity
      WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'duband %'
        AND state = 'active' AND wait_event = 'ClientRead' AND query_start < clock_timestamp() - $1 * interval '1 ms'
      """, Int32(bound)
    ).only().decode(0)
  }
}
