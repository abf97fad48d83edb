// The benchmark's own questions to a server, and to the databases that it makes there for itself.

import Duban
import PostgreSQL

/// A connection to one of the benchmark's databases. Belongs to one thread at a time.
final class BenchStore {
  let connection: Connection

  init(dsn: String) throws {
    var options = Connection.Options()
    options.applicationName = "duban-bench"
    connection = try Connection(dsn, options: options)
  }

  /// Makes a database, a copy of another one if a template is named; no session may be connected to that one.
  ///
  /// - Throws: ``PostgresError``, e.g. where the role may not create databases.
  func createDatabase(_ name: String, copying template: String? = nil) throws(PostgresError) {
    try liftStatementTimeout()
    var clauses = "TEMPLATE \"\(template ?? "template0")\""
    // The default writes the copy to the WAL block by block, which for gigabytes takes many times as long.
    if template != nil && connection.serverVersion >= 150_000 { clauses += " STRATEGY file_copy" }
    try connection.runScript("CREATE DATABASE \"\(name)\" \(clauses)")
  }

  /// Drops a database and ends whatever sessions there are on it.
  func dropDatabase(_ name: String) throws(PostgresError) {
    try liftStatementTimeout()
    try connection.runScript("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
  }

  /// Writes a checkpoint, so that none that was due anyway falls into a measurement; needs a superuser or `pg_checkpoint`.
  func checkpoint() throws(PostgresError) {
    try liftStatementTimeout()
    try connection.runScript("CHECKPOINT")
  }

  /// Files take as long as they take, and no message waits for this connection.
  private func liftStatementTimeout() throws(PostgresError) {
    try connection.runScript("SET statement_timeout = 0")
  }

  // MARK: - Items from before

  /// Inserts complaints with their messages and logs, as intake would have left them over the last 40 hours: every second one is
  /// answered; all are due in the future. Their ids, counted from 1, must be free.
  func insertEarlierItems(ids: ClosedRange<Int64>, policyVersion: Int) throws(PostgresError) {
    try connection.runScript("DROP FUNCTION IF EXISTS pg_temp.state; " + Self.stateFunction)
    _ = try connection.execute(Self.earlierItems, ids.lowerBound, ids.upperBound, Int32(policyVersion))
  }

  /// To be called before the first ``insertEarlierItems(ids:policyVersion:)``: the log may need a partition for last month.
  func prepareForEarlierItems() throws(PostgresError) {
    _ = try connection.execute("SELECT ensure_partitions(duban_now() - interval '2 days', 3)")
  }

  /// To be called after the last one: moves the sequence of item ids beyond them and leaves the tables vacuumed and analysed.
  func finishEarlierItems(count: Int64) throws(PostgresError) {
    _ = try connection.execute("SELECT setval('item_id', ($1 + 999) / 1000 * 1000 + 1, false)", count)
    try liftStatementTimeout()
    try connection.runScript("VACUUM (ANALYZE) item, message, item_event, original")
  }

  private static let earlierItems = """
    WITH place AS (
      SELECT street.id AS street_id, district.id AS district_id, district.parent_id AS city_id,
        row_number() OVER (ORDER BY street.id) - 1 AS number, count(*) OVER () AS streets
      FROM organ AS street JOIN organ AS district ON district.id = street.parent_id WHERE street.tier = 'street'
    ), complaint AS MATERIALIZED (
      SELECT n AS id, '/hotline/12345' AS source, 'OLD-' || n AS subject, n % 2 = 0 AS is_answered, place.*,
        told.opened_at, told.opened_at + (duban_now() - told.opened_at) / 2 AS answered_at
      FROM generate_series($1::bigint, $2::bigint) AS n JOIN place ON place.number = n % place.streets
        CROSS JOIN LATERAL (SELECT duban_now() - n % 2400 * interval '1 minute' AS opened_at) AS told
    ), inserted_item AS (
      INSERT INTO item (id, matter_id, born, source, subject, kind, phase, tier, responsible_id, city_id, district_id, street_id, community,
        unassigned, category, grade, title, policy_version, opened_at, cycle_began_at, answered_at, withdrawn, clock, due_at, counted_from,
        counted_to, wake_at, cycle, escalations, urgings, returns, provisional, entries, state)
      SELECT id, id, to_char(opened_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::integer, source, subject, 'complaint',
        CASE WHEN is_answered THEN 'responded' ELSE 'open' END, 'street', street_id, city_id, district_id, street_id, '覆盆山小区', false,
        '雨污接驳', '普通', '小区改造后雨水管未接入市政管网', $3::integer, opened_at, opened_at, CASE WHEN is_answered THEN answered_at END, false,
        CASE WHEN is_answered THEN 'resolution' ELSE 'response' END, due_at, opened_at, opened_at + interval '19 days', due_at, 1, 0, 0, 0,
        false, CASE WHEN is_answered THEN 2 ELSE 1 END, pg_temp.state(opened_at, street_id, CASE WHEN is_answered THEN answered_at END)
      FROM complaint CROSS JOIN LATERAL (
        SELECT opened_at + CASE WHEN is_answered THEN interval '19 days' ELSE interval '48 hours' END AS due_at) AS deadline
    ), event AS MATERIALIZED (
      SELECT id AS item_id, opened_at AS born_at, 1 AS number, 'complaint.submitted' AS type, source, 'old-' || id || '-1' AS message_id,
        opened_at AS at,
        '{"category":"雨污接驳","grade":"普通","region":{"community":"覆盆山小区","district":"黄石港区","street":"胜阳港街道"},'
        || '"title":"小区改造后雨水管未接入市政管网"}' AS facts,
        format('{"specversion":"1.0","id":"old-%s-1","source":"%s","type":"duban.complaint.submitted","time":"%s","subject":"%s",', id,
          source, to_char(opened_at, 'YYYY-MM-DD"T"HH24:MI:SSOF:00'), subject)
        || '"datacontenttype":"application/json","data":{"region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山小区"},'
        || '"category":"雨污接驳","grade":"普通","title":"小区改造后雨水管未接入市政管网","content":"三栋东侧雨水井施工完成后一直没有接入市政管网,'
        || '下雨倒灌到一楼,已多次向施工单位反映没有处理,请尽快督促解决并答复。","reporter":{"name":"居民","phone":"138****0000"}}}' AS body
      FROM complaint
      UNION ALL
      SELECT id, opened_at, 2, 'complaint.responded', source, 'old-' || id || '-2', answered_at, '{}',
        format('{"specversion":"1.0","id":"old-%s-2","source":"%s","type":"duban.complaint.responded","time":"%s","subject":"%s",', id,
          source, to_char(answered_at, 'YYYY-MM-DD"T"HH24:MI:SSOF:00'), subject)
        || '"datacontenttype":"application/json","data":{"note":"已联系施工单位,三日内进场整改。"}}'
      FROM complaint WHERE is_answered
    ), inserted_message AS (
      INSERT INTO message (source, id, digest, taken_at)
      SELECT source, message_id, sha256(convert_to(body, 'UTF8')), at FROM event
    ), inserted_original AS (
      INSERT INTO original (item_id, number, recorded_at, body) SELECT item_id, number, at, body FROM event
    )
    INSERT INTO item_event (item_id, born, number, type, source, message_id, occurred_at, recorded_at, facts, digest)
    SELECT item_id, to_char(born_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::integer, number, type, source, message_id, at, at, facts,
      sha256(convert_to(body, 'UTF8'))
    FROM event
    """

  /// A function that makes the state of an open complaint, with 48 hours to answer it and 19 days to settle it.
  static let stateFunction = """
    CREATE FUNCTION pg_temp.state(opened timestamptz, street bigint, answered timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT format(
        '{"effect":%s,"place":%s,"whole":{"cycle":{%s"begun":1,"resolution":{"due":%s,"start":%s,"tier":"street"},"responsible":%s,%s'
          || '"spoke":%s,"start":"street"},"cycles":1}}',
        micros, micros, '"answered":' || answered_micros || ',', micros + 19 * 86400000000, micros, street,
        CASE WHEN answered IS NULL THEN format('"response":{"due":%s,"start":%s,"tier":"street"},', micros + 2 * 86400000000, micros) END,
        micros)
      FROM (SELECT (extract(epoch FROM opened) * 1000000)::bigint, (extract(epoch FROM answered) * 1000000)::bigint)
        AS time(micros, answered_micros) $$
    """

  // MARK: - What a run has left

  /// How many messages have been taken: those of the runs and those of earlier items.
  func messageCount() throws -> Int {
    try connection.execute("SELECT count(*) FROM message").only().decode(0)
  }

  /// How many messages have been taken whose ids begin so.
  func messageCount(ofIDsBeginning prefix: String) throws -> Int {
    try connection.execute("SELECT count(*) FROM message WHERE starts_with(id, $1)", prefix).only().decode(0)
  }

  /// How many messages are in the log, and how many wait for their item.
  ///
  /// - Throws: ``BenchFault`` where these are not the messages that were taken.
  func keptMessages() throws -> (logged: Int, waiting: Int) {
    let row = try connection.execute(
      """
      SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM item_event WHERE message_id IS NOT NULL),
        (SELECT count(*) FROM verdict WHERE verdict = 'waits')
      """
    ).only()
    let (taken, logged, waiting): (Int, Int, Int) = (try row.decode(0), try row.decode(1), try row.decode(2))
    guard taken == logged else { throw BenchFault("\(taken) messages were taken, and \(logged) are in the log") }
    return (logged - waiting, waiting)
  }

  /// Those of the messages that have been taken.
  func taken(among digests: [ContentDigest]) throws -> [ContentDigest] {
    try connection.execute(
      "SELECT digest FROM message JOIN unnest($1::bytea[]) AS asked(digest) USING (digest)", digests.map(\.bytes)
    ).map { ContentDigest(bytes: try $0.decode(0)) }
  }

  /// Hands over the body of every message that was kept, of the log's and of those that wait.
  func forEachKeptBody(_ take: (String) -> Void) throws {
    let last: Int64? = try connection.execute("SELECT max(id) FROM item").only().decode(0)
    for first in stride(from: 1, through: last ?? 0, by: 10_000) {
      let rows = try connection.execute(
        "SELECT body FROM original WHERE item_id BETWEEN $1 AND $2", first, first + 9999)
      for row in rows { take(try row.decode(0)) }
    }
  }

  /// The transaction that took a message.
  struct Taking: Hashable, Sendable {
    /// Tells it from others that began in the same microsecond.
    var transaction: Int64
    var beganAt: Instant
  }

  /// Which transactions took the messages whose ids begin so, by message id.
  func takings(ofIDsBeginning prefix: String) throws -> [String: Taking] {
    let rows = try connection.execute(
      "SELECT id, xmin::text::bigint, taken_at FROM message WHERE starts_with(id, $1)", prefix)
    var takings: [String: Taking] = [:]
    for row in rows { takings[try row.decode(0)] = Taking(transaction: try row.decode(1), beganAt: try row.decode(2)) }
    return takings
  }
}

extension Rows {
  /// The one row of a statement that always yields one.
  func only() throws(BenchFault) -> Row {
    guard let row = first else { throw BenchFault("a statement that always yields a row yielded none") }
    return row
  }
}
