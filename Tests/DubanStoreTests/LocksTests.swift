// The locks: who changes what folds refer to waits for those who fold, but stops nobody for long.

import Dispatch
import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Locks")
struct LocksTests {
  @Test(
    "a change of the references gives up where a transaction does not end, changes nothing, and lets others through meanwhile")
  func givesUp() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      let ended = DispatchSemaphore(value: 0)
      let change: Task<Void, any Error> = try one.transaction { one in
        _ = try one.references()
        let change = Task.detached(executorPreference: ownThreads) {
          defer { ended.signal() }
          try test.connect().changingReferences(tries: 3, bound: 200) { store in
            _ = try store.connection.execute("UPDATE reference_version SET directory = directory + 1")
          }
        }
        try test.untilWaiting()
        // Whoever comes behind the waiting request waits no longer than it does.
        #expect(try take([complaint("submitted", "A")], two) == [.applied])
        #expect(try take([complaint("responded", "A")], two) == [.applied])
        #expect(ended.wait(timeout: .now() + 30) == .success)
        return change
      }
      let fault = await #expect(throws: StoreFault.self) { try await change.value }
      #expect(fault?.description.contains("nothing was changed") == true)
      #expect(try test.ask("SELECT directory FROM reference_version") == 1)
    }
  }

  @Test("a change of the references comes through once the transaction before it has ended")
  func comesThrough() async throws {
    try await TestStore.with { test in
      let one = try test.connect()
      let change: Task<Int, any Error> = try one.transaction { one in
        _ = try one.references()
        let change = Task.detached(executorPreference: ownThreads) { try test.connect().apply(policy: TestStore.policy + "\n") }
        try test.untilWaiting()
        return change
      }
      let version = try await change.value
      #expect(try one.referencesInForce().0.policies.current.version == version)
    }
  }

  @Test("who waits for writers waits for those that began before, and not for those that come later")
  func awaitsWriters() async throws {
    try await TestStore.with { test in
      let (one, two) = (try test.connect(), try test.connect())
      try one.awaitWriters()
      try one.transaction { one in
        _ = try one.references()
        #expect(throws: StoreFault.self) { try two.awaitWriters(bound: 1) }
      }
      try two.awaitWriters()
    }
  }
}
