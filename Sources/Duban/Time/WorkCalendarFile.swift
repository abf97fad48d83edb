// Calendar files: CSV with one line for each announced day, as spreadsheets save it.

import SwiftCSV

extension WorkCalendar {
  /// The allowed years. A typing error far outside would make the tables long.
  private static let years = 2000...2199

  /// Reads a calendar file: a first line `date,kind,name`, then lines like `2026-02-28,workday,春节调休` in any order.
  ///
  /// A holiday may fall on a Saturday or Sunday: the State Council announces whole spans (放假) with their weekends, and the
  /// line names the day. A make-up workday on a Monday to Friday has no meaning, so it is an error.
  /// - Throws: ``FileFault`` with all that is wrong: the line, the value, and the remedy.
  public init(csv text: String, version: Int) throws(FileFault) {
    var announcements: [Int: Announcement] = [:]
    var lines: [Int: Int] = [:]
    var faults: [FileFault] = []
    for (i, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      do throws(FileFault) {
        let fields = try Self.fields(of: line, number: i + 1)
        if i == 0 {
          // Without it no other line can be told.
          guard fields == Self.columns else {
            throw FileFault("write \(Self.columns.joined(separator: ",")) as the first line", line: 1)
          }
          continue
        }
        if fields == [""] { continue }
        let (day, announcement) = try Self.announcement(fields, number: i + 1)
        if let earlier = lines[day] {
          throw FileFault("\(fields[0]) is already on line \(earlier); remove one of them", line: i + 1)
        }
        (lines[day], announcements[day]) = (i + 1, announcement)
      } catch {
        faults.append(error)
        if i == 0 { break }
      }
    }
    if let fault = FileFault(all: faults) { throw fault }
    guard !announcements.isEmpty else { throw FileFault("no day is announced; add lines like 2026-01-01,holiday,元旦") }
    self.init(version: version, announcements: announcements)
  }

  private static let columns = ["date", "kind", "name"]

  /// Reads the fields of a line that announces a day: the day's number, and what is announced of it.
  private static func announcement(_ fields: [String], number: Int) throws(FileFault) -> (Int, Announcement) {
    func fault(_ problem: String) -> FileFault { FileFault(problem, line: number) }
    guard fields.count == columns.count else { throw fault("write date,kind,name, three fields, not \(fields.count)") }
    guard let instant = Instant(rfc3339: fields[0] + "T00:00:00+08:00"), years ~= ShanghaiTime(instant).year else {
      throw fault(
        "write a date that exists, in the years \(years.lowerBound) to \(years.upperBound), like 2026-02-28, not '\(fields[0])'"
          + date(near: fields[0]).suggestion)
    }
    let day = instant.shanghaiDay.number
    guard let kind = Kind(rawValue: fields[1]) else {
      throw fault("write holiday or workday, not '\(fields[1])'\(Word.nearest(to: fields[1], in: kinds).suggestion)")
    }
    guard !fields[2].isEmpty else { throw fault("name what the day belongs to, such as 春节") }
    if kind == .workday && isWeekday(day) {
      throw fault("\(fields[0]) is not a Saturday or Sunday, so it is a workday anyway; correct the date or remove the line")
    }
    return (day, Announcement(kind: kind, name: fields[2]))
  }

  private static let kinds = [
    Word(Kind.holiday.rawValue, alsoKnownAs: ["放假", "休", "假", "节假日", "off"]),
    Word(Kind.workday.rawValue, alsoKnownAs: ["调休", "班", "上班", "补班", "work"]),
  ]

  /// The date that is meant by one that spreadsheets and people write otherwise: `2026/2/28`, `2026年2月28日`.
  private static func date(near text: String) -> String? {
    let numbers = text.split { !($0.isASCII && $0.isNumber) }.compactMap { Int($0) }
    guard numbers.count == 3, years ~= numbers[0] else { return nil }
    let parts = ["\(numbers[0])"] + numbers[1...].map { $0 < 10 ? "0\($0)" : "\($0)" }
    let date = parts.joined(separator: "-")
    return date != text && Instant(rfc3339: date + "T00:00:00+08:00") != nil ? date : nil
  }

  /// The fields of one line. Each line is parsed separately, because the parser's own errors do not name the line.
  private static func fields(of line: Substring, number: Int) throws(FileFault) -> [String] {
    let fields: [String]
    do {
      // The parser takes its first line as the header.
      fields = try EnumeratedCSV(string: line + "\n", delimiter: .comma, loadColumns: false).header
    } catch {
      throw FileFault("put quotes around a whole field or leave them out", line: number)
    }
    // A field with an unclosed quote contains the end of the line.
    if fields.contains(where: { $0.contains(where: \.isNewline) }) {
      throw FileFault("a quote is not closed; close it on the same line", line: number)
    }
    return fields.map { $0.trimmingSpaces }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
