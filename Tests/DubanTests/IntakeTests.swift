// Intake: what is admitted, duplicates, early events, and batches.

import Testing

@testable import Duban

@Suite("Intake")
struct IntakeTests {
  // MARK: - Admission

  @Test("the same message twice in a batch is one; with other content it is refused")
  func duplicates() throws {
    var book = try Casebook()
    let outcomes = try book.hear(
      [envelope("complaint.submitted"), envelope("complaint.submitted"), envelope("complaint.submitted", subject: "HS-2")],
      at: morning)
    #expect(outcomes.prefix(2) == [.applied, .duplicate])
    guard case .refused(let refusal) = outcomes[2] else { return #expect(Bool(false), "taken under another's key") }
    #expect(refusal.reason == .conflictingDuplicate && refusal.messageID == "e1" && refusal.source == "/hotline/12345")
    #expect(book.matters.count == 1 && book.taken.count == 1 && book.log.count == 1)
  }

  @Test("a message that was taken in an earlier batch is a duplicate")
  func earlierDuplicate() throws {
    var book = try Casebook()
    #expect(try book.hear("complaint.submitted", id: "e1") == .applied)
    let matter = book.matter
    #expect(try book.hear("complaint.submitted", heard: hour(1), id: "e1") == .duplicate)
    #expect(book.matter == matter && book.last.matters.isEmpty)
    guard case .refused(let refusal) = try book.hear("complaint.submitted", subject: "HS-2", id: "e1") else {
      return #expect(Bool(false), "taken under another's key")
    }
    #expect(refusal.reason == .conflictingDuplicate)
  }

  @Test("an unknown source is refused, and the batch's other messages are not")
  func unknownSource() throws {
    var book = try Casebook()
    let outcomes = try book.hear(
      [envelope("complaint.submitted", source: "/nobody"), envelope("complaint.submitted")], at: morning)
    guard case .refused(let refusal) = outcomes[0] else { return #expect(Bool(false), "taken") }
    #expect(refusal.reason == .unknownSource && refusal.pointer == "/source" && refusal.source == "/nobody")
    #expect(outcomes[1] == .applied && book.matters.keys.map(\.source) == ["/hotline/12345"])
  }

  @Test("an AMQP user sends only for the sources that are bound to it")
  func boundUsers() throws {
    for (user, isAdmitted) in [(nil, false), ("hotline", false), ("discipline", true)] as [(String?, Bool)] {
      var book = try Casebook()
      var raw = message("complaint.submitted", id: user ?? "-", source: "/platform/12388")
      raw.userID = user
      let outcome = try book.hear([Envelope(raw)], at: morning)[0]
      if isAdmitted {
        #expect(outcome == .applied)
      } else if case .refused(let refusal) = outcome {
        #expect(refusal.reason == .sourceNotAllowed)
      } else {
        Issue.record("\(user ?? "nobody") was admitted")
      }
    }
  }

  @Test("two spellings of one character are two numbers, as the database has it")
  func spellings() throws {
    var book = try Casebook()
    #expect(try book.hear("complaint.submitted", subject: "\u{F979}", id: "\u{E9}") == .applied)
    #expect(try book.hear("complaint.submitted", subject: "\u{51C9}", id: "e\u{301}") == .applied)
    #expect(book.matters.count == 2)
  }

  @Test("a matter that another transaction holds is set aside, and its neighbours are taken")
  func heldMatter() throws {
    let batch = try [envelope("complaint.submitted"), envelope("complaint.submitted", id: "e2", subject: "HS-2")]
    let free = Matter(id: 1, key: batch[1].item, kind: .complaint)
    let book = try Casebook()
    var intake = Intake(
      batch, known: [batch[1].item: .init(free, isNew: true)], taken: [:], references: book.references, now: morning)
    #expect(intake.decide([:]) == [.deferred, .applied])
    #expect(intake.effects.messages.map(\.key.id) == ["e2"] && intake.effects.matters.map(\.matter.id) == [1])
  }

  @Test("a matter has so many entries and no more: what comes beyond is refused for a person to see")
  func tooManyEvents() throws {
    let batch = try (0..<3).map { try envelope("reminder.urged", id: "u\($0)", time: hour(1), data: "{}") }
    var matter = Matter(id: 1, key: batch[0].item, kind: .complaint)
    matter.log.entries = Intake.entryLimit - 1
    let book = try Casebook()
    var intake = Intake(
      batch, known: [batch[0].item: .init(matter, isNew: false)], taken: [:], references: book.references, now: hour(1))
    let outcomes = intake.decide([:])
    #expect(outcomes[0] == .waits && intake.effects.entries.map(\.entry.number) == [Intake.entryLimit])
    for outcome in outcomes[1...] {
      guard case .refused(let refusal) = outcome else { return #expect(Bool(false), "taken") }
      #expect(refusal.reason == .tooManyEvents)
    }
  }

  // MARK: - Early events

  @Test("events before their matter wait, and count in the order in which they happened when it comes")
  func earlyEvents() throws {
    var book = try Casebook()
    #expect(try book.hear("complaint.resolved", at: hour(-1), heard: morning, id: "3") == .waits)
    #expect(try book.hear("complaint.responded", at: hour(-2), heard: morning, id: "2") == .waits)
    #expect(book.whole.phase == .awaited && book.log.count == 2 && book.matter.wakeAt == nil)
    #expect(book.verdicts[book.matter.id]?.mapValues(\.verdict) == [1: .waits, 2: .waits])
    #expect(try book.hear("complaint.submitted", at: hour(-3), heard: morning, id: "1") == .applied)
    #expect(book.whole.phase == .closed && book.whole.answeredAt == hour(-2) && book.whole.closedAt == hour(-1))
    #expect(book.verdicts[book.matter.id]?.mapValues(\.verdict) == [1: .applied, 2: .applied])
    #expect(book.announcements.map(\.type) == [.itemClosed], "its end is news, though the entry is not")
  }

  @Test("an early event and its matter in one batch leave nothing waiting")
  func earlyInOneBatch() throws {
    var book = try Casebook()
    let batch = try [envelope("complaint.responded", id: "2"), envelope("complaint.submitted", id: "1")]
    #expect(book.hear(batch, at: morning) == [.applied, .applied])
    #expect(book.whole.phase == .responded && book.verdicts.isEmpty)
  }

  @Test("an operator sets an event aside that waits in vain: it is told apart, and does not count when its matter comes")
  func setAside() throws {
    var book = try Casebook()
    try book.hear("complaint.resolved", at: hour(1))
    book.record(.setAside(entry: 1, because: "发错编号", by: "张三"), at: hour(30))
    #expect(book.verdicts[book.matter.id]?[1]?.verdict == .setAside)
    try book.hear("complaint.submitted", at: hour(31))
    #expect(book.whole.phase == .open && book.verdicts[book.matter.id]?[1]?.verdict == .setAside)
  }

  // MARK: - What is told

  @Test("what a batch leaves 待派 is told of once, and again when it is reopened; what has ended by then is not")
  func unassigned() throws {
    let nowhere = #"{"region":{"district":"黄石港区","street":"无此街道"}}"#
    var book = try Casebook()
    var told: [String] = []
    /// Takes a batch at an hour, and returns the numbers of the items that it has left 待派.
    func take(_ hours: Int64, _ events: (String, String, String?)...) throws -> [String] {
      let batch = try events.enumerated().map { i, event in
        try envelope("complaint.\(event.0)", id: "\(hours)-\(i)", subject: event.1, time: hour(hours), data: event.2)
      }
      #expect(book.hear(batch, at: hour(hours)).allSatisfy { $0 == .applied })
      told = book.last.unassigned.map(\.number)
      return told
    }
    #expect(
      try take(
        0, ("submitted", "A", nowhere), ("accepted", "A", nil), ("submitted", "B", nil), ("submitted", "C", nowhere),
        ("resolved", "C", nil)) == ["A"])
    #expect(try take(1, ("responded", "A", nil), ("submitted", "D", nowhere)) == ["D"])
    #expect(try take(2, ("accepted", "B", #"{"lead":"无此单位","supporting":["供水公司","也无此单位"]}"#)) == ["B", "B#也无此单位"])
    #expect(try take(3, ("resolved", "A", nil)) == [])
    #expect(try take(4, ("reopened", "A", nil)) == ["A"])
    // The unit that is known now answers for it.
    #expect(try take(5, ("accepted", "B", #"{"lead":"供电公司"}"#)) == [])
    let left = book.matters.values.flatMap { matter in
      matter.items.filter { $0.item.isInWork && matter.isUnassigned($0.unit) }.map { matter.key(of: $0.unit).number }
    }
    #expect(left.sorted() == ["A", "B#也无此单位", "D"])
  }

  @Test("a source that asks for receipts gets one for each message taken, none for a duplicate or for what waits")
  func receipts() throws {
    var book = try Casebook()
    let batch = try [
      envelope("complaint.submitted", source: "/qr/mashang"), envelope("complaint.submitted", source: "/qr/mashang"),
      envelope("complaint.responded", id: "e2", source: "/qr/mashang"),
    ]
    #expect(book.hear(batch, at: morning) == [.applied, .duplicate, .applied])
    #expect(book.announcements.map(\.type) == [.receiptAccepted, .receiptAccepted])
    #expect(book.announcements.map(\.subject) == ["/qr/mashang/e1", "/qr/mashang/e2"])
    #expect(book.announcements.allSatisfy { $0.data.contains(#""revision":1"#) })
  }

  @Test("what cannot count is rejected once in its log's name, whether or not its source asks for receipts")
  func rejected() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", source: "/qr/mashang")
    #expect(try book.hear("inspection.reported", at: hour(1), source: "/qr/mashang") == .inapplicable(.wrongKind))
    #expect(book.announcements.map(\.type) == [.receiptAccepted, .receiptRejected])
    // Folding its matter again says nothing new of it.
    try book.hear("complaint.responded", at: morning + .seconds(1), heard: hour(2), source: "/qr/mashang")
    #expect(book.announcements.map(\.type) == [.receiptAccepted, .receiptRejected, .receiptAccepted] && book.folds.whole == 1)
  }

  @Test("12388: what is said of a confidential item to others does not tell what it is about")
  func confidentialNotice() throws {
    var book = try Casebook()
    var raw = message("complaint.submitted", source: "/platform/12388")
    raw.userID = "discipline"
    #expect(try book.hear([Envelope(raw)], at: morning) == [.applied])
    book.sweepAll(until: day(60))
    let said = book.notices.map(\.body) + book.announcements.map(\.data)
    #expect(!book.notices.isEmpty && said.allSatisfy { !$0.contains("雨水管") && !$0.contains("覆盆山") })
    #expect(book.notices.allSatisfy { $0.body.contains("一件不公开事项（内部流水号") })
  }

  @Test("who reported a matter is kept with the original and is no fact of the log")
  func personalData() throws {
    var book = try Casebook()
    try book.hear("complaint.submitted", #"{\#(Told.place),"title":"漏水","reporter":{"name":"王某","phone":"13800000000"}}"#)
    let line = try #require(book.last.entries.first)
    #expect(line.contact?.contains("13800000000") == true && line.original?.contains("王某") == true)
    #expect(!line.entry.facts.contains("王某") && !line.entry.facts.contains("13800000000") && line.entry.facts.contains("漏水"))
    #expect(line.entry.digest != nil)
  }

  // MARK: - Batches

  @Test("however a stream is cut into batches, matters and their logs come out the same")
  func batching() throws {
    var random = Seeded(3)
    let types = ["complaint.submitted", "complaint.accepted", "complaint.responded", "complaint.resolved", "complaint.reopened"]
    for run in 0..<40 {
      let stream = try (0..<40).map { i in
        try envelope(
          types.randomElement(using: &random) ?? types[0], id: "\(i % 30)", subject: "S\(Int.random(in: 0..<4, using: &random))",
          time: morning + .seconds(Int64(-i)))
      }
      let whole = try heard(stream, cutAt: [])
      let cuts = Set((0..<5).map { _ in Int.random(in: 1..<40, using: &random) })
      #expect(try heard(stream, cutAt: cuts) == whole, "run \(run)")
    }
  }

  /// Hears a stream in batches; returns each matter's log, and where it stands.
  private func heard(_ stream: [Envelope], cutAt cuts: Set<Int>) throws -> [String: [String]] {
    var book = try Casebook()
    var batch: [Envelope] = []
    for (i, envelope) in stream.enumerated() {
      if cuts.contains(i) {
        book.hear(batch, at: morning)
        batch = []
      }
      batch.append(envelope)
    }
    book.hear(batch, at: morning)
    return Dictionary(
      uniqueKeysWithValues: book.matters.values.map { matter in
        let lines = (book.logs[matter.id] ?? []).map { "\($0.number) \($0.type) \($0.key?.id ?? "")" }
        let ends = matter.whole.clocks.map(\.clock.dueAt.rfc3339)
        return (matter.key.subject, lines + ["\(matter.whole.phase) \(matter.whole.cycles) \(ends)"])
      })
  }
}
