// The fold: a matter as the function of its log, in the order in which things happened. Pure: no I/O, no clock; every time is given.
//
// Four laws hold, each a test by its name (LawTests):
//   1. A function of the log: the state and the standing breaches depend on the entries, the times at which breaches were found, and the
//      versions of policies, calendars and the directory. Not on batches, sweeps, duplicates or crashes.
//   2. Arrival does not show: within the tolerances every order of hearing ends the same.
//   3. Beyond tolerance phase, cycles, answers and the resident's measure are still the same; a start heard later makes no deadline earlier.
//   4. No innocent blame: no standing breach is due before its owner was told, or in a pause.

/// What the fold and the edge refer to: policies, the directory, the calendars with their times, and checklists. A value; use it from any thread.
public struct References: Sendable {
  public var policies: PolicyBook
  public var directory: Directory
  public var calendars: Calendars
  /// Only the edge looks into them: how a report came out is in its stamp.
  public var checklists: ChecklistBook

  public init(policies: PolicyBook, directory: Directory, calendars: Calendars, checklists: ChecklistBook = ChecklistBook()) {
    (self.policies, self.directory, self.calendars, self.checklists) = (policies, directory, calendars, checklists)
  }
}

/// Folds entries into a matter.
public struct Fold {
  public let references: References
  /// The database's clock at the start of the transaction: when a lapse that is not on record is found.
  public let now: Instant
  public internal(set) var matter: Matter
  /// The deadlines that lapsed in this run, in the order of their due times.
  public internal(set) var lapses: [Lapse] = []
  /// What became of each entry of this run, by its number.
  public internal(set) var verdicts: [Int32: Verdict] = [:]
  /// What was done in this run that others are to be told of, and by which entry.
  var acts: [Act] = []
  /// The items that ended in this run, and by which entry.
  var closings: [Closing] = []
  /// The cycles of this run in which a 约谈 is to be proposed.
  public internal(set) var summonses: [Summons] = []
  /// Warnings that a sweep has come to.
  var warnings: [Warning] = []
  /// Longest pauses that were over in this run.
  var suspensionEnds: [SuspensionEnd] = []
  /// Tiers without an organ that were passed over, and by which entry; nil for a lapse.
  var passedOver: [(tier: Tier, entry: Int32?)] = []
  /// When the whole began and ended in this run.
  public internal(set) var life = Life()
  /// How each deadline came about, and how each cycle ended; only where ``explains``.
  public internal(set) var derivations: [Derivation] = []
  public internal(set) var endedCycles: [EndedCycle] = []
  /// How many warnings came, as if each were sent in time; only where ``explains``.
  public private(set) var warningsDue = 0
  public var explains = false
  /// Folds under this policy instead of those on record, as if every deadline were handled in time.
  public var trial: Policy?

  /// Breaches on record, whose found times count.
  private var found: FoundTimes
  /// Up to when changes of the calendar are applied.
  private var calendarsTo: Instant?
  /// By which entries items began and ended in this run, in the order of happening.
  var turns: [Turn] = []
  /// Up to when warnings are counted.
  private var warnedTo: Instant?
  /// The entries of this run, in the order of their numbers.
  private var entries: [Entry] = []
  /// The latest entry about each merging, by the number of the merging.
  private var followings: [Int32: Entry] = [:]

  struct Closing: Hashable {
    var unit: String?
    var entry: Int32
    var at: Instant
  }

  struct Turn: Hashable {
    var unit: String?
    var isBeginning: Bool
    var entry: Int32
    var heardAt: Instant
  }

  struct SuspensionEnd: Hashable {
    var unit: String?
    var at: Instant
  }

  struct Warning: Hashable {
    var unit: String?
    var clock: Item.ClockKind
  }

  public struct Summons: Hashable, Sendable {
    public var unit: String?
    public var begunBy: Int32
    public var cycle: Int32
    public var organID: Int64
  }

  /// Goes on from where a matter stands. Standing breaches are already folded in and cannot be derived again; one in dispute can.
  public init(_ matter: Matter, references: References, now: Instant, recorded: [Breach] = []) {
    (self.matter, self.references, self.now) = (matter, references, now)
    found = FoundTimes(matter.entries == 0 ? recorded : recorded.filter { $0.status != .standing })
    calendarsTo = matter.log.horizon
  }

