// What explanations and trials of a policy need.

import Duban
import PostgreSQL

extension Store {
  /// The references in force, for folds that write nothing.
  ///
  /// - Throws: ``StoreFault`` where no policy has been applied yet.
  public func referencesInForce() throws -> (References, now: Instant) { try transaction { try $0.references() } }

  /// The year that ought to be in the calendar and is not, from 60 days before its start; nil where none is wanting.
  public func calendarYearToImport() throws -> Int? {
    try (calendars().last?.calendar ?? .unannounced).yearToImport(at: now())
  }

  /// Matters opened in a period, in the order of their ids, those behind `after` first.
  public func mattersOpened(from start: Instant, to end: Instant, after id: Int64, limit: Int) throws -> [Matter] {
    try connection.execute(
      """
      SELECT \(ItemRow.selection) FROM item WHERE id > $1 AND unit = '' AND opened_at >= $2 AND opened_at < $3 ORDER BY id LIMIT $4
      """, id, start, end, limit
    ).map { try ItemRow.read($0) }
  }
}
