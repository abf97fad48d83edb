// The roles that share the database, as DubanWorkers' jobs run them, with a gate between any two statements.

import Duban
import PostgreSQL
import TestServers

@testable import DubanStore

/// A role of the daemon, or an operator, with a connection of its own. What dies comes back with another, as a worker does.
struct EngineActor: Sendable {
  enum Role: Sendable { case intake, sweep, follow, relay, operate }

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
    let port = try test.serverPort()
    let wire = try StatementGate(to: port, gate)
    defer { wire.end() }
    while true {
      var luck = try gate.pass(Self.idle)
      wire.set(closed: false)
      let store = try Store(dsn: test.dsn(port: wire.port), name: "actor")
      defer { store.connection.close() }
      gate.use(session: try store.connection.execute("SELECT pg_backend_pid()").only().decode(0))
      try store.useIndexes()
      // A turn may come late: nothing is to depend on how fast the machine is.
      try store.connection.runScript(
        "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
      do {
        while true {
          wire.set(closed: true)
          switch role {
          case .intake: try takeBatch(store, gate, upTo: 1 + luck % 4)
          case .sweep: _ = try store.sweep(limit: 1 + luck % 3)
          case .follow: _ = try store.followOnce(limit: 1 + luck % 3)
          case .relay: try relayBatch(store, gate, wire, limit: 1 + luck % 20)
          case .operate: try operate(store, luck)
          }
          wire.set(closed: false)
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
    let (refused, deferred) = try commit(batch, store)
    if !refused.isEmpty {
      try gate.pass(Self.bury)
      broker.bury(refused)
    }
    try gate.pass(Self.acknowledge)
    broker.acknowledge(by: number, except: deferred)
  }

  private func commit(_ batch: [RawMessage], _ store: Store) throws -> (
    refused: [MemoryBroker.DeadLetter], deferred: [RawMessage]
  ) {
    func refused(_ outcomes: [Intake.Outcome]) -> [MemoryBroker.DeadLetter] {
      zip(batch, outcomes).compactMap { message, outcome in
        if case .refused(let refusal) = outcome { .init(message: message, refusal: refusal) } else { nil }
      }
    }
    for attempt in 1... {
      do {
        let outcomes = try store.take(batch.map { try Envelope($0) }) { outcomes, directory, now in
          refused(outcomes).map {
            .rejected($0.refusal, of: $0.message, for: directory.audience(of: MessageHead($0.message), sentBy: nil), at: now)
          }
        }.outcomes
        return (refused(outcomes), zip(batch, outcomes).filter { $0.1 == .deferred }.map(\.0))
      } catch is NewMatterHeld {
        // The job looks in halves for the one that is held; to the others it is the same.
        return ([], batch)
      } catch let error as PostgresError where !store.isLost && attempt < 5 {
        // No deadlock: the order of the locks rules it out.
        let races: [SQLState] = [.uniqueViolation, .serializationFailure]
        guard let state = error.sqlState, races.contains(state) else { throw error }
      }
    }
    return ([], batch)
  }

  // MARK: - RelayJob

  private func relayBatch(_ store: Store, _ gate: Turnstile.Gate, _ wire: StatementGate, limit: Int) throws {
    func pass(_ step: String) throws -> Int {
      do { return try gate.pass(step) } catch {
        // Its rollback goes nowhere, and waits for no turn.
        wire.set(closed: false)
        throw error
      }
    }
    try store.transaction { store in
      let entries = try store.claimOutbox(limit: limit)
      guard !entries.isEmpty else { return }
      let first = try pass("publish") % (entries.count + 1)
      broker.publish(entries.prefix(first))
      _ = try pass("publish the rest")
      broker.publish(entries.dropFirst(first))
      _ = try pass("delete")
      try store.deleteFromOutbox(entries)
    }
  }

  // MARK: - What operators do, and the walk after an imported calendar

  private func operate(_ store: Store, _ luck: Int) throws {
    switch luck % 4 {
    case 0:
      let ids = try store.allMatters().map(\.id)
      guard !ids.isEmpty else { return }
      _ = try store.move(
        [ids[luck / 4 % ids.count], ids[luck / 64 % ids.count]], to: luck / 1024 % 2 + EngineDatabase.firstPolicy, by: "王",
        because: "试点",
        isTrial: luck % 5 == 0)
    case 1:
      guard let row = try store.breaches(of: nil, status: luck % 8 < 4 ? .contested : nil, limit: 5).last else { return }
      let decision = Breach.Decision.allCases[luck / 8 % Breach.Decision.allCases.count]
      do {
        try store.decide(decision, on: row.breach.number, of: row.breach.itemID, by: "王", because: "核实")
      } catch is RequestFault {}
    case 2:
      guard let entry = try store.waitingEntries(overdueOnly: false, limit: 9).last, luck / 4 % 4 == 0 else { return }
      do {
        try store.setAside(entry.number, of: entry.itemID, by: "王", reason: "作废")
      } catch is StoreFault {}
    default: _ = try store.recomputeChanged(limit: 2, window: 5)
    }
  }
}

extension TestStore {
  func serverPort() throws -> UInt16 {
    UInt16(try ask("SHOW port", as: String.self)) ?? 0
  }

  /// How a proxy is connected to.
  func dsn(port: UInt16) throws -> String {
    try TestDatabase.dsn(with: ["dbname": database.name, "host": "127.0.0.1", "port": "\(port)"])
  }
}
