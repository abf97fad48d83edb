// The daemon: its services, and the order in which they stop.

import Duban
import DubanSettings
import Logging
import ServiceLifecycle

/// `duband` as one value: the workers of each role, the audit, the status page and the systemd notifier.
public struct Daemon: Sendable {
  private let settings: Settings
  private let logger: Logger
  public let health: Health

  public init(_ settings: Settings, logger: Logger) {
    self.settings = settings
    self.logger = logger
    health = Health(auditBound: settings.auditBound)
  }

  /// Returns all services as one group. Its `run()` returns after graceful shutdown, which drains: intake stops consuming,
  /// finishes and acknowledges the deliveries in hand, and returns the rest to the broker; the other roles finish their
  /// current work.
  ///
  /// `run()` throws errors that a service cannot recover from, such as a status port that is taken.
  public func group() -> ServiceGroup { ServiceGroup(services: services, logger: logger) }

  /// They are shut down from last to first: the notifier first, so that systemd learns of it; then intake, so that no more
  /// messages arrive; the relay after all services that write to the outbox.
  var services: [any Service] {
    var services: [any Service] = []
    if settings.statusPort != 0 {
      services.append(StatusPage(host: settings.statusHost, port: settings.statusPort, health: health, logger: logger))
    }
    services += workers
    services.append(SystemdNotifier(health: health))
    return services
  }

  private var workers: [any Service] {
    var workers: [any Service] = []
    func names(of role: Role, _ count: Int) -> [String] {
      guard settings.roles.contains(role) else { return [] }
      return count == 1 ? [role.rawValue] : (1...count).map { "\(role.rawValue)-\($0)" }
    }
    // Half the audit's bound, so that the audit does not complain of this intended wait.
    let backlog = Backlog(of: names(of: .intake, settings.intakeWorkers), patience: min(.seconds(30), settings.auditBound / 2))
    func add(_ name: String, _ makeJob: @escaping @Sendable (WorkerContext) throws -> any Job) {
      var logger = logger
      logger[metadataKey: "worker"] = "\(name)"
      workers.append(
        Worker(WorkerContext(name: name, settings: settings, health: health, backlog: backlog, logger: logger), makeJob))
    }
    func add(_ role: Role, _ count: Int = 1, _ makeJob: @escaping @Sendable (WorkerContext) throws -> any Job) {
      for name in names(of: role, count) { add(name, makeJob) }
    }
    // The audit is not a role, so that no choice of roles leaves it out.
    add("audit") { try AuditJob($0) }
    add(.relay) { try RelayJob($0) }
    add(.upkeep) { try UpkeepJob($0) }
    add(.schedules) { try ScheduleJob($0) }
    add(.deadlines) { try DeadlineJob($0) }
    if settings.roles.contains(.deadlines) { add("following") { try FollowingJob($0) } }
    let claims = MatterClaims()
    add(.intake, settings.intakeWorkers) { try IntakeJob($0, claims) }
    return workers
  }
}
