// What the audit makes of the database's answers: by a clock that the test sets, and then by a real daemon and a real database.

import Duban
import Foundation
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore
@testable import DubanWorkers

@Suite("The audit's judgement")
struct DeadlineAuditTests {
  static let since = Duban.Instant(microseconds: 1_795_219_200_000_000)
  let clock = TestClock()
  let health: Health

  init() {
    health = Health(auditBound: .seconds(60), now: { [clock] in clock.now })
    health.report("intake", .working)
  }

  /// An answer that the oldest due item is so old; with 0 nothing is due.
  private func lag(_ seconds: Double, item: Int64 = 17, workers: Int = 0) -> Lag {
    Lag(
      oldestDueSeconds: seconds, oldestDueItem: seconds > 0 ? item : nil, oldestDueSince: seconds > 0 ? Self.since : nil,
      deadlineWorkers: workers, oldestOutboxSeconds: 0, unroutable: 0, waiting: 0)
  }

  /// Answers every five seconds, so many times; returns what they changed.
  private func answer(_ count: Int, _ lag: Lag) -> [DeadlineAudit.Change] {
    (0..<count).compactMap { _ in
      clock.advance(by: .seconds(5))
      health.report("intake", .working)
      return health.report(lag: lag)
    }
  }

  @Test("an item due for longer than the bound takes readiness away and is named with the remedy; handled, it gives it back")
  func behindAndBack() {
    #expect(answer(20, lag(0)).isEmpty && health.report.isReady && health.report.deadlinesAreBehind == false)
    #expect(answer(1, lag(60)).isEmpty && health.report.isReady, "the bound itself is in time")
    let late = DeadlineAudit.LateItem(id: 17, since: Self.since, workers: 0)
    #expect(answer(3, lag(60.1)) == [.fellBehind(late)], "told once")
    let report = health.report
    #expect(!report.isReady && report.isAlive && report.deadlinesAreBehind == true && report.lag?.oldestDueItem == 17)
    #expect(
      report.complaints == [
        "deadlines are behind: item 17 has been due since \(Self.since.rfc3339) and is not handled; "
          + "no duband with the role deadlines is connected: start one; dubanctl items due lists what is due"
      ])
    // The next oldest is named while it is too old as well, and is no news.
    #expect(answer(1, lag(99, item: 18, workers: 2)).isEmpty)
    #expect(
      health.report.complaints[0].contains("item 18 has") && health.report.complaints[0].contains("is connected (2): see its log")
    )
    #expect(answer(2, lag(59)) == [.caughtUp(after: .seconds(20))], "told once")
    #expect(health.report.isReady && health.report.complaints.isEmpty && health.report.deadlinesAreBehind == false)
  }

  @Test("the backlog that is met at the start may last as long as the bound, and no longer")
  func backlogAtStart() {
    #expect(answer(12, lag(86_400)).isEmpty)
    #expect(health.report.isReady && health.report.deadlinesAreBehind == false && health.report.lag?.oldestDueSeconds == 86_400)
    #expect(answer(1, lag(86_400)).count == 1 && !health.report.isReady)
  }

  @Test("so may one met after a silence longer than the bound; a shorter silence changes nothing")
  func backlogAfterSilence() {
    _ = answer(20, lag(0))
    clock.advance(by: .seconds(61))
    #expect(answer(12, lag(500)).isEmpty && health.report.isReady)
    _ = answer(20, lag(0))
    health.report(lag: nil)
    clock.advance(by: .seconds(50))
    #expect(answer(1, lag(61)).count == 1)
  }

  @Test("what nobody asks is not known at once, and after the bound not ready, whether it was asked before or never")
  func unknown() {
    #expect(health.report.lag == nil && health.report.deadlinesAreBehind == nil)
    clock.advance(by: .seconds(60))
    #expect(health.report.isReady, "workers that start take that away, not the audit")
    clock.advance(by: .seconds(1))
    #expect(!health.report.isReady)
    #expect(answer(1, lag(0)).isEmpty && health.report.isReady && health.report.lag != nil)
    // The audit's worker hangs: it does not even say that it cannot ask.
    clock.advance(by: .seconds(61))
    let hung = health.report
    #expect(!hung.isReady && hung.isAlive && hung.lag == nil && hung.deadlinesAreBehind == nil)
    #expect(
      hung.complaints == [
        "the database has not answered the audit for longer than 60.0 seconds: whether deadlines are handled is unknown"
      ])
    _ = answer(1, lag(0))
    #expect(health.report.isReady)
    #expect(health.report(lag: nil) == nil && health.report.lag == nil && health.report.deadlinesAreBehind == nil)
  }

  @Test("deadlines that were behind are so until an answer says otherwise, and a silence makes no news of them")
  func behindAcrossSilence() {
    _ = answer(20, lag(0))
    #expect(answer(1, lag(61)).count == 1)
    health.report(lag: nil)
    #expect(!health.report.isReady && health.report.complaints[0].contains("item 17"))
    clock.advance(by: .seconds(300))
    #expect(answer(2, lag(360)).isEmpty && !health.report.isReady)
    #expect(answer(1, lag(0)) == [.caughtUp(after: .seconds(315))])
  }

  @Test("systemd's status line says what the page says, and the watchdog is fed: to be restarted is no remedy")
  func systemd() {
    var conversation = SystemdConversation(watchdog: .seconds(10))
    _ = answer(20, lag(0))
    #expect(conversation.news(of: health.report, at: clock.now)["READY"] == "1")
    _ = answer(2, lag(100))
    let news = conversation.news(of: health.report, at: clock.now)
    #expect(news["STATUS"]?.hasPrefix("deadlines are behind: item 17 has been due since ") == true && news["WATCHDOG"] == "1")
  }
}

