// Breaches on record: read for folds, listed for people, decided by them (申诉成立, 免予计入).

import Duban
import PostgreSQL

/// A breach as it is listed.
public struct BreachRow: Sendable {
  public var breach: Breach
  public var key: ItemKey
  public var organ: String?
}

/// A line of a breach's record, or of its matter's.
public struct FindingRow: Sendable {
  public var at: Instant
  public var type: String
  public var data: String

  public init(at: Instant, type: String, data: String) { (self.at, self.type, self.data) = (at, type, data) }
}

extension Store {
  /// All breaches on record of matters, by item id, in the order of their due times.
  public func breaches(of items: [Int64]) throws -> [Int64: [Breach]] {
    let rows = try connection.execute(
      "SELECT \(Self.breachSelection) FROM breach WHERE item_id = ANY ($1) ORDER BY item_id, due_at, number", items)
    return Dictionary(grouping: try rows.map { try Self.breach($0) }, by: \.itemID)
  }

  /// The 约谈 on record over matters.
  func noticesOnRecord(of items: [Int64]) throws -> [Int64: [NoticeOnRecord]] {
    guard !items.isEmpty else { return [:] }
    var notices: [Int64: [NoticeOnRecord]] = [:]
    for row in try connection.execute(
      "SELECT item_id, reference, unit, begun_by, status = 'withdrawn' FROM notice WHERE item_id = ANY ($1) ORDER BY id", items)
    {
      notices[try row.decode(0), default: []].append(
        NoticeOnRecord(
          reference: try row.decode(1), unit: try row.decode(2), begunBy: try row.decode(3), isWithdrawn: try row.decode(4)))
    }
    return notices
  }

  /// Breaches, the latest found first; all of an item where one is given, else of a status.
  public func breaches(of item: Int64?, status: Breach.Status?, limit: Int) throws -> [BreachRow] {
    try connection.execute(
      """
      SELECT \(Self.breachSelection), item.source, item.subject, organ.name
      FROM breach JOIN item ON item.id = breach.item_id LEFT JOIN organ ON organ.id = breach.organ_id
      WHERE ($1::bigint IS NULL OR item_id = $1) AND ($2::text IS NULL OR breach.status = $2)
      ORDER BY found_at DESC, item_id, number DESC LIMIT $3
      """, item, status?.rawValue, limit
    ).map { row in
      let breach = try Self.breach(row)
      return BreachRow(
        breach: breach,
        key: ItemKey(
          source: try row.decode(Self.breachColumns.count), subject: try row.decode(Self.breachColumns.count + 1),
          unit: breach.lapse.step.unit), organ: try row.decode(Self.breachColumns.count + 2))
    }
  }

  /// What Duban found and did about a matter, in order; about one breach, where its number is given.
  public func findings(of item: Int64, breach: Int32? = nil) throws -> [FindingRow] {
    try connection.execute(
      """
      SELECT at, type, data FROM finding WHERE item_id = $1 AND ($2::integer IS NULL OR data::jsonb -> 'breach' = to_jsonb($2))
      ORDER BY id
      """, item, breach
    ).map { FindingRow(at: try $0.decode(0), type: try $0.decode(1), data: try $0.decode(2)) }
  }

  /// Puts a person's decision about a breach on record, with what follows from it.
  ///
  /// - Throws: ``RequestFault`` where there is no such breach, or the decision does not fit what has become of it.
  public func decide(_ decision: Breach.Decision, on number: Int32, of item: Int64, by person: String, because reason: String)
    throws
  {
    try transaction { store in
      guard let matter = try store.lock([item]).first else { throw RequestFault("no item \(item)") }
      let breaches = try store.breaches(of: [item])[item] ?? []
      guard let breach = breaches.first(where: { $0.number == number }) else {
        throw RequestFault("item \(matter.key) has no breach \(number); see dubanctl breaches list --item \(matter.key.subject)")
      }
      let (references, now) = try store.references()
      var effects = Effects()
      let isDone = effects.decide(
        decision, on: number, of: matter, breaches: breaches, notices: try store.noticesOnRecord(of: [item])[item] ?? [],
        by: person, because: reason, references: references, at: now)
      guard isDone else {
        let refusal = "breach \(number) of \(matter.key) is \(breach.status.rawValue), so you cannot \(decision.rawValue) it"
        throw RequestFault("\(refusal): \(decision.remedy(for: breach.status))")
      }
      try store.write(effects, at: now)
    }
  }
}

extension Breach.Decision {
  /// Of which breaches it can be made, and what can be decided of this one instead.
  fileprivate func remedy(for status: Breach.Status) -> String {
    func choice(_ words: [String]) -> String {
      (words.count > 1 ? words.dropLast().joined(separator: ", ") + " or " : "") + (words.last ?? "")
    }
    let fitting = Breach.Status.allCases.filter { self.status(after: $0) != nil }.map(\.rawValue)
    let results = Self.allCases.compactMap { $0.status(after: status)?.rawValue }
    let done = Breach.Status.allCases.lazy.compactMap { self.status(after: $0) }.first?.rawValue ?? rawValue
    return "only a \(choice(fitting)) breach can be \(done); "
      + (results.isEmpty ? "of this one nothing is left to decide" : "this one can be \(choice(results))")
  }
}
