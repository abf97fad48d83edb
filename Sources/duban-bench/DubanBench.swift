// duban-bench measures the real duband with a real broker and a real database. deploy/bench starts the servers and runs it.

import ArgumentParser

@main
struct DubanBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "duban-bench",
    abstract: "Measures duband: throughput, latency and cost of intake and escalation.",
    discussion: """
      Run deploy/bench, which starts private servers, builds the programs and cleans up. The benchmark uses its own databases \
      on the server of DUBAN_POSTGRES_DSN, and Duban's queues in the vhost of DUBAN_AMQP_URL, which must be empty.
      """,
    subcommands: [
      IntakeBench.self, LatencyBench.self, BacklogBench.self, DeadlinesBench.self, PeersBench.self, MutatedBench.self,
    ])
}
