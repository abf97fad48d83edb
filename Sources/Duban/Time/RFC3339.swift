// RFC 3339 date-times, strictly: the `time` attribute of CloudEvents and every time that Duban writes.
// Our own because the deadline must come out to the microsecond, and Foundation's Date is a Double that cannot promise it.

extension Instant {
  /// Parses an RFC 3339 date-time with an offset, such as `2026-11-20T08:00:00.5+08:00`.
  ///
  /// Fractions beyond microseconds are cut off. A leap second (`:60`) is taken as the second after it, as PostgreSQL does.
  /// Returns nil for anything else, a date that does not exist (02-30) and years outside 0001...9999 included.
  public init?(rfc3339 text: some StringProtocol) {
    var scanner = Scanner(bytes: Array(text.utf8))
    guard let instant = scanner.dateTime(), scanner.isAtEnd else { return nil }
    self = instant
  }

  /// The time in Asia/Shanghai, such as `2026-11-20T08:00:00+08:00`; a fraction appears only where there is one.
  public var rfc3339: String {
    let t = ShanghaiTime(self)
    let fraction = microseconds.flooredDivision(by: 1_000_000).remainder
    // Into one buffer: times are written by the ten thousand a second.
    return String(unsafeUninitializedCapacity: 32) { buffer in
      var count = 0
      func put(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
      }
      func put(_ value: Int, _ width: Int, then separator: UInt8) {
        for power in Self.powers.suffix(width) { put(UInt8(ascii: "0") + UInt8(value / power % 10)) }
        put(separator)
      }
      put(t.year, 4, then: UInt8(ascii: "-"))
      put(t.month, 2, then: UInt8(ascii: "-"))
      put(t.day, 2, then: UInt8(ascii: "T"))
      put(t.hour, 2, then: UInt8(ascii: ":"))
      put(t.minute, 2, then: UInt8(ascii: ":"))
      put(t.second, 2, then: fraction == 0 ? UInt8(ascii: "+") : UInt8(ascii: "."))
      if fraction != 0 { put(Int(fraction), 6, then: UInt8(ascii: "+")) }
      for byte in "08:00".utf8 { put(byte) }
      return count
    }
  }

  private static let powers = [100_000, 10_000, 1000, 100, 10, 1]
}

extension Instant: Encodable {
  /// As its RFC 3339 form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}

extension Int {
  func padded(_ width: Int) -> String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
  }
}

private struct Scanner {
  let bytes: [UInt8]
  var position = 0

  var isAtEnd: Bool { position == bytes.count }

  mutating func dateTime() -> Instant? {
    guard let year = number(4), year >= 1, skip("-"), let month = number(2), 1...12 ~= month, skip("-"), let day = number(2),
      1...ShanghaiTime.daysIn(month: month, of: year) ~= day, skip("T") || skip("t") || skip(" "),
      let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60, skip(":"),
      let second = number(2), second <= 60, let fraction = fraction(), let offset = offset()
    else { return nil }
    let days = Int64(ShanghaiTime.dayNumber(year, month, day))
    let inDay = Span.seconds(Int64(hour * 3600 + minute * 60 + second) - offset)
    return Instant(microseconds: fraction) + .days(days) + inDay
  }

  private mutating func number(_ width: Int) -> Int? {
    guard position + width <= bytes.count else { return nil }
    var value = 0
    for byte in bytes[position..<position + width] {
      guard let digit = Self.digit(byte) else { return nil }
      value = value * 10 + digit
    }
    position += width
    return value
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Microseconds; 0 where no fraction stands, nil where a dot stands without digits.
  private mutating func fraction() -> Int64? {
    guard skip(".") else { return 0 }
    var (value, weight, digits): (Int64, Int64, Int) = (0, 100_000, 0)
    while position < bytes.count, let digit = Self.digit(bytes[position]) {
      value += Int64(digit) * weight
      weight /= 10
      digits += 1
      position += 1
    }
    return digits > 0 ? value : nil
  }

  /// Seconds east of UTC.
  private mutating func offset() -> Int64? {
    if skip("Z") || skip("z") { return 0 }
    let sign: Int64
    if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
    guard let hours = number(2), hours < 24, skip(":"), let minutes = number(2), minutes < 60 else { return nil }
    return sign * Int64(hours * 3600 + minutes * 60)
  }

  private static func digit(_ byte: UInt8) -> Int? {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte ? Int(byte - UInt8(ascii: "0")) : nil
  }
}
