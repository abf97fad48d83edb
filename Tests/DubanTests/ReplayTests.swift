// Logs run again: the same fold, deadlines reckoned anew, another policy.

import Testing

@testable import Duban

@Suite("Replay")
struct ReplayTests {
  /// A history as intake and the sweep would make it: what comes in at its hour, and what falls due in between when it is due.
  private func history(
    _ events: [(type: String, data: String, hour: Int64)], until: Int64, policy: Policy? = nil,
    calendar: WorkCalendar = City.calendar,
    from start: Instant = morning
  ) throws -> (item: Item, log: [LoggedEvent], breaches: [Breach]) {
    let opening = try envelope("complaint.submitted", time: start)
    var item = Item(awaited: opening.item, id: 42, kind: .complaint, policyVersion: 7)
    var log: [LoggedEvent] = []
    var breaches: [Breach] = []
    func run(at time: Instant, _ body: (ItemMachine, inout Effects) throws -> Void) throws {
      var effects = Effects()
      var machine = try City.machine(at: time)
      machine.calendar = calendar
      if let policy { machine.policies = PolicyBook(current: policy) }
      try body(machine, &effects)
      breaches += effects.breaches
      log += effects.log.map { LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: time, body: $0.body) }
    }
    func sweep(before time: Instant) throws {
      while let wakeAt = item.wakeAt, wakeAt < time {
        // A second late, as a sweep may be.
        try run(at: wakeAt + .seconds(1)) { $0.wake(&item, history: breaches, into: &$1) }
      }
    }
    try run(at: start) { try $0.apply(opening, to: &item, into: &$1) }
    for (i, event) in events.enumerated() {
      let time = start + .hours(event.hour)
      try sweep(before: time)
      let envelope = try envelope(event.type, id: "r\(i)", time: time, data: event.data)
      try run(at: time) { try $0.apply(envelope, to: &item, history: breaches, into: &$1) }
    }
    try sweep(before: start + .hours(until))
    return (item, log, breaches)
  }

  private func replay(_ policy: Policy? = nil, _ calendar: WorkCalendar = City.calendar) throws -> Replay {
    Replay(policies: PolicyBook(current: try policy ?? City.policy()), directory: City.directory, calendar: { _ in calendar })
  }

  /// What a replay cannot know: the numbers of log entries.
  private func state(_ item: Item) -> Item {
    var item = item
    item.sequence = 0
    return item
  }

  @Test("an item is the fold of its log: run again, it comes out as it stands, with the same breaches")
  func fold() throws {
    var random = Seeded(5)
    let types: [(String, String)] = [
      ("complaint.responded", "{}"), ("complaint.resolved", "{}"), ("complaint.reopened", "{}"),
      ("complaint.suspended", PausesTests.pause),
      ("complaint.resumed", "{}"), ("reminder.urged", "{}"), ("complaint.merged", PausesTests.into),
    ]
    for run in 0..<200 {
      var hour: Int64 = 0
      let events = (0..<Int.random(in: 0..<10, using: &random)).map { _ in
        hour += Int64.random(in: 1...100, using: &random)
        let (type, data) = types.randomElement(using: &random) ?? types[0]
        return (type: type, data: data, hour: hour)
      }
      let (item, log, breaches) = try history(events, until: hour + Int64.random(in: 0...500, using: &random))
      let outcome = try replay().asItWas(item, log)
      #expect(state(outcome.item) == state(item), "run \(run)")
      #expect(outcome.breaches == breaches, "run \(run)")
      let derived = outcome.steps.flatMap(\.derivations).map(\.dueAt)
      if let deadline = item.deadline {
        #expect(derived.contains(deadline.dueAt), "run \(run): a deadline that nothing explains")
      }
    }
  }

  @Test("a log run as it was written has the warnings that were given")
  func warnings() throws {
    let warning = try Self.policy(
      "response: { within: 48h, district: 24h, city: 24h, warn: 6h }, resolution: { within: 30d, district: 5d, city: 5d }")
    let (item, log, _) = try history([], until: 75, policy: warning)
    // At 42, 66 and 90 hours, of which the last is still to come.
    #expect(log.count { $0.type == "item.due-soon" } == 2)
    #expect(try replay(warning).asItWas(item, log).warnings == 2)
    #expect(try replay(warning).underCurrentPolicy(item, log, until: morning + .hours(75)).warnings == 2)
  }

  static func policy(_ complaint: String) throws -> Policy {
    try Policy(
      yaml: """
        policy: other
        counts-from-hearing-after: 1h
        rules:
          - { kind: complaint, \(complaint) }
          - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
        """, version: 8)
  }

  @Test("what another policy would have done: other deadlines, other breaches, what it would not have taken")
  func simulation() throws {
    let (item, log, breaches) = try history(
      [("complaint.responded", "{}", 60), ("complaint.suspended", PausesTests.pause, 70), ("complaint.resolved", "{}", 80)],
      until: 100)
    #expect(breaches.map(\.tier) == [.street])
    let strict = try Self.policy(
      "response: { within: 24h, district: 12h, city: 12h, warn: 1h }, resolution: { within: 30d, district: 5d, city: 5d }, pauses: []"
    )
    let outcome = try replay(strict).underCurrentPolicy(item, log, until: morning + .hours(100))
    #expect(outcome.breaches.map(\.tier) == [.street, .district, .city])
    #expect(outcome.breaches.map(\.dueAt) == [24, 36, 48].map { morning + .hours($0) })
    #expect(outcome.warnings == 3 && outcome.notices.count == 1 && outcome.refusals.map(\.reason) == [.notAllowed])
    #expect(outcome.item.phase == .closed)
    let lax = try Self.policy("resolution: { within: 30d, district: 5d, city: 5d }")
    #expect(try replay(lax).underCurrentPolicy(item, log, until: morning + .hours(100)).breaches.isEmpty)
  }

  @Test(
    "a year that is announced moves what was provisional, on record with before and after, and the log replays to the new date")
  func recomputation() throws {
    let policy = try Self.policy("resolution: { within: 13wd from-next-day until-close, district: 3wd, city: 3wd }")
    let start = ShanghaiTime(year: 2026, month: 12, day: 28, hour: 10).instant
    var (item, log, _) = try history([], until: 0, policy: policy, from: start)
    #expect(item.deadline?.dueAt == ShanghaiTime(year: 2027, month: 1, day: 14, hour: 17, minute: 30).instant)
    let announced = try WorkCalendar(
      csv: "date,kind,name\n2026-01-01,holiday,元旦\n2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-09,workday,元旦调休\n",
      version: 2)
    let now = start + .hours(24)
    let machine = ItemMachine(policies: PolicyBook(current: policy), directory: City.directory, calendar: announced, now: now)
    var effects = Effects()
    try machine.recompute(&item, log: log, into: &effects)
    // One day off more (Friday 01-01), one make-up day more (Saturday 01-09): by chance the same day, and provisional no more.
    #expect(item.deadline?.dueAt == ShanghaiTime(year: 2027, month: 1, day: 14, hour: 17, minute: 30).instant)
    #expect(item.provisionalUnder == nil && effects.log.map(\.type) == ["item.recomputed"])
    let free = try WorkCalendar(csv: "date,kind,name\n2026-01-01,holiday,元旦\n2027-01-01,holiday,元旦\n", version: 3)
    effects = Effects()
    var other = item
    other.provisionalUnder = 1
    var second = machine
    second.calendar = free
    try second.recompute(&other, log: log, into: &effects)
    #expect(other.deadline?.dueAt == ShanghaiTime(year: 2027, month: 1, day: 15, hour: 17, minute: 30).instant)
    #expect(
      effects.log[0].body.contains("2027-01-14T17:30:00+08:00") && effects.log[0].body.contains("2027-01-15T17:30:00+08:00"))
    log += effects.log.map { LoggedEvent(type: $0.type, occurredAt: $0.occurredAt, recordedAt: now, body: $0.body) }
    let calendars = { @Sendable (time: Instant) in time < now ? City.calendar : free }
    let outcome = try Replay(policies: PolicyBook(current: policy), directory: City.directory, calendar: calendars).asItWas(
      other, log)
    #expect(outcome.item.deadline == other.deadline && outcome.item.provisionalUnder == nil)
  }

  @Test("of two clocks only the one that reaches a year which is not announced is provisional, before a pause and after it")
  func provisionalClock() throws {
    let policy = try Self.policy(
      "response: { within: 48h, district: 24h, city: 24h }, resolution: { within: 13wd from-next-day until-close, district: 3wd, city: 3wd }"
    )
    let start = ShanghaiTime(year: 2026, month: 12, day: 15, hour: 10).instant
    let (item, log, _) = try history(
      [("complaint.suspended", PausesTests.pause, 24), ("complaint.resumed", "{}", 30)], until: 31, policy: policy, from: start)
    let steps = try replay(policy).asItWas(item, log).steps
    #expect(steps.count == 2)
    for step in steps {
      #expect(step.derivations.count == 2)
      #expect(step.derivations.allSatisfy { $0.isProvisional == ($0.clock == .resolution) })
    }
    // A day of the 48 hours is gone when it is held, and of the workdays the first.
    #expect(steps[1].derivations.first { $0.clock == .response }?.left == "24小时")
    #expect(steps[1].derivations.first { $0.clock == .resolution }?.left == "12个工作日")
    #expect(steps[1].item.deadline == item.deadline && steps[0].item.deadline?.dueAt == start + .hours(48))
  }
}
