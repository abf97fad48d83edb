// Declaring missing objects, and reporting different ones without changing them.
import AMQP
import Testing
import TestServers

@Suite("Topology") struct TopologyTests {
  private static let wanted = Topology(
    exchanges: [.init("events", type: "topic")],
    queues: [
      .init("limited", arguments: ["x-max-length": 20]),
      .init("durable", arguments: ["x-queue-type": "quorum", "x-dead-letter-exchange": "events"]),
    ],
    bindings: [.init(queue: "durable", exchange: "events", routingKey: "complaint.#")])

  @Test("missing objects are created, and declaring them again changes nothing")
  func declares() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      try Self.wanted.declare(on: connection)
      try Self.wanted.declare(on: connection)
      let routed = OutgoingMessage(exchange: "events", routingKey: "complaint.submitted", body: [1])
      #expect(try Publisher(connection: connection).publish(batch: [routed], timeout: .seconds(30)) == [.confirmed])
    }
  }

  @Test("all different objects are reported at once, by name with both values, and are not changed")
  func mismatch() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      try channel.declareExchange("events", type: "fanout")
      try channel.declareQueue("limited", arguments: ["x-max-length": 10])
      let error = #expect(throws: AMQPError.self) { try Self.wanted.declare(on: connection) }
      guard case .mismatch(let mismatches) = error?.kind else {
        Issue.record("no mismatch but \(String(describing: error))")
        return
      }
      #expect(mismatches.map(\.object) == ["exchange 'events'", "queue 'limited'"])
      #expect(mismatches[0].text.contains("'topic'") && mismatches[0].text.contains("'fanout'"))
      #expect(mismatches[1].text.contains("'20'") && mismatches[1].text.contains("'10'"))
      #expect(error?.message.contains("queue 'limited'") == true)
      // They are unchanged, and the other objects were declared.
      try channel.declareExchange("events", type: "fanout")
      try channel.declareQueue("limited", arguments: ["x-max-length": 10])
      #expect(try channel.queueStatus("durable").messages == 0)
    }
  }

  @Test("a binding to a missing exchange fails with its name, and the connection stays open")
  func missingExchange() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let topology = Topology(queues: [.init("q")], bindings: [.init(queue: "q", exchange: "missing", routingKey: "#")])
      let error = #expect(throws: AMQPError.self) { try topology.declare(on: connection) }
      #expect(error?.replyCode == 404)
      #expect(error?.message.contains("binding of queue 'q' to exchange 'missing'") == true)
      #expect(connection.isOpen)
    }
  }
}
