// Tracks which messages of a batch the broker has confirmed. No I/O.

/// The result of publishing one message.
public enum Outcome: Sendable, Equatable {
  /// The broker has stored it in at least one queue.
  case confirmed
  /// The broker could not take responsibility. Publish the message again.
  case nacked
  /// No queue matched. Carries the broker's code (312) and text.
  case returned(code: UInt16, text: String)
}

/// The confirms and returns of one batch, published with consecutive sequence numbers.
struct ConfirmTracker {
  private let first: UInt64
  private var answered: [Bool]
  private var outcomes: [Outcome]
  /// All messages before this index are answered.
  private var lowest = 0
  private var nextReturnable = 0
  private(set) var unanswered: Int

  init(first: UInt64, count: Int) {
    self.first = first
    answered = Array(repeating: false, count: count)
    outcomes = Array(repeating: .confirmed, count: count)
    unanswered = count
  }

  /// Records a confirm. It ignores confirms of an earlier batch.
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
    // The broker also confirms a returned message. The return is the result.
    if !acknowledged { outcomes[index] = .nacked }
  }

  /// Records a return.
  ///
  /// A return has no sequence number. But returns arrive in publishing order, each before its own confirm, so the message is
  /// the first equal one after the last returned. If two messages are equal, either may be taken.
  mutating func returned(_ returned: ReturnedMessage, among batch: [OutgoingMessage]) {
    for index in max(nextReturnable, lowest)..<max(nextReturnable, lowest, batch.count) where !answered[index] {
      guard batch[index].isSame(as: returned.message) else { continue }
      outcomes[index] = .returned(code: returned.code, text: returned.text)
      nextReturnable = index + 1
      return
    }
  }

  /// The outcome of each message, in order; nil where it is unanswered.
  consuming func result() -> [Outcome?] { zip(outcomes, answered).map { $1 ? $0 : nil } }
}

extension OutgoingMessage {
  /// Compares only what a broker returns unchanged; it may add headers.
  fileprivate func isSame(as other: OutgoingMessage) -> Bool {
    routingKey == other.routingKey && exchange == other.exchange && properties.messageID == other.properties.messageID
      && body == other.body
  }
}
