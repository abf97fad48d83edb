// Hands out turns to threads that share a database, one step at a time: a seed alone decides how their transactions interleave.

import Dispatch
import Foundation
import Synchronization
import TestServers

/// Where threads wait for their turn.
///
/// Whoever steers gives one of them a turn and then waits (``settle(_:)``) until each has come to its next gate, or waits for a
/// lock that another holds who is himself at a gate. A thread that waits for a lock keeps its turn, and uses it up once the lock is
/// free.
final class Turnstile: Sendable {
  /// What a thread finds at its gate instead of a turn.
  enum Interruption: Error {
    /// Its process has died: its connection is gone.
    case death
    case end
  }

  /// A thread's place at the turnstile.
  struct Gate: Sendable {
    fileprivate let turnstile: Turnstile
    fileprivate let number: Int

    /// Waits for a turn, blocking the thread, and returns its luck: a random number. `step` says what is done with the turn.
    @discardableResult
    func pass(_ step: String) throws(Interruption) -> Int { try turnstile.pass(number, step) }

    /// Says which session of the database is the thread's.
    func use(session pid: Int32) { turnstile.seats.withLock { $0[number].session = pid } }
  }

  private struct Seat {
    /// What the thread would do next; nil while it is at it.
    var step: String?
    var session: Int32?
    /// What it finds at its gate.
    var turn: Result<Int, Interruption> = .failure(.end)
    var isEmpty = false
  }

  private let seats: Mutex<[Seat]>
  private let gates: [DispatchSemaphore]
  private let arrivals = DispatchSemaphore(value: 0)
  private let failure = Mutex<String?>(nil)

  /// Starts a thread for each body. A body that throws anything but ``Interruption/end`` fails the run.
  init(_ bodies: [@Sendable (Gate) throws -> Void]) {
    seats = Mutex(bodies.map { _ in Seat() })
    gates = bodies.map { _ in DispatchSemaphore(value: 0) }
    for (number, body) in bodies.enumerated() {
      let gate = Gate(turnstile: self, number: number)
      Thread.detachNewThread {
        do {
          try body(gate)
        } catch Interruption.end {
        } catch {
          self.failure.withLock { $0 = $0 ?? "\(number): \(error)" }
        }
        self.leave(number)
      }
    }
  }

  private func pass(_ number: Int, _ step: String) throws(Interruption) -> Int {
    seats.withLock { $0[number].step = step }
    arrivals.signal()
    gates[number].wait()
    return try seats.withLock { $0[number].turn }.get()
  }

  private func leave(_ number: Int) {
    seats.withLock { $0[number].isEmpty = true }
    arrivals.signal()
  }

  // MARK: - For whoever steers

  /// What each thread would do next; nil for one that waits for a lock. Meaningful between ``settle(_:)`` and the next turn.
  var steps: [String?] { seats.withLock { $0.map(\.step) } }

  func session(of number: Int) -> Int32? { seats.withLock { $0[number].session } }

  /// Lets a thread that is at its gate go on, or meet its end.
  func release(_ number: Int, _ turn: Result<Int, Interruption>) {
    seats.withLock { seats in
      seats[number].step = nil
      seats[number].turn = turn
    }
    gates[number].signal()
  }

  /// Waits until each thread is at a gate or waits for a lock, and at least one is at a gate.
  ///
  /// - Parameter waiters: Asks the database which sessions wait for a lock. With everybody else at a gate nothing frees a lock, so
  ///   what it says stays true; only a deadlock is ended by the database itself.
  /// - Returns: The threads that wait for a lock.
  /// - Throws: ``TestFault`` where a thread has failed, or nobody can go on within a minute.
  @discardableResult
  func settle(_ waiters: () throws -> Set<Int32>) throws -> [Int] {
    let deadline = ContinuousClock.now + .seconds(60)
    var isPatient = true
    while true {
      if let failure = failure.withLock({ $0 }) { throw TestFault(failure) }
      let running = running()
      if running.isEmpty { return [] }
      // Most steps take a millisecond: only one that takes longer is worth a question.
      if isPatient, arrivals.wait(timeout: .now() + .milliseconds(3)) == .success { continue }
      let waiting = try waiters()
      // Looked at again after the database: who has arrived meanwhile waits for nothing.
      let left = self.running()
      if left.allSatisfy({ $0.session.map(waiting.contains) ?? false }), steps.contains(where: { $0 != nil }) {
        return left.map(\.number)
      }
      isPatient = true
      guard .now < deadline else { throw TestFault("nobody can go on: \(steps)") }
    }
  }

  private func running() -> [(number: Int, session: Int32?)] {
    seats.withLock { seats in
      seats.enumerated().filter { $0.element.step == nil && !$0.element.isEmpty }.map { ($0.offset, $0.element.session) }
    }
  }

  /// Sends everybody home who is at a gate, and waits until all have gone.
  func close() {
    let deadline = ContinuousClock.now + .seconds(60)
    while seats.withLock({ $0.contains { !$0.isEmpty } }), .now < deadline {
      for (number, step) in steps.enumerated() where step != nil { release(number, .failure(.end)) }
      _ = arrivals.wait(timeout: .now() + .milliseconds(100))
    }
  }
}
