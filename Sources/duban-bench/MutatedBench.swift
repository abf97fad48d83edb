// duban-bench mutated: nothing that is published is lost, whatever it looks like, and nothing bad stops the good beside it.

import AMQP
import ArgumentParser
import Duban
import DubanBroker
import DubanStore
import Foundation

struct MutatedBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutated", abstract: "Whether every one of a million spoilt messages ends where it belongs.",
    discussion: """
      Publishes messages that are spoilt in \(Mutation.allCases.count) ways, the same ones for the same seed, to a running duband, \
      with good ones in between. At the end accepted + waiting + duplicates + dead letters must be what was published: accepted and \
      waiting are rows of the database, dead letters are what came out of the broker's dead-letter queues, and duplicates are \
      messages that were published again exactly as they were and had been taken. duband must have taken every good message and \
      must end by itself, with status 0. Otherwise this ends with status 1.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "Messages.") var messages = 1_000_000
  @Option(help: "Where the random numbers begin.") var seed: UInt64 = 1

  func validate() throws {
    guard messages > 0 else { throw ValidationError("--messages: at least 1") }
    guard options.rowsBefore == 0 else { throw ValidationError("--rows-before: this counts what is in the database") }
  }

  struct Result: BenchResult {
    var published: Int
    var seed: UInt64
    var accepted: Int
    var waiting: Int
    var duplicates: Int
    var dead_lettered: Int
    /// Published, and none of these; negative where a message is there twice.
    var lost: Int
    /// Of the dead letters, by code.
    var reasons: [String: Int]
    var good_sent: Int
    var good_taken: Int
    /// Messages in the log or among the waiting that cannot be read again.
    var unreadable: Int
    var messages_per_s: Double
    /// Of duband, when it was told to stop.
    var exit_status: Int32

    var isRight: Bool { lost == 0 && good_sent == good_taken && unreadable == 0 && exit_status == 0 }

    var lines: [String] {
      [
        "published     \(published) (seed \(seed))", "accepted      \(accepted)", "waiting       \(waiting)",
        "duplicates    \(duplicates)", "dead letters  \(dead_lettered)",
      ] + reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.key): \($0.value)" } + [
        "lost          \(lost)", "good          \(good_taken) of \(good_sent) taken", "unreadable    \(unreadable)",
        "messages/s    \(messages_per_s)", "duband        ended with status \(exit_status)",
      ]
    }
  }

  func run() throws {
    let result = try Workbench.with(options) { try $0.run("mutated", measure) }
    try result.print(asJSON: options.json)
    guard result.isRight else { throw ExitCode.failure }
  }

  private func measure(_ run: Run) throws -> Result {
    let duband = try run.start()
    defer { duband.stop() }
    try duband.waitUntilConsuming()
    let connection = try run.workbench.queues.connect()
    defer { connection.close() }
    let publisher = try Publisher(connection: connection)
    var letters = try DeadLetterDrain(run.workbench.queues.connect())
    var mutator = Mutator(seed: seed)
    var published: [ContentDigest: Int] = [:]
    let began = ContinuousClock.now
    while mutator.count < messages {
      try Interruption.check()
      let batch = (0..<min(1000, messages - mutator.count)).map { _ in mutator.next() }
      for message in batch { published[ContentDigest(of: RawMessage(message)), default: 0] += 1 }
      let outcomes = try publisher.publish(batch: batch, timeout: .seconds(60))
      if let bad = outcomes.first(where: { $0 != .confirmed }) { throw BenchFault("the broker did not take a message: \(bad)") }
      try letters.takeArrived()
      if mutator.count % 100_000 == 0 { progress("published \(mutator.count)") }
      // A queue that grows without end would measure the broker's memory.
      try duband.waitUntilSettled(mutator.count - 10_000)
    }
    try duband.waitUntilSettled(messages)
    let took = ContinuousClock.now - began
    let status = duband.stop()
    try letters.takeAll()
    if let left = try run.workbench.queues.firstNotEmpty() { throw BenchFault("queue \(left) is not empty") }

    let store = try Store(dsn: run.dsn, name: "duban-bench")
    let kept = try store.keptMessages()
    let repeated = published.filter { $0.value > 1 }
    let duplicates = try store.taken(among: Array(repeated.keys)).reduce(0) { $0 + (repeated[$1] ?? 1) - 1 }
    var unreadable = 0
    try store.forEachKeptBody { body in
      if (try? Envelope(RawMessage(body: Array(body.utf8)))) == nil {
        unreadable += 1
        if unreadable <= 5 { progress("cannot be read again: \(body.debugDescription.prefix(500))") }
      }
    }
    return Result(
      published: messages, seed: seed, accepted: kept.logged, waiting: kept.waiting, duplicates: duplicates,
      dead_lettered: letters.count, lost: messages - kept.logged - kept.waiting - duplicates - letters.count,
      reasons: letters.reasons, good_sent: mutator.goodCount,
      good_taken: try store.messageCount(ofIDsBeginning: Mutator.goodPrefix), unreadable: unreadable,
      messages_per_s: (Double(messages) / (took / .seconds(1))).rounded(decimals: 0), exit_status: status)
  }
}

extension RawMessage {
  /// What intake will see of a message.
  fileprivate init(_ message: OutgoingMessage) {
    var attributes: [String: String] = [:]
    for (name, value) in message.properties.headers where name.hasPrefix("cloudEvents:") {
      attributes[String(name.dropFirst("cloudEvents:".count))] = value.string
    }
    self.init(body: message.body, attributes: attributes)
  }
}

/// Takes dead letters out of their queues as they come, and counts them.
private struct DeadLetterDrain {
  private(set) var count = 0
  private(set) var reasons: [String: Int] = [:]
  private let channel: Channel

  init(_ connection: Connection) throws {
    channel = try connection.openChannel()
    try channel.setPrefetch(2000)
    for queue in DubanTopology.intakeQueues { try channel.consume(queue: queue.deadLetterQueue) }
  }

  /// Those that have arrived.
  mutating func takeArrived(waiting: Duration = .zero) throws {
    while let event = try channel.next(timeout: waiting) {
      guard case .delivery(let letter) = event else { throw BenchFault("the broker said \(event)") }
      count += 1
      reasons[letter.properties.headers["duban-reason"]?.string ?? "none", default: 0] += 1
      try channel.acknowledge(letter.tag)
    }
  }

  /// All that there are; to be called when nobody sends more.
  mutating func takeAll() throws {
    try takeArrived(waiting: .seconds(2))
    channel.connection.close()
  }
}
