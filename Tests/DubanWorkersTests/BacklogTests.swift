// For how long deadlines wait for what lies in the queues.

import Testing

@testable import DubanWorkers

@Suite("Backlog")
struct BacklogTests {
  @Test("patience counts from when deadlines could be handled: after a long time without a database it was at its end at once")
  func patience() {
    let backlog = Backlog(of: ["intake-1", "intake-2"], patience: .seconds(30))
    // The database was away for an hour.
    let now = ContinuousClock.now + .seconds(3600)
    #expect(backlog.wait(since: now - .seconds(1), at: now) == .seconds(29))
    #expect(backlog.wait(since: now - .seconds(30), at: now) == nil)
    backlog.caughtUp("intake-1")
    #expect(backlog.wait(since: now, at: now) == .seconds(30))
    backlog.caughtUp("intake-2")
    #expect(backlog.wait(since: now, at: now) == nil && backlog.isEmpty)
    // And from when somebody fell behind anew.
    backlog.fellBehind("intake-2", at: now)
    #expect(backlog.wait(since: now - .seconds(3600), at: now + .seconds(10)) == .seconds(20))
  }

  @Test("a copy without intake waits for nobody")
  func noIntake() {
    #expect(Backlog(of: [], patience: .seconds(30)).wait(since: .now) == nil)
  }
}
