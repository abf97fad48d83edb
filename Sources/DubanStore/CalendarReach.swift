// Another calendar, brought to matters in work: deadlines that span a changed day are recomputed; the record shows before and after.
//
// A fold applies a calendar at the time from which it is in force, so bringing it to a matter is a sweep. Provisional deadlines, which reach
// a year that was not announced, are found by an index. The others are found by one walk over the items after each import, some at a time;
// how far it has come is kept with the calendar, and several daemons take turns.

import Duban
import PostgreSQL

/// What another calendar would change of matters in work.
public struct CalendarTrial: Sendable {
  /// A deadline, by the calendar in force and by the other.
  public struct Deadline: Hashable, Sendable {
    public var item: ItemKey
    public var clock: Item.ClockKind
    public var before: Instant?
    public var after: Instant?
  }

  public var calendar: WorkCalendar
  /// The days that are workdays by one of the two alone.
  public var days: [ShanghaiTime]
  /// How many deadlines of how many items would change.
  public var deadlines = 0
  public var items = 0
  /// The first of them, by the number of the item.
  public var first: [Deadline] = []
}

/// What a round of recomputing came to.
public struct Recomputed: Sendable {
  /// Matters that were changed.
  public var count = 0
  /// Whether there is nothing more to do for now.
  public var isAtEnd: Bool
}

extension Store {
  /// Recomputes the deadlines of matters that rest on years which were not announced, or span days that the calendar in force has changed;
  /// at most `limit` matters, of the next `window` items.
  public func recomputeChanged(limit: Int, window: Int = 50_000) throws -> Recomputed {
    try transaction { store in
      let walk = try store.connection.execute(
        """
        SELECT version, reached FROM calendar WHERE version = (SELECT calendar FROM reference_version) AND reached IS NOT NULL
        FOR UPDATE SKIP LOCKED
        """)
      guard let walk = walk.first else { return Recomputed(isAtEnd: true) }
      let (version, reached): (Int32, Int64) = (try walk.decode(0), try walk.decode(1))
      guard let next = try store.counted(over: store.changedDays(), after: reached, limit: limit, window: window) else {
        _ = try store.connection.execute(
          "UPDATE calendar SET reached = NULL WHERE version <= $1 AND reached IS NOT NULL", version)
        return Recomputed(isAtEnd: true)
      }
      // A matter that another transaction holds is left for the next round.
      let matters = try store.connection.execute(
        "SELECT \(ItemRow.selection) FROM item WHERE id = ANY ($1) ORDER BY source, subject FOR UPDATE SKIP LOCKED",
        Set(next.items.map(\.matter)).sorted()
      ).map { try ItemRow.read($0) }
      let taken = Set(matters.map(\.id))
      let held = next.items.filter { !taken.contains($0.matter) }.map(\.id).min()
      let done = held.map { $0 - 1 } ?? next.last
      _ = try store.connection.execute("UPDATE calendar SET reached = $2 WHERE version = $1", version, done)
      return Recomputed(count: try store.recompute(matters), isAtEnd: held != nil)
    }
  }

  /// Says what would come of a calendar if it were imported now; changes nothing.
  ///
  /// Matters are folded by the calendar in force, too, so that what is due and not handled yet is no difference. Reads some matters at a time,
  /// each time in a transaction of its own.
  /// - Throws: ``FileFault`` where the import would be refused.
  public func tryCalendar(_ document: String, losingYears: Bool = false, listing limit: Int, window: Int = 50_000) throws
    -> CalendarTrial
  {
    let calendar = try WorkCalendar(csv: document, version: 0)
    let present = try referencesInForce().0.calendars.latest
    if !losingYears { try calendar.checkYears(of: present) }
    var trial = CalendarTrial(calendar: calendar, days: calendar.days(unlike: present))
    let days = trial.days.map(\.instant)
    var reached: Int64 = 0
    var seen: Set<Int64> = []
    while let last = try transaction({ try $0.add(to: &trial, &seen, days, after: reached, listing: limit, window: window) }) {
      reached = last
    }
    return trial
  }

