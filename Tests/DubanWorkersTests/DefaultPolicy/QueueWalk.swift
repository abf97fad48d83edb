// The walk for real: matters published to the intake exchange, a duband process, its database's clock moved from minute to minute through the
// year, and what comes out on duban.events.

import AMQP
import Duban
import DubanBroker
import DubanWorkers
import Foundation
import PostgreSQL
import TestServers
import Testing

/// What a walk through the year has left behind.
struct QueueWalk: Sendable {
  /// What Duban told, in the order it came.
  var events: [ToldEvent] = []
  /// The breaches on record that count, as the slips tell them, by matter.
  var breaches: [String: [String]] = [:]
  /// What stands in the table of notices: those of a matter by its number, those of a schedule by its name.
  var notices: [String: Int] = [:]
  var phases: [String: String] = [:]
  /// 待派: those whose place is not known so far down as it is named.
  var unassigned: Set<String> = []
  var deadLetters = 0
  /// What dubanctl says of each matter's deadlines.
  var explanations: [String: Explained] = [:]
  /// And to people, of one.
  var explanation = ""
  /// The same policy, and a stricter one.
  var simulated = Simulated(), stricter = Simulated()

  struct Explained: Decodable, Sendable {
    struct Deadline: Decodable, Sendable {
      var clock, tier, dueAt: String
      var organ: String?
      var isProvisional: Bool
      var policyVersion, policyLine: Int
      var calendarVersion: Int?
      var counted, skipped: [String]?
    }
    var deadlines: [Deadline]
  }

  struct Simulated: Decodable, Sendable {
    struct Totals: Decodable, Hashable, Sendable {
      var breaches, climbs, slips, summonses, warnings: Int
    }
    struct District: Decodable, Sendable {
      var district: String
      var items: Int
      var was, wouldBe: Totals
    }
    struct Difference: Decodable, Sendable {
      var item: String
      var breaches, wouldBe: [String]
    }
    var districts: [District] = []
    var entriesInapplicable = 0, itemsThatDiffer = 0
    var items: [Difference] = []
  }

  func told(of matter: WalkMatter) -> [WalkMatter.Told] { events.filter { $0.matter == matter.name }.map(\.told) }
}

extension QueueWalk {
  /// The walk of the default policy's matters, made once for all who look at it.
  static let once = Task {
    try await withOwnThreads {
      try await TestStore.with { store in
        try await withTestBroker { broker in
          try await QueueWalk(WalkMatter.all, Surroundings(store: store, declaringOn: broker))
        }
      }
    }
  }

  private init(_ matters: [WalkMatter], _ test: Surroundings) async throws {
    try test.store.setClock(at: minute("02-01 08:00"))
    try Self.applyDefaults(test)
    let feed = try EventFeed(test.broker)
    try await test.withProcess { _ in
      for halt in Self.minutes(of: matters) {
        let spoken = matters.flatMap(\.events).filter { $0.heardAt == halt }
        if !spoken.isEmpty {
          try test.store.setClock(at: Halt.hearing(inMinuteOf: halt))
          try test.publish(spoken.map(\.text))
          let taken = spoken.map { "'\($0.id)'" }
          try test.store.until(
            "(SELECT count(*) FROM item_event WHERE message_id IN (\(taken.joined(separator: ",")))) = \(taken.count)")
        }
        try test.store.setClock(at: Halt.sweep(inMinuteOf: halt))
        try test.store.until(
          """
          NOT EXISTS (SELECT FROM item WHERE wake_at <= duban_now()) \
          AND NOT EXISTS (SELECT FROM schedule WHERE enabled AND due_at <= duban_now())
          """)
        try feed.read()
      }
      try test.store.until("NOT EXISTS (SELECT FROM outbox)")
    }
    try feed.finish()
    events = feed.events
    try look(matters, test)
  }

  /// Each minute in which something is said or falls due, and the first of each month, when its notices are written.
  private static func minutes(of matters: [WalkMatter]) -> [Instant] {
    let months = (3...12).map { minute("\($0 < 10 ? "0" : "")\($0)-01 00:00") }
    return Set(matters.flatMap(\.minutes) + months + [minute("12-31 23:59")]).sorted()
  }

  /// Brings what `deploy` holds into the database, by dubanctl.
  static func applyDefaults(_ test: Surroundings) throws {
    let directory = try TemporaryFile(WalkMatter.withHours(deployed("directory/huangshi.yaml")), "yaml")
    for (arguments, file) in [
      (["directory", "apply"], directory.path), (["policy", "apply"], deployedPath("policies/default.yaml")),
      (["schedules", "apply"], deployedPath("schedules/default.yaml")),
      (["calendar", "import"], deployedPath("calendars/cn-workdays.csv")),
    ] {
      let result = try Program.dubanctl.run(arguments + [file], test.connections)
      guard result.end == .exit(0) else { throw TestFault("dubanctl \(arguments): \(result.errors)") }
    }
  }

