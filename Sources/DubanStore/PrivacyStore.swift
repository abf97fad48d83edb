// Personal data: messages as sent, and reporters' contacts, erased on record and in bounded steps. The log holds none of it.

import Duban
import PostgreSQL

extension Store {
  /// Ids of the matters that were closed before a time and still have originals or contacts, in their order, those behind `after` first.
  public func personalData(closedBefore time: Instant, after id: Int64, limit: Int) throws -> [Int64] {
    try connection.execute(
      """
      SELECT id FROM item WHERE id > $2 AND unit = '' AND phase = 'closed' AND closed_at < $1
        AND (EXISTS (SELECT FROM original WHERE original.item_id = item.id) OR EXISTS (SELECT FROM contact WHERE contact.item_id = item.id))
      ORDER BY id LIMIT $3
      """, time, id, limit
    ).map { try $0.decode(0) }
  }

  /// How many originals and contacts matters have.
  public func personalData(of items: [Int64]) throws -> (originals: Int, contacts: Int) {
    let row = try connection.execute(
      """
      SELECT (SELECT count(*) FROM original WHERE item_id = ANY ($1)), (SELECT count(*) FROM contact WHERE item_id = ANY ($1))
      """, items
    ).only()
    return (try row.decode(0), try row.decode(1))
  }

  /// Erases the originals and the contacts of matters, in one transaction, and says so on record. Returns how many of each.
  public func erase(_ items: [Int64], by person: String, because reason: String) throws -> (originals: Int, contacts: Int) {
    try transaction { store in
      let rows = try store.connection.execute(
        """
        WITH gone AS (DELETE FROM original WHERE item_id = ANY ($1) RETURNING item_id),
        gone_contact AS (DELETE FROM contact WHERE item_id = ANY ($1) RETURNING item_id),
        counted AS (
          SELECT id, (SELECT count(*) FROM gone WHERE gone.item_id = id)::integer AS originals,
            (SELECT count(*) FROM gone_contact WHERE gone_contact.item_id = id)::integer AS contacts
          FROM unnest($1::bigint[]) AS id)
        INSERT INTO erasure (item_id, originals, contacts, because, done_by, done_at)
        SELECT id, originals, contacts, $2, $3, duban_now() FROM counted WHERE originals + contacts > 0
        RETURNING originals, contacts
        """, items, reason, person)
      return try rows.reduce(into: (0, 0)) { sum, row in
        sum.0 += try row.decode(0, as: Int.self)
        sum.1 += try row.decode(1, as: Int.self)
      }
    }
  }

  /// The message as it was sent, of an entry; nil where it was erased, or may not be seen.
  public func original(of item: Int64, _ number: Int32) throws -> String? {
    try connection.execute("SELECT body FROM original WHERE item_id = $1 AND number = $2", item, number).first?.decode(0)
  }
}