@Suite("The audit")
struct AuditTests {
  @Test(
    "where no daemon has the role deadlines, one without it says which item is due since when; with one that has it, it is ready again"
  )
  func noEngine() async throws {
    try await Surroundings.with { test in
      try test.publish(complaints: 1)
      let audited = ["DUBAN_ROLES": "intake,relay", "DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_AUDIT_SECONDS": "1"]
      try await test.withProcess(audited) { daemon in
        try test.store.until("(SELECT count(*) FROM item) = 1")
        try await daemon.untilReadiness(is: 200)
        #expect(try test.dubanctl("items", "due").output == "nothing is due that is not handled\n")
        try test.store.setClock(ahead: "49 hours")
        let said = try await daemon.untilReadiness(is: 503, saying: "deadlines are behind")
        let (id, due): (Int64, Duban.Instant) = (
          try test.store.ask("SELECT id FROM item"), try test.store.ask("SELECT due_at FROM item")
        )
        #expect(said.contains("item \(id) has been due since \(due.rfc3339) and is not handled"), "\(said)")
        #expect(said.contains("no duband with the role deadlines is connected: start one"), "\(said)")
        #expect(try await daemon.ask("metrics").contains("\nduban_deadlines_behind 1\n"))

        let listed = try test.dubanctl("items", "due", "--json")
        #expect(listed.end == .exit(0) && listed.output.contains(#""subject" : "S0""#), "\(listed.errors)")
        #expect(listed.output.contains(#""id" : \#(id),"#) && listed.output.contains(#""since" : "\#(due.rfc3339)""#))
        #expect(try test.dubanctl("items", "due").output.contains("/hotline/12345/S0  \(due.rfc3339)  3"))

        try await test.withProcess(["DUBAN_ROLES": "deadlines"]) { _ in try await daemon.untilReadiness(is: 200) }
        try daemon.untilLog(contains: "deadlines are handled in time again")
        #expect(try await daemon.ask("metrics").contains("\nduban_deadlines_behind 0\n"))
        let lines = daemon.log.split(separator: "\n")
        #expect(lines.count { $0.contains("level=error") && $0.contains("deadlines are behind") } == 1, "\(daemon.log)")
        #expect(lines.count { $0.contains("level=notice") && $0.contains("handled in time again") } == 1, "\(daemon.log)")
        #expect(lines.contains { $0.contains("item=\(id) ") && $0.contains("due-since=\(due.rfc3339)") }, "\(daemon.log)")
      }
    }
  }

  @Test("an item that the engine passes over, because another session holds it, is found by the audit beside the engine")
  func passedOver() async throws {
    try await Surroundings.with { test in
      try test.publish(complaints: 1)
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_AUDIT_SECONDS": "1"]) { daemon in
        try test.store.until("(SELECT count(*) FROM item) = 1")
        // The engine is there too.
        try await daemon.untilReadiness(is: 200)
        let blocker = try test.store.database.connect()
        try blocker.runScript("BEGIN; SELECT FROM item FOR UPDATE")
        try test.store.setClock(ahead: "49 hours")
        let said = try await daemon.untilReadiness(is: 503, saying: "deadlines are behind")
        #expect(said.contains("duband with the role deadlines is connected (1): see its log"), "\(said)")
        blocker.close()
        try await daemon.untilReadiness(is: 200)
        try test.store.until("(SELECT count(*) FROM breach) = 1")
      }
    }
  }

  @Test("an item that the database will not let climb, and that was left aside, is named, though its neighbours are handled")
  func leftAside() async throws {
    try await Surroundings.with { test in
      let connection = try test.store.database.connect()
      try connection.runScript("ALTER TABLE item ADD CHECK (subject <> 'S3' OR tier = 'street')")
      connection.close()
      try test.publish(complaints: 9)
      try await test.withProcess(["DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_AUDIT_SECONDS": "1"]) { daemon in
        try test.store.until("(SELECT count(*) FROM item) = 9")
        try test.store.setClock(ahead: "49 hours")
        try test.store.until("(SELECT count(*) FROM item WHERE tier = 'district') = 8")
        let id: Int64 = try test.store.ask("SELECT id FROM item WHERE subject = 'S3'")
        try await daemon.untilReadiness(is: 503, saying: "item \(id) has been due since")
        #expect(daemon.log.contains("left aside"))
      }
    }
  }

  @Test("an audit that gets no answer does not say that all is well")
  func noAnswer() async throws {
    try await Surroundings.with { test in
      let audited = ["DUBAN_ROLES": "relay", "DUBAN_STATUS_PORT": "\(try freePort())", "DUBAN_AUDIT_SECONDS": "1"]
      try await test.withProcess(audited) { daemon in
        try await daemon.untilReadiness(is: 200)
        let blocker = try test.store.database.connect()
        // The relay has nothing to do with it.
        try blocker.runScript("BEGIN; LOCK TABLE verdict IN ACCESS EXCLUSIVE MODE")
        let said = try await daemon.untilReadiness(is: 503, saying: "has not answered the audit for longer than 1.0 seconds")
        #expect(said.contains(#""lag":null"#))
        #expect(try await daemon.ask("metrics").contains("\nduban_deadlines_behind NaN\n"))
        blocker.close()
        try await daemon.untilReadiness(is: 200)
      }
    }
  }
}