  /// Looks at the record: the tables, and what dubanctl says of them.
  private mutating func look(_ matters: [WalkMatter], _ test: Surroundings) throws {
    let connection = try test.store.database.connect()
    defer { connection.close() }
    for row in try connection.execute("SELECT 'item/' || id, subject FROM item WHERE unit = ''") {
      let (reference, subject): (String, String) = (try row.decode(0), try row.decode(1))
      for i in events.indices where events[i].matter == reference { events[i].matter = subject }
    }
    for row in try connection.execute(
      """
      SELECT item.subject, breach.tier, breach.clock, slip, breach.due_at FROM breach JOIN item ON item.id = item_id
      WHERE status IN ('standing', 'contested') ORDER BY breach.due_at, item_id, number
      """)
    {
      let (subject, tier, clock, slip): (String, String, String, String?) = (
        try row.decode(0), try row.decode(1), try row.decode(2), try row.decode(3)
      )
      let due: Duban.Instant = try row.decode(4)
      breaches[subject, default: []].append("slip \(slip ?? "none") \(tier) \(clock), due \(due.minuteText)")
    }
    for row in try connection.execute(
      """
      SELECT coalesce(item.subject, schedule.name), count(*) FROM notice LEFT JOIN item ON item.id = item_id
        LEFT JOIN schedule ON schedule.id = schedule_id GROUP BY 1
      """)
    {
      notices[try row.decode(0)] = try row.decode(1)
    }
    for row in try connection.execute("SELECT subject, phase FROM item WHERE policy_version = 2") {
      phases[try row.decode(0)] = try row.decode(1)
    }
    deadLetters = try DubanTopology.intakeQueues.map { try test.depth(of: $0.deadLetterQueue) }.reduce(0, +)
    func dubanctl<T: Decodable>(_ arguments: [String], as type: T.Type = T.self) throws -> T {
      let result = try Program.dubanctl.run(arguments + ["--json"], test.connections)
      guard result.end == .exit(0) else { throw TestFault("dubanctl \(arguments): \(result.errors)") }
      return try JSONDecoder().decode(T.self, from: Data(result.output.utf8))
    }
    struct Listed: Decodable { var subject: String }
    unassigned = Set(try dubanctl(["items", "list", "--unassigned"], as: [Listed].self).map(\.subject))
    for matter in matters { explanations[matter.name] = try dubanctl(["items", "explain", matter.name]) }
    explanation = try test.dubanctl("items", "explain", "complaint-unsettled", "--lang", "en").output
    let simulate = ["--from", "2026-02-01T00:00:00+08:00"]
    simulated = try dubanctl(["policy", "simulate", deployedPath("policies/default.yaml")] + simulate)
    let strict = try TemporaryFile(Self.stricter(deployed("policies/default.yaml")), "yaml")
    stricter = try dubanctl(["policy", "simulate", strict.path] + simulate)
  }

  /// R1 in half the time, for the complaints of no other rule.
  private static func stricter(_ policy: String) -> String {
    let rule = "  - kind: complaint\n    response: { within: "
    return policy.replacing(rule + "48h", with: rule + "24h")
  }
}

func deployedPath(_ path: String) -> String { TestStore.root.appending(path: "deploy/\(path)").path }

/// A file that is gone with its owner.
final class TemporaryFile: Sendable {
  let path: String

  init(_ text: String, _ suffix: String) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).\(suffix)")
    try Data(text.utf8).write(to: url)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A consumer of all that Duban tells.
final class EventFeed {
  private(set) var events: [ToldEvent] = []
  private let connection: AMQP.Connection
  private let channel: Channel

  init(_ broker: TestBroker) throws {
    connection = try AMQP.Connection(broker.configuration)
    channel = try connection.openChannel()
    _ = try channel.consume(queue: "test.events")
  }

  deinit { connection.close() }

  /// Takes what has come.
  func read() throws {
    while let delivery = try next(within: .zero) { try take(delivery) }
  }

  /// Takes all that is in the queue: what is put behind it comes last.
  func finish() throws {
    let end = OutgoingMessage(exchange: "", routingKey: "test.events", body: Array("end".utf8))
    _ = try Publisher(connection: connection).publish(batch: [end], timeout: .seconds(10))
    while let delivery = try next(within: .seconds(60)) {
      if delivery.body == end.body { return }
      try take(delivery)
    }
    throw TestFault("what was put behind the events did not come")
  }

  private func next(within bound: Duration) throws -> Delivery? {
    let deadline = ContinuousClock.now + bound
    repeat {
      switch try channel.next(timeout: deadline - .now) {
      case .delivery(let delivery)?:
        try channel.acknowledge(delivery.tag)
        return delivery
      default: continue
      }
    } while ContinuousClock.now < deadline
    return nil
  }

  private func take(_ delivery: Delivery) throws {
    events.append(try JSONDecoder().decode(ToldEvent.self, from: Data(delivery.body)))
  }
}
