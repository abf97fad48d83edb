// Settings: precedence of their sources, and that each kind of fault is told by name, in one line, without a secret.

import Foundation
import Testing

@testable import DubanSettings

@Suite struct SettingsTests {
  static let amqp = "amqp://duban:geheim@broker/duban"
  static let postgres = "postgresql://duban:geheim@database/duban"
  let required = ["DUBAN_AMQP_URL": amqp, "DUBAN_POSTGRES_DSN": postgres]

  @Test("two settings are enough, the others have defaults")
  func defaults() async throws {
    let settings = try await Settings.load(configFile: nil, environment: required)
    #expect(settings.amqpURL == Self.amqp)
    #expect(settings.postgresDSN == Self.postgres)
    #expect(settings.roles == Set(Role.allCases))
    #expect(settings.statusHost == "127.0.0.1")
    #expect(settings.statusPort == 8731)
    #expect(settings.intakeWorkers == 2)
    #expect(settings.intakePrefetch == 2000)
    #expect(settings.intakeBatch == 500)
    #expect(settings.deadlinesBatch == 500)
    #expect(settings.auditBound == .seconds(60))
    #expect(settings.drain == .seconds(20))
    #expect(settings.logLevel == .info)
    #expect(settings.logFormat == .logfmt)
  }

  @Test("the file sets everything")
  func file() async throws {
    try await withFiles([
      "duban.yaml": """
      amqp: {url: "\(Self.amqp)"}
      postgres:
        dsn: host=database dbname=duban
      roles: [intake, relay]
      status: {host: 0.0.0.0, port: 0}
      intake: {workers: 2, prefetch: 300, batch: 100}
      deadlines.batch: 50
      audit: {seconds: 90}
      drain: {seconds: 5}
      log: {level: debug, format: json}
      """
    ]) { folder in
      let settings = try await Settings.load(configFile: "\(folder)/duban.yaml", environment: [:])
      #expect(settings.amqpURL == Self.amqp)
      #expect(settings.postgresDSN == "host=database dbname=duban")
      #expect(settings.roles == [.intake, .relay])
      #expect(settings.statusHost == "0.0.0.0")
      #expect(settings.statusPort == 0)
      #expect(settings.intakeWorkers == 2)
      #expect(settings.intakePrefetch == 300)
      #expect(settings.intakeBatch == 100)
      #expect(settings.deadlinesBatch == 50)
      #expect(settings.auditBound == .seconds(90))
      #expect(settings.drain == .seconds(5))
      #expect(settings.logLevel == .debug)
      #expect(settings.logFormat == .json)
    }
  }

  @Test("the environment comes before credentials, credentials before the file")
  func precedence() async throws {
    try await withFiles([
      "credentials/amqp-url": "amqp://credential\n", "credentials/postgres-dsn": "host=credential\n", "credentials/another": "x",
      "duban.yaml": "{amqp: {url: 'amqp://file'}, postgres: {dsn: host=file}, log: {level: error}}",
    ]) { folder in
      var environment = ["CREDENTIALS_DIRECTORY": "\(folder)/credentials"]
      let withCredentials = try await Settings.load(configFile: "\(folder)/duban.yaml", environment: environment)
      #expect(withCredentials.amqpURL == "amqp://credential")
      #expect(withCredentials.postgresDSN == "host=credential")
      #expect(withCredentials.logLevel == .error)
      environment["DUBAN_AMQP_URL"] = "amqp://environment"
      let withEnvironment = try await Settings.load(configFile: "\(folder)/duban.yaml", environment: environment)
      #expect(withEnvironment.amqpURL == "amqp://environment")
      #expect(withEnvironment.postgresDSN == "host=credential")
    }
  }

  @Test("--roles comes before every source, and a list in the environment is separated by commas")
  func roles() async throws {
    let environment = required.merging(["DUBAN_ROLES": "intake, upkeep"]) { $1 }
    #expect(try await Settings.load(configFile: nil, environment: environment).roles == [.intake, .upkeep])
    #expect(try await Settings.load(configFile: nil, environment: environment, roles: "relay").roles == [.relay])
  }

