// The daemon: which services run, in which order they stop, and the bound on stopping.

import Duban
import DubanSettings
import Logging
import ServiceLifecycle

/// `duband` as one value: every role's workers, the audit, the status page and systemd's notifier.
public struct Daemon: Sendable {
  private let settings: Settings
  private let logger: Logger
  public let health: Health

  public init(_ settings: Settings, logger: Logger) {
    self.settings = settings
    self.logger = logger
    health = Health(auditBound: settings.auditBound)
  }

  /// All services as one: its `run()` lasts until graceful shutdown is triggered. Then it drains: intake stops consuming, finishes and acknowledges what it holds and hands back the rest;
  /// the other roles finish what they have begun.
  ///
  /// `run()` throws what a service cannot recover from by itself, such as a status port that is taken.
  public func group() -> ServiceGroup { ServiceGroup(services: services, logger: logger) }

  /// Shut down from the last to the first: the notifier, so that systemd hears of it; intake, so that nothing more comes in;
  /// the relay after all that write to the outbox.
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
    // Half of what the audit grants, so that it does not complain of a wait that is meant.
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
    // No role, so that no choice of roles leaves a fleet without it.
    add("audit") { try AuditJob($0) }
    add(.relay) { try RelayJob($0) }
    add(.upkeep) { try UpkeepJob($0) }
    add(.schedules) { try ScheduleJob($0) }
    add(.deadlines) { try DeadlineJob($0) }
    add(.intake, settings.intakeWorkers) { try IntakeJob($0) }
    return workers
  }
}
