// Duplicates (重复件) follow their main items: in bounded steps, each a transaction, so that many duplicates hold up no other work.
//
// A new merging, or a turn of a main item (it is opened, ends, is reopened), leaves a row in `following`. A step takes one, reads what the
// main item's life makes of each duplicate, and says so in the duplicate's own log, where that is not what was said last. Nothing is waited
// for: what another transaction holds is left for a later step.

import Duban
import PostgreSQL

extension Store {
  /// What a batch leaves to be followed. In the caller's transaction.
  func writeFollowing(_ effects: Effects, at now: Instant) throws {
    var count = 0
    if !effects.mergings.isEmpty {
      count += try connection.execute(
        """
        WITH edge AS (
          INSERT INTO merging (item_id, number, main_source, main_subject, at)
          SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[])
          ON CONFLICT DO NOTHING RETURNING *)
        INSERT INTO following (main_source, main_subject, only_item, only_number, since)
        SELECT main_source, main_subject, item_id, number, $6::timestamptz FROM edge
        """, effects.mergings.map(\.itemID), effects.mergings.map(\.entry), effects.mergings.map(\.main.source),
        effects.mergings.map(\.main.subject), effects.mergings.map(\.at), now
      ).affected
    }
    // Most matters have no duplicates, and their rows say so.
    let new = Set(effects.matters.lazy.filter(\.isNew).map(\.matter.id))
    let turned = effects.turned.filter { !new.contains($0) }
    if !turned.isEmpty {
      count += try connection.execute(
        """
        INSERT INTO following (main_source, main_subject, since)
        SELECT source, subject, $2::timestamptz FROM item WHERE id = ANY ($1) AND followed
        """, turned, now
      ).affected
    }
    if count > 0 { try notify(.following) }
  }

  /// Takes one step: tells at most `limit` duplicates of one main item. Returns whether there was anything to do.
  public func followOnce(limit: Int) throws -> Bool {
    let step: FollowingStep
    do {
      step = try transaction { try $0.follow(limit: limit) }
    } catch is NewMatterHeld {
      step = .heldUp
    } catch let error as PostgresError where [.lockNotAvailable, .uniqueViolation].contains(error.sqlState) {
      step = .heldUp
    }
    // Who holds it is at it for a moment; meanwhile the others come first.
    if step == .heldUp { _ = try connection.execute("SELECT pg_sleep(0.02)") }
    return step != .nothing
  }

  private enum FollowingStep { case nothing, done, heldUp }

  /// A row of `following`.
  private struct Walk {
    var id: Int64
    var main: ItemKey
    /// Whether it is about one merging.
    var isSingle: Bool
    var after: (item: Int64, number: Int32)
  }

  private func follow(limit: Int) throws -> FollowingStep {
    let rows = try connection.execute(
      """
      SELECT id, main_source, main_subject, only_item IS NOT NULL, item_id, number FROM following
      ORDER BY since, id LIMIT 1 FOR UPDATE SKIP LOCKED
      """)
    guard let row = rows.first else { return .nothing }
    let walk = Walk(
      id: try row.decode(0), main: ItemKey(source: try row.decode(1), subject: try row.decode(2)), isSingle: try row.decode(3),
      after: (try row.decode(4), try row.decode(5)))
    let (main, isHeld) = try lockMain(walk.main)
    if isHeld { return try putOff(walk) }
    // One that waits for its opening: that is a turn, and leaves another row.
    guard let main else { return try end([walk.id]) }
    let (edges, done) = walk.isSingle ? try singleEdges(of: walk, limit: limit) : (try nextEdges(of: walk, limit: limit), [])
    guard !edges.isEmpty else { return try end([walk.id]) }
    // In key order. No transaction that holds a duplicate waits for the main item.
    let duplicates = try connection.execute(
      "SELECT \(ItemRow.selection) FROM item WHERE id = ANY ($1) AND unit = '' ORDER BY source, subject FOR UPDATE SKIP LOCKED",
      Set(edges.map(\.duplicate)).sorted()
    ).map { try ItemRow.read($0) }
    let free = Set(duplicates.map(\.id))
    let told = edges.prefix { free.contains($0.duplicate) }
    guard let last = told.last else { return try putOff(walk) }
    try tell(Array(told), of: duplicates, about: main)
    if walk.isSingle { return try end(done.prefix(told.count)) }
    _ = try connection.execute(
      "UPDATE following SET item_id = $2, number = $3 WHERE id = $1", walk.id, last.duplicate, last.number)
    return .done
  }

