// A matter as rows: one for the whole, from which it is read back, and one for each part, for reading alone. Each column is declared once.

import Duban
import PostgreSQL

/// A row of `item`: the whole of a matter, or the part of a unit. Made once for each write, so that no column computes anything twice. A class,
/// because it is wide and every column looks at it.
final class ItemRow: Sendable {
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
  convenience init(_ matter: Matter) { self.init(matter, unit: nil, matter.whole, id: matter.id) }

  /// The row of a part.
  convenience init(_ matter: Matter, part: Matter.Part, id: Int64) { self.init(matter, unit: part.unit, part.item, id: id) }

  private init(_ matter: Matter, unit: String?, _ item: Item, id: Int64) {
    (self.id, self.matter, self.unit, self.item) = (id, matter, unit, item)
    (opening, cycle, clocks) = (matter.opening, item.cycle, item.clocks)
    tier = cycle.map { $0.supervisor ?? $0.startTier } ?? opening?.place.lowestTier ?? .city
  }

  /// The clock that is due next.
  private var next: (kind: Item.ClockKind, clock: Item.Clock)? { clocks.first }

  // MARK: - Columns

  /// By what a column changes: fewer columns are written faster.
  enum Moves: Int, Comparable {
    /// By the passing of time, or by a message.
    case byTime
    case byMessage
    /// Only where a message changes what the opening said.
    case byOpening
    /// Never.
    case never

    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// What a column holds of a row, and what is read back from it; a column that is not read serves queries alone.
  struct Column: Sendable {
    var name: String
    var type: String
    var moves: Moves
    var array: @Sendable ([ItemRow]) -> any PostgresEncodable
    var append: @Sendable (ItemRow, inout CopyRows) -> Void
    var read: (@Sendable (Row, Int, inout Draft) throws -> Void)?

