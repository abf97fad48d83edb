// A matter as rows: one for the whole, from which it is read back, and one for each part, for reading alone. Each column is declared once.

import Duban
import PostgreSQL

/// A row of `item`: the whole of a matter, or the part of a unit. Made once for each write, so that no column computes anything twice.
struct ItemRow {
  /// The row's own id.
  let id: Int64
  let matter: Matter
  let unit: String?
  let item: Item
  private let opening: Matter.Opening?
  private let cycle: Item.Cycle?
  private let clocks: [(kind: Item.ClockKind, clock: Item.Clock)]
  /// The supervising tier, or where none was raised yet the tier of the responsible unit.
  private let tier: Tier

  /// The row of the whole.
  init(_ matter: Matter) { self.init(matter, unit: nil, matter.whole, id: matter.id) }

  /// The row of a part.
  init(_ matter: Matter, part: Matter.Part, id: Int64) { self.init(matter, unit: part.unit, part.item, id: id) }

  private init(_ matter: Matter, unit: String?, _ item: Item, id: Int64) {
    (self.id, self.matter, self.unit, self.item) = (id, matter, unit, item)
    (opening, cycle, clocks) = (matter.opening, item.cycle, item.clocks)
    tier = cycle.map { $0.supervisor ?? $0.startTier } ?? opening?.place.lowestTier ?? .city
  }

  /// The clock that is due next.
  private var next: (kind: Item.ClockKind, clock: Item.Clock)? { clocks.first }

  // MARK: - Columns

  /// What a column holds of a row, and what is read back from it; a column that is not read serves queries alone.
  struct Column: Sendable {
    var name: String
    var type: String
    /// Whether a sweep may change it: it writes no others, which takes half the time.
    var isSwept = false
    var array: @Sendable ([ItemRow]) -> any PostgresEncodable
    var read: (@Sendable (Row, Int, inout Draft) throws -> Void)?

    init<T: PostgresArrayElement & PostgresEncodable>(
      _ name: String, _ type: String, swept: Bool = false, _ value: @escaping @Sendable (ItemRow) -> T,
      read: (@Sendable (Row, Int, inout Draft) throws -> Void)? = nil
    ) where [T]: PostgresEncodable {
      (self.name, self.type, isSwept, self.read) = (name, type, swept, read)
      array = { rows in rows.map(value) }
    }
  }

  /// A matter on its way from a row.
  struct Draft {
    var matter = Matter(id: 0, key: ItemKey(source: "", subject: ""), kind: .complaint)
    var opening = Matter.Opening(at: Instant(microseconds: 0), place: Place(), policyVersion: 0)
    var isOpened = false
    var state: String?
    var followed = false
  }

  static let columns: [Column] = [
    // Read back.
    Column("id", "bigint", { $0.id }, read: { $2.matter.id = try $0.decode($1) }),
    Column("matter_id", "bigint", { $0.matter.id }),
    Column("born", "integer", { $0.matter.born }, read: { $2.matter.born = try $0.decode($1) }),
    Column("source", "text", { $0.matter.key.source }, read: { $2.matter.key.source = try $0.decode($1) }),
    Column("subject", "text", { $0.matter.key.subject }, read: { $2.matter.key.subject = try $0.decode($1) }),
    Column("unit", "text", { $0.unit ?? "" }),
    Column("kind", "text", { $0.matter.kind.rawValue }, read: { $2.matter.kind = try Kind(stored: $0.decode($1)) }),
    Column("city_id", "bigint", { $0.opening?.place.cityID }, read: { $2.opening.place.cityID = try $0.decode($1) }),
    Column("district_id", "bigint", { $0.opening?.place.districtID }, read: { $2.opening.place.districtID = try $0.decode($1) }),
    Column("street_id", "bigint", { $0.opening?.place.streetID }, read: { $2.opening.place.streetID = try $0.decode($1) }),
    Column("community", "text", { $0.opening?.place.community }, read: { $2.opening.place.community = try $0.decode($1) }),
    Column("category", "text", { $0.opening?.category }, read: { $2.opening.category = try $0.decode($1) }),
    Column("grade", "text", { $0.opening?.grade }, read: { $2.opening.grade = try $0.decode($1) }),
    Column("title", "text", { $0.opening?.title }, read: { $2.opening.title = try $0.decode($1) }),
    Column(
      "policy_version", "integer", { $0.opening.map { Int32($0.policyVersion) } },
      read: { $2.opening.policyVersion = try $0.decode($1, as: Int?.self) ?? 0 }),
    Column("lead", "text", { $0.opening?.lead }, read: { $2.opening.lead = try $0.decode($1) }),
    Column("lead_id", "bigint", { $0.opening?.leadID }, read: { $2.opening.leadID = try $0.decode($1) }),
    Column(
      "opened_at", "timestamptz", { $0.opening?.at },
      read: { row, i, draft in
        guard let at: Instant = try row.decode(i, as: Instant?.self) else { return }
        (draft.opening.at, draft.isOpened) = (at, true)
      }),
    Column("entries", "integer", { $0.unit == nil ? $0.matter.entries : 0 }, read: { $2.matter.log.entries = try $0.decode($1) }),
    Column(
      "state", "text", swept: true, { $0.unit == nil ? $0.matter.stateText : nil }, read: { $2.state = try $0.decode($1) }),
    // For queries.
    Column("phase", "text", { $0.item.phase.rawValue }),
    Column("tier", "text", swept: true, { $0.tier.rawValue }),
    Column("responsible_id", "bigint", { $0.cycle?.responsibleID }),
    Column("unassigned", "boolean", { $0.matter.isUnassigned($0.unit) }),
    Column("cycle_began_at", "timestamptz", { $0.cycle?.beganAt }),
    Column("answered_at", "timestamptz", { $0.item.answeredAt }),
    Column("closed_at", "timestamptz", { $0.item.closedAt }),
    Column("withdrawn", "boolean", { $0.item.isWithdrawn }),
    Column("cycle", "integer", { $0.item.cycles }),
    Column("clock", "text", swept: true, { $0.next?.kind.rawValue }),
    Column("due_at", "timestamptz", swept: true, { $0.next?.clock.dueAt }),
    Column("suspended_at", "timestamptz", { $0.item.stoppedSince }),
    Column("counted_from", "timestamptz", swept: true, { $0.clocks.map(\.clock.start).min() }),
    Column("counted_to", "timestamptz", swept: true, { $0.clocks.map(\.clock.dueAt).max() }),
    Column("provisional", "boolean", swept: true, { $0.clocks.contains(where: \.clock.isProvisional) }),
    Column("wake_at", "timestamptz", swept: true, { $0.unit == nil ? $0.matter.wakeAt : nil }),
    Column("breached_at", "timestamptz", swept: true, { $0.item.breachedAt }),
    Column("escalations", "integer", swept: true, { $0.item.escalations }),
    Column("urgings", "integer", { $0.item.urgings }),
    Column("returns", "integer", { $0.item.returns }),
    Column("main_source", "text", { $0.item.main?.source }),
    Column("main_subject", "text", { $0.item.main?.subject }),
  ]

