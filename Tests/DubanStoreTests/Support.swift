// What the tests of the store share: what the workers do, and messages in short.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

/// What intake does with a batch, without a broker.
@discardableResult
func take(_ batch: [Envelope], _ store: Store) throws -> [Intake.Outcome] { try store.take(batch) { _, _, _ in [] }.outcomes }

/// Takes a batch, and does something else when it is written and not yet committed.
@discardableResult
func take(_ batch: [Envelope], _ store: Store, meanwhile body: () throws -> Void) throws -> [Intake.Outcome] {
  try store.transaction { store in
    let outcomes = try store.taken(batch) { _, _, _ in [] }.outcomes
    try body()
    return outcomes
  }
}

/// Takes a batch as a worker does, which tries again where another one opens the same matter.
func takeInTheEnd(_ batch: [Envelope], _ store: Store) throws -> [Intake.Outcome] {
  while true {
    do { return try take(batch, store) } catch is NewMatterHeld {
    } catch let error as PostgresError where error.sqlState == .uniqueViolation {}
  }
}

/// What the worker for deadlines does until nothing is due; returns how many matters it handled.
@discardableResult
func sweep(_ store: Store, limit: Int = 100) throws -> Int {
  var count = 0
  while case let swept = try store.sweep(limit: limit).count, swept > 0 { count += swept }
  return count
}

/// What the worker for duplicates does until there is nothing left to tell; returns in how many steps.
@discardableResult
func follow(_ store: Store, limit: Int = 200) throws -> Int {
  var steps = 0
  while try store.followOnce(limit: limit) {
    steps += 1
    guard steps < 1000 else { throw TestFault("the walks do not come to an end") }
  }
  return steps
}

/// A complaint's message; its id says what it is.
func complaint(_ verb: String, _ subject: String, at time: Instant? = nil, _ data: String? = nil) throws -> Envelope {
  try Sample.envelope(
    "complaint.\(verb)", id: "\(verb) \(subject) \(time?.rfc3339 ?? "")", subject: subject, time: time?.rfc3339,
    data: data ?? (verb == "submitted" ? nil : "{}"))
}

