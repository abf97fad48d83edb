// Items that are 待派, given to the organs and units that the directory has come to know since.

import Duban
import PostgreSQL

extension Store {
  /// Assigns the items in work that are 待派, as far as the directory knows by now whom they belong to, each with an entry in its log; a
  /// little at a time, so that what is left when it is cut short is done by calling it again.
  ///
  /// Returns how many were assigned to their street and unit, and how many still are not.
  public func assignUnassigned() throws -> (assigned: Int, unassigned: Int) {
    var (sum, last): ((assigned: Int, unassigned: Int), Int64) = ((0, 0), 0)
    while true {
      let ids: [Int64] = try connection.execute(
        """
        SELECT id FROM item WHERE unassigned AND phase IN ('open', 'responded', 'merged') AND id > $1 ORDER BY id LIMIT 500
        """, last
      ).map { try $0.decode(0) }
      guard let end = ids.last else { return sum }
      last = end
      let round = try transaction { try $0.assign(ids) }
      sum = (sum.assigned + round.assigned, sum.unassigned + round.unassigned)
    }
  }

  private func assign(_ ids: [Int64]) throws -> (assigned: Int, unassigned: Int) {
    // Locked in the order in which intake locks, so that nobody waits in a circle.
    let items = try connection.execute(
      """
      SELECT \(ItemRow.selection), (
        SELECT whole.id FROM item AS whole WHERE whole.source = item.source AND whole.subject = item.subject AND whole.unit = '')
      FROM item WHERE id = ANY ($1) ORDER BY unit <> '', source, subject, unit FOR UPDATE
      """, ids
    ).map { (item: try ItemRow.read($0), whole: try $0.decode(ItemRow.columns.count, as: Int64.self)) }
    let logs = try logs(of: Set(items.map(\.whole)).sorted())
    let machine = try machine()
    var effects = Effects()
    var unassigned = 0
    for (before, whole) in items where before.awaitsAssignment {
      var item = before
      // One whose opening cannot be read any more stays as it is.
      if (try? machine.assignAnew(&item, log: logs[whole] ?? [], into: &effects)) == true { effects.changedItems.append(item) }
      if item.awaitsAssignment { unassigned += 1 }
    }
    try write(effects, at: machine.now)
    return (effects.changedItems.count { !$0.awaitsAssignment }, unassigned)
  }
}
