// The engine against the real database: random histories, taken by several intake workers, sweepers, walkers over
// duplicates, relays and operators, whose transactions interleave statement by statement, die at any of them, and get their messages again. A
// seed decides everything.
//
// The suite runs a few seeds. To run more, say how many, or which to see again:
//
//     DUBAN_TEST_SEEDS=5000 deploy/test EngineInterleaving
//     DUBAN_TEST_SEEDS=17...17 deploy/test EngineInterleaving

import Duban
import Foundation
import Testing
import TestServers

@Suite("The engine under random interleavings")
struct EngineInterleavingTests {
  /// The seeds of this run, in shares for tests that run side by side.
  static func shares(_ usual: Int) throws -> [ClosedRange<UInt64>] {
    let text = ProcessInfo.processInfo.environment["DUBAN_TEST_SEEDS"] ?? "\(usual)"
    let bounds = text.split(separator: "...").compactMap { UInt64($0) }
    guard let first = bounds.count == 2 ? bounds.first : 1, let last = bounds.last, first <= last else {
      throw TestFault("DUBAN_TEST_SEEDS is neither a number nor a range like 17...17: \(text)")
    }
    let share = (last - first) / 2 + 1
    return stride(from: first, through: last, by: Int(share)).map { $0...min($0 + share - 1, last) }
  }

  @Test(
    "whoever takes what when, dies and comes back: each message, breach and event counts once, and nothing is forgotten",
    arguments: try shares(40))
  func laws(seeds: ClosedRange<UInt64>) async throws {
    try await withCrew { crew in
      for seed in seeds {
        var random = Seeded(seed)
        let history = EngineHistory(&random)
        let members = crew.members(
          intake: random.pick([2, 3]), sweepers: random.pick([1, 2, 3]), walkers: random.pick([1, 2]),
          relays: random.pick([1, 2]),
          operators: 1)
        try check(seed, EngineRun(history, crew, members, deaths: random.pick([0, 1, 3]), seed: random.next())) {
          try $0.runAtRandom()
        }
      }
    }
  }

  @Test(
    "where messages come in one order and the clock moves between rounds, three sweepers that die come to what one comes to",
    arguments: try shares(8))
  func rounds(seeds: ClosedRange<UInt64>) async throws {
    try await withCrew { crew in
      for seed in seeds {
        var random = Seeded(seed)
        let history = EngineHistory(&random)
        let one = crew.members(intake: 1, sweepers: 1, walkers: 1, relays: 1, operators: 0)
        let many = crew.members(intake: 1, sweepers: 3, walkers: 2, relays: 2, operators: 0)
        let summaries = try [(one, 0), (many, 5)].map { members, deaths in
          let run = try EngineRun(history, crew, members, deaths: deaths, seed: random.next())
          return try check(seed, run) { run in
            var jumps = Seeded(seed)
            try run.runInRounds(jumps: &jumps)
          }.summary
        }
        let unlike = zip(summaries[0], summaries[1]).filter { $0 != $1 }.map { "\($0)\n\($1)" }
        #expect(unlike.isEmpty && summaries[0].count == summaries[1].count, "seed \(seed):\n\(unlike.joined(separator: "\n\n"))")
      }
    }
  }

  private func withCrew(_ body: @Sendable (EngineCrew) throws -> Void) async throws {
    try await TestStore.with { test in
      try await withOwnThreads {
        let crew = try EngineCrew(test)
        defer { crew.close() }
        try body(crew)
      }
    }
  }

  /// Runs, and holds the outcome to the laws; on failure says by which schedule it came about.
  @discardableResult
  private func check(_ seed: UInt64, _ run: EngineRun, _ body: (EngineRun) throws -> Void) throws -> EngineOutcome {
    do {
      try body(run)
    } catch {
      throw TestFault("seed \(seed): \(error)\n\(run.steps.joined(separator: "\n"))")
    }
    let outcome = try EngineOutcome(of: run)
    let violations = outcome.violations()
    #expect(
      violations.isEmpty,
      """
      seed \(seed): \(violations.joined(separator: "\n"))
      \(outcome.summary.joined(separator: "\n"))
      \(run.steps.joined(separator: "\n"))
      """)
    return outcome
  }
}
