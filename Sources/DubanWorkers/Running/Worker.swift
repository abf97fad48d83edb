// A worker: an actor with its own thread that runs a job. If the job fails, it runs again with new connections.

import AMQP
import Duban
import DubanSettings
import DubanStore
import Logging
import PostgreSQL
import ServiceLifecycle

/// The work of a worker. It is made and run on the worker's thread. It owns its connections and need not be Sendable.
protocol Job {
  /// Works until the signal is raised, then finishes its work in hand and returns.
  ///
  /// - Throws: Any error that it cannot recover from with its present connections. Messages that it had not committed and
  ///   acknowledged are redelivered.
  func run(until stop: StopSignal) throws
}

/// The context of a job, shared with other jobs.
struct WorkerContext: Sendable {
  /// The name, e.g. `intake-1`: in logs, in dead letters, and for connections.
  let name: String
  let settings: Settings
  let health: Health
  /// The intake workers that have not read all waiting messages.
  let backlog: Backlog
  let logger: Logger

  /// Reports that the worker has completed a loop and can work.
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

/// Runs a job on its own thread until graceful shutdown, and restarts it with back-off after a failure.
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
    // A short maximum, so that workers reconnect within seconds. The attempts of one worker cost the servers little.
    var backoff = Backoff(maximum: .seconds(5))
    while !stop.isRaised {
      let began = ContinuousClock.now
      do {
        try makeJob(context).run(until: stop)
      } catch {
        // After a minute of work, a failure counts as a new one. A job that fails at once must not be retried in a tight
        // loop.
        if .now - began > .seconds(60) { backoff.reset() }
        let pause = backoff.next()
        context.health.report(context.name, .waiting("\(error)"))
        context.logger.warning("job failed, retrying", metadata: ["why": "\(error)", "retry-in": "\(pause)"])
        stop.wait(pause)
      }
    }
    context.health.report(context.name, .stopped)
  }
}
