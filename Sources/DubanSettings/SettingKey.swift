// Every setting by name, as an operator meets it: in the file, in the environment, among systemd's credentials.

/// A setting's key in the YAML file. What is not here is no setting.
public enum SettingKey: String, CaseIterable, Sendable {
  case amqpURL = "amqp.url"
  case postgresDSN = "postgres.dsn"
  case roles
  case statusHost = "status.host"
  case statusPort = "status.port"
  case intakeWorkers = "intake.workers"
  case intakePrefetch = "intake.prefetch"
  case intakeBatch = "intake.batch"
  case deadlinesBatch = "deadlines.batch"
  case auditSeconds = "audit.seconds"
  case drainSeconds = "drain.seconds"
  case logLevel = "log.level"
  case logFormat = "log.format"

  static let variablePrefix = "DUBAN_"

  var components: [String] { rawValue.split(separator: ".").map(String.init) }

  /// The environment variable, such as `DUBAN_AMQP_URL`.
  public var variable: String { Self.variablePrefix + components.joined(separator: "_").uppercased() }

  /// The file in `$CREDENTIALS_DIRECTORY`, such as `amqp-url`: the name that swift-configuration gives a key in a directory.
  var credential: String { components.joined(separator: "-") }

  /// Whether its value may hold a password, and so is never shown.
  var isSecret: Bool { self == .amqpURL || self == .postgresDSN }

  /// What begins several keys: `amqp`, `status` and so on.
  static let sections = Set(allCases.filter { $0.components.count > 1 }.map { $0.components[0] })
}
