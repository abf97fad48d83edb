// LISTEN/NOTIFY, and the one wait that a worker's loop is built around: for a notification, for a descriptor of its own (the
// broker's socket, an eventfd that says stop), or for the time.

import CPostgreSQL
import Glibc

/// A message from another session's NOTIFY.
public struct Notification: Hashable, Sendable {
  /// The channel's name.
  public let channel: String
  /// The text sent along; empty if none.
  public let payload: String
  /// The process id of the sender's session, to tell one's own notifications apart.
  public let processID: Int32

  /// Makes a notification, for tests of what receives them.
  public init(channel: String, payload: String, processID: Int32) {
    self.channel = channel
    self.payload = payload
    self.processID = processID
  }
}

/// What ended a wait.
public enum Wait: Hashable, Sendable {
  /// Notifications that have arrived, at least one.
  case notifications([Notification])
  /// One of the caller's descriptors is readable, closed or broken.
  case readable(Int32)
  /// Nothing came in time.
  case timedOut
}

extension Connection {
  /// Subscribes to a channel, from the end of the current transaction on.
  ///
  /// - Throws: Kind `server` or `connection`.
  public func listen(_ channel: String) throws(PostgresError) {
    try simple("LISTEN \(channel.quotedIdentifier)")
  }

  /// Waits for notifications, for a readable descriptor, or until the time is up.
  ///
  /// Notifications come first, also those that arrived during earlier calls. None arrive inside a transaction.
  /// - Parameters:
  ///   - timeout: The longest wait; zero only looks.
  ///   - wake: Descriptors that end the wait when they become readable. They are not read from.
  /// - Returns: What ended the wait.
  /// - Throws: Kind `connection` when the server goes away meanwhile.
  public func waitForNotification(timeout: Duration, orReadable wake: [Int32] = []) throws(PostgresError) -> Wait {
    let deadline = ContinuousClock.now + timeout
    var descriptors = ([PQsocket(try open())] + wake).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      let handle = try open()
      let arrived = takeNotifications(handle)
      if !arrived.isEmpty { return .notifications(arrived) }
      if sink.farewell != nil { throw lose() }
      // Here only after looking at all that has arrived, so that a busy wake descriptor cannot hide a notification.
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
