// Intake's decision: a batch of valid messages and what the store knows of them, folded into verdicts and effects. Pure.

/// What the store knows that concerns a batch, read in the same transaction that will write the effects.
public struct IntakeSnapshot: Sendable {
  /// Messages of the batch that were taken before, with the digest of what they said.
  public var taken: [MessageKey: ContentDigest]
  /// Items that the batch is about, as far as they exist; locked until the transaction ends.
  public var items: [ItemKey: Item]
  /// Events that wait for items of the batch, by item id, in the order they came.
  public var waiting: [Int64: [Envelope]]
  /// What those items have breached so far, by item id.
  public var breaches: [Int64: [Breach]]
  /// Duplicates that follow an item which the batch may close, by their main item; they are among `items`.
  public var followers: [ItemKey: [ItemKey]]
  /// What was heard before of items that may begin another cycle, by item id: messages that do nothing beyond the cycle that they are of.
  public var heard: [Int64: [Envelope]]
  /// Ids for new items; as many as the batch could need.
  public var freshIDs: [Int64]

  public init(
    taken: [MessageKey: ContentDigest], items: [ItemKey: Item], waiting: [Int64: [Envelope]] = [:],
    breaches: [Int64: [Breach]] = [:], followers: [ItemKey: [ItemKey]] = [:], heard: [Int64: [Envelope]] = [:],
    freshIDs: [Int64]
  ) {
    (self.taken, self.items, self.waiting) = (taken, items, waiting)
    (self.breaches, self.followers, self.heard, self.freshIDs) = (breaches, followers, heard, freshIDs)
  }
}

/// Folds messages one after the other into one set of effects.
public struct IntakeFold: Sendable {
  /// What became of a message.
  public enum Verdict: Hashable, Sendable {
    /// Applied, and in the log.
    case applied
    /// Kept until its item comes.
    case waits
    /// Taken before, with the same content: nothing to do.
    case duplicate
    case refused(Refusal)
  }

  public private(set) var effects = Effects()
  private let machine: ItemMachine
  private var taken: [MessageKey: ContentDigest]
  private var items: [ItemKey: Item]
  private var waiting: [Int64: [Envelope]]
  private let breaches: [Int64: [Breach]]
  private var followers: [ItemKey: [ItemKey]]
  private var heard: [Int64: [Envelope]]
  private var freshIDs: ArraySlice<Int64>
  /// Items that the batch has touched, in the order of their first touch; and whether they were 待派 before it.
  private var touched: [(key: ItemKey, isNew: Bool, wasUnassigned: Bool)] = []
  private var isTouched: Set<ItemKey> = []
  /// Items that the present message has opened, closed or merged, and by which event: their duplicates and parts follow.
  private var settled: [(item: ItemKey, by: Envelope)] = []
  /// Parts that the present message gives to units.
  private var named: [(part: ItemKey, by: Envelope)] = []
  /// Items whose lead it names.
  private var leadNamed: [(whole: ItemKey, by: Envelope)] = []

  public init(_ snapshot: IntakeSnapshot, machine: ItemMachine) {
    self.machine = machine
    (taken, items, waiting) = (snapshot.taken, snapshot.items, snapshot.waiting)
    breaches = snapshot.breaches
    (followers, heard) = (snapshot.followers, snapshot.heard)
    freshIDs = snapshot.freshIDs[...]
  }

  /// Takes one message. A refused one leaves no trace in the effects.
  public mutating func take(_ envelope: Envelope) -> Verdict {
    if let earlier = taken[envelope.key] {
      return earlier == envelope.digest ? .duplicate : .refused(Self.conflict.answering(envelope))
    }
    guard let source = machine.directory.sources[envelope.key.source] else {
      return .refused(Self.unknownSource.answering(envelope))
    }
    guard source.admits(envelope.userID) else { return .refused(Self.sourceNotAllowed.answering(envelope)) }
    let envelope = aboutTheWhole(envelope)
    let isNew = items[envelope.item] == nil
    guard var item = items[envelope.item] ?? newItem(envelope.item, envelope.type.kind) else {
      preconditionFailure("a snapshot holds an id for each message of its batch")
    }
    let verdict: Verdict
    if TransitionTable.transition(envelope.trigger, in: item.phase) == .waits {
      keep(envelope, for: item)
      verdict = .waits
      // Its whole leaves a row too: whoever opens that beside this batch, with the unit for its lead, must not overlook the event.
      if let whole = envelope.item.whole, items[whole] == nil, let awaited = newItem(whole, envelope.type.kind) {
        store(awaited, isNew: true)
      }
    } else {
      do {
        try apply(envelope, to: &item)
        // A part that begins again may have ended since, with the whole.
        if let whole = item.key.whole.flatMap({ items[$0] }) { follow(whole, &item, because: envelope) }
        verdict = .applied
      } catch {
        return .refused(error.answering(envelope))
      }
    }
    store(item, isNew: isNew)
    while !(settled.isEmpty && named.isEmpty && leadNamed.isEmpty) {
      moveFollowers()
      assignParts()
    }
    taken[envelope.key] = envelope.digest
    effects.messages.append(TakenMessage(key: envelope.key, digest: envelope.digest))
    if source.wantsReceipts { effects.announcements.append(.accepted(envelope, item, at: machine.now)) }
    return verdict
  }

