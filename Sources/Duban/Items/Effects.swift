// What must follow from a run of the fold: everything that the store writes in one transaction.

/// Everything to write, all of it in one transaction.
public struct Effects: Sendable {
  public var matters: [MatterChange] = []
  /// Parts that a matter had by what was heard before, and has no more.
  public var goneParts: [ItemKey] = []
  public var entries: [LogLine] = []
  /// What is said of entries that do not simply count, or no longer do.
  public var verdicts: [VerdictChange] = []
  public var breaches: [Breach] = []
  /// Breaches on record that have changed.
  public var revisedBreaches: [Breach] = []
  /// What Duban found and did, for the record of each matter.
  public var findings: [Finding] = []
  public var notices: [Notice] = []
  /// References of proposed notices whose grounds are gone.
  public var withdrawnNotices: [String] = []
  public var announcements: [Announcement] = []
  /// Messages taken, for deduplication.
  public var messages: [TakenMessage] = []
  /// Duplicates that were merged: edges from a duplicate to its main item.
  public var mergings: [Merging] = []
  /// Matters that began or ended, by id: duplicates may follow them.
  public var turned: [Int64] = []
  /// Items that these events have left 待派, and that were not so before. Not written: the item itself says so.
  public var unassigned: [ItemKey] = []
  /// Tiers that had no organ when it was their turn. Not written: the record says where the item went.
  public var passedOver: [PassedOver] = []
  /// Items that these events have opened with a category that their policy does not list. Not written: the item itself says so.
  public var unlistedCategories: [UnlistedCategory] = []

  public init() {}
}

/// A matter as it is now, and as its row has it.
public struct MatterChange: Sendable {
  public var matter: Matter
  /// Nil where it has no row.
  public var before: Matter?

  public init(_ matter: Matter, before: Matter?) { (self.matter, self.before) = (matter, before) }

  public var isNew: Bool { before == nil }
}

/// A message that has been taken, by its deduplication key.
public struct TakenMessage: Hashable, Sendable {
  /// The matter that it is about.
  public var itemID: Int64
  public var key: MessageKey
  public var digest: ContentDigest
}

/// An entry for a matter's log, with the message as sent and the personal data in it, which are kept apart. A class, because it is wide.
public final class LogLine: Sendable {
  public let itemID: Int64
  public let entry: Entry
  /// The message as sent; nil for Duban's own events.
  public let original: String?
  /// Who reported it, as JSON.
  public let contact: String?

  public init(itemID: Int64, entry: Entry, original: String? = nil, contact: String? = nil) {
    (self.itemID, self.entry, self.original, self.contact) = (itemID, entry, original, contact)
  }
}

/// A new revision of what is said of an entry.
public struct VerdictChange: Hashable, Sendable {
  public var itemID: Int64
  public var entry: Int32
  public var revision: Int32
  public var verdict: Verdict
}

/// Something that Duban found or did, for the record.
public struct Finding: Hashable, Sendable {
  public var itemID: Int64
  public var type: String
  /// The facts, as JSON.
  public var data: String
}

/// An edge from a duplicate to its main item.
public struct Merging: Hashable, Sendable {
  /// The duplicate, and the number of the entry that merged it.
  public var itemID: Int64
  public var entry: Int32
  public var main: ItemKey
  public var at: Instant
}

/// A tier that an item did not stay at, because the directory has no organ for it there.
public struct PassedOver: Hashable, Sendable {
  public var item: ItemKey
  public var tier: Tier
}

/// An item whose category its policy does not list.
public struct UnlistedCategory: Hashable, Sendable {
  public var item: ItemKey
  /// The listed one that may have been meant, if one is near.
  public var nearest: String?
}
