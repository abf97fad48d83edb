// What the record says of a finding, read back for people.

import Duban
import DubanStore
import FoundationEssentials

/// The facts of a finding, as far as people are shown them.
struct FindingFacts: Decodable {
  struct Item: Decodable { var unit: String? }
  struct Change: Decodable { var after, before, clock, unit: String? }

  var item: Item?
  var breach, revision: Int32?
  var clock, dueAt, dueAtBefore, nextDueAt, countedFrom: String?
  var from, fromOrgan, to, toOrgan, organ, tier, slip, status: String?
  var at, by, because, decision: String?
  var calendar: Int?
  var deadlines: [Change]?

  init(_ finding: FindingRow) {
    // What cannot be read says nothing; its type is shown all the same.
    self = (try? JSONDecoder().decode(FindingFacts.self, from: Data(finding.data.utf8))) ?? FindingFacts()
  }

  private init() {}

  private var kind: String { clock.flatMap(Duban.Item.ClockKind.init)?.chinese ?? clock ?? "" }
  private var state: String { status.flatMap(Breach.Status.init).map { "\($0.rawValue) (\($0.chinese))" } ?? status ?? "" }

  /// In a line.
  func summary(_ type: String) -> String {
    switch type {
    case "item.escalated", "item.overdue":
      let next =
        to == from ? "no organ is above" : "\(toOrgan ?? to ?? "") supervises (督办)" + (nextDueAt.map { " until \($0)" } ?? "")
      let late = countedFrom.map { ", counted from \($0), when it was found" } ?? ""
      return "breach \(breach ?? 0): \(kind) was due \(dueAt ?? "") at \(fromOrgan ?? from ?? ""); \(next)\(late)"
    case "item.due-soon": return "\(organ ?? tier ?? "") is warned: \(kind) due \(dueAt ?? "")"
    case "item.resumed": return "the longest pause was over at \(at ?? "")"
    case "breach.decided": return "breach \(breach ?? 0): \(decision ?? "") by \(by ?? ""), because \(because ?? "")"
    case "item.recomputed":
      let changes = (deadlines ?? []).map { change in
        "\(change.unit.map { "\($0) " } ?? "")\(change.clock.flatMap(Duban.Item.ClockKind.init)?.chinese ?? "")"
          + " \(change.before ?? "–") → \(change.after ?? "–")"
      }
      return "by calendar version \(calendar ?? 0); " + changes.joined(separator: "; ")
    default:
      guard let breach else { return type }
      let moved = dueAtBefore.map { ", due \(dueAt ?? "") instead of \($0)" } ?? ""
      return "breach \(breach): \(state)\(moved)"
    }
  }
}
