// Bulk load, and its errors.

import PostgreSQL
import Testing

@Suite("COPY")
struct CopyTests {
  private static let columns = ["id", "name", "score", "at", "doc", "tags", "raw", "done"]

  private func connection() throws -> Connection {
    let connection = try connect()
    try connection.runScript(
      """
      CREATE TEMP TABLE load (
        id int8 CONSTRAINT load_id_key UNIQUE, name text, score float8, at timestamptz, doc jsonb, tags text[], raw bytea, done bool)
      """)
    return connection
  }

  private func append(_ number: Int, to rows: inout CopyRows) {
    rows.append(number)
    if number.isMultiple(of: 3) { rows.appendNull() } else { rows.append("名\(number)") }
    rows.append(Double(number) / 2)
    rows.append(Timestamp(microseconds: Int64(number)))
    rows.append(Jsonb("{\"n\":\(number)}"))
    rows.append(["a", nil, "\(number)"] as [String?])
    rows.append([UInt8(truncatingIfNeeded: number)])
    rows.append(number.isMultiple(of: 5) ? nil : true)
  }

  @Test("100,000 rows of every type arrive, with NULLs in their places")
  func hundredThousandRows() throws {
    let connection = try connection()
    var rows = CopyRows(columns: Self.columns.count)
    for number in 1...100_000 { append(number, to: &rows) }
    #expect(rows.count == 100_000)
    #expect(try connection.copy(into: "load", columns: Self.columns, rows) == 100_000)
    let sums = try #require(
      try connection.execute(
        """
        SELECT count(*), count(name), sum(score), (sum(extract(epoch FROM at)) * 1000000)::int8, sum((doc ->> 'n')::int8)::int8,
          count(*) FILTER (WHERE tags[2] IS NULL AND tags[3] = id::text), sum(get_byte(raw, 0)), count(done),
          count(*) FILTER (WHERE name = '名' || id)
        FROM load
        """
      ).first)
    #expect(try sums.decode(0) == 100_000)
    #expect(try sums.decode(1) == 66_667)
    #expect(try sums.decode(2) == 2_500_025_000.0)
    #expect(try sums.decode(3) == 5_000_050_000)
    #expect(try sums.decode(4) == 5_000_050_000)
    #expect(try sums.decode(5) == 100_000)
    #expect(try sums.decode(6) == (1...100_000).reduce(0) { $0 + $1 % 256 })
    #expect(try sums.decode(7) == 80_000)
    #expect(try sums.decode(8) == 66_667)
  }

  @Test("UTF-8 bytes are loaded as text without a String")
  func rawUTF8() throws {
    let connection = try connection()
    let message = Array("督办𠀀…".utf8)
    var rows = CopyRows(columns: 1)
    message.withUnsafeBytes { rows.append(utf8: $0) }
    rows.append(utf8: message[0..<6])
    rows.append(utf8: [][...])
    #expect(try connection.copy(into: "load", columns: ["name"], rows) == 3)
    let names = try connection.execute("SELECT name FROM load ORDER BY octet_length(name) DESC")
    #expect(try names.map { try $0.decode(0, as: String.self) } == ["督办𠀀…", "督办", ""])
  }

  @Test("without rows nothing is sent, so even a missing table is not detected")
  func empty() throws {
    #expect(try connection().copy(into: "missing", columns: ["a"], CopyRows(columns: 1)) == 0)
  }

  @Test("emptied rows can be filled again")
  func reuse() throws {
    let connection = try connection()
    var rows = CopyRows(columns: 2)
    let nothing = rows.byteCount
    for keepingCapacity in [true, false] {
      rows.append(keepingCapacity ? 1 : 2)
      rows.append("x")
      #expect(rows.count == 1 && rows.byteCount > nothing && !rows.isEmpty)
      #expect(try connection.copy(into: "load", columns: ["id", "name"], rows) == 1)
      rows.removeAll(keepingCapacity: keepingCapacity)
      #expect(rows.isEmpty && rows.byteCount == nothing)
    }
    #expect(try connection.execute("SELECT count(*) FROM load").first?.decode(0) == 2)
  }

  @Test("rows that do not fit the columns are rejected before anything is sent")
  func misfits() throws {
    let connection = try connection()
    var rows = CopyRows(columns: 2)
    rows.append(1)
    #expect(!rows.isComplete)
    #expect(try failure { try connection.copy(into: "load", columns: ["id", "name"], rows) }.kind == .usage)
    #expect(try failure { try connection.copy(into: "load", columns: ["id"], rows) }.kind == .usage)
    #expect(try connection.execute("SELECT 1").first?.decode(0) == 1)
  }

  @Test("a value of the wrong type fails the whole load, and the connection stays usable")
  func wrongType() throws {
    let connection = try connection()
    for bad in [1, 50_000] {
      for isShort in [true, false] {
        var rows = CopyRows(columns: 2)
        for number in 1...50_000 {
          switch (number == bad, isShort) {
          case (false, _): rows.append(number)
          case (true, true): rows.append(Int32(number))
          case (true, false): rows.append("nine char")
          }
          rows.append("a name that takes some space, so that much is still to be sent when the error comes")
        }
        let error = try failure { try connection.copy(into: "load", columns: ["id", "name"], rows) }
        #expect(error.sqlState == (isShort ? .protocolViolation : .invalidBinaryRepresentation))
        #expect(error.kind == .server && !error.isRetryable)
      }
      #expect(try connection.execute("SELECT count(*) FROM load").first?.decode(0) == 0)
    }
  }

  @Test("a duplicate inside the load names its constraint, and nothing is loaded")
  func uniqueViolation() throws {
    let connection = try connection()
    var rows = CopyRows(columns: 1)
    for number in [1, 2, 3, 2] { rows.append(number) }
    let error = try failure { try connection.copy(into: "load", columns: ["id"], rows) }
    #expect(error.sqlState == .uniqueViolation && error.constraint == "load_id_key" && error.table == "load")
    #expect(try connection.execute("SELECT count(*) FROM load").first?.decode(0) == 0)
  }

  @Test("a missing table or column is the server's error, and the connection stays usable")
  func missingTarget() throws {
    let connection = try connection()
    var rows = CopyRows(columns: 1)
    rows.append(1)
    #expect(try failure { try connection.copy(into: "missing", columns: ["id"], rows) }.sqlState == .undefinedTable)
    #expect(try failure { try connection.copy(into: "load", columns: ["i\"d"], rows) }.sqlState == .undefinedColumn)
    #expect(try connection.copy(into: "pg_temp.load", columns: ["id"], rows) == 1)
  }

  @Test("a load is part of its transaction")
  func inTransaction() throws {
    struct Stop: Error {}
    let connection = try connection()
    var rows = CopyRows(columns: 1)
    rows.append(1)
    #expect(throws: Stop.self) {
      try connection.transaction { connection in
        try connection.copy(into: "load", columns: ["id"], rows)
        throw Stop()
      }
    }
    #expect(try connection.execute("SELECT count(*) FROM load").first?.decode(0) == 0)
  }

  @Test("COPY as a statement or in a script is rejected, and the connection is lost")
  func copyAsStatement() throws {
    for sql in ["COPY (SELECT 1) TO STDOUT", "COPY load FROM STDIN"] {
      let connection = try connection()
      #expect(try failure { try connection.execute(sql) }.kind == .usage)
      #expect(connection.isLost)
    }
    let connection = try connection()
    #expect(try failure { try connection.runScript("SELECT 1; COPY load FROM STDIN; SELECT 2") }.kind == .usage)
    #expect(connection.isLost)
  }
}
