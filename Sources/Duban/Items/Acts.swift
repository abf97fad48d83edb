// What happens in the life of an item is told at once to the organs that it concerns: `item.opened`, `item.assigned`, `item.signed` …

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

  /// Notes what an entry has done, where others are to be told.
  mutating func note(_ transition: Transition, of entry: Entry, _ unit: String?, before: Item) {
    guard let kind = transition.told(of: entry, isMove: before.cycle?.responsibleID != matter[unit].cycle?.responsibleID)
    else { return }
    // Clocks that were stopped before, or ran, are no news.
    let mayRepeat = ![.itemSuspended, .itemResumed, .itemParked, .itemUnparked].contains(kind)
    if mayRepeat || matter[unit] != before { acts.append(Act(kind: kind, id: Act.ID(unit: unit, entry: entry.number))) }
  }
}

extension Transition {
  /// By which event it is told: that something is asked for, or decided, whatever it is; nil where nothing is told of it.
  fileprivate func told(of entry: Entry, isMove: Bool) -> Announcement.Kind? {
    switch self {
    case .assigned:
      // An operator's act does not say which it is.
      if case .assigned(let assignment) = entry.event, assignment.person != nil {
        return isMove ? .itemReassigned : .itemAssigned
      }
      return entry.type.hasSuffix(".reassigned") ? .itemReassigned : .itemAssigned
    case .placed: return .itemAssigned
    case .named: return .itemSigned
    case .answered: return .itemResponded
    case .sentBack: return .itemReturned
    case .requested, .closureRequested: return .itemRequested
    case .checkPassed: return .itemChecked
    case .closureRejected:
      if case .checked = entry.event { return .itemChecked }
      return .itemDecided
    case .decided, .returnDecided: return .itemDecided
    case .suspended: return .itemSuspended
    case .resumed: return .itemResumed
    case .parked: return .itemParked
    case .unparked: return .itemUnparked
    case .disputed, .judged: return .itemCalledBack
    case .counted: return entry.event == .urged ? .itemUrged : nil
    case .noted:
      switch entry.event {
      case .rated: return .itemCalledBack
      case .checked: return .itemChecked
      default: return nil
      }
    case .closed:
      // `item.closed` is told of the turn.
      if case .closureDecided = entry.event { return .itemDecided }
      return nil
    // What begins is told of the turn; what lapses, of the breach.
    case .opened, .reopened, .lapsed, .warned: return nil
    // Duban's own, or nothing that anybody has to do.
    case .merged, .released, .parkingReviewed, .recomputed, .waits, .inapplicable, .impossible: return nil
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
    let told = event.map { ToldFacts($0, withWords: isOpen) } ?? ToldFacts()
    return JSONText.object { data in
      data.write("at", time.rfc3339)
      data.write("by", type)
      data.write("category", opening.category)
      data.write("check", told.check?.stage.rawValue)
      data.write("closing", told.closing?.rawValue)
      data.write("community", isOpen ? opening.place.community : nil)
      data.write("cycle", item.cycles)
      data.write("deadlines", item.clocks) { running, deadline in
        deadline.write("clock", running.kind.rawValue)
        deadline.write("dueAt", running.clock.dueAt.rfc3339)
        deadline.write("organ", directory.name(of: fold.owner(of: running.clock, in: cycle)))
        deadline.write("tier", running.clock.tier.rawValue)
      }
      data.write("decision", told.isApproved.map { $0 ? "approved" : "rejected" })
      data.write("district", directory.name(of: opening.place.districtID))
      data.write(flag: "final", told.isFinal)
      data.write("item", object: matter.key(of: unit).write)
      data.write("judgement", told.judgement?.rawValue)
      data.write("kind", matter.kind.rawValue)
      data.write("organ", directory.name(of: cycle.responsibleID))
      data.write("passed", told.check?.passed)
      data.write("person", directory.person(at: cycle.responsibleID, of: opening.place)?.name)
      data.write("policy", opening.policyVersion)
      data.write("policyLine", fold.rule(unit)?.line)
      data.write("rating", told.rating?.rawValue)
      data.write("reason", told.reason)
      data.write("request", told.request?.rawValue)
      data.write("revision", revision)
      data.write("street", directory.name(of: opening.place.streetID))
      data.write("supervisor", cycle.supervisor.flatMap { directory.name(of: opening.place.organ(at: $0)) })
      data.write("title", isOpen ? opening.title : nil)
      data.write("until", told.until?.rfc3339)
    }
  }
}

/// The facts of an event that its receivers must know; its sender's own words only where they are asked for.
private struct ToldFacts {
  /// What is asked for, and decided on.
  enum Request: String {
    /// 延期.
    case moreTime = "extension"
    /// 办结.
    case closure
    /// 退单.
    case sendingBack = "return"
  }

  var request: Request?
  var isApproved: Bool?
  var until: Instant?
  var closing: ClosingType?
  var reason: String?
  var isFinal = false
  var rating: Event.Rating?
  var judgement: Event.Judgement?
  var check: Event.Check?

  init() {}

  init(_ event: Event, withWords: Bool) {
    switch event {
    case .assigned(let assignment): (isFinal, reason) = (assignment.isFinal, assignment.reason)
    case .extensionRequested(let words, let time): (request, reason, until) = (.moreTime, words, time)
    case .extensionDecided(.approved(let time, _)): (request, isApproved, until) = (.moreTime, true, time)
    case .extensionDecided(.rejected): (request, isApproved) = (.moreTime, false)
    case .closureRequested(let asked, _): (request, closing, reason) = (.closure, asked?.type, asked?.reason)
    case .closureDecided(let decision): (request, isApproved) = (.closure, decision.isApproved)
    case .returned(let words): (request, reason) = (.sendingBack, words)
    case .returnDecided(let decision): (request, isApproved) = (.sendingBack, decision.isApproved)
    case .suspended(let words): reason = words
    case .parked(let words, let time, _): (reason, until) = (words, time)
    case .rated(let rating): self.rating = rating
    case .checked(let check): (self.check, reason) = (check, check.reason)
    case .judged(let judgement, _): self.judgement = judgement
    case .opened, .accepted, .contacted, .responded, .reported, .planned, .resolved, .withdrawn, .consulted, .unparked,
      .parkingReviewed, .urged, .reopened, .verified, .reviewed, .resumed, .merged, .noted, .placed, .policyMoved, .followed,
      .setAside:
      break
    }
    if !withWords { reason = nil }
  }
}
