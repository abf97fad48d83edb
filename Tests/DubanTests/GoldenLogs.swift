// The golden logs: read from their folder, and folded by the policies, calendars and organs that lie beside them.

import Foundation
import TestSamples

@testable import Duban

/// The folder `GoldenLogs`. It has copies of all that a fold refers to, so that a change of the sample city does not touch them.
///
/// No line is ever rewritten. Where a type of event is wanting, matters with it are added in a file of their own:
///
///     DUBAN_GOLDEN=1 deploy/test GoldenLog
enum GoldenLogs {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "GoldenLogs")
  static let areToBeWritten = ProcessInfo.processInfo.environment["DUBAN_GOLDEN"] != nil

  /// Every line of `logs.jsonl` and the files that were added to it.
  static func matters() throws -> [GoldenMatter] {
    try files().flatMap { file in
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(GoldenMatter.self, from: Data($0.utf8))
      }
    }
  }

  /// Writes matters into a file that is not there yet.
  static func write(_ matters: [GoldenMatter]) throws {
    let count = try files().count
    let file = folder.appending(path: count == 0 ? "logs.jsonl" : "logs-\(count + 1).jsonl")
    try Data(matters.map { JSONText.encode($0) + "\n" }.joined().utf8).write(to: file, options: .withoutOverwriting)
  }

  private static func files() throws -> [URL] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jsonl") }.sorted().map {
      folder.appending(path: $0)
    }
  }

  // MARK: - What folds refer to

  static func references(_ change: GoldenMatter.CalendarChange?) throws -> References {
    let known = try calendars.get()
    var calendars = [(from: Instant(microseconds: .min), calendar: known[0])]
    if let change {
      guard let calendar = known.first(where: { $0.version == change.version }) else {
        throw GoldenFault("there is no calendar \(change.version)")
      }
      calendars.append((change.from, calendar))
    }
    return References(
      policies: try policies.get(), directory: try directory.get(), calendars: Calendars(calendars),
      checklists: try SampleCity.checklists.get())
  }

  private static let policies = Result {
    PolicyBook(
      current: try Policy(yaml: text("policy-7.yaml"), version: 7),
      earlier: [try Policy(yaml: text("policy-8.yaml"), version: 8)])
  }

  private static let calendars = Result {
    try (1...3).map { try WorkCalendar(csv: text("calendar-\($0).csv"), version: $0) }
  }

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// Lines of id, tier, name, parent and hours; the operators' own file has no ids, which the logs' stamps name.
  private static let directory = Result {
    let organs = try text("organs.csv").split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 5, let id = Int64(fields[0]) else { throw GoldenFault("organs.csv: '\(line)'") }
      return Organ(
        id: id, tier: Tier(rawValue: fields[1]), name: fields[2], parentID: Int64(fields[3]),
        officeHours: OfficeHours(text: fields[4])
      )
    }
    return Directory(version: 2, organs: organs, sources: [])
  }
}

// MARK: - Folding

extension GoldenMatter {
  /// The log, read back as the store reads it.
  func entries() throws -> [Entry] { try log.map { try $0.entry() } }

  /// The whole fold of the log.
  func fold() throws -> Fold {
    let entries = try entries()
    let recorded = try breaches.map { try $0.breach(of: id) }
    var matter = Matter(id: id, key: key, kind: kind, born: born)
    (matter.log.breaches, matter.log.sweptTo) = (Int32(recorded.count), sweptTo)
    // All lapses are on record: the time of the fold must not show.
    let now = (entries.last?.recordedAt ?? Instant(microseconds: 0)) + .days(400)
    return Fold.whole(entries, of: matter, references: try GoldenLogs.references(calendar), now: now, recorded: recorded)
  }
}

extension GoldenMatter.Made {
  init(_ fold: Fold) {
    (opening, state) = (fold.matter.opening.map(OpeningLine.init), fold.matter.stateText)
    lapses = fold.lapses.map(LapseLine.init)
    verdicts = fold.verdicts.sorted { $0.key < $1.key }.compactMap { VerdictLine($0, $1) }
  }
}
