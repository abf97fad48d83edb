// What operators and the status page ask.

import Duban
import PostgreSQL

/// How far behind Duban is.
public struct Lag: Hashable, Sendable, Encodable {
  /// Age of the oldest due item, one whose deadline, or its warning, has come and that is not handled yet, in seconds; 0 if there is none.
  public var oldestDueSeconds: Double
  /// Its id; nil if there is none.
  public var oldestDueItem: Int64?
  /// Since when it has been due, by Duban's clock.
  public var oldestDueSince: Instant?
  /// How many daemons with the role deadlines are connected.
  public var deadlineWorkers: Int
  /// Age of the oldest event that waits to be published, in seconds; 0 if there is none.
  public var oldestOutboxSeconds: Double
  /// Events that found no queue bound to `duban.events`.
  public var unroutable: Int
  /// Events that wait for their item.
  public var waiting: Int
  /// How many of these are flagged, because they have waited longer than the policy allows.
  public var overdueWaiting: Int
  /// Items in work that are 待派: the directory does not know their street, or their unit. Counted as far as ``Store/unassignedBound``.
  public var unassigned: Int

  public init(
    oldestDueSeconds: Double, oldestDueItem: Int64? = nil, oldestDueSince: Instant? = nil, deadlineWorkers: Int = 0,
    oldestOutboxSeconds: Double, unroutable: Int, waiting: Int, overdueWaiting: Int = 0,
    unassigned: Int = 0
  ) {
    (self.oldestDueSeconds, self.oldestDueItem, self.oldestDueSince) = (oldestDueSeconds, oldestDueItem, oldestDueSince)
    (self.deadlineWorkers, self.oldestOutboxSeconds) = (deadlineWorkers, oldestOutboxSeconds)
    (self.unroutable, self.waiting, self.overdueWaiting) = (unroutable, waiting, overdueWaiting)
    self.unassigned = unassigned
  }
}

/// An item and what a list shows of it: the whole of a matter, or the part of a unit.
public struct ItemSummary: Sendable {
  /// Of the whole, its matter's id; of a part its own.
  public var id: Int64
  public var matter: Matter
  public var unit: String?
  /// The responsible unit (承办).
  public var responsible: String?
  /// The supervising organ (督办).
  public var supervisor: String?

  public var key: ItemKey { matter.key(of: unit) }
  public var item: Item { matter.item(of: unit) ?? Item() }
}

/// A notice as it was written.
public struct NoticeRow: Sendable {
  public var reference: String
  public var kind: String
  public var status: String
  public var organ: String
  public var title: String
  public var body: String
  public var createdAt: Instant
}

extension Store {
  /// How far behind Duban is, by the database's clock.
  public func lag() throws -> Lag {
    let row = try connection.execute(
      """
      WITH due AS (SELECT id, wake_at FROM item WHERE wake_at <= (SELECT duban_now()) ORDER BY wake_at, id LIMIT 1)
      SELECT
        coalesce(extract(epoch FROM duban_now() - (SELECT wake_at FROM due)), 0)::float8,
        (SELECT id FROM due), (SELECT wake_at FROM due),
        (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'duband deadlines'),
        coalesce(extract(epoch FROM duban_now() - (SELECT min(recorded_at) FROM outbox WHERE attempts = 0)), 0)::float8,
        (SELECT count(*) FROM outbox WHERE attempts > 0),
        count(*), count(flagged_at),
        (SELECT count(*) FROM (
          SELECT FROM item WHERE unassigned AND phase IN ('open', 'responded', 'merged') LIMIT \(Self.unassignedBound)) AS counted)
      FROM verdict WHERE verdict = 'waits'
      """
    ).only()
    return Lag(
      oldestDueSeconds: try row.decode(0), oldestDueItem: try row.decode(1), oldestDueSince: try row.decode(2),
      deadlineWorkers: try row.decode(3), oldestOutboxSeconds: try row.decode(4), unroutable: try row.decode(5),
      waiting: try row.decode(6), overdueWaiting: try row.decode(7), unassigned: try row.decode(8))
  }

