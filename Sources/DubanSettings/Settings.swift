// What an operator can set, its defaults and its bounds.
//
// Three sources, the first that has a key settles it:
//  1. the environment: DUBAN_ and the key in capitals, `DUBAN_AMQP_URL`, `DUBAN_STATUS_PORT`; a list is separated by commas;
//  2. systemd's credentials: files in $CREDENTIALS_DIRECTORY named by the key with a dash for each dot, `amqp-url`, `postgres-dsn`;
//  3. the YAML file of --config, `amqp: {url: …}`; a list is a sequence.
// Whatever is wrong is told at start, by name: a daemon that runs with a setting other than the one written is worse than none.

import AMQP
import FoundationEssentials
import Logging

/// One of the daemon's jobs.
public enum Role: String, CaseIterable, Sendable {
  case intake, deadlines, schedules, relay, upkeep
}

/// What a line of the log looks like.
public enum LogFormat: String, CaseIterable, Sendable {
  /// `time=2026-11-20T08:00:00+08:00 level=info msg="an item is due" label=duban item=17`
  case logfmt
  /// `{"time":"2026-11-20T08:00:00+08:00","level":"info","msg":"an item is due","label":"duban","item":"17"}`
  case json
}

/// The settings of `duband`.
public struct Settings: Sendable {
  /// The brokers: one AMQP URL, or several separated by commas. A secret.
  public var amqpURL: String
  /// The database, as libpq takes it: a URI or `key=value` pairs. A secret.
  public var postgresDSN: String
  /// What this copy of the daemon does. All roles.
  public var roles = Set(Role.allCases)
  /// The address on which the status page listens. 127.0.0.1.
  public var statusHost = "127.0.0.1"
  /// The port of the status page; 0 for none. 8731.
  public var statusPort = 8731
  /// Threads that take messages in, each with its own connections. 2: while one waits for the database, the other reads.
  public var intakeWorkers = 2
  /// Messages that the broker may send ahead to one worker. 2000.
  public var intakePrefetch = 2000
  /// Messages that one transaction takes in at most. 500.
  public var intakeBatch = 500
  /// Due items that one transaction handles at most. 500.
  public var deadlinesBatch = 500
  /// How long a due item may stay unhandled before this copy says that it is not ready. 60 s.
  public var auditBound = Duration.seconds(60)
  /// How long stopping may take. 20 s.
  public var drain = Duration.seconds(20)
  /// The least severe level that is logged. Info.
  public var logLevel = Logger.Level.info
  /// What a line of the log looks like. Logfmt.
  public var logFormat = LogFormat.logfmt

  /// Settings with their defaults.
  public init(amqpURL: String, postgresDSN: String) {
    self.amqpURL = amqpURL
    self.postgresDSN = postgresDSN
  }

  /// Reads the settings from the environment, systemd's credentials and a file.
  ///
  /// - Parameters:
  ///   - configFile: the YAML file, if any.
  ///   - environment: the variables to read.
  ///   - roles: roles separated by commas, which come before those of every source.
  /// - Returns: settings that are complete and within their bounds.
  /// - Throws: ``SettingsFault`` for the first setting that is missing, mistyped, out of range or unknown.
  public static func load(
    configFile: String?, environment: [String: String] = ProcessInfo.processInfo.environment, roles: String? = nil
  ) async throws(SettingsFault) -> Settings {
    let sources = try await SettingsSources(configFile: configFile, environment: environment)
    var settings = Settings(amqpURL: try sources.amqpURL(), postgresDSN: try sources.postgresDSN())
    settings.roles = try sources.roles(override: roles) ?? settings.roles
    settings.statusHost = try sources.text(.statusHost, remedy: "write an address of this machine") ?? settings.statusHost
    settings.statusPort = try sources.number(.statusPort, in: 0...65_535, note: "; 0 for no status page") ?? settings.statusPort
    settings.intakeWorkers = try sources.number(.intakeWorkers, in: 1...64) ?? settings.intakeWorkers
    settings.intakePrefetch = try sources.number(.intakePrefetch, in: 1...65_535) ?? settings.intakePrefetch
    settings.intakeBatch = try sources.number(.intakeBatch, in: 1...10_000) ?? settings.intakeBatch
    settings.deadlinesBatch = try sources.number(.deadlinesBatch, in: 1...10_000) ?? settings.deadlinesBatch
    if let seconds = try sources.number(.auditSeconds, in: 1...86_400) { settings.auditBound = .seconds(seconds) }
    if let seconds = try sources.number(.drainSeconds, in: 1...3600) { settings.drain = .seconds(seconds) }
    settings.logLevel = try sources.choice(.logLevel) ?? settings.logLevel
    settings.logFormat = try sources.choice(.logFormat) ?? settings.logFormat
    return settings
  }

  /// Where broker and database are, and no more: what `dubanctl` needs.
  public struct Connections: Sendable {
    fileprivate let sources: SettingsSources

    /// - Throws: ``SettingsFault`` where it is missing or wrong; a command that needs no broker does not ask.
    public func amqpURL() throws(SettingsFault) -> String { try sources.amqpURL() }

