// Consuming that survives: a thin shell that does what Recovery decides.

/// A consumer of one or several queues that lives through lost connections, closed channels and deleted queues.
///
/// It belongs to one thread at a time. Call ``next(timeout:orReadable:)`` over and over, at least every half heartbeat; recovery
/// happens in those calls. After ``Step/interrupted(_:retryIn:)`` every delivery not yet acknowledged will come again: drop it.
public final class Subscription {
  /// What a call of ``next(timeout:orReadable:)`` brought.
  public enum Step: Sendable {
    case delivery(Delivery)
    /// Nothing came in time, or a wake descriptor is readable.
    case idle
    /// The connection, the channel or a consumer is lost; the following calls try again, at the earliest after the delay.
    case interrupted(AMQPError, retryIn: Duration)
    /// Consuming, for the first time or again, on a channel of this generation.
    case recovered(generation: UInt64)
  }

  private let configuration: ConnectionConfiguration
  private let queues: [String]
  private let prefetch: UInt16
  private let topology: Topology?
  private let consumerArguments: [String: FieldValue]
  private var recovery: Recovery
  private var generator = SystemRandomNumberGenerator()
  private var channel: Channel?
  private var consumerTags: [String] = []

  /// The connection at present, for a second channel on it (a ``Publisher`` for dead letters, say); nil while there is none.
  ///
  /// It is another one after each ``Step/recovered(generation:)`` that followed its loss.
  public private(set) var connection: Connection?

  /// A subscription; nothing is connected before the first ``next(timeout:orReadable:)``.
  ///
  /// `prefetch` bounds the unacknowledged deliveries of each queue. A `topology` is declared before every start of consuming.
  /// The consumer tag of a delivery is the name of the queue that it came from.
  public init(
    _ configuration: ConnectionConfiguration, queues: [String], prefetch: UInt16, backoff: Backoff = Backoff(),
    topology: Topology? = nil, consumerArguments: [String: FieldValue] = [:]
  ) {
    self.configuration = configuration
    self.queues = queues
    self.prefetch = prefetch
    self.topology = topology
    self.consumerArguments = consumerArguments
    recovery = Recovery(backoff: backoff, now: .now)
  }

  /// Whether deliveries can come at present.
  public var isConsuming: Bool { recovery.isConsuming }

  /// The next delivery, or what happened instead.
  ///
  /// Lasts at most `timeout`, except that an attempt to connect lasts as long as the configuration's timeouts let it; waiting,
  /// between attempts too, ends as soon as one of the wake descriptors is readable.
  public func next(timeout: Duration, orReadable wake: [Int32] = []) -> Step {
    let deadline = Instant.now + timeout
    while true {
      do throws(AMQPError) {
        switch recovery.action(at: .now) {
        case .attempt(let reconnect): return .recovered(generation: try attempt(reconnect: reconnect))
        case .wait(let until):
          idle(until: min(until, deadline), orReadable: wake)
          if until > .now { return .idle }
        case .receive:
          guard let channel else { throw AMQPError(.lost, "no channel") }
          switch try channel.next(until: deadline, orReadable: wake) {
          case .delivery(let delivery): return .delivery(delivery)
          case nil: return .idle
          case .channelClosed(let error): throw error
          case .consumerCancelled(let tag):
            throw AMQPError(.consumerCancelled(consumerTag: tag), "the broker cancelled the consumer of queue '\(tag)'")
          case .confirm, .returned: continue
          }
        case .rest:
          idle(until: deadline, orReadable: wake)
          return .idle
        }
      } catch {
        return interrupt(error)
      }
    }
  }

  private func attempt(reconnect: Bool) throws(AMQPError) -> UInt64 {
    channel?.close()
    channel = nil
    if reconnect || connection?.isOpen != true {
      connection?.close()
      connection = nil
      connection = try Connection(configuration)
    }
    guard let connection else { throw AMQPError(.lost, "no connection") }
    try topology?.declare(on: connection)
    let channel = try connection.openChannel()
    self.channel = channel
    try channel.setPrefetch(prefetch)
    consumerTags = []
    for queue in queues {
      consumerTags.append(try channel.consume(queue: queue, consumerTag: queue, arguments: consumerArguments))
    }
    recovery.recovered(at: .now)
    return channel.generation
  }

  private func interrupt(_ error: AMQPError) -> Step {
    let loss: Recovery.Loss = connection?.isOpen == true ? .channel : .connection
    // Closed at once, so that what it held is another consumer's without waiting for our next attempt.
    channel?.close()
    channel = nil
    return .interrupted(error, retryIn: recovery.failed(loss, at: .now, using: &generator))
  }

  /// Waits, keeping the connection alive if there is one.
  private func idle(until deadline: Instant, orReadable wake: [Int32]) {
    while let connection, connection.isOpen, Instant.now < deadline {
      do throws(AMQPError) {
        if try connection.readFrame() { continue }
        guard try connection.wait(until: deadline, orReadable: wake) else { return }
      } catch {
        recovery.connectionLostWhileWaiting()
      }
    }
    _ = poll(socket: -1, for: 0, orReadable: wake, timeout: deadline - .now)
  }

  // MARK: Settling

  /// Acknowledges a delivery, or with `multiple` it and every earlier one; false if its channel is gone.
  ///
  /// False means that the messages come again, which the next steps will tell of too; nothing else is to be done.
  @discardableResult
  public func acknowledge(_ tag: DeliveryTag, multiple: Bool = true) -> Bool {
    settle { channel throws(AMQPError) in try channel.acknowledge(tag, multiple: multiple) }
  }

  /// Declines one delivery, to its queue's dead-letter exchange or back to the queue; false if its channel is gone.
  @discardableResult
  public func reject(_ tag: DeliveryTag, requeue: Bool) -> Bool {
    settle { channel throws(AMQPError) in try channel.reject(tag, requeue: requeue) }
  }

  private func settle(_ action: (Channel) throws(AMQPError) -> Void) -> Bool {
    guard let channel else { return false }
    do throws(AMQPError) {
      try action(channel)
      return true
    } catch {
      // A broker that takes no acknowledgement would keep its messages for us for ever; without the connection they come again.
      if error.kind == .timeout { connection?.fail(error) }
      return false
    }
  }

  // MARK: Ending

  /// Ends the consumers: no delivery comes after this, recovery ends too.
  ///
  /// Deliveries in hand can still be acknowledged; those that had arrived but were not taken stay with the channel until
  /// ``handBack()`` or ``close()``. Keep calling ``next(timeout:orReadable:)`` while finishing, it keeps the connection alive.
  public func stopConsuming() {
    recovery.stop()
    guard let channel, channel.isOpen else { return }
    do throws(AMQPError) {
      for tag in consumerTags { try channel.cancel(consumerTag: tag) }
    } catch {
      // The channel or connection is gone, and every consumer with it.
    }
    consumerTags = []
  }

  /// Hands every unacknowledged delivery back to its queue, for other consumers to have at once; acknowledge what is done first.
  public func handBack() {
    guard let channel, channel.isOpen else { return }
    // Failing is as good: with the channel gone the broker takes them back by itself.
    try? channel.requeueAll()
  }

  /// Closes channel and connection; what is unacknowledged returns to its queues.
  public func close() {
    recovery.stop()
    channel = nil
    connection?.close()
    connection = nil
  }
}
