// Problems (问题) on the ledger: their numbers, and what there is to read of them.

import Duban
import PostgreSQL

extension Store {
  /// Gives each problem that is open for the first time its number (立账编号). In the caller's transaction, which holds the district's series
  /// from here to its end: the numbers have no gaps.
  func number(_ matters: [Matter], at now: Instant) throws {
    let problems = matters.filter { $0.kind == .problem && $0.opening != nil }
    guard !problems.isEmpty else { return }
    _ = try connection.execute(
      """
      WITH fresh AS (
        SELECT problem.id, problem.district, row_number() OVER (PARTITION BY problem.district ORDER BY problem.n)::integer AS place
        FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS problem(id, district, n)
        WHERE NOT EXISTS (SELECT FROM problem_number WHERE problem_number.item_id = problem.id)
      ), counted AS (SELECT district, count(*)::integer AS count FROM fresh GROUP BY district
      ), series AS (
        INSERT INTO problem_series (district_id, year, last) SELECT district, $3, count FROM counted ORDER BY district
        ON CONFLICT (district_id, year) DO UPDATE SET last = problem_series.last + excluded.last
        RETURNING district_id, last
      )
      INSERT INTO problem_number (item_id, district_id, year, number)
      SELECT fresh.id, fresh.district, $3, series.last - counted.count + fresh.place
      FROM fresh JOIN counted USING (district) JOIN series ON series.district_id = fresh.district
      """, problems.map(\.id), problems.map { $0.opening?.place.districtID ?? 0 }, Int32(ShanghaiTime(now).year))
  }

  /// The number of a problem; nil of what has none.
  public func problemNumber(of item: Int64, in directory: Directory) throws -> ProblemNumber? {
    try problemNumbers("item_id = $1::bigint", item, in: directory)[item]
  }

  /// Every problem on the ledger, in the order of the numbers; of one district, where its organ is given.
  public func problems(of district: Int64? = nil, in references: References, now: Instant) throws -> [(
    key: ItemKey, ProblemRecord
  )] {
    try transaction { store in
      let numbers = try store.problemNumbers("$1::bigint IS NULL OR district_id = $1::bigint", district, in: references.directory)
      let matters = try store.connection.execute(
        """
        SELECT \(ItemRow.selection) FROM item JOIN problem_number ON item_id = item.id
        WHERE item.id = ANY ($1) ORDER BY district_id, year, number
        """, Array(numbers.keys)
      ).map { try ItemRow.read($0) }
      let pasts = try store.pasts(of: matters)
      return matters.compactMap { matter in
        guard let past = pasts[matter.id] else { return nil }
        let fold = Fold.whole(
          past.log, of: matter, references: references, now: now, recorded: past.chronicle.breaches, explains: true)
        return ProblemRecord(fold, log: past.log, number: numbers[matter.id]).map { (matter.key, $0) }
      }
    }
  }

  private func problemNumbers(_ condition: String, _ value: Int64?, in directory: Directory) throws -> [Int64: ProblemNumber] {
    var numbers: [Int64: ProblemNumber] = [:]
    for row in try connection.execute(
      "SELECT item_id, district_id, year, number FROM problem_number WHERE \(condition)", value)
    {
      let (year, number): (Int32, Int32) = (try row.decode(2), try row.decode(3))
      numbers[try row.decode(0)] = ProblemNumber(
        district: directory.name(of: try row.decode(1, as: Int64.self)), year: Int(year), number: Int(number))
    }
    return numbers
  }
}
