// Which cells of the transition table a golden log walks: in what phase each event finds its item.

@testable import Duban

/// The cells of one log, found by folding it up to each event and on.
struct GoldenCells {
  struct Cell: Hashable {
    var trigger: Trigger
    var phase: Item.Phase
  }

  private(set) var cells: Set<Cell> = []
  private let matter: GoldenMatter
  private let references: References
  /// In the order of happening, the opening first.
  private let order: [Entry]

  init(_ matter: GoldenMatter) throws {
    (self.matter, references) = (matter, try GoldenLogs.references(matter.calendar))
    let entries = try matter.entries()
    var order = entries.sorted(by: Entry.precedes)
    if let opening = order.firstIndex(where: { $0.trigger == .opens }) { order.insert(order.remove(at: opening), at: 0) }
    self.order = order
    for i in order.indices { walk(order[i], before: fold(order.prefix(i)), after: fold(order.prefix(i + 1))) }
    for lapse in try matter.fold().lapses {
      let before = fold(order.prefix { $0.place < lapse.dueAt || $0.trigger == .opens })
      if let phase = before.item(of: lapse.step.unit)?.phase { add(.deadlineLapses, phase) }
    }
    if let from = matter.calendar?.from, let swept = matter.sweptTo, from <= swept {
      let before = fold(order.prefix { $0.place < from })
      for (_, item) in before.items where before.opening != nil { add(.calendarCame, item.phase) }
    }
  }

  private func fold(_ entries: some Sequence<Entry>) -> Matter {
    Fold.whole(
      entries.sorted { $0.number < $1.number }, of: Matter(id: matter.id, key: matter.key, kind: matter.kind),
      references: references, now: order.last?.recordedAt ?? Instant(microseconds: 0)
    ).matter
  }

  private mutating func add(_ trigger: Trigger, _ phase: Item.Phase) { cells.insert(Cell(trigger: trigger, phase: phase)) }

  private mutating func walk(_ entry: Entry, before: Matter, after: Matter) {
    let unit = entry.unit.flatMap { before.isLed(by: $0) ? nil : $0 }
    add(entry.trigger, before.opening == nil ? .awaited : before.item(of: unit)?.phase ?? .awaited)
    if let units = entry.event.units, before.whole.phase != .closed {
      for unit in units.supporting where after.item(of: unit) != nil { add(.isNamed, before.item(of: unit)?.phase ?? .awaited) }
      if let lead = units.lead, let part = before.item(of: lead), !before.isLed(by: lead) { add(.takesLead, part.phase) }
    }
    for (unit, part) in before.items where unit != nil {
      switch (before.whole.phase, after.whole.phase) {
      case (.open, .merged), (.responded, .merged): add(.wholeMerged, part.phase)
      case (.merged, .open), (.merged, .responded): add(.wholeReleased, part.phase)
      case (.open, .closed), (.responded, .closed), (.merged, .closed): add(.wholeClosed, part.phase)
      default: break
      }
    }
  }
}
