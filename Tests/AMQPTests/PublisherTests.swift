// The outcome of each message: confirms, nacks, returns, and brokers that accept nothing.
import Foundation
import Testing
import TestServers

@testable import AMQP

@Suite("Publisher") struct PublisherTests {
  @Test("each message of a batch has its own outcome, in order: confirmed, returned, or nacked by a full queue")
  func outcomes() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      try channel.declareQueue("good")
      try channel.declareQueue("full", arguments: ["x-max-length": 1, "x-overflow": "reject-publish"])
      let publisher = try Publisher(connection: connection)
      #expect(try publisher.publish(batch: [message("fills it", to: "full")], timeout: patience) == [.confirmed])
      let targets = (0..<600).map { ["good", "nowhere", "full", "nowhere"][$0 % 4] }
      // All bodies are equal, so returned messages can be matched only by their order.
      let outcomes = try publisher.publish(batch: targets.map { message("same", to: $0) }, timeout: patience)
      for (target, outcome) in zip(targets, outcomes) {
        switch target {
        case "good": #expect(outcome == .confirmed)
        case "full": #expect(outcome == .nacked)
        default: #expect(outcome == .returned(code: 312, text: "NO_ROUTE"))
        }
      }
      #expect(try channel.queueStatus("good").messages == 150)
    }
  }

  @Test("ten thousand messages are in flight at once, and all are confirmed")
  func manyInFlight() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      try channel.declareQueue("q", arguments: ["x-queue-type": "quorum"])
      let text = String(repeating: "x", count: 800)
      let outcomes = try Publisher(connection: connection).publish(
        batch: (0..<10_000).map { message("\($0) \(text)", to: "q") }, timeout: .seconds(120))
      #expect(outcomes.count == 10_000)
      #expect(outcomes.allSatisfy { $0 == .confirmed })
    }
  }

  @Test("an empty batch sends nothing")
  func emptyBatch() async throws {
    try await withTestBroker { broker in
      let publisher = try Publisher(connection: Connection(broker.configuration))
      #expect(try publisher.publish(batch: [], timeout: .zero).isEmpty)
    }
  }

  @Test("publishing to a missing exchange closes the publisher with the broker's 404")
  func noExchange() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let publisher = try Publisher(connection: connection)
      let lost = OutgoingMessage(exchange: "no such exchange", routingKey: "k", body: [])
      let error = #expect(throws: AMQPError.self) { try publisher.publish(batch: [lost], timeout: patience) }
      #expect(error?.replyCode == 404)
      #expect(!publisher.isOpen)
      #expect(connection.isOpen)
    }
  }

  @Test("if the broker stops reading, a batch fails within its timeout, whatever its size", arguments: [800, 1_000_000])
  func stalledBroker(size: Int) async throws {
    try await withTestBroker { broker in
      let proxy = try StallingProxy(to: broker.configuration.hosts[0])
      defer { proxy.end() }
      let connection = try Connection(ConnectionConfiguration(proxy.url(broker.virtualHost)))
      try connection.openChannel().declareQueue("q")
      let publisher = try Publisher(connection: connection)
      let large = OutgoingMessage(exchange: "", routingKey: "q", body: Array(repeating: 7, count: size))
      #expect(try publisher.publish(batch: [large], timeout: patience) == [.confirmed])
      proxy.stall(.fromClient)
      let start = ContinuousClock.now
      let error = #expect(throws: AMQPError.self) {
        try publisher.publish(batch: Array(repeating: large, count: 20_000_000 / size), timeout: .seconds(2))
      }
      #expect(error?.kind == .timeout)
      #expect(ContinuousClock.now - start < .seconds(15))
    }
  }

  @Test("an attempt over a line that stalls says what is confirmed, and of the rest that nothing is known")
  func attempt() async throws {
    try await withTestBroker { broker in
      let proxy = try StallingProxy(to: broker.configuration.hosts[0])
      defer { proxy.end() }
      let connection = try Connection(ConnectionConfiguration(proxy.url(broker.virtualHost)))
      try connection.openChannel().declareQueue("q")
      let publisher = try Publisher(connection: connection)
      let whole = publisher.attempt(batch: [message("a", to: "q"), message("b", to: "nowhere")], timeout: patience)
      #expect(whole.outcomes == [.confirmed, .returned(code: 312, text: "NO_ROUTE")] && whole.failure == nil)
      proxy.stall(.both)
      let part = publisher.attempt(batch: [message("c", to: "q"), message("d", to: "q")], timeout: .milliseconds(300))
      #expect(part.outcomes == [nil, nil] && part.failure?.kind == .timeout)
    }
  }

  @Test("if the broker stops reading, acknowledgements fail within the send timeout")
  func stalledAcknowledgement() async throws {
    try await withTestBroker { broker in
      let proxy = try StallingProxy(to: broker.configuration.hosts[0])
      defer { proxy.end() }
      var configuration = try ConnectionConfiguration(proxy.url(broker.virtualHost))
      configuration.sendTimeout = .seconds(1)
      let connection = try Connection(configuration)
      let channel = try connection.openChannel()
      let queue = try channel.declareQueue("q")
      proxy.stall(.fromClient)
      let large = OutgoingMessage(exchange: "", routingKey: queue, body: Array(repeating: 7, count: 8192))
      let filling = #expect(throws: AMQPError.self) { while true { try channel.publish(large) } }
      #expect(filling?.kind == .timeout)
      let start = ContinuousClock.now
      let error = #expect(throws: AMQPError.self) {
        try channel.acknowledge(DeliveryTag(value: 1, generation: channel.generation))
      }
      #expect(error?.kind == .timeout)
      #expect(ContinuousClock.now - start < .seconds(15))
    }
  }
}