  /// Adds the matters of the next rows, each once: a whole and its parts have rows of their own.
  private func add(
    to trial: inout CalendarTrial, _ seen: inout Set<Int64>, _ days: [Instant], after id: Int64, listing limit: Int, window: Int
  ) throws -> Int64? {
    guard let next = try counted(over: days, after: id, limit: 500, window: window) else { return nil }
    let matters = try connection.execute(
      "SELECT \(ItemRow.selection) FROM item WHERE id = ANY ($1) ORDER BY id",
      Set(next.items.map(\.matter)).subtracting(seen).sorted()
    ).map { try ItemRow.read($0) }
    seen.formUnion(matters.map(\.id))
    guard !matters.isEmpty else { return next.last }
    let pasts = try pasts(of: matters)
    let (references, now) = try references()
    var others = references
    others.calendars = Calendars(references.calendars.versions + [(from: now, calendar: trial.calendar)])
    for matter in matters {
      guard let past = pasts[matter.id] else { continue }
      func fold(_ references: References) -> Matter {
        var fold = Fold.whole(past.log, of: matter, references: references, now: now, recorded: past.chronicle.breaches)
        fold.sweep(to: now)
        return fold.matter
      }
      let changes = Recomputation(fold(references), fold(others)).changes
      trial.deadlines += changes.count
      trial.items += Set(changes.map(\.unit)).count
      for change in changes.prefix(limit - trial.first.count) {
        trial.first.append(
          CalendarTrial.Deadline(
            item: matter.key(of: change.unit), clock: change.clock, before: change.before, after: change.after))
      }
    }
    return next.last
  }

  /// The days that calendars have changed since all matters in work were brought to one.
  private func changedDays() throws -> [Instant] {
    let reached: Int? = try connection.execute("SELECT max(version) FROM calendar WHERE reached IS NULL").only().decode(0)
    let since = try calendars().map(\.calendar).filter { $0.version >= reached ?? 0 }
    let before = (reached == nil ? [.unannounced] : []) + since
    return Set(zip(before, before.dropFirst()).flatMap { $1.days(unlike: $0).map(\.instant) }).sorted()
  }

  /// Rows in work, behind `id` and among the next `window` of all, with a deadline that was counted over one of the days or is provisional,
  /// and up to which row that is all; nil where there are none behind it.
  private func counted(over days: [Instant], after id: Int64, limit: Int, window: Int) throws
    -> (items: [(id: Int64, matter: Int64)], last: Int64)?
  {
    let items = try connection.execute(
      """
      SELECT id, matter_id FROM (
        SELECT id, matter_id, phase, provisional, counted_from, counted_to FROM item WHERE id > $1 ORDER BY id LIMIT $2) AS next
      WHERE phase IN ('open', 'responded', 'merged') AND (provisional OR EXISTS (
        SELECT FROM unnest($3::timestamptz[]) AS day WHERE counted_to >= day AND counted_from < day + interval '24 hours'))
      ORDER BY id LIMIT $4
      """, id, window, days, limit
    ).map { (id: try $0.decode(0, as: Int64.self), matter: try $0.decode(1, as: Int64.self)) }
    if items.count == limit, let last = items.last { return (items, last.id) }
    let end: Int64? = try connection.execute(
      "SELECT max(id) FROM (SELECT id FROM item WHERE id > $1 ORDER BY id LIMIT $2) AS next", id, window
    ).only().decode(0)
    return end.map { (items, $0) }
  }

  /// Folds matters up to now, which applies the calendar. A breach by a deadline that was provisional may be found not to have happened.
  private func recompute(_ matters: [Matter]) throws -> Int {
    guard !matters.isEmpty else { return 0 }
    let pasts = try pasts(of: matters)
    let (references, now) = try references()
    var effects = Effects()
    var count = 0
    for before in matters {
      guard let past = pasts[before.id] else { continue }
      var fold = Fold.whole(past.log, of: before, references: references, now: now, recorded: past.chronicle.breaches)
      fold.sweep(to: now)
      effects.add(whole: fold, log: past.log, onto: past.chronicle)
      let changes = Recomputation(before, fold.matter)
      guard !changes.isEmpty else { continue }
      count += 1
      effects.findings.append(changes.finding(calendar: references.calendars.latest.version))
    }
    try write(effects, at: now)
    return count
  }
}
