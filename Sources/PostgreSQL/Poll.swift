// poll(2) with a deadline. All waits of this module use it.

import Glibc

/// Waiting for file descriptors.
enum Poll {
  /// Waits until a descriptor is ready or the deadline has passed. Signals do not end the wait.
  ///
  /// Returns the number of ready descriptors: 0 after the deadline, negative if poll(2) fails.
  static func wait(
    _ descriptors: UnsafeMutablePointer<pollfd>, count: Int, until deadline: ContinuousClock.Instant?
  ) -> Int32 {
    while true {
      let ready = poll(descriptors, nfds_t(count), deadline.map(milliseconds(until:)) ?? -1)
      if ready >= 0 || errno != EINTR { return ready }
    }
  }

  /// Rounded up, so that a wait never ends before its deadline.
  private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    Int32(clamping: (deadline - .now).milliseconds)
  }
}

extension Duration {
  /// Whole milliseconds, rounded up; 0 for a negative duration.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    if self <= .zero { return 0 }
    let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? .max : milliseconds + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
