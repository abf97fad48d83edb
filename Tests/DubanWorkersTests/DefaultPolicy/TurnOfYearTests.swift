// The turn of the year: a year that nobody has announced yet, and how long an event may wait for its item, with the default policy in a real
// duband.

import Duban
import Foundation
import Testing
import TestServers

@Suite("The turn of the year")
struct TurnOfYearTests {
  private struct Recomputed: Decodable, Equatable {
    struct Change: Decodable, Equatable { var clock, before, after: String }
    var calendar: Int
    var deadlines: [Change]
  }

  @Test(
    "a deadline that reaches into 2027 is provisional until 2027 is imported, then recomputed on record; waiting and tolerance"
  )
  func provisional() async throws {
    try await Surroundings.with { test in
      // 60 days before 2027 the year is asked for, not before.
      try test.store.setClock(at: minute("11-01 23:59"))
      try QueueWalk.applyDefaults(test)
      let early = try test.dubanctl("calendar", "check")
      #expect(early.end == .exit(0) && early.errors.isEmpty)
      try test.store.setClock(at: minute("11-02 00:01"))
      let late = try test.dubanctl("calendar", "check")
      #expect(late.end == .exit(0) && late.errors.hasPrefix("dubanctl: 2027 is not announced in it: add the days"))

      try await test.withProcess { daemon in
        try daemon.untilLog(contains: "a calendar year is not announced; deadlines that reach it are provisional")
        func tell(_ events: [(id: String, type: String, subject: String)], at time: String) throws {
          try test.store.setClock(at: Halt.hearing(inMinuteOf: minute(time)))
          try test.publish(
            events.map { event in
              Sample.event(
                event.type, id: event.id, subject: event.subject, time: minute(time).rfc3339,
                data: event.type == "complaint.submitted" ? nil : "{}")
            })
          let ids = events.map { "'\($0.id)'" }.joined(separator: ",")
          try test.store.until("(SELECT count(*) FROM item_event WHERE message_id IN (\(ids))) = \(events.count)")
        }
        try tell([("1", "complaint.submitted", "T"), ("early-1", "complaint.responded", "E-1")], at: "12-21 09:00")
        try tell([("2", "complaint.responded", "T"), ("early-2", "complaint.responded", "E-2")], at: "12-21 11:00")
        // 12-22 to 25 and 28 to 31 are eight 工作日; 2027-01-01, a plain Friday as far as is known, and 04 to 07 are five.
        #expect(try due(test) == "2027-01-07T17:30:00+08:00")
        let before = "2027-01-07T17:30:00+08:00"
        #expect(try settling(test).isProvisional && settling(test).dueAt == before)

        // 25 hours behind the first that waits, 23 behind the second.
        try test.store.setClock(at: minute("12-22 10:00"))
        // Invented for this test: 元旦 on the first three days, and a Saturday of 调休.
        let calendar = try TemporaryFile(
          deployed("calendars/cn-workdays.csv")
            + "2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n2027-01-09,workday,元旦调休\n", "csv")
        #expect(try test.dubanctl("calendar", "import", calendar.path).end == .exit(0))
        try test.store.until(
          """
          EXISTS (SELECT FROM finding WHERE type = 'item.recomputed') AND (\(Self.isFlagged("early-1")))
          """)
        #expect(try !test.store.ask(Self.isFlagged("early-2")))
        // The five are 04 to 08 now.
        let after = "2027-01-08T17:30:00+08:00"
        let data: String = try test.store.ask("SELECT data FROM finding WHERE type = 'item.recomputed'")
        #expect(
          try JSONDecoder().decode(Recomputed.self, from: Data(data.utf8))
            == Recomputed(calendar: 2, deadlines: [.init(clock: "resolution", before: before, after: after)]))
        #expect(try due(test) == after)
        let explained = try settling(test)
        #expect(explained.dueAt == after && !explained.isProvisional && explained.calendarVersion == 2)
        #expect((1...3).allSatisfy { explained.skipped?.contains("2027-01-0\($0) 元旦") == true })
        #expect(try test.dubanctl("calendar", "check").errors.isEmpty)

        // It passes on the new day, not on the old one, and 区 has five 工作日 more: 01-09 (调休), 11, 12, 13, 14.
        for (time, breaches) in [(before, 0), (after, 1)] {
          try test.store.setClock(at: Halt.sweep(inMinuteOf: try #require(Instant(rfc3339: time))))
          try test.store.until("NOT EXISTS (SELECT FROM item WHERE wake_at <= duban_now())")
          #expect(try test.store.ask("SELECT count(*) FROM breach") == breaches)
        }
        #expect(try test.store.ask("SELECT due_at = '\(after)' FROM breach"))
        #expect(try due(test) == "2027-01-14T17:30:00+08:00")

        // 区 lets it pass in an outage longer than the tolerance of an hour: 市 counts from when it is told. 01-15, 18, 19, 20, 21.
        try test.store.setClock(at: Halt.sweep(inMinuteOf: minute("12-31 18:31") + .days(14)))
        try test.store.until("(SELECT count(*) FROM breach) = 2")
        #expect(try due(test)?.prefix(16) == "2027-01-21T18:31")
      }
    }
  }

  @Test(
    "a notice that makes the last day of this year a day off moves what was due on it, on record, though it was never provisional"
  )
  func lastDay() async throws {
    try await Surroundings.with { test in
      try test.store.setClock(at: minute("12-13 09:00"))
      try QueueWalk.applyDefaults(test)
      try test.store.setClock(at: Halt.hearing(inMinuteOf: minute("12-14 09:00")))
      try await test.withProcess { _ in
        for (id, type) in [("1", "complaint.submitted"), ("2", "complaint.responded")] {
          try test.publish([
            Sample.event(type, id: id, subject: "T", time: minute("12-14 09:00").rfc3339, data: id == "1" ? nil : "{}")
          ])
          try test.store.until("EXISTS (SELECT FROM item_event WHERE message_id = '\(id)')")
        }
        #expect(try due(test) == "2026-12-31T17:30:00+08:00")
        #expect(try test.store.ask("SELECT NOT provisional FROM item"))
        let calendar = try TemporaryFile(
          deployed("calendars/cn-workdays.csv") + "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n", "csv")
        #expect(try test.dubanctl("calendar", "import", calendar.path).end == .exit(0))
        try test.store.until("EXISTS (SELECT FROM finding WHERE type = 'item.recomputed')")
        #expect(try due(test) == "2027-01-04T17:30:00+08:00")
        #expect(try settling(test).skipped?.contains("2026-12-31 元旦") == true)
      }
    }
  }

  /// The latest deadline by which the item is to be settled, as dubanctl explains it.
  private func settling(_ test: Surroundings) throws -> QueueWalk.Explained.Deadline {
    let result = try test.dubanctl("items", "explain", "T", "--json")
    guard result.end == .exit(0), result.errors.isEmpty else { throw TestFault("dubanctl items explain: \(result.errors)") }
    let explained = try JSONDecoder().decode(QueueWalk.Explained.self, from: Data(result.output.utf8))
    return try #require(explained.deadlines.last { $0.clock == "resolution" })
  }

  private static func isFlagged(_ message: String) -> String {
    """
    SELECT verdict = 'waits' AND flagged_at IS NOT NULL FROM verdict JOIN item_event USING (item_id, number) \
    WHERE message_id = '\(message)'
    """
  }

  /// When the running deadline of the item is.
  private func due(_ test: Surroundings) throws -> String? {
    let due: Instant? = try test.store.ask("SELECT due_at FROM item WHERE subject = 'T'")
    return due?.rfc3339
  }
}
