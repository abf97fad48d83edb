// A report held against its checklist: every fault with a JSON Pointer and the remedy, or how the report came out.

/// What a checklist makes of a report.
public enum Judgement: Hashable, Sendable {
  /// In the order in which a person mends them; never empty.
  case refused([Refusal])
  case judged(Report.Outcome)
}

extension Checklist {
  /// Holds a report to the checklist. The only function that judges one.
  ///
  /// A check that comes after one that has not passed cannot pass, and need not be reported. One that the report's role may not report is left open
  /// for those who may.
  public func judge(_ report: Report) -> Judgement {
    // A report on another version may lack what this one asks, or say it otherwise: nothing else is worth telling.
    guard report.version == version else {
      return .refused([
        Refusal(
          .invalidValue, at: "/data/checklist/version",
          "version \(version) of \(name) is in force, not \(report.version); fill that in: dubanctl checklists show \(name)")
      ])
    }
    var faults = faultsOfRole(report.role).map { [$0] } ?? []
    faults += faultsOfNames(report.results)
    var (passed, failed, open): (Set<String>, [String], [String]) = ([], [], [])
    for check in checks {
      let hindrance = check.after.first { !passed.contains($0) }
      guard let value = report.results[check.name] else {
        if check.isOptional || hindrance != nil { continue }
        if check.form != .signOff, !check.mayBeReported(by: report.role) {
          open.append(check.name)
        } else {
          faults.append(Refusal(.missingField, at: check.pointer, "report it too: \(check.wanted)"))
        }
        continue
      }
      do throws(Refusal) {
        let passes = try check.passes(value, by: report.role)
        if passes, let hindrance {
          throw Refusal(.invalidValue, at: check.pointer, "it cannot pass before \(hindrance), which has not passed")
        }
        try checkTimes(of: check, value, in: report.results)
        if passes { passed.insert(check.name) } else { failed.append(check.name) }
      } catch {
        faults.append(error)
      }
    }
    return faults.isEmpty ? .judged(.judged(passed: passed.count, failed: failed, open: open)) : .refused(faults)
  }

  private func faultsOfRole(_ role: String?) -> Refusal? {
    let needsRole = !reporters.isEmpty || checks.contains { $0.form != .signOff && !$0.roles.isEmpty }
    guard let role, !role.isEmpty else {
      return needsRole ? Refusal(.missingField, at: "/data/role", "say in which role it is reported: \(roles)") : nil
    }
    guard reporters.isEmpty || reporters.contains(role) else {
      return Refusal(.invalidValue, at: "/data/role", "may be reported by: \(roles)")
    }
    return nil
  }

  /// Who may report, for people.
  private var roles: String {
    let roles = reporters.isEmpty ? checks.filter { $0.form != .signOff }.flatMap(\.roles) : reporters
    return roles.enumerated().filter { !roles[..<$0.offset].contains($0.element) }.map(\.element).joined(separator: ", ")
  }

  private func faultsOfNames(_ results: [String: Report.Value]) -> [Refusal] {
    let names = checks.map(\.name)
    return results.keys.sorted().filter { !names.contains($0) }.map { unknown in
      Refusal(
        .invalidValue, at: "/data/results/\(unknown)",
        "the checklist has no such check; remove it, or correct its name\(names.nearest(to: unknown).suggestion)")
    }
  }

  /// A sign-off that states its time is not earlier than those that it comes after.
  private func checkTimes(of check: Check, _ value: Report.Value, in results: [String: Report.Value]) throws(Refusal) {
    guard case .signOff(let own) = value, let at = own.at else { return }
    for name in check.after {
      guard case .signOff(let earlier)? = results[name], let before = earlier.at, at < before else { continue }
      throw Refusal(.invalidValue, at: check.pointer + "/at", "it is earlier than that of \(name), which must come before")
    }
  }
}

extension Checklist.Check {
  fileprivate var pointer: String { "/data/results/\(name)" }

