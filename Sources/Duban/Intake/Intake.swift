// Intake's decision: a batch of valid messages and what the store knows of their matters, folded into verdicts and effects. Pure.
//
// The store reads in two steps: first the matters and the keys of messages taken before, then, for the matters in ``needed``, what was
// heard before. Each matter is folded once for the whole batch.

/// A batch of messages by matter.
public struct Intake: Sendable {
  /// What became of a message.
  public enum Outcome: Hashable, Sendable {
    /// In the log, and counts.
    case applied
    /// In the log, and counts once its matter or part is there.
    case waits
    /// In the log, and does not count.
    case inapplicable(Refusal.Reason)
    /// Taken before, with the same content: nothing to do.
    case duplicate
    /// Its matter is held by another transaction: to be tried again, after its neighbours.
    case deferred
    /// Not taken: a dead letter.
    case refused(Refusal)
  }

  /// A matter of the batch, as the store has it.
  public struct Known: Sendable {
    /// Without entries where it is new.
    public var matter: Matter
    public var isNew: Bool

    public init(_ matter: Matter, isNew: Bool) { (self.matter, self.isNew) = (matter, isNew) }
  }

  /// What is on record of a matter already.
  public struct Past: Sendable {
    public var log: [Entry]
    public var chronicle: Chronicle

    public init(log: [Entry] = [], chronicle: Chronicle) { (self.log, self.chronicle) = (log, chronicle) }
  }

  /// A matter has at most so many entries; a person must look at what comes beyond. It bounds a fold of the whole log.
  public static let entryLimit: Int32 = 2000

  public private(set) var effects = Effects()
  private let references: References
  private let now: Instant
  private var outcomes: [Outcome?]
  private let batch: [Envelope]
  private var works: [Work] = []

  /// A matter of the batch, and what the batch has to say about it.
  private struct Work {
    var known: Known
    /// In the order of their arrival, with the index of each in the batch.
    var lines: [LogLine] = []
    var indexesInBatch: [Int] = []

    func isFast(_ calendars: Calendars) -> Bool {
      known.isNew || Fold.isFast(lines.map(\.entry), onto: known.matter, calendars: calendars)
    }
  }

  /// Admits a batch of messages.
  ///
  /// `known` has the matters of the batch by their keys: a matter that is missing is held by another transaction. `taken` has the
  /// messages of the batch that were taken before, with the digest of what they said.
  public init(
    _ batch: [Envelope], known: [ItemKey: Known], taken: [MessageKey: ContentDigest], references: References, now: Instant
  ) {
    (self.batch, self.references, self.now) = (batch, references, now)
    outcomes = Array(repeating: nil, count: batch.count)
    var taken = taken
    // The index among the works of each matter that is there or new.
    var indexes: [ItemKey: Int] = Dictionary(minimumCapacity: known.count)
    works.reserveCapacity(known.count)
    for (i, envelope) in batch.enumerated() {
      let key = envelope.matter
      var index = indexes[key]
      if index == nil, let known = known[key] {
        index = works.count
        indexes[key] = works.count
        works.append(Work(known: known))
      }
      switch admit(envelope, taken, index) {
      case .not(let outcome): outcomes[i] = outcome
      case .admitted(let authority, let report, let index):
        taken[envelope.key] = envelope.digest
        works[index].indexesInBatch.append(i)
        let (matter, number) = (works[index].known.matter, Int32(works[index].lines.count) + 1)
        works[index].lines.append(line(for: envelope, authority, report, itemID: matter.id, number: matter.entries + number))
      }
    }
  }

  private enum Admission {
    /// With how its report came out, if it is one, and the index of its matter among the works.
    case admitted(Authority, Report.Outcome?, index: Int)
    case not(Outcome)

    static func refused(_ refusal: Refusal, _ envelope: Envelope) -> Admission { .not(.refused(refusal.answering(envelope))) }
  }

  /// Whether a message is admitted, and what it may do. Judged once, at the edge; a failure is a dead letter.
  private func admit(_ envelope: Envelope, _ taken: [MessageKey: ContentDigest], _ index: Int?) -> Admission {
    if let earlier = taken[envelope.key] {
      return earlier == envelope.digest ? .not(.duplicate) : .refused(Self.conflict, envelope)
    }
    guard let source = references.directory.source(envelope.key.source) else { return .refused(Self.unknownSource, envelope) }
    guard source.admits(envelope.userID, operators: references.directory.operators) else {
      return .refused(Self.sourceNotAllowed, envelope)
    }
    do throws(Refusal) {
      let authority = try references.directory.authority(of: envelope, from: source)
      let report = try references.checklists.outcome(of: envelope.event)
      guard let index else { return .not(.deferred) }
      guard works[index].known.matter.entries + Int32(works[index].lines.count) < Self.entryLimit else {
        return .refused(Self.tooManyEvents, envelope)
      }
      return .admitted(authority, report, index: index)
    } catch {
      return .refused(error, envelope)
    }
  }

