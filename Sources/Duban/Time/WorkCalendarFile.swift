// Calendar files: CSV with one line for each announced day, as spreadsheets save it.

import SwiftCSV

extension WorkCalendar {
  /// The allowed years. A typing error far outside would make the tables long.
  private static let years = 2000...2199

  /// Reads a calendar file: a first line `date,kind,name`, then lines like `2026-02-28,workday,春节调休` in any order.
  ///
  /// A holiday may fall on a Saturday or Sunday: the State Council announces whole spans (放假) with their weekends, and the
  /// line names the day. A make-up workday on a Monday to Friday has no meaning, so it is an error.
  /// - Throws: ``FileFault`` with the line and the remedy.
  public init(csv text: String, version: Int) throws(FileFault) {
    var announcements: [Int: Announcement] = [:]
    var lines: [Int: Int] = [:]
    for (i, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let fields = try Self.fields(of: line, number: i + 1)
      if i == 0 {
        guard fields == ["date", "kind", "name"] else { throw FileFault("line 1: write date,kind,name as the first line") }
        continue
      }
      if fields == [""] { continue }
      guard fields.count == 3 else { throw FileFault("line \(i + 1): write date,kind,name, three fields, not \(fields.count)") }
      guard let instant = Instant(rfc3339: fields[0] + "T00:00:00+08:00"), Self.years ~= ShanghaiTime(instant).year else {
        throw FileFault(
          "line \(i + 1): write a date that exists, in the years \(Self.years.lowerBound) to \(Self.years.upperBound), "
            + "like 2026-02-28, not '\(fields[0])'")
      }
      let day = instant.shanghaiDay.number
      guard let kind = Kind(rawValue: fields[1]) else {
        throw FileFault("line \(i + 1): write holiday or workday, not '\(fields[1])'")
      }
      guard !fields[2].isEmpty else { throw FileFault("line \(i + 1): name what the day belongs to, such as 春节") }
      if kind == .workday && Self.isWeekday(day) {
        throw FileFault(
          "line \(i + 1): \(fields[0]) is not a Saturday or Sunday, so it is a workday anyway; "
            + "correct the date or remove the line")
      }
      if let earlier = lines.updateValue(i + 1, forKey: day) {
        throw FileFault("line \(i + 1): \(fields[0]) is already on line \(earlier); remove one of them")
      }
      announcements[day] = Announcement(kind: kind, name: fields[2])
    }
    guard !announcements.isEmpty else { throw FileFault("no day is announced; add lines like 2026-01-01,holiday,元旦") }
    self.init(version: version, announcements: announcements)
  }

  /// The fields of one line. Each line is parsed separately, because the parser's own errors do not name the line.
  private static func fields(of line: Substring, number: Int) throws(FileFault) -> [String] {
    let fields: [String]
    do {
      // The parser takes its first line as the header.
      fields = try EnumeratedCSV(string: line + "\n", delimiter: .comma, loadColumns: false).header
    } catch {
      throw FileFault("line \(number): put quotes around a whole field or leave them out")
    }
    // A field with an unclosed quote contains the end of the line.
    if fields.contains(where: { $0.contains(where: \.isNewline) }) {
      throw FileFault("line \(number): a quote is not closed; close it on the same line")
    }
    return fields.map { $0.trimmingSpaces }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
