// Writes what the fold decided: all effects of a batch, in the caller's transaction.

import Duban
import PostgreSQL

/// Another transaction is opening one of the same matters, and has not ended for a while.
public struct NewMatterHeld: Error {}

extension Store {
  /// Writes effects, and notifies who waits for them. In the caller's transaction; `now` is that transaction's time.
  ///
  /// - Throws: ``PostgresError`` of state `uniqueViolation` where another transaction was first to open a matter: the caller tries again.
  ///   ``NewMatterHeld`` where another transaction is opening one and does not end.
  func write(_ effects: Effects, at now: Instant, isSweep: Bool = false) throws {
    // In key order, as every transaction inserts: so no two wait for each other.
    let new = effects.matters.filter(\.isNew).map { ItemRow($0.matter) }.sorted { $0.matter.key.isBefore($1.matter.key) }
    try insert(new)
    let changed = Dictionary(grouping: effects.matters.lazy.filter { !$0.isNew }) { isSweep ? .byTime : ItemRow.moves(of: $0) }
    for (moved, changes) in changed {
      let rows = changes.map { ItemRow($0.matter) }
      _ = try connection.execute(
        ItemRow.update(moved: moved), parameters: ItemRow.updateParameters(rows, moved: moved))
    }
    try writeParts(of: effects.matters.map(\.matter))
    try delete(parts: effects.goneParts)
    try writeLog(effects, at: now)
    try writeBreaches(effects, at: now)
    try copy(effects.findings, into: "finding", ["item_id", "at", "type", "data"]) { rows, finding in
      rows.append(finding.itemID)
      rows.append(now)
      rows.append(finding.type)
      rows.append(finding.data)
    }
    for notice in effects.notices { try write(notice) }
    if !effects.withdrawnNotices.isEmpty {
      _ = try connection.execute(
        "UPDATE notice SET status = 'withdrawn', withdrawn_at = $2 WHERE reference = ANY ($1) AND status = 'proposed'",
        effects.withdrawnNotices, now)
    }
    try writeFollowing(effects, at: now)
    try announce(effects.announcements, at: now)
    let horizon = now + .seconds(Self.dueHorizon)
    if effects.matters.contains(where: { $0.matter.wakeAt.map { $0 < horizon } ?? false }) { try notify(.due) }
    // Last: the series of a district is held from here to the end of the transaction.
    try number(effects.matters.map(\.matter), at: now)
  }

