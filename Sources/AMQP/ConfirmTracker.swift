// Which messages of a batch the broker has answered for: pure bookkeeping, no I/O.

/// What became of a published message.
public enum Outcome: Sendable, Equatable {
  /// In a queue, or in several, and safe there.
  case confirmed
  /// The broker could not take responsibility; publish it again.
  case nacked
  /// No queue wanted it; the broker's code (312) and words.
  case returned(code: UInt16, text: String)
}

/// The answers to one batch of messages, published with consecutive sequence numbers.
struct ConfirmTracker {
  private let first: UInt64
  private var answered: [Bool]
  private var outcomes: [Outcome]
  /// Everything before it is answered.
  private var lowest = 0
  private var nextReturnable = 0
  private(set) var unanswered: Int

  init(first: UInt64, count: Int) {
    self.first = first
    answered = Array(repeating: false, count: count)
    outcomes = Array(repeating: .confirmed, count: count)
    unanswered = count
  }

  /// Notes a confirm; one that speaks of an earlier batch changes nothing here.
  mutating func confirm(_ confirm: Confirm) {
    guard confirm.sequence >= first, confirm.sequence - first < UInt64(answered.count) else { return }
    let index = Int(confirm.sequence - first)
    if confirm.multiple {
      for index in stride(from: lowest, through: index, by: 1) { answer(index, confirm.acknowledged) }
      lowest = max(lowest, index + 1)
    } else {
      answer(index, confirm.acknowledged)
      while lowest < answered.count, answered[lowest] { lowest += 1 }
    }
  }

  private mutating func answer(_ index: Int, _ acknowledged: Bool) {
    guard !answered[index] else { return }
    answered[index] = true
    unanswered -= 1
    // A returned message is confirmed too: the broker has dealt with it. The return is what counts.
    if !acknowledged { outcomes[index] = .nacked }
  }

  /// Notes a return.
  ///
  /// A return names no sequence number. But returns come in the order of publishing, each before its own confirm, so the message
  /// is the first equal one after the last that was returned; where two are equal it does not matter which.
  mutating func returned(_ returned: ReturnedMessage, among batch: [OutgoingMessage]) {
    for index in max(nextReturnable, lowest)..<max(nextReturnable, lowest, batch.count) where !answered[index] {
      guard batch[index].isSame(as: returned.message) else { continue }
      outcomes[index] = .returned(code: returned.code, text: returned.text)
      nextReturnable = index + 1
      return
    }
  }

  /// The outcome of each message, in order; true only once nothing is unanswered.
  consuming func result() -> [Outcome] { outcomes }
}

extension OutgoingMessage {
  /// Equality by what a broker hands back unchanged; it may add headers of its own.
  fileprivate func isSame(as other: OutgoingMessage) -> Bool {
    routingKey == other.routingKey && exchange == other.exchange && properties.messageID == other.properties.messageID
      && body == other.body
  }
}
