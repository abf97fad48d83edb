// Parses one AMQP URL according to RabbitMQ's URI specification and its query parameters.

/// Parses one URL of a list. Its errors name the wrong part and never quote text that may contain a password.
struct URLParser {
  let url: Substring
  let number: Int
  private(set) var connectTimeout: Duration?

  init(url: Substring, number: Int) {
    self.url = url
    self.number = number
  }

  mutating func host() throws(AMQPError) -> ConnectionConfiguration.Host {
    let (scheme, afterScheme) = url.cut(at: "://")
    guard let afterScheme, scheme == "amqp" || scheme == "amqps" else {
      throw wrong("scheme", "it must start with amqp:// or amqps://")
    }
    guard !url.contains("#") else { throw wrong("fragment", "write a '#' in a name or password as %23") }
    let isTLS = scheme == "amqps"
    let (beforeQuery, query) = afterScheme.cut(at: "?")
    let (authority, path) = beforeQuery.cut(at: "/")
    var userInfo: Substring?
    var address = authority
    if let at = authority.lastIndex(of: "@") {
      userInfo = authority[..<at]
      address = authority[authority.index(after: at)...]
    }
    let (name, port) = try hostAndPort(address)
    let (user, password) = (userInfo ?? "guest:guest").cut(at: ":")
    var host = ConnectionConfiguration.Host(
      name: name, port: port ?? (isTLS ? 5671 : 5672), virtualHost: try virtualHost(path),
      user: try decode(user, "user"), password: try decode(password ?? "", "password"),
      tls: isTLS ? ConnectionConfiguration.TLS() : nil, usesCertificateAsLogin: false, heartbeat: nil)
    for pair in (query ?? "").split(separator: "&") { try apply(pair, to: &host) }
    if host.usesCertificateAsLogin, host.tls?.certificate == nil {
      throw wrong("auth_mechanism", "external needs an amqps:// URL with certfile and keyfile")
    }
    if let tls = host.tls, (tls.certificate == nil) != (tls.key == nil) {
      throw wrong("certfile", "certfile and keyfile must be given together")
    }
    return host
  }

  private func hostAndPort(_ address: Substring) throws(AMQPError) -> (String, Int?) {
    var name = address
    var port: Substring?
    if address.hasPrefix("[") {
      guard let end = address.firstIndex(of: "]") else { throw wrong("host", "the IPv6 address has no ']'") }
      name = address[address.index(after: address.startIndex)..<end]
      let rest = address[address.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { throw wrong("host", "unexpected text after the ']'") }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else {
      (name, port) = address.cut(at: ":")
    }
    guard !name.isEmpty else { throw wrong("host", "it is empty") }
    guard let port else { return (String(name), nil) }
    guard let number = Int(port), (1...65_535).contains(number) else {
      throw wrong("port", "it must be 1 to 65535 (write '/', '?' and '@' in the password as %2F, %3F, %40)")
    }
    return (String(name), number)
  }

  private func virtualHost(_ path: Substring?) throws(AMQPError) -> String {
    guard let path, !path.isEmpty else { return "/" }
    guard !path.contains("/") else { throw wrong("virtual host", "write a '/' in its name as %2F") }
    return try decode(path, "virtual host")
  }

  private mutating func apply(_ pair: Substring, to host: inout ConnectionConfiguration.Host) throws(AMQPError) {
    let (name, encoded) = pair.cut(at: "=")
    let value = try decode(encoded ?? "", name)
    func tls(_ change: (inout ConnectionConfiguration.TLS) -> Void) throws(AMQPError) {
      guard var tls = host.tls else { throw wrong(name, "it requires amqps://") }
      change(&tls)
      host.tls = tls
    }
    switch name {
    case "heartbeat":
      guard let seconds = Int(value), (1...3600).contains(seconds) else {
        throw wrong(name, "it must be 1 to 3600 seconds; without heartbeats a dead connection is not detected")
      }
      host.heartbeat = seconds
    case "connection_timeout":
      guard let milliseconds = Int(value), milliseconds > 0 else { throw wrong(name, "it must be milliseconds, more than 0") }
      connectTimeout = .milliseconds(milliseconds)
    case "cacertfile": try tls { $0.authorities = value }
    case "certfile": try tls { $0.certificate = value }
    case "keyfile": try tls { $0.key = value }
    case "verify":
      switch value {
      case "peer", "verify_peer": try tls { $0.verifiesPeer = true }
      case "none", "verify_none": try tls { $0.verifiesPeer = false }
      default: throw wrong(name, "it must be peer or none")
      }
    case "auth_mechanism":
      switch value {
      case "plain": host.usesCertificateAsLogin = false
      case "external": host.usesCertificateAsLogin = true
      default: throw wrong(name, "it must be plain or external")
      }
    default: throw wrong("query", "unknown parameter '\(name)'")
    }
  }

  /// Percent-decodes. Rejects NUL, which would end the text early in C.
  private func decode(_ text: Substring, _ part: Substring) throws(AMQPError) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let decoded = UInt8(Substring(rest.prefix(2)), radix: 16) else {
        throw wrong(part, "a '%' must be followed by two hexadecimal digits")
      }
      bytes.append(decoded)
      rest = rest.dropFirst(2)
    }
    guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
      throw wrong(part, "it is not valid UTF-8, or contains a NUL")
    }
    return decoded
  }

  private func wrong(_ part: Substring, _ why: String) -> AMQPError {
    AMQPError(.usage, "AMQP URL \(number): \(part): \(why)")
  }
}

extension Substring {
  /// Splits at the first separator. The second part is nil if there is no separator.
  fileprivate func cut(at separator: Substring) -> (Substring, Substring?) {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(separator) {
        return (self[..<index], self[self.index(index, offsetBy: separator.count)...])
      }
      formIndex(after: &index)
    }
    return (self, nil)
  }

  fileprivate func contains(_ character: Character) -> Bool { firstIndex(of: character) != nil }

  func trimmed() -> Substring {
    var result = self
    while result.first?.isWhitespace == true { result.removeFirst() }
    while result.last?.isWhitespace == true { result.removeLast() }
    return result
  }
}
