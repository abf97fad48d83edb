// Schedules: writes the 通报 and 约谈 of the periods that have ended, and sleeps until the next one ends.

import Duban
import DubanStore
import Logging
import Metrics
import struct PostgreSQL.PostgresError

/// Claims due schedules one at a time until told to stop. Any number of these share the work.
final class ScheduleJob: Job {
  private let context: WorkerContext
  private let store: Store
  private let notices = Counter(label: "duban_notices", dimensions: [("origin", "schedule")])
  /// Schedules whose own writing fails.
  private var stuck = StuckSet(pause: .seconds(60))

  init(_ context: WorkerContext) throws {
    self.context = context
    store = try context.connectStore()
    try store.listen(to: .schedule)
  }

  func run(until stop: StopSignal) throws {
    while !stop.isRaised {
      let hasFired = try fireOne()
      context.isWorking()
      if !hasFired {
        let pause = max(try store.timeUntilNextSchedule(), stuck.ids().isEmpty ? .milliseconds(20) : .seconds(1))
        try store.wait(timeout: pause, orReadable: [stop.descriptor])
      }
    }
  }

  private func fireOne() throws -> Bool {
    var claimed: Schedule?
    do {
      return try fire(&claimed)
    } catch let error as PostgresError where !store.isLost && error.isAboutData {
      guard let claimed else { throw error }
      context.logger.error(
        "a schedule cannot be fired; left aside", metadata: ["schedule": "\(claimed.name)", "why": "\(error)"])
      stuck.leaveAside(claimed.id)
      return true
    }
  }

  private func fire(_ claimed: inout Schedule?) throws -> Bool {
    guard try store.timeUntilNextSchedule() <= .zero else { return false }
    let now = try store.now()
    // Breaches found before now may still be on their way. Before the transaction, which would wait for itself.
    try store.awaitWriters()
    let fired = try store.transaction { store -> (Schedule, Int)? in
      guard let (schedule, dueAt) = try store.claimDueSchedule(now: now, except: stuck.ids()) else { return nil }
      claimed = schedule
      let (references, _) = try store.references()
      let firing = schedule.firing(dueAt: dueAt, now: now)
      var effects = Effects()
      for period in firing.periods {
        effects.notices += try Self.notices(of: schedule, for: period, references, at: now, store)
      }
      effects.announcements = effects.notices.map {
        $0.announcement(for: references.directory.audience(of: $0.organID), orderKey: $0.organID ?? 0)
      }
      try store.writeScheduled(effects, at: now)
      try store.advance(schedule, to: firing.nextAt)
      return (schedule, effects.notices.count)
    }
    guard let (schedule, count) = fired else { return false }
    notices.increment(by: count)
    context.logger.info("schedule fired", metadata: ["schedule": "\(schedule.name)", "notices": "\(count)"])
    return true
  }

  private static func notices(
    of schedule: Schedule, for period: Period, _ references: References, at now: Instant, _ store: Store
  ) throws -> [Notice] {
    // What counts for no one matter is cited as the policy in force has it.
    let (directory, basis) = (references.directory, references.policies.current.basis)
    let organs = directory.organs.values.filter { $0.tier == schedule.tier }.sorted { $0.id < $1.id }
    switch schedule.notice {
    case .bulletin:
      let figures = try store.streetFigures(in: period)
      return organs.filter { !$0.isRetired }.map {
        .bulletin(to: $0, figures[$0.id] ?? [], in: period, schedule: schedule, by: basis, at: now)
      }
    case .summons:
      let breaches = try store.organBreaches(at: schedule.tier, in: period)
      // A unit beside the chain answers for what it let pass where the chain starts.
      let units = directory.organs.values.filter(\.isUnit).sorted { $0.id < $1.id }
      return (organs + units).compactMap { organ in
        guard let lapses = breaches[organ.id], lapses.count >= schedule.threshold else { return nil }
        return .summons(of: organ, for: lapses, in: period, schedule: schedule, by: basis, directory: directory, at: now)
      }
    }
  }
}
