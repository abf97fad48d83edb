// The questions of duban-bench deadlines to the databases that it makes for itself.

import Duban
import PostgreSQL

extension BenchStore {
  // MARK: - Loading

  /// Puts open complaints into the tables, as intake would have left them, and vacuums them. Their ids, counted from 1, must be free.
  ///
  /// The first `due` of them are due an hour from now, one each millisecond; the others two days later and more. Nothing is due
  /// until ``moveClock(untilDue:)``. With `logged` each has its opening in the log; the engine's questions never look there.
  func insertOpenItems(_ count: Int, due: Int, policyVersion: Int, logged: Bool) throws {
    try connection.runScript("SET statement_timeout = 0; " + Self.stateFunction)
    let base: Instant = try connection.execute("SELECT duban_now()").only().decode(0)
    for first in stride(from: 1, through: count, by: 1_000_000) {
      _ = try connection.execute(
        Self.openItems, first, min(first + 999_999, count), Int32(policyVersion), base, due)
    }
    if logged {
      _ = try connection.execute(
        """
        INSERT INTO item_event (item_id, born, number, type, source, message_id, occurred_at, recorded_at, facts)
        SELECT id, born, 1, 'complaint.submitted', source, 'old-' || id, opened_at, $1, '{}' FROM item
        """, base)
    }
    _ = try connection.execute("SELECT setval('item_id', ($1 + 999) / 1000 * 1000 + 1, false)", count)
    try connection.runScript("VACUUM (ANALYZE) item, item_event")
  }

  private static let openItems = """
    WITH place AS (
      SELECT street.id AS street_id, district.id AS district_id, district.parent_id AS city_id,
        row_number() OVER (ORDER BY street.id) - 1 AS number, count(*) OVER () AS streets
      FROM organ AS street JOIN organ AS district ON district.id = street.parent_id WHERE street.tier = 'street'
    )
    INSERT INTO item (id, matter_id, born, source, subject, kind, phase, tier, responsible_id, city_id, district_id, street_id, community,
      unassigned, category, grade, title, policy_version, opened_at, cycle_began_at, withdrawn, clock, due_at, counted_from, counted_to,
      wake_at, cycle, escalations, urgings, returns, provisional, entries, state)
    SELECT n, n, to_char($4::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::integer, '/hotline/12345', 'OPEN-' || n, 'complaint',
      'open', 'street', street_id, city_id, district_id, street_id, '覆盆山小区', false, '雨污接驳', '普通', '小区改造后雨水管未接入市政管网',
      $3::integer, opened_at, opened_at, false, 'response', due_at, opened_at, opened_at + interval '19 days', due_at, 1, 0, 0, 0, false, 1,
      pg_temp.state(opened_at, street_id, NULL)
    FROM generate_series($1::bigint, $2::bigint) AS n JOIN place ON place.number = n % place.streets
      CROSS JOIN LATERAL (
        SELECT $4::timestamptz + interval '1 hour' + n * interval '1 millisecond'
          + CASE WHEN n > $5::bigint THEN interval '2 days' ELSE interval '0' END AS due_at) AS deadline
      CROSS JOIN LATERAL (SELECT due_at - interval '48 hours' AS opened_at) AS opening
    ORDER BY n
    """

  // MARK: - The clock

  /// Sets Duban's clock ahead so that so many items are due from this moment; with 0 the first of them falls due now.
  func moveClock(untilDue count: Int) throws {
    _ = try connection.execute(
      """
      INSERT INTO clock_override (ahead)
      SELECT wake_at - clock_timestamp() FROM item WHERE wake_at IS NOT NULL ORDER BY wake_at, id OFFSET greatest($1 - 1, 0) LIMIT 1
      """, count)
  }

  // MARK: - What the engine is doing

  /// How many daemons have looked for due items, found none, and sleep.
  func sleepingDeadlineWorkers() throws -> Int {
    try connection.execute(
      """
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'duband deadlines'
        AND state = 'idle' AND strpos(query, 'min(wake_at)') > 0
      """
    ).only().decode(0)
  }

  /// Age of the oldest item that is due and not handled, in seconds by Duban's clock; nil where nothing is due.
  func oldestDueAge() throws -> Double? {
    let age: Double? = try connection.execute(
      """
      SELECT extract(epoch FROM duban_now() - wake_at)::float8
      FROM (SELECT min(wake_at) AS wake_at FROM item WHERE wake_at IS NOT NULL) AS oldest
      """
    ).only().decode(0)
    return age.flatMap { $0 > 0 ? $0 : nil }
  }

  /// What escalations have written.
  struct EscalationCounts: Hashable, Sendable {
    var breaches: Int
    var slips: Int
    var findings: Int
    var announcements: Int

    init(breaches: Int, slips: Int, findings: Int, announcements: Int) {
      (self.breaches, self.slips, self.findings, self.announcements) = (breaches, slips, findings, announcements)
    }
  }

  /// What all escalations have written so far, as far as the relay has not taken it away.
  func escalationCounts() throws -> EscalationCounts {
    let row = try connection.execute(
      """
      SELECT count(*), count(slip), (SELECT count(*) FROM finding WHERE type = 'item.escalated'), (SELECT count(*) FROM outbox)
      FROM breach
      """
    ).only()
    return EscalationCounts(
      breaches: try row.decode(0), slips: try row.decode(1), findings: try row.decode(2), announcements: try row.decode(3))
  }
}
