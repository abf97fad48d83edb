// The calendar of workdays: its days, its file format, and the errors for wrong files.

import Foundation
import Testing

@testable import Duban

/// The calendar that is shipped with Duban.
func shippedCalendar() throws -> WorkCalendar {
  try WorkCalendar(
    csv: String(contentsOf: FilesTests.deploy.appending(path: "calendars/cn-workdays.csv"), encoding: .utf8), version: 1)
}

/// Whether a day is a workday according to the file's text. It uses Foundation for the day of the week and no code of Duban.
struct PlainReading {
  private var kinds: [String: String] = [:]
  private var gregorian = Calendar(identifier: .gregorian)
  private let formatter = DateFormatter()

  init() throws {
    let text = try String(contentsOf: FilesTests.deploy.appending(path: "calendars/cn-workdays.csv"), encoding: .utf8)
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ",")
      kinds[String(fields[0])] = String(fields[1])
    }
    let utc = try #require(TimeZone(identifier: "UTC"))
    gregorian.timeZone = utc
    formatter.timeZone = utc
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd"
  }

  func isWorkday(_ day: Int) -> Bool {
    let date = Date(timeIntervalSince1970: Double(day) * 86400)
    return switch kinds[formatter.string(from: date)] {
    case "holiday": false
    case "workday": true
    default: 2...6 ~= gregorian.component(.weekday, from: date)
    }
  }
}

@Suite("The calendar of workdays")
struct WorkingTimeCalendarTests {
  private func day(_ date: String) throws -> Int {
    try #require(Instant(rfc3339: date + "T00:00:00+08:00")).shanghaiDay.number
  }

  @Test("a Tuesday of Spring Festival is off, its make-up Saturday is a workday, and each has a reason")
  func golden() throws {
    let calendar = try shippedCalendar()
    #expect(try !calendar.isWorkday(day("2025-01-28")) && calendar.reason(for: day("2025-01-28")) == "春节")
    #expect(try calendar.isWorkday(day("2026-02-28")) && calendar.reason(for: day("2026-02-28")) == "春节调休")
    #expect(try !calendar.isWorkday(day("2026-03-01")) && calendar.reason(for: day("2026-03-01")) == "周末")
    #expect(try calendar.isWorkday(day("2026-03-02")) && calendar.reason(for: day("2026-03-02")) == nil)
    #expect(calendar.announcedYears == [2024, 2025, 2026])
  }

  @Test("each day from 1990 to 2060 is as the file and the week say, and ranks count the workdays before it")
  func ranks() throws {
    let calendar = try shippedCalendar()
    let plain = try PlainReading()
    let first = try day("1990-01-01")
    var rank = calendar.rank(of: first)
    for day in first..<(try day("2060-01-01")) {
      let isWorkday = plain.isWorkday(day)
      #expect(calendar.isWorkday(day) == isWorkday && calendar.rank(of: day) == rank, "day \(day)")
      if isWorkday {
        #expect(calendar.workday(rank) == day)
        rank += 1
      } else {
        #expect(calendar.workday(rank) > day)
      }
    }
  }

  @Test("around a single announced day, the calendar is plain weekdays")
  func oneDay() throws {
    let calendar = try WorkCalendar(csv: "date,kind,name\n2026-01-03,workday,补班", version: 1)
    #expect(try calendar.isWorkday(day("2026-01-03")) && !calendar.isWorkday(day("2026-01-04")))
    let ranks = try (day("2025-12-31")...day("2026-01-06")).map(calendar.rank)
    #expect(ranks.map { $0 - ranks[0] } == [0, 1, 2, 3, 4, 4, 5])
  }

  @Test("a file saved by a spreadsheet is read the same: byte order mark, CRLF, quotes, spaces, blank lines")
  func spreadsheet() throws {
    let calendar = try WorkCalendar(
      csv: "\u{FEFF}date,kind,name\r\n2026-02-28 , \"workday\",\"春节, \"\"调休\"\"\"\r\n\r\n2026-01-01,holiday,元旦\r\n", version: 3)
    #expect(calendar.version == 3 && calendar.announcedYears == [2026])
    #expect(try calendar.reason(for: day("2026-02-28")) == "春节, \"调休\"" && !calendar.isWorkday(day("2026-01-01")))
  }

