// duban-bench latency: the time from publishing a message to the commit of its row, at rates below saturation.

import ArgumentParser
import Duban
import DubanStore
import Foundation

struct LatencyBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency", abstract: "Measures the time from publishing a message to its row being on disk, at given rates.",
    discussion: """
      A message's time begins just before it is written to the broker's socket. It ends with the `batch committed` line that \
      duband logs after the transaction: by then the row is flushed to disk and the message acknowledged. The measurement does \
      not affect duband. All times are by this machine's clock, so broker, database and benchmark must run on one machine.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "Messages per second; separate several rates by commas.") var rates = "50,500,5000"
  @Option(help: "Measured seconds per rate, after 3 s of warm-up.") var seconds = 10

  func validate() throws {
    guard parsedRates.count == rates.split(separator: ",").count, !parsedRates.isEmpty, parsedRates.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--rates \(rates): write numbers such as 50,500")
    }
    guard seconds > 0 else { throw ValidationError("--seconds must be at least 1") }
  }

  private var parsedRates: [Int] { rates.split(separator: ",").compactMap { Int($0) } }

  struct Result: BenchResult {
    struct Rate: Encodable {
      /// The requested rate, and the rate that the publisher achieved, in messages per second.
      var rate: Int
      var published_per_s: Double
      var p50_ms: Measured<Double>
      var p99_ms: Measured<Double>
      var max_ms: Measured<Double>
    }

    var rates: [Rate]

    var lines: [String] {
      rates.map {
        "\($0.rate)/s: p50 \($0.p50_ms) ms, p99 \($0.p99_ms) ms, max \($0.max_ms) ms (published: \($0.published_per_s)/s)"
      }
    }
  }

  func run() throws {
    let result = try Workbench.with(options) { workbench in
      try workbench.run("latency") { run in
        let duband = try run.start()
        defer { duband.stop() }
        try duband.waitUntilConsuming()
        let connection = try workbench.queues.connect()
        defer { connection.close() }
        let publisher = try PacedPublisher(connection.openChannel())
        var published = 0
        return Result(
          rates: try parsedRates.map { rate in
            progress("\(rate) messages/s for \(seconds) s")
            return try measure(rate, run, duband, publisher, &published)
          })
      }
    }
    try result.print(asJSON: options.json)
  }

  private func measure(
    _ rate: Int, _ run: Run, _ duband: DubandProcess, _ publisher: PacedPublisher, _ published: inout Int
  ) throws -> Result.Rate {
    var traffic = Traffic(.complaints, run: "\(rate)-\(published)-\(ProcessInfo.processInfo.processIdentifier)")
    let warmUp = rate * 3
    let begins = try publisher.publish(&traffic, count: warmUp + rate * seconds, rate: rate)
    published += begins.count
    try duband.waitUntilSettled(published)
    let takings = try BenchStore(dsn: run.dsn).takings(ofIDsBeginning: traffic.idPrefix)
    let ends = try TransactionEnds(takings.values, batches: duband.log.batches)
    let latencies = try (warmUp..<begins.count).map { index in
      guard let end = takings[traffic.id(index)].flatMap({ ends[$0] }) else {
        throw BenchFault("message \(traffic.id(index)) is not in the database")
      }
      return (end - begins[index]).microseconds
    }.sorted()
    func milliseconds(_ microseconds: Int64?) -> Measured<Double> {
      Measured(microseconds.map { (Double($0) / 1000).rounded(decimals: 2) })
    }
    let span = begins.last.map { Double(($0 - begins[warmUp]).microseconds) / 1_000_000 } ?? 0
    return Result.Rate(
      rate: rate, published_per_s: (Double(latencies.count - 1) / max(span, 0.001)).rounded(decimals: 1),
      p50_ms: milliseconds(Statistics.percentile(0.5, ofSorted: latencies)),
      p99_ms: milliseconds(Statistics.percentile(0.99, ofSorted: latencies)), max_ms: milliseconds(latencies.last))
  }
}
