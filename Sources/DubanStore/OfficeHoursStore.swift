// The office hours that organs kept before: a deadline that was computed by them is explained by them.

import Duban
import PostgreSQL

extension Store {
  /// Each organ's own hours as they are stored, by its id.
  func storedOfficeHours() throws -> [(organ: Int64, hours: String?)] {
    try connection.execute("SELECT id, office_hours FROM organ").map { (try $0.decode(0), try $0.decode(1)) }
  }

  /// Keeps the hours that the caller's transaction has changed, as those in force until now. In the caller's transaction, while
  /// no other refers to them.
  func keep(formerHours hours: [(organ: Int64, hours: String?)]) throws {
    let present = Dictionary(uniqueKeysWithValues: try storedOfficeHours().map { ($0.organ, $0.hours) })
    let former = hours.filter { $0.hours != present[$0.organ, default: nil] }
    guard !former.isEmpty else { return }
    _ = try connection.execute(
      "INSERT INTO former_office_hours SELECT organ, hours, duban_now() FROM unnest($1::bigint[], $2::text[]) AS former(organ, hours)",
      former.map(\.organ), former.map(\.hours))
  }

  func withFormerHours(_ organs: [Organ]) throws -> [Organ] {
    var former: [Int64: [Organ.FormerHours]] = [:]
    for row in try connection.execute("SELECT organ_id, hours, until FROM former_office_hours ORDER BY organ_id, until") {
      let hours: String? = try row.decode(1)
      former[try row.decode(0), default: []].append(
        .init(hours.flatMap { OfficeHours(text: $0) }, until: try row.decode(2)))
    }
    return organs.map { organ in
      var organ = organ
      organ.formerHours = former[organ.id] ?? []
      return organ
    }
  }
}