/// A complaint's merging into another.
func merging(_ subject: String, into main: String, at time: Instant? = nil) throws -> Envelope {
  try complaint("merged", subject, at: time, #"{"into":{"source":"/hotline/12345","subject":"\#(main)"}}"#)
}

let paused = #"{"reason":"等待居民配合"}"#

extension TestStore {
  /// Waits until so many connections wait for a lock, or something else holds.
  func untilWaiting(_ count: Int = 1, or condition: String = "false") throws {
    let deadline = ContinuousClock.now + patience
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while try !ask("SELECT \(condition) OR (\(waiting)) >= \(count)") {
      guard .now < deadline else { throw TestFault("nobody waits for the lock") }
    }
  }

  /// `SUBJECT PHASE, …` of the wholes that are open or were.
  func phases() throws -> String {
    try ask(
      "SELECT string_agg(subject || ' ' || phase, ', ' ORDER BY subject) FROM item WHERE unit = '' AND phase <> 'awaited'")
  }

  /// How many events of a type wait to be published.
  func announced(_ type: String) throws -> Int { try ask("SELECT count(*) FROM outbox WHERE type = '\(type)'") }

  func run(_ script: String) throws {
    let connection = try database.connect()
    defer { connection.close() }
    try connection.runScript(script)
  }
}

extension Store {
  /// The present second: messages tell no more of a time.
  func second() throws -> Instant { Instant(microseconds: try now().microseconds / 1_000_000 * 1_000_000) }

  func matter(_ name: String) throws -> Matter { try #require(try item(named: name)).matter }

  /// Every matter there is.
  func allMatters() throws -> [Matter] {
    try connection.execute("SELECT \(ItemRow.selection) FROM item WHERE unit = '' ORDER BY id").map { try ItemRow.read($0) }
  }
}

extension Matter {
  /// When a clock is due, while it runs or is suspended.
  func due(_ kind: Item.ClockKind, of unit: String? = nil) -> Instant? {
    item(of: unit)?.clocks.first { $0.kind == kind }?.clock.dueAt
  }
}

/// What must hold of every matter on record, whatever has happened.
enum RecordLaws {
  static func expect(_ store: Store, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let found = try violations(store)
    #expect(found.isEmpty, "\(comment?.rawValue ?? "")\n\(found.joined(separator: "\n"))", sourceLocation: sourceLocation)
  }

  /// What is broken, in words: each matter, its verdicts and its standing breaches are the fold of its log; numbers have no gaps; and the rows
  /// that are queried say the same as the state.
  static func violations(_ store: Store) throws -> [String] {
    let matters = try store.allMatters()
    let (references, now) = try store.referencesInForce()
    let pasts = try store.pasts(of: matters)
    var found = try unlikeRows(matters, store)
    for matter in matters {
      guard let past = pasts[matter.id] else { continue }
      found += violations(of: matter, past, references, now).map { "\(matter.key.subject): \($0)" }
    }
    return found
  }

  private static func violations(of matter: Matter, _ past: Intake.Past, _ references: References, _ now: Instant) -> [String] {
    var found: [String] = []
    let (log, breaches) = (past.log, past.chronicle.breaches)
    if !log.map(\.number).elementsEqual(1..<Int32(log.count) + 1) || Int(matter.entries) != log.count {
      found.append("the entries are \(log.map(\.number)), the matter counts \(matter.entries)")
    }
    if zip(log, log.dropFirst()).contains(where: { $0.recordedAt > $1.recordedAt }) { found.append("time goes back in its log") }
    let numbers = breaches.map(\.number).sorted()
    if !numbers.elementsEqual(1..<Int32(numbers.count) + 1) || Int(matter.log.breaches) != numbers.count {
      found.append("the breaches are \(numbers), the matter counts \(matter.log.breaches)")
    }
    // The clock does not count: another time than any before.
    let whole = Fold.whole(log, of: matter, references: references, now: now + .days(4000), recorded: breaches)
    if whole.matter != matter { found.append("is \(matter)\nby its log \(whole.matter)") }
    for breach in breaches where breach.status == .standing && !whole.lapses.contains(breach.lapse) {
      found.append("\(breach) stands; by its log \(whole.lapses)")
    }
    let derived = breaches.filter { ![.annulled, .contested].contains($0.status) }.map(\.lapse)
    for lapse in whole.lapses where !derived.contains(lapse) { found.append("\(lapse) is not on record: \(breaches)") }
    if let early = breaches.first(where: { $0.lapse.foundAt < $0.lapse.dueAt && $0.revision == 1 }) {
      found.append("found before it was due: \(early)")
    }
    let verdicts = past.chronicle.verdicts
    for (number, verdict) in whole.verdicts where (verdicts[number]?.verdict ?? .applied) != verdict {
      found.append("entry \(number) is \(verdict), on record \(verdicts[number]?.verdict ?? .applied)")
    }
    return found
  }

  /// Rows, of wholes and of parts, that say something else than the matter's state.
  private static func unlikeRows(_ matters: [Matter], _ store: Store) throws -> [String] {
    let rows = matters.flatMap { matter in
      [ItemRow(matter)] + matter.parts.map { ItemRow(matter, part: $0, id: 0) }
    }
    let columns = ItemRow.columns.filter { $0.name != "id" }
    let arrays = columns.enumerated().map { "$\($0 + 1)::\($1.type)[]" }.joined(separator: ", ")
    let unlike = columns.map { "CASE WHEN want.\($0.name) IS DISTINCT FROM item.\($0.name) THEN '\($0.name)' END" }
    let found: [String] = try store.connection.execute(
      """
      SELECT concat_ws(' ', subject || '#' || unit, 'is stored with other values of', said) FROM (
        SELECT want.subject, want.unit, concat_ws(', ', CASE WHEN item.id IS NULL THEN 'all' ELSE concat_ws(', ', \(unlike.joined(separator: ", "))) END) AS said
        FROM unnest(\(arrays)) AS want(\(columns.map(\.name).joined(separator: ", ")))
        LEFT JOIN item ON (item.source, item.subject, item.unit) = (want.source, want.subject, want.unit)) AS unlike
      WHERE said <> ''
      """, parameters: columns.map { $0.array(rows) }
    ).map { try $0.decode(0) }
    let count: Int = try store.connection.execute("SELECT count(*) FROM item").only().decode(0)
    return found + (count == rows.count ? [] : ["\(count) rows of \(rows.count) wholes and parts"])
  }
}
