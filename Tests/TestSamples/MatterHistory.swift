// A random history of one matter with its parts and duplicates, for the law that the order of hearing does not count.

import Duban

/// A random history of one matter that could have happened: a whole (原件), parts of supporting units (协办件) and duplicates (合并件), through
/// several cycles (返工). Each message has an hour of its own.
///
/// What it leaves out cannot be told from an item's row, whatever the order:
/// - two pauses of a cycle, or two requests for an extension, or a pause and an extension: there is one column for each, and an extension
///   moves the deadline to a date, a pause by as much as it lasted, so that the one before the other is another date;
/// - two closings without a reopening between them, and two reopenings or two namings of a unit without an end: what begins a cycle, and
///   what ends it, is said once;
/// - two grants to one item: heard in the cycle before its own, the second may be no more than the first, and is refused;
/// - a pause or an extension of a duplicate: once its clocks are held with its main item, neither moves anything;
/// - a second merging of the same duplicate, and ends of the main item that are not of one sort: only the latest end is remembered, and so
///   a duplicate that is heard of late would be settled where it was released, or the other way about.
public struct MatterHistory: CustomStringConvertible {
  public struct Event: CustomStringConvertible {
    public var hour: Int
    var type: String
    var subject: String
    var data: String

    func names(_ unit: String) -> Bool { type != "merged" && data.contains("supporting") && data.contains(unit) }

    public var description: String { "\(hour) \(subject) \(type) \(data)" }

    /// The message, as told of a matter that is numbered after a run.
    public func told(from start: Instant, run: String = "HS") throws -> Envelope {
      try Sample.envelope(
        "complaint.\(type)", id: "\(run)-h\(hour)", subject: subject.replacing("HS-", with: "\(run)-"),
        time: (start + .hours(Int64(hour))).rfc3339, data: data.replacing("HS-", with: "\(run)-"))
    }
  }

  /// In the order in which they happened.
  public private(set) var events: [Event] = []
  /// How often the whole ended, and which items ended, or were opened again, by themselves.
  private(set) var ends = 0
  private(set) var endedThemselves: Set<String> = []
  private(set) var reopenedThemselves: Set<String> = []
  /// The reopening of the whole after which a duplicate was merged into it, by the hour of the merging.
  private(set) var reopenedBeforeMerging: [Int: Int] = [:]

  public var description: String { events.map(\.description).joined(separator: "\n") }

  /// An item as far as the history must know it, so as to tell nothing that cannot be.
  private struct Sketch {
    enum State { case none, open, merged, closed }
    var state = State.none
    var closedAt = 0
    var reopenedAt: Int?
    var hasPaused = false
    var isPaused = false
    var hasAsked = false
    var isAsked = false
    var hasMore = false
    var hasMerged = false

    mutating func begin(at hour: Int, again: Bool) {
      (state, hasPaused, isPaused, hasAsked, isAsked) = (.open, false, false, false, false)
      if again { reopenedAt = hour }
    }

    mutating func end(at hour: Int) { (state, closedAt) = (.closed, hour) }
  }

  private static let whole = "HS-1"
  private static let units = ["供电公司", "燃气公司"]
  private static let place = #""region":{"district":"黄石港区","street":"胜阳港街道"}"#
  private static let until = "2029-01-01T08:00:00+08:00"

