// What the store would keep of some matters, in memory, so that a test reads like the story of a matter.

import Testing

@testable import Duban

/// Matters with their logs, breaches, verdicts and notices. A test says what is heard and when sweeps come by, and reads where things stand.
///
/// After every step the whole log is folded again: it must come to the same (Law 1); and what is kept as text must be read back as it was.
struct Casebook {
  var references: References
  private(set) var matters: [ItemKey: Matter] = [:]
  private(set) var logs: [Int64: [Entry]] = [:]
  private(set) var allBreaches: [Int64: [Breach]] = [:]
  private(set) var verdicts: [Int64: [Int32: (revision: Int32, verdict: Verdict)]] = [:]
  private(set) var recordedNotices: [Int64: [NoticeOnRecord]] = [:]
  private(set) var taken: [MessageKey: ContentDigest] = [:]
  private(set) var mergings: [Merging] = []
  private(set) var notices: [Notice] = []
  /// Those that wait for a queue.
  private(set) var announcements: [Announcement] = []
  /// Those that tell what happens in the life of an item.
  private(set) var told: [Announcement] = []
  private(set) var findings: [Finding] = []
  private(set) var unassigned: [ItemKey] = []
  private(set) var passedOver: [PassedOver] = []
  /// What the last step did.
  private(set) var last = Effects()
  /// How often a matter was folded onto where it stood, and how often from its whole log.
  private(set) var folds = (fast: 0, whole: 0)
  private var nextID: Int64 = 42
  private var messages = 0

  init(
    _ policy: Policy? = nil, earlier: [Policy] = [], directory: Directory = City.directory, calendars: Calendars? = nil
  ) throws {
    references = References(
      policies: PolicyBook(current: try policy ?? City.policy(), earlier: earlier), directory: directory,
      calendars: calendars ?? Calendars(City.calendar))
  }

  // MARK: - What happens

  /// Hears one message, at the time at which it says that it happened unless that is said otherwise.
  @discardableResult
  mutating func hear(
    _ type: String, _ data: String? = nil, at time: Instant = morning, heard: Instant? = nil, subject: String = "HS-1",
    source: String = "/hotline/12345", id: String? = nil
  ) throws -> Intake.Outcome {
    messages += 1
    let opens = EventType.named(type)?.meaning == .opens
    let envelope = try envelope(
      type, id: id ?? "m\(messages)", source: source, subject: subject, time: time, data: data ?? (opens ? Told.opening : "{}"))
    return hear([envelope], at: heard ?? time).first ?? .deferred
  }

  @discardableResult
  mutating func hear(_ batch: [Envelope], at now: Instant) -> [Intake.Outcome] {
    var known: [ItemKey: Intake.Known] = [:]
    for envelope in batch {
      let key = envelope.item.whole ?? envelope.item
      guard known[key] == nil else { continue }
      if let matter = matters[key] {
        known[key] = Intake.Known(matter, isNew: false)
      } else {
        known[key] = Intake.Known(Matter(id: nextID, key: key, kind: envelope.type.kind), isNew: true)
        nextID += 1
      }
    }
    var intake = Intake(batch, known: known, taken: taken, references: references, now: now)
    let needed = intake.needed
    var past: [Int64: Intake.Past] = [:]
    for matter in matters.values {
      if needed.logs.contains(matter.id) {
        past[matter.id] = Intake.Past(log: logs[matter.id] ?? [], chronicle: chronicle(of: matter))
      } else if needed.breaches.contains(matter.id) {
        past[matter.id] = Intake.Past(chronicle: chronicle(of: matter))
      }
    }
    folds.whole += needed.logs.count
    folds.fast += known.count - needed.logs.count
    let outcomes = intake.decide(past)
    keep(intake.effects, at: now)
    return outcomes
  }

  /// Lets deadlines lapse and warnings be given in every matter that has something to do; in all of them, for a calendar that has come.
  mutating func sweep(at now: Instant, all: Bool = false) {
    for matter in matters.values.sorted(by: { $0.id < $1.id }) {
      guard all || matter.wakeAt.map({ $0 <= now }) == true else { continue }
      let chronicle = chronicle(of: matter)
      var fold = Fold(matter, references: references, now: now, recorded: chronicle.breaches)
      fold.sweep(to: now)
      var effects = Effects()
      effects.add(fold, onto: chronicle)
      keep(effects, at: now)
    }
  }

