// What can go wrong between here and a broker, as one typed error: every throwing call of this module throws it.

/// A failure of a connection, a channel, or a call made on one.
///
/// ``kind`` is for decisions, ``message`` for people. Neither ever holds a password.
public struct AMQPError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a caller can decide on.
  public enum Kind: Sendable, Equatable {
    /// No host of the configuration answered; the message lists each host's reason.
    case connect
    /// A broker answered and refused the user, the password or the virtual host.
    case refused(code: UInt16, text: String)
    /// The socket broke or the peer fell silent; every unacknowledged delivery comes again.
    case lost
    /// The broker closed the connection and said why.
    case connectionClosed(code: UInt16, text: String)
    /// The broker closed the channel and said why (404 no such queue, 406 precondition failed…); the connection lives on.
    case channelClosed(code: UInt16, text: String)
    /// The broker ended a consumer, e.g. because its queue was deleted; the channel lives on.
    case consumerCancelled(consumerTag: String)
    /// Exchanges, queues or bindings exist with other arguments than those declared.
    case mismatch([TopologyMismatch])
    /// The broker did not answer or did not take what was sent within the time given.
    case timeout
    /// A delivery tag of a channel that is gone: acknowledging it is impossible, its message comes again.
    case stale
    /// The caller's mistake, found before anything was sent.
    case usage
  }

  /// What went wrong, for code.
  public let kind: Kind
  /// What went wrong, for people, in one line.
  public let message: String

  /// An error of a kind, told in one line.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The broker's reply code (403, 404, 406…), where it gave one.
  public var replyCode: UInt16? {
    switch kind {
    case .refused(let code, _), .connectionClosed(let code, _), .channelClosed(let code, _): code
    default: nil
    }
  }

  public var description: String { message }
}

/// One object of the broker that exists with other arguments than those declared.
public struct TopologyMismatch: Sendable, Equatable, CustomStringConvertible {
  /// What differs, e.g. `queue 'duban.complaints'`.
  public let object: String
  /// The broker's own words, which name the argument and both values.
  public let text: String

  public var description: String { "\(object): \(text)" }
}
