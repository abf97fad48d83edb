// A virtual host of a real broker for each test: tests run in parallel and share nothing but the broker.
import AMQP
import Foundation
import Synchronization

/// A virtual host that no other test of this run uses, on the broker that `deploy/test` started.
public struct TestBroker: Sendable {
  /// The virtual host's name.
  public let virtualHost: String
  /// Where it is, with user and password.
  public let url: String
  /// ``url``, read.
  public let configuration: ConnectionConfiguration

  /// The configuration with query parameters added to the URL, e.g. `heartbeat=1`.
  public func configuration(_ query: String) throws(AMQPError) -> ConnectionConfiguration {
    try ConnectionConfiguration(url + "?" + query)
  }

  /// The same virtual host over TLS; nil if the broker was started without.
  public func secureURL(query: String = "") -> String? {
    environment("DUBAN_TEST_AMQPS_URL").map { Self.url($0, virtualHost: virtualHost) + query }
  }

  /// The PEM file of the authority that signed the broker's certificate.
  public var authorities: String? { environment("DUBAN_TEST_CA") }

  /// A virtual host that is there and that the caller has to itself.
  public init(virtualHost: String, url: String) throws(AMQPError) {
    (self.virtualHost, self.url) = (virtualHost, url)
    configuration = try ConnectionConfiguration(url)
  }

  fileprivate static func next() throws -> TestBroker {
    guard let base = environment("DUBAN_AMQP_URL"), let count = environment("DUBAN_TEST_VHOSTS").flatMap({ Int($0) }) else {
      throw Unavailable("DUBAN_AMQP_URL and DUBAN_TEST_VHOSTS are not set: run the tests by deploy/test, which starts a broker")
    }
    // A second run against the same broker starts where the first one ended.
    let first = environment("DUBAN_TEST_FIRST_VHOST").flatMap { Int($0) } ?? 0
    let number = first + taken.wrappingAdd(1, ordering: .relaxed).oldValue
    guard number < count else {
      throw Unavailable("all \(count) test vhosts are used up: have deploy/test start its broker with more (--vhosts)")
    }
    let virtualHost = "duban-test-\(number)"
    let url = Self.url(base, virtualHost: virtualHost)
    return try TestBroker(virtualHost: virtualHost, url: url)
  }

  private static let taken = Atomic<Int>(0)

  /// A base URL with its path, if any, replaced.
  private static func url(_ base: String, virtualHost: String) -> String {
    base.split(separator: "/", omittingEmptySubsequences: true).prefix(2).joined(separator: "//") + "/" + virtualHost
  }

  private struct Unavailable: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}

private func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

/// Runs a test with a virtual host of its own, on a thread of its own: blocking there holds up no other test.
public func withTestBroker<Result: Sendable>(
  _ body: @Sendable (TestBroker) async throws -> Result
) async throws -> Result {
  let broker = try TestBroker.next()
  return try await withOwnThreads { try await body(broker) }
}

/// Runs a test on threads of its own, which may block.
public func withOwnThreads<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
  try await withTaskExecutorPreference(ownThreads) { try await body() }
}

/// For a task that blocks, or that must begin at once: the cooperative pool's few threads may all be busy with other tests.
public let ownThreads: any TaskExecutor = ThreadPerJob.shared

/// Gives every stretch of a task between two suspensions a thread of its own.
private final class ThreadPerJob: TaskExecutor {
  static let shared = ThreadPerJob()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