  fileprivate func mayBeReported(by role: String?) -> Bool { roles.isEmpty || role.map(roles.contains) ?? false }

  /// Whether a result passes.
  ///
  /// - Throws: a ``Refusal`` where it is none that the check can have.
  fileprivate func passes(_ value: Report.Value, by role: String?) throws(Refusal) -> Bool {
    if form != .signOff, !mayBeReported(by: role) {
      throw Refusal(
        .invalidValue, at: pointer, "may be reported by: \(roles.joined(separator: ", ")); leave it out, or report in that role")
    }
    switch (form, value) {
    case (.yesNo(let good), .yesNo(let value)): return value == good
    case (.number(let threshold), .number(let number)):
      guard threshold.possible?.contains(number) ?? true else {
        throw Refusal(.invalidValue, at: pointer, "out of range: \(wanted)")
      }
      return number >= threshold.atLeast ?? number && number <= threshold.atMost ?? number
    case (.choice(let choices, let failing), .text(let choice)):
      guard choices.contains(where: { $0.hasSameBytes(as: choice) }) else {
        throw Refusal(.invalidValue, at: pointer, "write \(wanted)")
      }
      return !failing.contains { $0.hasSameBytes(as: choice) }
    case (.text, .text(let text)):
      if text.isBlank { throw Refusal(.missingField, at: pointer, "it says nothing; write \(wanted)") }
      return true
    case (.photo(let least), .text(let reference)), (.document(let least), .text(let reference)):
      return try hold([reference], to: least)
    case (.photo(let least), .references(let references)), (.document(let least), .references(let references)):
      return try hold(references, to: least)
    case (.signOff, .signOff(let signOff)):
      guard roles.contains(signOff.role) else {
        throw Refusal(.invalidValue, at: pointer + "/role", "may be signed by: \(roles.joined(separator: ", "))")
      }
      return signOff.agrees
    default: throw Refusal(.wrongType, at: pointer, "must be \(wanted)")
    }
  }

  private func hold(_ references: [String], to least: Int) throws(Refusal) -> Bool {
    guard Set(references.filter { !$0.isBlank }).count >= least else {
      throw Refusal(.missingField, at: pointer, "must be \(wanted)")
    }
    return true
  }

  /// What a report has to say of it, for people.
  var wanted: String {
    switch form {
    case .yesNo: return "true or false"
    case .number(let threshold):
      let range = threshold.possible.map { " from \($0.lowerBound.plain) to \($0.upperBound.plain)" } ?? ""
      return "a number\(range)" + (threshold.unit.map { " (\($0))" } ?? "")
    case .choice(let choices, _): return choices.alternatives
    case .text: return "a text"
    case .photo(let least): return "references to \(least == 1 ? "a photo" : "\(least) photos") or more"
    case .document(let least): return "references to \(least == 1 ? "a document" : "\(least) documents") or more"
    case .signOff: return "a sign-off { role, agrees, at } by \(roles.alternatives)"
    }
  }
}

extension Double {
  /// Without a fraction where it has none.
  var plain: String { Int64(exactly: self).map { "\($0)" } ?? "\(self)" }
}

extension ChecklistBook {
  /// How the report of an event comes out; nil of an event that reports no results. One on a checklist that is not known is taken, to be checked by
  /// a person (待核).
  ///
  /// - Throws: a ``Refusal`` with the first fault, which names up to four more.
  func outcome(of event: Event) throws(Refusal) -> Report.Outcome? {
    guard case .reported(let report) = event else { return nil }
    guard let checklist = inForce[report.checklist] else { return .unverified }
    switch checklist.judge(report) {
    case .judged(let outcome): return outcome
    case .refused(let faults):
      // A judgement that refuses has a fault.
      guard var first = faults.first else { return .unverified }
      let others = faults.dropFirst()
      for fault in others.prefix(4) { first.detail += "; \(fault.pointer): \(fault.detail)" }
      if others.count > 4 { first.detail += "; and \(others.count - 4) more" }
      throw first
    }
  }
}
