// Checklists: applied by an operator, each name in versions of its own, read by every worker.

import Duban
import PostgreSQL

/// A checklist as it was applied.
public struct ChecklistVersion: Sendable {
  public var checklist: Checklist
  public var document: String
  public var appliedAt: Instant
  public var appliedBy: String
  public var isInForce: Bool
}

extension Store {
  /// The latest version of each name.
  func loadChecklists() throws -> ChecklistBook {
    ChecklistBook(
      try connection.execute("SELECT DISTINCT ON (name) name, version, document FROM checklist ORDER BY name, version DESC").map {
        try Self.checklist($0)
      })
  }

  private static func checklist(_ row: Row) throws -> Checklist {
    let (name, version): (String, Int) = (try row.decode(0), try row.decode(1))
    do {
      return try Checklist(stored: row.decode(2), version: version)
    } catch let fault as FileFault {
      throw StoreFault("checklist \(name) version \(version) in the database cannot be read: \(fault)")
    }
  }

  /// Makes checklists the ones in force for reports from now on; those of other names stay.
  ///
  /// Returns them with their versions: a new one, or the present one where the document is the same to the letter.
  /// - Throws: ``FileFault`` where a document is no valid checklist; nothing is changed then.
  public func apply(checklists documents: [String]) throws -> [Checklist] {
    let read = try documents.map { (checklist: try Checklist(yaml: $0), document: $0) }
    return try changingReferences { store in
      // The transactions that fold share it, and another operator's apply waits here.
      _ = try store.connection.execute("SELECT 1 FROM reference_version FOR UPDATE")
      var (applied, isNews): ([Checklist], Bool) = ([], false)
      for (var checklist, document) in read {
        let present = try store.connection.execute(
          "SELECT version, document FROM checklist WHERE name = $1 ORDER BY version DESC LIMIT 1", checklist.name)
        checklist.version = try present.first.map { try $0.decode(0) } ?? 0
        if try present.first.map({ try $0.decode(1) != document }) ?? true {
          isNews = true
          checklist.version += 1
          _ = try store.connection.execute(
            "INSERT INTO checklist (name, version, title, document, applied_at) VALUES ($1, $2, $3, $4, duban_now())",
            checklist.name, Int32(checklist.version), checklist.title, document)
        }
        applied.append(checklist)
      }
      if isNews { _ = try store.connection.execute("UPDATE reference_version SET checklists = checklists + 1") }
      return applied
    }
  }

  /// Every checklist that was ever applied, by name and version.
  public func checklistVersions() throws -> [ChecklistVersion] {
    try connection.execute(
      """
      SELECT name, version, document, applied_at, applied_by, version = max(version) OVER (PARTITION BY name) FROM checklist
      ORDER BY name, version
      """
    ).map { row in
      ChecklistVersion(
        checklist: try Self.checklist(row), document: try row.decode(2), appliedAt: try row.decode(3),
        appliedBy: try row.decode(4),
        isInForce: try row.decode(5))
    }
  }
}