  /// So many are as much of an alarm as more, and counted within milliseconds.
  public static let unassignedBound = 10_000

  /// What is selected of an item: the row's id and unit, its matter from the row of the whole, and the names of its organs; from ``summaryTables``.
  static let summaryColumns = "item.id, item.unit, \(ItemRow.selection("whole")), responsible.name, supervisor.name"

  static let summaryTables = """
    item JOIN item AS whole ON whole.id = item.matter_id LEFT JOIN organ AS responsible ON responsible.id = item.responsible_id
    LEFT JOIN organ AS supervisor ON supervisor.id =
      CASE item.tier WHEN 'street' THEN item.street_id WHEN 'district' THEN item.district_id ELSE item.city_id END
    """

  /// How many columns ``summaryColumns`` has.
  static let summaryWidth = 4 + ItemRow.width

  private static let summary = "SELECT \(summaryColumns) FROM \(summaryTables)"

  static func summary(_ row: Row) throws -> ItemSummary {
    let unit: String = try row.decode(1)
    var summary = ItemSummary(
      id: try row.decode(0), matter: try ItemRow.read(row, from: 2), unit: unit.isEmpty ? nil : unit,
      responsible: try row.decode(2 + ItemRow.width), supervisor: try row.decode(3 + ItemRow.width))
    if summary.item.cycle?.supervisor == nil { summary.supervisor = nil }
    return summary
  }

  /// One item, by Duban's id or by the number it has upstream, for a part with `#` and its unit behind; nil where there is none.
  ///
  /// - Throws: ``RequestFault`` where several go by that name.
  public func item(named name: String) throws -> ItemSummary? {
    let readings = ItemKey.readings(of: name)
    // The unique key's index begins with the source: a number is looked up in it under each source that there is, one by one.
    let rows = try connection.execute(
      """
      WITH RECURSIVE source(uri) AS (
        SELECT min(source) FROM item UNION ALL
        SELECT (SELECT min(item.source) FROM item WHERE item.source > source.uri) FROM source WHERE source.uri IS NOT NULL)
      \(Self.summary)
      WHERE item.id = ANY (ARRAY(
        SELECT $1::bigint UNION SELECT named.id
        FROM source CROSS JOIN unnest($2::text[], $3::text[], $4::text[]) AS reading(source, subject, unit) CROSS JOIN LATERAL (
          SELECT id FROM item WHERE item.source = source.uri AND item.subject = reading.subject AND item.unit = reading.unit OFFSET 0
        ) AS named
        WHERE source.uri = coalesce(reading.source, source.uri)))
      ORDER BY item.id LIMIT 20
      """, Int64(name), readings.map(\.source), readings.map(\.subject), readings.map { $0.unit ?? "" })
    let found = try rows.map(Self.summary)
    guard found.count < 2 else {
      let keys = found.map { "\($0.key)" }.joined(separator: ", ")
      throw RequestFault("several items go by \(name), so write SOURCE/NUMBER, one of: \(keys)")
    }
    return found.first
  }

  /// The parts (协办件) of a matter.
  public func parts(of matter: Matter) throws -> [ItemSummary] {
    // By the unique key, as there is no index on the matter.
    try connection.execute(
      "\(Self.summary) WHERE item.source = $1 AND item.subject = $2 AND item.unit <> '' ORDER BY item.id", matter.key.source,
      matter.key.subject
    ).map(Self.summary)
  }

  /// The latest notices, newest first.
  public func notices(limit: Int) throws -> [NoticeRow] {
    try connection.execute(
      "SELECT reference, kind, status, organ_name, title, body, created_at FROM notice ORDER BY id DESC LIMIT $1", limit
    ).map { row in
      NoticeRow(
        reference: try row.decode(0), kind: try row.decode(1), status: try row.decode(2), organ: try row.decode(3),
        title: try row.decode(4),
        body: try row.decode(5), createdAt: try row.decode(6))
    }
  }
}
