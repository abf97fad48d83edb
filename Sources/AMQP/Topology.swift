// The exchanges, queues and bindings that a program needs, declared as one: what is missing is made, what differs is reported,
// nothing is ever deleted or changed.

/// The broker's objects that a program needs.
public struct Topology: Sendable {
  /// An exchange as it should be.
  public struct Exchange: Sendable, Hashable {
    public var name: String
    /// `topic`, `direct`, `fanout` or `headers`.
    public var type: String
    public var durable: Bool
    public var arguments: [String: FieldValue]

    /// An exchange, durable unless said otherwise.
    public init(_ name: String, type: String, durable: Bool = true, arguments: [String: FieldValue] = [:]) {
      self.name = name
      self.type = type
      self.durable = durable
      self.arguments = arguments
    }
  }

  /// A queue as it should be.
  public struct Queue: Sendable, Hashable {
    public var name: String
    public var durable: Bool
    /// E.g. `x-queue-type`, `x-dead-letter-exchange`, `x-delivery-limit`.
    public var arguments: [String: FieldValue]

    /// A queue, durable unless said otherwise.
    public init(_ name: String, durable: Bool = true, arguments: [String: FieldValue] = [:]) {
      self.name = name
      self.durable = durable
      self.arguments = arguments
    }
  }

  /// Which messages of an exchange go to a queue.
  public struct Binding: Sendable, Hashable {
    public var queue: String
    public var exchange: String
    /// A pattern, where the exchange is a topic.
    public var routingKey: String
    public var arguments: [String: FieldValue]

    /// A binding of a queue to an exchange.
    public init(queue: String, exchange: String, routingKey: String, arguments: [String: FieldValue] = [:]) {
      self.queue = queue
      self.exchange = exchange
      self.routingKey = routingKey
      self.arguments = arguments
    }
  }

  public var exchanges: [Exchange]
  public var queues: [Queue]
  public var bindings: [Binding]

  /// A set of objects, declared in this order: exchanges, queues, bindings.
  public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
    self.exchanges = exchanges
    self.queues = queues
    self.bindings = bindings
  }

  /// Makes what is missing and compares what exists.
  ///
  /// Throws ``AMQPError/Kind/mismatch(_:)`` naming every exchange and queue that exists with other arguments, with the broker's
  /// words for it, after everything else has been declared. What differs stays as it is.
  public func declare(on connection: Connection) throws(AMQPError) {
    var declarer = Declarer(connection: connection)
    for exchange in exchanges {
      try declarer.declare("exchange '\(exchange.name)'") { channel throws(AMQPError) in
        try channel.declareExchange(
          exchange.name, type: exchange.type, durable: exchange.durable, arguments: exchange.arguments)
      }
    }
    for queue in queues {
      try declarer.declare("queue '\(queue.name)'") { channel throws(AMQPError) in
        _ = try channel.declareQueue(queue.name, durable: queue.durable, arguments: queue.arguments)
      }
    }
    for binding in bindings {
      try declarer.declare("binding of queue '\(binding.queue)' to exchange '\(binding.exchange)'") { channel throws(AMQPError) in
        try channel.bindQueue(
          binding.queue, to: binding.exchange, routingKey: binding.routingKey, arguments: binding.arguments)
      }
    }
    try declarer.finish()
  }
}

/// Declares one thing after another; a refusal costs the channel, so the next declaration gets a new one.
private struct Declarer {
  private static let preconditionFailed: UInt16 = 406

  let connection: Connection
  private var channel: Channel?
  private var mismatches: [TopologyMismatch] = []

  init(connection: Connection) { self.connection = connection }

  mutating func declare(_ object: String, _ declaration: (Channel) throws(AMQPError) -> Void) throws(AMQPError) {
    let channel: Channel
    if let open = self.channel {
      channel = open
    } else {
      channel = try connection.openChannel()
      self.channel = channel
    }
    do throws(AMQPError) {
      try declaration(channel)
    } catch {
      self.channel = nil
      channel.close()
      guard case .channelClosed(Self.preconditionFailed, let text) = error.kind else {
        throw AMQPError(error.kind, "\(object): \(error.message)")
      }
      mismatches.append(TopologyMismatch(object: object, text: text))
    }
  }

  func finish() throws(AMQPError) {
    channel?.close()
    guard !mismatches.isEmpty else { return }
    let list = mismatches.map(\.description).joined(separator: "; ")
    throw AMQPError(.mismatch(mismatches), "exists otherwise than declared, and is left as it is: \(list)")
  }
}
