// Declares, inspects and deletes exchanges, queues and bindings.
import CRabbitMQ

/// The size of a queue.
public struct QueueStatus: Sendable, Equatable {
  /// Messages ready for delivery, without those delivered and unacknowledged.
  public let messages: Int
  /// The number of consumers.
  public let consumers: Int
}

extension Channel {
  /// Declares an exchange. Fails with 406 if it exists with different arguments.
  public func declareExchange(
    _ name: String, type: String, durable: Bool = true, autoDelete: Bool = false, arguments: [String: FieldValue] = [:]
  ) throws(AMQPError) {
    let arena = connection.arena
    let request = amqp_exchange_declare_t(
      ticket: 0, exchange: try arena.shortText(name, "exchange"), type: try arena.shortText(type, "exchange type"), passive: 0,
      durable: durable ? 1 : 0, auto_delete: autoDelete ? 1 : 0, internal: 0, nowait: 0, arguments: try arena.table(arguments))
    try call(AMQP_EXCHANGE_DECLARE_METHOD, request, expecting: AMQP_EXCHANGE_DECLARE_OK_METHOD)
  }

  /// Declares a queue and returns its name; the broker chooses one if none is given. Fails with 406 if it exists with
  /// different arguments.
  @discardableResult
  public func declareQueue(
    _ name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
    arguments: [String: FieldValue] = [:]
  ) throws(AMQPError) -> String {
    try declare(
      name, passive: false, durable: durable, exclusive: exclusive, autoDelete: autoDelete, arguments: arguments
    ).name
  }

  /// Returns the present size of a queue. If there is no such queue, 404 closes the channel.
  public func queueStatus(_ name: String) throws(AMQPError) -> QueueStatus {
    try declare(name, passive: true, durable: false, exclusive: false, autoDelete: false, arguments: [:]).status
  }

  private func declare(
    _ name: String, passive: Bool, durable: Bool, exclusive: Bool, autoDelete: Bool, arguments: [String: FieldValue]
  ) throws(AMQPError) -> (name: String, status: QueueStatus) {
    let arena = connection.arena
    let request = amqp_queue_declare_t(
      ticket: 0, queue: try arena.shortText(name, "queue"), passive: passive ? 1 : 0, durable: durable ? 1 : 0,
      exclusive: exclusive ? 1 : 0, auto_delete: autoDelete ? 1 : 0, nowait: 0, arguments: try arena.table(arguments))
    let reply = try call(AMQP_QUEUE_DECLARE_METHOD, request, expecting: AMQP_QUEUE_DECLARE_OK_METHOD)
    let ok = reply.decoded?.load(as: amqp_queue_declare_ok_t.self) ?? amqp_queue_declare_ok_t()
    return (String(ok.queue), QueueStatus(messages: Int(ok.message_count), consumers: Int(ok.consumer_count)))
  }

  /// Binds a queue to an exchange. Repeating it changes nothing.
  public func bindQueue(
    _ queue: String, to exchange: String, routingKey: String, arguments: [String: FieldValue] = [:]
  ) throws(AMQPError) {
    let arena = connection.arena
    let request = amqp_queue_bind_t(
      ticket: 0, queue: try arena.shortText(queue, "queue"), exchange: try arena.shortText(exchange, "exchange"),
      routing_key: try arena.shortText(routingKey, "routing key"), nowait: 0, arguments: try arena.table(arguments))
    try call(AMQP_QUEUE_BIND_METHOD, request, expecting: AMQP_QUEUE_BIND_OK_METHOD)
  }

  /// Deletes a queue's ready messages and returns their number.
  @discardableResult
  public func purge(queue: String) throws(AMQPError) -> Int {
    let request = amqp_queue_purge_t(ticket: 0, queue: try connection.arena.shortText(queue, "queue"), nowait: 0)
    let reply = try call(AMQP_QUEUE_PURGE_METHOD, request, expecting: AMQP_QUEUE_PURGE_OK_METHOD)
    return reply.decoded.map { Int($0.load(as: amqp_queue_purge_ok_t.self).message_count) } ?? 0
  }

  /// Deletes a queue with its messages and returns their number. The broker cancels its consumers.
  @discardableResult
  public func deleteQueue(_ queue: String) throws(AMQPError) -> Int {
    let request = amqp_queue_delete_t(
      ticket: 0, queue: try connection.arena.shortText(queue, "queue"), if_unused: 0, if_empty: 0, nowait: 0)
    let reply = try call(AMQP_QUEUE_DELETE_METHOD, request, expecting: AMQP_QUEUE_DELETE_OK_METHOD)
    return reply.decoded.map { Int($0.load(as: amqp_queue_delete_ok_t.self).message_count) } ?? 0
  }

  /// The reply's content is valid until the next call.
  @discardableResult
  private func call<Method>(
    _ id: amqp_method_number_t, _ method: Method, expecting reply: amqp_method_number_t
  ) throws(AMQPError) -> amqp_method_t {
    try connection.call(id, method, on: life, expecting: reply)
  }
}
