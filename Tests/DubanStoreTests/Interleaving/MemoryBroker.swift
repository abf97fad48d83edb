// A broker in memory: hands out messages, takes them back from who dies with them, and keeps what was published.

import Duban
import DubanStore
import Synchronization

/// A queue of messages for several consumers, and the exchange that the relay publishes to. Safe from any thread.
final class MemoryBroker: Sendable {
  struct DeadLetter: Sendable {
    var message: RawMessage
    var refusal: Refusal
  }

  private struct State {
    var ready: [RawMessage] = []
    /// What each consumer has and has not acknowledged.
    var held: [Int: [RawMessage]] = [:]
    var deadLetters: [DeadLetter] = []
    var published: [Outbox.Entry] = []
  }

  private let state = Mutex(State())

  var hasReady: Bool { state.withLock { !$0.ready.isEmpty } }
  var deadLetters: [DeadLetter] { state.withLock { $0.deadLetters } }
  /// In the order in which it came, with whatever came again.
  var published: [Outbox.Entry] { state.withLock { $0.published } }

  /// Forgets everything, for another run.
  func clear() { state.withLock { $0 = State() } }

  func enqueue(_ messages: [RawMessage]) { state.withLock { $0.ready += messages } }

  func take(upTo count: Int, by consumer: Int) -> [RawMessage] {
    state.withLock { state in
      let batch = Array(state.ready.prefix(count))
      state.ready.removeFirst(batch.count)
      state.held[consumer, default: []] += batch
      return batch
    }
  }

  /// What is set aside is tried again, behind what has come since: the order of messages does not matter.
  func acknowledge(by consumer: Int, except deferred: [RawMessage]) {
    state.withLock { state in
      state.held[consumer] = nil
      state.ready += deferred
    }
  }

  /// The consumer's channel is gone: what it held comes again, before what has come since.
  func giveBack(from consumer: Int) {
    state.withLock { state in
      state.ready.insert(contentsOf: state.held.removeValue(forKey: consumer) ?? [], at: 0)
    }
  }

  func bury(_ letters: [DeadLetter]) { state.withLock { $0.deadLetters += letters } }
  func publish(_ entries: some Sequence<Outbox.Entry>) { state.withLock { $0.published += entries } }
}
