// The real duband and dubanctl as child processes, for what cannot be tried within the test's own process: kill -9, signals, exit codes.

import Foundation
import FoundationNetworking
import Testing
import TestServers

/// The programs under test.
enum Program: String {
  case duband, dubanctl

  /// Where it was built.
  ///
  /// - Throws: ``TestFault`` where the tests are not run by deploy/test.
  var path: String {
    get throws {
      guard let folder = ProcessInfo.processInfo.environment["DUBAN_BIN"] else {
        throw TestFault("DUBAN_BIN is not set: run the tests by deploy/test, which says where the programs are")
      }
      return folder + "/" + rawValue
    }
  }

  /// The test's environment without Duban's own variables, which the test sets as it needs them.
  static func environment(_ extra: [String: String]) -> [String: String] {
    ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DUBAN_") }.merging(extra) { _, new in new }
  }

  /// Runs it to its end.
  func run(_ arguments: [String], _ environment: [String: String]) throws -> (
    end: ChildProcess.End, output: String, errors: String
  ) {
    try ChildProcess.run(try path, arguments, environment: Self.environment(environment))
  }
}

/// A `duband run` that can be killed and started again.
final class DaemonProcess: Sendable {
  private let child: ChildProcess
  private let environment: [String: String]

  fileprivate init(_ environment: [String: String]) throws {
    self.environment = environment
    child = try ChildProcess(try Program.duband.path, ["run"], environment: Program.environment(environment))
  }

  /// Kills it (kill -9) at some moment of the next milliseconds, and starts another in its place.
  func replaceByKilling() throws -> DaemonProcess {
    // Where in its work it dies is left to chance; that it lived until then is not.
    if let end = child.end(within: .microseconds(Int64.random(in: 0...30_000))) {
      throw TestFault("duband has ended by itself: \(end)\(child.said)")
    }
    child.send(SIGKILL)
    guard try child.wait() == .signal(SIGKILL) else { throw TestFault("duband did not die of the signal\(child.said)") }
    return try replacement()
  }

  /// Starts another in the place of one that has ended.
  func replacement() throws -> DaemonProcess { try DaemonProcess(environment) }

  func send(_ signal: Int32) { child.send(signal) }

  /// How it ended.
  func end(within bound: Duration) throws -> ChildProcess.End { try child.wait(within: bound) }

  /// What it has written to standard error.
  var log: String { child.errors }

  func untilLog(contains text: String) throws { try child.untilErrors(contain: text) }

  fileprivate var said: String { child.said }

  // MARK: - Readiness

  /// Asks `/readyz`; nil while nobody answers there.
  func readiness() async throws -> (status: Int, body: String)? { await get("readyz") }

  /// What another page says.
  func ask(_ page: String) async throws -> String {
    guard let answer = await get(page) else { throw TestFault("nobody answers for /\(page)") }
    return answer.body
  }

  private func get(_ page: String) async -> (status: Int, body: String)? {
    guard let port = environment["DUBAN_STATUS_PORT"], let url = URL(string: "http://127.0.0.1:\(port)/\(page)") else {
      return nil
    }
    guard let (data, response) = try? await URLSession.shared.data(from: url), let http = response as? HTTPURLResponse else {
      return nil
    }
    return (http.statusCode, String(decoding: data, as: UTF8.self))
  }

  /// Asks until `/readyz` answers with a status, and returns what it says.
  ///
  /// - Throws: ``TestFault`` where it does not in time, or ends.
  @discardableResult
  func untilReadiness(is status: Int, saying text: String? = nil, within bound: Duration = patience) async throws -> String {
    let deadline = ContinuousClock.now + bound
    var last = "nothing"
    while ContinuousClock.now < deadline {
      if let answer = try await readiness() {
        if answer.status == status && text.map(answer.body.contains) ?? true { return answer.body }
        last = "\(answer.status) \(answer.body)"
      }
      try expectRunning()
    }
    throw TestFault("/readyz did not say \(status) \(text ?? "") within \(bound), but \(last)")
  }

  /// Waits for what nobody tells, asking over and over while the daemon runs.
  ///
  /// - Throws: ``TestFault`` where it does not come true in time, or the daemon ends.
  func until(_ what: String, within bound: Duration = patience, _ holds: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + bound
    while try !holds() {
      guard ContinuousClock.now < deadline else { throw TestFault("not within \(bound): \(what)") }
      try expectRunning()
    }
  }

  /// Watches it for a moment.
  private func expectRunning() throws {
    if let end = child.end(within: .milliseconds(20)) { throw TestFault("duband has ended: \(end)") }
  }
}

extension Surroundings {
  var connections: [String: String] { ["DUBAN_AMQP_URL": broker.url, "DUBAN_POSTGRES_DSN": store.database.dsn] }

  /// Runs duband as a process while `body` runs, then has it drain: whatever happened to it before, SIGTERM ends it with 0.
  func withProcess(_ extra: [String: String] = [:], _ body: (inout DaemonProcess) async throws -> Void) async throws {
    var environment = connections.merging(["DUBAN_STATUS_PORT": "0"]) { $1 }
    environment.merge(extra) { $1 }
    var daemon = try DaemonProcess(environment)
    do {
      try await body(&daemon)
      daemon.send(SIGTERM)
      let end = try daemon.end(within: .seconds(30))
      #expect(end == .exit(0), "\(daemon.said)")
    } catch {
      daemon.send(SIGKILL)
      throw TestFault("\(error)\(daemon.said)")
    }
  }

  /// Runs dubanctl to its end.
  func dubanctl(_ arguments: String..., environment: [String: String] = [:]) throws -> (
    end: ChildProcess.End, output: String, errors: String
  ) {
    try Program.dubanctl.run(arguments, connections.merging(environment) { $1 })
  }
}

/// A loopback port on which nothing listens now, below the range from which the kernel takes those of outgoing connections.
func freePort() throws -> Int {
  for _ in 0..<100 {
    let port = Int.random(in: 20_000..<32_000)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    if bound == 0 { return port }
  }
  throw TestFault("no free port found")
}
