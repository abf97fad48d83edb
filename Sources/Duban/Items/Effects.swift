// What must follow from events: everything that the store writes in one transaction.

/// What a run of the item machine wants written, all of it in one transaction.
public struct Effects: Sendable {
  public var newItems: [Item] = []
  public var changedItems: [Item] = []
  /// Those that ``ItemMachine/wake(_:history:into:)`` alone has changed: only their chain's place, its deadline and its counts.
  public var wokenItems: [Item] = []
  /// Messages taken, for deduplication.
  public var messages: [TakenMessage] = []
  public var log: [LogEntry] = []
  public var breaches: [Breach] = []
  public var notices: [Notice] = []
  public var announcements: [Announcement] = []
  /// Events that came before their item.
  public var waiting: [WaitingEvent] = []
  /// Waiting events that have been applied and wait no longer.
  public var noLongerAwaited: [MessageKey] = []
  /// How each deadline came about; only where the machine is asked to explain itself. Not written.
  public var derivations: [Derivation] = []
  /// Items in work that these events have left 待派, and that were not so before. Not written: the item itself says so.
  public var unassigned: [ItemKey] = []
  /// Tiers that had nobody when it was their turn. Not written: the log says where the item went.
  public var passedOver: [PassedOver] = []

  public init() {}
}

/// A message that has been taken, by its deduplication key.
public struct TakenMessage: Hashable, Sendable {
  public var key: MessageKey
  public var digest: ContentDigest
}

/// A line of an item's log, which is append-only: the truth of which the item is the fold.
public struct LogEntry: Hashable, Sendable {
  public var itemID: Int64
  /// 1, 2, 3 … within the item, without gaps.
  public var sequence: Int32
  /// A type of the contract (`complaint.responded`) or of Duban's own (`item.escalated`).
  public var type: String
  /// The message that brought it; nil for Duban's own.
  public var key: MessageKey?
  /// When it happened: as upstream says, or for Duban's own as the database's clock says.
  public var occurredAt: Instant
  /// The message as sent, or the facts of Duban's own event, as JSON.
  public var body: String
  public var traceparent: String?
}

/// A deadline that passed at a tier (超时). Never erased; one for each item, cycle, clock and tier.
public struct Breach: Hashable, Sendable {
  public var itemID: Int64
  public var cycle: Int32
  public var clock: Item.Clock
  public var tier: Tier
  /// The organ that let it pass; nil where the directory has none at the tier.
  public var organID: Int64?
  public var dueAt: Instant
  public var foundAt: Instant
  /// The slip (督查单) that the organ is issued for it; nil where the policy issues none.
  public var slip: Slip?

  public init(
    itemID: Int64, cycle: Int32, clock: Item.Clock, tier: Tier, organID: Int64?, dueAt: Instant, foundAt: Instant,
    slip: Slip? = nil
  ) {
    (self.itemID, self.cycle, self.clock, self.tier) = (itemID, cycle, clock, tier)
    (self.organID, self.dueAt, self.foundAt, self.slip) = (organID, dueAt, foundAt, slip)
  }
}

/// A tier that an item did not stay at, because the directory has no organ for it there: an item never waits for nobody.
public struct PassedOver: Hashable, Sendable {
  public var item: ItemKey
  public var tier: Tier
}

/// An event that waits for its item.
public struct WaitingEvent: Sendable {
  public var itemID: Int64
  public var envelope: Envelope
}

/// An event that Duban publishes on `duban.events`.
public struct Announcement: Hashable, Sendable {
  /// The contract's outgoing types.
  public enum EventType: String, CaseIterable, Sendable {
    case receiptAccepted = "receipt.accepted"
    case receiptRejected = "receipt.rejected"
    case itemDueSoon = "item.due-soon"
    case itemEscalated = "item.escalated"
    case itemOverdue = "item.overdue"
    case itemClosed = "item.closed"
    case slipIssued = "slip.issued"
    case noticeProposed = "notice.proposed"
    case noticeIssued = "notice.issued"
  }

  public var type: EventType
  /// The CloudEvents id of what may be announced again after a crash; nil for what is announced in the transaction that makes it so,
  /// and is therefore announced once.
  public var id: String?
  /// What it is about: an item's `source/subject`, or an organ's name.
  public var subject: String
  public var occurredAt: Instant
  /// The event's `data`, as JSON.
  public var data: String
  public var traceparent: String?
  /// Announcements of the same order key go out in the order they were made: the item's id, or an organ's.
  public var orderKey: Int64

  public init(
    type: EventType, id: String? = nil, subject: String, occurredAt: Instant, data: String, traceparent: String? = nil,
    orderKey: Int64
  ) {
    (self.type, self.id, self.subject, self.occurredAt) = (type, id, subject, occurredAt)
    (self.data, self.traceparent, self.orderKey) = (data, traceparent, orderKey)
  }
}
