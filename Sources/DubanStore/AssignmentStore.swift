// 派件: matters that are 待派, given to the organs and units that the directory has now.

import Duban
import PostgreSQL

extension Store {
  /// Assigns the matters in work that are 待派, as far as the directory knows by now whose they are, each with an entry in its log; a little
  /// at a time, so that what is left when it is cut short is done by calling it again.
  ///
  /// Returns how many items were assigned to their street and unit, and how many still are not.
  public func assignUnassigned() throws -> (assigned: Int, unassigned: Int) {
    var (sum, last): ((assigned: Int, unassigned: Int), Int64) = ((0, 0), 0)
    while true {
      // Parts too: a matter is looked at with the first of its rows.
      let rows = try connection.execute(
        """
        SELECT id, matter_id FROM item WHERE unassigned AND phase IN ('open', 'responded', 'merged') AND id > $1 ORDER BY id LIMIT 500
        """, last
      ).map { (id: try $0.decode(0, as: Int64.self), matter: try $0.decode(1, as: Int64.self)) }
      guard let end = rows.last?.id else { return sum }
      last = end
      let round = try transaction { try $0.assign(Set(rows.map(\.matter)).sorted()) }
      sum = (sum.assigned + round.assigned, sum.unassigned + round.unassigned)
    }
  }

  private func assign(_ ids: [Int64]) throws -> (assigned: Int, unassigned: Int) {
    let matters = try lock(ids)
    let logs = try logs(of: matters)
    let (references, now) = try references()
    var placed: [(matter: Matter, event: Event, occurredAt: Instant?)] = []
    var stay = 0
    for matter in matters {
      // Where the matter is, in upstream's words: the opening says so.
      let opening = (logs[matter.id] ?? []).lazy.compactMap { entry -> Event.Opening? in
        if case .opened(let opening) = entry.event { opening } else { nil }
      }.first
      let event = Event.placed(opening?.region)
      let stamp = references.directory.stamp(event, policy: references.policies.current.version, units: matter.unitNames)
      if matter.isAsStamped(stamp) { stay += matter.unassignedInWork } else { placed.append((matter, event, nil)) }
    }
    var effects = Effects()
    let after = try append(placed, references: references, at: now, into: &effects)
    try write(effects, at: now)
    var assigned = 0
    for (matter, _, _) in placed {
      let left = after[matter.id]?.unassignedInWork ?? 0
      (assigned, stay) = (assigned + matter.unassignedInWork - left, stay + left)
    }
    return (assigned, stay)
  }
}

extension Matter {
  fileprivate var unassignedInWork: Int { items.count { $0.item.isInWork && isUnassigned($0.unit) } }

  /// Whether the directory makes of its names what the matter has already.
  fileprivate func isAsStamped(_ stamp: Stamp) -> Bool {
    guard let opening else { return true }
    return (opening.place.cityID, opening.place.districtID, opening.place.streetID)
      == (stamp.cityID, stamp.districtID, stamp.streetID) && opening.leadID == opening.lead.flatMap { stamp.units[$0] }
      && parts.allSatisfy { $0.unitID == stamp.units[$0.unit] }
  }
}
