// The exchanges and queues of the contract (deploy/asyncapi.yaml), declared by every worker that needs them.

import AMQP

/// Names on the broker.
public enum DubanTopology {
  public static let intakeExchange = "duban.intake"
  public static let eventsExchange = "duban.events"
  public static let deadExchange = "duban.dead"

  /// An intake queue: what is bound to it, and where its dead letters go.
  public struct IntakeQueue: Sendable, Hashable {
    public let name: String
    let bindings: [String]

    public var deadLetterQueue: String { name + ".dead" }
    /// The routing key of its dead letters: its name without `duban.`.
    var deadLetterKey: String { String(name.dropFirst("duban.".count)) }
  }

  public static let intakeQueues = [
    IntakeQueue(name: "duban.complaints", bindings: ["complaint.#"]),
    IntakeQueue(name: "duban.inspections", bindings: ["inspection.#", "rectification.#", "problem.#"]),
    IntakeQueue(name: "duban.funding", bindings: ["funding.#"]),
    IntakeQueue(name: "duban.reminders", bindings: ["reminder.#"]),
  ]

  /// Everything above, as declarations. Every queue is a quorum queue: it survives the loss of a node.
  public static let all: Topology = {
    var topology = Topology()
    topology.exchanges = [intakeExchange, eventsExchange, deadExchange].map { .init($0, type: "topic") }
    for queue in intakeQueues {
      topology.queues.append(
        .init(
          queue.name,
          arguments: [
            "x-queue-type": "quorum", "x-dead-letter-exchange": .string(deadExchange),
            "x-dead-letter-routing-key": .string(queue.deadLetterKey),
            // Duban counts deliveries itself and says why it gives one up; RabbitMQ 4 would give it up silently after 20.
            "x-delivery-limit": 10_000,
          ]))
      // Looking at a dead letter counts as a delivery: it may be looked at often.
      topology.queues.append(
        .init(queue.deadLetterQueue, arguments: ["x-queue-type": "quorum", "x-delivery-limit": 1_000_000]))
      topology.bindings += queue.bindings.map { .init(queue: queue.name, exchange: intakeExchange, routingKey: $0) }
      topology.bindings.append(.init(queue: queue.deadLetterQueue, exchange: deadExchange, routingKey: queue.deadLetterKey))
    }
    return topology
  }()
}
