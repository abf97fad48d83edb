// What intake reads before it decides.

import Duban
import PostgreSQL

extension Store {
  /// Lets a batch be taken beside others, or `alone`: then it waits until none is being taken, and others wait for it. To be called
  /// first in the caller's transaction.
  ///
  /// Two batches at once about the same new item, or with the same message, cannot both succeed; those that run alone need no second try.
  public func beginTaking(alone: Bool) throws {
    let shared = alone ? "" : "_shared"
    _ = try connection.execute("SELECT pg_advisory_xact_lock\(shared)($1)", Self.takingLock)
  }

  private static let takingLock: Int64 = 0x6475_6261_6e02

  /// What the store knows that concerns a batch; locks the items it is about. In the caller's transaction.
  ///
  /// Two batches at once that would open the same item, or take the same message, meet on the unique keys: one of them fails with
  /// a unique violation and, tried again, sees what the other wrote. That, too, is what keeps an event that comes before its item
  /// from being forgotten: it leaves a row under the item's key.
  public func intakeSnapshot(for batch: [Envelope]) throws -> IntakeSnapshot {
    // The main item of a duplicate, too: what closes it must see who follows. And of a part the whole, whose lead may be meant.
    let wholes = Set(batch.map { $0.item.whole ?? $0.item }).union(batch.lazy.compactMap(\.main))
    // The locks first: once they are held, the messages of whoever held them before can be seen.
    var items = try lockItems(wholes)
    var waiting = try waitingEvents(ofAwaited: items)
    // What these name by a statement of its own, which sees what was made of it by whoever held them before: parts, and where an
    // acceptance or a merging has waited, the parts and the main item that it names.
    let named = Set(batch.lazy.map(\.item).filter { $0.unit != nil }).union(batch.lazy.flatMap(\.parts))
      .union(waiting.values.joined().lazy.flatMap { $0.parts + [$0.main].compactMap(\.self) }).subtracting(wholes)
    if !named.isEmpty {
      let held = try lockItems(named)
      waiting.merge(try waitingEvents(ofAwaited: held)) { first, _ in first }
      items.merge(held) { first, _ in first }
    }
    let followers = try lockFollowers(of: closing(batch, items))
    items.merge(followers.lazy.map { ($0.key, $0) }) { held, _ in held }
    var heard = try heard(of: items.values.filter(mayBegin(batch, items)))
    // Whom that names has it again, and for whom something was heard before in the cycle that begins.
    let namedBefore = Set(heard.values.joined().lazy.flatMap { $0.parts + [$0.main].compactMap(\.self) }).subtracting(items.keys)
    if !namedBefore.isEmpty {
      let held = try lockItems(namedBefore)
      waiting.merge(try waitingEvents(ofAwaited: held)) { first, _ in first }
      heard.merge(try self.heard(of: held.values.filter { $0.phase != .awaited })) { first, _ in first }
      items.merge(held) { first, _ in first }
    }
    let freshIDs = try takeIDs(wholes.union(named).union(namedBefore).count { items[$0] == nil })
    let taken = try digests(of: batch)
    let breached = items.values.filter { $0.breachedAt != nil }.map(\.id)
    return IntakeSnapshot(
      taken: taken, items: items, waiting: waiting,
      breaches: breached.isEmpty ? [:] : try breaches(of: breached),
      followers: Dictionary(grouping: followers, by: \.main).reduce(into: [:]) { all, group in
        if let main = group.key { all[main] = group.value.map(\.key) }
      }, heard: heard, freshIDs: freshIDs)
  }

  /// The items that the batch may close, or hold: those that a closing or a merging is about, itself or under the name of its lead, and
  /// those for which either may wait. What is opened again may be held at once, by a merging that was heard before.
  private func closing(_ batch: [Envelope], _ items: [ItemKey: Item]) -> Set<ItemKey> {
    Set(
      batch.lazy.filter { event in
        event.maySettle || event.mayReopen || items[event.item]?.phase == .awaited
          || event.parts.contains { items[$0]?.phase == .awaited }
      }.map { $0.item.whole ?? $0.item })
  }

