// A consumer that recovers from every loss and stops in order.
import Foundation
import Testing
import TestServers

@testable import AMQP

@Suite("Subscription") struct SubscriptionTests {
  private static let quick = Backoff(base: .milliseconds(20), maximum: .milliseconds(200))

  private static func subscription(_ broker: TestBroker, queues: [String] = ["q"], prefetch: UInt16 = 10) -> Subscription {
    Subscription(
      broker.configuration, queues: queues, prefetch: prefetch, backoff: quick,
      topology: Topology(queues: queues.map { .init($0, arguments: ["x-queue-type": "quorum"]) }))
  }

  /// A channel on a separate connection.
  private static func other(_ broker: TestBroker) throws -> Channel { try Connection(broker.configuration).openChannel() }

  @Test("it connects, declares and consumes several queues by itself, each with its own prefetch")
  func consumes() async throws {
    try await withTestBroker { broker in
      let subscription = Self.subscription(broker, queues: ["a", "b"], prefetch: 2)
      #expect(!subscription.isConsuming)
      _ = try subscription.recovered()
      #expect(subscription.isConsuming)
      let other = try Self.other(broker)
      try other.put("1", "2", "3", in: "a")
      try other.put("4", "5", "6", in: "b")
      let deliveries = try (0..<4).map { _ in try subscription.delivery() }
      #expect(deliveries.count(where: { $0.routingKey == "a" }) == 2)
      #expect(try other.queueStatus("a").messages == 1 && other.queueStatus("b").messages == 1)
      #expect(subscription.acknowledge(try #require(deliveries.last).tag))
      #expect(try Set([subscription.delivery().text, subscription.delivery().text]) == ["3", "6"])
    }
  }