  private func end(_ walks: some Collection<Int64>) throws -> FollowingStep {
    _ = try connection.execute("DELETE FROM following WHERE id = ANY ($1)", Array(walks))
    return .done
  }

  private func putOff(_ walk: Walk) throws -> FollowingStep {
    _ = try connection.execute("UPDATE following SET since = duban_now() WHERE id = $1", walk.id)
    return .heldUp
  }

  /// Locks the main item, and notes on its row that it is followed; makes the row of one that is not recorded yet, so that its opening is a
  /// turn that is told. Returns no matter where it is not open yet, or another transaction holds it.
  private func lockMain(_ key: ItemKey) throws -> (matter: Matter?, isHeld: Bool) {
    let rows = try connection.execute(
      """
      SELECT there.followed, held.* FROM (SELECT id, followed FROM item WHERE source = $1 AND subject = $2 AND unit = '') AS there
      LEFT JOIN LATERAL (SELECT \(ItemRow.selection) FROM item WHERE item.id = there.id FOR UPDATE SKIP LOCKED) AS held ON true
      """, key.source, key.subject)
    guard let row = rows.first else {
      try makeMain(key)
      return (nil, false)
    }
    guard try row.decode(1, as: Int64?.self) != nil else { return (nil, true) }
    let matter = try ItemRow.read(row, from: 1)
    if try !row.decode(0, as: Bool.self) { try note(followed: matter.id) }
    return (matter.opening == nil ? nil : matter, false)
  }

  /// Makes the row of a main item that is not recorded yet.
  private func makeMain(_ key: ItemKey) throws {
    // For the time alone; but it refuses a schema that is not this program's own.
    let (_, now) = try references()
    guard let id = try takeIDs(1).first else { return }
    var effects = Effects()
    effects.matters = [MatterChange(Matter(id: id, key: key, kind: .complaint, at: now), before: nil)]
    try write(effects, at: now)
    try note(followed: id)
  }

  private func note(followed id: Int64) throws { _ = try connection.execute("UPDATE item SET followed = true WHERE id = $1", id) }

  // MARK: - Edges

  private struct Edge {
    var duplicate: Int64
    var number: Int32
    var at: Instant

    init(_ row: Row) throws { (duplicate, number, at) = (try row.decode(0), try row.decode(1), try row.decode(2)) }
  }

  /// The next duplicates, of all.
  private func nextEdges(of walk: Walk, limit: Int) throws -> [Edge] {
    if walk.after.item == 0 {
      // Of several turns at once one walk tells.
      _ = try connection.execute(
        """
        DELETE FROM following WHERE id IN (
          SELECT id FROM following WHERE main_source = $1 AND main_subject = $2 AND only_item IS NULL AND item_id = 0 AND id <> $3
          FOR UPDATE SKIP LOCKED)
        """, walk.main.source, walk.main.subject, walk.id)
    }
    return try connection.execute(
      """
      SELECT item_id, number, at FROM merging
      WHERE main_source = $1 AND main_subject = $2 AND (item_id, number) > ($3, $4) ORDER BY item_id, number LIMIT $5
      """, walk.main.source, walk.main.subject, walk.after.item, walk.after.number, limit
    ).map { try Edge($0) }
  }

  /// The new mergings into the main item, that of the walk first, and their rows of `following`.
  private func singleEdges(of walk: Walk, limit: Int) throws -> ([Edge], walks: [Int64]) {
    let rows = try connection.execute(
      """
      SELECT merging.item_id, merging.number, merging.at, following.id FROM following
      JOIN merging ON (merging.item_id, merging.number) = (following.only_item, following.only_number)
      WHERE following.main_source = $1 AND following.main_subject = $2
      ORDER BY following.id <> $3, following.id LIMIT $4 FOR UPDATE OF following SKIP LOCKED
      """, walk.main.source, walk.main.subject, walk.id, limit)
    return (try rows.map { try Edge($0) }, try rows.map { try $0.decode(3) })
  }

