// Publishing that knows what became of each message: confirms and mandatory routing over a channel of its own.

/// Publishes batches and waits for the broker's answer to every message.
///
/// It belongs to its connection's thread. Once a call has thrown and ``isOpen`` is false it has ended; make another, on a new
/// connection if that has ended too.
public final class Publisher {
  private let channel: Channel
  private var nextSequence: UInt64 = 1

  /// A publisher with a channel of its own on a connection.
  public init(connection: Connection) throws(AMQPError) {
    channel = try connection.openChannel()
    try channel.confirmSelect()
  }

  /// Whether the next batch can still be published here.
  public var isOpen: Bool { channel.isOpen }

  /// Ends the publisher's channel.
  public func close() { channel.close() }

  /// Publishes messages and returns what became of each, in order, once all are known.
  ///
  /// All are in flight at once. Throws ``AMQPError/Kind/timeout`` when the time is up first, whether the broker does not answer or
  /// takes nothing because it is short of memory or disk, and another error when channel or connection end; each message may or
  /// may not have arrived then, so publish them again under the same message ids.
  public func publish(batch: [OutgoingMessage], timeout: Duration) throws(AMQPError) -> [Outcome] {
    let deadline = Instant.now + timeout
    var tracker = ConfirmTracker(first: nextSequence, count: batch.count)
    for (index, message) in batch.enumerated() {
      try waitWhileBlocked(until: deadline)
      nextSequence = try channel.publish(message, mandatory: true, until: deadline) + 1
      if index % 256 == 255 { try takeAnswers(&tracker, batch, until: nil) }
    }
    while tracker.unanswered > 0 {
      guard try takeAnswers(&tracker, batch, until: deadline) else {
        throw AMQPError(
          .timeout, "\(tracker.unanswered) of \(batch.count) messages unconfirmed after \(timeout)")
      }
    }
    return tracker.result()
  }

  /// Takes the answers that have arrived, waiting for the first of them if given a deadline; false if none came.
  @discardableResult
  private func takeAnswers(
    _ tracker: inout ConfirmTracker, _ batch: [OutgoingMessage], until deadline: Instant?
  ) throws(AMQPError) -> Bool {
    var deadline = deadline ?? .now
    var hasAnswer = false
    while tracker.unanswered > 0, let event = try channel.next(until: deadline) {
      hasAnswer = true
      deadline = .now
      switch event {
      case .confirm(let confirm): tracker.confirm(confirm)
      case .returned(let message): tracker.returned(message, among: batch)
      case .channelClosed(let error): throw error
      case .delivery, .consumerCancelled: break
      }
    }
    return hasAnswer
  }

  /// A broker that has said it is blocked reads nothing: what is sent would only fill the buffers on the way.
  private func waitWhileBlocked(until deadline: Instant) throws(AMQPError) {
    let connection = channel.connection
    while let reason = connection.blockedReason {
      if try connection.readFrame() { continue }
      guard try connection.wait(until: deadline) else {
        throw AMQPError(.timeout, "\(connection.host): the broker takes no messages at present: \(reason)")
      }
    }
  }
}
