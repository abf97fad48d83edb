// Time and poll(2): all waits of this module.
import CRabbitMQ
import Glibc

typealias Instant = ContinuousClock.Instant

extension Duration {
  /// For C interfaces that count in seconds and microseconds. Negative durations become zero.
  var timeval: CRabbitMQ.timeval {
    let (seconds, attoseconds) = max(self, .zero).components
    return CRabbitMQ.timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
  }

  /// Whole milliseconds, rounded up: a wait that ends too early would spin.
  var pollMilliseconds: Int32 {
    let (seconds, attoseconds) = max(self, .zero).components
    guard seconds < 1_000_000 else { return 1_000_000_000 }
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}

/// The reason why a wait ended.
enum Wakening {
  case socket
  case wake
  case timeout
}

/// Waits until a socket is ready, a wake descriptor is readable, or time is up.
///
/// Errors and hang-ups count as readiness: the next read or write reports them. A signal ends the wait early and looks like a
/// timeout; the caller then finds that its deadline has not passed.
func poll(socket: Int32, for events: Int32, orReadable wake: [Int32] = [], timeout: Duration) -> Wakening {
  var descriptors = [pollfd(fd: socket, events: Int16(events), revents: 0)]
  for descriptor in wake { descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
  guard Glibc.poll(&descriptors, nfds_t(descriptors.count), timeout.pollMilliseconds) > 0 else { return .timeout }
  return descriptors[0].revents != 0 ? .socket : .wake
}