    /// - Throws: ``SettingsFault`` where it is missing or wrong; a command that needs no database does not ask.
    public func postgresDSN() throws(SettingsFault) -> String { try sources.postgresDSN() }
  }

  /// Reads the same sources as ``load(configFile:environment:roles:)``, but asks for nothing yet.
  ///
  /// - Throws: ``SettingsFault`` where a source cannot be read or holds a key that is no setting.
  public static func connections(
    configFile: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws(SettingsFault) -> Connections {
    Connections(sources: try await SettingsSources(configFile: configFile, environment: environment))
  }
}

// MARK: - What each setting must be

extension SettingsSources {
  fileprivate func amqpURL() throws(SettingsFault) -> String {
    let remedy = "write where the brokers are, such as amqps://USER:PASSWORD@HOST/VHOST, several separated by commas"
    let url = try required(.amqpURL, remedy: remedy)
    do {
      _ = try ConnectionConfiguration(url)
    } catch {
      throw SettingsFault(.amqpURL, Self.withoutQuotation(error.message), remedy: remedy)
    }
    return url
  }

  /// What is quoted may be part of a password: one with a `/` in it that should have been `%2F` is taken for a host and a port.
  private static func withoutQuotation(_ message: String) -> String {
    guard let open = message.firstIndex(of: "'"), let close = message.lastIndex(of: "'"), open < close else { return message }
    return message[...open] + "…" + message[close...]
  }

  fileprivate func postgresDSN() throws(SettingsFault) -> String {
    let remedy = "write where the database is, such as postgresql://USER:PASSWORD@HOST/duban or host=HOST dbname=duban"
    let dsn = try required(.postgresDSN, remedy: remedy)
    guard dsn.hasPrefix("postgresql://") || dsn.hasPrefix("postgres://") || dsn.contains("=") else {
      throw SettingsFault(.postgresDSN, "is neither a postgresql:// URI nor key=value pairs", remedy: remedy)
    }
    return dsn
  }

  fileprivate func roles(override: String?) throws(SettingsFault) -> Set<Role>? {
    let remedy = "write some of \(Role.allCases.map(\.rawValue).joined(separator: ", "))"
    var found = try value(.roles, .stringArray, called: "a list", remedy: remedy) {
      if case .stringArray(let names) = $0 { names } else { nil }
    }
    if let override {
      found = (override.split(separator: ",", omittingEmptySubsequences: false).map(String.init), "--roles")
    }
    guard let (names, source) = found else { return nil }
    var roles: Set<Role> = []
    for name in names.map(\.trimmed) {
      guard let role = Role(rawValue: name) else {
        throw SettingsFault(.roles, "\(SettingsFault.shown(name)) in \(source) is no role", remedy: remedy)
      }
      roles.insert(role)
    }
    if roles.isEmpty { throw SettingsFault(.roles, "the list in \(source) is empty", remedy: remedy) }
    return roles
  }

  private func required(_ key: SettingKey, remedy: String) throws(SettingsFault) -> String {
    if let text = try text(key, remedy: remedy) { return text }
    let places = "\(key.variable), the credential \(key.credential) or \(key.rawValue) in the --config file"
    throw SettingsFault(key, "is not set", remedy: "set \(places): \(remedy)")
  }

  fileprivate func text(_ key: SettingKey, remedy: String) throws(SettingsFault) -> String? {
    try textAndSource(key, remedy: remedy)?.text
  }

  private func textAndSource(_ key: SettingKey, remedy: String) throws(SettingsFault) -> (text: String, source: String)? {
    let found = try value(key, .string, called: "a single value", remedy: remedy) {
      if case .string(let text) = $0 { text } else { nil }
    }
    guard let (text, source) = found else { return nil }
    if text.trimmed.isEmpty { throw SettingsFault(key, "is set in \(source), but empty", remedy: remedy) }
    return (text.trimmed, source)
  }

  fileprivate func number(_ key: SettingKey, in range: ClosedRange<Int>, note: String = "") throws(SettingsFault) -> Int? {
    let remedy = "write a whole number from \(range.lowerBound) to \(range.upperBound)\(note)"
    let found = try value(key, .int, called: "a whole number", remedy: remedy) {
      if case .int(let number) = $0 { number } else { nil }
    }
    guard let (number, source) = found else { return nil }
    guard range.contains(number) else { throw SettingsFault(key, "\(number) in \(source) is out of range", remedy: remedy) }
    return number
  }

  fileprivate func choice<T: RawRepresentable<String> & CaseIterable>(_ key: SettingKey) throws(SettingsFault) -> T? {
    let remedy = "write one of \(T.allCases.map(\.rawValue).joined(separator: ", "))"
    guard let (text, source) = try textAndSource(key, remedy: remedy) else { return nil }
    guard let choice = T(rawValue: text) else {
      throw SettingsFault(key, "\(SettingsFault.shown(text)) in \(source) is not known", remedy: remedy)
    }
    return choice
  }
}

extension String {
  fileprivate var trimmed: String {
    let text = drop { $0.isWhitespace }
    return text.lastIndex { !$0.isWhitespace }.map { String(text[...$0]) } ?? ""
  }
}
