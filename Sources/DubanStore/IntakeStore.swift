// A batch of messages, from what the store knows of their matters to what is written.

import Duban
import PostgreSQL

/// What became of a batch.
public struct IntakeResult: Sendable {
  /// One for each message, in their order.
  public var outcomes: [Intake.Outcome]
  public var effects: Effects
  public var references: References
  public var now: Instant
}

extension Store {
  /// Takes a batch in one transaction: the messages of matters that another transaction holds are deferred.
  /// `rejections` makes what is told of messages that are not taken, from what became of each, the directory and the transaction's time.
  ///
  /// - Throws: as ``write(_:at:isSweep:)`` does where another transaction opens one of the matters.
  public func take(_ batch: [Envelope], rejections: ([Intake.Outcome], Directory, Instant) -> [Announcement]) throws
    -> IntakeResult
  {
    try transaction { try $0.taken(batch, rejections) }
  }

  /// In the caller's transaction.
  func taken(_ batch: [Envelope], _ rejections: ([Intake.Outcome], Directory, Instant) -> [Announcement]) throws -> IntakeResult {
    // In the order of arrival, so that the same batch has the same ids in every run.
    var (keys, kinds): ([ItemKey], [ItemKey: Kind]) = ([], [:])
    for envelope in batch {
      let key = envelope.matter
      if kinds.updateValue(kinds[key] ?? envelope.type.kind, forKey: key) == nil { keys.append(key) }
    }
    let results = try connection.pipelined { pipeline in
      Self.addLocks(on: keys, to: &pipeline)
      // After the locks: what a transaction that held them has taken is seen now, and the time is not before it.
      Self.addDigests(of: batch, to: &pipeline)
      Self.addReferences(to: &pipeline)
    }
    var (known, unknown) = try matters(keys, kinds, of: results[0])
    let taken = try digests(of: results[1])
    let (references, now) = try references(of: results)
    for ((key, kind), id) in zip(unknown, try takeIDs(unknown.count)) {
      known[key] = Intake.Known(Matter(id: id, key: key, kind: kind, at: now), isNew: true)
    }
    var intake = Intake(batch, known: known, taken: taken, references: references, now: now)
    let outcomes = intake.decide(try past(of: intake.needed, among: known))
    var effects = intake.effects
    effects.announcements += rejections(outcomes, references.directory, now)
    try write(effects, at: now)
    return IntakeResult(outcomes: outcomes, effects: effects, references: references, now: now)
  }

  /// Locks the matters that are there and not held.
  private static func addLocks(on keys: [ItemKey], to pipeline: inout Pipeline) {
    // Each key by itself through the index: a plan that was made while the table was small would be kept while it grows.
    pipeline.add(
      """
      SELECT key.n, there.id IS NOT NULL, held.*
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS key(source, subject, n)
      LEFT JOIN LATERAL (
        SELECT id FROM item WHERE item.source = key.source AND item.subject = key.subject AND item.unit = '' OFFSET 0) AS there ON true
      LEFT JOIN LATERAL (
        SELECT \(ItemRow.selection) FROM item WHERE item.id = there.id FOR UPDATE SKIP LOCKED) AS held ON true
      ORDER BY key.n
      """, keys.map(\.source), keys.map(\.subject))
  }

  /// The matters that are locked now, and those that are not there. What another transaction holds is in neither list.
  private func matters(_ keys: [ItemKey], _ kinds: [ItemKey: Kind], of rows: Rows) throws
    -> (known: [ItemKey: Intake.Known], unknown: [(key: ItemKey, kind: Kind)])
  {
    var (known, unknown): ([ItemKey: Intake.Known], [(ItemKey, Kind)]) = ([:], [])
    for row in rows {
      let place: Int64 = try row.decode(0)
      let key = keys[Int(place) - 1]
      if try row.decode(2, as: Int64?.self) != nil {
        known[key] = Intake.Known(try ItemRow.read(row, from: 2), isNew: false)
      } else if try !row.decode(1, as: Bool.self) {
        unknown.append((key, kinds[key] ?? .complaint))
      }
    }
    return (known, unknown)
  }

  private func past(of needed: (logs: [Int64], breaches: [Int64]), among known: [ItemKey: Intake.Known]) throws
    -> [Int64: Intake.Past]
  {
    let matters = Dictionary(known.values.filter { !$0.isNew }.map { ($0.matter.id, $0.matter) }, uniquingKeysWith: { a, _ in a })
    var pasts = try pasts(of: needed.logs.compactMap { matters[$0] })
    let chronicles = try chronicles(of: needed.breaches.compactMap { matters[$0] }, breachesOf: needed.breaches)
    for (id, chronicle) in chronicles { pasts[id] = Intake.Past(chronicle: chronicle) }
    return pasts
  }

  private static func addDigests(of batch: [Envelope], to pipeline: inout Pipeline) {
    pipeline.add(
      """
      SELECT key.source, key.id, taken.digest
      FROM unnest($1::text[], $2::text[]) AS key(source, id) CROSS JOIN LATERAL (
        SELECT digest FROM message WHERE message.source = key.source AND message.id = key.id OFFSET 0) AS taken
      """, batch.map(\.key.source), batch.map(\.key.id))
  }

  private func digests(of rows: Rows) throws -> [MessageKey: ContentDigest] {
    var digests: [MessageKey: ContentDigest] = [:]
    for row in rows {
      digests[MessageKey(source: try row.decode(0), id: try row.decode(1))] = ContentDigest(bytes: try row.decode(2))
    }
    return digests
  }
}
