// An item as a row: its columns, read and written in one order.

import Duban
import PostgreSQL

extension ItemKey {
  /// As a row says it: the empty text stands for no unit, since a unique key never takes two rows without one for the same.
  init(source: String, subject: String, storedUnit: String) {
    self.init(source: source, subject: subject, unit: storedUnit.isEmpty ? nil : storedUnit)
  }

  var storedUnit: String { unit ?? "" }
}

enum ItemRow {
  /// The columns that an event can change, in the order in which they are written.
  static let changing = [
    "kind", "phase", "tier", "city_id", "district_id", "street_id", "community", "unassigned", "category", "grade", "title",
    "policy_version", "opened_at", "answered_at", "closed_at", "reopened_at", "early_reopening", "clock", "due_at",
    "resolution_due_at", "suspended_at", "early_resumption", "main_source", "main_subject", "extension_asked_at", "early_grant",
    "extensions", "cycle_started_at", "cycle", "breached_at", "escalations",
    "urgings", "returns", "sequence", "withdrawn",
    "warn_at", "provisional_under", "lead", "lead_named_at", "unit_id",
  ]
  static let columns = ["id", "source", "subject"] + changing + ["unit"]

  /// `item.id, item.source, …`
  static let selection = columns.map { "item.\($0)" }.joined(separator: ", ")

  static func read(_ row: Row) throws -> Item {
    let clock: String? = try row.decode(20)
    let dueAt: Instant? = try row.decode(21)
    let mainSource: String? = try row.decode(25)
    let mainSubject: String? = try row.decode(26)
    return Item(
      id: try row.decode(0), key: ItemKey(source: try row.decode(1), subject: try row.decode(2), storedUnit: try row.decode(43)),
      kind: try Kind(stored: row.decode(3)), phase: try Item.Phase(stored: row.decode(4)), tier: try Tier(stored: row.decode(5)),
      place: Place(
        cityID: try row.decode(6), districtID: try row.decode(7), streetID: try row.decode(8), community: try row.decode(9),
        isUnassigned: try row.decode(10)),
      category: try row.decode(11), grade: try row.decode(12), title: try row.decode(13), lead: try row.decode(40),
      leadNamedAt: try row.decode(41), unitID: try row.decode(42), policyVersion: try row.decode(14),
      openedAt: try row.decode(15), answeredAt: try row.decode(16), closedAt: try row.decode(17), isWithdrawn: try row.decode(37),
      reopenedAt: try row.decode(18),
      earlyReopening: try row.decode(19),
      deadline: try clock.flatMap { clock in
        try dueAt.map { Item.Deadline(clock: try .init(stored: clock), dueAt: $0, warnAt: try row.decode(38)) }
      },
      resolutionDueAt: try row.decode(22), provisionalUnder: try row.decode(39), suspendedAt: try row.decode(23),
      earlyResumption: try row.decode(24),
      main: mainSource.flatMap { source in mainSubject.map { ItemKey(source: source, subject: $0) } },
      extensionAskedAt: try row.decode(27), earlyGrant: try row.decode(28), extensions: try row.decode(29),
      cycleStartedAt: try row.decode(30), cycle: try row.decode(31), breachedAt: try row.decode(32),
      escalations: try row.decode(33), urgings: try row.decode(34), returns: try row.decode(35), sequence: try row.decode(36))
  }

  static func append(_ item: Item, to rows: inout CopyRows) {
    rows.append(item.id)
    rows.append(item.key.source)
    rows.append(item.key.subject)
    rows.append(item.kind.rawValue)
    rows.append(item.phase.rawValue)
    rows.append(item.tier.rawValue)
    rows.append(item.place.cityID)
    rows.append(item.place.districtID)
    rows.append(item.place.streetID)
    rows.append(item.place.community)
    rows.append(item.place.isUnassigned)
    rows.append(item.category)
    rows.append(item.grade)
    rows.append(item.title)
    rows.append(Int32(item.policyVersion))
    rows.append(item.openedAt)
    rows.append(item.answeredAt)
    rows.append(item.closedAt)
    rows.append(item.reopenedAt)
    rows.append(item.earlyReopening)
    rows.append(item.deadline?.clock.rawValue)
    rows.append(item.deadline?.dueAt)
    rows.append(item.resolutionDueAt)
    rows.append(item.suspendedAt)
    rows.append(item.earlyResumption)
    rows.append(item.main?.source)
    rows.append(item.main?.subject)
    rows.append(item.extensionAskedAt)
    rows.append(item.earlyGrant)
    rows.append(item.extensions)
    rows.append(item.cycleStartedAt)
    rows.append(item.cycle)
    rows.append(item.breachedAt)
    rows.append(item.escalations)
    rows.append(item.urgings)
    rows.append(item.returns)
    rows.append(item.sequence)
    rows.append(item.isWithdrawn)
    rows.append(item.deadline?.warnAt)
    rows.append(item.provisionalUnder.map { Int32($0) })
    rows.append(item.lead)
    rows.append(item.leadNamedAt)
    rows.append(item.unitID)
    rows.append(item.key.storedUnit)
  }

