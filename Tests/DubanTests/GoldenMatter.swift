// A golden line: a matter with its log as the store keeps it, what is on record of it, and what the fold must make of them.

import Duban
import Foundation

@testable import Duban

/// One line of a golden log. Times are RFC 3339, which is read back to the microsecond.
struct GoldenMatter: Codable, Sendable {
  /// The seed of its history, and its subject.
  var name: String
  var id: Int64
  var source: String
  var subject: String
  var kind: Kind
  var born: Int32
  var sweptTo: Instant?
  /// Which other calendar comes, and when; the first is always there.
  var calendar: CalendarChange?
  var log: [EntryLine]
  var breaches: [BreachLine]
  var makes: Made

  struct CalendarChange: Codable, Hashable, Sendable {
    var from: Instant
    var version: Int
  }

  /// What the fold makes of it.
  struct Made: Codable, Hashable, Sendable {
    var opening: OpeningLine?
    var state: String
    var lapses: [LapseLine]
    /// Those that are not `applied`, in the order of the entries.
    var verdicts: [VerdictLine]
  }

  var key: ItemKey { ItemKey(source: source, subject: subject) }
}

extension GoldenMatter.Made {
  /// Whether it says all that it said before. A later program may keep more of a matter in its state: what is new there says nothing against what
  /// was there.
  func isStill(_ before: Self) throws -> Bool {
    var (own, other) = (self, before)
    (own.state, other.state) = ("", "")
    func parsed(_ text: String) throws -> Any { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
    return try own == other && Self.has(parsed(state), allOf: parsed(before.state))
  }

  private static func has(_ now: Any, allOf before: Any) -> Bool {
    switch (now, before) {
    case (let now as [String: Any], let before as [String: Any]):
      before.allSatisfy { name, value in now[name].map { has($0, allOf: value) } ?? false }
    case (let now as [Any], let before as [Any]):
      now.count == before.count && zip(now, before).allSatisfy { has($0, allOf: $1) }
    default: (now as? NSObject)?.isEqual(before) ?? false
    }
  }
}

/// An entry, in the columns of `item_event`.
struct EntryLine: Codable, Sendable {
  var number: Int32
  var type, facts: String
  var unit, source, messageID, sequence: String?
  var occurredAt, recordedAt: Instant
  var stamp: String?

  init(_ entry: Entry) {
    (number, type, facts, unit) = (entry.number, entry.type, entry.facts, entry.unit)
    (source, messageID, sequence) = (entry.key?.source, entry.key?.id, entry.sequence)
    (occurredAt, recordedAt, stamp) = (entry.occurredAt, entry.recordedAt, entry.stamp.json)
  }

  /// As the store reads it.
  func entry() throws -> Entry {
    try Entry(
      number: number, type: type, facts: facts, unit: unit,
      key: source.flatMap { source in messageID.map { MessageKey(source: source, id: $0) } }, sequence: sequence,
      occurredAt: occurredAt, recordedAt: recordedAt, stamp: stamp)
  }
}

/// A lapse, every field of it.
struct LapseLine: Codable, Hashable, Sendable {
  var unit: String?
  var begunBy: Int32
  var clock: String
  var tier: Tier
  /// Absent where the clock ran from the beginning of its cycle.
  var startedBy: Int32?
  var cycle: Int32
  var organ: Int64?
  var startedAt, dueAt, foundAt: Instant
  var slip: Slip?
  var raisedTo: Tier?
  var nextDueAt, countedFrom: Instant?
  var supervising: Bool

  init(_ lapse: Lapse) {
    (unit, begunBy, clock, tier) = (lapse.step.unit, lapse.step.begunBy, lapse.step.clock.rawValue, lapse.step.tier)
    (cycle, organ, startedAt, dueAt, foundAt) = (lapse.cycle, lapse.organID, lapse.startedAt, lapse.dueAt, lapse.foundAt)
    (slip, raisedTo, nextDueAt, countedFrom) = (lapse.slip, lapse.raisedTo, lapse.nextDueAt, lapse.countedFrom)
    startedBy = lapse.step.startedBy == 0 ? nil : lapse.step.startedBy
    supervising = lapse.isSupervising
  }

  func lapse() throws -> Lapse {
    guard let clock = Item.ClockKind(rawValue: clock) else { throw GoldenFault("'\(clock)' is no clock") }
    return Lapse(
      step: Step(unit: unit, begunBy: begunBy, clock: clock, startedBy: startedBy ?? 0, tier: tier), cycle: cycle, organID: organ,
      startedAt: startedAt,
      dueAt: dueAt, foundAt: foundAt, slip: slip, raisedTo: raisedTo, nextDueAt: nextDueAt, countedFrom: countedFrom,
      isSupervising: supervising)
  }
}

/// A breach on record.
struct BreachLine: Codable, Sendable {
  var number, revision: Int32
  var status: String
  var lapse: LapseLine

  init(_ breach: Breach) {
    (number, revision, status) = (breach.number, breach.revision, breach.status.rawValue)
    lapse = LapseLine(breach.lapse)
  }

  func breach(of item: Int64) throws -> Breach {
    guard let status = Breach.Status(rawValue: status) else { throw GoldenFault("'\(status)' is no status") }
    return Breach(itemID: item, number: number, revision: revision, lapse: try lapse.lapse(), status: status)
  }
}

/// What the opening said, and what has changed of it: the columns of `item` beside the state.
struct OpeningLine: Codable, Hashable, Sendable {
  var at: Instant
  var city, district, street: Int64?
  var community, category, grade, title: String?
  var policy: Int
  var lead: String?
  var leadID: Int64?

  init(_ opening: Matter.Opening) {
    (at, city, district, street) = (opening.at, opening.place.cityID, opening.place.districtID, opening.place.streetID)
    (community, category, grade, title) = (opening.place.community, opening.category, opening.grade, opening.title)
    (policy, lead, leadID) = (opening.policyVersion, opening.lead, opening.leadID)
  }
}

/// A verdict, in the columns of `verdict`.
struct VerdictLine: Codable, Hashable, Sendable {
  var number: Int32
  var verdict: String
  var reason, pointer, detail: String?

  /// Nil for `applied`.
  init?(_ number: Int32, _ verdict: Verdict) {
    self.number = number
    switch verdict {
    case .applied: return nil
    case .waits: self.verdict = "waits"
    case .setAside: self.verdict = "set-aside"
    case .inapplicable(let why):
      self.verdict = "inapplicable"
      (reason, pointer, detail) = (why.reason.rawValue, why.pointer, why.detail)
    }
  }
}

struct GoldenFault: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

extension Instant: Decodable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let instant = Instant(rfc3339: text) else { throw GoldenFault("'\(text)' is no time") }
    self = instant
  }
}
