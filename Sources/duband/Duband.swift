// duband: the daemon. Flags, configuration, and what its exit codes mean.

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
    commandName: "duband", abstract: "督办: sees to it that complaints, inspections, funding and reminders are handled in time.",
    subcommands: [Run.self])
}

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the daemon in the foreground until SIGTERM or SIGINT.",
    discussion: """
      Settings come from the environment (DUBAN_AMQP_URL, DUBAN_POSTGRES_DSN …), systemd credentials and the file, in this order.
      Exit codes: 0 stopped as asked, 78 a setting or the schema is wrong (nothing was touched), 1 anything else.
      """)

  @Option(help: "A YAML file with settings.")
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

  /// What is wrong with the schema, if the database can be asked now; if it cannot, the workers wait for it and ask then.
  private func schemaFault(_ dsn: String) async -> String? {
    await withCheckedContinuation { continuation in
      // A thread that may block: the cooperative pool's may not.
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

  /// Says in one line what is to be mended, and ends with 78 (EX_CONFIG), which the systemd unit does not restart.
  private func refuse(_ line: String) -> Never {
    FileHandle.standardError.write(Data("duband: \(line)\n".utf8))
    Foundation.exit(SettingsFault.exitCode)
  }
}