  /// Everything to write, once the last message is taken.
  public mutating func finish() -> Effects {
    for (key, isNew, wasUnassigned) in touched {
      guard let item = items[key] else { continue }
      if isNew { effects.newItems.append(item) } else { effects.changedItems.append(item) }
      if item.awaitsAssignment && !wasUnassigned { effects.unassigned.append(key) }
    }
    touched = []
    return effects
  }

  private mutating func store(_ item: Item, isNew: Bool = false) {
    let before = items.updateValue(item, forKey: item.key)
    if item.closedAt != before?.closedAt { nameAgain(item) }
    // What begins again follows again.
    if let main = item.main, item.phase != .closed, followers[main]?.contains(item.key) != true {
      followers[main, default: []].append(item.key)
    }
    guard isTouched.insert(item.key).inserted else { return }
    touched.append((item.key, isNew, before?.awaitsAssignment ?? false))
  }

  private mutating func moveFollowers() {
    while !settled.isEmpty {
      let (key, event) = settled.removeFirst()
      move(followersOf: key, because: event)
    }
  }

  /// Lets the duplicates and the parts of an item that was just opened, closed, merged or released follow it, and theirs.
  private mutating func move(followersOf key: ItemKey, because envelope: Envelope) {
    guard let main = items[key] else { return }
    for key in followers[key] ?? [] {
      guard var item = items[key], item.phase != .closed else { continue }
      let sequence = item.sequence
      // Merged before its main item came: now it can be.
      if envelope.trigger == .opens, let merging = heard[item.id]?.last(where: { $0.main == main.key }) {
        try? run(merging, on: &item, again: true)
      }
      follow(main, &item, because: envelope)
      // Not by its phase: what ends and begins another cycle at once is open before and after.
      guard item.sequence != sequence else { continue }
      store(item)
      move(followersOf: key, because: envelope)
    }
  }

  /// An event that names the lead unit's part is about the item itself, which the lead holds.
  private func aboutTheWhole(_ envelope: Envelope) -> Envelope {
    guard let whole = envelope.item.whole, let unit = envelope.item.unit, items[whole]?.isLed(by: unit) == true else {
      return envelope
    }
    var envelope = envelope
    envelope.item = whole
    return envelope
  }

  private mutating func follow(_ main: Item, _ item: inout Item, because envelope: Envelope) {
    let reopenedAt = item.reopenedAt
    machine.follow(main, &item, envelope, history: breaches[item.id] ?? [], into: &effects)
    if item.reopenedAt != reopenedAt { hearAgain(on: &item) }
  }

  /// A part that has ended before the whole was opened again, though it seemed to go on: who was named since has it again.
  private mutating func nameAgain(_ part: Item) {
    guard part.phase == .closed, let whole = part.key.whole.flatMap({ items[$0] }), let reopenedAt = whole.reopenedAt else {
      return
    }
    for event in heard[whole.id] ?? [] where time(of: event) >= reopenedAt && event.supporting.contains(part.key) {
      named.append((part.key, event))
    }
  }

  /// Applies once more, to an item that has begun another cycle, what was heard before of that cycle; and who was named in it while it
  /// seemed to have ended, be that in a cycle that was over before it was heard of. Of two at the same time the one heard first came first.
  private mutating func hearAgain(on item: inout Item, namesOnly: Bool = false) {
    for event in inOrder(heard[item.id] ?? []) {
      let isAhead = !namesOnly && item.reopenedAt.map { time(of: event) > $0 } ?? false
      guard isAhead || namesOthers(event, item) else { continue }
      // It was taken long ago and cannot be refused any more.
      try? run(event, on: &item, again: true)
    }
  }

  private func namesOthers(_ event: Envelope, _ item: Item) -> Bool {
    event.lead != nil && item.leadNamedAt.map { time(of: event) > $0 } ?? true
      || event.supporting.contains { items[$0] == nil || items[$0]?.phase == .awaited }
  }

  /// What comes from a clock that is ahead has not happened later than it was heard of.
  private func time(of event: Envelope) -> Instant { min(event.time, machine.now) }

  private func inOrder(_ events: [Envelope]) -> [Envelope] { events.sorted { time(of: $0) < time(of: $1) } }

