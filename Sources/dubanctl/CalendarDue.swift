// dubanctl calendar due: when a limit is up, for one or for as many as come on standard input.

import ArgumentParser
import Duban
import DubanStore
import Glibc

extension CalendarCommand {
  struct Due: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints when a limit is up, in RFC 3339 and Asia/Shanghai.",
      usage: """
        dubanctl calendar due START LENGTH UNIT [--from-next-day] [--close-of-business] [--calendar FILE]
        dubanctl calendar due --batch [--from-next-day] [--close-of-business] [--calendar FILE]
        """,
      discussion: """
        Units: hours (小时, 自然时间), days (自然日), workdays (工作日), workhours (工作时: 08:30-12:00, 14:30-17:30).

        From the moment, workdays end at the same time of day; a start on a day off counts as 00:00 of the next workday. \
        From the next day, the last day is used to its end: 24:00, printed as 00:00 of the day after, or close of business. \
        Natural days are not moved when the last is a day off.

        A limit that reaches into a year that is not announced is provisional, which is said on standard error.
        """)

    @OptionGroup var connections: Connections
    @Option(name: .customLong("calendar"), help: "A CSV file instead of the calendar in the database, which is not asked then.")
    var file: String?
    @Flag(help: "Count from the next day (自次日起算).") var fromNextDay = false
    @Flag(name: .customLong("close-of-business"), help: "Until close of business (下班时) on the last day.") var untilClose = false
    @Flag(help: "Read START LENGTH UNIT from standard input, a line each, and answer line by line.") var batch = false
    @Argument(help: "When it starts, in RFC 3339 with any offset.") var start: String?
    @Argument(help: "How long it is, 0 to 100000.") var length: String?
    @Argument(help: "hours, days, workdays or workhours.") var unit: String?

    func validate() throws {
      if batch == (unit != nil) || batch && start != nil {
        throw ValidationError("give START LENGTH UNIT, or --batch and them on standard input")
      }
    }

    func run() async throws {
      let calendar: WorkCalendar
      if let file {
        calendar = try await readCalendar(file)
      } else {
        calendar = try await connections.migratedStore().calendarInForce().calendar
      }
      let calculator = DueCalculator(time: WorkingTime(calendar: calendar), fromNextDay: fromNextDay, untilClose: untilClose)
      guard batch else {
        let fields = [start, length, unit].compactMap { $0 }
        let due = try calculator.due(fields)
        print(due.instant.rfc3339)
        if due.isProvisional {
          warn("provisional: a year that it reaches into is not announced; plain weekdays are counted there")
        }
        return
      }
      let (answered, provisional, failed) = try calculator.answerAll()
      if provisional > 0 {
        warn(
          "provisional: \(provisional) of \(answered) reach into a year that is not announced; plain weekdays are counted there")
      }
      if failed > 0 {
        warn("\(failed) of \(answered) lines could not be read; their answers begin with error: and the line's number")
        throw ExitCode(1)
      }
    }
  }
}

/// Answers when limits are up, read from words.
private struct DueCalculator {
  let time: WorkingTime
  let fromNextDay: Bool
  let untilClose: Bool

  /// - Throws: `ValidationError` that says which word is wrong.
  func due(_ words: [String]) throws -> DueDate {
    guard words.count == 3 else { throw ValidationError("write START LENGTH UNIT, three words, not \(words.count)") }
    guard let start = Instant(rfc3339: words[0]) else {
      throw ValidationError("'\(words[0])' is not an RFC 3339 time; write one like 2026-11-20T08:00:00+08:00")
    }
    guard let unit = TimeLimit.Unit(rawValue: words[2]) else {
      throw ValidationError("'\(words[2])' is not a unit; write hours, days, workdays or workhours")
    }
    guard let length = Int(words[1]), let limit = TimeLimit(length, unit, fromNextDay: fromNextDay, untilClose: untilClose) else {
      throw ValidationError("'\(words[1])' is not a length; write a whole number from \(fromNextDay ? 1 : 0) to 100000")
    }
    let due = time.due(limit, from: start)
    guard Instant(rfc3339: due.instant.rfc3339) != nil else { throw ValidationError("it is not up before the year 10000") }
    return due
  }

  /// Answers each line of standard input with one line, those of each block that was read before it waits for the next.
  func answerAll() throws -> (answered: Int, provisional: Int, failed: Int) {
    var (answered, provisional, failed) = (0, 0, 0)
    var input: [UInt8] = []
    var output: [UInt8] = []
    func answer(_ line: some Sequence<UInt8>) {
      let words = String(decoding: Array(line), as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
      answered += 1
      do {
        let due = try due(words)
        if due.isProvisional { provisional += 1 }
        output += due.instant.rfc3339.utf8
      } catch {
        failed += 1
        output += "error: line \(answered): \(error)".utf8
      }
      output.append(UInt8(ascii: "\n"))
    }
    while let block = try readBlock() {
      input += block
      var lineStart = 0
      while let end = input[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
        answer(input[lineStart..<end])
        lineStart = end + 1
      }
      input.removeFirst(lineStart)
      try writeAll(output, to: STDOUT_FILENO)
      output.removeAll(keepingCapacity: true)
    }
    if !input.isEmpty { answer(input) }
    try writeAll(output, to: STDOUT_FILENO)
    return (answered, provisional, failed)
  }

  /// What is there to be read, at most 64 KiB; nil at the end.
  private func readBlock() throws -> [UInt8]? {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &block, block.count)
      if count > 0 { return Array(block[..<count]) }
      if count == 0 { return nil }
      if errno != EINTR { throw ValidationError("standard input cannot be read: \(String(cString: strerror(errno)))") }
    }
  }
}
