// The exchanges, queues and bindings that a program needs. Declaring them creates the missing ones and reports different
// ones; it never deletes or changes any.

/// The broker objects that a program needs.
public struct Topology: Sendable {
  /// An exchange to declare.
  public struct Exchange: Sendable, Hashable {
    public var name: String
    /// `topic`, `direct`, `fanout` or `headers`.
    public var type: String
    public var durable: Bool
    public var arguments: [String: FieldValue]

    /// Makes an exchange, durable by default.
    public init(_ name: String, type: String, durable: Bool = true, arguments: [String: FieldValue] = [:]) {
      self.name = name
      self.type = type
      self.durable = durable
      self.arguments = arguments
    }
  }

  /// A queue to declare.
  public struct Queue: Sendable, Hashable {
    public var name: String
    public var durable: Bool
    /// E.g. `x-queue-type`, `x-dead-letter-exchange`, `x-delivery-limit`.
    public var arguments: [String: FieldValue]

    /// Makes a queue, durable by default.
    public init(_ name: String, durable: Bool = true, arguments: [String: FieldValue] = [:]) {
      self.name = name
      self.durable = durable
      self.arguments = arguments
    }
  }

  /// A binding that routes an exchange's messages to a queue.
  public struct Binding: Sendable, Hashable {
    public var queue: String
    public var exchange: String
    /// A pattern if the exchange is a topic exchange.
    public var routingKey: String
    public var arguments: [String: FieldValue]

    /// Makes a binding of a queue to an exchange.
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

  /// Makes a topology. Objects are declared in the order exchanges, queues, bindings.
  public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
    self.exchanges = exchanges
    self.queues = queues
    self.bindings = bindings
  }

  /// Creates missing objects and compares existing ones.
  ///
  /// First it declares everything that it can. Then it throws ``AMQPError/Kind/mismatch(_:)`` if any exchange or queue exists
  /// with different arguments, with the broker's message for each. Existing objects stay unchanged.
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

/// Declares objects one by one. A rejected declaration closes the channel, so the next one gets a new channel.
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
    throw AMQPError(.mismatch(mismatches), "exists with other arguments and was not changed: \(list)")
  }
}