  // MARK: - Reading

  private static let readColumns = columns.filter { $0.read != nil }

  /// The columns from which a matter is read back, of the whole's row under an alias.
  static func selection(_ alias: String = "item") -> String {
    readColumns.map { "\(alias).\($0.name)" }.joined(separator: ", ")
  }

  static let selection = selection()

  /// How many columns ``selection`` has.
  static let width = readColumns.count

  /// Reads a matter from the columns of ``selection``, from one on.
  static func read(_ row: Row, from first: Int = 0) throws -> Matter {
    var draft = Draft()
    for (i, column) in readColumns.enumerated() { try column.read?(row, first + i, &draft) }
    if draft.isOpened { draft.matter.opening = draft.opening }
    if let state = draft.state {
      do throws(Refusal) {
        try draft.matter.read(state: state)
      } catch {
        throw StoreFault("the state of item \(draft.matter.id) cannot be read: \(error.detail)")
      }
    }
    return draft.matter
  }

  // MARK: - Writing

  /// New rows: `$1` and on are arrays, one for each column. A key that is there already is left out; returns the ids that were inserted.
  static let insert = """
    INSERT INTO item (\(columns.map(\.name).joined(separator: ", ")))
    SELECT * FROM unnest(\(arrays(columns, from: 1))) ON CONFLICT (source, subject, unit) DO NOTHING RETURNING id
    """

  /// Rows of parts, which may be there already.
  static let upsert = """
    INSERT INTO item (\(columns.map(\.name).joined(separator: ", ")))
    SELECT * FROM unnest(\(arrays(columns, from: 1))) ON CONFLICT (source, subject, unit)
    DO UPDATE SET \(changing.map { "\($0.name) = excluded.\($0.name)" }.joined(separator: ", "))
    """

  static let update = update(changing)
  static let updateSwept = update(swept)

  private static let fixed: Set<String> = ["id", "matter_id", "born", "source", "subject", "unit"]
  private static let changing = columns.filter { !fixed.contains($0.name) }
  private static let swept = columns.filter(\.isSwept)

  private static func arrays(_ columns: [Column], from first: Int) -> String {
    columns.enumerated().map { "$\($0 + first)::\($1.type)[]" }.joined(separator: ", ")
  }

  /// One statement for all changed rows: each column an array, unnested side by side.
  private static func update(_ columns: [Column]) -> String {
    """
    UPDATE item SET \(columns.map { "\($0.name) = new.\($0.name)" }.joined(separator: ", "))
    FROM unnest($1::bigint[], \(arrays(columns, from: 2))) AS new(id, \(columns.map(\.name).joined(separator: ", ")))
    WHERE item.id = new.id
    """
  }

  static func parameters(_ rows: [ItemRow]) -> [(any PostgresEncodable)?] { columns.map { $0.array(rows) } }

  static func updateParameters(_ rows: [ItemRow], isSweep: Bool) -> [(any PostgresEncodable)?] {
    [rows.map(\.id)] + (isSweep ? swept : changing).map { $0.array(rows) }
  }
}
