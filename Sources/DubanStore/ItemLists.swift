// Lists of items, the most urgent first: what is in work in the order in which it presses, and what a day brings.

import Duban
import PostgreSQL

/// Which items to list; a nil condition matches all.
public struct ItemFilter: Sendable {
  public var kind: Kind?
  public var phase: Item.Phase?
  public var tier: Tier?
  /// Of one of these districts, streets, responsible units (承办): ids of organs.
  public var districts: [Int64]?
  public var streets: [Int64]?
  public var responsible: [Int64]?
  /// Of one of these charges, as ``Store/charges(of:in:)`` finds those of a person.
  public var charges: [Charge]?
  /// Only what is not overdue (逾期) and falls due within this time from now.
  public var dueWithin: Span?
  /// Only what is overdue (逾期), as ``ListedItem/overdue`` says.
  public var overdueOnly = false
  public var unassignedOnly = false
  /// Only what is on the list of what cannot be settled for now (挂账).
  public var parkedOnly = false
  public var limit = 50

  public init() {}
}

/// Who has items, and where they are: what the directory names a person (责任人) by.
public struct Charge: Hashable, Sendable {
  public var responsibleID: Int64
  public var streetID: Int64?
  public var communityID: Int64?
  /// In upstream's words.
  public var community: String?
}

/// An item as a list has it.
public struct ListedItem: Sendable {
  /// 逾期: a clock whose deadline the responsible unit let pass, and since when.
  public struct Overdue: Sendable {
    public var clock: Item.ClockKind
    public var since: Instant
  }

  public var summary: ItemSummary
  /// Nil where nothing is overdue: what was answered or settled late is done, a breach that is contested or annulled does not make an item
  /// overdue, and while the clocks are stopped (中止计时, 重复件) nothing is. Of two clocks the one that was due first.
  public var overdue: Overdue?
  /// Whether its number is also that of an item of another source.
  public var needsSource: Bool
}

/// Items that an office sees to on one day, by district.
public struct DayList: Sendable {
  public enum Section: Int32, CaseIterable, Sendable {
    /// 今日到期: not overdue, and due by the end of the day.
    case due
    /// 逾期.
    case overdue
    /// 今日新增: matters that were opened on the day, whatever became of them.
    case opened
    /// 挂账待复核: parked matters whose review is due by the end of the day, or was due and has not been made.
    case review
  }

  /// A section of a district's list.
  public struct Entry: Sendable {
    /// How many items there are, of which ``items`` has the most urgent.
    public var count = 0
    public var items: [ListedItem] = []

    public init() {}
  }

  /// By the district's id; nil for what is 待派 so that no district is known.
  public var entries: [Int64?: [Section: Entry]] = [:]
}

extension Store {
  /// Items at a time by the database's clock, the most urgent first: what is overdue, the longest first; then what falls due, the soonest first;
  /// then the others by id. What is parked (挂账) comes in the order in which its reviews are due; then what has none.
  public func items(_ filter: ItemFilter, at now: Instant) throws -> [ListedItem] {
    var pressing = Conditions(filter, now: now)
    pressing.add(Self.isPressing)
    let urgency = "late.due_at NULLS LAST, item.due_at NULLS LAST, item.id"
    var listed = try items(where: pressing, from: "item \(Self.lateness)", by: urgency, limit: filter.limit)
    guard listed.count < filter.limit, !filter.overdueOnly, filter.dueWithin == nil else { return listed }
    // Apart, so that what is in work is found by its own indexes, however much is closed.
    var others = Conditions(filter, now: now)
    others.add("NOT (\(Self.isPressing))")
    let neverLate = "item CROSS JOIN (SELECT NULL::timestamptz, NULL::text) AS late(due_at, clock)"
    listed += try items(
      where: others, from: neverLate,
      by: filter.parkedOnly ? "(item.clock = 'review') IS NOT TRUE, item.due_at, item.id" : "item.id",
      limit: filter.limit - listed.count)
    return listed
  }

  private func items(where conditions: Conditions, from tables: String, by order: String, limit: Int) throws -> [ListedItem] {
    var conditions = conditions
    let most = conditions.parameter(limit)
    return try connection.execute(
      """
      SELECT \(Self.listedColumns) FROM (
        SELECT item.id, late.due_at AS late_due_at, late.clock AS late_clock, row_number() OVER (ORDER BY \(order)) AS place
        FROM \(tables) WHERE \(conditions.text) ORDER BY \(order) LIMIT \(most)
      ) AS listed JOIN \(Self.summaryTables) ON item.id = listed.id ORDER BY listed.place
      """, parameters: conditions.parameters
    ).map(Self.listed)
  }

