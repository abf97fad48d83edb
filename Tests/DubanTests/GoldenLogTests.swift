// Logs that are on record fold the same for ever: by the program that wrote them, and by every later one.

import Foundation
import Testing

@testable import Duban

/// An old binary that meets newer rules would fold a log otherwise than the new one beside it. So rules change only with a policy version or a
/// migration, which old programs see and stop at; these logs find a change that comes without.
@Suite struct GoldenLogTests {
  @Test func `Golden logs fold as they did when they were written`() throws {
    let matters = try GoldenLogs.matters()
    try #require(!matters.isEmpty, "run: DUBAN_GOLDEN=1 deploy/test GoldenLog")
    for matter in matters {
      let made = GoldenMatter.Made(try matter.fold())
      let (before, now) = (JSONText.encode(matter.makes), JSONText.encode(made))
      if try !made.isStill(matter.makes) {
        Issue.record(
          """
          \(matter.name) was folded to
          \(before)
          and is folded now to
          \(now)
          Logs on record would change under programs that run. Put the new rule into a new policy version, or add a migration, so that old \
          programs stop; never rewrite a golden line.
          """)
      }
    }
  }

  @Test func `Golden logs are kept as the store keeps them`() throws {
    for matter in try GoldenLogs.matters() {
      for (line, entry) in zip(matter.log, try matter.entries()) {
        #expect(JSONText.encode(EntryLine(entry)) == JSONText.encode(line), "\(matter.name), entry \(line.number)")
      }
    }
  }

  @Test func `Golden logs have every type of event, every cell of the table and every status of a breach that a log can have`()
    throws
  {
    let wanting = try Self.wanting(in: GoldenLogs.matters())
    #expect(
      wanting.isEmpty,
      "let MatterHistory tell of them, then run: DUBAN_GOLDEN=1 deploy/test GoldenLog, which adds a file and changes none")
  }

  @Test(.enabled(if: GoldenLogs.areToBeWritten)) func `Golden logs are written where something is wanting`() throws {
    let matters = try GoldenLogs.matters()
    let wanting = try Self.wanting(in: matters)
    guard !wanting.isEmpty else { return }
    let choice = try GoldenChoice(seeds: 0..<6000)
    guard matters.isEmpty else { return try GoldenLogs.write(choice.best(60, bytes: 250_000, having: wanting)) }
    let chosen = choice.best(60, bytes: 390_000)
    #expect(try choice.wanting(in: chosen).isEmpty)
    try GoldenLogs.write(chosen)
  }

  /// What some golden log must have, and none has.
  private static func wanting(in matters: [GoldenMatter]) throws -> Set<String> {
    let own = ["item.placed", "item.policy-moved", "item.followed", "entry.set-aside"]
    var wanted = Set((EventType.all.keys + own).map { "type \($0)" } + Breach.Status.allCases.map { "breach \($0)" })
    wanted.formUnion(["clean", "failed", "unverified"].map { "report \($0)" })
    for trigger in Trigger.allCases {
      // Only a sweep warns, and writes nothing of it into a log.
      for phase in Item.Phase.allCases
      where ![.impossible, .warned].contains(TransitionTable.transition(trigger, in: phase)) {
        wanted.insert("\(trigger) in \(phase)")
      }
    }
    // 补派 is of what is open, and a calendar finds no deadline in what is not.
    wanted.subtract(["isPlaced in awaited", "calendarCame in awaited"])
    return wanted.subtracting(try matters.flatMap { try GoldenChoice.features($0) })
  }
}
