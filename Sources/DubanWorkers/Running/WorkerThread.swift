// A thread that is a serial executor: the actor that has it may block, and no thread of Swift's cooperative pool ever does.

import Foundation
import Synchronization

/// A thread of its own for one actor.
///
/// librabbitmq and libpq block, and their connections belong to one thread at a time; an actor on this executor keeps both promises.
final class WorkerThread: SerialExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var isEnded = false
  }

  private let queue = Mutex(Queue())
  private let ready = DispatchSemaphore(value: 0)

  /// Starts the thread; it lives until ``end()``.
  init(name: String) {
    let thread = Thread { [self] in loop() }
    thread.name = name
    // What the AMQP module asks for: librabbitmq descends into nested headers.
    thread.stackSize = 8 << 20
    thread.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.jobs.append(job) }
    ready.signal()
  }

  /// Ends the thread once it has run what was enqueued.
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