  /// Folds a whole log, and lets deadlines lapse up to where a sweep has come.
  public static func whole(
    _ log: [Entry], of matter: Matter, references: References, now: Instant, recorded: [Breach] = [], explains: Bool = false,
    trial: Policy? = nil
  ) -> Fold {
    var fold = Fold(
      Matter(id: matter.id, key: matter.key, kind: matter.kind, born: matter.born), references: references, now: now,
      recorded: recorded)
    (fold.explains, fold.trial) = (explains, trial)
    (fold.matter.log.breaches, fold.matter.log.sweptTo) = (matter.log.breaches, matter.log.sweptTo)
    fold.run(log)
    return fold
  }

  /// Whether entries can be folded onto a matter as it stands, without its log: they come behind all that it was folded from.
  public static func isFast(_ entries: [Entry], onto matter: Matter, calendars: Calendars) -> Bool {
    let log = matter.log
    guard log.entries > 0 else { return true }
    for entry in entries {
      // What became of a main item changes what its merging did, which lies before.
      if case .followed = entry.event { return false }
      if entry.trigger == .setAside || matter.opening == nil && entry.trigger == .opens { return false }
      let effect = min(entry.place, entry.recordedAt)
      if let last = log.lastPlace, entry.place <= last { return false }
      if let lapse = log.lastLapse, effect <= lapse { return false }
      if let swept = log.sweptTo, calendars.hasChange(after: effect, through: swept) { return false }
    }
    return true
  }
}

// MARK: - The order of happening

extension Fold {
  /// Folds entries, each once, in the order in which they happened.
  public mutating func run(_ entries: [Entry]) {
    var setAside: Set<Int32> = []
    self.entries += entries
    for entry in entries {
      matter.log.entries = max(matter.log.entries, entry.number)
      switch entry.event {
      case .setAside(let number, _, _): setAside.insert(number)
      case .followed(let following):
        if followings[following.merging].map({ $0.number < entry.number }) ?? true { followings[following.merging] = entry }
      default: break
      }
    }
    for number in setAside { verdicts[number] = .setAside }
    var rest = setAside.isEmpty ? entries : entries.filter { !setAside.contains($0.number) }
    if matter.opening == nil, let opening = firstOpening(in: rest) {
      apply(rest.remove(at: opening))
    }
    for group in rest.inGroups() { run(group: group) }
    // A clock that has begun before the latest sweep may be due before it, too.
    if let sweptTo = matter.log.sweptTo { advance(to: sweptTo, inclusive: true) }
  }

  /// The opening, which comes before everything else: nothing happens to a matter before it is there. Of two the earlier by place; but a
  /// back-dated one that was heard later, beyond the tolerance, must not erase what has happened since.
  private func firstOpening(in entries: [Entry]) -> Int? {
    let openings = entries.indices.filter { entries[$0].trigger == .opens }
    // In the order of their numbers.
    guard let first = openings.first, openings.count > 1 else { return openings.first }
    return openings.sorted { Entry.precedes(entries[$0], entries[$1]) }.first { i in
      let entry = entries[i]
      let policy = entry.stamp.policy.flatMap(references.policies.version) ?? references.policies.current
      return i == first || !entry.isLate(by: policy.countsFromHearingAfter(entry.key?.source))
    }
  }

  /// Of entries at one place, takes the lowest-ranked one that moves the state, again and again; the rest follow by rank, source and id.
  private mutating func run(group: [Entry]) {
    guard group.count > 1 else {
      if let entry = group.first { apply(entry) }
      return
    }
    if let ordered = Entry.bySequence(group) {
      for entry in ordered { apply(entry) }
      return
    }
    var rest = group.sorted(by: Entry.precedes)
    while let i = firstMoving(in: rest) { apply(rest.remove(at: i)) }
    for entry in rest { apply(entry) }
  }

  private func firstMoving(in entries: [Entry]) -> Int? {
    // Equal events do the same: each is tried once, so that a flood of one second costs no more.
    var tried: Set<EventOfUnit> = []
    for (i, entry) in entries.enumerated()
    where tried.insert(EventOfUnit(event: entry.event, unit: entry.unit, trigger: entry.trigger)).inserted {
      if [.notes, .urges, .setAside].contains(entry.trigger) { continue }
      var trial = self
      (trial.explains, trial.verdicts) = (false, [:])
      // What lapses before it is not its doing.
      trial.advance(to: trial.effect(of: entry), inclusive: false)
      let before = trial.matter.standing
      trial.apply(entry)
      if trial.matter.standing != before { return i }
    }
    return nil
  }

