// Duplicates (重复件) follow their main items: in bounded steps, each a transaction, so that however many follow stop nobody.
//
// A turn of a main item (it is opened, ends, is reopened), or a new merging, leaves a row in `following`. A walk takes it, reads what the
// main item's life makes of each duplicate, and says so in the duplicate's own log, where that is not what was said last. Another turn
// meanwhile raises the row's version: the walk begins again.

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
          ON CONFLICT DO NOTHING RETURNING main_source, main_subject)
        INSERT INTO following (main_source, main_subject, since) SELECT DISTINCT main_source, main_subject, $6::timestamptz FROM edge
        ORDER BY 1, 2
        ON CONFLICT (main_source, main_subject) DO UPDATE SET version = following.version + 1, item_id = 0, number = 0
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
        SELECT source, subject, $2::timestamptz FROM item WHERE id = ANY ($1) AND followed ORDER BY 1, 2
        ON CONFLICT (main_source, main_subject) DO UPDATE SET version = following.version + 1, item_id = 0, number = 0
        """, turned, now
      ).affected
    }
    if count > 0 { try notify(.following) }
  }

  /// Takes one step of a walk over the duplicates of a main item: at most `limit` of them. Returns whether there was anything to do.
  public func followOnce(limit: Int) throws -> Bool {
    try transaction { store in
      guard
        let walk = try store.connection.execute(
          "SELECT main_source, main_subject, version, item_id, number FROM following ORDER BY since LIMIT 1 FOR UPDATE SKIP LOCKED"
        ).first
      else { return false }
      let key = ItemKey(source: try walk.decode(0), subject: try walk.decode(1))
      let (version, lastItem, lastNumber): (Int32, Int64, Int32) = (try walk.decode(2), try walk.decode(3), try walk.decode(4))
      guard let main = try store.lockMain(key) else {
        // It waits for its opening: that is a turn, and leaves another row.
        try store.endWalk(of: key, version: version)
        return true
      }
      let edges = try store.edges(into: key, after: (lastItem, lastNumber), limit: limit)
      guard let last = edges.last else {
        try store.endWalk(of: key, version: version)
        return true
      }
      try store.tell(edges, about: main, key)
      _ = try store.connection.execute(
        """
        UPDATE following SET item_id = $4, number = $5 WHERE main_source = $1 AND main_subject = $2 AND version = $3
        """, key.source, key.subject, version, last.duplicate, last.number)
      return true
    }
  }

  /// Locks the main item, and notes on its row that it is followed; makes the row of one that is not heard of yet, so that its opening is a turn
  /// that is told. Returns nil where it is not open yet.
  private func lockMain(_ key: ItemKey) throws -> Matter? {
    let rows = try connection.execute(
      """
      UPDATE item SET followed = true WHERE source = $1 AND subject = $2 AND unit = '' RETURNING \(ItemRow.selection)
      """, key.source, key.subject)
    if let row = rows.first {
      let matter = try ItemRow.read(row)
      return matter.opening == nil ? nil : matter
    }
    let now = try now()
    guard let id = try takeIDs(1).first else { return nil }
    var effects = Effects()
    effects.matters = [(Matter(id: id, key: key, kind: .complaint, at: now), true)]
    if try insertNew(effects).isEmpty {
      _ = try connection.execute("UPDATE item SET followed = true WHERE id = $1", id)
      return nil
    }
    // Another transaction made it meanwhile.
    return try lockMain(key)
  }

  private func endWalk(of key: ItemKey, version: Int32) throws {
    _ = try connection.execute(
      "DELETE FROM following WHERE main_source = $1 AND main_subject = $2 AND version = $3", key.source, key.subject, version)
  }

  private struct Edge {
    var duplicate: Int64
    var number: Int32
    var at: Instant
  }

  private func edges(into main: ItemKey, after last: (Int64, Int32), limit: Int) throws -> [Edge] {
    try connection.execute(
      """
      SELECT item_id, number, at FROM merging
      WHERE main_source = $1 AND main_subject = $2 AND (item_id, number) > ($3, $4) ORDER BY item_id, number LIMIT $5
      """, main.source, main.subject, last.0, last.1, limit
    ).map { Edge(duplicate: try $0.decode(0), number: try $0.decode(1), at: try $0.decode(2)) }
  }

  /// Says in the log of each duplicate what the main item's life makes of it, where that is not what was said last.
  private func tell(_ edges: [Edge], about main: Matter, _ key: ItemKey) throws {
    // In key order, and after the main item, which no transaction that holds a duplicate waits for.
    let duplicates = try lock(edges.map(\.duplicate))
    let (references, now) = try references()
    let life = Fold.whole(
      try logs(of: [main])[main.id] ?? [], of: main, references: references, now: now,
      recorded: try breaches(of: [main.id])[main.id] ?? []
    ).life
    let logs = try logs(of: duplicates)
    var said: [(matter: Matter, event: Event, occurredAt: Instant?)] = []
    for duplicate in duplicates {
      for edge in edges where edge.duplicate == duplicate.id {
        let isVoid = try closesCircle(edge, of: duplicate.key, into: key)
        guard let fate = isVoid ? (.released, edge.at) : life.fate(ofMergingAt: edge.at) else { continue }
        let following = Event.Following(main: key, merging: edge.number, fate: fate.fate)
        let last = (logs[duplicate.id] ?? []).last { entry in
          if case .followed(let before) = entry.event { before.merging == edge.number } else { false }
        }
        if last?.event == .followed(following) && last?.occurredAt == fate.at { continue }
        said.append((duplicate, .followed(following), fate.at))
      }
    }
    // Several mergings of one duplicate are told one after the other.
    while !said.isEmpty {
      var first: Set<Int64> = []
      let now = try self.now()
      let round = said.filter { first.insert($0.matter.id).inserted }
      said.removeAll { entry in round.contains { $0.matter.id == entry.matter.id && $0.event == entry.event } }
      var effects = Effects()
      let after = try append(round, references: references, at: now, into: &effects)
      try write(effects, at: now)
      said = said.map { (after[$0.matter.id] ?? $0.matter, $0.event, $0.occurredAt) }
    }
  }

  /// Whether a merging closes a circle of which it is the latest edge: then it is void. Walks up at most 8 steps.
  private func closesCircle(_ edge: Edge, of duplicate: ItemKey, into main: ItemKey) throws -> Bool {
    let rows = try connection.execute(
      """
      WITH RECURSIVE up(source, subject, latest, steps) AS (
        SELECT $1::text, $2::text, '-infinity'::timestamptz, 0
        UNION ALL
        SELECT edge.main_source, edge.main_subject, greatest(up.latest, edge.at), up.steps + 1
        FROM up JOIN item ON item.source = up.source AND item.subject = up.subject AND item.unit = ''
        JOIN merging AS edge ON edge.item_id = item.id
        WHERE up.steps < 8 AND (up.source, up.subject) <> ($3, $4))
      SELECT FROM up WHERE (source, subject) = ($3, $4) AND latest <= $5 LIMIT 1
      """, main.source, main.subject, duplicate.source, duplicate.subject, edge.at)
    return !rows.isEmpty
  }
}
