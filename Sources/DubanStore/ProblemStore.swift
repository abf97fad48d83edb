// Problems (问题) on the ledger: their numbers, and what there is to read of them.

import Duban
import PostgreSQL

extension Store {
  /// Gives each problem that is open for the first time its number (立账编号). In the caller's transaction, which holds the district's series
  /// from here to its end: the numbers have no gaps. The name of the district is kept with the number, whatever it is called later.
  ///
  /// - Throws: ``NewMatterHeld`` where another transaction holds a series for too long: the batch is tried again in smaller parts.
  func number(_ matters: [Matter], at now: Instant) throws {
    let problems = matters.filter { $0.kind == .problem && $0.opening != nil }
    guard !problems.isEmpty else { return }
    do { try insertNumbers(of: problems, at: now) } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
      throw NewMatterHeld()
    }
  }

  private func insertNumbers(of problems: [Matter], at now: Instant) throws {
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
      INSERT INTO problem_number (item_id, district_id, district, year, number)
      SELECT fresh.id, fresh.district, organ.name, $3, series.last - counted.count + fresh.place
      FROM fresh JOIN counted USING (district) JOIN series ON series.district_id = fresh.district
      LEFT JOIN organ ON organ.id = fresh.district
      """, problems.map(\.id), problems.map { $0.opening?.place.districtID ?? 0 }, Int32(ShanghaiTime(now).year))
  }

  /// Every problem on the ledger, in the order of the numbers; of one district, where its organ is given.
  public func problems(of district: Int64? = nil, in references: References, now: Instant) throws -> [(
    key: ItemKey, ProblemRecord
  )] {
    try transaction { store in
      let numbers = try store.problemNumbers("$1::bigint IS NULL OR district_id = $1::bigint", district)
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

  private func problemNumbers(_ condition: String, _ value: Int64?) throws -> [Int64: ProblemNumber] {
    var numbers: [Int64: ProblemNumber] = [:]
    for row in try connection.execute(
      "SELECT item_id, district, year, number FROM problem_number WHERE \(condition)", value)
    {
      let (year, number): (Int32, Int32) = (try row.decode(2), try row.decode(3))
      numbers[try row.decode(0)] = ProblemNumber(
        district: try row.decode(1), year: Int(year), number: Int(number))
    }
    return numbers
  }
}
