// Publishes batches on a channel of its own, with publisher confirms.

/// Publishes batches and waits for the broker's answer to every message.
///
/// Use it only on its connection's thread. When a call has thrown and ``isOpen`` is false, make a new publisher; make a new
/// connection too if that has failed.
public final class Publisher {
  private let channel: Channel
  private var nextSequence: UInt64 = 1

  /// Opens a channel for the publisher and turns on confirms.
  public init(connection: Connection) throws(AMQPError) {
    channel = try connection.openChannel()
    try channel.confirmSelect()
  }

  /// Whether the next batch can be published.
  public var isOpen: Bool { channel.isOpen }

  /// Closes the publisher's channel.
  public func close() { channel.close() }

  /// Publishes messages and returns the outcome of each, in order, once all are known.
  ///
  /// All messages are in flight at once. Throws ``AMQPError/Kind/timeout`` if the time is up first, because the broker does
  /// not answer, or accepts nothing for lack of memory or disk. Throws another error if the channel or connection fails. In
  /// either case each message may or may not have arrived: publish all of them again with the same message ids.
  public func publish(batch: [OutgoingMessage], timeout: Duration) throws(AMQPError) -> [Outcome] {
    let (outcomes, failure) = attempt(batch: batch, timeout: timeout)
    if let failure { throw failure }
    return outcomes.compactMap(\.self)
  }

  /// Publishes as many messages as it can within the time. Returns the outcome of each, in order, nil where it is not known, and why some are
  /// not known: for senders that must come forward however slow the line is. After a failure make a new publisher.
  public func attempt(batch: [OutgoingMessage], timeout: Duration) -> (outcomes: [Outcome?], failure: AMQPError?) {
    var tracker = ConfirmTracker(first: nextSequence, count: batch.count)
    do throws(AMQPError) {
      try publish(batch, until: .now + timeout, &tracker)
      guard tracker.unanswered > 0 else { return (tracker.result(), nil) }
      let failure = AMQPError(.timeout, "\(tracker.unanswered) of \(batch.count) messages unconfirmed after \(timeout)")
      return (tracker.result(), failure)
    } catch {
      return (tracker.result(), error)
    }
  }

  private func publish(
    _ batch: [OutgoingMessage], until deadline: Instant, _ tracker: inout ConfirmTracker
  ) throws(AMQPError) {
    for (index, message) in batch.enumerated() {
      try waitWhileBlocked(until: deadline)
      nextSequence = try channel.publish(message, mandatory: message.isMandatory, until: deadline) + 1
      // Often enough that little is unknown should the line break.
      if index % 32 == 31 { try takeAnswers(&tracker, batch, until: nil) }
    }
    while tracker.unanswered > 0, try takeAnswers(&tracker, batch, until: deadline) {}
  }

  /// Takes the answers that have arrived. With a deadline it waits for the first one. Returns false if none came.
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

  /// A broker that has reported itself blocked reads nothing. Sending more would only fill buffers.
  private func waitWhileBlocked(until deadline: Instant) throws(AMQPError) {
    let connection = channel.connection
    while let reason = connection.blockedReason {
      if try connection.readFrame() { continue }
      guard try connection.wait(until: deadline) else {
        throw AMQPError(.timeout, "\(connection.host): the broker accepts no messages now: \(reason)")
      }
    }
  }
}