  /// Sweeps whenever something falls due, a second late, as a sweep may be, until a time.
  mutating func sweepAll(until time: Instant) {
    while let next = matters.values.compactMap(\.wakeAt).min(), next + .seconds(1) <= time { sweep(at: next + .seconds(1)) }
  }

  /// Puts an event of Duban's own, or of an operator, into a matter's log.
  mutating func record(_ event: Event, of subject: String = "HS-1", occurredAt: Instant? = nil, at now: Instant) {
    let matter = self[subject]
    var units: [String] = []
    if case .placed = event { units = [matter.opening?.lead].compactMap(\.self) + matter.parts.map(\.unit) }
    let entry = Entry(
      own: event, occurredAt: occurredAt,
      stamp: references.directory.stamp(event, policy: references.policies.current.version, units: units), on: matter, at: now)
    let chronicle = chronicle(of: matter)
    var effects = Effects()
    if Fold.isFast([entry], onto: matter, calendars: references.calendars) {
      folds.fast += 1
      var fold = Fold(matter, references: references, now: now, recorded: chronicle.breaches)
      fold.run([entry])
      effects.add(fold, new: [LogLine(itemID: matter.id, entry: entry)], onto: chronicle)
    } else {
      folds.whole += 1
      let log = (logs[matter.id] ?? []) + [entry]
      let fold = Fold.whole(log, of: matter, references: references, now: now, recorded: chronicle.breaches)
      effects.add(whole: fold, log: log, new: [LogLine(itemID: matter.id, entry: entry)], onto: chronicle)
    }
    keep(effects, at: now)
  }

  /// What the job for duplicates does: it says in the log of each what has become of its main item, where that is news.
  mutating func follow(at now: Instant) {
    for _ in 0..<8 {
      var isDone = true
      for edge in mergings {
        guard let duplicate = matters.values.first(where: { $0.id == edge.itemID }), let main = matters[edge.main],
          let (fate, at) = fold(of: main, now: now).life.fate(ofMergingAt: edge.at)
        else { continue }
        let event = Event.followed(.init(main: edge.main, merging: edge.entry, fate: fate))
        let before = logs[edge.itemID]?.last { if case .followed(let it) = $0.event { it.merging == edge.entry } else { false } }
        if before?.event == event && before?.occurredAt == at { continue }
        record(event, of: duplicate.key.subject, occurredAt: at, at: now)
        isDone = false
      }
      if isDone { return }
    }
  }

  /// A person decides on a breach.
  mutating func decide(_ decision: Breach.Decision, on number: Int32, of subject: String = "HS-1", at now: Instant) -> Bool {
    let chronicle = chronicle(of: self[subject])
    var effects = Effects()
    let isDone = effects.decide(
      decision, on: number, of: self[subject], breaches: chronicle.breaches, notices: chronicle.notices, by: "张三",
      because: "经核查", references: references, at: now)
    keep(effects, at: now)
    return isDone
  }

  // MARK: - Where things stand

  subscript(subject: String) -> Matter {
    let key = ItemKey(source: "/hotline/12345", subject: subject)
    return matters[key] ?? matters.values.first { $0.key.subject == subject } ?? Matter(id: 0, key: key, kind: .complaint)
  }

  var matter: Matter { self["HS-1"] }
  var whole: Item { matter.whole }
  func part(_ unit: String) -> Item { matter.item(of: unit) ?? Item() }
  func breaches(of subject: String = "HS-1") -> [Breach] { allBreaches[self[subject].id] ?? [] }
  /// Those that count.
  var breaches: [Breach] { breaches().standing }
  var log: [Entry] { logs[matter.id] ?? [] }
  /// What is said of the latest entry.
  var verdict: Verdict { verdicts[matter.id]?[matter.entries]?.verdict ?? .applied }

  /// The whole log of a matter, folded again.
  func fold(of matter: Matter, now: Instant) -> Fold {
    Fold.whole(logs[matter.id] ?? [], of: matter, references: references, now: now, recorded: allBreaches[matter.id] ?? [])
  }

  /// How the deadlines of a matter came about.
  func explained(_ subject: String = "HS-1", at now: Instant) -> [Derivation] {
    let matter = self[subject]
    var fold = Fold(
      Matter(id: matter.id, key: matter.key, kind: matter.kind), references: references, now: now, recorded: breaches(of: subject)
    )
    fold.explains = true
    fold.run(logs[matter.id] ?? [])
    if let swept = matter.log.sweptTo { fold.sweep(to: swept) }
    return fold.derivations
  }

