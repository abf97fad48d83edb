// A store in memory: plays intake, the sweeps and the following of duplicates over pure values, as the store and the workers do over tables.

import Duban

/// What is on record of some matters, and the jobs that write it.
public struct Ledger: Sendable {
  public struct Row: Sendable {
    public var matter: Matter
    public var isNew = true
    public var log: [Entry] = []
    public var breaches: [Breach] = []
    public var verdicts: [Int32: (revision: Int32, verdict: Verdict)] = [:]
    public var notices: [NoticeOnRecord] = []
  }

  public struct Edge: Hashable, Sendable {
    public var duplicate: ItemKey
    public var entry: Int32
    public var main: ItemKey
    public var at: Instant
    /// What was said last of it.
    public var told: Event.Following.Fate?
    public var toldAt: Instant?
  }

  public var references: References
  public private(set) var rows: [ItemKey: Row] = [:]
  public private(set) var edges: [Edge] = []
  public private(set) var announcements: [Announcement] = []
  /// What has gone wrong that no store would take.
  public private(set) var faults: [String] = []
  private var taken: [MessageKey: ContentDigest] = [:]
  private var turned: Set<Int64> = []

  public init(_ references: References) { self.references = references }

  public func row(_ subject: String = MatterHistory.main) -> Row? { rows[Self.key(subject)] }

  public func matter(_ subject: String = MatterHistory.main) -> Matter? { row(subject)?.matter }

  public static func key(_ subject: String) -> ItemKey { ItemKey(source: MatterHistory.hotline, subject: subject) }

  /// The breaches that the latest fold derives.
  public func standing(_ subject: String = MatterHistory.main) -> [Breach] {
    row(subject)?.breaches.filter { $0.status == .standing } ?? []
  }
}

// MARK: - Jobs

extension Ledger {
  /// Takes a batch of messages; a crash throws the work away before it is committed.
  @discardableResult
  public mutating func hear(_ batch: [Envelope], at now: Instant, crashes: Bool = false) -> [Intake.Outcome] {
    var known: [ItemKey: Intake.Known] = [:]
    for envelope in batch {
      let key = envelope.item.whole ?? envelope.item
      known[key] = Intake.Known(
        rows[key]?.matter ?? Matter(id: id(of: key), key: key, kind: envelope.type.kind), isNew: rows[key]?.isNew ?? true)
    }
    let taken = taken.filter { key, _ in batch.contains { $0.key == key } }
    var intake = Intake(batch, known: known, taken: taken, references: references, now: now)
    var past: [Int64: Intake.Past] = [:]
    for id in intake.needed.logs + intake.needed.breaches {
      guard let row = rows.values.first(where: { $0.matter.id == id }) else { continue }
      past[id] = Intake.Past(log: intake.needed.logs.contains(id) ? row.log : [], chronicle: chronicle(row))
    }
    let outcomes = intake.decide(past)
    if !crashes { commit(intake.effects) }
    return outcomes
  }

  /// Appends an entry of Duban's own or of an operator.
  public mutating func append(
    _ event: Event, type: String, to subject: String, occurredAt: Instant? = nil, stamp: Stamp = Stamp(), at now: Instant
  ) {
    guard let row = rows[Self.key(subject)] else { return }
    let entry = Entry(
      number: row.matter.entries + 1, type: type, event: event, occurredAt: occurredAt ?? now, recordedAt: now, stamp: stamp)
    let line = LogLine(itemID: row.matter.id, entry: entry)
    var effects = Effects()
    if Fold.isFast([entry], onto: row.matter, calendars: references.calendars) {
      var fold = Fold(row.matter, references: references, now: now, recorded: row.breaches)
      fold.run([entry])
      effects.add(fold, new: [line], onto: chronicle(row))
    } else {
      let log = row.log + [entry]
      let fold = Fold.whole(log, of: row.matter, references: references, now: now, recorded: row.breaches)
      effects.add(whole: fold, log: log, new: [line], onto: chronicle(row))
    }
    commit(effects)
  }

  /// Lets the deadlines of a matter lapse.
  public mutating func sweep(_ subject: String = MatterHistory.main, at now: Instant) { sweep(Self.key(subject), at: now) }

  public mutating func sweep(_ key: ItemKey, at now: Instant) {
    guard let row = rows[key] else { return }
    var effects = Effects()
    var fold = Fold(row.matter, references: references, now: now, recorded: row.breaches)
    fold.sweep(to: now)
    effects.add(fold, onto: chronicle(row))
    commit(effects)
  }

