// LISTEN/NOTIFY, and the wait of a worker's loop: for a notification, for a descriptor of the caller (the broker's socket, a
// stop signal), or for the time.

import CPostgreSQL
import Glibc

/// A message from another session's NOTIFY.
public struct Notification: Hashable, Sendable {
  /// The channel's name.
  public let channel: String
  /// The text sent along; empty if none.
  public let payload: String
  /// The process id of the sender's session. Compare it to recognize one's own notifications.
  public let processID: Int32

  /// Makes a notification, for tests.
  public init(channel: String, payload: String, processID: Int32) {
    self.channel = channel
    self.payload = payload
    self.processID = processID
  }
}

/// The reason why a wait ended.
public enum Wait: Hashable, Sendable {
  /// Notifications that have arrived, at least one.
  case notifications([Notification])
  /// One of the caller's descriptors is readable, closed or broken.
  case readable(Int32)
  /// Nothing arrived in time.
  case timedOut
}

extension Connection {
  /// Subscribes to a channel. Inside a transaction it takes effect at the commit.
  ///
  /// - Throws: Kind `server` or `connection`.
  public func listen(_ channel: String) throws(PostgresError) {
    try simple("LISTEN \(channel.quotedIdentifier)")
  }

  /// Waits for a notification, for a readable descriptor, or until the timeout.
  ///
  /// Notifications take precedence, including those that arrived during earlier calls. The server sends none inside a
  /// transaction.
  /// - Parameters:
  ///   - timeout: The longest wait. Zero checks without waiting.
  ///   - wake: Descriptors that end the wait when they become readable. They are not read.
  /// - Returns: The reason why the wait ended.
  /// - Throws: Kind `connection` if the connection is lost during the wait.
  public func waitForNotification(timeout: Duration, orReadable wake: [Int32] = []) throws(PostgresError) -> Wait {
    let deadline = ContinuousClock.now + timeout
    var descriptors = ([PQsocket(try open())] + wake).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      let handle = try open()
      let arrived = takeNotifications(handle)
      if !arrived.isEmpty { return .notifications(arrived) }
      if sink.farewell != nil { throw lose() }
      // Checked only after the notifications, so that a busy wake descriptor cannot hide one.
      if let woken = descriptors.dropFirst().first(where: { $0.revents != 0 }) { return .readable(woken.fd) }
      let ready = Poll.wait(&descriptors, count: descriptors.count, until: deadline)
      if ready == 0 { return .timedOut }
      guard ready > 0 else { throw .usage("poll failed with error \(errno)") }
      if descriptors[0].revents != 0, PQconsumeInput(handle) != 1 { throw lose() }
    }
  }

  private func takeNotifications(_ handle: OpaquePointer) -> [Notification] {
    var arrived: [Notification] = []
    while let next = PQnotifies(handle) {
      defer { PQfreemem(next) }
      arrived.append(
        Notification(
          channel: String(cString: next.pointee.relname), payload: String(cString: next.pointee.extra),
          processID: next.pointee.be_pid))
    }
    return arrived
  }
}
