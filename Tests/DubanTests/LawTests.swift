// The four laws of the fold, held to random histories. DUBAN_HISTORIES says to how many: 2,000 where it is
// not set, 500 in a debug build.

import Foundation
import TestSamples
import Testing

@testable import Duban

@Suite struct LawTests {
  static let histories = ProcessInfo.processInfo.environment["DUBAN_HISTORIES"].flatMap { Int($0) } ?? usual
  #if DEBUG
    private static let usual = 500
  #else
    private static let usual = 2000
  #endif
  /// One history alone, to look into what failed.
  private static let only = ProcessInfo.processInfo.environment["DUBAN_HISTORY"].flatMap { Int($0) }
  private static let shares = 4
  /// The seeds of one share of the histories.
  private static func seeds(_ share: Int) -> StrideTo<Int> { stride(from: share, to: histories, by: shares) }

  // MARK: - 1

  @Test(arguments: 0..<shares)
  func `Law 1: state and breaches are a function of the log`(_ share: Int) throws {
    for seed in Self.seeds(share) where Self.only.map({ $0 == seed }) ?? true {
      var random = Seeded(UInt64(seed))
      let history = MatterHistory(&random, for: .functionOfLog)
      var run = try Run(history, SampleCity.references(change: history.calendarChange, second: history.calendar))
      let found = try run.playWildly(&random)
      guard found == nil else {
        Issue.record("seed \(seed): \(found ?? "")\n\(history)")
        return
      }
    }
  }

  // MARK: - 2

  @Test(arguments: 0..<shares)
  func `Law 2: within the tolerances the order of arrival does not show`(_ share: Int) throws {
    for seed in Self.seeds(share) where Self.only.map({ $0 == seed }) ?? true {
      var random = Seeded(UInt64(seed) + 1 << 40)
      var history = MatterHistory(&random, for: .arrival)
      let references = try SampleCity.references(change: history.calendarChange, second: history.calendar)
      var first: [Ending]?
      for _ in 0..<3 {
        var run = Run(history, references)
        try run.playInTime(&random)
        let endings = run.endings
        if let first, first != endings {
          Issue.record("seed \(seed):\n\(Ending.difference(first, endings))\n\(history)")
          return
        }
        first = first ?? endings
        history.reheard(&random)
      }
    }
  }

  // MARK: - 3

  @Test(arguments: 0..<shares)
  func `Law 3: beyond the tolerances phases, cycles and answers are still the same`(_ share: Int) throws {
    for seed in Self.seeds(share) where Self.only.map({ $0 == seed }) ?? true {
      var random = Seeded(UInt64(seed) + 2 << 40)
      var history = MatterHistory(&random, for: .beyondTolerance)
      let references = try SampleCity.references(change: history.calendarChange, second: history.calendar)
      var first: [Standing]?
      for _ in 0..<2 {
        var run = Run(history, references)
        _ = try run.playWildly(&random, checking: false)
        // Longest pauses are over when they are, whether a sweep has been there or not.
        for row in run.ledger.rows.values { run.ledger.sweep(row.matter.key, at: MatterHistory.start + .days(400)) }
        let standings = run.standings
        if let first, first != standings {
          Issue.record(
            "seed \(seed):\n\(zip(first, standings).filter(!=).map { "\($0)\n\($1)" }.joined(separator: "\n"))\n\(history)")
          return
        }
        first = first ?? standings
        history.reheard(&random)
      }
    }
  }

  @Test func `Law 3: hearing a start later never makes a deadline earlier`() throws {
    let references = try SampleCity.references()
    for seed in 0..<Self.histories {
      var random = Seeded(UInt64(seed) + 3 << 40)
      var history = MatterHistory(&random, for: .beyondTolerance)
      // The start and what moves it: pauses.
      history.messages = history.messages.filter { message in
        message.subject == MatterHistory.main
          && ["submitted", "assigned", "requested", "scheduled", "suspended", "resumed", "reopened", "resolved"].contains {
            message.type.hasSuffix(".\($0)")
          }
      }
      for i in history.messages.indices { history.messages[i].heardAt = history.messages[i].occurredAt }
      let starts = history.messages.indices.filter { i in
        !["suspended", "resumed", "resolved"].contains { history.messages[i].type.hasSuffix($0) }
      }
      guard let start = starts.randomElement(using: &random) else { continue }
      var before: [Item.ClockKind: Item.Clock] = [:]
      var delay = Span.zero
      for _ in 0..<6 {
        history.messages[start].heardAt = history.messages[start].occurredAt + delay
        let log = try history.messages.enumerated().map { i, message in
          try Run.entry(message.envelope(), number: Int32(i + 1), at: message.heardAt, references)
        }
        let fold = Fold.whole(
          log, of: Matter(id: 1, key: Ledger.key(MatterHistory.main), kind: .complaint), references: references, now: history.end)
        // The same cycle, before anything lapsed in it: after that found times count.
        guard let cycle = fold.matter.whole.cycle, cycle.begunBy == Int32(start + 1) else { break }
        for (kind, clock) in fold.matter.whole.clocks where clock.step == 0 {
          if let earlier = before[kind], clock.dueAt < earlier.dueAt {
            Issue.record("seed \(seed): \(kind) was due \(earlier), heard later \(clock)\n\(history)")
            return
          }
          before[kind] = clock
        }
        delay = Span(microseconds: delay.microseconds + Int64.random(in: 0...7200, using: &random) * 1_000_000)
      }
    }
  }

  // MARK: - 4

  @Test(arguments: 0..<shares)
  func `Law 4: nobody is blamed for a deadline before being told of it, nor in a pause`(_ share: Int) throws {
    for seed in Self.seeds(share) where Self.only.map({ $0 == seed }) ?? true {
      var random = Seeded(UInt64(seed) + 4 << 40)
      let history = MatterHistory(&random, for: .functionOfLog)
      var run = try Run(history, SampleCity.references(change: history.calendarChange, second: history.calendar))
      _ = try run.playWildly(&random, checking: false)
      for row in run.ledger.rows.values {
        if let found = Blame(row, run.ledger.references).innocent {
          Issue.record("seed \(seed): \(found)\n\(history)")
          return
        }
      }
    }
  }
}
