// Writes what the machine decided: all effects of a batch, in the caller's transaction.

import Duban
import PostgreSQL

extension Store {
  /// Writes effects and notifies who waits for them. In the caller's transaction; `now` is that transaction's time.
  ///
  /// New rows go by COPY straight into their tables: a unique key that is there already fails the transaction, which is then tried
  /// again with a fresh look.
  public func write(_ effects: Effects, at now: Instant) throws {
    try copy(effects.newItems, into: "item", ItemRow.columns) { rows, item in ItemRow.append(item, to: &rows) }
    if !effects.changedItems.isEmpty {
      _ = try connection.execute(ItemRow.update, parameters: ItemRow.updateParameters(effects.changedItems))
    }
    if !effects.wokenItems.isEmpty {
      _ = try connection.execute(ItemRow.updateWoken, parameters: ItemRow.updateWokenParameters(effects.wokenItems))
    }
    try copy(effects.messages, into: "message", ["source", "id", "digest", "taken_at"]) { rows, message in
      rows.append(message.key.source)
      rows.append(message.key.id)
      rows.append(message.digest.bytes)
      rows.append(now)
    }
    try copy(
      effects.log, into: "item_event",
      ["item_id", "sequence", "type", "source", "message_id", "occurred_at", "recorded_at", "traceparent", "body"]
    ) { rows, entry in
      rows.append(entry.itemID)
      rows.append(entry.sequence)
      rows.append(entry.type)
      rows.append(entry.key?.source)
      rows.append(entry.key?.id)
      rows.append(entry.occurredAt)
      rows.append(now)
      rows.append(entry.traceparent)
      rows.append(entry.body)
    }
    try copy(
      effects.breaches, into: "breach", ["item_id", "cycle", "clock", "tier", "organ_id", "due_at", "found_at", "slip"]
    ) { rows, breach in
      rows.append(breach.itemID)
      rows.append(breach.cycle)
      rows.append(breach.clock.rawValue)
      rows.append(breach.tier.rawValue)
      rows.append(breach.organID)
      rows.append(breach.dueAt)
      rows.append(breach.foundAt)
      rows.append(breach.slip?.rawValue)
    }
    try writeWaiting(effects, at: now)
    for notice in effects.notices { try write(notice) }
    try announce(effects.announcements, at: now)
    use(ids: effects.newItems.map(\.id))
    let horizon = now + .seconds(Self.dueHorizon)
    if (effects.newItems + effects.changedItems + effects.wokenItems).contains(where: { item in
      item.wakeAt.map { $0 < horizon } ?? false
    }) {
      try notify(.due)
    }
  }

  private func writeWaiting(_ effects: Effects, at now: Instant) throws {
    try copy(
      effects.waiting, into: "waiting_event", ["source", "message_id", "item_id", "type", "occurred_at", "recorded_at", "body"]
    ) { rows, event in
      rows.append(event.envelope.key.source)
      rows.append(event.envelope.key.id)
      rows.append(event.itemID)
      rows.append(event.envelope.type.name)
      rows.append(event.envelope.time)
      rows.append(now)
      rows.append(event.envelope.body)
    }
    guard !effects.noLongerAwaited.isEmpty else { return }
    _ = try connection.execute(
      """
      DELETE FROM waiting_event USING unnest($1::text[], $2::text[]) AS key(source, message_id)
      WHERE (waiting_event.source, waiting_event.message_id) = (key.source, key.message_id)
      """, effects.noLongerAwaited.map(\.source), effects.noLongerAwaited.map(\.id))
  }

  func write(_ notice: Notice) throws {
    let (scheduleID, period, item): (Int64?, Period?, (id: Int64, cycle: Int32, clock: Item.Clock)?) =
      switch notice.origin {
      case .schedule(let id, _, let period): (id, period, nil)
      case .item(let id, let cycle, let clock): (nil, nil, (id, cycle, clock))
      }
    _ = try connection.execute(
      """
      INSERT INTO notice (reference, kind, status, schedule_id, period_start, period_end, item_id, cycle, clock, organ_id,
        organ_name, title, body, evidence, created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
      """, notice.reference, notice.kind.rawValue, notice.status.rawValue, scheduleID, period?.start, period?.end, item?.id,
      item?.cycle,
      item?.clock.rawValue, notice.organID, notice.organName, notice.title, notice.body, Jsonb(notice.evidence), notice.createdAt)
  }

  /// Puts announcements into the outbox and wakes the relay. In the caller's transaction.
  func announce(_ announcements: [Announcement], at now: Instant) throws {
    guard !announcements.isEmpty else { return }
    try copy(
      announcements, into: "outbox", ["lane", "event_id", "type", "subject", "occurred_at", "recorded_at", "traceparent", "data"]
    ) { rows, announcement in
      rows.append(Outbox.lane(of: announcement.orderKey))
      rows.append(announcement.id)
      rows.append(announcement.type.rawValue)
      rows.append(announcement.subject)
      rows.append(announcement.occurredAt)
      rows.append(now)
      rows.append(announcement.traceparent)
      rows.append(announcement.data)
    }
    try notify(.outbox)
  }

  private func copy<T>(_ values: [T], into table: String, _ columns: [String], _ append: (inout CopyRows, T) -> Void) throws {
    guard !values.isEmpty else { return }
    var rows = CopyRows(columns: columns.count)
    for value in values { append(&rows, value) }
    _ = try connection.copy(into: table, columns: columns, rows)
  }
}
