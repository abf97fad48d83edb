// The daemon duband: command line, configuration and exit codes.

import ArgumentParser
import Dispatch
import Duban
import DubanSettings
import DubanStore
import DubanWorkers
import Foundation
import Logging
import Metrics

@main
struct Duband: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "duband", abstract: "督办: makes sure that complaints, inspections, funding and reminders are handled in time.",
    subcommands: [Run.self])
}

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the daemon in the foreground until SIGTERM or SIGINT.",
    discussion: """
      Settings are read from the environment (DUBAN_AMQP_URL, DUBAN_POSTGRES_DSN …), systemd credentials and the file. The first wins.
      Exit codes: 0 stopped by a signal, 78 a setting or the schema is wrong (nothing was changed), 1 any other failure.
      """)

  @Option(help: "The YAML file with settings.")
  var config: String?

  @Option(help: "The roles to run, separated by commas: intake, deadlines, schedules, relay, upkeep.")
  var roles: String?

  func run() async throws {
    let signals = await StoppingSignals()
    let settings: Settings
    do {
      settings = try await Settings.load(configFile: config, roles: roles)
    } catch {
      refuse("\(error)")
    }
    LoggingSystem.bootstrap { [settings] in LineLogHandler(label: $0, level: settings.logLevel, format: settings.logFormat) }
    MetricsSystem.bootstrap(PrometheusMetrics.shared)
    let logger = Logger(label: "duband")
    if let fault = await schemaFault(settings.postgresDSN) { refuse(fault) }

    do {
      logger.info("starting", metadata: ["roles": "\(settings.roles.map(\.rawValue).sorted().joined(separator: ","))"])
      let group = Daemon(settings, logger: logger).group()
      signals.drain(group, within: settings.drain, logger)
      try await group.run()
      logger.info("stopped")
    } catch {
      logger.critical("cannot run", metadata: ["why": "\(error)"])
      throw ExitCode(1)
    }
    withExtendedLifetime(signals) {}
  }

  /// Returns the fault of the schema, if the database answers now. Otherwise the workers wait for the database and check
  /// then.
  private func schemaFault(_ dsn: String) async -> String? {
    await withCheckedContinuation { continuation in
      // A dispatch queue's thread, because the call blocks. Threads of the cooperative pool must not block.
      DispatchQueue(label: "schema").async {
        do {
          try Migrator.check(try Store(dsn: dsn, name: "duband"))
          continuation.resume(returning: nil)
        } catch {
          continuation.resume(returning: (error as? StoreFault)?.description)
        }
      }
    }
  }

  /// Prints the fault in one line and exits with 78 (EX_CONFIG). The systemd unit does not restart after 78.
  private func refuse(_ line: String) -> Never {
    FileHandle.standardError.write(Data("duband: \(line)\n".utf8))
    Foundation.exit(SettingsFault.exitCode)
  }
}