  /// The charges of the items for which a person of the directory is responsible (责任人), by the person's name.
  public func charges(of person: String, in directory: Directory) throws -> [Charge] {
    // Communities are in upstream's words: which of them a person's is, the directory says.
    try connection.execute(
      """
      SELECT DISTINCT responsible_id, street_id, community_id, community FROM item
      WHERE responsible_id IS NOT NULL AND (responsible_id = ANY ($1) OR street_id = ANY ($1))
      """, directory.persons.filter { $0.name == person }.map(\.organID)
    ).map { row in
      Charge(
        responsibleID: try row.decode(0), streetID: try row.decode(1), communityID: try row.decode(2),
        community: try row.decode(3))
    }.filter { charge in
      let place = Place(streetID: charge.streetID, communityID: charge.communityID, community: charge.community)
      return directory.person(at: charge.responsibleID, of: place)?.name == person
    }
  }

  /// How many items a filter matches, whatever its limit; not more than `bound`.
  public func itemCount(_ filter: ItemFilter, at now: Instant, upTo bound: Int) throws -> Int {
    var conditions = Conditions(filter, now: now)
    let most = conditions.parameter(bound)
    let tables = filter.overdueOnly || filter.dueWithin != nil ? "item \(Self.lateness)" : "item"
    return try connection.execute(
      "SELECT count(*) FROM (SELECT FROM \(tables) WHERE \(conditions.text) LIMIT \(most)) AS counted",
      parameters: conditions.parameters
    ).only().decode(0)
  }

  /// What is due by the end of a day, overdue, or was opened on the day, by district; of each section at most `limit` items. The time is the
  /// database's. The day goes from 00:00 to 24:00 in Asia/Shanghai: a deadline at its end is the day's, one at its start the day before's.
  public func items(at now: Instant, day: Range<Instant>, limit: Int) throws -> DayList {
    func section(_ section: DayList.Section, _ condition: String) -> String {
      """
      SELECT \(section.rawValue) AS section, item.id, item.district_id, item.due_at, late.due_at AS late_due_at, late.clock AS late_clock
      FROM item \(Self.lateness) WHERE \(condition)
      """
    }
    let rows = try connection.execute(
      """
      SELECT \(Self.listedColumns), listed.section, listed.district_id, listed.total FROM (
        SELECT *, count(*) OVER (PARTITION BY section, district_id) AS total,
          row_number() OVER (PARTITION BY section, district_id ORDER BY late_due_at NULLS LAST, due_at NULLS LAST, id) AS place
        FROM (
          \(section(.due, Self.isDue(by: "$3")))
          UNION ALL \(section(.overdue, Self.isOverdue))
          UNION ALL \(section(.review, Self.isToReview(by: "$3")))
          UNION ALL \(section(.opened, "item.unit = '' AND item.opened_at >= $2 AND item.opened_at < $3"))
        ) AS found
      ) AS listed JOIN \(Self.summaryTables) ON item.id = listed.id WHERE listed.place <= $4 ORDER BY listed.section, listed.place
      """, now, day.lowerBound, day.upperBound, limit)
    var list = DayList()
    for row in rows {
      let next = Self.summaryWidth + 3
      guard let section = DayList.Section(rawValue: try row.decode(next)) else { continue }
      let district: Int64? = try row.decode(next + 1)
      list.entries[district, default: [:]][section, default: .init()].count = try row.decode(next + 2)
      list.entries[district, default: [:]][section, default: .init()].items.append(try Self.listed(row))
    }
    return list
  }

  // MARK: - Conditions

  /// Clocks run: as the fold takes it, which lets deadlines lapse only then.
  private static let isRunning = "item.phase IN ('open', 'responded') AND item.suspended_at IS NULL"

  /// What may be due or overdue. The last condition follows from the others for what has a deadline or had one; each of its cases has an index.
  private static let isPressing = "\(isRunning) AND (item.wake_at IS NOT NULL OR item.unit <> '' OR item.breached_at IS NOT NULL)"

  /// With ``lateness``, and `$1` for the time. The last condition is there for the indexes.
  fileprivate static let isOverdue = """
    \(isRunning) AND late.due_at IS NOT NULL
    AND (item.breached_at IS NOT NULL OR item.wake_at <= $1 OR item.unit <> '' AND item.due_at <= $1)
    """

  /// Whether an item that is not overdue falls due by a time. The last condition is there for the indexes: a matter wakes when its first
  /// deadline comes, or before.
  fileprivate static func isDue(by time: String) -> String {
    "\(isRunning) AND late.due_at IS NULL AND item.due_at <= \(time) AND (item.wake_at <= \(time) OR item.unit <> '')"
  }

