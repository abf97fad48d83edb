// The calendars of workdays: imported by an operator each year, kept in versions.

import Duban
import PostgreSQL

/// A calendar in the database, and how it came there.
public struct ImportedCalendar: Sendable {
  public var calendar: WorkCalendar
  public var name: String
  public var importedAt: Instant
  public var importedBy: String
}

extension Store {
  /// The time by the database's clock, the only one that counts.
  public func now() throws -> Instant {
    try connection.execute("SELECT duban_now()").only().decode(0)
  }

  /// The calendar in force.
  ///
  /// - Throws: ``StoreFault`` where none has been imported yet, or it cannot be read.
  public func calendarInForce() throws -> ImportedCalendar {
    let rows = try connection.execute(
      """
      SELECT version, name, document, imported_at, imported_by
      FROM reference_version JOIN calendar ON calendar.version = reference_version.calendar
      """)
    guard let row = rows.first else { throw StoreFault("no calendar has been imported; run: dubanctl calendar import FILE") }
    return try Self.calendar(row)
  }

  /// Every calendar that was ever in force, in the order of their import.
  func calendars() throws -> [ImportedCalendar] {
    try connection.execute("SELECT version, name, document, imported_at, imported_by FROM calendar ORDER BY version").map {
      try Self.calendar($0)
    }
  }

  private static func calendar(_ row: Row) throws -> ImportedCalendar {
    let version: Int = try row.decode(0)
    do {
      return ImportedCalendar(
        calendar: try WorkCalendar(csv: row.decode(2), version: version), name: try row.decode(1), importedAt: try row.decode(3),
        importedBy: try row.decode(4))
    } catch let fault as FileFault {
      throw StoreFault("calendar version \(version) in the database cannot be read: \(fault)")
    }
  }

  /// Makes a calendar the one in force, and returns it.
  ///
  /// Its version is a new one, or the present one where the document is the same to the letter. With `losingYears` it may lack years that the
  /// calendar in force announces.
  /// - Throws: ``FileFault`` where the document is not a valid calendar, or lacks a year; nothing is changed then.
  public func importCalendar(_ document: String, name: String, by: String, losingYears: Bool = false) throws -> WorkCalendar {
    var calendar = try WorkCalendar(csv: document, version: 0)
    return try changingReferences { store in
      // Locked in a statement of its own, so that of two imports at once the second sees what the first has done.
      _ = try store.connection.execute("SELECT calendar FROM reference_version FOR UPDATE")
      let present = try store.connection.execute(
        "SELECT version, document FROM reference_version JOIN calendar ON calendar.version = reference_version.calendar")
      if let row = present.first {
        let earlier: String = try row.decode(1)
        if earlier == document {
          calendar.version = try row.decode(0)
          return calendar
        }
        // One that cannot be read any more must not stand in the way of one that can.
        if !losingYears, let earlier = try? WorkCalendar(csv: earlier, version: 0) { try calendar.checkYears(of: earlier) }
      }
      let row = try store.connection.execute(
        "INSERT INTO calendar (name, document, imported_at, imported_by) VALUES ($1, $2, duban_now(), $3) RETURNING version",
        name, document, by)
      calendar.version = try row.only().decode(0)
      _ = try store.connection.execute("UPDATE reference_version SET calendar = $1", Int32(calendar.version))
      return calendar
    }
  }
}

extension WorkCalendar {
  /// Refuses a calendar that lacks a year of another: the days of that year would be counted as if none were off.
  func checkYears(of earlier: WorkCalendar) throws(FileFault) {
    let lost = earlier.announcedYears.filter { !isAnnounced(year: $0) }
    guard !lost.isEmpty else { return }
    throw FileFault(
      "\(lost.map(String.init).joined(separator: ", ")) \(lost.count == 1 ? "is" : "are") announced in the calendar in force, and not in this "
        + "file; add the days of the earlier years (dubanctl calendar show has them), or import it with --losing-years")
  }
}
