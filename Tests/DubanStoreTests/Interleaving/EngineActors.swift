// The roles that share the database, as DubanWorkers' jobs run them, with a gate between any two steps of a transaction.

import Duban
import PostgreSQL
import TestServers

@testable import DubanStore

/// A role of the daemon, with a connection of its own. What dies comes back with another, as a worker does.
struct EngineActor: Sendable {
  enum Role: Sendable { case intake, sweep, relay }

  /// The gate at which nothing is begun.
  static let idle = "idle"
  /// The gates behind a commit.
  static let bury = "send dead letters"
  static let acknowledge = "acknowledge"

  let role: Role
  let number: Int
  let test: TestStore
  let broker: MemoryBroker

  func run(_ gate: Turnstile.Gate) throws {
    while true {
      var luck = try gate.pass(Self.idle)
      let store = try test.connect()
      defer { store.connection.close() }
      gate.use(session: try store.connection.execute("SELECT pg_backend_pid()").only().decode(0))
      try store.useIndexes()
      do {
        while true {
          switch role {
          case .intake: try takeBatch(store, gate, upTo: 1 + luck % 4)
          case .sweep: try sweepBatch(store, gate, limit: 1 + luck % 3)
          case .relay: try relayBatch(store, gate, limit: 1 + luck % 20)
          }
          luck = try gate.pass(Self.idle)
        }
      } catch let error where error is Turnstile.Interruption || store.isLost {
        // Also one whose connection ended while it waited for a lock.
        broker.giveBack(from: number)
        if case Turnstile.Interruption.end = error { throw error }
      }
    }
  }

  // MARK: - IntakeJob

  private func takeBatch(_ store: Store, _ gate: Turnstile.Gate, upTo limit: Int) throws {
    let batch = broker.take(upTo: limit, by: number)
    guard !batch.isEmpty else { return }
    let refused = try commit(batch, store, gate)
    if !refused.isEmpty {
      try gate.pass(Self.bury)
      broker.bury(refused)
    }
    try gate.pass(Self.acknowledge)
    broker.acknowledge(by: number)
  }

  private func commit(_ batch: [RawMessage], _ store: Store, _ gate: Turnstile.Gate) throws -> [MemoryBroker.DeadLetter] {
    for attempt in 1... {
      do {
        return try store.transaction { store in
          try store.beginTaking(alone: attempt > 1)
          try gate.pass("look")
          let envelopes = try batch.map { try Envelope($0) }
          let snapshot = try store.intakeSnapshot(for: envelopes)
          try gate.pass("decide")
          let machine = try store.machine()
          var fold = IntakeFold(snapshot, machine: machine)
          var refused: [MemoryBroker.DeadLetter] = []
          for (message, envelope) in zip(batch, envelopes) {
            if case .refused(let refusal) = fold.take(envelope) { refused.append(.init(message: message, refusal: refusal)) }
          }
          var effects = fold.finish()
          effects.announcements += refused.map { .rejected($0.refusal, of: $0.message, at: machine.now) }
          try gate.pass("write")
          try store.write(effects, at: machine.now)
          try gate.pass("commit")
          return refused
        }
      } catch let error as PostgresError where !store.isLost && attempt < 5 {
        let races: [SQLState] = [.uniqueViolation, .deadlockDetected, .serializationFailure]
        guard let state = error.sqlState, races.contains(state) else { throw error }
        try gate.pass("try again")
      }
    }
    return []
  }

  // MARK: - DeadlineJob

  private func sweepBatch(_ store: Store, _ gate: Turnstile.Gate, limit: Int) throws {
    try store.transaction { store in
      var items = try store.claimDueItems(limit: limit)
      guard !items.isEmpty else { return }
      try gate.pass("decide")
      let machine = try store.machine()
      let history = try store.breaches(of: items.filter(machine.maySummon).map(\.id))
      var effects = Effects()
      for i in items.indices { machine.wake(&items[i], history: history[items[i].id] ?? [], into: &effects) }
      effects.wokenItems = items
      try gate.pass("write")
      try store.write(effects, at: machine.now)
      try gate.pass("commit")
    }
  }

  // MARK: - RelayJob

  private func relayBatch(_ store: Store, _ gate: Turnstile.Gate, limit: Int) throws {
    try store.transaction { store in
      let entries = try store.claimOutbox(limit: limit)
      guard !entries.isEmpty else { return }
      let first = try gate.pass("publish") % (entries.count + 1)
      broker.publish(entries.prefix(first))
      try gate.pass("publish the rest")
      broker.publish(entries.dropFirst(first))
      try gate.pass("delete")
      try store.deleteFromOutbox(entries)
      try gate.pass("commit")
    }
  }
}
