// What the log says of deadlines that were reckoned anew: by whom or what, why, and each before and after.

import DubanStore
import FoundationEssentials

/// A move to another policy version (`item.policy-moved`), or a reckoning by another calendar (`item.recomputed`), as it is printed.
struct ReckoningView: Encodable {
  var type, at: String
  /// Who moved it and why, and from which policy version to which; absent where a calendar came.
  var by, because: String?
  var fromPolicy, toPolicy: Int?
  var calendarVersion: Int
  var dueAtBefore, dueAt, resolutionDueAtBefore, resolutionDueAt: String?

  /// Nil for a line of the log that is no reckoning.
  init?(type: String, at: String, body: String) {
    guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(body.utf8)) else { return nil }
    (self.type, self.at, by, because) = (type, at, entry.by, entry.because)
    (fromPolicy, toPolicy, calendarVersion) = (entry.from, entry.to, entry.reckoning.calendar)
    (dueAtBefore, dueAt) = (entry.reckoning.dueAtBefore, entry.reckoning.dueAt)
    (resolutionDueAtBefore, resolutionDueAt) = (entry.reckoning.resolutionDueAtBefore, entry.reckoning.resolutionDueAt)
  }

  /// What the machine writes into the log.
  private struct Entry: Decodable {
    struct Reckoning: Decodable {
      var calendar: Int
      var dueAtBefore, dueAt, resolutionDueAtBefore, resolutionDueAt: String?
    }

    var from, to: Int?
    var because, by: String?
    var reckoning: Reckoning
  }

  /// Who, why, before → after.
  var summary: String {
    var words: [String] = []
    if let by, let because { words.append("by \(by), because \(because)") }
    if let fromPolicy, let toPolicy {
      words.append("policy version \(fromPolicy) → \(toPolicy)")
    } else {
      words.append("by calendar version \(calendarVersion)")
    }
    for (name, before, after) in [("due", dueAtBefore, dueAt), ("办结", resolutionDueAtBefore, resolutionDueAt)]
    where before != nil || after != nil {
      words.append(before == after ? "\(name) \(after ?? "") as before" : "\(name) \(before ?? "–") → \(after ?? "–")")
    }
    return words.joined(separator: "; ")
  }
}
