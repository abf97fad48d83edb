// Tells a worker that blocks in poll(2) to stop: a pipe that becomes readable and stays readable.

import Glibc

/// A stop signal, raised once. Every poll that includes ``descriptor`` then returns. Safe from any thread.
public final class StopSignal: Sendable {
  /// Readable from the moment the signal is raised.
  public let descriptor: Int32

  private let writeEnd: Int32

  public init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "cannot create a pipe: error \(errno)")
    (descriptor, writeEnd) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// Raises the signal. It stays raised.
  public func raise() {
    // The byte stays because it is never read. Raising the signal again adds another byte, which happens only a few times.
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  public var isRaised: Bool { wait(.zero) }

  /// Waits until the signal is raised or the timeout has passed. Returns whether it is raised. Blocks the calling thread.
  @discardableResult
  public func wait(_ timeout: Duration) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
    return poll(&entry, 1, Int32(clamping: milliseconds)) > 0
  }
}
