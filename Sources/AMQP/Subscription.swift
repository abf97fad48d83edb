// A recovering consumer: carries out the decisions of Recovery.

/// A consumer of one or several queues that survives lost connections, closed channels and deleted queues.
///
/// Use it from one thread at a time. Call ``next(timeout:orReadable:)`` repeatedly, at least every half heartbeat; recovery
/// happens in those calls. After ``Step/interrupted(_:retryIn:)`` the broker redelivers every unacknowledged delivery, so
/// drop those in hand.
public final class Subscription {
  /// The result of ``next(timeout:orReadable:)``.
  public enum Step: Sendable {
    case delivery(Delivery)
    /// Nothing arrived in time, or a wake descriptor is readable.
    case idle
    /// The connection, the channel or a consumer was lost. Later calls retry, at the earliest after the delay.
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

  /// The current connection, for a second channel on it (e.g. a ``Publisher`` for dead letters), or nil while there is none.
  ///
  /// It changes whenever the subscription reconnects; ``Step/recovered(generation:)`` reports that.
  public private(set) var connection: Connection?

  /// Makes a subscription. The first ``next(timeout:orReadable:)`` connects.
  ///
  /// `prefetch` limits the unacknowledged deliveries of each queue. The `topology` is declared each time before consuming
  /// starts. A delivery's consumer tag is the name of its queue.
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

  /// Whether deliveries can arrive now.
  public var isConsuming: Bool { recovery.isConsuming }

  /// Returns the next delivery, or what happened instead.
  ///
  /// Blocks for at most `timeout`; an attempt to connect may take as long as the configured timeouts allow. A wait, also
  /// between attempts, ends when a wake descriptor is readable.
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
    // Close at once, so that other consumers get its deliveries now and not at our next attempt.
    channel?.close()
    channel = nil
    return .interrupted(error, retryIn: recovery.failed(loss, at: .now, using: &generator))
  }

  /// Waits, and keeps the connection alive if there is one.
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

  /// Acknowledges a delivery. With `multiple` it also acknowledges all earlier ones. Returns false if the channel is closed.
  ///
  /// False means that the messages will be redelivered. The next steps report that too, so the caller need not do anything.
  @discardableResult
  public func acknowledge(_ tag: DeliveryTag, multiple: Bool = true) -> Bool {
    settle { channel throws(AMQPError) in try channel.acknowledge(tag, multiple: multiple) }
  }

  /// Rejects one delivery: to its queue's dead-letter exchange, or back to its queue. Returns false if the channel is closed.
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
      // The broker does not read acknowledgements, so it would keep the messages reserved for us. Without the connection it
      // redelivers them.
      if error.kind == .timeout { connection?.fail(error) }
      return false
    }
  }

  // MARK: Ending

  /// Cancels the consumers and ends recovery. No more deliveries arrive.
  ///
  /// Deliveries in hand can still be acknowledged. Deliveries that arrived but were not taken stay with the channel until
  /// ``handBack()`` or ``close()``. Keep calling ``next(timeout:orReadable:)`` meanwhile: it keeps the connection alive.
  public func stopConsuming() {
    recovery.stop()
    guard let channel, channel.isOpen else { return }
    do throws(AMQPError) {
      for tag in consumerTags { try channel.cancel(consumerTag: tag) }
    } catch {
      // The channel or connection has failed, and its consumers with it.
    }
    consumerTags = []
  }

  /// Returns all unacknowledged deliveries to their queues, so that other consumers get them at once. Acknowledge finished
  /// ones first.
  public func handBack() {
    guard let channel, channel.isOpen else { return }
    // If this fails, the channel is closed and the broker requeues them anyway.
    try? channel.requeueAll()
  }

  /// Closes the channel and the connection. The broker requeues unacknowledged deliveries.
  public func close() {
    recovery.stop()
    channel = nil
    connection?.close()
    connection = nil
  }
}
