// Stop signals, from process start, and the time limit for draining.
//
// During startup, duband holds nothing and exits at once. Later it drains. If the drain takes too long, or a second signal
// arrives, it exits at once. Nothing is lost then: the broker redelivers every message that was not committed and
// acknowledged.

import Dispatch
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Handles SIGTERM and SIGINT while it exists.
struct StoppingSignals {
  private enum Phase {
    case starting
    case running(ServiceGroup, bound: Duration, Logger)
    case draining(Logger)
  }

  private final class State: Sendable {
    let phase = Mutex(Phase.starting)
  }

  private let state = State()
  private let sources: [any DispatchSourceSignal]

  /// Returns when both handlers are installed.
  init() async {
    sources = [SIGTERM, SIGINT].map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
    for source in sources {
      source.setEventHandler { [state] in Self.answer(state) }
      await withCheckedContinuation { registered in
        source.setRegistrationHandler { registered.resume() }
        source.resume()
      }
    }
  }

  /// From now on the first signal starts the drain of the group, whether the group is already running or not.
  func drain(_ group: ServiceGroup, within bound: Duration, _ logger: Logger) {
    state.phase.withLock { $0 = .running(group, bound: bound, logger) }
  }

  private static func answer(_ state: State) {
    state.phase.withLock { phase in
      switch phase {
      case .starting: _exit(0)
      case .running(let group, let bound, let logger):
        logger.info("stopping after a signal")
        phase = .draining(logger)
        Task { await group.triggerGracefulShutdown() }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(bound / .milliseconds(1)))) {
          end(logger, "not drained within \(bound)")
        }
      case .draining(let logger): end(logger, "second signal")
      }
    }
  }

  private static func end(_ logger: Logger, _ why: String) -> Never {
    logger.critical("exiting at once; unacknowledged messages will be redelivered", metadata: ["why": "\(why)"])
    _exit(1)
  }
}
