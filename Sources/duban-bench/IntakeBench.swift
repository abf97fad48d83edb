// duban-bench intake: messages per second from a filled quorum queue into the database, compared with the floor.

import ArgumentParser
import Duban
import Foundation

struct IntakeBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "intake", abstract: "Measures messages per second taken in by duband, and moved by the floor.",
    discussion: """
      All messages are published and confirmed before duband starts. The time is taken from duband's log: from `consuming`, when the \
      broker has accepted its consumers, to the last `batch committed`, when the last transaction is on disk and acknowledged. The \
      floor measures itself in the same way. Each run has a fresh database and starts with a checkpoint; the floor and duband \
      alternate, with --rows-before also duband on an empty database. The rates are medians, the ratios are those of the medians.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "The kind of traffic: \(Mix.allCases.map(\.rawValue).joined(separator: " or ")).") var mix = Mix.complaints
  @Option(help: "The number of messages per run.") var messages = 100_000
  @Option(help: "The number of intake workers, instead of duband's default.") var workers: Int?
  @Option(help: "The number of runs.") var runs = 5
  @Option(help: "The compiled floor. Without it there is no ratio.") var floor: String?

  func validate() throws {
    guard messages > 0, workers ?? 1 > 0, runs > 0 else {
      throw ValidationError("--messages, --workers and --runs must be at least 1")
    }
  }

  struct Result: BenchResult {
    /// All rates are in messages per second.
    struct Run: Encodable {
      var messages_per_s: Double
      var floor_per_s: Measured<Double>
      /// With --rows-before: the same on an empty database.
      var empty_per_s: Measured<Double>
    }

    var messages_per_s: Measured<Double>
    var floor_per_s: Measured<Double>
    var ratio: Measured<Double>
    var runs: [Run]
    var mix: Mix
    var rows_before: Int
    var empty_per_s: Measured<Double>
    var ratio_to_empty: Measured<Double>

    init(_ runs: [Run], mix: Mix, rowsBefore: Int) {
      let rate = Statistics.median(runs.map(\.messages_per_s))
      let floor = Statistics.median(runs.compactMap(\.floor_per_s.value))
      messages_per_s = Measured(rate?.rounded(decimals: 0))
      floor_per_s = Measured(floor?.rounded(decimals: 0))
      let empty = Statistics.median(runs.compactMap(\.empty_per_s.value))
      func asRatio(to other: Double?) -> Measured<Double> {
        Measured(rate.flatMap { rate in other.map { (rate / $0).rounded(decimals: 3) } })
      }
      ratio = asRatio(to: floor)
      empty_per_s = Measured(empty?.rounded(decimals: 0))
      ratio_to_empty = asRatio(to: empty)
      (self.runs, self.mix, rows_before) = (runs, mix, rowsBefore)
    }

    var lines: [String] {
      [
        "messages/s  \(messages_per_s)", "floor/s     \(floor_per_s)", "ratio       \(ratio)",
        "runs        " + runs.map { "\($0.messages_per_s) (floor: \($0.floor_per_s))" }.joined(separator: ", "),
        "mix         \(mix.rawValue), rows before: \(rows_before)",
      ] + (rows_before > 0 ? ["empty/s     \(empty_per_s)", "ratio       \(ratio_to_empty) to empty"] : [])
    }
  }

  func run() throws {
    let result = try Workbench.with(options) { workbench in
      let yardstick = yardstick(on: workbench)
      defer { yardstick?.removeQueue() }
      let measured = try (1...runs).map { number in
        let floorRate = try yardstick?.measure(messages, settle: workbench.databases.checkpoint)
        func rate(_ name: String, rowsBefore: Int) throws -> Double {
          try workbench.run("\(name)_\(number)", rowsBefore: rowsBefore) {
            try Self.rate(of: $0, mix, messages: messages, workers: workers)
          }
        }
        let empty = options.rowsBefore > 0 ? try rate("empty", rowsBefore: 0) : nil
        let rate = try rate("intake", rowsBefore: options.rowsBefore)
        progress("run \(number): \(rate) messages/s, floor \(Measured(floorRate)), empty \(Measured(empty))")
        return Result.Run(messages_per_s: rate, floor_per_s: Measured(floorRate), empty_per_s: Measured(empty))
      }
      return Result(measured, mix: mix, rowsBefore: options.rowsBefore)
    }
    try result.print(asJSON: options.json)
  }

  private func yardstick(on workbench: Workbench) -> Floor? {
    guard let floor else {
      progress("no floor, so no ratio: name its C file in DUBAN_FLOOR")
      return nil
    }
    do {
      return try Floor(floor, amqpURL: options.servers().amqpURL, dsn: workbench.databases.make("floor"))
    } catch {
      progress("the floor cannot run on these servers, so no ratio: \(error)")
      return nil
    }
  }

  /// Messages per second of one run.
  static func rate(of run: Run, _ mix: Mix, messages: Int, workers: Int? = nil) throws -> Double {
    var traffic = Traffic(mix, run: "\(run.name)-\(ProcessInfo.processInfo.processIdentifier)")
    try run.workbench.queues.fill(&traffic, count: messages)
    run.workbench.databases.checkpoint()
    let duband = try run.start(workers: workers)
    defer { duband.stop() }
    try duband.waitUntilSettled(messages)
    duband.stop()
    try run.verify(traffic, settled: duband.log.settled)
    guard let began = duband.log.consumingSince, let ended = duband.log.batches.last?.endedAt else {
      throw BenchFault("duband logged no batch")
    }
    return (Double(messages) / (Double((ended - began).microseconds) / 1_000_000)).rounded(decimals: 0)
  }
}