  private struct EventOfUnit: Hashable {
    var event: Event
    var unit: String?
    var trigger: Trigger
  }

  /// When the next entry takes effect.
  private func effect(of entry: Entry) -> Instant {
    max(min(entry.place, entry.recordedAt), matter.log.lastEffect ?? .distantPast)
  }

  /// Applies the next entry: deadlines that were due before it lapse first.
  private mutating func apply(_ entry: Entry) {
    let effect = effect(of: entry)
    advance(to: effect, inclusive: false)
    matter.log.lastPlace = max(matter.log.lastPlace ?? entry.place, entry.place)
    if matter.opening != nil || entry.trigger == .opens { matter.log.lastEffect = effect }
    do throws(Inapplicability) {
      verdicts[entry.number] = try move(by: entry, at: effect)
    } catch {
      verdicts[entry.number] = .inapplicable(error)
    }
    if calendarsTo == nil, matter.opening != nil { calendarsTo = effect }
  }

  /// Lets everything happen that happens by itself up to a time: deadlines lapse, longest pauses end, calendars come.
  ///
  /// A deadline that is due at that very time lapses only where `inclusive`: what is done at that time is in time. A pause that is over at that
  /// time is over.
  mutating func advance(to time: Instant, inclusive: Bool) {
    guard matter.opening != nil else { return }
    while true {
      let due = nextDue().flatMap { $0.dueAt < time || inclusive && $0.dueAt == time ? $0 : nil }
      let end = nextSuspensionEnd().flatMap { $0.at <= time ? $0 : nil }
      let change = references.calendars.change(after: calendarsTo, through: time)
      if let change, due.map({ change <= $0.dueAt }) ?? true, end.map({ change <= $0.at }) ?? true {
        countWarnings(to: change)
        calendarsTo = change
        recomputeAll(at: change)
      } else if let end, due.map({ end.at <= $0.dueAt }) ?? true {
        countWarnings(to: end.at)
        endSuspension(end.unit, at: end.at)
      } else if let due {
        countWarnings(to: due.dueAt)
        lapse(due.unit, due.clock)
      } else {
        break
      }
    }
    countWarnings(to: time)
    calendarsTo = max(calendarsTo ?? time, time)
  }

  private mutating func countWarnings(to time: Instant) {
    guard explains else { return }
    for (_, item) in matter.items {
      warningsDue += item.runningClocks.compactMap(\.clock.warnAt).count { warnAt in
        warnAt <= time && warnedTo.map { $0 < warnAt } ?? true
      }
    }
    warnedTo = max(warnedTo ?? time, time)
  }

  /// The next deadline of the matter that would lapse.
  private func nextDue() -> (unit: String?, clock: Item.ClockKind, dueAt: Instant)? {
    var next: (unit: String?, clock: Item.ClockKind, dueAt: Instant)?
    for (unit, item) in matter.items {
      for (kind, clock) in item.runningClocks where next.map({ clock.dueAt < $0.dueAt }) ?? true {
        next = (unit, kind, clock.dueAt)
      }
    }
    return next
  }

  /// Lets deadlines lapse up to a time, that time included, and notes the warnings that have come since the last sweep.
  public mutating func sweep(to time: Instant) {
    let swept = matter.log.sweptTo
    advance(to: time, inclusive: true)
    for (unit, item) in matter.items {
      for (kind, clock) in item.runningClocks {
        guard let warnAt = clock.warnAt, warnAt <= time, swept.map({ $0 < warnAt }) ?? true else { continue }
        warnings.append(Warning(unit: unit, clock: kind))
      }
    }
    matter.log.sweptTo = max(swept ?? time, time)
  }

  /// An entry of this run.
  func entry(_ number: Int32) -> Entry? { entries.first { $0.number == number } }

  /// When a step's lapse was found: on record, or now.
  mutating func foundAt(_ lapse: Lapse) -> Instant { trial == nil ? found.take(lapse) ?? now : lapse.dueAt }
}

// MARK: - One event

