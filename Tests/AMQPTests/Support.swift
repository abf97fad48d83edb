// What the tests of this module have in common: bounded waits on real events, and messages to send.
import Foundation
import Testing

@testable import AMQP

/// Longer than any event takes that is going to happen at all.
let patience = Duration.seconds(30)

struct NothingCame: Error, CustomStringConvertible {
  let description: String
}

extension Channel {
  /// The next delivery, in bounded time.
  func delivery() throws -> Delivery {
    while let event = try next(timeout: patience) { if case .delivery(let delivery) = event { return delivery } }
    throw NothingCame(description: "no delivery")
  }

  func deliveries(_ count: Int) throws -> [Delivery] { try (0..<count).map { _ in try delivery() } }

  /// Publishes text to a queue and waits until it is there.
  func put(_ texts: String..., in queue: String) throws {
    let publisher = try Publisher(connection: connection)
    let outcomes = try publisher.publish(batch: texts.map { message($0, to: queue) }, timeout: patience)
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    publisher.close()
  }
}

extension Subscription {
  /// The next step of which a part is wanted, in bounded time.
  func step<Part>(_ part: (Step) -> Part?) throws -> Part {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      if let part = part(next(timeout: .seconds(1))) { return part }
    }
    throw NothingCame(description: "not the step awaited")
  }

  func delivery() throws -> Delivery { try step { if case .delivery(let delivery) = $0 { delivery } else { nil } } }

  func recovered() throws -> UInt64 { try step { if case .recovered(let generation) = $0 { generation } else { nil } } }

  func interruption() throws -> AMQPError { try step { if case .interrupted(let error, _) = $0 { error } else { nil } } }
}

extension Delivery {
  var text: String { String(decoding: body, as: UTF8.self) }
}

/// A persistent text message through the default exchange.
func message(_ text: String, to queue: String) -> OutgoingMessage {
  OutgoingMessage(exchange: "", routingKey: queue, properties: Properties(deliveryMode: .persistent), body: Array(text.utf8))
}

/// A pipe whose reading end is a wake descriptor.
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
