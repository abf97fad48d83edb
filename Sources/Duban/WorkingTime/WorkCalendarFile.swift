// Calendar files: CSV, a line for each announced day, as people keep such lists and spreadsheets save them.

import SwiftCSV

extension WorkCalendar {
  /// Years that a file may speak of: a typing slip beyond them would make the tables long, and be wrong in any case.
  private static let years = 2000...2199

  /// Reads a calendar file: a first line `date,kind,name`, then lines like `2026-02-28,workday,春节调休`, in any order.
  ///
  /// A holiday may stand on a Saturday or Sunday: the State Council announces whole spans (放假), weekends included, and the line gives
  /// the day its name. A make-up workday on a Monday to Friday says nothing, so it is a slip, and refused.
  /// - Throws: ``FileFault`` that names the line and the remedy.
  public init(csv text: String, version: Int) throws(FileFault) {
    var announcements: [Int: Announcement] = [:]
    var lines: [Int: Int] = [:]
    for (i, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let fields = try Self.fields(of: line, number: i + 1)
      if i == 0 {
        guard fields == ["date", "kind", "name"] else { throw FileFault("line 1: the first line is date,kind,name") }
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
          "line \(i + 1): \(fields[0]) is no Saturday or Sunday, so it is a workday anyway; correct the date or remove the line")
      }
      if let earlier = lines.updateValue(i + 1, forKey: day) {
        throw FileFault("line \(i + 1): \(fields[0]) stands on line \(earlier) already; remove one of them")
      }
      announcements[day] = Announcement(kind: kind, name: fields[2])
    }
    guard !announcements.isEmpty else { throw FileFault("no day is announced; add lines like 2026-01-01,holiday,元旦") }
    self.init(version: version, announcements: announcements)
  }

  /// The fields of one line. The reader is given a line at a time, because its own faults do not say where they are.
  private static func fields(of line: Substring, number: Int) throws(FileFault) -> [String] {
    let fields: [String]
    do {
      // As the reader sees it, the first line that it is given is the header.
      fields = try EnumeratedCSV(string: line + "\n", delimiter: .comma, loadColumns: false).header
    } catch {
      throw FileFault("line \(number): put quotes around a whole field or leave them out")
    }
    // A field that was begun with a quote and not ended has taken in the line's end.
    if fields.contains(where: { $0.contains(where: \.isNewline) }) {
      throw FileFault("line \(number): a quote is opened and not closed; close it on the same line")
    }
    return fields.map { $0.trimmingSpaces }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