  /// Says in the log of each duplicate what the main item's life makes of it, where that is not what was said last.
  private func tell(_ edges: [Edge], of duplicates: [Matter], about main: Matter) throws {
    let (references, now) = try references()
    let life = Fold.whole(
      try logs(of: [main])[main.id] ?? [], of: main, references: references, now: now,
      recorded: try breaches(of: [main.id])[main.id] ?? []
    ).life
    let logs = try logs(of: duplicates)
    var said: [(matter: Matter, event: Event, occurredAt: Instant?)] = []
    for duplicate in duplicates {
      for edge in edges where edge.duplicate == duplicate.id {
        let last = (logs[duplicate.id] ?? []).last { entry in
          if case .followed(let before) = entry.event { before.merging == edge.number } else { false }
        }
        let isVoid = try closesCircle(edge, of: duplicate.key, into: main.key)
        if !isVoid, last == nil { try tellCircle(of: edge, of: duplicate.key, into: main.key, at: now) }
        guard let fate = isVoid ? (.released, edge.at) : life.fate(ofMergingAt: edge.at) else { continue }
        let following = Event.Following(main: main.key, merging: edge.number, fate: fate.fate)
        if last?.event == .followed(following) && last?.occurredAt == fate.at { continue }
        said.append((duplicate, .followed(following), fate.at))
      }
    }
    // Several mergings of one duplicate are told one after the other.
    while !said.isEmpty {
      var (round, rest):
        ([(matter: Matter, event: Event, occurredAt: Instant?)], [(matter: Matter, event: Event, occurredAt: Instant?)])
      (round, rest) = ([], [])
      var first: Set<Int64> = []
      for entry in said { if first.insert(entry.matter.id).inserted { round.append(entry) } else { rest.append(entry) } }
      var effects = Effects()
      let after = try append(round, references: references, at: now, into: &effects)
      try write(effects, at: now)
      said = rest.map { (after[$0.matter.id] ?? $0.matter, $0.event, $0.occurredAt) }
    }
  }

  // MARK: - Circles

  /// Whether a merging closes a circle with earlier ones: then it is void. Walks up at most 8 steps.
  private func closesCircle(_ edge: Edge, of duplicate: ItemKey, into main: ItemKey) throws -> Bool {
    // Of two at one time the later is that of the duplicate whose name comes later: the order of hearing does not count.
    try !connection.execute(
      """
      WITH RECURSIVE up(source, subject, steps) AS (
        SELECT $1::text COLLATE "C", $2::text COLLATE "C", 0
        UNION ALL
        SELECT edge.main_source, edge.main_subject, up.steps + 1
        FROM up JOIN item ON item.source = up.source AND item.subject = up.subject AND item.unit = ''
        JOIN merging AS edge ON edge.item_id = item.id
        WHERE up.steps < 8 AND (up.source, up.subject) <> ($3, $4)
          AND (edge.at, item.source, item.subject, edge.number) < ($5, $3, $4, $6))
      SELECT FROM up WHERE (source, subject) = ($3, $4) LIMIT 1
      """, main.source, main.subject, duplicate.source, duplicate.subject, edge.at, edge.number
    ).isEmpty
  }

  /// Has the others of a circle told again that a new merging closes, though it is not the latest of them: one of them is void now.
  private func tellCircle(of edge: Edge, of duplicate: ItemKey, into main: ItemKey, at now: Instant) throws {
    _ = try connection.execute(
      """
      WITH RECURSIVE up(source, subject, items, numbers) AS (
        SELECT $1::text COLLATE "C", $2::text COLLATE "C", '{}'::bigint[], '{}'::integer[]
        UNION ALL
        SELECT edge.main_source, edge.main_subject, items || edge.item_id, numbers || edge.number
        FROM up JOIN item ON item.source = up.source AND item.subject = up.subject AND item.unit = ''
        JOIN merging AS edge ON edge.item_id = item.id
        WHERE cardinality(items) < 8 AND (up.source, up.subject) <> ($3, $4)
      ), circle AS (
        SELECT DISTINCT edge.* FROM up, unnest(items, numbers) AS edge(item_id, number) WHERE (source, subject) = ($3, $4))
      INSERT INTO following (main_source, main_subject, only_item, only_number, since)
      SELECT main_source, main_subject, item_id, number, $5::timestamptz FROM circle JOIN merging USING (item_id, number)
      """, main.source, main.subject, duplicate.source, duplicate.subject, now)
  }
}
