// duban-bench deadlines: how fast due items are escalated, and the cost of watching items that are not due.

import ArgumentParser
import DubanSettings
import DubanStore
import Foundation

struct DeadlinesBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deadlines",
    abstract: "Measures escalations per second, the cost of a wake-up, and the delay of the oldest due item.",
    discussion: """
      The benchmark sets Duban's clock (clock_override) to make items due. escalations_per_s: duband with the role deadlines \
      sleeps while the items are open; then the clock jumps, and time is measured until no item is due. Each escalation \
      updates a row and writes a log entry, a breach with its slip, and two events in the outbox; all are counted afterwards. \
      two_daemons_ratio: the same with two daemons. idle_wakeup_ms: the queries of a wake-up without due items, with \(idleNote); \
      the median of 300. oldest_due_s_under_load: the greatest age of an unhandled due item, sampled 20 times a \
      second, while duband with all roles takes in --rate new items per second and 1000 items per second fall due.
      """)

  private static let idleNote = "--idle-open items and none due"

  @OptionGroup var options: CommonOptions
  @Option(help: "The number of open items.") var open = 1_000_000
  @Option(help: "The number of open items that fall due at once.") var due = 100_000
  @Option(help: "The number of open items for measuring a wake-up; 0 skips this.") var idleOpen = 10_000_000
  @Option(help: "New items per second under load.") var rate = 500
  @Option(help: "Seconds of load, each with 1000 due items; 0 skips this.") var seconds = 30

  func validate() throws {
    guard due > 0, open >= due, idleOpen >= 0, rate > 0, seconds >= 0 else {
      throw ValidationError("--due must be 1 to --open, --rate at least 1, and the others not negative")
    }
    guard options.rowsBefore == 0 else { throw ValidationError("--rows-before cannot be used here; use --open") }
  }

  struct Result: BenchResult {
    var open: Int
    var due: Int
    var escalations_per_s: Measured<Double>
    var idle_wakeup_ms: Measured<Double>
    var two_daemons_ratio: Measured<Double>
    var oldest_due_s_under_load: Measured<Double>

    var lines: [String] {
      [
        "open           \(open), due at once: \(due)", "escalations/s  \(escalations_per_s)",
        "two daemons    \(two_daemons_ratio) times that", "idle wake-up   \(idle_wakeup_ms) ms",
        "oldest due     \(oldest_due_s_under_load) s under load",
      ]
    }
  }

  func run() throws {
    let result = try Workbench.with(options) { workbench in
      try load(Self.template, open, due: due, on: workbench)
      let one = try escalationRate(daemons: 1, on: workbench)
      let two = try escalationRate(daemons: 2, on: workbench)
      let oldest = seconds > 0 ? try workbench.run("deadlines_load", copying: Self.template, oldestDueUnderLoad) : nil
      let small = try workbench.run("deadlines_wakeup", copying: Self.template, medianWakeUp)
      progress("wake-up with \(open) open: \(Measured(small)) ms")
      workbench.databases.drop(Self.template)
      return Result(
        open: open, due: due, escalations_per_s: Measured(one.rounded(decimals: 0)),
        idle_wakeup_ms: Measured(idleOpen > 0 ? try idleWakeUp(on: workbench) : nil),
        two_daemons_ratio: Measured((two / one).rounded(decimals: 2)),
        oldest_due_s_under_load: Measured(oldest?.rounded(decimals: 3)))
    }
    try result.print(asJSON: options.json)
  }

  // MARK: - Loading

  private static let template = "deadlines"

  /// The chain of the default policy, but always with slips.
  private static let policy = """
    policy: bench
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h }
        resolution: { within: 19d, district: 5d, city: 5d }
        slips: [blue, orange, red]
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  /// Creates a database with open items.
  private func load(_ name: String, _ count: Int, due: Int, logged: Bool = true, on workbench: Workbench) throws {
    progress("loading \(count) open items")
    let dsn = try workbench.databases.make(name, copying: BenchDatabases.template(rowsBefore: 0))
    let policy = try Store(dsn: dsn, name: "duban-bench").apply(policy: Self.policy)
    try BenchStore(dsn: dsn).insertOpenItems(count, due: due, policyVersion: policy, logged: logged)
  }

  // MARK: - All at once

  private func escalationRate(daemons: Int, on workbench: Workbench) throws -> Double {
    let rate = try workbench.run("deadlines_\(daemons)", copying: Self.template) { run in
      let duband = try (1...daemons).map { try run.start(roles: [.deadlines], copy: $0) }
      defer { for one in duband { one.stop() } }
      let store = try BenchStore(dsn: run.dsn)
      try Self.wait(on: duband, "the deadlines worker is not idle") { try store.sleepingDeadlineWorkers() == daemons }
      run.workbench.databases.checkpoint()
      let began = ContinuousClock.now
      try store.moveClock(untilDue: due)
      try Self.wait(on: duband, "items are still due") { try store.oldestDueAge() == nil }
      let took = ContinuousClock.now - began
      let expected = BenchStore.EscalationCounts(breaches: due, slips: due, findings: due, announcements: 2 * due)
      let found = try store.escalationCounts()
      guard found == expected else { throw BenchFault("escalations wrote \(found), expected \(expected)") }
      return Double(due) / (took / .seconds(1))
    }
    progress("\(daemons) duband: \(rate.rounded(decimals: 0)) escalations/s")
    return rate
  }

  /// Waits until the condition on the database is true.
  private static func wait(on duband: [DubandProcess], _ failure: String, until condition: () throws -> Bool) throws {
    let began = ContinuousClock.now
    while try !condition() {
      for one in duband { try one.checkRunning() }
      guard .now - began < .seconds(600) else { throw BenchFault("after 10 minutes: \(failure)") }
      try Interruption.pause(milliseconds: 20)
    }
  }

  // MARK: - Nothing due

  private func idleWakeUp(on workbench: Workbench) throws -> Double? {
    let name = "deadlines_idle"
    try load(name, idleOpen, due: 0, logged: false, on: workbench)
    return try medianWakeUp(Store(dsn: workbench.databases.dsn(of: name), name: "duban-bench"))
  }

  private func medianWakeUp(_ run: Run) throws -> Double? {
    try medianWakeUp(Store(dsn: run.dsn, name: "duban-bench"))
  }

  /// In milliseconds. The first wake-ups also plan their statements, so they do not count.
  private func medianWakeUp(_ store: Store) throws -> Double? {
    try store.useIndexes()
    let times = try (0..<320).map { _ in
      let began = ContinuousClock.now
      let handled = try store.sweep(limit: 500).count
      _ = try store.timeUntilNextDue()
      let took = ContinuousClock.now - began
      guard handled == 0 else { throw BenchFault("\(handled) items were due") }
      try Interruption.pause(milliseconds: 2)
      return took / .milliseconds(1)
    }
    return Statistics.median(Array(times.dropFirst(20)))?.rounded(decimals: 3)
  }

  // MARK: - Under load

  /// In seconds.
  private func oldestDueUnderLoad(_ run: Run) throws -> Double {
    let duband = try run.start(roles: Role.allCases)
    defer { duband.stop() }
    try duband.waitUntilConsuming()
    let store = try BenchStore(dsn: run.dsn)
    try Self.wait(on: [duband], "the deadlines worker is not idle") { try store.sleepingDeadlineWorkers() == 1 }
    let connection = try run.workbench.queues.connect()
    defer { connection.close() }
    let publisher = try PacedPublisher(connection.openChannel())
    var traffic = Traffic(.complaints, run: "\(run.name)-\(ProcessInfo.processInfo.processIdentifier)")
    progress("\(rate) new items and 1000 due items per second for \(seconds) s")
    try store.moveClock(untilDue: 0)
    let slice = max(rate / 20, 1)
    var oldest = 0.0
    for _ in 0..<max(seconds * rate / slice, 1) {
      _ = try publisher.publish(&traffic, count: slice, rate: rate)
      oldest = max(oldest, try store.oldestDueAge() ?? 0)
      try duband.checkRunning()
    }
    try duband.waitUntilSettled(traffic.count)
    let handled = try store.escalationCounts().breaches
    guard handled >= min(due, seconds * 900) else { throw BenchFault("only \(handled) items were escalated under load") }
    return oldest
  }
}
