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
      let (before, now) = (JSONText.encode(matter.makes), JSONText.encode(GoldenMatter.Made(try matter.fold())))
      if before != now {
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

  @Test func `Golden logs have every type of event, every trigger and every transition that a log can have`() throws {
    let matters = try GoldenLogs.matters()
    #expect(
      Self.wantingTypes(matters).isEmpty,
      "let MatterHistory tell of them, then run: DUBAN_GOLDEN=1 deploy/test GoldenLog, which adds a file and changes none")
    let cells = try matters.reduce(into: Set<GoldenCells.Cell>()) { $0.formUnion(try GoldenCells($1).cells) }
    // Only a sweep warns, and writes nothing of it into a log.
    #expect(Set(Trigger.allCases).subtracting(cells.map(\.trigger)) == [.warningDue])
    let transitions = Set(cells.map { TransitionTable.transition($0.trigger, in: $0.phase) })
    #expect(Set(Transition.allCases).subtracting(transitions) == [.warned, .impossible])
    #expect(Set(matters.flatMap(\.breaches).map(\.status)) == Set(Breach.Status.allCases.map(\.rawValue)))
  }

  @Test(.enabled(if: GoldenLogs.areToBeWritten))
  func `Golden logs are written where a type is wanting`() throws {
    let matters = try GoldenLogs.matters()
    let wanting = Set(Self.wantingTypes(matters).map { "type \($0)" })
    guard !wanting.isEmpty else { return }
    let choice = try GoldenChoice(seeds: 0..<2000)
    try GoldenLogs.write(
      matters.isEmpty ? choice.best(60, bytes: 390_000) : choice.best(5, bytes: 50_000, having: wanting))
  }

  /// The types of events that no golden log has.
  private static func wantingTypes(_ matters: [GoldenMatter]) -> [String] {
    let own = ["item.placed", "item.policy-moved", "item.followed", "entry.set-aside"]
    return (EventType.all.keys + own).filter { type in !matters.contains { $0.log.contains { $0.type == type } } }.sorted()
  }
}