extension Fold {
  /// What the transition table says of an entry, done.
  private mutating func move(by entry: Entry, at time: Instant) throws(Inapplicability) -> Verdict {
    var unit = entry.unit
    // An event that names the lead unit's part is about the whole, which the lead holds.
    if let named = unit, matter.isLed(by: named) { unit = nil }
    guard let item = matter.item(of: unit) else { return .waits }
    let transition = TransitionTable.transition(entry.trigger, in: matter.opening == nil ? .awaited : item.phase)
    if transition == .waits { return entry.standsAlone ? .applied : .waits }
    if let type = EventType.named(entry.type), type.kind != matter.kind, ![.opens, .urges].contains(entry.trigger) {
      throw Inapplicability(.wrongKind, at: "/type", "the item is a \(matter.kind.rawValue), which \(entry.type) cannot be about")
    }
    try checkRegion(entry)
    try checkImpartial(entry, unit)
    try checkChecklist(entry)
    switch transition {
    case .inapplicable:
      throw Inapplicability(
        .itemExists, at: "/subject", "an item of this source and subject is open already; give a new matter a new subject")
    case .opened: open(with: entry, at: time)
    case .answered: answer(unit, at: time)
    case .closed:
      if case .followed(let following) = entry.event, !counts(following, entry) { return .applied }
      try checkClosing(unit, by: entry)
      // A report answers, however it came out.
      if case .reported = entry.event { answer(unit, at: time) }
      close(unit, by: entry, at: time, isWithdrawal: entry.trigger == .withdraws)
    case .reopened:
      try checkJudgement(unit, by: entry)
      reopen(unit, by: entry, at: time)
    case .counted: count(entry.trigger, unit)
    case .assigned: try assign(by: entry, at: time)
    case .named: try accept(unit, by: entry, at: time)
    case .placed: place(by: entry, at: time)
    case .sentBack: try sendBack(unit)
    case .returnDecided: try decideReturn(unit, by: entry)
    case .parked: try park(unit, by: entry, at: time)
    case .unparked: unpark(unit, by: entry, at: time)
    case .parkingReviewed: reviewParking(unit, by: entry, at: time)
    case .closureRequested: try requestClosure(unit, entry.event, at: time)
    case .checkPassed: try passCheck(unit, by: entry)
    case .closureRejected: try rejectClosure(unit, by: entry, at: time)
    case .disputed: try dispute(unit, by: entry, at: time)
    case .judged: try judge(unit, by: entry)
    case .recomputed: movePolicy(by: entry, at: time)
    case .suspended: try suspend(unit, because: entry.event, at: time)
    case .resumed: resume(unit, by: entry, at: time)
    case .requested: try requestExtension(unit, entry.event, at: time)
    case .decided: try decideExtension(unit, by: entry, at: time)
    case .merged:
      // It takes effect once the main item is known; until then the item is its own.
      guard case .merged(let main) = entry.event, followings[entry.number] != nil else { return .applied }
      merge(into: main, at: time)
    case .released:
      guard case .followed(let following) = entry.event, counts(following, entry) else { return .applied }
      release(by: entry, at: time)
    case .noted: break
    case .waits, .warned, .lapsed, .impossible:
      // The test of the transition table walks every trigger of an entry through every phase: none has these cells.
      preconditionFailure("\(entry.trigger) cannot be in \(item.phase)")
    }
    note(transition, of: entry, unit, before: item)
    return .applied
  }

  /// Whether an entry says the latest of the merging by which the matter is a duplicate.
  private func counts(_ following: Event.Following, _ entry: Entry) -> Bool {
    followings[following.merging] == entry && matter.whole.main == following.main
  }

  private mutating func count(_ trigger: Trigger, _ unit: String?) {
    if trigger == .urges { matter[unit].urgings += 1 } else { matter[unit].change { $0.missedContacts += 1 } }
  }
}

extension Entry {
  /// Whether it need not wait for its item: 指标下达 is a document of its own, and no request must follow it. One that a program recorded which
  /// knew no such rule waits as it did.
  fileprivate var standsAlone: Bool { EventType.named(type)?.meaning == .allocates && stamp.policy != nil }
}

extension Matter {
  /// What an event moves: where its items stand, and who leads; not the counts.
  fileprivate var standing: Standing { Standing(opening: opening, states: items.map(\.item.state)) }

  fileprivate struct Standing: Hashable {
    var opening: Opening?
    var states: [Item.State]
  }

  /// The item of a unit that has a part, or the whole. A unit that has none yet cannot be set.
  subscript(unit: String?) -> Item {
    get { item(of: unit) ?? Item() }
    set {
      guard let unit else { return whole = newValue }
      if let i = parts.firstIndex(where: { $0.unit.hasSameBytes(as: unit) }) {
        parts[i].item = newValue
      }
    }
  }
}

extension Instant {
  fileprivate static let distantPast = Instant(microseconds: .min)
}
