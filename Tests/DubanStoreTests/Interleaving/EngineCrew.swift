// Everybody who shares the database, on threads of their own, for many runs one after the other: sessions are dear to begin.

import TestServers

/// Up to three intake workers, three sweepers, two walkers, two relays and an operator, and what they share.
final class EngineCrew {
  let actors: [EngineActor]
  let turnstile: Turnstile
  let broker = MemoryBroker()
  let database: EngineDatabase

  init(_ test: TestStore) throws {
    database = try EngineDatabase(test)
    let roles: [EngineActor.Role] = [
      .intake, .intake, .intake, .sweep, .sweep, .sweep, .follow, .follow, .relay, .relay, .operate,
    ]
    actors = roles.enumerated().map { [broker] in EngineActor(role: $1, number: $0, test: test, broker: broker) }
    turnstile = Turnstile(actors.map { actor in { try actor.run($0) } })
  }

  /// Sends everybody home.
  func close() { turnstile.close() }

  /// The first few of each role.
  func members(intake: Int, sweepers: Int, walkers: Int, relays: Int, operators: Int) -> [Int] {
    [(EngineActor.Role.intake, intake), (.sweep, sweepers), (.follow, walkers), (.relay, relays), (.operate, operators)].flatMap {
      role, count in
      actors.indices.filter { actors[$0].role == role }.prefix(count)
    }
  }
}
