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
  /// Ids for new items; as many as the batch could need.
  public var freshIDs: [Int64]

  public init(
    taken: [MessageKey: ContentDigest], items: [ItemKey: Item], waiting: [Int64: [Envelope]] = [:],
    breaches: [Int64: [Breach]] = [:], followers: [ItemKey: [ItemKey]] = [:], freshIDs: [Int64]
  ) {
    (self.taken, self.items, self.waiting) = (taken, items, waiting)
    (self.breaches, self.followers, self.freshIDs) = (breaches, followers, freshIDs)
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
  private var freshIDs: ArraySlice<Int64>
  /// Items that the batch has touched, in the order of their first touch.
  private var touched: [(key: ItemKey, isNew: Bool)] = []
  private var isTouched: Set<ItemKey> = []
  /// Items that the present message has closed, and by which event: their duplicates follow.
  private var closed: [(item: ItemKey, by: Envelope)] = []

  public init(_ snapshot: IntakeSnapshot, machine: ItemMachine) {
    self.machine = machine
    (taken, items, waiting) = (snapshot.taken, snapshot.items, snapshot.waiting)
    breaches = snapshot.breaches
    followers = snapshot.followers
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
    let isNew = items[envelope.item] == nil
    guard var item = items[envelope.item] ?? newItem(envelope) else {
      preconditionFailure("a snapshot holds an id for each message of its batch")
    }
    let verdict: Verdict
    if item.phase == .awaited && envelope.type.meaning != .opens {
      keep(envelope, for: item)
      verdict = .waits
    } else {
      do {
        try apply(envelope, to: &item)
        verdict = .applied
      } catch {
        return .refused(error.answering(envelope))
      }
    }
    store(item, isNew: isNew)
    if let main = envelope.main, item.main == main { followers[main, default: []].append(item.key) }
    for (main, event) in closed { close(followersOf: main, because: event) }
    closed = []
    taken[envelope.key] = envelope.digest
    effects.messages.append(TakenMessage(key: envelope.key, digest: envelope.digest))
    if source.wantsReceipts { effects.announcements.append(.accepted(envelope, item, at: machine.now)) }
    return verdict
  }

  /// Everything to write, once the last message is taken.
  public mutating func finish() -> Effects {
    for (key, isNew) in touched {
      guard let item = items[key] else { continue }
      if isNew { effects.newItems.append(item) } else { effects.changedItems.append(item) }
    }
    touched = []
    return effects
  }

  private mutating func store(_ item: Item, isNew: Bool = false) {
    items[item.key] = item
    if isTouched.insert(item.key).inserted { touched.append((item.key, isNew)) }
  }

  /// Lets the duplicates of an item that was just closed follow it, and theirs.
  private mutating func close(followersOf key: ItemKey, because envelope: Envelope) {
    guard let main = items[key] else { return }
    for key in followers[key] ?? [] {
      guard var item = items[key], item.phase != .closed else { continue }
      machine.follow(main, &item, envelope, history: breaches[item.id] ?? [], into: &effects)
      store(item)
      if item.phase == .closed { close(followersOf: key, because: envelope) }
    }
  }

  private mutating func newItem(_ envelope: Envelope) -> Item? {
    freshIDs.popFirst().map {
      Item(awaited: envelope.item, id: $0, kind: envelope.type.kind, policyVersion: machine.policies.current.version)
    }
  }

  private mutating func keep(_ envelope: Envelope, for item: Item) {
    waiting[item.id, default: []].append(envelope)
    effects.waiting.append(WaitingEvent(itemID: item.id, envelope: envelope))
  }

  /// Applies a message, and after an opening what has waited for it, in the order in which it happened.
  private mutating func apply(_ envelope: Envelope, to item: inout Item) throws(Refusal) {
    try run(envelope, on: &item)
    guard envelope.type.meaning == .opens, let early = waiting.removeValue(forKey: item.id) else { return }
    for event in early.sorted(by: { min($0.time, machine.now) < min($1.time, machine.now) }) {
      // It was taken long ago and cannot be refused any more: one that cannot be about this item stays among the waiting, for an operator to see.
      guard (try? run(event, on: &item)) != nil else { continue }
      effects.noLongerAwaited.append(event.key)
    }
    let applied = Set(effects.noLongerAwaited)
    effects.waiting.removeAll { applied.contains($0.envelope.key) }
  }

  private mutating func run(_ event: Envelope, on item: inout Item) throws(Refusal) {
    let wasClosed = item.phase == .closed
    let main = event.main.flatMap { items[$0] }
    try machine.apply(event, to: &item, main: main, history: breaches[item.id] ?? [], into: &effects)
    if !wasClosed && item.phase == .closed { closed.append((item.key, event)) }
  }

  private static let conflict = Refusal(
    .conflictingDuplicate, at: "/id", "another message of this source and id was taken before; give a new event a new id")
  private static let sourceNotAllowed = Refusal(
    .sourceNotAllowed, at: "/source",
    "the AMQP user may not send for this source; set the message's user-id to a user that the directory binds to it")
  private static let unknownSource = Refusal(
    .unknownSource, at: "/source", "no upstream system of this source is in the directory; have it added, or correct the source")
}