  private func line(
    for envelope: Envelope, _ authority: Authority, _ report: Report.Outcome?, itemID: Int64, number: Int32
  ) -> LogLine {
    var stamp = references.directory.stamp(envelope.event, policy: references.policies.current.version)
    if envelope.type.meaning == .allocates { stamp.policy = references.policies.current.version }
    (stamp.speaker, stamp.within, stamp.recipient) = (authority.speaker, authority.within, authority.recipient)
    stamp.report = report
    let entry = Entry(
      number: number, type: envelope.type.name, event: envelope.event,
      unit: envelope.item.unit, key: envelope.key, sequence: envelope.sequence, occurredAt: envelope.time, recordedAt: now,
      stamp: stamp, digest: envelope.digest, traceparent: envelope.traceparent)
    return LogLine(itemID: itemID, entry: entry, original: envelope.original, contact: envelope.contact)
  }

  /// The matters whose past must be known: their whole log where the messages do not come behind it, else their breaches.
  public var needed: (logs: [Int64], breaches: [Int64]) {
    var (logs, breaches): ([Int64], [Int64]) = ([], [])
    for work in works where !work.known.isNew && !work.lines.isEmpty {
      let matter = work.known.matter
      if !work.isFast(references.calendars) {
        logs.append(matter.id)
      } else if matter.log.breaches > 0 {
        breaches.append(matter.id)
      }
    }
    return (logs, breaches)
  }

  /// Folds every matter of the batch, and says what became of each message. `past` has what ``needed`` named, by the matter's id.
  public mutating func decide(_ past: [Int64: Past]) -> [Outcome] {
    for work in works where !work.lines.isEmpty {
      let (matter, new) = (work.known.matter, work.lines)
      let past = past[matter.id] ?? Past(chronicle: Chronicle(before: work.known.isNew ? nil : matter))
      let fold: Fold
      if work.isFast(references.calendars) {
        var run = Fold(matter, references: references, now: now, recorded: past.chronicle.breaches)
        run.run(new.map(\.entry))
        fold = run
        effects.add(fold, new: new, onto: past.chronicle)
      } else {
        let log = past.log + new.map(\.entry)
        fold = Fold.whole(log, of: matter, references: references, now: now, recorded: past.chronicle.breaches)
        effects.add(whole: fold, log: log, new: new, onto: past.chronicle)
      }
      for (index, line) in zip(work.indexesInBatch, new) { tell(of: batch[index], line, fold, at: index) }
    }
    return outcomes.map { $0 ?? .deferred }
  }

  private mutating func tell(of envelope: Envelope, _ line: LogLine, _ fold: Fold, at index: Int) {
    effects.messages.append(TakenMessage(itemID: line.itemID, key: envelope.key, digest: envelope.digest))
    switch fold.verdicts[line.entry.number] ?? .applied {
    case .applied: outcomes[index] = .applied
    // No operator can have set aside what has just come; if it were so, it would not count either.
    case .waits, .setAside: outcomes[index] = .waits
    case .inapplicable(let why):
      outcomes[index] = .inapplicable(why.reason)
      return
    }
    guard references.directory.sources[envelope.key.source]?.wantsReceipts == true else { return }
    effects.announcements.append(.accepted(envelope.key, line.entry, fold.matter, directory: references.directory, at: now))
  }

  private static let conflict = Refusal(
    .conflictingDuplicate, at: "/id", "another message of this source and id was taken before; give a new event a new id")
  private static let sourceNotAllowed = Refusal(
    .sourceNotAllowed, at: "/source",
    "the AMQP user may not send for this source; set the message's user-id to a user that the directory binds to it")
  private static let unknownSource = Refusal(
    .unknownSource, at: "/source", "no upstream system of this source is in the directory; have it added, or correct the source")
  private static let tooManyEvents = Refusal(
    .tooManyEvents, at: "/subject",
    "the item has \(entryLimit) events already; find out what sends so many, then use a new subject")
}
