// 补派: matters in work that are 待派, or whose organs have moved or ended, given to the organs and units that the directory has now.

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

  /// Hands matters in work on whose organ or unit is retired, to its successor, and those of a street or a community that was moved to what it is in now, each
  /// with an entry in its log. A little at a time, as ``assignUnassigned()``.
  ///
  /// Returns how many matters were handed on.
  public func assignMoved() throws -> Int {
    var (count, last): (Int, Int64) = (0, 0)
    while true {
      // Nearly always none: the whole table is looked through, so many rows in a statement.
      let row = try connection.execute(
        """
        WITH stretch AS (
          SELECT id, matter_id, phase, community_id, street_id, district_id, lead_id, responsible_id
          FROM item WHERE id > $1 ORDER BY id LIMIT 20000)
        SELECT (SELECT max(id) FROM stretch), ARRAY(
          SELECT DISTINCT matter_id FROM stretch
          LEFT JOIN organ AS street ON street.id = street_id LEFT JOIN organ AS community ON community.id = community_id
          WHERE phase IN ('open', 'responded', 'merged')
            AND (street.parent_id IS DISTINCT FROM CASE WHEN street_id IS NOT NULL THEN district_id END
              OR community.parent_id IS DISTINCT FROM CASE WHEN community_id IS NOT NULL THEN street_id END OR EXISTS (
                SELECT FROM organ
                WHERE retired_at IS NOT NULL AND organ.id IN (community_id, street_id, district_id, lead_id, responsible_id)))
          ORDER BY 1)
        WHERE EXISTS (SELECT FROM organ WHERE retired_at IS NOT NULL OR former_parent_ids <> '{}')
        """, last
      ).first
      guard let row, let end: Int64 = try row.decode(0) else { return count }
      last = end
      let matters: [Int64] = try row.decode(1)
      for start in stride(from: 0, to: matters.count, by: 500) {
        count += try transaction { try $0.assign(Array(matters[start..<min(start + 500, matters.count)])).matters }
      }
    }
  }

  /// Assigns one matter by an operator's decision (派单, 改派, 指定承办), with an entry in its log.
  ///
  /// - Returns: the matter as it is now.
  /// - Throws: ``RequestFault`` where it is not in work.
  public func assign(_ id: Int64, _ assignment: Event.Assignment) throws -> Matter {
    try transaction { store in
      let (matters, (references, now)) = (try store.lock([id]), try store.references())
      guard let matter = matters.first, matter.whole.isInWork else {
        throw RequestFault("the item is \(matters.first?.whole.phase.rawValue ?? "not there"); only one in work can be assigned")
      }
      var effects = Effects()
      let after = try store.append([(matter, .assigned(assignment), nil)], references: references, at: now, into: &effects)
      try store.write(effects, at: now)
      return after[id] ?? matter
    }
  }

  private func assign(_ ids: [Int64]) throws -> (assigned: Int, unassigned: Int, matters: Int) {
    let matters = try lock(ids)
    let regions = try openingRegions(of: matters)
    let (references, now) = try references()
    var placed: [(matter: Matter, event: Event, occurredAt: Instant?)] = []
    var stay = 0
    for matter in matters {
      // Where the matter is: where it was placed, by the organs' present names, or in upstream's words as the opening says them.
      let event = Event.placed(matter.opening.flatMap { references.directory.region(of: $0.place) } ?? regions[matter.id])
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
    return (assigned, stay, placed.count)
  }
}

extension Directory {
  /// The names by which a place is found whose street is known, as it is now; nil for another.
  fileprivate func region(of place: Place) -> Event.Region? {
    guard place.streetID != nil else { return nil }
    let now = current(place)
    return Event.Region(district: name(of: now.districtID), street: name(of: now.streetID), community: place.community)
  }
}

extension Matter {
  fileprivate var unassignedInWork: Int { items.count { $0.item.isInWork && isUnassigned($0.unit) } }

  /// Whether the directory makes of its names what the matter has already. What is not known of a unit any more changes nothing.
  fileprivate func isAsStamped(_ stamp: Stamp) -> Bool {
    guard let opening else { return true }
    func isSame(_ unit: String?, _ id: Int64?) -> Bool { unit.flatMap { stamp.units[$0] }.map { $0 == id } ?? true }
    return Place(stamp, community: opening.place.community) == opening.place && isSame(opening.lead, opening.leadID)
      && parts.allSatisfy { isSame($0.unit, $0.unitID) }
  }
}
