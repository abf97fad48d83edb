// duban-bench backlog: the resources used to process a long queue, and when idle.

import ArgumentParser
import Foundation

struct BacklogBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backlog", abstract: "Measures memory and CPU time for a long queue, and CPU time when idle.",
    discussion: """
      rss_mib is duband's peak resident memory (VmHWM) from its start until it is idle. The CPU seconds are user and system time \
      per million messages, from duband's start until the last message is settled: of duband and, on private servers, of all \
      processes of PostgreSQL and the broker. idle_cpu_percent is the CPU time of duband in percent of one core, over 20 s with \
      all roles, starting 5 s after the queue is empty.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "The kind of traffic: \(Mix.allCases.map(\.rawValue).joined(separator: " or ")).") var mix = Mix.complaints
  @Option(help: "The number of waiting messages.") var messages = 1_000_000
  @Option(help: "The number of intake workers, instead of duband's default.") var workers: Int?

  func validate() throws {
    guard messages > 0, workers ?? 1 > 0 else { throw ValidationError("--messages and --workers must be at least 1") }
  }

  struct Result: BenchResult {
    var waiting: Int
    var rss_mib: Measured<Double>
    var cpu_s_per_million: Measured<Double>
    var postgres_cpu_s_per_million: Measured<Double>
    var broker_cpu_s_per_million: Measured<Double>
    var idle_cpu_percent: Measured<Double>

    var lines: [String] {
      [
        "waiting        \(waiting) messages", "peak resident  \(rss_mib) MiB",
        "processor      \(cpu_s_per_million) s per million messages (PostgreSQL: \(postgres_cpu_s_per_million), "
          + "broker: \(broker_cpu_s_per_million))",
        "idle           \(idle_cpu_percent) % of a core",
      ]
    }
  }

  func run() throws {
    let result = try Workbench.with(options) { try $0.run("backlog", measure) }
    try result.print(asJSON: options.json)
  }

  private func measure(_ run: Run) throws -> Result {
    var traffic = Traffic(mix, run: "\(run.name)-\(ProcessInfo.processInfo.processIdentifier)")
    progress("publishing \(messages) messages")
    try run.workbench.queues.fill(&traffic, count: messages)
    run.workbench.databases.checkpoint()
    let servers = ServerProcesses(folder: try options.servers().folder)
    let before = servers.processorTimes
    progress("starting duband")
    let duband = try run.start(workers: workers)
    defer { duband.stop() }
    try duband.waitUntilSettled(messages)
    let own = ProcessorTime.of(duband.id)
    let after = servers.processorTimes
    let idle = try idleShare(of: duband)
    let peak = Memory.peak(of: duband.id)
    duband.stop()
    try run.verify(traffic, settled: duband.log.settled)
    func aMillion(_ seconds: Double?) -> Measured<Double> {
      Measured(seconds.map { ($0 * 1_000_000 / Double(messages)).rounded(decimals: 1) })
    }
    func difference(_ a: Double?, _ b: Double?) -> Double? { a.flatMap { a in b.map { $0 - a } } }
    return Result(
      waiting: messages, rss_mib: Measured(peak?.rounded(decimals: 1)), cpu_s_per_million: aMillion(own),
      postgres_cpu_s_per_million: aMillion(difference(before.postgres, after.postgres)),
      broker_cpu_s_per_million: aMillion(difference(before.broker, after.broker)),
      idle_cpu_percent: Measured(idle?.rounded(decimals: 2)))
  }

  /// duband's CPU time over 20 s, in percent of one core.
  private func idleShare(of duband: DubandProcess) throws -> Double? {
    progress("measuring CPU time when idle")
    try pause(seconds: 5)
    let (before, began) = (ProcessorTime.of(duband.id), ContinuousClock.now)
    try pause(seconds: 20)
    let (after, took) = (ProcessorTime.of(duband.id), ContinuousClock.now - began)
    return before.flatMap { before in after.map { ($0 - before) / (took / .seconds(1)) * 100 } }
  }

  private func pause(seconds: Int) throws {
    for _ in 0..<seconds * 10 { try Interruption.pause(milliseconds: 100) }
  }
}

/// The server processes that `deploy/lib/servers` started. The processes of other servers are unknown.
private struct ServerProcesses {
  private let postmaster: Int32?
  private let broker: Int32?

  init(folder: String?) {
    func firstLine(_ path: String) -> Int32? {
      guard let folder, let text = try? String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) else { return nil }
      return text.split(separator: "\n").first.flatMap { Int32($0) }
    }
    postmaster = firstLine("postgres/data/postmaster.pid")
    broker = firstLine("rabbitmq/pid")
  }

  var processorTimes: (postgres: Double?, broker: Double?) {
    (postmaster.flatMap(ProcessorTime.ofFamily), broker.flatMap(ProcessorTime.of))
  }
}