  @Test("a section whose lines are all commented out is empty, not wrong")
  func emptySection() async throws {
    try await withFiles(["duban.yaml": "status:\n  # port: 1\nlog: {level: notice}\n"]) { folder in
      let settings = try await Settings.load(configFile: "\(folder)/duban.yaml", environment: required)
      #expect(settings.logLevel == .notice)
    }
  }

  @Test(
    "what is wrong is told by name, in one line, with a remedy",
    arguments: [
      (["DUBAN_AMQP_URL": ""], "amqp.url (DUBAN_AMQP_URL): is set in the environment, but empty"),
      (["DUBAN_AMQP_URL": "http://broker"], "amqp.url (DUBAN_AMQP_URL): "),
      (["DUBAN_POSTGRES_DSN": "duban"], "postgres.dsn (DUBAN_POSTGRES_DSN): is neither"),
      (
        ["DUBAN_STATUS_PORT": "http"], "status.port (DUBAN_STATUS_PORT): \"http\" in the environment is not a whole number; write"
      ),
      (
        ["DUBAN_STATUS_PORT": "65536"],
        "status.port (DUBAN_STATUS_PORT): 65536 in the environment is out of range; write a whole number"
      ),
      (["DUBAN_AUDIT_SECONDS": "0"], "audit.seconds (DUBAN_AUDIT_SECONDS): 0 in the environment is out of range; "),
      (["DUBAN_INTAKE_WORKERS": "0"], "intake.workers (DUBAN_INTAKE_WORKERS): 0 in the environment is out of range; "),
      (
        ["DUBAN_LOG_LEVEL": "loud\n"],
        "log.level (DUBAN_LOG_LEVEL): \"loud\" in the environment is not known; write one of trace, debug, info"
      ),
      (
        ["DUBAN_LOG_FORMAT": "xml"],
        "log.format (DUBAN_LOG_FORMAT): \"xml\" in the environment is not known; write one of logfmt, json"
      ),
      (["DUBAN_ROLES": "intake,lunch"], "roles (DUBAN_ROLES): \"lunch\" in the environment is no role; write some of intake, "),
      (["DUBAN_POSTGRESS_DSN": "x"], "DUBAN_POSTGRESS_DSN: is no setting, yet stands in the environment; correct or remove it"),
    ])
  func faults(environment: [String: String], text: String) async throws {
    let fault = try await #require(throws: SettingsFault.self) {
      try await Settings.load(configFile: nil, environment: required.merging(environment) { $1 })
    }
    #expect(fault.description.hasPrefix(text), "\(fault)")
    #expect(!fault.description.contains("\n"))
    #expect(fault.description.contains("; "))
  }

  @Test("a setting that must be there is missed by name, with all places where it can be set")
  func missing() async throws {
    let fault = try await #require(throws: SettingsFault.self) {
      try await Settings.load(configFile: nil, environment: ["DUBAN_AMQP_URL": Self.amqp])
    }
    #expect(
      fault.description.hasPrefix(
        "postgres.dsn (DUBAN_POSTGRES_DSN): is not set; set DUBAN_POSTGRES_DSN, the credential postgres-dsn or postgres.dsn in the"
      ))
  }

  @Test(
    "what is wrong in the file is told with its path",
    arguments: [
      ("postgress: {dsn: host=file}", "postgress.dsn: is no setting, yet stands in FOLDER/duban.yaml; "),
      ("status: 8731", "status: is no setting, yet stands in FOLDER/duban.yaml; "),
      ("status: {port: high}", "status.port (DUBAN_STATUS_PORT): \"high\" in FOLDER/duban.yaml is not a whole number; "),
      ("roles: intake", "roles (DUBAN_ROLES): \"intake\" in FOLDER/duban.yaml is not a list; "),
      ("roles: []", "roles (DUBAN_ROLES): the list in FOLDER/duban.yaml is empty; "),
      ("status: {host: [a, b]}", "status.host (DUBAN_STATUS_HOST): what stands in FOLDER/duban.yaml is not a single value; "),
      ("log: {level: info}\nlog: {level: info}", "--config: FOLDER/duban.yaml is not a YAML mapping of settings: line "),
      ("log:\n  level: info\n bad", "--config: FOLDER/duban.yaml is not a YAML mapping of settings: line 3, column "),
      ("- a list", "--config: FOLDER/duban.yaml is not a YAML mapping of settings: "),
    ])
  func fileFaults(yaml: String, text: String) async throws {
    try await withFiles(["duban.yaml": yaml]) { folder in
      let fault = try await #require(throws: SettingsFault.self) {
        try await Settings.load(configFile: "\(folder)/duban.yaml", environment: required)
      }
      #expect(fault.description.hasPrefix(text.replacingOccurrences(of: "FOLDER", with: folder)), "\(fault)")
      #expect(!fault.description.contains("\n"))
    }
  }

  @Test("a file that is missing, a directory or unreadable is a fault")
  func unreadableFile() async throws {
    try await withFiles(["folder/x": ""]) { folder in
      for (path, why) in [("\(folder)/missing.yaml", "No such file or directory"), ("\(folder)/folder", "it is a directory")] {
        let fault = try await #require(throws: SettingsFault.self) {
          try await Settings.load(configFile: path, environment: required)
        }
        #expect(fault.description == "--config: \(path) cannot be read: \(why); name a YAML file that this user may read")
      }
    }
  }

  @Test(
    "no fault shows a secret, whatever is wrong with it",
    arguments: [
      ["DUBAN_AMQP_URL": "http://duban:geheim@broker"],
      ["DUBAN_AMQP_URL": "amqp://duban:ge/geheim@broker"],
      ["DUBAN_AMQP_URL": "amqp://duban:ge?geheim@broker"],
      ["DUBAN_AMQP_URL": "amqp://duban:ge#geheim@broker"],
      ["DUBAN_AMQP_URL": "amqp://duban:geheim@broker:x"],
      ["DUBAN_AMQP_URL": "amqp://geheim:geheim%zz@broker"],
      ["DUBAN_AMQP_URL": "geheim"],
      ["DUBAN_POSTGRES_DSN": "geheim"],
    ])
  func secrets(environment: [String: String]) async throws {
    let fault = try await #require(throws: SettingsFault.self) {
      try await Settings.load(configFile: nil, environment: required.merging(environment) { $1 })
    }
    #expect(!fault.description.contains("geheim"), "\(fault)")
  }

  @Test(
    "a file that cannot be parsed or holds a list for a secret is not quoted",
    arguments: ["postgres:\n  dsn: \"host=geheim\n", "postgres: {dsn: [geheim]}", "amqp: {url: geheim, *}", "a\u{0}geheim: x"])
  func secretsInFile(yaml: String) async throws {
    try await withFiles(["duban.yaml": yaml]) { folder in
      let fault = try await #require(throws: SettingsFault.self) {
        try await Settings.load(configFile: "\(folder)/duban.yaml", environment: ["DUBAN_AMQP_URL": Self.amqp])
      }
      #expect(!fault.description.contains("geheim"), "\(fault)")
      #expect(!fault.description.contains("\n"))
    }
  }

  @Test("dubanctl asks for a connection only when it needs one")
  func connections() async throws {
    let connections = try await Settings.connections(configFile: nil, environment: ["DUBAN_POSTGRES_DSN": Self.postgres])
    #expect(try connections.postgresDSN() == Self.postgres)
    let fault = #expect(throws: SettingsFault.self) { try connections.amqpURL() }
    #expect(fault?.description.hasPrefix("amqp.url (DUBAN_AMQP_URL): is not set") == true)
  }

  /// Writes files into a folder that lasts as long as `body`.
  private func withFiles(_ files: [String: String], _ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("duban-settings-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      let file = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: false, encoding: .utf8)
    }
    try await body(folder.path)
  }
}
