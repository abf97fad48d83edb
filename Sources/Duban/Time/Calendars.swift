// Every calendar that was ever in force, and since when.

/// The calendars of workdays by the time from which each is in force. A value; read it from any thread.
public struct Calendars: Hashable, Sendable {
  /// In the order of their import.
  public let versions: [(from: Instant, calendar: WorkCalendar)]

  public init(_ versions: [(from: Instant, calendar: WorkCalendar)] = []) {
    self.versions = versions.sorted { $0.from < $1.from }
  }

  /// One that was always in force.
  public init(_ calendar: WorkCalendar) { self.init([(Instant(microseconds: .min), calendar)]) }

  /// The calendar in force at a time; plain weeks before the first.
  public func inForce(at time: Instant) -> WorkCalendar { versions.last { $0.from <= time }?.calendar ?? .unannounced }

  /// The one that was imported last.
  public var latest: WorkCalendar { versions.last?.calendar ?? .unannounced }

  /// When the first calendar came into force after one time and not after another; nil where none did.
  func change(after: Instant?, through: Instant) -> Instant? {
    guard let last = versions.last?.from, let after, last > after else { return nil }
    return versions.first { $0.from > after && $0.from <= through }?.from
  }

  func hasChange(after: Instant, through: Instant) -> Bool { change(after: after, through: through) != nil }

  /// The first calendar after a time that announces every year from one instant to another; nil where none does.
  func announced(after time: Instant, from start: Instant, to end: Instant) -> WorkCalendar? {
    let years = ShanghaiTime(start).year...max(ShanghaiTime(start).year, ShanghaiTime(end).year)
    return versions.first { $0.from > time && years.allSatisfy($0.calendar.isAnnounced) }?.calendar
  }

  public static func == (a: Calendars, b: Calendars) -> Bool {
    a.versions.elementsEqual(b.versions) { $0.from == $1.from && $0.calendar == $1.calendar }
  }

  public func hash(into hasher: inout Hasher) { for version in versions { hasher.combine(version.from) } }
}
