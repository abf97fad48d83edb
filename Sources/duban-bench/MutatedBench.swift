// duban-bench mutated: checks that no published message is lost, however malformed, and that bad messages do not stop good
// ones.

import AMQP
import ArgumentParser
import Duban
import DubanBroker
import DubanStore
import Foundation

struct MutatedBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutated", abstract: "Checks that every one of a million malformed messages is accounted for.",
    discussion: """
      Publishes messages that are malformed in \(Mutation.allCases.count) ways, the same ones for the same seed, to a running duband, \
      with good ones in between. At the end accepted + waiting + duplicates + dead letters must equal published: accepted and \
      waiting are rows of the database, dead letters come from the broker's dead-letter queues, and duplicates are \
      accepted messages that were published again unchanged. duband must accept every good message and \
      must exit with status 0 when told to stop. Otherwise this command exits with status 1.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "Messages.") var messages = 1_000_000
  @Option(help: "The seed of the random numbers.") var seed: UInt64 = 1

  func validate() throws {
    guard messages > 0 else { throw ValidationError("--messages must be at least 1") }
    guard options.rowsBefore == 0 else { throw ValidationError("--rows-before cannot be used here; all rows are counted") }
  }

  struct Result: BenchResult {
    var published: Int
    var seed: UInt64
    var accepted: Int
    var waiting: Int
    var duplicates: Int
    var dead_lettered: Int
    /// Published but not found; negative if a message is stored twice.
    var lost: Int
    /// The number of dead letters by code.
    var reasons: [String: Int]
    var good_sent: Int
    var good_taken: Int
    /// Stored messages, logged or waiting, that cannot be parsed again.
    var unreadable: Int
    var messages_per_s: Double
    /// The exit status of duband after it was told to stop.
    var exit_status: Int32

    var isRight: Bool { lost == 0 && good_sent == good_taken && unreadable == 0 && exit_status == 0 }

    var lines: [String] {
      [
        "published     \(published) (seed \(seed))", "accepted      \(accepted)", "waiting       \(waiting)",
        "duplicates    \(duplicates)", "dead letters  \(dead_lettered)",
      ] + reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.key): \($0.value)" } + [
        "lost          \(lost)", "good          \(good_taken) of \(good_sent) accepted", "unreadable    \(unreadable)",
        "messages/s    \(messages_per_s)", "duband        exited with status \(exit_status)",
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
      if let bad = outcomes.first(where: { $0 != .confirmed }) { throw BenchFault("the broker did not accept a message: \(bad)") }
      try letters.takeArrived()
      if mutator.count % 100_000 == 0 { progress("published \(mutator.count)") }
      // Limits the queue. Otherwise the test would measure the broker's memory.
      try duband.waitUntilSettled(mutator.count - 10_000)
    }
    try duband.waitUntilSettled(messages)
    let took = ContinuousClock.now - began
    let status = duband.stop()
    try letters.takeAll()
    if let left = try run.workbench.queues.firstNotEmpty() { throw BenchFault("queue \(left) is not empty") }

    let store = try BenchStore(dsn: run.dsn)
    let kept = try store.keptMessages()
    let repeated = published.filter { $0.value > 1 }
    let duplicates = try store.taken(among: Array(repeated.keys)).reduce(0) { $0 + (repeated[$1] ?? 1) - 1 }
    var unreadable = 0
    try store.forEachKeptBody { body in
      if (try? Envelope(RawMessage(body: Array(body.utf8)))) == nil {
        unreadable += 1
        if unreadable <= 5 { progress("cannot be parsed again: \(body.debugDescription.prefix(500))") }
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
  /// The message as intake will see it.
  fileprivate init(_ message: OutgoingMessage) {
    var attributes: [String: String] = [:]
    for (name, value) in message.properties.headers where name.hasPrefix("cloudEvents:") {
      attributes[String(name.dropFirst("cloudEvents:".count))] = value.string
    }
    self.init(body: message.body, attributes: attributes)
  }
}

/// Consumes dead letters as they arrive, and counts them.
private struct DeadLetterDrain {
  private(set) var count = 0
  private(set) var reasons: [String: Int] = [:]
  private let channel: Channel

  init(_ connection: Connection) throws {
    channel = try connection.openChannel()
    try channel.setPrefetch(2000)
    for queue in DubanTopology.intakeQueues { try channel.consume(queue: queue.deadLetterQueue) }
  }

  /// Takes the dead letters that have arrived.
  mutating func takeArrived(waiting: Duration = .zero) throws {
    while let event = try channel.next(timeout: waiting) {
      guard case .delivery(let letter) = event else { throw BenchFault("unexpected event from the broker: \(event)") }
      count += 1
      reasons[letter.properties.headers["duban-reason"]?.string ?? "none", default: 0] += 1
      try channel.acknowledge(letter.tag)
    }
  }

  /// Takes all dead letters. Call it only when no more are being published.
  mutating func takeAll() throws {
    try takeArrived(waiting: .seconds(2))
    channel.connection.close()
  }
}