  /// Which items may begin a cycle of which something was heard before: what the batch opens again, what it ends where a reopening or an end is known,
  /// their parts and duplicates, parts that it names again, and duplicates whose main item may come now.
  private func mayBegin(_ batch: [Envelope], _ items: [ItemKey: Item]) -> (Item) -> Bool {
    let reopened = items.values.lazy.filter {
      $0.earlyReopening != nil || $0.reopenedAt != nil || $0.phase == .closed && $0.key.unit == nil
    }.map { $0.key.whole ?? $0.key }
    let turned = Set(batch.lazy.filter { $0.mayReopen }.map { $0.item.whole ?? $0.item }).union(
      Set(reopened).intersection(closing(batch, items)))
    let named = Set(batch.lazy.flatMap(\.parts))
    return { item in
      guard item.phase != .awaited else { return false }
      return turned.contains(item.key.whole ?? item.key) || item.earlyReopening != nil
        || item.phase == .closed && named.contains(item.key)
        || item.main.map { turned.contains($0) || items[$0]?.phase == .awaited } == true
    }
  }

  /// What was heard of items that does nothing beyond the cycle that it is of, by item id, in the order in which it was heard.
  private func heard(of items: [Item]) throws -> [Int64: [Envelope]] {
    guard !items.isEmpty else { return [:] }
    let types = EventType.all.values.filter(\.meaning.isOfACycle).map(\.name)
    let rows = try connection.execute(
      """
      SELECT item.id, heard.body
      FROM unnest($1::bigint[]) AS item(id) CROSS JOIN LATERAL (
        SELECT body, sequence FROM item_event
        WHERE item_event.item_id = item.id AND type = ANY($2) AND message_id IS NOT NULL OFFSET 0) AS heard
      ORDER BY item.id, heard.sequence
      """, items.map(\.id), types)
    var heard: [Int64: [Envelope]] = [:]
    for row in rows {
      let body: String = try row.decode(1)
      guard let envelope = try? Envelope(RawMessage(body: Array(body.utf8))), envelope.isOfACycle else { continue }
      heard[try row.decode(0), default: []].append(envelope)
    }
    return heard
  }

  /// Duplicates that follow the given items, their parts, and those that follow them; locked.
  private func lockFollowers(of mains: Set<ItemKey>) throws -> [Item] {
    guard !mains.isEmpty else { return [] }
    let rows = try connection.execute(
      """
      WITH RECURSIVE follower(id, source, subject) AS (
        SELECT duplicate.* FROM unnest($1::text[], $2::text[]) AS main(source, subject) CROSS JOIN LATERAL (
          SELECT id, source, subject FROM item
          WHERE item.main_source = main.source AND item.main_subject = main.subject OFFSET 0) AS duplicate
        UNION
        SELECT duplicate.* FROM follower CROSS JOIN LATERAL (
          SELECT id, source, subject FROM item
          WHERE item.main_source = follower.source AND item.main_subject = follower.subject OFFSET 0) AS duplicate)
      SELECT \(ItemRow.selection) FROM item
      WHERE item.id = ANY (ARRAY(SELECT id FROM follower)) AND phase <> 'closed' ORDER BY item.id FOR UPDATE
      """, mains.map(\.source), mains.map(\.subject))
    return try rows.map { try ItemRow.read($0) }
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
    let keys = keys.sorted { ($0.source, $0.subject, $0.storedUnit) < ($1.source, $1.subject, $1.storedUnit) }
    let rows = try connection.execute(
      """
      SELECT held.*
      FROM unnest($1::text[], $2::text[], $3::text[]) AS key(source, subject, unit) CROSS JOIN LATERAL (
        SELECT \(ItemRow.selection) FROM item
        WHERE item.source = key.source AND item.subject = key.subject AND item.unit = key.unit FOR UPDATE) AS held
      """, keys.map(\.source), keys.map(\.subject), keys.map(\.storedUnit))
    var items: [ItemKey: Item] = [:]
    for row in rows {
      let item = try ItemRow.read(row)
      items[item.key] = item
    }
    return items
  }

  private func waitingEvents(ofAwaited items: [ItemKey: Item]) throws -> [Int64: [Envelope]] {
    let items = items.values.filter { $0.phase == .awaited }.map(\.id)
    guard !items.isEmpty else { return [:] }
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