  /// 挂账, as the state of the matter has it. Clocks are stopped then.
  fileprivate static let isParked = """
    item.phase IN ('open', 'responded') AND item.suspended_at IS NOT NULL AND CASE
      WHEN item.unit = '' THEN item.state::jsonb #>> '{whole,cycle,parked}'
      ELSE (
        SELECT part #>> '{item,cycle,parked}' FROM item AS matter CROSS JOIN jsonb_array_elements(matter.state::jsonb -> 'parts') AS part
        WHERE matter.id = item.matter_id AND part ->> 'name' = item.unit)
      END = 'true'
    """

  /// Whether the review of what is parked is due by a time, or its responsible unit has let it pass. A clock that runs wakes its matter.
  private static func isToReview(by time: String) -> String {
    """
    item.wake_at IS NOT NULL AND item.unit = '' AND item.clock = 'review' AND \(isParked)
    AND (item.due_at <= \(time) OR (item.state::jsonb #>> '{whole,cycle,review,step}')::integer > 0)
    """
  }

  /// The first step of the present cycle that lapsed though its duty is not done (`late`), by the time `$1`: from the breaches on record, and
  /// from the deadline that no sweep has come to yet.
  private static let lateness = """
    LEFT JOIN LATERAL (
      SELECT breach.due_at, breach.clock FROM breach
      WHERE \(isRunning) AND item.breached_at IS NOT NULL AND breach.item_id = item.matter_id AND coalesce(breach.unit, '') = item.unit
        AND breach.cycle = item.cycle AND NOT breach.supervising AND breach.status NOT IN ('annulled', 'contested')
        AND (breach.clock = 'resolution' OR item.answered_at IS NULL)
      UNION ALL SELECT item.due_at, item.clock WHERE \(isRunning) AND item.due_at <= $1
      ORDER BY 1 LIMIT 1
    ) AS late ON true
    """

  /// The columns of a ``ListedItem``, with `listed` for the rows that were found.
  private static let listedColumns = """
    \(summaryColumns), listed.late_due_at, listed.late_clock, EXISTS (
      SELECT FROM upstream_source AS other CROSS JOIN LATERAL (
        SELECT FROM item AS twin WHERE twin.source = other.uri AND twin.subject = item.subject AND twin.unit = item.unit OFFSET 0
      ) AS namesake WHERE other.uri <> item.source)
    """

  private static func listed(_ row: Row) throws -> ListedItem {
    let next = summaryWidth
    let since: Instant? = try row.decode(next)
    let clock: String? = try row.decode(next + 1)
    return ListedItem(
      summary: try summary(row),
      overdue: try since.flatMap { since in try clock.map { .init(clock: try .init(stored: $0), since: since) } },
      needsSource: try row.decode(next + 2))
  }
}

/// The conditions of a statement, and its parameters, of which the first is the time.
private struct Conditions {
  private var texts: [String] = []
  private(set) var parameters: [(any PostgresEncodable)?]

  init(_ filter: ItemFilter, now: Instant) {
    parameters = [now]
    if let kind = filter.kind { add("item.kind = \(parameter(kind.rawValue))") }
    if let phase = filter.phase { add("item.phase = \(parameter(phase.rawValue))") }
    if let tier = filter.tier { add("item.tier = \(parameter(tier.rawValue))") }
    if let districts = filter.districts { add("item.district_id = ANY (\(parameter(districts)))") }
    if let streets = filter.streets { add("item.street_id = ANY (\(parameter(streets)))") }
    if let responsible = filter.responsible { add("item.responsible_id = ANY (\(parameter(responsible)))") }
    if let charges = filter.charges {
      add(
        """
        EXISTS (
          SELECT FROM unnest(\(parameter(charges.map(\.responsibleID)))::bigint[], \(parameter(charges.map(\.streetID)))::bigint[],
            \(parameter(charges.map(\.communityID)))::bigint[], \(parameter(charges.map(\.community)))::text[])
            AS charge(responsible_id, street_id, community_id, community)
          WHERE charge.responsible_id = item.responsible_id AND charge.street_id IS NOT DISTINCT FROM item.street_id
            AND charge.community_id IS NOT DISTINCT FROM item.community_id AND charge.community IS NOT DISTINCT FROM item.community)
        """)
    }
    if filter.unassignedOnly { add("item.unassigned AND item.phase IN ('open', 'responded', 'merged')") }
    if filter.parkedOnly { add(Store.isParked) }
    if filter.overdueOnly { add(Store.isOverdue) }
    if let span = filter.dueWithin { add(Store.isDue(by: parameter(now + span))) }
  }

  var text: String { texts.isEmpty ? "true" : texts.map { "(\($0))" }.joined(separator: " AND ") }

  mutating func add(_ condition: String) { texts.append(condition) }

  /// Adds a parameter; returns what stands for it.
  mutating func parameter(_ value: any PostgresEncodable) -> String {
    parameters.append(value)
    return "$\(parameters.count)"
  }
}
