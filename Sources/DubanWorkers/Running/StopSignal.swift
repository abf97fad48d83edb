// How a worker that blocks in poll(2) is told to stop: a pipe that becomes readable and stays so.

import Glibc

/// Raised once; every poll that has ``descriptor`` among its descriptors returns then. Safe from any thread.
public final class StopSignal: Sendable {
  /// Readable from the moment the signal is raised.
  public let descriptor: Int32

  private let writeEnd: Int32

  public init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "no pipe: error \(errno)")
    (descriptor, writeEnd) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  public func raise() {
    // Nobody reads, so the byte stays. Raising again adds another; it is done a few times at most.
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  public var isRaised: Bool { wait(.zero) }

  /// Waits until the signal is raised or time is up, and tells whether it is raised. Blocks the calling thread.
  @discardableResult
  public func wait(_ timeout: Duration) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
    return poll(&entry, 1, Int32(clamping: milliseconds)) > 0
  }
}
