// Helpers of these tests: bounded waits for real events, and messages to send.
import Foundation
import TestServers
import Testing

@testable import AMQP

struct NothingCame: Error, CustomStringConvertible {
  let description: String
}

extension Channel {
  /// Returns the next delivery, within a time limit.
  func delivery() throws -> Delivery {
    while let event = try next(timeout: patience) { if case .delivery(let delivery) = event { return delivery } }
    throw NothingCame(description: "no delivery")
  }

  func deliveries(_ count: Int) throws -> [Delivery] { try (0..<count).map { _ in try delivery() } }

  /// Publishes text to a queue and waits until it has arrived.
  func put(_ texts: String..., in queue: String) throws {
    let publisher = try Publisher(connection: connection)
    let outcomes = try publisher.publish(batch: texts.map { message($0, to: queue) }, timeout: patience)
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    publisher.close()
  }
}

extension Subscription {
  /// Returns the next step for which `part` is not nil, within a time limit.
  func step<Part>(_ part: (Step) -> Part?) throws -> Part {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      if let part = part(next(timeout: .seconds(1))) { return part }
    }
    throw NothingCame(description: "not the expected step")
  }

  func delivery() throws -> Delivery { try step { if case .delivery(let delivery) = $0 { delivery } else { nil } } }

  func recovered() throws -> UInt64 { try step { if case .recovered(let generation) = $0 { generation } else { nil } } }

  func interruption() throws -> AMQPError { try step { if case .interrupted(let error, _) = $0 { error } else { nil } } }
}

extension Delivery {
  var text: String { String(decoding: body, as: UTF8.self) }
}

/// A persistent text message for the default exchange.
func message(_ text: String, to queue: String) -> OutgoingMessage {
  OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(deliveryMode: .persistent), body: Array(text.utf8))
}

/// A pipe whose read end is a wake descriptor.
final class Wake: Sendable {
  let descriptor: Int32
  private let writer: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    (descriptor, writer) = (ends[0], ends[1])
  }

  deinit {
    Foundation.close(descriptor)
    Foundation.close(writer)
  }

  func signal() { write(writer, "!", 1) }
}
