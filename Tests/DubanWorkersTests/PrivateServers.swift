// A broker and a database of one test's own, which it may stop, restart and kill: the others' must not suffer for it.

import Foundation
import Testing
import TestServers

/// Servers in a folder of their own, run by deploy/lib/servers.
struct PrivateServers: Sendable {
  private let folder: String
  /// The database `postgres` with the small city, and the vhost `/` with Duban's topology and the queue `test.events`.
  let surroundings: Surroundings

  /// Starts servers, runs `body`, and has them gone at the end whatever happens.
  static func with(_ body: @Sendable @escaping (PrivateServers) async throws -> Void) async throws {
    let folder = TestStore.root.appending(path: ".duban/faults.\(getpid()).\(UInt32.random(in: 0...UInt32.max))").path
    try await withOwnThreads {
      do {
        try await body(try start(in: folder))
      } catch {
        try run("destroy", folder)
        throw error
      }
      try run("destroy", folder)
    }
  }

  private static func start(in folder: String) throws -> PrivateServers {
    try run("start", folder)
    let file = try String(contentsOfFile: folder + "/env", encoding: .utf8)
    func variable(_ name: String) throws -> String {
      guard let line = file.split(separator: "\n").first(where: { $0.hasPrefix("export \(name)=") }) else {
        throw TestFault("\(folder)/env does not say \(name)")
      }
      // Quoted for a shell.
      return String(line.dropFirst("export \(name)=".count)).replacing("\\", with: "")
    }
    let database = TestDatabase(name: "postgres", dsn: try variable("DUBAN_POSTGRES_DSN"))
    let broker = try TestBroker(virtualHost: "/", url: try variable("DUBAN_AMQP_URL"))
    let store = try TestStore(preparing: database)
    return PrivateServers(folder: folder, surroundings: try Surroundings(store: store, declaringOn: broker))
  }

  /// The command that administers the broker, as deploy/broker takes it.
  var rabbitmqctl: String { "\(Self.servers) rabbitmqctl \(folder)" }

  // MARK: - What may happen to them

  func stop() throws { try Self.run("stop", folder) }
  func start() throws { try Self.run("start", folder) }
  /// In order, as for an upgrade.
  func restartBroker() throws { try Self.run("restart-broker", folder) }
  /// By kill -9.
  func killBroker() throws { try Self.run("kill-broker", folder) }
  /// In order: sessions are ended (57P01), a checkpoint is written.
  func restartDatabase() throws { try Self.run("restart-database", folder) }

  /// Kills the postmaster and all its sessions (kill -9), and starts it again: it recovers from its log.
  func killDatabase() throws {
    let file = try String(contentsOfFile: folder + "/postgres/data/postmaster.pid", encoding: .utf8)
    guard let postmaster = file.split(separator: "\n").first.flatMap({ pid_t($0) }) else {
      throw TestFault("no postmaster's pid")
    }
    // Held, so that it starts no session after its children have been counted: a new postmaster refuses to start beside one.
    kill(postmaster, SIGSTOP)
    let children = try String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
    let all = [postmaster] + children.split(separator: " ").compactMap { pid_t($0) }
    for pid in all { kill(pid, SIGKILL) }
    for pid in all {
      let tail = try ChildProcess.run(
        "tail", ["--pid=\(pid)", "--sleep-interval=0.02", "--follow", "/dev/null"], environment: Program.environment([:]),
        within: .seconds(30))
      #expect(tail.end == .exit(0), "\(tail.errors)")
    }
    try start()
  }

  private static let servers = TestStore.root.appending(path: "deploy/lib/servers").path

  private static func run(_ command: String, _ folder: String) throws {
    let result = try ChildProcess.run(
      servers, [command, folder], environment: Program.environment([:]), within: .seconds(120))
    guard result.end == .exit(0) else { throw TestFault("servers \(command): \(result.end): \(result.errors)") }
  }
}
