// Helpers of these tests: sessions on the test server, threads that may block, reproducible random data.

import Foundation
import PostgreSQL
import Synchronization
import TestServers
import Testing

typealias Connection = PostgreSQL.Connection

/// Opens a session on the maintenance database, for tests that need only temporary tables.
func connect(_ options: Connection.Options = .init()) throws -> Connection {
  try Connection(try TestDatabase.maintenanceDSN, options: options)
}

/// Runs blocking work on its own thread, so that two sessions can wait for each other.
final class InBackground<T: Sendable>: Sendable {
  private let result = Mutex<Result<T, any Error>?>(nil)
  private let done = DispatchSemaphore(value: 0)

  struct TookTooLong: Error {}

  init(_ body: @escaping @Sendable () throws -> T) {
    Thread {
      let outcome = Result(catching: body)
      self.result.withLock { $0 = outcome }
      self.done.signal()
    }.start()
  }

  /// Returns the result of the work, or throws its error. Read it once.
  var value: T {
    get throws {
      guard done.wait(timeout: .now() + 60) == .success, let outcome = result.withLock({ $0 }) else { throw TookTooLong() }
      return try outcome.get()
    }
  }
}

/// Returns the error that `body` must throw.
func failure(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> PostgresError {
  try #require(throws: PostgresError.self, sourceLocation: sourceLocation, performing: body)
}

extension Seeded {
  /// Text of up to 20 characters from all planes, including quotes and backslashes.
  mutating func text() -> String {
    let alphabet: [ClosedRange<UInt32>] = [
      0x01...0x7f, 0x20...0x7e, 0xa0...0x7ff, 0x4e00...0x9fff, 0x1f300...0x1f6ff, 0x20000...0x2a6df,
    ]
    let scalars = (0..<Int.random(in: 0...20, using: &self)).compactMap { _ in
      alphabet.randomElement(using: &self).flatMap { Unicode.Scalar(UInt32.random(in: $0, using: &self)) }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  mutating func bytes() -> [UInt8] {
    (0..<Int.random(in: 0...40, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

/// A unique name for objects that outlive a session.
func unique(_ prefix: String) -> String {
  prefix + "_" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
}
