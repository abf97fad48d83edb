// Deliveries and acknowledgements, message properties and bodies, and channel errors.
import CRabbitMQ
import Foundation
import Testing
import TestServers

@testable import AMQP

@Suite("Channel") struct ChannelTests {
  @Test("every type of header field is received as sent, with nesting")
  func headers() async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q")
      let headers: [String: FieldValue] = [
        "bool": true, "int8": .int8(-8), "uint8": .uint8(200), "int16": .int16(-300), "uint16": .uint16(60_000),
        "int32": .int32(-70_000), "uint32": .uint32(4_000_000_000), "int64": .int64(.min), "float": .float(1.5),
        "double": .double(-2.25e100), "decimal": .decimal(scale: 2, value: 314), "string": "督办 \u{1F409}", "empty": "",
        "bytes": .bytes([0, 255, 128]), "timestamp": .timestamp(1_795_000_000), "void": nil,
        "array": [1, "two", [3.0, nil], ["four": false]], "empty array": [], "table": ["a": ["b": ["c": .bytes([])]]],
        "empty table": [:], String(repeating: "k", count: 128): "a long key",
      ]
      try channel.publish(OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(headers: headers), body: []))
      let delivery = try #require(try channel.get(queue: queue))
      #expect(delivery.properties.headers == headers)
    }
  }

  @Test("all fourteen properties are received as sent")
  func properties() async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q")
      var properties = Properties(
        contentType: "application/cloudevents+json", headers: ["h": 1], deliveryMode: .persistent, messageID: "m-1",
        userID: "guest"
      )
      properties.contentEncoding = "identity"
      properties.priority = 7
      properties.correlationID = "c"
      properties.replyTo = "r"
      properties.expiration = "60000"
      properties.timestamp = 1_795_000_000
      properties.type = "complaint.submitted"
      properties.appID = "duban"
      properties.clusterID = "x"
      for properties in [properties, Properties(), properties] {
        try channel.publish(OutgoingMessage(exchange: "", routingKey: queue, properties: properties, body: [1, 2, 3]))
        let delivery = try #require(try channel.get(queue: queue))
        #expect(delivery.properties == properties)
        #expect(delivery.routingKey == queue && delivery.exchange == "" && delivery.body == [1, 2, 3])
      }
    }
  }

  @Test(
    "bodies of every size arrive complete: empty, one frame, its limits, several frames, megabytes",
    arguments: [0, 1, 15_872, 15_873, 16_384, 131_063, 131_064, 131_065, 262_144, 3_000_000])
  func bodies(size: Int) async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q")
      var generator = Seeded(UInt64(size))
      let body = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
      try channel.consume(queue: queue)
      for _ in 0..<3 { try channel.publish(OutgoingMessage(exchange: "", routingKey: queue, body: body)) }
      for delivery in try channel.deliveries(3) { #expect(delivery.body == body) }
    }
  }

  @Test("messages that the protocol cannot carry are rejected before anything is sent, and the channel stays open")
  func tooLong() async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q")
      let long = String(repeating: "长", count: 86)
      let headers: [String: FieldValue] = ["h": .bytes(Array(repeating: 0, count: 200_000))]
      for message in [
        OutgoingMessage(exchange: "", routingKey: long, body: []),
        OutgoingMessage(exchange: long, routingKey: "", body: []),
        OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(messageID: long), body: []),
        OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(headers: [long: 1]), body: []),
        OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(headers: headers), body: []),
      ] {
        let error = #expect(throws: AMQPError.self) { try channel.publish(message) }
        #expect(error?.kind == .usage)
      }
      try channel.put("fine", in: queue)
      #expect(try channel.get(queue: queue)?.text == "fine")
    }
  }

  @Test("the broker delivers no more than the prefetch before an acknowledgement")
  func prefetch() async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q")
      try channel.put("1", "2", "3", "4", "5", in: queue)
      try channel.setPrefetch(3)
      try channel.consume(queue: queue)
      let first = try channel.deliveries(3)
      #expect(try channel.queueStatus(queue) == QueueStatus(messages: 2, consumers: 1))
      #expect(try channel.next(timeout: .zero) == nil)
      try channel.acknowledge(first[0].tag)
      #expect(try channel.delivery().text == "4")
      #expect(try channel.queueStatus(queue).messages == 1)
    }
  }

  @Test("a multiple acknowledgement covers all deliveries up to its tag, and none after")
  func multipleAcknowledgement() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      let queue = try channel.declareQueue("q")
      try channel.put("1", "2", "3", "4", "5", in: queue)
      try channel.consume(queue: queue)
      let deliveries = try channel.deliveries(5)
      try channel.acknowledge(deliveries[2].tag, multiple: true)
      channel.close()
      let again = try connection.openChannel()
      try again.consume(queue: queue)
      #expect(try again.deliveries(2).map(\.text) == ["4", "5"])
    }
  }

  @Test("a tag of an old channel is not acknowledged on a new one")
  func staleTag() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let old = try connection.openChannel()
      let queue = try old.declareQueue("q")
      try old.put("1", in: queue)
      try old.consume(queue: queue)
      let stale = try old.delivery()
      old.close()
      let new = try connection.openChannel()
      try new.consume(queue: queue)
      let fresh = try new.delivery()
      #expect(fresh.tag.value == stale.tag.value)
      for channel in [old, new] {
        let error = #expect(throws: AMQPError.self) { try channel.acknowledge(stale.tag, multiple: true) }
        #expect(error?.kind == .stale)
        #expect(throws: AMQPError.self) { try channel.reject(stale.tag, requeue: false) }
        #expect(throws: AMQPError.self) { try channel.nack(stale.tag, multiple: true, requeue: false) }
      }
      #expect(new.isOpen)
      new.close()
      #expect(try connection.openChannel().get(queue: queue)?.redelivered == true)
    }
  }

  @Test("acknowledging an unknown tag closes the channel with a 406, but not the connection")
  func unknownTag() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      try channel.acknowledge(DeliveryTag(value: 999, generation: channel.generation))
      guard case .channelClosed(let error) = try channel.next(timeout: patience) else {
        throw NothingCame(description: "no channel.close")
      }
      #expect(error.replyCode == 406)
      #expect(error.message.contains("unknown delivery tag 999"))
      #expect(!channel.isOpen)
      #expect(throws: AMQPError.self) { try channel.publish(message("late", to: "q")) }
      #expect(try connection.openChannel().declareQueue("q") == "q")
    }
  }

  @Test("a failed request has the broker's code and text, and its channel number can be used again")
  func failedRequest() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      for _ in 0..<3 {
        let channel = try connection.openChannel()
        let error = #expect(throws: AMQPError.self) { try channel.queueStatus("no such queue") }
        #expect(error?.replyCode == 404)
        #expect(error?.message.contains("no queue 'no such queue'") == true)
      }
    }
  }

  @Test("deleting a queue cancels its consumer, which is an event")
  func consumerCancelled() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let consumer = try connection.openChannel()
      let queue = try consumer.declareQueue("q")
      let tag = try consumer.consume(queue: queue, consumerTag: "督办-1")
      #expect(tag == "督办-1")
      try connection.openChannel().deleteQueue(queue)
      guard case .consumerCancelled(tag) = try consumer.next(timeout: patience) else {
        throw NothingCame(description: "no basic.cancel")
      }
      #expect(consumer.isOpen)
    }
  }

  @Test("two channels on one connection do not lose each other's deliveries and confirms")
  func twoChannels() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let consumer = try connection.openChannel()
      let queue = try consumer.declareQueue("q")
      try consumer.consume(queue: queue)
      let publisher = try Publisher(connection: connection)
      let texts = (0..<2000).map { "\($0)" }
      for start in stride(from: 0, to: texts.count, by: 100) {
        let batch = texts[start..<start + 100].map { message($0, to: queue) }
        #expect(try publisher.publish(batch: batch, timeout: patience).allSatisfy { $0 == .confirmed })
        try consumer.setPrefetch(0)
      }
      #expect(try consumer.deliveries(texts.count).map(\.text) == texts)
    }
  }

  @Test("redeliveries of a quorum queue have a delivery count")
  func deliveryCount() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      let queue = try channel.declareQueue("q", arguments: ["x-queue-type": "quorum"])
      try channel.put("1", in: queue)
      try channel.consume(queue: queue)
      for count in 0..<3 {
        let delivery = try channel.delivery()
        #expect(delivery.deliveryCount == count)
        #expect(delivery.redelivered == (count > 0))
        try channel.reject(delivery.tag, requeue: true)
      }
    }
  }

  @Test("a delivery count set by the publisher is ignored", arguments: [Int64.min, -1, 1000, .max])
  func forgedDeliveryCount(_ forged: Int64) async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q", arguments: ["x-queue-type": "quorum"])
      let properties = Properties(headers: ["x-delivery-count": .int64(forged)])
      try channel.publish(OutgoingMessage(exchange: "", routingKey: queue, properties: properties, body: [1]))
      try channel.consume(queue: queue)
      for count in 0..<2 {
        let delivery = try channel.delivery()
        #expect(delivery.deliveryCount == count)
        try channel.reject(delivery.tag, requeue: true)
      }
    }
  }

  @Test("headers nested too deeply are read as void and do not exhaust the stack")
  func deepHeaders() async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let queue = try channel.declareQueue("q")
      var deep: FieldValue = 1
      for _ in 0..<1000 { deep = .array([deep]) }
      try channel.publish(
        OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(headers: ["deep": deep]), body: []))
      var value = try #require(try channel.get(queue: queue)?.properties.headers["deep"])
      var depth = 0
      while case .array(let inner) = value, let first = inner.first {
        value = first
        depth += 1
      }
      #expect(value == .void)
      #expect(depth < 100)
    }
  }

  @Test("headers that fill a frame do not break the connection when the broker adds its own")
  func fullHeaderFrame() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration)
      let channel = try connection.openChannel()
      let queue = try channel.declareQueue("q", arguments: ["x-queue-type": "quorum"])
      // Our own publish rejects a header frame of exactly the negotiated size, but another client may send it.
      let overhead = 8 + 12 + 2 + FieldValue.encodedSize(of: ["h": .bytes([])])
      let headers: [String: FieldValue] = ["h": .bytes(Array(repeating: 1, count: connection.frameMax - overhead))]
      var properties = try connection.arena.properties(Properties(headers: headers))
      let name = try connection.arena.shortText(queue, "queue")
      amqp_basic_publish(connection.state, channel.life.number, amqp_bytes_t(), name, 0, 0, &properties, amqp_bytes_t())
      try channel.consume(queue: queue)
      for count in 0..<2 {
        let delivery = try channel.delivery()
        #expect(delivery.deliveryCount == count)
        #expect(delivery.properties.headers["h"] == headers["h"])
        try channel.reject(delivery.tag, requeue: true)
      }
    }
  }
}
