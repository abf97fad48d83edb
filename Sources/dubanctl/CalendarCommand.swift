// dubanctl calendar: the calendar of workdays, and what is due when by it.

import ArgumentParser
import Duban
import DubanStore
import FoundationEssentials

struct CalendarCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calendar", abstract: "The calendar of workdays (工作日, 放假, 调休), and due dates by it.",
    subcommands: [Import.self, Show.self, Check.self, Due.self])

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a calendar file the one in force; the earlier ones are kept.",
      discussion: """
        A file holds every year that is announced, not only the new one: one that lacks a year of the calendar in force is refused. duband \
        recomputes the deadlines of items in work that were counted over a day that it changes, and records it; one that would have passed \
        already stays as it was.
        """)

    @OptionGroup var connections: Connections
    @Flag(help: "Say which deadlines would change, and change nothing.") var dryRun = false
    @Flag(help: "Take a file that lacks years of the calendar in force: from then on only Monday to Friday are known of them.")
    var losingYears = false
    @Argument(help: "A CSV file, such as deploy/calendars/cn-workdays.csv.") var file: String

    func run() async throws {
      let document = try readFile(file)
      let name = URL(filePath: file).deletingPathExtension().lastPathComponent
      let store = try await connections.migratedStore()
      try await naming(file) {
        if dryRun {
          try printTrial(of: document, store)
        } else {
          let calendar = try store.importCalendar(document, name: name, by: operatorName, losingYears: losingYears)
          print("calendar version \(calendar.version) is in force and announces \(calendar.years)")
        }
      }
    }

    private func printTrial(of document: String, _ store: Store) throws {
      let trial = try store.tryCalendar(document, losingYears: losingYears, listing: 10)
      let days = trial.days.map { String($0.instant.rfc3339.prefix(10)) }
      print("it announces \(trial.calendar.years); \(days.isEmpty ? "no day changes" : "\(days.count.of("day")) changed")")
      if !days.isEmpty { print(days.prefix(20).joined(separator: ", ") + (days.count > 20 ? " …" : "")) }
      guard trial.deadlines > 0 else { return print("no deadline would change") }
      print("\(trial.deadlines.of("deadline")) of \(trial.items.of("item")) would change:")
      print(
        Table(
          heading: ["item", "clock", "due", "would be due"],
          rows: trial.first.map {
            [$0.item.description, $0.clock.rawValue, $0.before?.rfc3339 ?? "–", $0.after?.rfc3339 ?? "–"]
          }
        ).text)
      if trial.deadlines > trial.first.count { print("… and \((trial.deadlines - trial.first.count).of("other"))") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows the calendar in force: each day that is announced.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "Only days of this year.") var year: Int?

    func run() async throws {
      struct Day: Encodable { var date, kind, name: String }
      struct View: Encodable {
        var version: Int
        var name, importedAt, importedBy: String
        var years: [Int]
        var days: [Day]
      }
      let imported = try await connections.migratedStore().calendarInForce()
      let days = imported.calendar.announcedDays.filter { year == nil || $0.date.year == year }.map {
        Day(date: String($0.date.instant.rfc3339.prefix(10)), kind: $0.announcement.kind.rawValue, name: $0.announcement.name)
      }
      let view = View(
        version: imported.calendar.version, name: imported.name, importedAt: imported.importedAt.rfc3339,
        importedBy: imported.importedBy, years: imported.calendar.announcedYears, days: days)
      if !output.json {
        print("calendar version \(view.version), \(view.name), imported \(view.importedAt) by \(view.importedBy)")
      }
      try output.print(
        view,
        table: Table(
          heading: ["date", "kind", "name"], rows: days.map { [$0.date, $0.kind, $0.name] }, empty: "no day is announced"))
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says which years are announced, and warns on standard error where one is missing.",
      discussion: """
        The present year must be announced, and the next one from 60 days before its start. Without a file it checks the calendar in force \
        by the database's clock. The next year's notice may still change the last days of this one, as that for 2023 made 2022-12-31 a \
        day off (元旦): what counts them is not provisional, and its import moves it.
        """)

    @OptionGroup var connections: Connections
    @Argument(help: "A CSV file, such as deploy/calendars/cn-workdays.csv.") var file: String?

    func run() async throws {
      let (calendar, now, place): (WorkCalendar, Instant, String)
      if let file {
        calendar = try await readCalendar(file)
        now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        place = file
      } else {
        let store = try await connections.migratedStore()
        calendar = try store.calendarInForce().calendar
        now = try store.now()
        place = "calendar version \(calendar.version)"
      }
      print("\(place) announces \(calendar.years)")
      if let year = calendar.yearToImport(at: now) {
        warn("\(year) is not announced in it: add the days of 国务院办公厅's notice on that year to the file, and import it")
      }
    }
  }
}

/// Reads a calendar file.
func readCalendar(_ file: String) async throws -> WorkCalendar {
  let text = try readFile(file)
  return try await naming(file) { try WorkCalendar(csv: text, version: 0) }
}

extension WorkCalendar {
  fileprivate var years: String {
    "\(announcedDays.count) \(announcedDays.count == 1 ? "day" : "days") of \(announcedYears.joined)"
  }
}

extension [Int] {
  fileprivate var joined: String { map(String.init).joined(separator: ", ") }
}
