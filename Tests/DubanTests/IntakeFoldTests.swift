// Folding batches: duplicates, events before their item, and neighbours of bad messages.

import Testing

@testable import Duban

@Suite("Folding a batch")
struct IntakeFoldTests {
  func fold(_ snapshot: IntakeSnapshot = IntakeSnapshot(taken: [:], items: [:], waiting: [:], freshIDs: Array(100..<200))) throws
    -> IntakeFold
  {
    IntakeFold(snapshot, machine: try City.machine(at: morning))
  }

  @Test("the same message twice in a batch is one; with other content it is refused")
  func duplicates() throws {
    var fold = try fold()
    #expect(fold.take(try envelope("complaint.submitted")) == .applied)
    #expect(fold.take(try envelope("complaint.submitted")) == .duplicate)
    guard case .refused(let refusal) = fold.take(try envelope("complaint.submitted", subject: "HS-2")) else {
      Issue.record("other content under the same key was taken")
      return
    }
    #expect(refusal.reason == .conflictingDuplicate && refusal.messageID == "e1")
    let effects = fold.finish()
    #expect(effects.newItems.count == 1 && effects.messages.count == 1 && effects.log.count == 1)
  }

  @Test("a message that was taken in an earlier batch is a duplicate")
  func earlierDuplicate() throws {
    let envelope = try envelope("complaint.submitted")
    var fold = try fold(IntakeSnapshot(taken: [envelope.key: envelope.digest], items: [:], waiting: [:], freshIDs: [1]))
    #expect(fold.take(envelope) == .duplicate)
    #expect(fold.finish().newItems.isEmpty)
  }

  @Test("an unknown source is refused, and the batch's other messages are not")
  func unknownSource() throws {
    var fold = try fold()
    guard case .refused(let refusal) = fold.take(try envelope("complaint.submitted", source: "/nobody")) else {
      Issue.record("taken")
      return
    }
    #expect(refusal.reason == .unknownSource && refusal.pointer == "/source")
    #expect(fold.take(try envelope("complaint.submitted")) == .applied)
    #expect(fold.finish().newItems.map(\.key.source) == ["/hotline/12345"])
  }

  @Test("an item that a batch leaves 待派 is told of once, and again when it is reopened; one that has ended by then is not")
  func unassigned() throws {
    let nowhere = #"{"region":{"district":"黄石港区","street":"无此街道"}}"#
    var known: [ItemKey: Item] = [:]
    /// Takes a batch, and returns the numbers of the items that it has left 待派.
    func take(_ batch: Envelope...) throws -> [String] {
      var fold = try fold(IntakeSnapshot(taken: [:], items: known, freshIDs: Array(100..<200)))
      for envelope in batch { #expect(fold.take(envelope) == .applied) }
      let effects = fold.finish()
      for item in effects.newItems + effects.changedItems { known[item.key] = item }
      return effects.unassigned.map(\.number)
    }
    func event(_ type: String, _ id: String, _ subject: String, _ data: String? = nil) throws -> Envelope {
      try envelope("complaint.\(type)", id: id, subject: subject, data: data)
    }
    #expect(
      try take(
        event("submitted", "1", "A", nowhere), event("accepted", "2", "A"), event("submitted", "3", "B"),
        event("submitted", "4", "C", nowhere), event("resolved", "5", "C")) == ["A"])
    #expect(try take(event("responded", "6", "A"), event("submitted", "7", "D", nowhere)) == ["D"])
    #expect(try take(event("accepted", "8", "B", #"{"lead":"无此单位","supporting":["供水公司","也无此单位"]}"#)) == ["B", "B#也无此单位"])
    #expect(try take(event("resolved", "9", "A")) == [])
    #expect(try take(event("reopened", "10", "A")) == ["A"])
    // The unit that is known now answers for it.
    #expect(try take(event("accepted", "11", "B", #"{"lead":"供电公司"}"#)) == [])
    #expect(known.values.filter(\.awaitsAssignment).map(\.key.number).sorted() == ["A", "B#也无此单位", "D"])
  }

  @Test("two spellings of one character are two numbers, as the database has it")
  func spellings() throws {
    var fold = try fold()
    #expect(fold.take(try envelope("complaint.submitted", id: "\u{E9}", subject: "\u{F979}")) == .applied)
    #expect(fold.take(try envelope("complaint.submitted", id: "e\u{301}", subject: "\u{51C9}")) == .applied)
    #expect(fold.finish().newItems.count == 2)
  }

  @Test("an AMQP user sends only for the sources that are bound to it")
  func boundUsers() throws {
    var fold = try fold()
    for (user, admitted) in [(nil, false), ("hotline", false), ("discipline", true)] as [(String?, Bool)] {
      var raw = message("complaint.submitted", id: user ?? "-", source: "/platform/12388", subject: user ?? "-")
      raw.userID = user
      let verdict = fold.take(try Envelope(raw))
      if admitted {
        #expect(verdict == .applied)
      } else if case .refused(let refusal) = verdict {
        #expect(refusal.reason == .sourceNotAllowed)
      } else {
        Issue.record("\(user ?? "nobody") was admitted")
      }
    }
  }

  @Test("12388: what is said of a confidential item to others does not tell what it is about")
  func confidentialNotice() throws {
    var raw = message("complaint.submitted", source: "/platform/12388")
    raw.userID = "discipline"
    var fold = try fold()
    #expect(fold.take(try Envelope(raw)) == .applied)
    var item = try #require(fold.finish().newItems.first)
    var effects = Effects()
    let later = morning + .days(60)
    while try City.machine(at: later).lapse(&item, into: &effects) {}
    while let due = item.deadline?.dueAt { try City.machine(at: due).lapse(&item, into: &effects) }
    let said = effects.notices.map(\.body) + effects.announcements.map(\.data)
    #expect(!effects.notices.isEmpty && said.allSatisfy { !$0.contains("雨水管") && !$0.contains("覆盆山") })
  }

