// The turn of the year: a year that nobody has announced yet, and how long an event may wait for its item, with the default policy in a real
// duband.

import Duban
import Foundation
import Testing
import TestServers

@Suite("The turn of the year")
struct TurnOfYearTests {
  private struct Recomputation: Decodable { var reckoning: Reckoning }

  private struct Reckoning: Decodable, Equatable {
    var calendar: Int
    var dueAtBefore, dueAt, resolutionDueAtBefore, resolutionDueAt: String
    var isProvisional: Bool
  }

  @Test(
    "a deadline that reaches into 2027 is provisional until 2027 is imported, then reckoned anew on record; waiting and tolerance"
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
          try test.store.until(
            """
            (SELECT count(*) FROM item_event WHERE message_id IN (\(ids)))
            + (SELECT count(*) FROM waiting_event WHERE message_id IN (\(ids))) = \(events.count)
            """)
        }
        try tell([("1", "complaint.submitted", "T"), ("early-1", "complaint.responded", "E-1")], at: "12-21 09:00")
        try tell([("2", "complaint.responded", "T"), ("early-2", "complaint.responded", "E-2")], at: "12-21 11:00")
        // 12-22 to 25 and 28 to 31 are eight 工作日; 2027-01-01, a plain Friday as far as is known, and 04 to 07 are five.
        #expect(try due(test) == "2027-01-07T17:30:00+08:00")
        let provisional = try test.dubanctl("items", "explain", "T").output
        #expect(
          provisional.contains("resolution due 2027-01-07T17:30:00+08:00, provisional: a year that it reaches is not announced"))

        // 25 hours behind the first that waits, 23 behind the second.
        try test.store.setClock(at: minute("12-22 10:00"))
        // Invented for this test: 元旦 on the first three days, and a Saturday of 调休.
        let calendar = try TemporaryFile(
          deployed("calendars/cn-workdays.csv")
            + "2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n2027-01-09,workday,元旦调休\n", "csv")
        #expect(try test.dubanctl("calendar", "import", calendar.path).end == .exit(0))
        try test.store.until(
          """
          EXISTS (SELECT FROM item_event WHERE type = 'item.recomputed')
          AND EXISTS (SELECT FROM waiting_event WHERE message_id = 'early-1' AND flagged_at IS NOT NULL)
          """)
        #expect(try test.store.ask("SELECT flagged_at IS NULL FROM waiting_event WHERE message_id = 'early-2'"))
        let before = "2027-01-07T17:30:00+08:00"
        // The five are 04 to 08 now.
        let after = "2027-01-08T17:30:00+08:00"
        let body: String = try test.store.ask("SELECT body FROM item_event WHERE type = 'item.recomputed'")
        #expect(
          try JSONDecoder().decode(Recomputation.self, from: Data(body.utf8)).reckoning
            == Reckoning(
              calendar: 2, dueAtBefore: before, dueAt: after, resolutionDueAtBefore: before, resolutionDueAt: after,
              isProvisional: false))
        #expect(try due(test) == after)
        let explained = try test.dubanctl("items", "explain", "T").output
        #expect(
          explained.hasPrefix("/hotline/12345/T: resolution due \(after)\n") && explained.contains("; calendar version 2\n"))
        #expect(explained.contains("2027-01-01 元旦, 2027-01-02 元旦, 2027-01-03 元旦"))
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
      try test.store.setClock(at: Halt.hearing(inMinuteOf: minute("12-14 09:00")))
      try QueueWalk.applyDefaults(test)
      try await test.withProcess { _ in
        for (id, type) in [("1", "complaint.submitted"), ("2", "complaint.responded")] {
          try test.publish([
            Sample.event(type, id: id, subject: "T", time: minute("12-14 09:00").rfc3339, data: id == "1" ? nil : "{}")
          ])
          try test.store.until("EXISTS (SELECT FROM item_event WHERE message_id = '\(id)')")
        }
        #expect(try due(test) == "2026-12-31T17:30:00+08:00")
        #expect(try test.store.ask("SELECT provisional_under IS NULL FROM item"))
        let calendar = try TemporaryFile(
          deployed("calendars/cn-workdays.csv") + "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n", "csv")
        #expect(try test.dubanctl("calendar", "import", calendar.path).end == .exit(0))
        try test.store.until("EXISTS (SELECT FROM item_event WHERE type = 'item.recomputed')")
        #expect(try due(test) == "2027-01-04T17:30:00+08:00")
        let explained = try test.dubanctl("items", "explain", "T")
        #expect(explained.end == .exit(0) && explained.errors.isEmpty && explained.output.contains("2026-12-31 元旦"))
      }
    }
  }

  /// When the running deadline of the item is.
  private func due(_ test: Surroundings) throws -> String? {
    let due: Instant? = try test.store.ask("SELECT due_at FROM item WHERE subject = 'T'")
    return due?.rfc3339
  }
}
