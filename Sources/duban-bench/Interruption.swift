// Handles SIGINT, SIGTERM and SIGHUP. The benchmark stops at its next check and removes its databases and queues.

import Glibc
import Synchronization

enum Interruption: Error, CustomStringConvertible {
  case interrupted

  var description: String { "interrupted" }

  private static let isRaised = Atomic(false)

  /// From now on a signal does not end the process but makes ``check()`` throw. A second signal ends the process.
  static func watch() {
    // Initialized here, because a signal handler must not do it.
    isRaised.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        if Interruption.isRaised.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
  }

  /// - Throws: ``interrupted`` after a signal.
  static func check() throws(Interruption) {
    if isRaised.load(ordering: .relaxed) { throw .interrupted }
  }

  /// Sleeps for a moment, or until a signal arrives.
  static func pause(milliseconds: UInt32) throws(Interruption) {
    usleep(milliseconds * 1000)
    try check()
  }
}