  @Test("events before their item wait, and are applied in the order in which they happened when it comes")
  func earlyEvents() throws {
    var first = try fold()
    let resolved = try envelope("complaint.resolved", id: "3", time: morning + .hours(-1))
    let responded = try envelope("complaint.responded", id: "2", time: morning + .hours(-2))
    #expect(first.take(resolved) == .waits && first.take(responded) == .waits)
    let kept = first.finish()
    #expect(kept.waiting.count == 2 && kept.newItems.map(\.phase) == [.awaited] && kept.log.isEmpty)

    let item = try #require(kept.newItems.first)
    var second = try fold(
      IntakeSnapshot(taken: [:], items: [item.key: item], waiting: [item.id: kept.waiting.map(\.envelope)], freshIDs: []))
    #expect(second.take(try envelope("complaint.submitted", id: "1", time: morning + .hours(-3))) == .applied)
    let effects = second.finish()
    #expect(effects.log.map(\.type) == ["complaint.submitted", "complaint.responded", "complaint.resolved"])
    #expect(effects.changedItems.map(\.phase) == [.closed])
    #expect(Set(effects.noLongerAwaited) == [resolved.key, responded.key])
  }

  @Test("an early event and its item in one batch leave nothing waiting")
  func earlyInOneBatch() throws {
    var fold = try fold()
    #expect(fold.take(try envelope("complaint.responded", id: "2")) == .waits)
    #expect(fold.take(try envelope("complaint.submitted", id: "1")) == .applied)
    let effects = fold.finish()
    #expect(effects.waiting.isEmpty && effects.newItems.map(\.phase) == [.responded] && effects.changedItems.isEmpty)
  }

  @Test("duplicates of duplicates are settled with the main item, in the batch that settles it")
  func followers() throws {
    var fold = try fold()
    for (id, subject) in [("1", "HS-1"), ("2", "HS-2"), ("3", "HS-3")] {
      #expect(fold.take(try envelope("complaint.submitted", id: id, subject: subject)) == .applied)
    }
    let into = { (main: String) in #"{"into":{"source":"/hotline/12345","subject":"\#(main)"}}"# }
    #expect(fold.take(try envelope("complaint.merged", id: "4", subject: "HS-3", data: into("HS-2"))) == .applied)
    #expect(fold.take(try envelope("complaint.merged", id: "5", subject: "HS-2", data: into("HS-1"))) == .applied)
    #expect(fold.take(try envelope("complaint.resolved", id: "6", subject: "HS-1")) == .applied)
    let effects = fold.finish()
    #expect(effects.newItems.map(\.phase) == [.closed, .closed, .closed])
    #expect(effects.announcements.map(\.subject) == ["HS-1", "HS-2", "HS-3"].map { "/hotline/12345/\($0)" })
  }

  @Test("a source that asks for receipts gets one for each message taken, none for a duplicate")
  func receipts() throws {
    var fold = try fold()
    #expect(fold.take(try envelope("complaint.submitted", source: "/qr/mashang")) == .applied)
    #expect(fold.take(try envelope("complaint.submitted", source: "/qr/mashang")) == .duplicate)
    #expect(fold.finish().announcements.map(\.type) == [.receiptAccepted])
  }

  @Test("however a stream is cut into batches, the items and their logs come out the same")
  func batching() throws {
    var random = Seeded(3)
    let types = ["complaint.submitted", "complaint.accepted", "complaint.responded", "complaint.resolved", "complaint.accepted"]
    for _ in 0..<100 {
      let stream = try (0..<40).map { i in
        try envelope(
          types.randomElement(using: &random) ?? types[0], id: "\(i % 30)", subject: "S\(Int.random(in: 0..<4, using: &random))",
          time: morning + .seconds(Int64(-i)))
      }
      let whole = try run(stream, cutAt: [])
      let cuts = Set((0..<5).map { _ in Int.random(in: 1..<40, using: &random) })
      #expect(try run(stream, cutAt: cuts) == whole)
    }
  }

  /// Folds a stream in batches, carrying over what the store would; returns each item's outcome by its key.
  private func run(_ stream: [Envelope], cutAt cuts: Set<Int>) throws -> [String: [String]] {
    var taken: [MessageKey: ContentDigest] = [:]
    var items: [ItemKey: Item] = [:]
    var waiting: [WaitingEvent] = []
    var log: [Int64: [String]] = [:]
    var nextID: Int64 = 1
    var batch: [Envelope] = []
    func flush() throws {
      var fold = IntakeFold(
        IntakeSnapshot(
          taken: taken, items: items, waiting: Dictionary(grouping: waiting, by: \.itemID).mapValues { $0.map(\.envelope) },
          freshIDs: Array(nextID..<nextID + 100)), machine: try City.machine(at: morning))
      nextID += 100
      for envelope in batch { _ = fold.take(envelope) }
      let effects = fold.finish()
      for message in effects.messages { taken[message.key] = message.digest }
      for item in effects.newItems + effects.changedItems { items[item.key] = item }
      waiting += effects.waiting
      waiting.removeAll { effects.noLongerAwaited.contains($0.envelope.key) }
      for entry in effects.log { log[entry.itemID, default: []].append("\(entry.sequence) \(entry.type) \(entry.key?.id ?? "")") }
      batch = []
    }
    for (i, envelope) in stream.enumerated() {
      if cuts.contains(i) { try flush() }
      batch.append(envelope)
    }
    try flush()
    return Dictionary(
      uniqueKeysWithValues: items.map { key, item in (key.subject, (log[item.id] ?? []) + ["\(item.phase) \(item.returns)"]) })
  }
}
