// What systemd hears, through a real datagram socket, and what is decided to tell it.

import Foundation
import ServiceLifecycle
import Testing

@testable import DubanStore
@testable import DubanWorkers

@Suite(.timeLimit(.minutes(1))) struct SystemdNotifierTests {
  @Test("a datagram reaches a socket with a path and an abstract one, each value on its line", arguments: [false, true])
  func datagram(abstract: Bool) async throws {
    let systemd = try DatagramReceiver(abstract: abstract)
    let notifier = SystemdNotifier(health: Health(), environment: ["NOTIFY_SOCKET": systemd.name])
    notifier.notify(["STATUS": "two\nlines", "READY": "1"])
    #expect(try await systemd.next() == "READY=1\nSTATUS=two lines")
  }

  @Test("a name that is no socket's is ignored", arguments: ["", "@", "vsock:2:1234", "/" + String(repeating: "x", count: 108)])
  func oddName(name: String) {
    #expect(NotifySocket(name) == nil)
  }

  @Test("a socket that nobody reads is no error and holds nothing up")
  func nobodyListens() {
    #expect(NotifySocket("/nonexistent/socket")?.send(["READY": "1"]) == false)
  }

  @Test("the service tells READY once the workers work, and STOPPING on graceful shutdown", arguments: [false, true])
  func service(abstract: Bool) async throws {
    let systemd = try DatagramReceiver(abstract: abstract)
    let health = Health()
    health.report("intake", .working)
    let notifier = SystemdNotifier(health: health, environment: ["NOTIFY_SOCKET": systemd.name, "WATCHDOG_USEC": "60000000"])
    let group = ServiceGroup(services: [notifier], logger: .silent)
    let running = Task { try await group.run() }
    #expect(try await systemd.next() == "READY=1\nSTATUS=at work\nWATCHDOG=1")
    await group.triggerGracefulShutdown()
    #expect(try await systemd.next() == "STATUS=stopping\nSTOPPING=1\nWATCHDOG=1")
    try await running.value
  }

  @Test("without NOTIFY_SOCKET the service waits for its shutdown and does nothing else")
  func withoutSystemd() async throws {
    let (stream, started) = AsyncStream<Void>.makeStream()
    let group = ServiceGroup(services: [SystemdNotifier(health: Health(), environment: [:]), Started(started)], logger: .silent)
    let running = Task { try await group.run() }
    for await _ in stream.prefix(1) { await group.triggerGracefulShutdown() }
    try await running.value
  }

  @Test("READY is told once, when all workers work; the status whenever it changes")
  func readiness() {
    let clock = TestClock()
    let health = Health(now: { clock.now })
    var conversation = SystemdConversation(watchdog: nil)
    #expect(conversation.news(of: health.report, at: clock.now) == ["STATUS": "starting"])
    #expect(conversation.pause == .milliseconds(500))
    health.report("intake", .waiting("no broker answers"))
    health.report("relay", .starting)
    #expect(
      conversation.news(of: health.report, at: clock.now) == ["STATUS": "intake waits: no broker answers; relay is starting"])
    health.report("intake", .working)
    health.report("relay", .working)
    #expect(conversation.news(of: health.report, at: clock.now) == ["READY": "1", "STATUS": "at work"])
    #expect(conversation.pause == .seconds(5))
    #expect(conversation.news(of: health.report, at: clock.now).isEmpty)
    health.report(lag: Lag(oldestDueSeconds: 2.6, oldestOutboxSeconds: 0.1, unroutable: 0, waiting: 0))
    #expect(
      conversation.news(of: health.report, at: clock.now) == [
        "STATUS": "at work; oldest due item 3 s, oldest unpublished event 0 s"
      ])
    health.report(lag: Lag(oldestDueSeconds: 0, oldestOutboxSeconds: 0, unroutable: 0, waiting: 0, unassigned: 2))
    #expect(conversation.news(of: health.report, at: clock.now)["STATUS"]?.hasSuffix("event 0 s, 2 items 待派") == true)
    health.report("relay", .waiting("no broker answers"))
    #expect(conversation.news(of: health.report, at: clock.now) == ["STATUS": "relay waits: no broker answers"])
    health.report("relay", .working)
    #expect(conversation.news(of: health.report, at: clock.now)["READY"] == nil)
  }

  @Test("the watchdog is fed at half its time, and not while a worker hangs")
  func watchdog() {
    let clock = TestClock()
    let health = Health(now: { clock.now })
    var conversation = SystemdConversation(watchdog: .seconds(60))
    func isFed() -> Bool { conversation.news(of: health.report, at: clock.now)["WATCHDOG"] == "1" }
    health.report("intake", .working)
    health.report("relay", .working)
    #expect(isFed())
    clock.advance(by: .seconds(29))
    #expect(!isFed())
    clock.advance(by: .seconds(1))
    #expect(isFed())

    clock.advance(by: Health.patience - .seconds(30))
    health.report("relay", .working)
    #expect(isFed())
    clock.advance(by: .seconds(31))
    health.report("relay", .working)
    #expect(!isFed(), "intake hangs")
    clock.advance(by: .seconds(31))
    #expect(!isFed())
    health.report("intake", .waiting("it is back"))
    #expect(isFed())
  }

  @Test("the service asks often enough for a short watchdog")
  func shortWatchdog() {
    #expect(SystemdConversation(watchdog: .milliseconds(600)).pause == .milliseconds(300))
  }
}

/// Tells that the services before it in a group were started.
private struct Started: Service {
  let started: AsyncStream<Void>.Continuation

  init(_ started: AsyncStream<Void>.Continuation) { self.started = started }

  func run() async throws {
    started.yield()
    try await gracefulShutdown()
  }
}

/// systemd's end of the notification socket.
private final class DatagramReceiver: Sendable {
  struct Failure: Error {
    var what: String
    var code = errno
  }

  /// As NOTIFY_SOCKET has it.
  let name: String
  private let path: String?
  private let descriptor: Int32

  init(abstract: Bool) throws {
    path = abstract ? nil : NSTemporaryDirectory() + "/duban-\(UUID().uuidString.prefix(8))"
    name = path ?? "@duban-\(UUID().uuidString)"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if abstract { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard bound == 0 else { throw Failure(what: "bind") }
  }

  deinit {
    close(descriptor)
    if let path { unlink(path) }
  }

  /// The next datagram, within 45 seconds; waited for on a thread of its own, since tasks must not block theirs.
  func next() async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try self.receive() }) }
    }
  }

  private func receive() throws -> String {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, 45_000) == 1 else { throw Failure(what: "nothing came") }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    guard count >= 0 else { throw Failure(what: "recv") }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
