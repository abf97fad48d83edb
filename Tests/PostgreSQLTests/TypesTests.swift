// Every type, checked against the server: it must print the sent value and return it unchanged.

import PostgreSQL
import Testing
import TestServers

@Suite("Types")
struct TypesTests {
  @Test("integers of every width arrive as sent, including extremes")
  func integers() throws {
    let connection = try connect()
    var random = Seeded(1)
    func check<T: FixedWidthInteger & PostgresEncodable & PostgresDecodable>(_: T.Type) throws {
      let values = [T.min, T.max, 0, 1, -1] + (0..<50).map { _ in T.random(in: .min ... .max, using: &random) }
      for value in values {
        let row = try #require(try connection.execute("SELECT $1, $1::text", value).first)
        #expect(try row.decode(0, as: T.self) == value)
        #expect(try row.decode(1) == String(value))
      }
    }
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
    try check(Int.self)
  }

  @Test("an integer column is read into any width that fits its value, and rejected otherwise")
  func integerWidths() throws {
    let row = try #require(try connect().execute("SELECT 7::int2, 70000::int4, 5000000000::int8, 42::oid").first)
    #expect(try row.decode(0, as: Int64.self) == 7)
    #expect(try row.decode(1, as: Int.self) == 70000)
    #expect(try row.decode(3, as: Int32.self) == 42)
    #expect(try failure { _ = try row.decode(1, as: Int16.self) }.kind == .usage)
    #expect(try failure { _ = try row.decode(2, as: Int32.self) }.kind == .usage)
  }

  @Test("doubles arrive bit for bit, including infinities and NaN")
  func doubles() throws {
    let connection = try connect()
    var random = Seeded(2)
    let special: [Double] = [0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .pi]
    let values = special + (0..<100).map { _ in Double(bitPattern: random.next()) }.filter { !$0.isNaN }
    for value in values {
      let row = try #require(try connection.execute("SELECT $1, $1::text", value).first)
      #expect(try row.decode(0, as: Double.self).bitPattern == value.bitPattern)
      #expect(try Double(row.decode(1, as: String.self)) == value)
    }
    let row = try #require(try connection.execute("SELECT $1, $1::text, 1.5::real", Double.nan).first)
    #expect(try row.decode(0, as: Double.self).isNaN)
    #expect(try row.decode(1) == "NaN")
    #expect(try row.decode(2, as: Double.self) == 1.5)
  }

  @Test("text of any script arrives as sent, and the server counts the same characters")
  func text() throws {
    let connection = try connect()
    var random = Seeded(3)
    let long = String(repeating: "督办𠀀", count: 100_000)
    for value in ["", "督办", "𠀀👩‍👩‍👧", "'; DROP", "\u{1}", long] + (0..<100).map({ _ in random.text() }) {
      let row = try #require(try connection.execute("SELECT $1, char_length($1), octet_length($1)", value).first)
      #expect(try row.decode(0, as: String.self).utf8.elementsEqual(value.utf8))
      #expect(try row.decode(1, as: Int.self) == value.unicodeScalars.count)
      #expect(try row.decode(2, as: Int.self) == value.utf8.count)
    }
  }

  @Test("the server rejects text with NUL, and the connection stays usable")
  func textWithNUL() throws {
    let connection = try connect()
    let error = try failure { try connection.execute("SELECT $1", "a\0b") }
    #expect(error.sqlState == .characterNotInRepertoire)
    #expect(!error.isRetryable)
    #expect(try connection.execute("SELECT 1").first?.decode(0) == 1)
  }

  @Test("every type whose binary form is text is read as String: varchar, name, char, json, jsonb, an enumeration's label")
  func textLikeTypes() throws {
    let connection = try connect()
    try connection.runScript("CREATE TYPE pg_temp.tier AS ENUM ('街道', '区')")
    let row = try #require(
      try connection.execute(
        """
        SELECT 'a'::varchar(9), 'b'::name, 'c'::char(3), '{"a":1}'::json, '{"a": 1}'::jsonb, '区'::pg_temp.tier, 'd'::"char", 'e'
        """
      ).first)
    let expected = ["a", "b", "c  ", #"{"a":1}"#, #"{"a": 1}"#, "区", "d", "e"]
    #expect(try (0..<8).map { try row.decode($0, as: String.self) } == expected)
  }