  /// Waits a moment for a transaction that is opening one of them: one that is at work ends sooner, and one whose copy was stopped must not
  /// hold up the neighbours.
  private func insert(_ new: [ItemRow]) throws {
    guard !new.isEmpty else { return }
    _ = try connection.execute("SELECT set_config('lock_timeout', '100ms', true)")
    do {
      try copy(new, into: "item", ItemRow.names) { rows, row in row.append(to: &rows) }
    } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
      throw NewMatterHeld()
    }
    // What comes after waits as usual: a commit that notifies waits for the commits before it.
    _ = try connection.execute("SET LOCAL lock_timeout TO DEFAULT")
    use(ids: new.map(\.id))
  }

  /// Parts are rows for reading: their state is the whole's.
  private func writeParts(of matters: [Matter]) throws {
    let count = matters.reduce(0) { $0 + $1.parts.count }
    guard count > 0 else { return }
    // The id of a row that is there already is not used, and lost.
    var ids = try takeIDs(count)[...]
    let rows = matters.flatMap { matter in
      matter.parts.compactMap { part in ids.popFirst().map { ItemRow(matter, part: part, id: $0) } }
    }
    use(ids: rows.map(\.id))
    _ = try connection.execute(ItemRow.upsert, parameters: ItemRow.parameters(rows))
  }

  private func delete(parts: [ItemKey]) throws {
    guard !parts.isEmpty else { return }
    _ = try connection.execute(
      """
      DELETE FROM item USING unnest($1::text[], $2::text[], $3::text[]) AS gone(source, subject, unit)
      WHERE (item.source, item.subject, item.unit) = (gone.source, gone.subject, gone.unit)
      """, parts.map(\.source), parts.map(\.subject), parts.map { $0.unit ?? "" })
  }

  private func writeLog(_ effects: Effects, at now: Instant) throws {
    try copy(effects.messages, into: "message", ["source", "id", "digest", "taken_at"]) { rows, message in
      rows.append(message.key.source)
      rows.append(message.key.id)
      rows.append(message.digest.bytes)
      rows.append(now)
    }
    let born = Dictionary(effects.matters.map { ($0.matter.id, $0.matter.born) }, uniquingKeysWith: { a, _ in a })
    try copy(
      effects.entries, into: "item_event",
      [
        "item_id", "born", "number", "type", "unit", "source", "message_id", "sequence", "occurred_at", "recorded_at", "facts",
        "stamp", "digest", "traceparent",
      ]
    ) { rows, line in
      let entry = line.entry
      rows.append(line.itemID)
      rows.append(born[line.itemID] ?? 0)
      rows.append(entry.number)
      rows.append(entry.type)
      rows.append(entry.unit)
      rows.append(entry.key?.source)
      rows.append(entry.key?.id)
      rows.append(entry.sequence)
      rows.append(entry.occurredAt)
      rows.append(entry.recordedAt)
      rows.append(entry.facts)
      rows.append(entry.stamp.json)
      rows.append(entry.digest?.bytes)
      rows.append(entry.traceparent)
    }
    try copy(effects.entries, into: "original", ["item_id", "number", "recorded_at", "body"]) { rows, line in
      guard let original = line.original else { return }
      rows.append(line.itemID)
      rows.append(line.entry.number)
      rows.append(now)
      rows.append(original)
    }
    try copy(effects.entries.filter { $0.contact != nil }, into: "contact", ["item_id", "number", "reporter"]) { rows, line in
      rows.append(line.itemID)
      rows.append(line.entry.number)
      rows.append(line.contact)
    }
    guard !effects.verdicts.isEmpty else { return }
    let why = effects.verdicts.map { change in
      if case .inapplicable(let why) = change.verdict { why } else { nil as Inapplicability? }
    }
    _ = try connection.execute(
      """
      INSERT INTO verdict (item_id, number, revision, verdict, reason, pointer, detail, changed_at)
      SELECT *, $8::timestamptz
      FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
      ON CONFLICT (item_id, number) DO UPDATE SET revision = excluded.revision, verdict = excluded.verdict, reason = excluded.reason,
        pointer = excluded.pointer, detail = excluded.detail, changed_at = excluded.changed_at, flagged_at = NULL
      """, effects.verdicts.map(\.itemID), effects.verdicts.map(\.entry), effects.verdicts.map(\.revision),
      effects.verdicts.map(\.verdict.stored), why.map { $0?.reason.rawValue }, why.map { $0?.pointer }, why.map { $0?.detail },
      now)
  }

  static let breachColumns = [
    "item_id", "number", "revision", "status", "unit", "begun_by", "clock", "tier", "cycle", "supervising", "organ_id",
    "started_at", "due_at", "found_at", "slip", "raised_to", "next_due_at", "counted_from", "started_by",
  ]

  private func writeBreaches(_ effects: Effects, at now: Instant) throws {
    if !effects.revisedBreaches.isEmpty {
      // Few and far between: rewritten whole.
      _ = try connection.execute(
        """
        DELETE FROM breach USING unnest($1::bigint[], $2::integer[]) AS old(item_id, number)
        WHERE (breach.item_id, breach.number) = (old.item_id, old.number)
        """, effects.revisedBreaches.map(\.itemID), effects.revisedBreaches.map(\.number))
    }
    try copy(effects.breaches + effects.revisedBreaches, into: "breach", Self.breachColumns) { rows, breach in
      let (lapse, step) = (breach.lapse, breach.lapse.step)
      rows.append(breach.itemID)
      rows.append(breach.number)
      rows.append(breach.revision)
      rows.append(breach.status.rawValue)
      rows.append(step.unit)
      rows.append(step.begunBy)
      rows.append(step.clock.rawValue)
      rows.append(step.tier.rawValue)
      rows.append(lapse.cycle)
      rows.append(lapse.isSupervising)
      rows.append(lapse.organID)
      rows.append(lapse.startedAt)
      rows.append(lapse.dueAt)
      rows.append(lapse.foundAt)
      rows.append(lapse.slip?.rawValue)
      rows.append(lapse.raisedTo?.rawValue)
      rows.append(lapse.nextDueAt)
      rows.append(lapse.countedFrom)
      rows.append(step.startedBy)
    }
  }

  static let breachSelection = breachColumns.map { "breach.\($0)" }.joined(separator: ", ")

  /// Reads a breach from the columns of ``breachSelection``.
  static func breach(_ row: Row) throws -> Breach {
    let step = Step(
      unit: try row.decode(4), begunBy: try row.decode(5), clock: try .init(stored: row.decode(6)), startedBy: try row.decode(18),
      tier: try .init(stored: row.decode(7)))
    let (slip, raisedTo): (String?, String?) = (try row.decode(14), try row.decode(15))
    let lapse = Lapse(
      step: step, cycle: try row.decode(8), organID: try row.decode(10), startedAt: try row.decode(11), dueAt: try row.decode(12),
      foundAt: try row.decode(13), slip: try slip.map { try Slip(stored: $0) },
      raisedTo: try raisedTo.map { try Tier(stored: $0) },
      nextDueAt: try row.decode(16), countedFrom: try row.decode(17), isSupervising: try row.decode(9))
    return Breach(
      itemID: try row.decode(0), number: try row.decode(1), revision: try row.decode(2), lapse: lapse,
      status: try .init(stored: row.decode(3)))
  }

  /// Writes a schedule's notices and announces them. In the caller's transaction.
  public func writeScheduled(_ effects: Effects, at now: Instant) throws { try write(effects, at: now) }

  func write(_ notice: Notice) throws {
    let (scheduleID, period, item): (Int64?, Period?, (id: Int64, unit: String?, begunBy: Int32)?) =
      switch notice.origin {
      case .schedule(let id, _, let period): (id, period, nil)
      case .item(let id, let unit, let begunBy, _): (nil, nil, (id, unit, begunBy))
      }
    _ = try connection.execute(
      """
      WITH made AS (
        INSERT INTO notice (reference, kind, status, schedule_id, period_start, period_end, item_id, unit, begun_by, organ_id,
          organ_name, title, body, evidence, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id)
      INSERT INTO notice_ground SELECT made.id, ground.* FROM made, unnest($16::bigint[], $17::integer[]) AS ground
      """, notice.reference, notice.kind.rawValue, notice.status.rawValue, scheduleID, period?.start, period?.end, item?.id,
      item?.unit, item?.begunBy, notice.organID, notice.organName, notice.title, notice.body, Jsonb(notice.evidence),
      notice.createdAt, notice.grounds.map(\.itemID), notice.grounds.map(\.number))
  }

  /// Puts announcements into the outbox and wakes the relay. In the caller's transaction.
  func announce(_ announcements: [Announcement], at now: Instant) throws {
    guard !announcements.isEmpty else { return }
    try copy(
      announcements, into: "outbox",
      [
        "lane", "event_id", "type", "routing_key", "subject", "occurred_at", "recorded_at", "traceparent", "data",
      ]
    ) { rows, announcement in
      rows.append(Outbox.lane(of: announcement.orderKey))
      rows.append(announcement.id)
      rows.append(announcement.type.rawValue)
      rows.append(announcement.routingKey)
      rows.append(announcement.subject)
      rows.append(announcement.occurredAt)
      rows.append(now)
      rows.append(announcement.traceparent)
      rows.append(announcement.data)
    }
    try notify(.outbox)
  }

  func copy<T>(_ values: [T], into table: String, _ columns: [String], _ append: (inout CopyRows, T) -> Void) throws {
    guard !values.isEmpty else { return }
    var rows = CopyRows(columns: columns.count)
    for value in values { append(&rows, value) }
    if rows.isEmpty { return }
    _ = try connection.copy(into: table, columns: columns, rows)
  }
}

extension ItemKey {
  /// The order in which matters are inserted: any that is the same in every process.
  func isBefore(_ other: ItemKey) -> Bool { (subject, source) < (other.subject, other.source) }
}
