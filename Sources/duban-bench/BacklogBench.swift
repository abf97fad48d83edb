// duban-bench backlog: what it costs to work off a long queue, and what duband costs when there is nothing to do.

import ArgumentParser
import Foundation

struct BacklogBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backlog", abstract: "Memory and processor time for a long queue, and processor time when idle.",
    discussion: """
      rss_mib is the most memory that duband ever had resident (VmHWM), from its start until it is idle. The processor seconds are \
      user and system time from duband's start until the last message is settled, of duband itself and, on private servers, of \
      all of PostgreSQL's and the broker's processes, for a million messages. idle_cpu_percent is duband's own, of one core, \
      over 20 s with all roles on, 5 s after it has drained the queue.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "What is published: \(Mix.allCases.map(\.rawValue).joined(separator: " or ")).") var mix = Mix.complaints
  @Option(help: "Messages that wait.") var messages = 1_000_000
  @Option(help: "Intake workers of duband, if not its default.") var workers: Int?

  func validate() throws {
    guard messages > 0, workers ?? 1 > 0 else { throw ValidationError("--messages and --workers: at least 1") }
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
        "processor      \(cpu_s_per_million) s a million messages (PostgreSQL: \(postgres_cpu_s_per_million), "
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

  /// duband's processor time over 20 s, in per cent of one core.
  private func idleShare(of duband: DubandProcess) throws -> Double? {
    progress("watching it idle")
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

/// The processes of the servers that `deploy/lib/servers` started; of others nothing is known.
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
