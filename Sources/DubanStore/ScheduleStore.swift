// Due schedules and the figures that their notices carry.

import Duban
import PostgreSQL

extension Store {
  /// A schedule that is due and since when, locked until the transaction ends; those in `excluded` are passed over.
  /// In the caller's transaction.
  public func claimDueSchedule(now: Instant, except excluded: [Int64] = []) throws -> (schedule: Schedule, dueAt: Instant)? {
    let rows = try connection.execute(
      """
      SELECT id, name, notice, every, tier, threshold, catch_up, due_at FROM schedule
      WHERE enabled AND due_at <= $1 AND id <> ALL ($2) ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
      """, now, excluded)
    guard let row = rows.first else { return nil }
    let every: String = try row.decode(3)
    guard let recurrence = Recurrence(text: every) else {
      throw StoreFault("schedule.every '\(every)' in the database is no recurrence")
    }
    let schedule = Schedule(
      id: try row.decode(0), name: try row.decode(1), notice: try .init(stored: row.decode(2)), recurrence: recurrence,
      tier: try .init(stored: row.decode(4)), threshold: try row.decode(5), catchUp: try row.decode(6))
    return (schedule, try row.decode(7))
  }

  /// Says when a schedule is due next. In the caller's transaction.
  public func advance(_ schedule: Schedule, to nextAt: Instant) throws {
    _ = try connection.execute("UPDATE schedule SET due_at = $2 WHERE id = $1", schedule.id, nextAt)
  }

  /// The figures of every street for a period, by the id of its district, as they were at the period's end, as far as the items' rows tell:
  /// one that was reopened since counts as open.
  public func streetFigures(in period: Period) throws -> [Int64: [StreetFigures]] {
    let rows = try connection.execute(
      """
      WITH held AS (
        SELECT street_id, count(*) AS open, count(*) FILTER (WHERE EXISTS (
          SELECT FROM breach
          WHERE item_id = item.id AND breach.unit IS NULL AND breach.due_at < $2 AND status = ANY ($3))) AS overdue
        FROM item
        WHERE street_id IS NOT NULL AND opened_at < $2 AND unit = '' AND \(Self.isOpenToAll)
          AND NOT coalesce(closed_at < $2, false)
        GROUP BY street_id
      ), climbed AS (
        SELECT organ_id, count(*) AS escalated FROM breach JOIN item ON item.id = item_id AND \(Self.isOpenToAll)
        WHERE found_at >= $1 AND found_at < $2 AND breach.tier = 'street' AND status = ANY ($3) GROUP BY organ_id
      )
      SELECT street.parent_id, street.name, street.handling_office, coalesce(held.open, 0), coalesce(held.overdue, 0), coalesce(climbed.escalated, 0)
      FROM organ AS street LEFT JOIN held ON held.street_id = street.id LEFT JOIN climbed ON climbed.organ_id = street.id
      WHERE street.tier = 'street' AND street.parent_id IS NOT NULL
        AND (street.retired_at IS NULL OR held.open > 0 OR climbed.escalated > 0)
      """, period.start, period.end, Self.countingStatuses)
    var figures: [Int64: [StreetFigures]] = [:]
    for row in rows {
      figures[try row.decode(0), default: []].append(
        StreetFigures(
          street: try row.decode(1), office: try row.decode(2), open: try row.decode(3), overdue: try row.decode(4),
          escalated: try row.decode(5)))
    }
    return figures
  }

  /// What a confidential source sends is in no figures and in no list of others (12388).
  private static let isOpenToAll = "NOT EXISTS (SELECT FROM upstream_source WHERE uri = item.source AND confidential)"

  private static let countingStatuses = Breach.Status.allCases.filter(\.counts).map(\.rawValue)

  /// The breaches found in a period and owed by the organs of a tier or by units beside the chain, by organ; those that do not count left out.
  public func organBreaches(at tier: Tier, in period: Period) throws -> [Int64: [OrganBreach]] {
    let rows = try connection.execute(
      """
      SELECT \(Self.breachSelection), \(ItemRow.selection)
      FROM breach JOIN item ON item.id = breach.item_id JOIN organ ON organ.id = breach.organ_id
      WHERE found_at >= $1 AND found_at < $2 AND coalesce(organ.tier, $3) = $3 AND status = ANY ($4) AND \(Self.isOpenToAll)
      ORDER BY breach.due_at, breach.item_id, breach.number
      """, period.start, period.end, tier.rawValue, Self.countingStatuses)
    var breaches: [Int64: [OrganBreach]] = [:]
    for row in rows {
      let (breach, matter) = (try Self.breach(row), try ItemRow.read(row, from: Self.breachColumns.count))
      breaches[breach.lapse.organID ?? 0, default: []].append(
        OrganBreach(
          item: matter.key(of: breach.lapse.step.unit), kind: matter.kind, breach: breach,
          progress: matter.progress(of: breach.lapse.step)))
    }
    return breaches
  }

  /// How long until the next schedule is due, not more than ``dueHorizon``; zero or less when one is due already.
  public func timeUntilNextSchedule() throws -> Duration {
    try timeUntil("SELECT min(due_at) - duban_now() FROM schedule WHERE enabled")
  }
}
