// Ctrl-C and SIGTERM: noted, so that whoever works ends at its next check, and what the benchmark made is removed on the way out.

import Glibc
import Synchronization

enum Interruption: Error, CustomStringConvertible {
  case interrupted

  var description: String { "interrupted" }

  private static let isRaised = Atomic(false)

  /// From now on the signals do not end the process; ``check()`` tells of them. A second one does end it.
  static func watch() {
    // Touched here, because a handler must not be the one to initialise it.
    isRaised.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        if Interruption.isRaised.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
  }

  /// - Throws: if a signal has come.
  static func check() throws(Interruption) {
    if isRaised.load(ordering: .relaxed) { throw .interrupted }
  }

  /// Waits a moment, shorter if a signal comes.
  static func pause(milliseconds: UInt32) throws(Interruption) {
    usleep(milliseconds * 1000)
    try check()
  }
}