  /// The columns that a deadline's passing, or its warning, can change: a sweep writes no others, which takes half the time.
  static let waking = [
    "tier", "clock", "due_at", "warn_at", "breached_at", "escalations", "sequence", "provisional_under", "unit_id",
  ]

  /// One statement for all changed items: each column an array, unnested side by side.
  static let update = update(of: changing)
  static let updateWoken = update(of: waking)

  private static func update(of columns: [String]) -> String {
    let types = [
      "kind": "text", "phase": "text", "tier": "text", "city_id": "bigint", "district_id": "bigint", "street_id": "bigint",
      "unit_id": "bigint", "lead_named_at": "timestamptz",
      "unassigned": "boolean", "withdrawn": "boolean", "provisional_under": "integer", "policy_version": "integer",
      "cycle": "integer",
      "escalations": "integer",
      "urgings": "integer",
      "returns": "integer", "sequence": "integer", "opened_at": "timestamptz", "answered_at": "timestamptz",
      "closed_at": "timestamptz", "reopened_at": "timestamptz", "early_reopening": "timestamptz",
      "due_at": "timestamptz", "warn_at": "timestamptz", "resolution_due_at": "timestamptz", "suspended_at": "timestamptz",
      "early_resumption": "timestamptz", "extension_asked_at": "timestamptz", "early_grant": "timestamptz",
      "extensions": "integer",
      "cycle_started_at": "timestamptz", "breached_at": "timestamptz",
    ]
    let arrays = columns.enumerated().map { "$\($0 + 2)::\(types[$1] ?? "text")[]" }.joined(separator: ", ")
    let assignments = columns.map { "\($0) = new.\($0)" }.joined(separator: ", ")
    return """
      UPDATE item SET \(assignments)
      FROM unnest($1::bigint[], \(arrays)) AS new(id, \(columns.joined(separator: ", ")))
      WHERE item.id = new.id
      """
  }

  /// In the order of ``waking``.
  static func updateWokenParameters(_ items: [Item]) -> [(any PostgresEncodable)?] {
    [
      items.map(\.id), items.map(\.tier.rawValue), items.map(\.deadline?.clock.rawValue), items.map(\.deadline?.dueAt),
      items.map(\.deadline?.warnAt), items.map(\.breachedAt), items.map(\.escalations), items.map(\.sequence),
      items.map { $0.provisionalUnder.map { Int32($0) } }, items.map(\.unitID),
    ]
  }

  static func updateParameters(_ items: [Item]) -> [(any PostgresEncodable)?] {
    [
      items.map(\.id), items.map(\.kind.rawValue), items.map(\.phase.rawValue), items.map(\.tier.rawValue),
      items.map(\.place.cityID), items.map(\.place.districtID), items.map(\.place.streetID), items.map(\.place.community),
      items.map(\.place.isUnassigned), items.map(\.category), items.map(\.grade), items.map(\.title),
      items.map { Int32($0.policyVersion) }, items.map(\.openedAt), items.map(\.answeredAt), items.map(\.closedAt),
      items.map(\.reopenedAt), items.map(\.earlyReopening), items.map(\.deadline?.clock.rawValue),
      items.map(\.deadline?.dueAt), items.map(\.resolutionDueAt), items.map(\.suspendedAt), items.map(\.earlyResumption),
      items.map(\.main?.source), items.map(\.main?.subject), items.map(\.extensionAskedAt), items.map(\.earlyGrant),
      items.map(\.extensions), items.map(\.cycleStartedAt), items.map(\.cycle), items.map(\.breachedAt),
      items.map(\.escalations),
      items.map(\.urgings), items.map(\.returns), items.map(\.sequence), items.map(\.isWithdrawn), items.map(\.deadline?.warnAt),
      items.map { $0.provisionalUnder.map { Int32($0) } }, items.map(\.lead), items.map(\.leadNamedAt), items.map(\.unitID),
    ]
  }
}