  /// What a matter would have come to under another policy.
  func tried(_ policy: Policy, _ subject: String = "HS-1", until time: Instant) -> Fold {
    let matter = self[subject]
    var fold = Fold(Matter(id: matter.id, key: matter.key, kind: matter.kind), references: references, now: time)
    fold.trial = policy
    fold.run(logs[matter.id] ?? [])
    fold.sweep(to: time)
    return fold
  }

  // MARK: - Keeping

  private func chronicle(of matter: Matter) -> Chronicle {
    Chronicle(
      before: matter.id == 0 ? nil : matter, breaches: allBreaches[matter.id] ?? [], verdicts: verdicts[matter.id] ?? [:],
      notices: recordedNotices[matter.id] ?? [])
  }

  private mutating func keep(_ effects: Effects, at now: Instant) {
    last = effects
    for matter in effects.matters.map(\.matter) { matters[matter.key] = matter }
    for line in effects.entries { logs[line.itemID, default: []].append(line.entry) }
    for change in effects.verdicts { verdicts[change.itemID, default: [:]][change.entry] = (change.revision, change.verdict) }
    for breach in effects.breaches + effects.revisedBreaches {
      allBreaches[breach.itemID, default: []].removeAll { $0.number == breach.number }
      allBreaches[breach.itemID, default: []].append(breach)
    }
    for notice in effects.notices {
      guard case .item(let id, let unit, let begunBy, _) = notice.origin else { continue }
      recordedNotices[id, default: []].append(
        NoticeOnRecord(reference: notice.reference, unit: unit, begunBy: begunBy, isWithdrawn: false))
    }
    for (id, notices) in recordedNotices {
      recordedNotices[id] = notices.map { notice in
        var notice = notice
        notice.isWithdrawn = notice.isWithdrawn || effects.withdrawnNotices.contains(notice.reference)
        return notice
      }
    }
    for message in effects.messages { taken[message.key] = message.digest }
    mergings += effects.mergings
    notices += effects.notices
    announcements += effects.announcements.filter(\.type.mustArrive)
    told += effects.announcements.filter { !$0.type.mustArrive }
    findings += effects.findings
    unassigned += effects.unassigned
    passedOver += effects.passedOver
    for matter in effects.matters.map(\.matter) { check(matter, effects.entries.map(\.entry), at: now) }
  }

  /// Law 1: a matter is the fold of its log; and both are read back from their texts as they were written.
  private func check(_ matter: Matter, _ new: [Entry], at now: Instant) {
    let log = logs[matter.id] ?? []
    #expect(log.map(\.number) == (0..<Int32(log.count)).map { $0 + 1 }, "the log has gaps")
    let fold = fold(of: matter, now: now)
    // Compared outside the macro, which would write out both.
    let isSame = fold.matter == matter
    #expect(isSame, "\(matter.key): the whole log folds to something else")
    let recorded = allBreaches[matter.id] ?? []
    let valid = Set(recorded.filter { $0.status != .annulled && $0.status != .lifted }.map(\.lapse))
    let missing = Set(fold.lapses).subtracting(valid)
    #expect(missing.isEmpty, "\(matter.key): the whole log has breaches that are not on record")
    let surplus = Set(recorded.filter { $0.status == .standing }.map(\.lapse)).subtracting(fold.lapses)
    #expect(surplus.isEmpty, "\(matter.key): breaches stand that the whole log does not have")
    var again = Matter(id: matter.id, key: matter.key, kind: matter.kind)
    (again.opening, again.log.entries) = (matter.opening, matter.log.entries)
    do {
      try again.read(state: matter.stateText)
      #expect(again == matter, "\(matter.key): the state is read back as something else")
      for entry in new {
        var read = try Entry(
          number: entry.number, type: entry.type, facts: entry.facts, unit: entry.unit, key: entry.key, sequence: entry.sequence,
          occurredAt: entry.occurredAt, recordedAt: entry.recordedAt, stamp: entry.stamp.json)
        (read.digest, read.traceparent) = (entry.digest, entry.traceparent)
        #expect(read == entry, "\(matter.key): an entry is read back as something else")
      }
    } catch {
      Issue.record("\(matter.key): \(error)")
    }
  }
}
