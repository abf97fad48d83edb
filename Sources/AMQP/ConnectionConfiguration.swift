// The brokers' addresses and the timeouts, read from a list of AMQP URLs.

/// The brokers to try, and the limit of every wait.
///
/// All hosts are assumed to serve the same queues (a cluster). A connection starts at a random host and tries each in turn.
public struct ConnectionConfiguration: Sendable, CustomStringConvertible {
  /// One broker's address and credentials.
  public struct Host: Sendable, Equatable, CustomStringConvertible {
    /// A host name or an address; IPv6 without brackets.
    public var name: String
    /// The default is 5672, or 5671 for TLS.
    public var port: Int
    public var virtualHost: String
    public var user: String
    var password: String
    /// Nil for a connection without TLS.
    public var tls: TLS?
    /// Whether the client certificate identifies the user (SASL EXTERNAL) instead of a password.
    public var usesCertificateAsLogin: Bool
    /// The heartbeat from this host's URL, in seconds.
    public var heartbeat: Int?

    /// The URL without password and query.
    public var description: String {
      let host = name.utf8.contains(UInt8(ascii: ":")) ? "[\(name)]" : name
      return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(host):\(port)/\(virtualHost == "/" ? "" : virtualHost)"
    }
  }

  /// The TLS settings.
  public struct TLS: Sendable, Equatable {
    /// A PEM file of trusted authorities. The default is the system's.
    public var authorities = "/etc/ssl/certs/ca-certificates.crt"
    /// PEM files of the client's certificate and its key.
    public var certificate: String?
    public var key: String?
    /// Whether the broker's certificate must be valid and match the host name.
    public var verifiesPeer = true
  }

  /// The brokers, at least one.
  public private(set) var hosts: [Host]
  /// The heartbeat interval, unless a URL sets `heartbeat=`. Whole seconds; the default is 20 s.
  public var heartbeat: Duration = .seconds(20)
  /// The time limit for reaching one host, including TLS. The default is 5 s.
  public var connectTimeout: Duration = .seconds(5)
  /// The time limit for logging in to one host. The default is 10 s.
  public var handshakeTimeout: Duration = .seconds(10)
  /// The time limit for the broker's reply to a request such as a declaration. The default is 20 s.
  public var replyTimeout: Duration = .seconds(20)
  /// The time limit for the broker to accept data. A broker short of memory or disk stops reading. The default is 20 s.
  public var sendTimeout: Duration = .seconds(20)
  /// The connection's name in the broker's management pages.
  public var connectionName: String?

  /// Reads a comma-separated list of URLs.
  ///
  /// `amqp://user:password@host:port/vhost?heartbeat=20` or `amqps://…?cacertfile=…&certfile=…&keyfile=…&verify=peer|none`,
  /// with `auth_mechanism=plain|external` and `connection_timeout=` in milliseconds. User, password and virtual host are
  /// percent-decoded. Without a path the virtual host is `/`.
  ///
  /// Throws ``AMQPError/Kind/usage``. The error names the wrong part but never quotes a password.
  public init(_ urls: String) throws(AMQPError) {
    hosts = []
    for (index, url) in urls.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      var parser = URLParser(url: url.trimmed(), number: index + 1)
      hosts.append(try parser.host())
      if let timeout = parser.connectTimeout { connectTimeout = timeout }
    }
  }

  public var description: String { hosts.map(\.description).joined(separator: ",") }
}
