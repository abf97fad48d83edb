// The tracking of publisher confirms, for every order of the broker's answers.
import Testing
import TestServers

@testable import AMQP

@Suite("Confirm bookkeeping") struct ConfirmTrackerTests {
  private func ack(_ sequence: UInt64, multiple: Bool = false) -> Confirm {
    Confirm(sequence: sequence, multiple: multiple, acknowledged: true)
  }

  @Test("a multiple confirm covers all earlier messages, once")
  func multiple() {
    var tracker = ConfirmTracker(first: 11, count: 5)
    tracker.confirm(ack(12))
    tracker.confirm(Confirm(sequence: 13, multiple: false, acknowledged: false))
    tracker.confirm(ack(14, multiple: true))
    #expect(tracker.unanswered == 1)
    tracker.confirm(ack(14, multiple: true))
    tracker.confirm(ack(15))
    #expect(tracker.unanswered == 0)
    #expect(tracker.result() == [.confirmed, .confirmed, .nacked, .confirmed, .confirmed])
  }

  @Test("confirms in any order answer every message exactly once", arguments: 0..<20 as Range<UInt64>)
  func anyOrder(seed: UInt64) {
    var generator = Seeded(seed)
    var tracker = ConfirmTracker(first: 1, count: 100)
    for sequence in (1...100 as ClosedRange<UInt64>).shuffled(using: &generator) {
      tracker.confirm(ack(sequence, multiple: Bool.random(using: &generator)))
    }
    #expect(tracker.unanswered == 0)
  }

  @Test("confirms of an earlier batch that timed out are ignored")
  func lateConfirm() {
    var tracker = ConfirmTracker(first: 11, count: 2)
    tracker.confirm(ack(10, multiple: true))
    tracker.confirm(ack(3))
    tracker.confirm(ack(99))
    #expect(tracker.unanswered == 2)
  }

  @Test("what was confirmed when the time ran out counts; of the rest nothing is known")
  func timeIsUp() {
    var tracker = ConfirmTracker(first: 1, count: 4)
    tracker.confirm(ack(2, multiple: true))
    tracker.confirm(ack(4))
    #expect(tracker.unanswered == 1 && tracker.result() == [.confirmed, .confirmed, nil, .confirmed])
  }

  @Test("a return belongs to the first equal message after the last one returned, and its confirm does not change that")
  func returned() {
    let batch = ["a", "b", "a", "a"].map { message($0, to: "nowhere") }
    func back(_ index: Int) -> ReturnedMessage { ReturnedMessage(code: 312, text: "NO_ROUTE", message: batch[index]) }
    var tracker = ConfirmTracker(first: 1, count: 4)
    tracker.returned(back(0), among: batch)
    tracker.returned(back(2), among: batch)
    tracker.confirm(ack(4, multiple: true))
    let unroutable = Outcome.returned(code: 312, text: "NO_ROUTE")
    #expect(tracker.result() == [unroutable, .confirmed, unroutable, .confirmed])
  }
}