  /// Makes the parts of the units that the present message has named, unless they are there, and applies what has waited for them.
  private mutating func assignParts() {
    let (named, leadNamed) = (named, leadNamed)
    (self.named, self.leadNamed) = ([], [])
    for (key, envelope) in leadNamed {
      guard let whole = items[key], let lead = whole.lead, var part = items[key.part(of: lead)], part.phase != .awaited else {
        continue
      }
      machine.endPart(of: whole, &part, envelope, history: breaches[part.id] ?? [], into: &effects)
      store(part)
    }
    for (key, envelope) in named {
      guard let whole = key.whole.flatMap({ items[$0] }), !whole.isLed(by: key.unit) else { continue }
      let isNew = items[key] == nil
      guard var part = items[key] ?? newItem(key, whole.kind) else { continue }
      let reopenedAt = part.reopenedAt
      guard machine.assign(&part, of: whole, by: envelope, into: &effects) else { continue }
      if part.reopenedAt != reopenedAt { hearAgain(on: &part) }
      applyEarly(to: &part)
      // Where the whole has ended meanwhile the part ends with it, and what waits for it is heard.
      follow(whole, &part, because: envelope)
      store(part, isNew: isNew)
    }
  }

  private mutating func newItem(_ key: ItemKey, _ kind: Kind) -> Item? {
    freshIDs.popFirst().map { Item(awaited: key, id: $0, kind: kind, policyVersion: machine.policies.current.version) }
  }

  private mutating func keep(_ envelope: Envelope, for item: Item) {
    waiting[item.id, default: []].append(envelope)
    effects.waiting.append(WaitingEvent(itemID: item.id, envelope: envelope))
  }

  /// Applies a message, and after an opening what has waited for it, in the order in which it happened.
  private mutating func apply(_ envelope: Envelope, to item: inout Item) throws(Refusal) {
    try run(envelope, on: &item)
    if envelope.trigger == .opens { applyEarly(to: &item) }
    // What came early under the name of the lead.
    if let lead = item.lead, envelope.lead != nil,
      let early = items[item.key.part(of: lead)], early.phase == .awaited
    {
      applyEarly(to: &item, keptFor: early.id)
    }
  }

  /// Applies what has waited for an item that is there now, in the order in which it happened.
  private mutating func applyEarly(to item: inout Item, keptFor id: Int64? = nil) {
    guard let early = waiting.removeValue(forKey: id ?? item.id) else { return }
    for event in inOrder(early) {
      // It was taken long ago and cannot be refused any more: one that cannot be about this item stays among the waiting, for an operator to see.
      guard (try? run(event, on: &item)) != nil else { continue }
      effects.noLongerAwaited.append(event.key)
    }
    let applied = Set(effects.noLongerAwaited)
    effects.waiting.removeAll { applied.contains($0.envelope.key) }
  }

  private mutating func run(_ event: Envelope, on item: inout Item, again: Bool = false) throws(Refusal) {
    let before = item
    let (main, history) = (event.main.flatMap { items[$0] }, breaches[item.id] ?? [])
    if again {
      try machine.hearAgain(event, on: &item, main: main, history: history, into: &effects)
    } else {
      try machine.apply(event, to: &item, main: main, history: history, into: &effects)
      if event.isOfACycle { heard[item.id, default: []].append(event) }
    }
    // Not by its phase alone: what ends and begins again at once is open before and after.
    if before.phase == .awaited || item.closedAt != before.closedAt || item.phase == .merged && before.phase != .merged {
      settled.append((item.key, event))
    }
    // Whoever accepts an item after it has ended gives nobody a part in it; an acceptance from before does, though it is heard after.
    if before.namesUnits(at: time(of: event)) {
      named += event.supporting.map { ($0, event) }
      if event.lead != nil { leadNamed.append((item.key, event)) }
    }
    if item.reopenedAt != before.reopenedAt {
      hearAgain(on: &item)
    } else if before.phase == .closed, item.closedAt != before.closedAt {
      // It was open between the two ends: who was named then has a part that ended.
      hearAgain(on: &item, namesOnly: true)
    }
    // A main item that is not there yet is awaited: whoever opens it meanwhile meets its row, and does not settle it without who follows it.
    guard let key = event.main, item.main == key, main == nil, let awaited = newItem(key, .complaint) else { return }
    store(awaited, isNew: true)
  }

  private static let conflict = Refusal(
    .conflictingDuplicate, at: "/id", "another message of this source and id was taken before; give a new event a new id")
  private static let sourceNotAllowed = Refusal(
    .sourceNotAllowed, at: "/source",
    "the AMQP user may not send for this source; set the message's user-id to a user that the directory binds to it")
  private static let unknownSource = Refusal(
    .unknownSource, at: "/source", "no upstream system of this source is in the directory; have it added, or correct the source")
}