  @Test(
    "an error in a file names its line and the remedy",
    arguments: [
      ("", "line 1: write date,kind,name as the first line"),
      ("2026-01-01,holiday,元旦\n", "line 1: write date,kind,name as the first line"),
      ("date,kind,name\n\n", "no day is announced; add lines like 2026-01-01,holiday,元旦"),
      ("date,kind,name\n2026-01-01,holiday,元旦\n2026-01-02,off,元旦\n", "line 3: write holiday or workday, not 'off'"),
      ("date,kind,name\n2026/1/1,holiday,元旦\n", "line 2: write a date that exists"),
      ("date,kind,name\n2026-02-30,holiday,春节\n", "like 2026-02-28, not '2026-02-30'"),
      ("date,kind,name\n0026-02-03,holiday,春节\n", "in the years 2000 to 2199"),
      ("date,kind,name\n2026-01-01,holiday\n", "line 2: write date,kind,name, three fields, not 2"),
      ("date,kind,name\n2026-01-01,holiday,元旦,3\n", "line 2: write date,kind,name, three fields, not 4"),
      ("date,kind,name\n2026-01-01,holiday,\n", "line 2: name what the day belongs to, such as 春节"),
      (
        "date,kind,name\r\n2026-01-01,holiday,元旦\r\n\r\n2026-01-01,holiday,元旦\r\n",
        "line 4: 2026-01-01 is already on line 2; remove one of them"
      ),
      (
        "date,kind,name\n2026-02-27,workday,春节调休\n",
        "line 2: 2026-02-27 is not a Saturday or Sunday, so it is a workday anyway; correct the date or remove the line"
      ),
      ("date,kind,name\n2026-01-01,holi\"day,元旦\n", "line 2: put quotes around a whole field"),
      ("date,kind,name\n2026-01-01,holiday,\"元旦\n2026-01-02,holiday,元旦\n", "line 2: a quote is not closed"),
    ])
  func fault(csv: String, says: String) {
    do {
      _ = try WorkCalendar(csv: csv, version: 1)
      Issue.record("taken")
    } catch {
      #expect(error.description.contains(says), "\(error)")
    }
  }

  @Test("a holiday may fall on a weekend, as in the State Council's spans, and changes only the name")
  func weekendHoliday() throws {
    let calendar = try WorkCalendar(csv: "date,kind,name\n2026-01-03,holiday,元旦", version: 1)
    #expect(try !calendar.isWorkday(day("2026-01-03")) && calendar.reason(for: day("2026-01-03")) == "元旦")
    #expect(try calendar.rank(of: day("2027-01-01")) - calendar.rank(of: day("2026-01-01")) == 261)
  }

  @Test(
    "the year to import is the current one, or in its last 60 days the next one",
    arguments: [
      ("2026-11-01T23:59:59+08:00", nil), ("2026-11-02T00:00:00+08:00", 2027), ("2026-12-31T23:59:59+08:00", 2027),
      ("2027-01-01T00:00:00+08:00", 2027), ("2025-12-31T12:00:00+08:00", nil), ("2023-12-31T12:00:00+08:00", 2023),
    ])
  func yearToImport(now: String, year: Int?) throws {
    #expect(try shippedCalendar().yearToImport(at: #require(Instant(rfc3339: now))) == year)
  }

  @Test("office hours must be intervals in order within the day")
  func officeHours() {
    #expect(OfficeHours([510..<720, 870..<1050]) == .standard && OfficeHours([0..<1440]) != nil)
    for wrong in [[], [510..<510], [510..<720, 720..<1050], [870..<1050, 510..<720], [510..<900, 870..<1050], [0..<1441]] {
      #expect(OfficeHours(wrong) == nil, "\(wrong)")
    }
    #expect(OfficeHours([-1..<60]) == nil)
  }
}
