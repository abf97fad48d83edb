// How an inspection's report against a checklist came out, as people and programs are shown it.

import Duban

/// A report of an inspection against a checklist.
public struct ReportView: Encodable, Sendable {
  public var checklist: String
  public var version: Int
  public var role: String?
  public var reportedAt: Instant
  /// `passed`, `failed`, `open` (others must report some checks) or `unverified` (待核).
  public var outcome: String
  public var failed: [String]
  public var open: [String]
  /// Whether problems were found, on the list or beside it.
  public var hasProblems: Bool
  /// Until when a clean report counts, where its checklist is still in force and says so.
  public var validUntil: Instant?

  /// Nil of an entry that is no report against a checklist.
  init?(_ entry: Entry, _ checklists: ChecklistBook) {
    guard case .reported(let report) = entry.event, let outcome = entry.stamp.report else { return nil }
    (checklist, version, role) = (report.checklist, report.version, report.role)
    (reportedAt, hasProblems) = (entry.occurredAt, report.hasProblems)
    switch outcome {
    case .judged(_, let failed, let open):
      (self.failed, self.open) = (failed, open)
      self.outcome = failed.isEmpty ? open.isEmpty ? "passed" : "open" : "failed"
    case .unverified: (failed, open, self.outcome) = ([], [], "unverified")
    }
    let inForce = checklists.inForce[checklist].flatMap { $0.version == version ? $0 : nil }
    if outcome.isClean { validUntil = inForce?.validity.map { reportedAt + $0 } }
  }

  private var summary: String {
    switch outcome {
    case "unverified": "待核: no checklist of this name was known"
    case "failed": "failed: \(failed.joined(separator: "、"))"
    default: outcome
    }
  }

  /// In a line, for people.
  public var text: String {
    let parts = [
      summary,
      open.isEmpty ? nil : "left to others: \(open.joined(separator: "、"))",
      hasProblems ? "with problems" : nil, role.map { "by \($0)" }, validUntil.map { "valid until \($0.rfc3339)" },
    ]
    return "\(checklist) version \(version), " + parts.compactMap(\.self).joined(separator: "; ")
  }
}
