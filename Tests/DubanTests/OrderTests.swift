// The order of happening: places, events of one instant, and senders whose clocks are ahead.

import TestSamples
import Testing

@testable import Duban

@Suite("The order of happening")
struct OrderTests {
  /// Hears messages one by one, in every order, and returns where each order ends.
  private func ends(_ messages: [Envelope], heard: Instant) throws -> Set<String> {
    var ends: Set<String> = []
    func hear(_ rest: [Envelope], _ book: Casebook) {
      if rest.isEmpty { ends.insert("\(book.whole.phase) \(book.whole.cycles) \(book.whole.clocks.map(\.clock.dueAt.rfc3339))") }
      for i in rest.indices {
        var (rest, book) = (rest, book)
        book.hear([rest.remove(at: i)], at: heard)
        hear(rest, book)
      }
    }
    hear(messages, try Casebook())
    return ends
  }

  private func message(
    _ type: String, _ id: String, at time: Instant = morning, sequence: String? = nil, data: String? = nil
  ) throws -> Envelope {
    let text = Sample.event("complaint.\(type)", id: id, subject: "HS-1", time: time.rfc3339, data: data)
    let extended = sequence.map { text.dropLast() + #","sequence":"\#($0)"}"# } ?? text[...]
    return try Envelope(RawMessage(body: Array(extended.utf8)))
  }

  @Test("an opening, a closing, a reopening and a closing of one second end closed, in whatever order they are heard")
  func oneInstant() throws {
    let messages = try [message("submitted", "1"), message("resolved", "2"), message("reopened", "3"), message("resolved", "4")]
    #expect(try ends(messages, heard: morning + .seconds(5)) == ["closed 2 []"])
  }

  @Test("of events of one instant the lowest-ranked that moves the item comes first: a pause and its end leave it running")
  func ranks() throws {
    let messages = try [
      message("submitted", "1"), message("resumed", "2", at: hour(1)), message("suspended", "3", at: hour(1), data: Told.pause),
      message("responded", "4", at: hour(1)),
    ]
    #expect(try ends(messages, heard: hour(1)) == ["responded 1 [\"\(day(19).rfc3339)\"]"])
  }

  @Test("where one sender numbers all its events of one instant, its order counts; where a number is missing, the ranks do")
  func sequence() throws {
    for (numbers, end) in [(["2", "1"], "closed 1 []"), (["1", "2"], "open 2"), (["2", nil], "open 2")] as [([String?], String)] {
      let messages = try [
        message("submitted", "1"), message("resolved", "2", at: hour(1), sequence: numbers[0]),
        message("reopened", "3", at: hour(1), sequence: numbers[1]),
      ]
      let found = try ends(messages, heard: hour(1))
      #expect(found.count == 1 && found.allSatisfy { $0.hasPrefix(end) }, "\(numbers)")
    }
  }

  @Test(
    "a clock that is ahead by no more than a minute keeps its order among the others of its sender; beyond, the hearing counts")
  func skew() throws {
    for (ahead, phase) in [(Int64(50), Item.Phase.open), (70, .closed)] {
      var book = try Casebook()
      try book.hear("complaint.submitted")
      let heard = hour(1)
      // Told in the wrong order: the reopening, then the closing before it.
      try book.hear("complaint.reopened", at: heard + .seconds(ahead), heard: heard)
      try book.hear("complaint.resolved", at: heard + .seconds(ahead - 10), heard: heard + .seconds(1))
      #expect(book.whole.phase == phase, "ahead by \(ahead) s")
      // Nothing happens later than it was heard.
      #expect(book.whole.closedAt ?? book.whole.cycle?.beganAt ?? day(9) <= heard + .seconds(1))
    }
  }

  @Test("what is heard late takes its place: an answer before a closing, a reopening between two closings")
  func places() throws {
    let messages = try [
      message("submitted", "1"), message("responded", "2", at: hour(1)), message("resolved", "3", at: hour(2)),
      message("reopened", "4", at: hour(3)), message("resolved", "5", at: hour(4)),
    ]
    #expect(try ends(messages, heard: hour(4)) == ["closed 2 []"])
  }
}
