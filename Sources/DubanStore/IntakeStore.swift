// What intake reads before it decides.

import Duban
import PostgreSQL

extension Store {
  /// What the store knows that concerns a batch; locks the items it is about. In the caller's transaction.
  ///
  /// Two batches at once that would open the same item, or take the same message, meet on the unique keys: one of them fails with
  /// a unique violation and, tried again, sees what the other wrote. That, too, is what keeps an event that comes before its item
  /// from being forgotten: it leaves a row under the item's key.
  public func intakeSnapshot(for batch: [Envelope]) throws -> IntakeSnapshot {
    let keys = Set(batch.map(\.item))
    // The locks first: once they are held, the messages of whoever held them before can be seen.
    let items = try lockItems(keys)
    let taken = try digests(of: batch)
    let awaited = items.values.filter { $0.phase == .awaited }.map(\.id)
    let breached = items.values.filter { $0.breachedAt != nil }.map(\.id)
    return IntakeSnapshot(
      taken: taken, items: items, waiting: awaited.isEmpty ? [:] : try waitingEvents(of: awaited),
      breaches: breached.isEmpty ? [:] : try breaches(of: breached),
      freshIDs: try takeIDs(keys.count - items.count))
  }

  // Both look up each key by itself in the index, and are written so that they can do nothing else: a plan that was made while the table
  // was small, a hash over all of it, would be kept while it grows.

  private func digests(of batch: [Envelope]) throws -> [MessageKey: ContentDigest] {
    let rows = try connection.execute(
      """
      SELECT key.source, key.id, taken.digest
      FROM unnest($1::text[], $2::text[]) AS key(source, id) CROSS JOIN LATERAL (
        SELECT digest FROM message WHERE message.source = key.source AND message.id = key.id OFFSET 0) AS taken
      """, batch.map(\.key.source), batch.map(\.key.id))
    var digests: [MessageKey: ContentDigest] = [:]
    for row in rows {
      digests[MessageKey(source: try row.decode(0), id: try row.decode(1))] = ContentDigest(bytes: try row.decode(2))
    }
    return digests
  }

  private func lockItems(_ keys: Set<ItemKey>) throws -> [ItemKey: Item] {
    // Everybody locks in one order, so that nobody waits in a circle.
    let keys = keys.sorted { ($0.source, $0.subject) < ($1.source, $1.subject) }
    let rows = try connection.execute(
      """
      SELECT held.*
      FROM unnest($1::text[], $2::text[]) AS key(source, subject) CROSS JOIN LATERAL (
        SELECT \(ItemRow.selection) FROM item WHERE item.source = key.source AND item.subject = key.subject FOR UPDATE) AS held
      """, keys.map(\.source), keys.map(\.subject))
    var items: [ItemKey: Item] = [:]
    for row in rows {
      let item = try ItemRow.read(row)
      items[item.key] = item
    }
    return items
  }

  private func waitingEvents(of items: [Int64]) throws -> [Int64: [Envelope]] {
    let rows = try connection.execute("SELECT item_id, body FROM waiting_event WHERE item_id = ANY($1) ORDER BY arrival", items)
    var waiting: [Int64: [Envelope]] = [:]
    for row in rows {
      let body: String = try row.decode(1)
      // It was read once and kept in structured form; should the contract have narrowed since, it stays among the waiting.
      guard let envelope = try? Envelope(RawMessage(body: Array(body.utf8))) else { continue }
      waiting[try row.decode(0), default: []].append(envelope)
    }
    return waiting
  }
}
