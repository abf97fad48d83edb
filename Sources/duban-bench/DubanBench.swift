// duban-bench: measures the real duband on a real broker and a real database. deploy/bench sets them up and runs it.

import ArgumentParser

@main
struct DubanBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "duban-bench",
    abstract: "Measures duband: how fast it takes messages in and lets due items climb, how soon, and at what cost.",
    discussion: """
      Run it by deploy/bench, which starts private servers, builds what is measured and cleans up. It works in databases of its own \
      on the server of DUBAN_POSTGRES_DSN and with Duban's queues in the vhost of DUBAN_AMQP_URL, which must be empty.
      """,
    subcommands: [
      IntakeBench.self, LatencyBench.self, BacklogBench.self, DeadlinesBench.self, PeersBench.self, MutatedBench.self,
    ])
}
