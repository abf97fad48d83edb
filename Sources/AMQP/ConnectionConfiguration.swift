// Where the brokers are and how long to wait for them: read from a list of AMQP URLs.

/// The brokers to try, and the bounds of every wait.
///
/// All hosts are taken to serve the same queues (a cluster); a connection starts at a random one and tries each in turn.
public struct ConnectionConfiguration: Sendable, CustomStringConvertible {
  /// One broker's address, and how to be let in.
  public struct Host: Sendable, Equatable, CustomStringConvertible {
    /// A name or an address; an IPv6 address without brackets.
    public var name: String
    /// 5672 for plain, 5671 for TLS unless the URL says otherwise.
    public var port: Int
    public var virtualHost: String
    public var user: String
    var password: String
    /// Nil for a plain connection.
    public var tls: TLS?
    /// Whether the client's certificate names the user (SASL EXTERNAL) instead of a password.
    public var usesCertificateAsLogin: Bool
    /// The heartbeat that this host's URL asks for, in seconds.
    public var heartbeat: Int?

    /// The URL without password and query.
    public var description: String {
      let host = name.utf8.contains(UInt8(ascii: ":")) ? "[\(name)]" : name
      return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(host):\(port)/\(virtualHost == "/" ? "" : virtualHost)"
    }
  }

  /// How a TLS connection proves both ends.
  public struct TLS: Sendable, Equatable {
    /// PEM file of the authorities trusted; the system's own unless set.
    public var authorities = "/etc/ssl/certs/ca-certificates.crt"
    /// PEM files of the client's certificate and its key.
    public var certificate: String?
    public var key: String?
    /// Whether the broker's certificate must be valid and name the host.
    public var verifiesPeer = true
  }

  /// The brokers, at least one.
  public private(set) var hosts: [Host]
  /// How often each side shows that it lives, unless a URL says `heartbeat=`; whole seconds. 20 s.
  public var heartbeat: Duration = .seconds(20)
  /// The bound on reaching one host, TLS included. 5 s.
  public var connectTimeout: Duration = .seconds(5)
  /// The bound on logging in to one host. 10 s.
  public var handshakeTimeout: Duration = .seconds(10)
  /// The bound on the broker's answer to a request such as a declaration. 20 s.
  public var replyTimeout: Duration = .seconds(20)
  /// The bound on the broker's taking what is sent: a broker short of memory or disk stops reading. 20 s.
  public var sendTimeout: Duration = .seconds(20)
  /// The connection's name in the broker's management pages.
  public var connectionName: String?

  /// The brokers of a comma-separated list of URLs.
  ///
  /// `amqp://user:password@host:port/vhost?heartbeat=20` or `amqps://…?cacertfile=…&certfile=…&keyfile=…&verify=peer|none`,
  /// with `auth_mechanism=plain|external` and `connection_timeout=` in milliseconds. User, password and virtual host are
  /// percent-decoded; without a path the virtual host is `/`.
  ///
  /// Throws ``AMQPError/Kind/usage`` naming the part that is wrong, never its password.
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
