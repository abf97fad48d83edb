// The wait of a worker's loop: it ends at once when something happens, and at its timeout otherwise.

import Foundation
import PostgreSQL
import TestServers
import Testing

@Suite("Notifications")
struct NotificationsTests {
  private func backend(_ connection: Connection) throws -> Int32 {
    try #require(try connection.execute("SELECT pg_backend_pid()").first).decode(0)
  }

  @Test("a notification ends the wait long before its timeout")
  func wakes() throws {
    let connection = try connect()
    let channel = unique("督办 \"Events\"")
    try connection.listen(channel)
    let sent = InBackground {
      let sender = try connect()
      try sender.execute("SELECT pg_sleep(0.2), pg_notify($1, $2)", channel, "第一件")
      return try #require(try sender.execute("SELECT pg_backend_pid()").first).decode(0, as: Int32.self)
    }
    let start = ContinuousClock.now
    let wait = try connection.waitForNotification(timeout: .seconds(60))
    #expect(ContinuousClock.now - start < .seconds(30))
    let sender = try sent.value
    #expect(wait == .notifications([Notification(channel: channel, payload: "第一件", processID: sender)]))
  }

  @Test("notifications that arrived during other calls are not lost")
  func duringOtherCalls() throws {
    let (connection, sender) = (try connect(), try connect())
    let channel = unique("c")
    try connection.listen(channel)
    for number in 1...3 { try sender.execute("SELECT pg_notify($1, $2)", channel, "\(number)") }
    try connection.execute("SELECT 1")
    guard case .notifications(let arrived) = try connection.waitForNotification(timeout: .seconds(30)) else {
      Issue.record("no notification")
      return
    }
    #expect(arrived.map(\.payload) == ["1", "2", "3"])
  }

  @Test("a readable descriptor ends the wait and is returned")
  func wakeDescriptor() throws {
    let connection = try connect()
    let (quiet, busy) = (Pipe(), Pipe())
    let wake = [quiet, busy].map(\.fileHandleForReading.fileDescriptor)
    let written = InBackground {
      try connect().execute("SELECT pg_sleep(0.2)")
      try busy.fileHandleForWriting.write(contentsOf: Data([1]))
    }
    #expect(try connection.waitForNotification(timeout: .seconds(60), orReadable: wake) == .readable(wake[1]))
    try written.value
    #expect(try connection.waitForNotification(timeout: .zero, orReadable: wake) == .readable(wake[1]))
    #expect(!connection.isLost)
  }

  @Test("notifications take precedence over a readable descriptor")
  func notificationsFirst() throws {
    let (connection, sender) = (try connect(), try connect())
    let channel = unique("c")
    try connection.listen(channel)
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data([1]))
    try sender.execute("SELECT pg_notify($1, '')", channel)
    try connection.execute("SELECT 1")
    let wake = [pipe.fileHandleForReading.fileDescriptor]
    guard case .notifications = try connection.waitForNotification(timeout: .seconds(30), orReadable: wake) else {
      Issue.record("the descriptor hid the notification")
      return
    }
    #expect(try connection.waitForNotification(timeout: .seconds(30), orReadable: wake) == .readable(wake[0]))
  }

  @Test("a wait without events ends at its timeout")
  func timesOut() throws {
    let connection = try connect()
    let start = ContinuousClock.now
    #expect(try connection.waitForNotification(timeout: .milliseconds(120)) == .timedOut)
    #expect(ContinuousClock.now - start >= .milliseconds(120))
    #expect(try connection.waitForNotification(timeout: .zero) == .timedOut)
    #expect(try connection.waitForNotification(timeout: .seconds(-1)) == .timedOut)
  }

  @Test("a session terminated during a wait is lost, with the server's reason")
  func terminated() throws {
    let (connection, other) = (try connect(), try connect())
    try other.execute("SELECT pg_terminate_backend($1)", try backend(connection))
    let error = try failure { _ = try connection.waitForNotification(timeout: .seconds(30)) }
    #expect(error.kind == .connection && error.sqlState == .adminShutdown && error.isRetryable)
    #expect(connection.isLost && connection.socket == -1)
    #expect(try failure { _ = try connection.waitForNotification(timeout: .seconds(30)) }.kind == .connection)
  }

  @Test("a session idle in its transaction for too long is lost, with the server's reason")
  func idleInTransaction() throws {
    var options = Connection.Options()
    options.idleInTransactionTimeout = .milliseconds(50)
    let connection = try connect(options)
    let error = try failure {
      try connection.transaction { _ = try $0.waitForNotification(timeout: .seconds(30)) }
    }
    #expect(error.sqlState == .idleInTransactionSessionTimeout && error.isRetryable && connection.isLost)
  }
}
