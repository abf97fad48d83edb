// A line of a matter's log, and the order in which the lines happened.

/// A line of a matter's log, which is append-only. The matter is the fold of its entries in the order of happening.
public struct Entry: Hashable, Sendable {
  /// 1, 2, 3 … within the matter, without gaps, in the order of recording.
  public var number: Int32
  /// The type of the message (`complaint.responded`), or of Duban's own event (`item.placed`).
  public var type: String
  public var event: Event
  /// The unit whose part (协办件) the entry is about; nil for the whole.
  public var unit: String?
  /// The message that brought it; nil for Duban's own.
  public var key: MessageKey?
  /// The sender's order of events at one time (CloudEvents `sequence`).
  public var sequence: String?
  /// When it happened, says the sender.
  public var occurredAt: Instant
  /// When Duban committed it, by the database's clock.
  public var recordedAt: Instant
  public var stamp: Stamp
  /// Of the original message; nil for Duban's own.
  public var digest: ContentDigest?
  public var traceparent: String?

  public init(
    number: Int32, type: String, event: Event, unit: String? = nil, key: MessageKey? = nil, sequence: String? = nil,
    occurredAt: Instant, recordedAt: Instant, stamp: Stamp = Stamp(), digest: ContentDigest? = nil, traceparent: String? = nil
  ) {
    (self.number, self.type, self.event, self.unit) = (number, type, event, unit)
    (self.key, self.sequence) = (key, sequence)
    (self.occurredAt, self.recordedAt, self.stamp) = (occurredAt, recordedAt, stamp)
    (self.digest, self.traceparent) = (digest, traceparent)
  }

  /// One of Duban's own or of an operator.
  public init(own event: Event, occurredAt: Instant? = nil, stamp: Stamp = Stamp(), on matter: Matter, at now: Instant) {
    // The type is there for every event that is not a message's.
    self.init(
      number: matter.entries + 1, type: event.ownType ?? "", event: event, occurredAt: occurredAt ?? now, recordedAt: now,
      stamp: stamp)
  }

  /// Reads an entry back from the log.
  ///
  /// - Throws: a ``Refusal`` where the type or the facts are not known to this program.
  public init(
    number: Int32, type: String, facts: String, unit: String?, key: MessageKey?, sequence: String?, occurredAt: Instant,
    recordedAt: Instant, stamp: String?
  ) throws(Refusal) {
    let object = try JSONObject(text: facts)
    let known =
      if let type = EventType.named(type) { try type.event(try Fields(object, of: type.kind)) } else {
        try Event.own(type, object)
      }
    guard let known else { throw Refusal(.unknownType, "the log has an entry of type \(type), which this program does not know") }
    self.init(
      number: number, type: type, event: known, unit: unit, key: key, sequence: sequence, occurredAt: occurredAt,
      recordedAt: recordedAt, stamp: try stamp.map { (text) throws(Refusal) in try Stamp(json: text) } ?? Stamp())
  }

  /// The facts as a JSON object.
  public var facts: String { event.facts }

  /// Of a report its stamp decides: a clean one ends the inspection.
  var trigger: Trigger {
    guard case .reported(let report) = event else { return event.trigger }
    return stamp.report?.isClean == true && !report.hasProblems ? .resolves : .responds
  }

  /// Where the entry belongs in the order of happening: when it happened, or when it was recorded where its sender's clock is ahead by more
  /// than ``skew``.
  public var place: Instant { occurredAt > recordedAt + Self.skew ? recordedAt : occurredAt }

  /// Clocks of senders may differ by as much.
  static let skew = Span.seconds(60)

  /// Whether it was heard more than `tolerance` after it happened.
  func isLate(by tolerance: Span) -> Bool { recordedAt - place > tolerance }
}

// MARK: - The order of happening

extension [Entry] {
  /// In groups of one place each, in the order of places.
  func inGroups() -> [[Entry]] {
    guard count > 1 else { return isEmpty ? [] : [self] }
    var groups: [[Entry]] = []
    for entry in sorted(by: Entry.precedes) {
      if let last = groups.last?.first, last.place == entry.place {
        groups[groups.count - 1].append(entry)
      } else {
        groups.append([entry])
      }
    }
    return groups
  }
}

extension Entry {
  /// By place, then by the rank of the event, its sender and its id.
  static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    if a.place != b.place { return a.place < b.place }
    if a.trigger.rank != b.trigger.rank { return a.trigger.rank < b.trigger.rank }
    let (keyA, keyB) = (a.key ?? MessageKey(source: "", id: ""), b.key ?? MessageKey(source: "", id: ""))
    if keyA != keyB { return keyA.source == keyB.source ? keyA.id < keyB.id : keyA.source < keyB.source }
    return a.number < b.number
  }

  /// A group of one place in the order that its one sender gave it; nil where it has several senders, or some message has no `sequence` of
  /// its own.
  static func bySequence(_ group: [Entry]) -> [Entry]? {
    guard let source = group.first?.key?.source, group.allSatisfy({ $0.key?.source == source && $0.sequence != nil }) else {
      return nil
    }
    // Of two with the same number their sender has said nothing; the order of hearing must not decide.
    guard Set(group.map(\.sequence)).count == group.count else { return nil }
    return group.sorted { $0.sequence ?? "" < $1.sequence ?? "" }
  }
}
