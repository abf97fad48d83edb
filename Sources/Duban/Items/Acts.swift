// What happens in the life of an item is told to those whom it concerns, at once: `item.opened`, `item.assigned`, `item.signed` …

extension Fold {
  /// What was done to an item, by which entry.
  struct Act {
    /// An entry does one thing to an item. A late fact may change its kind: an assignment may turn out to be a move.
    struct ID: Hashable {
      var unit: String?
      var entry: Int32
    }

    var kind: Announcement.Kind
    var id: ID
  }

  /// Notes what an entry has done, where others are to hear of it.
  mutating func note(_ transition: Transition, of entry: Entry, _ unit: String?, before: Item) {
    guard
      let kind = Announcement.Kind(
        transition, of: entry, isMove: before.cycle?.responsibleID != matter[unit].cycle?.responsibleID)
    else { return }
    // Clocks that were stopped before, or ran, are no news.
    let mayRepeat = ![.itemSuspended, .itemResumed, .itemParked, .itemUnparked].contains(kind)
    if mayRepeat || matter[unit] != before { acts.append(Act(kind: kind, id: Act.ID(unit: unit, entry: entry.number))) }
  }
}

extension Announcement.Kind {
  /// What a transition is called where it is told; nil where nothing is told of it, or what begins and ends is told of the turn.
  fileprivate init?(_ transition: Transition, of entry: Entry, isMove: Bool) {
    switch (transition, entry.event) {
    // An operator's act does not say which it is.
    case (.assigned, .assigned(let assignment)) where assignment.person != nil: self = isMove ? .itemReassigned : .itemAssigned
    case (.assigned, _): self = entry.type.hasSuffix(".reassigned") ? .itemReassigned : .itemAssigned
    case (.placed, _): self = .itemAssigned
    case (.named, _): self = .itemSigned
    case (.sentBack, _): self = .itemReturned
    case (.counted, .urged): self = .itemUrged
    case (.suspended, _): self = .itemSuspended
    case (.resumed, _): self = .itemResumed
    case (.decided, .extensionDecided(.approved)): self = .itemExtended
    case (.parked, _): self = .itemParked
    case (.unparked, _): self = .itemUnparked
    case (_, .rated), (.judged, _): self = .itemCalledBack
    default: return nil
    }
  }
}

extension Record {
  func tell(of act: Fold.Act, by entry: Entry, in effects: inout Effects) {
    guard let data = facts(of: act.id.unit, at: entry.place, by: entry.type, entry.event, revision: entry.number) else { return }
    announce(act.kind, act.id.unit, data, traceparent: entry.traceparent, in: &effects)
  }

  /// What was done to an item, and how it stands; nil where it has not begun.
  func facts(of unit: String?, at time: Instant, by type: String, _ event: Event? = nil, revision: Int32) -> String? {
    guard let item = matter.item(of: unit), let cycle = item.cycle, let opening = matter.opening else { return nil }
    let directory = fold.references.directory
    // The words of a confidential matter stay with its source.
    let isOpen = !audience.isConfidential
    return JSONText.object { data in
      data.write("at", time.rfc3339)
      data.write("by", type)
      data.write("category", opening.category)
      data.write("community", isOpen ? opening.place.community : nil)
      data.write("cycle", item.cycles)
      data.write("deadlines", item.clocks) { running, deadline in
        deadline.write("clock", running.kind.rawValue)
        deadline.write("dueAt", running.clock.dueAt.rfc3339)
        deadline.write("organ", directory.name(of: fold.owner(of: running.clock, in: cycle)))
        deadline.write("tier", running.clock.tier.rawValue)
      }
      data.write("district", directory.name(of: opening.place.districtID))
      data.write("item", object: matter.key(of: unit).write)
      data.write("kind", matter.kind.rawValue)
      data.write("organ", directory.name(of: cycle.responsibleID))
      data.write("person", directory.person(at: cycle.responsibleID, of: opening.place)?.name)
      data.write("policy", opening.policyVersion)
      data.write("policyLine", fold.rule(unit)?.line)
      event?.tell(in: &data, withWords: isOpen)
      data.write("revision", revision)
      data.write("street", directory.name(of: opening.place.streetID))
      data.write("supervisor", cycle.supervisor.flatMap { directory.name(of: opening.place.organ(at: $0)) })
      data.write("title", isOpen ? opening.title : nil)
    }
  }
}

extension Event {
  /// The facts in it that those who hear of it must know; its sender's own words only where they are asked for.
  fileprivate func tell(in data: inout JSONMembers, withWords: Bool) {
    switch self {
    case .assigned(let assignment):
      data.write(flag: "final", assignment.isFinal)
      data.write("reason", withWords ? assignment.reason : nil)
    case .rated(let rating): data.write("rating", rating.rawValue)
    case .judged(let judgement, _): data.write("judgement", judgement.rawValue)
    case .returned(let reason), .suspended(let reason), .parked(let reason, _): data.write("reason", withWords ? reason : nil)
    case .extensionDecided(.approved(let until, _)): data.write("until", until.rfc3339)
    default: break
    }
  }
}