  @Test("a lost connection is replaced: unacknowledged messages are redelivered, and their old tags are rejected")
  func connectionLost() async throws {
    try await withTestBroker { broker in
      let subscription = Self.subscription(broker)
      let generation = try subscription.recovered()
      try Self.other(broker).put("1", "2", in: "q")
      let first = try subscription.delivery()
      let second = try subscription.delivery()
      #expect(subscription.acknowledge(first.tag, multiple: false))
      // After the reply to a request, the broker has also processed the earlier acknowledgement.
      try #require(subscription.connection).openChannel().close()
      shutdown(try #require(subscription.connection).socket, Int32(SHUT_RDWR))
      #expect(try subscription.interruption().kind == .lost)
      #expect(!subscription.isConsuming)
      #expect(!subscription.acknowledge(second.tag))
      #expect(try subscription.recovered() != generation)
      let again = try subscription.delivery()
      #expect(again.text == "2" && again.redelivered && again.deliveryCount == 1)
      #expect(!subscription.acknowledge(second.tag))
      #expect(subscription.acknowledge(again.tag))
    }
  }

  @Test("a channel that the broker closes is replaced on the same connection")
  func channelClosed() async throws {
    try await withTestBroker { broker in
      let subscription = Self.subscription(broker)
      let generation = try subscription.recovered()
      let connection = try #require(subscription.connection)
      #expect(subscription.acknowledge(DeliveryTag(value: 999, generation: generation)))
      #expect(try subscription.interruption().replyCode == 406)
      _ = try subscription.recovered()
      #expect(subscription.connection === connection)
      try Self.other(broker).put("1", in: "q")
      #expect(try subscription.delivery().text == "1")
    }
  }

  @Test("a queue that is deleted during consuming is declared and consumed again")
  func queueDeleted() async throws {
    try await withTestBroker { broker in
      let subscription = Self.subscription(broker)
      _ = try subscription.recovered()
      let other = try Self.other(broker)
      try other.deleteQueue("q")
      #expect(try subscription.interruption().kind == .consumerCancelled(consumerTag: "q"))
      _ = try subscription.recovered()
      try other.put("1", in: "q")
      #expect(try subscription.delivery().text == "1")
    }
  }

  @Test("an unreachable broker is retried, and a wake descriptor ends the wait at once")
  func unreachable() throws {
    let subscription = Subscription(
      try ConnectionConfiguration("amqp://127.0.0.1:1"), queues: ["q"], prefetch: 1,
      backoff: Backoff(base: .seconds(3600), maximum: .seconds(3600)))
    #expect(try subscription.interruption().kind == .connect)
    let wake = Wake()
    wake.signal()
    let start = ContinuousClock.now
    guard case .idle = subscription.next(timeout: patience, orReadable: [wake.descriptor]) else {
      throw NothingCame(description: "not idle")
    }
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test("a topology mismatch is an interruption at every attempt")
  func mismatch() async throws {
    try await withTestBroker { broker in
      try Self.other(broker).declareQueue("q", arguments: ["x-max-length": 1])
      let subscription = Self.subscription(broker)
      for _ in 0..<2 {
        guard case .mismatch(let mismatches) = try subscription.interruption().kind else {
          throw NothingCame(description: "no mismatch")
        }
        #expect(mismatches.first?.object == "queue 'q'")
      }
    }
  }

  @Test("after stopConsuming, deliveries in hand can be acknowledged and the rest is redelivered to other consumers at once")
  func stops() async throws {
    try await withTestBroker { broker in
      let subscription = Self.subscription(broker, prefetch: 4)
      _ = try subscription.recovered()
      let other = try Self.other(broker)
      try other.put("1", "2", "3", "4", "5", in: "q")
      let first = try subscription.delivery()
      _ = try subscription.delivery()
      subscription.stopConsuming()
      #expect(!subscription.isConsuming)
      guard case .idle = subscription.next(timeout: .zero) else { throw NothingCame(description: "not idle") }
      #expect(subscription.acknowledge(first.tag))
      subscription.handBack()
      try other.consume(queue: "q")
      #expect(try Set(other.deliveries(4).map(\.text)) == ["2", "3", "4", "5"])
      subscription.close()
      guard case .idle = subscription.next(timeout: .zero) else { throw NothingCame(description: "not idle") }
    }
  }

  @Test("dead letters can be published on the subscription's own connection while deliveries wait")
  func secondChannel() async throws {
    try await withTestBroker { broker in
      let subscription = Self.subscription(broker)
      _ = try subscription.recovered()
      let other = try Self.other(broker)
      try other.declareQueue("dead")
      try other.put("1", "2", "3", in: "q")
      let first = try subscription.delivery()
      let publisher = try Publisher(connection: #require(subscription.connection))
      #expect(try publisher.publish(batch: [message(first.text, to: "dead")], timeout: patience) == [.confirmed])
      #expect(try subscription.delivery().text == "2")
      #expect(try subscription.delivery().text == "3")
    }
  }

  @Test("an acknowledgement that the broker does not accept closes the connection, so that its messages are redelivered")
  func acknowledgementNotTaken() async throws {
    try await withTestBroker { broker in
      let proxy = try StallingProxy(to: broker.configuration.hosts[0])
      defer { proxy.end() }
      var configuration = try ConnectionConfiguration(proxy.url(broker.virtualHost))
      configuration.sendTimeout = .seconds(1)
      let subscription = Subscription(
        configuration, queues: ["q"], prefetch: 10, backoff: Self.quick, topology: Topology(queues: [.init("q")]))
      _ = try subscription.recovered()
      try Self.other(broker).put("1", in: "q")
      let delivery = try subscription.delivery()
      let filler = try #require(subscription.connection).openChannel()
      proxy.stall(.fromClient)
      let large = OutgoingMessage(exchange: "", routingKey: "nowhere", body: Array(repeating: 7, count: 8192))
      let filling = #expect(throws: AMQPError.self) { while true { try filler.publish(large) } }
      #expect(filling?.kind == .timeout)
      #expect(!subscription.acknowledge(delivery.tag))
      #expect(try subscription.interruption().kind == .timeout)
    }
  }
}