  /// Tells duplicates what has become of them, until there is no more to tell.
  public mutating func follow(at now: Instant) {
    for _ in 0..<8 {
      let (ids, before) = (turned, edges)
      turned = []
      for i in before.indices {
        let edge = before[i]
        guard let main = rows[edge.main], edge.told == nil || ids.contains(main.matter.id) else { continue }
        let life = Fold.whole(main.log, of: main.matter, references: references, now: now, recorded: main.breaches).life
        guard let fate = life.fate(ofMergingAt: edge.at), fate.fate != edge.told || fate.at != edge.toldAt else { continue }
        (edges[i].told, edges[i].toldAt) = (fate.fate, fate.at)
        append(
          .followed(.init(main: edge.main, merging: edge.entry, fate: fate.fate)), type: "item.followed",
          to: edge.duplicate.subject,
          occurredAt: fate.at, at: now)
      }
      if turned.isEmpty { return }
    }
  }

  /// An operator or the directory does something.
  public mutating func act(_ act: MatterHistory.Act, of subject: String = MatterHistory.main) {
    switch act.kind {
    case .movesPolicy(let version):
      append(.policyMoved(to: version, because: "试点", by: "op"), type: "item.policy-moved", to: subject, at: act.at)
    case .learns:
      guard let row = row(subject), row.matter.opening != nil else { return }
      let region = row.log.lazy.compactMap { entry in if case .opened(let opening) = entry.event { opening.region } else { nil } }
        .first
      let event = Event.placed(region ?? nil)
      let units = (row.matter.opening?.lead.map { [$0] } ?? []) + row.matter.parts.map(\.unit)
      append(
        event, type: "item.placed", to: subject, stamp: references.directory.stamp(event, policy: 7, units: units), at: act.at)
    }
  }
}

// MARK: - The record

extension Ledger {
  /// The same however early the matter is heard of.
  private func id(of key: ItemKey) -> Int64 {
    key.description.utf8.reduce(0) { id, byte in (id * 31 + Int64(byte)) % 1_000_000_007 }
  }

  private func chronicle(_ row: Row) -> Chronicle {
    Chronicle(before: row.isNew ? nil : row.matter, breaches: row.breaches, verdicts: row.verdicts, notices: row.notices)
  }

  private mutating func commit(_ effects: Effects) {
    for change in effects.matters {
      let (matter, isNew) = (change.matter, change.isNew)
      if isNew != rows[matter.key]?.isNew ?? true { faults.append("\(matter.key.subject) is written as new: \(isNew)") }
      rows[matter.key, default: Row(matter: matter)].matter = matter
      rows[matter.key]?.isNew = false
    }
    for line in effects.entries { change(line.itemID) { $0.log.append(line.entry) } }
    for verdict in effects.verdicts {
      change(verdict.itemID) { $0.verdicts[verdict.entry] = (verdict.revision, verdict.verdict) }
    }
    for breach in effects.breaches {
      if rows[keyed(breach.itemID)]?.breaches.contains(where: { $0.number == breach.number }) ?? true {
        faults.append("breach \(breach.number) is new twice")
      }
      change(breach.itemID) { $0.breaches.append(breach) }
    }
    for breach in effects.revisedBreaches {
      change(breach.itemID) { row in
        guard let i = row.breaches.firstIndex(where: { $0.number == breach.number }) else { return }
        row.breaches[i] = breach
      }
    }
    for notice in effects.notices {
      guard case .item(let id, let unit, let begunBy, _) = notice.origin else { continue }
      if rows[keyed(id)]?.notices.contains(where: { $0.reference == notice.reference }) ?? true {
        faults.append("notice \(notice.reference) is proposed twice")
      }
      change(id) {
        $0.notices.append(NoticeOnRecord(reference: notice.reference, unit: unit, begunBy: begunBy, isWithdrawn: false))
      }
    }
    for key in rows.keys {
      for i in rows[key]?.notices.indices ?? 0..<0
      where effects.withdrawnNotices.contains(rows[key]?.notices[i].reference ?? "") { rows[key]?.notices[i].isWithdrawn = true }
    }
    for message in effects.messages { taken[message.key] = message.digest }
    for merging in effects.mergings {
      let key = keyed(merging.itemID)
      if edges.contains(where: { $0.duplicate == key && $0.entry == merging.entry }) { continue }
      edges.append(Edge(duplicate: key, entry: merging.entry, main: merging.main, at: merging.at))
    }
    turned.formUnion(effects.turned)
    announcements += effects.announcements
  }

  private func keyed(_ id: Int64) -> ItemKey { rows.first { $1.matter.id == id }?.key ?? Self.key("") }

  private mutating func change(_ id: Int64, _ body: (inout Row) -> Void) {
    let key = keyed(id)
    guard var row = rows[key] else { return faults.append("no matter \(id)") }
    body(&row)
    rows[key] = row
  }

  /// A person decides about a breach.
  public mutating func decide(
    _ decision: Breach.Decision, on number: Int32, of subject: String = MatterHistory.main, at now: Instant
  ) {
    guard let row = row(subject) else { return }
    var effects = Effects()
    guard
      effects.decide(
        decision, on: number, of: row.matter, breaches: row.breaches, notices: row.notices, by: "op", because: "不可抗力",
        references: references, at: now)
    else { return }
    commit(effects)
  }
}
