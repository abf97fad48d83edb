// Deadlines before and after another calendar, or another policy, for the record.

/// What a calendar or a policy has changed of a matter's deadlines.
public struct Recomputation: Sendable {
  /// One clock, before and after.
  public struct Change: Hashable, Sendable {
    public var unit: String?
    public var clock: Item.ClockKind
    public var before: Instant?
    public var after: Instant?
  }

  public var itemID: Int64
  public var changes: [Change] = []

  public init(_ before: Matter, _ after: Matter) {
    itemID = after.id
    for (unit, item) in after.items {
      for kind in Item.ClockKind.allCases {
        func due(_ item: Item?) -> Instant? { item?.clocks.first { $0.kind == kind }?.clock.dueAt }
        let (old, new) = (due(before.item(of: unit)), due(item))
        if old != new { changes.append(Change(unit: unit, clock: kind, before: old, after: new)) }
      }
    }
  }

  public var isEmpty: Bool { changes.isEmpty }

  /// For the record: by which calendar.
  public func finding(calendar version: Int) -> Finding {
    let data = JSONText.object { data in
      data.write("calendar", version)
      data.write("deadlines", changes) { change, deadline in
        deadline.write("after", change.after?.rfc3339)
        deadline.write("before", change.before?.rfc3339)
        deadline.write("clock", change.clock.rawValue)
        deadline.write("unit", change.unit)
      }
    }
    return Finding(itemID: itemID, type: "item.recomputed", data: data)
  }
}
