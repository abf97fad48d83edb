// A proxy between a client and the real broker that can stop reading from either side. It simulates an overloaded broker or a
// dead network.
import AMQP
import Foundation
import Synchronization

/// Forwards the bytes of one connection until told to stall.
final class StallingProxy: Sendable {
  /// The directions that are no longer forwarded. The connection itself stays open.
  enum Stall: Int {
    case nothing
    case fromClient
    case both
  }

  private let listener: Int32
  private let port: Int
  private let broker: sockaddr_in
  private let stalled = Atomic<Int>(0)
  private let ended = Atomic<Bool>(false)

  init(to host: ConnectionConfiguration.Host) throws {
    broker = Self.loopback(host.port)
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, address, &size) == 0
      }
    }
    guard bound else { throw NothingCame(description: "the proxy could not bind a port") }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in relay() }
  }

  func url(_ virtualHost: String) -> String { "amqp://guest:guest@127.0.0.1:\(port)/\(virtualHost)" }

  func stall(_ stall: Stall) { stalled.store(stall.rawValue, ordering: .sequentiallyConsistent) }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    return address
  }

  private func relay() {
    let client = accept(listener, nil, nil)
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = broker
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    /// Returns false once one end has closed.
    func forward(from: Int32, to: Int32) -> Bool {
      let count = read(from, &buffer, buffer.count)
      var sent = 0
      while sent < count {
        let written = buffer.withUnsafeBytes { send(to, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL)) }
        guard written > 0 else { return false }
        sent += written
      }
      return count > 0
    }
    var isAlive = true
    while isAlive {
      let stall = Stall(rawValue: stalled.load(ordering: .sequentiallyConsistent)) ?? .nothing
      var descriptors = [
        pollfd(fd: stall == .nothing ? client : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: stall == .both ? -1 : server, events: Int16(POLLIN), revents: 0),
      ]
      // Short, so that a stall takes effect soon. If a client hangs up while stalled, the broker's heartbeats detect it.
      guard poll(&descriptors, 2, 20) >= 0 else { break }
      if descriptors[0].revents != 0 { isAlive = forward(from: client, to: server) }
      if isAlive, descriptors[1].revents != 0 { isAlive = forward(from: server, to: client) }
      if stall == .both { isAlive = !ended.load(ordering: .relaxed) }
    }
    close(client)
    close(server)
    close(listener)
  }

  /// Ends the proxy's thread, even if both sides stay open.
  func end() { ended.store(true, ordering: .relaxed) }
}
