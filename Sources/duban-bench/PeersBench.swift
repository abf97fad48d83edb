// duban-bench peers: compares duband with alternatives on the same servers.

import AMQP
import ArgumentParser
import Foundation

struct PeersBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers", abstract: "Compares the intake rate of duband with a Go worker, Celery and FastStream.",
    discussion: """
      Each takes in complaints of about 740 bytes from a quorum queue (Celery: tasks from its own queue) that was filled before, \
      and measures itself. They alternate, and a checkpoint precedes each run. The floor and the Go worker commit 500 messages at once, \
      Celery and FastStream one by one, as in their manuals. Only duband validates, deduplicates and keeps a history. The rates \
      are medians; the ratios are duband's median to theirs.
      """)

  @OptionGroup var options: CommonOptions
  @Option(help: "The number of messages per run of duband, the floor and the Go worker.") var messages = 100_000
  @Option(help: "The number of messages per run of Celery and FastStream.") var singleMessages = 20_000
  @Option(help: "The number of runs.") var runs = 5
  @Option(help: "The compiled floor, which also fills the peers' queue.") var floor: String
  @Option(help: "The compiled Go worker.") var goWorker: String
  @Option(help: "The folder of the Python workers.") var peers: String
  @Option(help: "A Python with the modules that they import.") var python: String

  func validate() throws {
    guard messages > 0, singleMessages > 0, runs > 0 else {
      throw ValidationError("--messages, --single-messages and --runs must be at least 1")
    }
  }

  /// Messages per second of each.
  struct Rates: Encodable {
    var duband, floor, go, celery, faststream: Double
  }

  struct Result: BenchResult {
    var rates: Rates
    /// duband's rate as a multiple of each peer's.
    var ratios: [String: Double]
    var runs: [Rates]

    init(_ runs: [Rates]) {
      func median(_ path: KeyPath<Rates, Double>) -> Double { Statistics.median(runs.map { $0[keyPath: path] }) ?? 0 }
      let rates = Rates(
        duband: median(\.duband), floor: median(\.floor), go: median(\.go), celery: median(\.celery),
        faststream: median(\.faststream))
      ratios = ["floor": rates.floor, "go": rates.go, "celery": rates.celery, "faststream": rates.faststream].mapValues {
        (rates.duband / $0).rounded(decimals: 2)
      }
      (self.rates, self.runs) = (rates, runs)
    }

    var lines: [String] {
      ["duband      \(rates.duband)/s"]
        + [("floor", rates.floor), ("go", rates.go), ("celery", rates.celery), ("faststream", rates.faststream)].map {
          name, rate in
          "\(name.padding(toLength: 12, withPad: " ", startingAt: 0))\(rate)/s, duband is \(ratios[name] ?? 0) times as fast"
        }
    }
  }

  func run() throws {
    let result = try Workbench.with(options) { workbench in
      let peers = try Peers(self, workbench)
      defer { peers.removeQueues() }
      return Result(
        try (1...runs).map { number in
          let rates = Rates(
            duband: try workbench.run("peers_\(number)") { try IntakeBench.rate(of: $0, .complaints, messages: messages) },
            floor: try peers.floor(), go: try peers.go(), celery: try peers.celery(), faststream: try peers.fastStream())
          progress("run \(number): \(rates)")
          return rates
        })
    }
    try result.print(asJSON: options.json)
  }
}

/// The peers on the same servers.
private struct Peers {
  private let bench: PeersBench
  private let yardstick: Floor
  private let settle: () -> Void
  private let python: Tool
  private let goWorker: Tool
  private let broker: ConnectionConfiguration

  init(_ bench: PeersBench, _ workbench: Workbench) throws {
    let servers = try workbench.options.servers()
    let dsn = try workbench.databases.make("peers")
    self.bench = bench
    yardstick = try Floor(bench.floor, amqpURL: servers.amqpURL, dsn: dsn)
    settle = workbench.databases.checkpoint
    broker = try ConnectionConfiguration(servers.amqpURL)
    // The only form of a DSN that all peers accept.
    let url = dsn.contains("://") ? dsn : "postgresql:///?" + dsn.split(separator: " ").joined(separator: "&")
    let environment = [
      "AMQP_URL": servers.amqpURL, "PG_DSN": url, "PYTHONPATH": bench.peers, "PYTHONDONTWRITEBYTECODE": "1", "C_FORCE_ROOT": "1",
    ]
    goWorker = Tool(bench.goWorker, environment: environment)
    python = Tool(bench.python, environment: environment)
  }

  func floor() throws -> Double { try yardstick.measure(bench.messages, settle: settle) }

  func go() throws -> Double {
    try yardstick.fill(bench.messages)
    settle()
    return try goWorker.rate(["batch", "\(bench.messages)", "500"])
  }

  func fastStream() throws -> Double {
    try yardstick.fill(bench.singleMessages)
    settle()
    return try python.rate(["\(bench.peers)/faststream_worker.py", "\(bench.singleMessages)"])
  }

  func celery() throws -> Double {
    let script = "\(bench.peers)/celery_worker.py"
    _ = try python.run([script, "publish", "\(bench.singleMessages)"])
    settle()
    let worker = try python.start(["-m", "celery", "-q", "-A", "celery_worker", "worker", "-c", "4", "--loglevel=ERROR"])
    defer {
      worker.terminate()
      worker.waitUntilExit()
    }
    return try python.rate([script, "time", "\(bench.singleMessages)"])
  }

  func removeQueues() {
    yardstick.removeQueue()
    guard let connection = try? Connection(broker), let channel = try? connection.openChannel() else { return }
    _ = try? channel.deleteQueue("floor.celery")
    connection.close()
  }
}
