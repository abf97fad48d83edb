// Logs read back, for replays.

import Duban
import PostgreSQL

extension Store {
  /// What is needed to run logs again: every policy and calendar that was ever in force.
  ///
  /// - Throws: ``StoreFault`` where no policy has been applied yet.
  public func replay() throws -> Replay {
    let machine = try transaction { try $0.machine(forBreaches: false) }
    let calendars = try calendars()
    return Replay(policies: machine.policies, directory: machine.directory) { time in
      calendars.last { $0.importedAt <= time }?.calendar ?? .unannounced
    }
  }

  /// The year that ought to be in the calendar and is not, from 60 days before its start; nil where none is wanting.
  public func calendarYearToImport() throws -> Int? {
    try (calendars().last?.calendar ?? .unannounced).yearToImport(at: now())
  }

  /// Logs of items, by item id, each in its order.
  public func logs(of items: [Int64]) throws -> [Int64: [LoggedEvent]] {
    let rows = try connection.execute(
      """
      SELECT item_id, type, occurred_at, recorded_at, body FROM item_event WHERE item_id = ANY($1) ORDER BY item_id, sequence
      """, items)
    var logs: [Int64: [LoggedEvent]] = [:]
    for row in rows {
      logs[try row.decode(0), default: []].append(
        LoggedEvent(
          type: try row.decode(1), occurredAt: try row.decode(2), recordedAt: try row.decode(3), body: try row.decode(4)))
    }
    return logs
  }

  /// Items opened in a period, in the order of their ids, those behind `after` first.
  public func itemsOpened(from start: Instant, to end: Instant, after id: Int64, limit: Int) throws -> [Item] {
    try connection.execute(
      """
      SELECT \(ItemRow.selection) FROM item WHERE id > $1 AND opened_at >= $2 AND opened_at < $3 ORDER BY id LIMIT $4
      """, id, start, end, limit
    ).map { try ItemRow.read($0) }
  }
}
