// dubanctl items explain: why each deadline of an item is the day it is.

import ArgumentParser
import Duban
import DubanStore

extension Items {
  struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says of each deadline of an item why it is that day: what was counted, by which policy and calendar.",
      discussion: "Where the log comes to other deadlines than the item has, that is a defect: it says so, and exits with 1.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER; of a unit's part with #UNIT behind.") var item: String

    func run() async throws {
      let store = try await connections.migratedStore()
      guard let summary = try store.item(named: item) else { throw ValidationError("no item \(item)") }
      let replay = try store.replay()
      // As far as the item went when it was read: duband may be at work on it.
      let log = try store.logs(of: [summary.item.id])[summary.item.id]?.prefix(Int(summary.item.sequence)) ?? []
      let outcome = try read(summary.item, Array(log), replay)
      let steps = outcome.steps.map { StepView($0, replay.directory) }
      let view = ExplanationView(
        item: ItemView(summary), isProvisional: summary.item.provisionalUnder != nil, deadlines: steps.flatMap(\.deadlines),
        reckonings: steps.compactMap(\.reckoning), contradiction: contradiction(summary.item, outcome.item))
      if output.json {
        try output.print(view, table: Table(heading: [], rows: []))
      } else {
        let running = outcome.steps.flatMap(\.derivations).last { $0.sets(summary.item.deadline, of: summary.item) }
        print("\(summary.item.key): \(view.now(isProvisional: running?.isProvisional ?? false))")
        for step in steps { print("\n" + step.lines.joined(separator: "\n")) }
      }
      if let contradiction = view.contradiction {
        warn(contradiction)
        throw ExitCode.failure
      }
    }

    private func contradiction(_ item: Item, _ replayed: Item) -> String? {
      func dates(_ item: Item) -> String {
        let running = item.deadline.map { "\($0.clock.chinese) due \($0.dueAt.rfc3339)" } ?? "no deadline"
        return running + (item.resolutionDueAt.map { ", to be settled by \($0.rfc3339)" } ?? "")
      }
      guard dates(item) != dates(replayed) else { return nil }
      return "DEFECT: the item has \(dates(item)); its log comes to \(dates(replayed)); please report it"
    }

    private func read(_ item: Item, _ log: [LoggedEvent], _ replay: Replay) throws(ValidationError) -> Replay.Outcome {
      do throws(Refusal) {
        return try replay.asItWas(item, log)
      } catch {
        throw ValidationError("the log cannot be read any more: \(error.detail) (\(error.pointer))")
      }
    }
  }
}

private struct ExplanationView: Encodable {
  var item: ItemView
  /// Whether any deadline of it rests on a year that is not announced; each says it of itself too.
  var isProvisional: Bool
  var deadlines: [DeadlineView]
  var reckonings: [ReckoningView]
  /// What the item has and what its log comes to, where they differ.
  var contradiction: String?

  func now(isProvisional: Bool) -> String {
    if let held = item.held { return held }
    guard let dueAt = item.dueAt, let clock = item.clock else { return "no deadline runs" }
    return "\(clock) due \(dueAt)" + (isProvisional ? ", provisional: a year that it reaches is not announced" : "")
  }
}

extension Derivation {
  /// Whether a deadline came about so.
  fileprivate func sets(_ deadline: Item.Deadline?, of item: Item) -> Bool {
    cycle == item.cycle && clock == deadline?.clock && dueAt == deadline?.dueAt
  }

  /// Why it is not, or not yet, the deadline that runs, in an item as it stood when this was reckoned; nil where it runs.
  fileprivate func standing(in item: Item) -> (isDeadline: Bool, because: String)? {
    if let since = item.suspendedAt, sets(item.deadline, of: item) { return (true, "held since \(since.rfc3339)") }
    switch (clock, item.deadline) {
    case _ where sets(item.deadline, of: item): return nil
    case (.resolution, let running?) where running.clock == .response: return (true, "runs once the matter is answered (响应)")
    case (.response, let running?) where item.phase == .open && running.clock == .resolution:
      return (false, "办结 is due before it, at \(running.dueAt.rfc3339), and whoever settles a matter has answered it")
    case (.response, _?): return (false, "the matter is answered")
    case (.resolution, let running?): return (false, "办结 is due at \(running.dueAt.rfc3339) at this tier")
    case (_, nil):
      return (
        false, item.phase == .closed ? "the matter is closed" : "it was let pass at the top of the chain, and nobody is above"
      )
    }
  }
}

