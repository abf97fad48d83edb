// A thread that is a serial executor. Its actor may block without blocking Swift's cooperative pool.

import Foundation
import Synchronization

/// The thread of one actor.
///
/// librabbitmq and libpq block, and their connections must be used from one thread at a time. An actor on this executor
/// satisfies both.
final class WorkerThread: SerialExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var isEnded = false
  }

  private let queue = Mutex(Queue())
  private let ready = DispatchSemaphore(value: 0)

  /// Starts the thread. It runs until ``end()``.
  init(name: String) {
    let thread = Thread { [self] in loop() }
    thread.name = name
    // The AMQP module needs a large stack: librabbitmq reads nested headers recursively.
    thread.stackSize = 8 << 20
    thread.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.jobs.append(job) }
    ready.signal()
  }

  /// Ends the thread after all jobs enqueued so far.
  func end() {
    queue.withLock { $0.isEnded = true }
    ready.signal()
  }

  private func loop() {
    while true {
      ready.wait()
      let (job, isEnded) = queue.withLock { queue in
        (queue.jobs.isEmpty ? nil : queue.jobs.removeFirst(), queue.isEnded)
      }
      if let job {
        job.runSynchronously(on: asUnownedSerialExecutor())
      } else if isEnded {
        return
      }
    }
  }
}
