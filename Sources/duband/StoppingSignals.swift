// The bound on stopping: a drain that lasts too long, or a second signal, ends the process at once. Nothing is lost by that:
// what was not committed was not acknowledged, and comes again.

import Dispatch
import Glibc
import Logging
import Synchronization

/// Watches the stopping signals beside the service group, which acts on the first one.
struct DrainBound {
  private let sources: [any DispatchSourceSignal]

  init(_ bound: Duration, _ logger: Logger) {
    let seen = Seen()
    sources = [SIGTERM, SIGINT].map { signal in
      let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
      source.setEventHandler {
        if seen.count.wrappingAdd(1, ordering: .relaxed).newValue > 1 { Self.end(logger, "second signal") }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(bound / .milliseconds(1)))) {
          Self.end(logger, "not drained within \(bound)")
        }
      }
      source.resume()
      return source
    }
  }

  private final class Seen: Sendable {
    let count = Atomic(0)
  }

  private static func end(_ logger: Logger, _ why: String) -> Never {
    logger.critical("ending at once; what was not acknowledged comes again", metadata: ["why": "\(why)"])
    _exit(1)
  }
}
