// sd_notify(3) without libsystemd. The protocol is one datagram of NAME=value lines to the socket in $NOTIFY_SOCKET.

import Glibc

/// The socket on which systemd receives the service's state. Safe from any thread.
struct NotifySocket: Sendable {
  /// The socket's path in the kernel's form. An abstract one begins with NUL.
  private let path: [UInt8]

  /// Nil for an invalid socket name: neither `/path` nor `@abstract`, or too long.
  init?(_ name: String) {
    var path = Array(name.utf8)
    guard path.count > 1, path.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
    switch path[0] {
    case UInt8(ascii: "/"): break
    case UInt8(ascii: "@"): path[0] = 0
    default: return nil
    }
    self.path = path
  }

  /// Sends one datagram. Returns false if that fails. Never blocks: the service must not wait for systemd.
  @discardableResult
  func send(_ state: [String: String]) -> Bool {
    // A newline in a value would start another assignment.
    let lines = state.sorted { $0.key < $1.key }.map {
      "\($0.key)=\($0.value.split(whereSeparator: \.isNewline).joined(separator: " "))"
    }
    let message = Array(lines.joined(separator: "\n").utf8)
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    let sent = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, length)
      }
    }
    return sent == message.count
  }
}
