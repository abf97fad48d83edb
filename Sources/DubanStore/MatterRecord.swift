// All that is on record of one matter, for people to read.

import Duban

/// A matter's log and all that is on record of it.
public struct MatterRecord: Sendable {
  public var log: [Entry]
  public var breaches: [Breach]
  public var verdicts: [Int32: Verdict]
  public var findings: [FindingRow]
}

extension Store {
  /// All that is on record of a matter, as of one moment.
  public func record(of matter: Matter) throws -> MatterRecord {
    try transaction { store in
      let past = try store.pasts(of: [matter])[matter.id]
      return MatterRecord(
        log: past?.log ?? [], breaches: past?.chronicle.breaches ?? [],
        verdicts: past?.chronicle.verdicts.mapValues(\.verdict) ?? [:], findings: try store.findings(of: matter.id))
    }
  }
}
