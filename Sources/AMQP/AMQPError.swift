// The one error type of this module. Every throwing call throws it.

/// A failure of a connection, a channel, or a call on one.
///
/// Code decides by ``kind``; people read ``message``. Neither ever contains a password.
public struct AMQPError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of failure that a caller can act on.
  public enum Kind: Sendable, Equatable {
    /// No configured host answered. The message lists the reason for each host.
    case connect
    /// A broker answered and rejected the user, the password or the virtual host.
    case refused(code: UInt16, text: String)
    /// The socket broke or the peer fell silent. All unacknowledged deliveries will be redelivered.
    case lost
    /// The broker closed the connection and gave a reason.
    case connectionClosed(code: UInt16, text: String)
    /// The broker closed the channel and gave a reason (404 no such queue, 406 precondition failed…). The connection stays
    /// open.
    case channelClosed(code: UInt16, text: String)
    /// The broker cancelled a consumer, e.g. because its queue was deleted. The channel stays open.
    case consumerCancelled(consumerTag: String)
    /// Exchanges, queues or bindings exist with different arguments.
    case mismatch([TopologyMismatch])
    /// The broker did not answer, or did not accept data, in time.
    case timeout
    /// The delivery tag belongs to a closed channel. It cannot be acknowledged; the message will be redelivered.
    case stale
    /// The caller made a mistake. Nothing was sent.
    case usage
  }

  /// The kind of failure, for code.
  public let kind: Kind
  /// The failure in one line, for people.
  public let message: String

  /// Makes an error with a one-line message.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The broker's reply code (403, 404, 406…), or nil if it gave none.
  public var replyCode: UInt16? {
    switch kind {
    case .refused(let code, _), .connectionClosed(let code, _), .channelClosed(let code, _): code
    default: nil
    }
  }

  public var description: String { message }
}

/// One broker object that exists with different arguments from those declared.
public struct TopologyMismatch: Sendable, Equatable, CustomStringConvertible {
  /// The object, e.g. `queue 'duban.complaints'`.
  public let object: String
  /// The broker's message, which names the argument and both values.
  public let text: String

  public var description: String { "\(object): \(text)" }
}
