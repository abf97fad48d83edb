// Logs read back, and what is on record about matters: for folds of the whole log, and for explanations.

import Duban
import PostgreSQL

extension Store {
  /// The logs of matters, by id, in the order of recording; of the partitions of the months in which the matters were recorded.
  ///
  /// - Throws: ``StoreFault`` where an entry is not known to this program.
  public func logs(of matters: [Matter]) throws -> [Int64: [Entry]] {
    guard !matters.isEmpty else { return [:] }
    let rows = try connection.execute(
      """
      SELECT item_id, number, type, facts, unit, source, message_id, sequence, occurred_at, recorded_at, stamp
      FROM unnest($1::bigint[], $2::integer[]) AS matter(id, born) CROSS JOIN LATERAL (
        SELECT * FROM item_event WHERE item_event.item_id = matter.id AND item_event.born = matter.born OFFSET 0) AS entry
      ORDER BY item_id, number
      """, matters.map(\.id), matters.map(\.born))
    var logs: [Int64: [Entry]] = [:]
    for row in rows {
      let (id, number): (Int64, Int32) = (try row.decode(0), try row.decode(1))
      let (source, message): (String?, String?) = (try row.decode(5), try row.decode(6))
      do {
        logs[id, default: []].append(
          try Entry(
            number: number, type: try row.decode(2), facts: try row.decode(3), unit: try row.decode(4),
            key: source.flatMap { source in message.map { MessageKey(source: source, id: $0) } }, sequence: try row.decode(7),
            occurredAt: try row.decode(8), recordedAt: try row.decode(9), stamp: try row.decode(10)))
      } catch let refusal as Refusal {
        throw StoreFault("entry \(number) of item \(id) cannot be read: \(refusal.detail)")
      }
    }
    return logs
  }

  /// Where matters are in upstream's words: as their openings say, by id; those whose opening names no region are left out.
  public func openingRegions(of matters: [Matter]) throws -> [Int64: Event.Region] {
    let verdicts = try verdicts(of: matters.map(\.id))
    var regions: [Int64: Event.Region] = [:]
    for (id, log) in try logs(of: matters) {
      // An assignment that counts says it again, the one that happened last.
      let assigned = log.filter { entry in
        entry.event.assignedRegion != nil && (verdicts[id]?[entry.number]?.verdict ?? .applied) == .applied
      }
      regions[id] =
        assigned.max { $0.place < $1.place }?.event.assignedRegion ?? log.lazy.compactMap(\.event.openingRegion).first
    }
    return regions
  }

  /// What is on record of matters whose whole log is to be folded.
  func pasts(of matters: [Matter]) throws -> [Int64: Intake.Past] {
    let logs = try logs(of: matters)
    let breaches = try breaches(of: matters.map(\.id))
    let verdicts = try verdicts(of: matters.map(\.id))
    let notices = try noticesOnRecord(of: breaches.keys.sorted())
    return Dictionary(
      uniqueKeysWithValues: matters.map { matter in
        let chronicle = Chronicle(
          before: matter, breaches: breaches[matter.id] ?? [], verdicts: verdicts[matter.id] ?? [:],
          notices: notices[matter.id] ?? [])
        return (matter.id, Intake.Past(log: logs[matter.id] ?? [], chronicle: chronicle))
      })
  }

  /// What is on record of matters that are only folded on: the breaches that a 约谈 may rest on.
  func chronicles(of matters: [Matter], breachesOf ids: [Int64]) throws -> [Int64: Chronicle] {
    let breaches = ids.isEmpty ? [:] : try breaches(of: ids)
    let notices = try noticesOnRecord(of: breaches.keys.sorted())
    return Dictionary(
      uniqueKeysWithValues: matters.map { matter in
        let (breaches, notices) = (breaches[matter.id] ?? [], notices[matter.id] ?? [])
        return (matter.id, Chronicle(before: matter, breaches: breaches, notices: notices))
      })
  }

  private func verdicts(of items: [Int64]) throws -> [Int64: [Int32: (revision: Int32, verdict: Verdict)]] {
    var verdicts: [Int64: [Int32: (revision: Int32, verdict: Verdict)]] = [:]
    for row in try connection.execute(
      "SELECT item_id, number, revision, verdict, reason, pointer, detail FROM verdict WHERE item_id = ANY ($1)", items)
    {
      verdicts[try row.decode(0), default: [:]][try row.decode(1)] = (
        try row.decode(2), try Verdict(stored: row.decode(3), try row.decode(4), try row.decode(5), try row.decode(6))
      )
    }
    return verdicts
  }

  /// Locks matters by id, in key order, and reads them; waits. In the caller's transaction.
  func lock(_ ids: [Int64]) throws -> [Matter] {
    try connection.execute(
      "SELECT \(ItemRow.selection) FROM item WHERE id = ANY ($1) AND unit = '' ORDER BY source, subject FOR UPDATE", ids
    ).map { try ItemRow.read($0) }
  }

  /// Appends an entry of Duban's own, or of an operator, to the log of each matter, and folds it. The matters are locked by the caller's
  /// transaction.
  ///
  /// - Returns: the matters as they are now, by id.
  func append(
    _ events: [(matter: Matter, event: Event, occurredAt: Instant?)], references: References, at now: Instant,
    into effects: inout Effects
  ) throws -> [Int64: Matter] {
    let pasts = try pasts(of: events.map(\.matter))
    var after: [Int64: Matter] = [:]
    for (matter, event, occurredAt) in events {
      guard let past = pasts[matter.id] else { continue }
      let stamp = references.directory.stamp(event, policy: references.policies.current.version, units: matter.unitNames)
      let line = LogLine(
        itemID: matter.id, entry: Entry(own: event, occurredAt: occurredAt, stamp: stamp, on: matter, at: now))
      let log = past.log + [line.entry]
      let fold = Fold.whole(log, of: matter, references: references, now: now, recorded: past.chronicle.breaches)
      effects.add(whole: fold, log: log, new: [line], onto: past.chronicle)
      after[matter.id] = fold.matter
    }
    return after
  }
}

extension Event {
  fileprivate var openingRegion: Region? { if case .opened(let opening) = self { opening.region } else { nil } }
  fileprivate var assignedRegion: Region? { if case .assigned(let assignment) = self { assignment.region } else { nil } }
}

extension Verdict {
  init(stored text: String, _ reason: String?, _ pointer: String?, _ detail: String?) throws(StoreFault) {
    switch text {
    case "applied": self = .applied
    case "waits": self = .waits
    case "set-aside": self = .setAside
    case "inapplicable":
      self = .inapplicable(Inapplicability(try Refusal.Reason(stored: reason ?? ""), at: pointer ?? "", detail ?? ""))
    default:
      throw StoreFault("'\(text)' in the database is no verdict: the schema is newer than this program, or was changed by hand")
    }
  }

  var stored: String {
    switch self {
    case .applied: "applied"
    case .waits: "waits"
    case .inapplicable: "inapplicable"
    case .setAside: "set-aside"
    }
  }
}
