// A proxy to the real server that a test can freeze or cut at a chosen moment, like a failing network.

import Foundation
import Synchronization

/// A TCP socket bound to a free loopback port. It listens without accepting, or refuses connections.
final class LoopbackSocket: Sendable {
  let descriptor: Int32
  let port: UInt16

  struct Failure: Error {
    let code = errno
  }

  init(listening: Bool) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.address(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard bound, !listening || listen(descriptor, 8) == 0 else { throw Failure() }
  }

  deinit {
    close(descriptor)
  }

  static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  static func connect(port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = address(port: port)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        Glibc.connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failure() }
    return descriptor
  }
}

/// Forwards one connection to the server on its own thread, until told otherwise.
final class Proxy: Sendable {
  private struct Plan {
    var isFrozen = false
    var bytesUntilCut = Int.max
  }

  private let listener: LoopbackSocket
  private let plan = Mutex(Plan())

  var port: UInt16 { listener.port }

  init(to serverPort: String) throws {
    listener = try LoopbackSocket(listening: true)
    let server = try LoopbackSocket.connect(port: UInt16(serverPort) ?? 0)
    let listener = listener
    Thread { [weak self] in
      let client = accept(listener.descriptor, nil, nil)
      while self?.forward(client, server) == true {}
      close(client)
      close(server)
    }.start()
  }

  /// Stops forwarding. Both connections stay open.
  func freeze() {
    plan.withLock { $0.isFrozen = true }
  }

  /// Closes both connections after so many more bytes from the client.
  func cut(afterBytes count: Int) {
    plan.withLock { $0.bytesUntilCut = count }
  }

  /// Forwards available bytes; returns false at the end. It checks every 20 ms whether the test is over.
  private func forward(_ client: Int32, _ server: Int32) -> Bool {
    var descriptors = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = poll(&descriptors, 2, 20)
    if plan.withLock({ $0.isFrozen }) {
      // While frozen, incoming data stays unread, so poll would return at once and keep this thread busy.
      _ = poll(nil, 0, 20)
      return true
    }
    for (source, sink) in [(0, server), (1, client)] where descriptors[source].revents != 0 {
      var bytes = [UInt8](repeating: 0, count: 65536)
      let count = read(descriptors[source].fd, &bytes, bytes.count)
      guard count > 0, send(sink, bytes, count, Int32(MSG_NOSIGNAL)) == count else { return false }
      if source == 0 {
        let isCut = plan.withLock { plan in
          plan.bytesUntilCut -= count
          return plan.bytesUntilCut <= 0
        }
        if isCut { return false }
      }
    }
    return true
  }
}
