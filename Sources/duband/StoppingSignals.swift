// How duband is told to stop, from its first moment on, and the bound on stopping.
//
// While it starts it holds nothing, and ends at once. Later it drains; a drain that lasts too long, or a second signal, ends the process
// at once. Nothing is lost by that: what was not committed was not acknowledged, and comes again.

import Dispatch
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Answers SIGTERM and SIGINT for as long as it lives.
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

  /// Returns once no signal is missed any more.
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

  /// From now on the first signal has the group drain, whether it runs already or not.
  func drain(_ group: ServiceGroup, within bound: Duration, _ logger: Logger) {
    state.phase.withLock { $0 = .running(group, bound: bound, logger) }
  }

  private static func answer(_ state: State) {
    state.phase.withLock { phase in
      switch phase {
      case .starting: _exit(0)
      case .running(let group, let bound, let logger):
        logger.info("told to stop by a signal")
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
    logger.critical("ending at once; what was not acknowledged comes again", metadata: ["why": "\(why)"])
    _exit(1)
  }
}