    init<T: PostgresArrayElement & PostgresEncodable>(
      _ name: String, _ type: String, _ moves: Moves, _ value: @escaping @Sendable (ItemRow) -> T,
      read: (@Sendable (Row, Int, inout Draft) throws -> Void)? = nil
    ) where [T]: PostgresEncodable {
      (self.name, self.type, self.moves, self.read) = (name, type, moves, read)
      array = { rows in rows.map(value) }
      append = { row, rows in rows.append(value(row)) }
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
    Column("id", "bigint", .never, { $0.id }, read: { $2.matter.id = try $0.decode($1) }),
    Column("matter_id", "bigint", .never, { $0.matter.id }),
    Column("born", "integer", .never, { $0.matter.born }, read: { $2.matter.born = try $0.decode($1) }),
    Column("source", "text", .never, { $0.matter.key.source }, read: { $2.matter.key.source = try $0.decode($1) }),
    Column("subject", "text", .never, { $0.matter.key.subject }, read: { $2.matter.key.subject = try $0.decode($1) }),
    Column("unit", "text", .never, { $0.unit ?? "" }),
    Column("kind", "text", .byOpening, { $0.matter.kind.rawValue }, read: { $2.matter.kind = try Kind(stored: $0.decode($1)) }),
    Column("city_id", "bigint", .byOpening, { $0.opening?.place.cityID }, read: { $2.opening.place.cityID = try $0.decode($1) }),
    Column(
      "district_id", "bigint", .byOpening, { $0.opening?.place.districtID },
      read: { $2.opening.place.districtID = try $0.decode($1) }),
    Column(
      "street_id", "bigint", .byOpening, { $0.opening?.place.streetID }, read: { $2.opening.place.streetID = try $0.decode($1) }),
    Column(
      "community_id", "bigint", .byOpening, { $0.opening?.place.communityID },
      read: { $2.opening.place.communityID = try $0.decode($1) }),
    Column(
      "community", "text", .byOpening, { $0.opening?.place.community }, read: { $2.opening.place.community = try $0.decode($1) }),
    Column("category", "text", .byOpening, { $0.opening?.category }, read: { $2.opening.category = try $0.decode($1) }),
    Column("grade", "text", .byOpening, { $0.opening?.grade }, read: { $2.opening.grade = try $0.decode($1) }),
    Column("title", "text", .byOpening, { $0.opening?.title }, read: { $2.opening.title = try $0.decode($1) }),
    Column(
      "policy_version", "integer", .byOpening, { $0.opening.map { Int32($0.policyVersion) } },
      read: { $2.opening.policyVersion = try $0.decode($1, as: Int?.self) ?? 0 }),
    Column("lead", "text", .byOpening, { $0.opening?.lead }, read: { $2.opening.lead = try $0.decode($1) }),
    Column("lead_id", "bigint", .byOpening, { $0.opening?.leadID }, read: { $2.opening.leadID = try $0.decode($1) }),
    Column(
      "opened_at", "timestamptz", .byOpening, { $0.opening?.at },
      read: { row, i, draft in
        guard let at: Instant = try row.decode(i, as: Instant?.self) else { return }
        (draft.opening.at, draft.isOpened) = (at, true)
      }),
    Column(
      "entries", "integer", .byMessage, { $0.unit == nil ? $0.matter.entries : 0 },
      read: { $2.matter.log.entries = try $0.decode($1) }),
    Column(
      "state", "text", .byTime, { $0.unit == nil ? $0.matter.stateText : nil }, read: { $2.state = try $0.decode($1) }),
    // For queries.
    Column("phase", "text", .byMessage, { $0.item.phase.rawValue }),
    Column("tier", "text", .byTime, { $0.tier.rawValue }),
    Column("responsible_id", "bigint", .byMessage, { $0.cycle?.responsibleID }),
    Column("unassigned", "boolean", .byMessage, { $0.matter.isUnassigned($0.unit) }),
    Column("cycle_began_at", "timestamptz", .byMessage, { $0.cycle?.beganAt }),
    Column("answered_at", "timestamptz", .byMessage, { $0.item.answeredAt }),
    Column("closed_at", "timestamptz", .byMessage, { $0.item.closedAt }),
    Column("withdrawn", "boolean", .byMessage, { $0.item.isWithdrawn }),
    Column("cycle", "integer", .byMessage, { $0.item.cycles }),
    Column("clock", "text", .byTime, { $0.next?.kind.rawValue }),
    Column("due_at", "timestamptz", .byTime, { $0.next?.clock.dueAt }),
    Column("suspended_at", "timestamptz", .byMessage, { $0.item.stoppedSince }),
    Column("counted_from", "timestamptz", .byTime, { $0.clocks.map(\.clock.start).min() }),
    Column("counted_to", "timestamptz", .byTime, { $0.clocks.map(\.clock.dueAt).max() }),
    Column("provisional", "boolean", .byTime, { $0.clocks.contains(where: \.clock.isProvisional) }),
    Column("wake_at", "timestamptz", .byTime, { $0.unit == nil ? $0.matter.wakeAt : nil }),
    Column("breached_at", "timestamptz", .byTime, { $0.item.breachedAt }),
    Column("escalations", "integer", .byTime, { $0.item.escalations }),
    Column("urgings", "integer", .byMessage, { $0.item.urgings }),
    Column("returns", "integer", .byMessage, { $0.item.returns }),
    Column("main_source", "text", .byMessage, { $0.item.main?.source }),
    Column("main_subject", "text", .byMessage, { $0.item.main?.subject }),
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

  /// Rows of parts, which may be there already.
  static let upsert = """
    INSERT INTO item (\(names.joined(separator: ", ")))
    SELECT * FROM unnest(\(arrays(columns, from: 1))) ON CONFLICT (source, subject, unit)
    DO UPDATE SET \(columns(moved: .byOpening).map { "\($0.name) = excluded.\($0.name)" }.joined(separator: ", "))
    """

  private static let moved: [Moves: (columns: [Column], update: String)] = Dictionary(
    uniqueKeysWithValues: [Moves.byTime, .byMessage, .byOpening].map { moves in
      let moved = columns.filter { $0.moves <= moves }
      return (moves, (moved, update(moved)))
    })

  /// The columns that change where so much has moved.
  private static func columns(moved: Moves) -> [Column] { Self.moved[moved]?.columns ?? [] }

  /// Changes those columns of rows: `$1` is an array of ids, each other parameter one of a column.
  static func update(moved: Moves) -> String { Self.moved[moved]?.update ?? "" }

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

  /// How much of a matter's row a message has moved.
  static func moves(of change: MatterChange) -> Moves {
    change.before?.opening == change.matter.opening && change.before?.kind == change.matter.kind ? .byMessage : .byOpening
  }

  static let names = columns.map(\.name)

  /// Appends the row to rows of ``names``.
  func append(to rows: inout CopyRows) { for column in Self.columns { column.append(self, &rows) } }

  static func parameters(_ rows: [ItemRow]) -> [(any PostgresEncodable)?] { columns.map { $0.array(rows) } }

  static func updateParameters(_ rows: [ItemRow], moved: Moves) -> [(any PostgresEncodable)?] {
    [rows.map(\.id)] + columns(moved: moved).map { $0.array(rows) }
  }
}