  public init(_ random: inout Seeded) {
    var hour = 0
    var items: [String: Sketch] = [:]
    let units = Self.units.prefix(Int.random(in: 0...2, using: &random))
    let duplicates = ["HS-2", "HS-3"].prefix(Int.random(in: 0...2, using: &random))
    let sort = Bool.random(using: &random) ? "resolved" : "withdrawn"
    var hasLead = false
    var mine: [Event] = []
    func tell(_ type: String, _ subject: String, _ data: [String] = []) {
      mine.append(Event(hour: hour, type: type, subject: subject, data: "{\(data.joined(separator: ","))}"))
    }
    func endWhole() {
      items[Self.whole]?.end(at: hour)
      ends += 1
      for unit in units where items[unit]?.state == .open { items[unit]?.end(at: hour) }
      for duplicate in duplicates where items[duplicate]?.state == .merged {
        if sort == "resolved" { items[duplicate]?.end(at: hour) } else { items[duplicate]?.state = .open }
      }
    }
    /// What is said of an item, or of a unit's part, by itself.
    func live(_ name: String, _ subject: String, _ about: [String]) {
      guard var item = items[name] else { return }
      let isDuplicate = duplicates.contains(name)
      switch (item.state, Int.random(in: 0..<10, using: &random)) {
      case (.none, _): return
      case (.closed, 0...6):
        tell("reopened", subject, about)
        item.begin(at: hour, again: true)
        reopenedThemselves.insert(name)
      case (.closed, _): tell("responded", subject, about)
      case (_, 0...1): tell("responded", subject, about)
      case (_, 2...3) where name == Self.whole:
        tell(duplicates.isEmpty && Bool.random(using: &random) ? "withdrawn" : sort, subject)
        endWhole()
        return
      case (_, 2):
        tell(Bool.random(using: &random) ? "resolved" : "withdrawn", subject, about)
        item.end(at: hour)
        endedThemselves.insert(name)
      case (_, 4...6) where !isDuplicate && !item.hasAsked && !item.hasPaused:
        tell("suspended", subject, about + [#""reason":"等待居民配合""#])
        (item.hasPaused, item.isPaused) = (true, true)
      case (_, 4...9) where item.isPaused:
        tell("resumed", subject, about)
        item.isPaused = false
      case (_, 7...9) where !isDuplicate && !item.hasPaused && !item.hasAsked:
        tell("extension-requested", subject, about + [#""reason":"雨季""#, #""until":"\#(Self.until)""#])
        (item.hasAsked, item.isAsked) = (true, true)
      case (_, 4...9) where item.isAsked:
        let decision = !item.hasMore && Bool.random(using: &random) ? "approved" : "rejected"
        item.hasMore = item.hasMore || decision == "approved"
        tell(
          "extension-decided", subject,
          about + [#""decision":"\#(decision)""#, #""until":"\#(Self.until)""#, #""approver":"黄石市""#])
        item.isAsked = false
      default: return
      }
      items[name] = item
    }

    let first = units.filter { _ in Bool.random(using: &random) }
    tell("submitted", Self.whole, [Self.place] + Self.names(lead: nil, supporting: first))
    items[Self.whole] = Sketch(state: .open)
    for unit in units { items[unit] = Sketch(state: first.contains(unit) ? .open : .none) }
    for duplicate in duplicates { items[duplicate] = Sketch() }
    for _ in 0..<Int.random(in: 3...24, using: &random) {
      hour += 1
      let state = items[Self.whole]?.state
      switch Int.random(in: 0..<10, using: &random) {
      case 0...3: live(Self.whole, Self.whole, [])
      case 4...5:
        if let unit = units.randomElement(using: &random) { live(unit, Self.whole, [#""part":"\#(unit)""#]) }
      case 6...7:
        // Units are named of whom nothing is in hand: never before, or not since the whole was reopened.
        let idle = units.filter { unit in
          guard let part = items[unit] else { return false }
          return part.state == .none || part.state == .closed && part.closedAt <= items[Self.whole]?.reopenedAt ?? -1
        }.filter { _ in Bool.random(using: &random) }
        let lead = hasLead || Bool.random(using: &random) ? nil : "供水公司"
        guard state == .open, !idle.isEmpty || lead != nil else { continue }
        tell("accepted", Self.whole, Self.names(lead: lead, supporting: idle))
        hasLead = hasLead || lead != nil
        for unit in idle {
          let again = items[unit]?.state == .closed
          items[unit]?.begin(at: hour, again: again)
        }
      default:
        guard let name = duplicates.randomElement(using: &random), let duplicate = items[name] else { continue }
        switch duplicate.state {
        case .none:
          tell("submitted", name, [Self.place])
          items[name]?.begin(at: hour, again: false)
        // One merged into what stands withdrawn waits for nobody, and follows what it may become.
        case .open where !duplicate.hasMerged && (state == .open || sort == "resolved"):
          tell("merged", name, [#""into":{"source":"/hotline/12345","subject":"\#(Self.whole)"}"#])
          items[name]?.hasMerged = true
          if state == .open { items[name]?.state = .merged } else { items[name]?.end(at: hour) }
          reopenedBeforeMerging[hour] = items[Self.whole]?.reopenedAt
        default:
          live(name, name, [])
          // One that ended by itself is no duplicate any more.
          if items[name]?.state == .closed { items[name]?.hasMerged = true }
        }
      }
    }
    events = mine
  }

  private static func names(lead: String?, supporting: [String]) -> [String] {
    (lead.map { [#""lead":"\#($0)""#] } ?? [])
      + (supporting.isEmpty ? [] : [#""supporting":[\#(supporting.map { #""\#($0)""# }.joined(separator: ","))]"#])
  }

  /// The events as they might be heard.
  ///
  /// The namings of a unit are heard of in their order: which of two cycles of its part a message is of is not known where the later one
  /// is heard of first.
  ///
  /// A duplicate that is merged into a reopened whole is heard of after the reopening: before that, where an end was heard, it was settled
  /// with it, and what is closed is not opened again by what its main item did before.
  public func shuffled(_ random: inout Seeded) -> [Event] {
    var order = events.shuffled(using: &random)
    for unit in Self.units {
      // In place, each after the one before it.
      let places = order.indices.filter { order[$0].names(unit) }
      for (place, naming) in zip(places, places.map { order[$0] }.sorted { $0.hour < $1.hour }) { order[place] = naming }
    }
    for (merging, reopening) in reopenedBeforeMerging.sorted(by: { $0.key < $1.key }) {
      guard let i = order.firstIndex(where: { $0.hour == merging }), let j = order.firstIndex(where: { $0.hour == reopening }),
        i < j
      else { continue }
      order.insert(order.remove(at: j), at: i)
    }
    return order
  }

  /// Where each item has come to, in words; what depends on the order for a reason is left out.
  public func fates(of items: some Sequence<Item>, from start: Instant) -> [String] {
    func hour(_ time: Instant?) -> String {
      time.map { "\(($0.microseconds - start.microseconds) / 3_600_000_000)" } ?? "-"
    }
    return items.compactMap { item in
      guard item.phase != .awaited else { return nil }
      let name = item.key.unit ?? Self.number(item.key)
      // Of several ends of the whole only the latest is remembered: what is heard of late ended with that. And one that was ended with the
      // whole stays so, though it is heard later that it had ended by itself before.
      let isWhole = item.key.unit == nil && name == Self.whole
      let end =
        isWhole || ends < 2 && !endedThemselves.contains(name)
        ? "ended \(hour(item.closedAt)) \(item.isWithdrawn ? "withdrawn" : "")" : ""
      // For the same reasons a duplicate may be its own again, or not: by an end of the whole that is not the latest, or because it ended
      // and began again by itself before an end of the whole that was heard of first.
      if !isWhole, item.key.unit == nil, ends > 0 {
        if reopenedThemselves.contains(name) { return nil }
        if ends > 1, [.open, .responded].contains(item.phase) {
          return "\(name): \(item.phase), answered \(hour(item.answeredAt))"
        }
      }
      // Parts that are over before they are heard of need not have been: nobody has them in hand.
      if item.phase == .closed {
        return item.key.unit == nil ? "\(name): closed, \(end), answered \(hour(item.answeredAt))" : nil
      }
      // Which clock of a duplicate is held is decided when it runs on: an answer that comes meanwhile is remembered.
      let clock = item.phase == .merged ? nil : item.deadline.map { "\($0.clock) \($0.dueAt.rfc3339)" }
      // How many cycles there were is not known where one was over before it was heard of; nor is then whether a unit has its part for the
      // first time.
      let before =
        item.key.unit != nil && ends > 0 ? "" : "\(end), opened \(hour(item.openedAt)), again \(hour(item.reopenedAt))"
      return """
        \(name): \(item.phase) \(before), \
        answered \(hour(item.answeredAt)), held \(hour(item.suspendedAt)), follows \(item.main.map(Self.number) ?? "-"), \
        asked \(hour(item.extensionAskedAt)), extended \(item.extensions), \
        \(clock ?? "-"), settled by \(item.resolutionDueAt?.rfc3339 ?? "-"), \
        lead \(item.lead ?? "-") \(item.tier) \(item.holderID ?? 0)
        """
    }.sorted()
  }

  /// An item's number without that of the run.
  private static func number(_ key: ItemKey) -> String { "HS" + key.subject.drop { $0 != "-" } }
}
