// A worker: an actor on a thread of its own that runs a job, and runs it anew with fresh connections whenever it fails.

import AMQP
import Duban
import DubanSettings
import DubanStore
import Logging
import PostgreSQL
import ServiceLifecycle

/// What a worker does. Made and run on the worker's thread; it owns its connections and need not be Sendable.
protocol Job {
  /// Works until the signal is raised, then finishes what it holds and returns.
  ///
  /// - Throws: whatever it cannot mend with the connections it has; what it had not committed or acknowledged comes again.
  func run(until stop: StopSignal) throws
}

/// What a job may use beside its own connections.
struct WorkerContext: Sendable {
  /// e.g. `intake-1`: in logs, in dead letters, and as the name of its connections.
  let name: String
  let settings: Settings
  let health: Health
  /// What intake has yet to hear.
  let backlog: Backlog
  let logger: Logger

  /// Tells that the worker came round its loop and can work.
  func isWorking() { health.report(name, .working) }

  func connectStore() throws -> Store {
    let store = try Store(dsn: settings.postgresDSN, name: "duband \(name)")
    try Migrator.check(store)
    return store
  }

  func brokerConfiguration() throws -> ConnectionConfiguration {
    var configuration = try ConnectionConfiguration(settings.amqpURL)
    configuration.connectionName = "duband \(name)"
    return configuration
  }
}

/// Runs a job on a thread of its own, restarting it with back-off when it fails, until graceful shutdown.
actor Worker: Service {
  private nonisolated let thread: WorkerThread
  private nonisolated let stop = StopSignal()
  private let context: WorkerContext
  private let makeJob: @Sendable (WorkerContext) throws -> any Job

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(_ context: WorkerContext, _ makeJob: @escaping @Sendable (WorkerContext) throws -> any Job) {
    self.context = context
    self.makeJob = makeJob
    thread = WorkerThread(name: context.name)
    context.health.report(context.name, .starting)
  }

  nonisolated func run() async throws {
    let stop = stop
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await work()
      } onGracefulShutdown: {
        stop.raise()
      }
    } onCancel: {
      stop.raise()
    }
    thread.end()
  }

  private func work() {
    // A short ceiling: servers that come back are found within seconds, and one worker's knocking costs them little.
    var backoff = Backoff(maximum: .seconds(5))
    while !stop.isRaised {
      let began = ContinuousClock.now
      do {
        try makeJob(context).run(until: stop)
      } catch {
        // A job that worked for a while met something new; one that fails at once must not be tried in a tight circle.
        if .now - began > .seconds(60) { backoff.reset() }
        let pause = backoff.next()
        context.health.report(context.name, .waiting("\(error)"))
        context.logger.warning("cannot work, trying again", metadata: ["why": "\(error)", "retry-in": "\(pause)"])
        stop.wait(pause)
      }
    }
    context.health.report(context.name, .stopped)
  }
}
