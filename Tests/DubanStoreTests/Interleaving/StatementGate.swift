// A gate between any two statements of a connection: it stands on the wire, so that what is tested is the store as it is.

import Foundation
import Synchronization
import TestServers

/// A proxy before the database for one actor: each request waits for a turn before it is passed on, while ``isClosed``.
final class StatementGate: Sendable {
  private let listener: Int32
  let port: UInt16
  private let serverPort: UInt16
  private let gate: Turnstile.Gate
  private let state = Mutex(State())

  private struct State {
    var isClosed = false
    /// How many requests pass before the next waits for a turn.
    var free = 0
  }

  init(to serverPort: UInt16, _ gate: Turnstile.Gate) throws {
    (self.serverPort, self.gate) = (serverPort, gate)
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, generic, &size) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isBound else { throw TestFault("no port for a gate: errno \(errno)") }
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client >= 0 { Thread.detachNewThread { self.serve(client) } } else if errno != EINTR { return }
      }
    }
  }

  /// Lets everything pass from now on, or asks for a turn at each request.
  func set(closed: Bool) { state.withLock { $0 = State(isClosed: closed) } }

  /// Takes no more connections.
  func end() { shutdown(listener, Int32(SHUT_RDWR)) }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private func serve(_ client: Int32) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer {
      close(client)
      close(server)
    }
    var address = Self.loopback(port: serverPort)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        connect(server, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { return }
    for socket in [client, server] {
      var on: Int32 = 1
      setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    var names: [String: String] = [:]
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      var descriptors = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&descriptors, 2, -1) > 0 || errno == EINTR else { return }
      for (source, sink) in [(0, server), (1, client)] where descriptors[source].revents != 0 {
        let count = recv(descriptors[source].fd, &bytes, bytes.count, 0)
        guard count > 0 else { return }
        if source == 0, let statement = Self.statement(in: bytes[..<count], &names) {
          do { try pass(statement) } catch { return }
        }
        guard send(sink, bytes, count, Int32(MSG_NOSIGNAL)) == count else { return }
      }
    }
  }

  private func pass(_ statement: String) throws(Turnstile.Interruption) {
    let mustWait = state.withLock { state in
      guard state.isClosed else { return false }
      state.free -= 1
      return state.free < 0
    }
    guard mustWait else { return }
    let luck = try gate.pass(statement)
    // Some turns are good for several statements; so that a run has fewer of them.
    state.withLock { $0.free = [0, 0, 1, 2, 4, 7][luck % 6] }
  }

  /// The beginning of the first statement in what a client sends; nil where there is none, as in the rows of a COPY.
  private static func statement(in bytes: ArraySlice<UInt8>, _ names: inout [String: String]) -> String? {
    var rest = bytes
    var first: String?
    while rest.count > 5, let kind = rest.first {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard length >= 4, rest.count >= length + 1 else { return first }
      let texts = rest.dropFirst(5).prefix(length - 4).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        .map { String(decoding: $0.prefix(60), as: UTF8.self).replacing("\n", with: " ") }
      switch kind {
      case UInt8(ascii: "Q"): first = first ?? texts.first
      case UInt8(ascii: "P") where texts.count > 1:
        names[texts[0]] = texts[1]
        first = first ?? texts[1]
      case UInt8(ascii: "B") where texts.count > 1: first = first ?? names[texts[1]]
      default: break
      }
      rest = rest.dropFirst(length + 1)
    }
    return first
  }
}