/// A line of the log that set deadlines, or reckoned them anew.
private struct StepView {
  private let heading: String
  var reckoning: ReckoningView?
  var deadlines: [DeadlineView]

  init(_ step: Replay.Step, _ directory: Directory) {
    let at = step.event.recordedAt.rfc3339
    reckoning = ReckoningView(type: step.event.type, at: at, body: step.event.body)
    heading = "\(at)  \(step.event.type)"
    deadlines = step.derivations.map { DeadlineView(step.event, $0, in: step.item, directory) }
  }

  var lines: [String] {
    let first = heading + (reckoning.map { ": \($0.summary)" } ?? "")
    guard !deadlines.isEmpty else { return [first] }
    return Array(deadlines.enumerated().map { [$0 == 0 ? first : heading] + $1.lines }.joined(separator: [""]))
  }
}

/// A deadline and its ground, as it is printed.
private struct DeadlineView: Encodable {
  var because: String
  var at: String
  var clock: String
  var tier: String
  var organ: String?
  var dueAt: String
  /// Whether it rests on a year that was not announced when it was reckoned.
  var isProvisional: Bool
  /// Whether it was to be kept then; not where another clock went first for good, or nobody was left above.
  var isDeadline: Bool
  /// Why it did not run then, or not yet; absent where it did.
  var standing: String?
  var ground: String
  /// What was left of the allowance when its clock was held.
  var left: String?
  var policyVersion: Int
  var policyLine: Int
  /// When its clock should have started, where it started at the hearing instead, and why it did.
  var nominalStart: String?
  var heard: String?
  var calendarVersion: Int?
  var counted: [String]?
  var skipped: [String]?

  init(_ event: LoggedEvent, _ d: Derivation, in item: Item, _ directory: Directory) {
    (because, at, clock, tier) = (event.type, event.recordedAt.rfc3339, d.clock.chinese, d.tier.chinese)
    (organ, dueAt, policyVersion, policyLine) = (directory.name(of: d.organID), d.dueAt.rfc3339, d.policyVersion, d.policyLine)
    let standing = d.standing(in: item)
    (isProvisional, isDeadline, self.standing, left) = (d.isProvisional, standing?.isDeadline ?? true, standing?.because, d.left)
    switch d.ground {
    case .counted(let allowance, let start): ground = "\(allowance.chinese) from \(start.rfc3339)"
    case .held(let allowance, let since, let until):
      ground =
        "\(d.left.map { "\($0), " } ?? "")what was left of \(allowance.chinese) when its clock was held at \(since.rfc3339), from \(until.rfc3339) on"
    case .extended: ground = "granted by the decision (延期)"
    case .stated(let said): ground = "as the message says: \(said.rfc3339)"
    }
    nominalStart = d.nominalStart?.rfc3339
    if let nominal = d.nominalStart?.rfc3339, let start = d.start {
      let isLate = d.nominalStart.map { $0 < start } ?? false
      heard =
        isLate
        ? "Duban heard of \(nominal) later than the policy's tolerance of \(d.tolerance.microseconds / 1_000_000) s: it counts from the hearing"
        : "said to be at \(nominal), which was still ahead: it counts from the hearing"
    }
    guard let explanation = d.explanation else { return }
    calendarVersion = d.days.calendar.version
    func days(_ role: Explanation.Day.Role) -> [String] {
      explanation.days.filter { $0.role == role }.map { day in
        String(day.date.instant.rfc3339.prefix(10)) + (day.reason.map { " \($0)" } ?? "")
      }
    }
    (counted, skipped) = (days(.counted), days(.skipped))
  }

  var lines: [String] {
    let mark = isProvisional ? ", provisional: a year that it reaches was not announced" : ""
    var lines = [
      isDeadline ? "  \(clock) due \(dueAt) at \(organ ?? tier)\(mark)" : "  \(clock) \(dueAt), no deadline\(mark)",
      "  \(ground)",
    ]
    if let standing { lines.append("  \(isDeadline ? "" : "does not run: ")\(standing)") }
    lines.append(
      "  policy version \(policyVersion), line \(policyLine)" + (calendarVersion.map { "; calendar version \($0)" } ?? ""))
    if let heard { lines.append("  " + heard) }
    if let counted {
      lines.append("  counted \(counted.count)" + (counted.isEmpty ? "" : ": \(counted.joined(separator: ", "))"))
    }
    if let skipped, !skipped.isEmpty { lines.append("  passed over \(skipped.count): \(skipped.joined(separator: ", "))") }
    return lines
  }
}
