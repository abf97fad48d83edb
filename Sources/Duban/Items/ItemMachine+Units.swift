// 主办 and 协办: the units that have an item in hand before its chain has, each with a clock of its own (R12 水, 电, 气, 通信; R41 牵头部门和责任单位).
//
// The lead unit (主办) holds the item itself at the tier where the chain starts; what it lets pass is its breach, and the chain goes on above.
// Each supporting unit (协办) holds a part (协办件): an item of its own under the same number, which ends when the whole ends.

extension ItemMachine {
  /// Lets the unit that is named hold its item. One that the directory does not know cannot: the tier itself holds it then, marked 待派.
  func holdByUnit(_ item: inout Item) {
    let name = item.key.unit ?? item.lead
    item.unitID = name.flatMap(directory.unit(named:))
    // Where the tier has no organ either, the next one holds it: an item never waits for nobody.
    if item.holderID == nil, let above = item.place.tier(above: item.tier) { item.tier = above }
    item.place.isUnassigned = item.place.streetID == nil || name != nil && item.unitID == nil
  }

  /// Names the lead unit of an item that is there, or another one (改派): its clock runs on, and a tier above that has it keeps it.
  func nameLead(_ lead: String?, of item: inout Item, at time: Instant) {
    guard let lead, item.key.unit == nil, time >= item.leadNamedAt ?? time else { return }
    // Where nothing runs any more, 市 has let it pass, and it stays there.
    let isAtStart = item.deadline != nil && (item.tier == rule(of: item)?.start(of: item) || item.escalations == 0)
    (item.lead, item.leadNamedAt) = (lead, time)
    guard isAtStart, let rule = rule(of: item) else { return }
    item.tier = rule.start(of: item)
    holdByUnit(&item)
  }

  /// Makes the part that a unit has in an item. It counts from when the unit was named, and stands on the policy of the whole. One that
  /// has ended begins again where the whole has: in another cycle (返工). Returns whether there was anything to do.
  func assign(_ part: inout Item, of whole: Item, by envelope: Envelope, into effects: inout Effects) -> Bool {
    switch TransitionTable.transition(.assigned, in: part.phase) {
    case .opened: break
    case .reopened:
      guard let reopenedAt = whole.reopenedAt, let closedAt = part.closedAt, closedAt <= reopenedAt,
        min(envelope.time, now) >= reopenedAt
      else { return false }
    default: return false
    }
    let assignment = Assignment(
      item: ItemReference(part.key), kind: whole.kind, district: directory.name(of: whole.place.districtID),
      street: directory.name(of: whole.place.streetID), community: whole.place.community, category: whole.category,
      grade: whole.grade, title: whole.title, by: envelope.type.name)
    assign(
      &part, assignment, policyVersion: whole.policyVersion, at: min(envelope.time, now), traceparent: envelope.traceparent,
      into: &effects)
    return true
  }

  func assign(
    _ part: inout Item, _ assignment: Assignment, policyVersion: Int, at time: Instant, traceparent: String? = nil,
    into effects: inout Effects
  ) {
    guard part.phase != .closed else {
      logAssignment(assignment, &part, at: time, traceparent: traceparent, &effects)
      return reopen(&part, at: time, &effects)
    }
    part.kind = assignment.kind
    part.place = directory.place(
      of: .init(district: assignment.district, street: assignment.street, community: assignment.community))
    (part.category, part.grade, part.title) = (assignment.category, assignment.grade, assignment.title)
    part.main = part.key.whole
    part.policyVersion = policyVersion
    part.openedAt = time
    logAssignment(assignment, &part, at: time, traceparent: traceparent, &effects)
    startCycle(of: &part, at: time, &effects)
  }
}

/// The body of the log entry that begins a part: all that it is made of, so that it can be made again from its own log.
struct Assignment: Codable {
  var item: ItemReference
  var kind: Kind
  var district, street, community: String?
  var category, grade, title: String?
  /// The type of the event that named the unit.
  var by: String
}
