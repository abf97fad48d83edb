// 主办 and 协办: the units that have an item in hand before its chain has, each with a clock of its own (R12 水, 电, 气, 通信; R41 牵头部门和责任单位).
//
// The lead unit (主办) holds the item itself at the tier where the chain starts; what it lets pass is its breach, and the chain goes on above.
// Each supporting unit (协办) holds a part (协办件): an item of its own under the same number, which ends when the whole ends.

extension ItemMachine {
  /// Lets the unit that is named hold its item. One that the directory does not know cannot: the tier itself holds it then, marked 待派.
  func holdByUnit(_ item: inout Item) {
    item.unitID = (item.key.unit ?? item.lead).flatMap(directory.unit(named:))
    // Where the tier has no organ either, the next one holds it: an item never waits for nobody.
    if item.holderID == nil, let above = item.place.tier(above: item.tier) { item.tier = above }
    markUnassigned(&item)
  }

  private func markUnassigned(_ item: inout Item) {
    let unit = item.key.unit ?? item.lead
    item.place.isUnassigned = item.place.streetID == nil || unit.map { directory.unit(named: $0) == nil } ?? false
  }

  /// Names the lead unit of an item that is there, or another one (改派): its clock runs on, and a tier above that has it keeps it.
  func nameLead(_ lead: String?, of item: inout Item, at time: Instant) {
    guard let lead, item.key.unit == nil, time >= item.leadNamedAt ?? time else { return }
    let isAtStart = isAtStart(item)
    (item.lead, item.leadNamedAt) = (lead, time)
    if isAtStart { startOver(&item) }
  }

  /// Whether it has not climbed in the present cycle. Where nothing runs any more, 市 has let it pass, and it stays there.
  private func isAtStart(_ item: Item) -> Bool {
    item.deadline != nil && (item.tier == rule(of: item)?.start(of: item) || item.escalations == 0)
  }

  private func startOver(_ item: inout Item) {
    guard let rule = rule(of: item) else { return }
    item.tier = rule.start(of: item)
    holdByUnit(&item)
  }

  /// Gives an item that is 待派 to the organ or the unit that the directory has come to know since (派件), and says so in the log. As with
  /// another lead (改派) its clock runs on, and a tier above that has it keeps it. Returns whether there was anything to do.
  ///
  /// `log` is the item's, of a part that of its whole: the opening in it says where the matter is.
  /// - Throws: a ``Refusal`` where the opening could not be taken today.
  @discardableResult
  public func assignAnew(_ item: inout Item, log: [LoggedEvent], into effects: inout Effects) throws(Refusal) -> Bool {
    guard TransitionTable.transition(.directoryLearnt, in: item.phase) == .reassigned, item.place.isUnassigned,
      let opening = log.first(where: { EventType.named($0.type)?.meaning == .opens })
    else { return false }
    let region = try Envelope(RawMessage(body: Array(opening.body.utf8))).data.region
    var moved = item
    place(&moved, in: region)
    guard moved != item else { return false }
    item = moved
    logReassignment(Reassignment(item, region, directory), &item, &effects)
    return true
  }

  /// Places an item anew, by the directory of now.
  func place(_ item: inout Item, in region: EventData.Region?) {
    let isAtStart = isAtStart(item)
    item.place = directory.place(of: region)
    if isAtStart { startOver(&item) } else { markUnassigned(&item) }
  }

  /// Makes the part that a unit has in an item. It counts from when the unit was named, and stands on the policy of the whole. One that
  /// has ended begins again where the whole has: in another cycle (返工). Returns whether there was anything to do.
  func assign(_ part: inout Item, of whole: Item, by envelope: Envelope, into effects: inout Effects) -> Bool {
    let time = min(envelope.time, now)
    switch TransitionTable.transition(.assigned, in: part.phase) {
    case .opened: break
    case .reopened:
      // One that ended when it was named had a whole that seemed to have ended, and was open again.
      guard let reopenedAt = whole.reopenedAt, let closedAt = part.closedAt, closedAt <= reopenedAt || closedAt == time,
        time >= reopenedAt
      else { return false }
    default: return false
    }
    let assignment = Assignment(
      item: ItemReference(part.key), kind: whole.kind, district: directory.name(of: whole.place.districtID),
      street: directory.name(of: whole.place.streetID), community: whole.place.community, category: whole.category,
      grade: whole.grade, title: whole.title,
      due: whole.kind == .reminder ? whole.resolutionDueAt?.rfc3339 : nil, by: envelope.type.name)
    assign(
      &part, assignment, policyVersion: whole.policyVersion, at: time, traceparent: envelope.traceparent, into: &effects)
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
    startCycle(of: &part, at: time, due: assignment.due.flatMap { Instant(rfc3339: $0) }, &effects)
  }
}

/// The body of the log entry that begins a part: all that it is made of, so that it can be made again from its own log.
struct Assignment: Codable {
  var item: ItemReference
  var kind: Kind
  var district, street, community: String?
  var category, grade, title: String?
  /// When what is to be done by a stated time is due (提醒), in RFC 3339.
  var due: String?
  /// The type of the event that named the unit.
  var by: String
}

/// The body of the log entry that gives an item to whom the directory has come to know: where the matter is, as upstream named it, and who
/// holds it now.
struct Reassignment: Codable {
  static let type = "item.reassigned"

  var item: ItemReference
  var district, street, community: String?
  var tier: Tier
  var organ: String?

  init(_ item: Item, _ region: EventData.Region?, _ directory: Directory) {
    self.item = ItemReference(item.key)
    (district, street, community) = (region?.district, region?.street, region?.community)
    (tier, organ) = (item.tier, directory.name(of: item.holderID))
  }

  var region: EventData.Region { .init(district: district, street: street, community: community) }
}
