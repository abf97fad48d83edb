// Looking through a quorum queue and leaving it as it was: messages are taken a handful at a time and given back in their order.

import AMQP

/// One queue, looked through once on a channel of the operator's. Belongs to one thread.
///
/// Until ``giveBack()`` no other consumer sees what was taken.
final class QueueReading {
  private let channel: Channel
  private let queue: String
  private let number: Int
  private var consumers = 0
  private var held: [DeliveryTag] = []
  private var settled: Set<DeliveryTag> = []
  /// Whether the last message taken had been taken and given back before.
  private var endsAmongReturned = false

  /// A reading that has not begun. Its number is another for each on the channel.
  init(_ queue: String, on channel: Channel, number: Int) {
    (self.queue, self.channel, self.number) = (queue, channel, number)
  }

  /// How many messages are there to be taken.
  func count() throws(AMQPError) -> Int { try channel.queueStatus(queue).messages }

  /// The next messages, at most `limit` and at most a window; none where there are none.
  ///
  /// By a consumer that is ended as soon as it has them: a quorum queue that is asked for one message after the other (`basic.get`) keeps
  /// each asking as a consumer of its own, and becomes slower with each.
  func take(_ limit: Int) throws(AMQPError) -> [Delivery] {
    let expected = min(limit, Self.window, try count())
    guard expected > 0 else { return [] }
    consumers += 1
    // What is given back goes back consumer by consumer in the order of these names, whose numbers all have eight digits.
    let tag = "duban-reading-\(10_000_000 * (number + 1) + consumers)"
    try channel.setPrefetch(UInt16(expected))
    try channel.consume(queue: queue, consumerTag: tag)
    var deliveries: [Delivery] = []
    // Another consumer may take some first: then fewer come.
    while deliveries.count < expected, let event = try channel.next(timeout: .seconds(1)) {
      if case .delivery(let delivery) = event { deliveries.append(delivery) }
    }
    try channel.cancel(consumerTag: tag)
    while let event = try channel.next(timeout: .zero) {
      if case .delivery(let delivery) = event { deliveries.append(delivery) }
    }
    held += deliveries.map(\.tag)
    endsAmongReturned = deliveries.last?.redelivered ?? false
    return deliveries
  }

  /// Takes a message out of the queue for good.
  func settle(_ delivery: Delivery) throws(AMQPError) {
    try channel.acknowledge(delivery.tag)
    settled.insert(delivery.tag)
  }

  /// Gives back what was taken and not settled, in its order.
  ///
  /// A quorum queue puts what is given back behind what was given back earlier, and before all else: so all of that is taken and given back
  /// with it. And what it is given back all at once, as at a channel's end, RabbitMQ mixes up: hence a handful at a time, and some handfuls
  /// once those before them are back.
  func giveBack() throws(AMQPError) {
    while endsAmongReturned, try !take(Self.window).isEmpty {}
    let tags = held.filter { !settled.contains($0) }
    held = []
    for start in stride(from: 0, to: tags.count, by: Self.handful * Self.handfuls) {
      let part = tags[start..<min(start + Self.handful * Self.handfuls, tags.count)]
      let expected = try count() + part.count
      for first in stride(from: part.startIndex, to: part.endIndex, by: Self.handful) {
        let last = min(first + Self.handful, part.endIndex) - 1
        try channel.nack(part[last], multiple: true, requeue: true)
      }
      // Where another operator takes some meanwhile the count is never reached, and this is no more than a pause.
      let bound = ContinuousClock.now + .milliseconds(500)
      while try count() < expected, .now < bound {}
    }
  }

  /// How many messages are in memory at once; with the largest of the contract, 64 MiB.
  private static let window = 256
  /// Erlang keeps a map in the order of its keys up to this size, and RabbitMQ 3.10 what one command gives back in a map.
  private static let handful = 32
  /// Half of the commands that a channel sends a quorum queue before it begins to collect them (`quorum_commands_soft_limit`).
  private static let handfuls = 16
}