  @Test("bytes arrive as sent")
  func bytea() throws {
    let connection = try connect()
    var random = Seeded(4)
    for value in [[], [0], [0xff, 0]] + (0..<50).map({ _ in random.bytes() }) {
      let row = try #require(try connection.execute("SELECT $1, encode($1, 'hex')", value).first)
      #expect(try row.decode(0, as: [UInt8].self) == value)
      #expect(try row.decode(1) == value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
  }

  @Test("booleans arrive as sent")
  func booleans() throws {
    let row = try #require(try connect().execute("SELECT $1, $2, $1::text, $2::text", true, false).first)
    #expect(try row.decode(0) == true)
    #expect(try row.decode(1) == false)
    #expect(try row.decode(2) == "true")
    #expect(try row.decode(3) == "false")
  }

  @Test("moments arrive to the microsecond, from 4713 BC to the end of Int64")
  func timestamps() throws {
    let connection = try connect()
    var random = Seeded(5)
    let earliest: Int64 = -210_866_803_200_000_000
    let edges = [0, 1, -1, 946_684_800_000_000, 1_767_225_599_999_999, earliest, Int64.max - 1]
    let values = edges + (0..<100).map { _ in Int64.random(in: earliest...(.max - 1), using: &random) }
    for value in values {
      let row = try #require(
        try connection.execute(
          "SELECT $1, (extract(epoch FROM $1) * 1000000)::text", Timestamp(microseconds: value)
        ).first)
      #expect(try row.decode(0) == Timestamp(microseconds: value))
      #expect(try row.decode(1, as: String.self).prefix { $0 != "." } == String(value))
    }
    let row = try #require(
      try connection.execute(
        "SELECT '2026-03-01T07:59:59.999999+08'::timestamptz, $1::text, $2::text, 'infinity'::timestamptz",
        Timestamp.infinity, Timestamp.minusInfinity
      ).first)
    #expect(try row.decode(0) == Timestamp(microseconds: 1_772_323_199_999_999))
    #expect(try row.decode(1) == "infinity")
    #expect(try row.decode(2) == "-infinity")
    #expect(try row.decode(3) == Timestamp.infinity)
  }

  @Test("a moment outside the range of the server or of Int64 is an error and not a trap")
  func timestampsOutOfRange() throws {
    let connection = try connect()
    let early = Timestamp(microseconds: .min + 1)
    #expect(try failure { try connection.execute("SELECT $1", early) }.sqlState?.classCode == "22")
    let row = try #require(try connection.execute("SELECT '294276-12-31 23:59:59Z'::timestamptz").first)
    #expect(try failure { _ = try row.decode(0, as: Timestamp.self) }.kind == .usage)
  }

  @Test("JSON is stored as jsonb without a cast, and invalid JSON is rejected")
  func jsonb() throws {
    let connection = try connect()
    let row = try #require(
      try connection.execute("SELECT $1, $1 ->> 'name', '{\"b\":2}'::json", Jsonb(#"{"name":"督办","n":[1,null]}"#)).first)
    #expect(try row.decode(0) == Jsonb(#"{"n": [1, null], "name": "督办"}"#))
    #expect(try row.decode(1) == "督办")
    #expect(try row.decode(2) == Jsonb(#"{"b":2}"#))
    #expect(try failure { try connection.execute("SELECT $1", Jsonb("{")) }.sqlState == .invalidTextRepresentation)
  }

  @Test("nil of every type is NULL of that type, without a cast")
  func typedNulls() throws {
    let connection = try connect()
    func type(of value: some PostgresEncodable & PostgresDecodable) throws -> String {
      let row = try #require(try connection.execute("SELECT pg_typeof($1)::text, $1 IS NULL, $1", value).first)
      #expect(try row.decode(1))
      return try row.decode(0)
    }
    #expect(try type(of: Bool?.none) == "boolean")
    #expect(try type(of: Int16?.none) == "smallint")
    #expect(try type(of: Int32?.none) == "integer")
    #expect(try type(of: Int64?.none) == "bigint")
    #expect(try type(of: Int?.none) == "bigint")
    #expect(try type(of: Double?.none) == "double precision")
    #expect(try type(of: String?.none) == "text")
    #expect(try type(of: [UInt8]?.none) == "bytea")
    #expect(try type(of: Timestamp?.none) == "timestamp with time zone")
    #expect(try type(of: Jsonb?.none) == "jsonb")
    #expect(try type(of: [String?]?.none) == "text[]")
  }

  @Test("an empty value is not NULL")
  func emptyIsNotNull() throws {
    let row = try #require(try connect().execute("SELECT $1 IS NULL, $2 IS NULL, $3 IS NULL", "", [UInt8](), [Int]()).first)
    #expect(try (0..<3).map { try row.decode($0, as: Bool.self) } == [false, false, false])
  }

  @Test("a value that does not fit its Swift type is an error that names the column")
  func mismatches() throws {
    let row = try #require(try connect().execute("SELECT 'x' AS name, NULL::int8 AS parent, 1.5::numeric AS share").first)
    let wrong = try failure { _ = try row.decode(0, as: Int.self) }
    #expect(wrong.kind == .usage && wrong.column == "name" && wrong.statement?.hasPrefix("SELECT 'x'") == true)
    let null = try failure { _ = try row.decode(1, as: Int.self) }
    #expect(null.kind == .usage && null.column == "parent" && !null.isRetryable)
    #expect(try row.decode(1, as: Int?.self) == nil)
    #expect(try failure { _ = try row.decode(2, as: Double.self) }.kind == .usage)
    #expect(try failure { _ = try row.decode(3, as: Int.self) }.kind == .usage)
    #expect(try failure { _ = try row.decode(-1, as: Int.self) }.kind == .usage)
  }
}
