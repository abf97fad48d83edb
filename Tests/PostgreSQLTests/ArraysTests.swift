// Arrays bring sets of values into set-based SQL (`unnest($1, $2)`). Their binary encoding is our own code.

import PostgreSQL
import Testing
import TestServers

@Suite("Arrays")
struct ArraysTests {
  /// Sends an array, and has the server split it and print each element.
  private func check<T>(
    _ array: [T], on connection: Connection, text: (T) -> String?
  ) throws where T: PostgresArrayElement & Equatable {
    let rows = try connection.execute(
      "SELECT $1, cardinality($1), (SELECT coalesce(array_agg(e::text ORDER BY n), '{}') FROM unnest($1) WITH ORDINALITY u (e, n))",
      array)
    let row = try #require(rows.first)
    #expect(try row.decode(0, as: [T].self) == array)
    #expect(try row.decode(1, as: Int.self) == array.count)
    #expect(try row.decode(2, as: [String?].self) == array.map(text))
  }

  @Test("arrays of every type arrive as sent, empty or long, with extreme values")
  func everyType() throws {
    let connection = try connect()
    try check([Int16.min, 0, .max], on: connection) { "\($0)" }
    try check([Int32.min, 0, .max], on: connection) { "\($0)" }
    try check([Int64.min, 0, .max], on: connection) { "\($0)" }
    try check(Array(-5000...5000), on: connection) { "\($0)" }
    try check([Int](), on: connection) { "\($0)" }
    try check([true, false], on: connection) { "\($0)" }
    try check([0.5, -2.25], on: connection) { "\($0)" }
    try check([[0x64, 0x0], [UInt8](), [0xff]], on: connection) { "\\x" + ($0 == [0x64, 0] ? "6400" : $0 == [] ? "" : "ff") }
    try check([Timestamp.infinity, .minusInfinity], on: connection) { $0 == .infinity ? "infinity" : "-infinity" }
    try check([Jsonb("1"), Jsonb("[2]")], on: connection) { $0.text }
  }

  @Test("arrays of text keep quotes, braces, empty strings and the word NULL")
  func texts() throws {
    let connection = try connect()
    var random = Seeded(6)
    try check(["", "NULL", "{}", "a,b", "\"q\"", "\\", "督办𠀀"], on: connection) { $0 }
    for _ in 0..<30 {
      try check((0..<Int.random(in: 0...30, using: &random)).map { _ in random.text() }, on: connection) { $0 }
    }
  }

  @Test("arrays with NULLs keep them in their places")
  func nulls() throws {
    let connection = try connect()
    try check([nil, "", nil, "NULL"], on: connection) { $0 }
    try check([Int?](repeating: nil, count: 3), on: connection) { $0.map(String.init) }
    try check([1, nil, 3] as [Int32?], on: connection) { $0.map(String.init) }
    try check([true, nil] as [Bool?], on: connection) { $0.map(String.init) }
  }

  @Test("an array with NULL does not decode into non-optional elements")
  func nullElements() throws {
    let sql = "SELECT ARRAY[1, NULL]::int8[], ARRAY[[1,2],[3,4]], 'x'::text, ARRAY['a']"
    let row = try #require(try connect().execute(sql).first)
    #expect(try failure { _ = try row.decode(0, as: [Int].self) }.kind == .usage)
    #expect(try row.decode(0, as: [Int?].self) == [1, nil])
    #expect(try failure { _ = try row.decode(1, as: [Int].self) }.kind == .usage)
    #expect(try failure { _ = try row.decode(2, as: [Int].self) }.kind == .usage)
    #expect(try failure { _ = try row.decode(3, as: [Int].self) }.kind == .usage)
  }

  @Test("arrays made by the server are read, with any lower bound")
  func serverArrays() throws {
    let row = try #require(
      try connect().execute("SELECT '[5:6]={7,8}'::int4[], '{}'::text[], array_agg(x::text) FROM generate_series(1, 3) x").first)
    #expect(try row.decode(0, as: [Int].self) == [7, 8])
    #expect(try row.decode(1, as: [String].self) == [])
    #expect(try row.decode(2, as: [String].self) == ["1", "2", "3"])
  }

  @Test("unnest makes rows of columns without a cast")
  func unnest() throws {
    let rows = try connect().execute(
      "SELECT k, v, t FROM unnest($1, $2, $3) AS u (k, v, t)", [1, 2], ["一", nil] as [String?],
      [Timestamp(microseconds: 0), .infinity])
    #expect(try rows.map { try $0.decode(0, as: Int.self) } == [1, 2])
    #expect(try rows.map { try $0.decode(1, as: String?.self) } == ["一", nil])
    #expect(try rows.map { try $0.decode(2, as: Timestamp.self) } == [Timestamp(microseconds: 0), .infinity])
  }
}
