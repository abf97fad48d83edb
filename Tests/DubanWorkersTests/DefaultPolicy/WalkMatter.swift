// Matters by which a policy is walked: what upstream tells of one, minute by minute, and what Duban must make of it.

import Duban
import Foundation
import TestServers
import Testing

/// A matter of 2026, and what it must lead to. Everything is told to the minute, in Asia/Shanghai.
struct WalkMatter: Sendable, CustomTestStringConvertible {
  /// Its number upstream.
  var name: String
  /// The rule that it proves, in the document's words.
  var proves: String
  /// The condition of the policy's rule that it falls under.
  var rule: String
  var source = "/hotline/12345"
  var place: Place
  var messages: [Message]
  /// What Duban must tell of it, in the order of time.
  var told: [Told]

  var testDescription: String { "\(name) — \(proves)" }

  struct Message: Sendable {
    var time: Instant
    /// When it reaches Duban.
    var heardAt: Instant
    var type: String
    /// Nil for an opening, which tells what the matter says of itself, and for what needs none.
    var data: String?
    /// Whether it is taken but does not count, so that its sender is told why.
    var isInapplicable = false
  }

  struct Place: Sendable {
    var district, street: String
  }

  /// A line of what Duban tells.
  struct Told: Hashable, Sendable, CustomStringConvertible {
    var at: String
    var what: String
    var description: String { "\(at) \(what)" }
  }

  /// Something that happens to a matter: messages, and what must follow.
  struct Step: Sendable {
    var messages: [Message] = []
    var told: [Told] = []
  }

  /// The steps in any order, but the opening first: those of each clock's chain stand together.
  init(
    _ name: String, _ proves: String, rule: String, category: String? = nil, grade: String? = nil, source: String? = nil,
    due: String? = nil, at place: Place, _ steps: [Step]
  ) {
    (self.name, self.proves, self.rule, self.place) = (name, proves, rule, place)
    if let source { self.source = source }
    messages = steps.flatMap(\.messages).inOrder(of: \.heardAt)
    told = steps.flatMap(\.told).inOrder(of: \.at)
    let facts = [("category", category), ("grade", grade), ("due", due.map { minute($0).rfc3339 })]
    let known = facts.compactMap { name, value in value.map { #","\#(name)":"\#($0)""# } }.joined()
    let region = #"{"district":"\#(place.district)","street":"\#(place.street)"}"#
    // The first is the opening.
    messages[0].data = #"{"region":\#(region),"title":"\#(name)"\#(known)}"#
  }

  /// The messages as CloudEvents, each with when it reaches Duban.
  var events: [(heardAt: Instant, id: String, text: String)] {
    messages.enumerated().map { i, message in
      let id = "\(name)#\(i)"
      let text = Sample.event(
        message.type, id: id, source: source, subject: name, time: message.time.rfc3339, data: message.data ?? "{}")
      return (message.heardAt, id, text)
    }
  }

  /// The minutes at which something of it happens.
  var minutes: [Instant] { messages.map(\.heardAt) + told.map { minute($0.at) } }
}

/// `02-14 09:00` of 2026.
func minute(_ text: String) -> Instant {
  Instant(rfc3339: "2026-\(text.replacing(" ", with: "T")):00+08:00") ?? Instant(microseconds: 0)
}

extension Instant {
  /// To the minute, the rest cut off; the year where it is not 2026.
  var minuteText: String {
    let text = String(rfc3339.prefix(16)).replacing("T", with: " ")
    return text.hasPrefix("2026-") ? String(text.dropFirst(5)) : text
  }
}

extension Sequence {
  /// By time, and what has the same time as it stands.
  fileprivate func inOrder<T: Comparable>(of time: (Element) -> T) -> [Element] {
    enumerated().sorted { (time($0.element), $0.offset) < (time($1.element), $1.offset) }.map(\.element)
  }
}

// MARK: - Steps

extension WalkMatter.Step {
  /// Upstream tells; `heard` where the message is held up on its way.
  static func says(_ time: String, _ type: String, _ data: String? = nil, heard: String? = nil) -> Self {
    Self(messages: [.init(time: minute(time), heardAt: minute(heard ?? time), type: type, data: data)])
  }

  /// Upstream tells what settles the matter.
  static func closes(_ time: String, _ type: String, _ data: String? = nil) -> Self {
    var step = says(time, type, data)
    step.told = [.init(at: time, what: "closed")]
    return step
  }

  /// Upstream tells what cannot count as the matter stands.
  static func inapplicable(_ time: String, _ type: String, _ data: String, _ reason: String) -> Self {
    var step = says(time, type, data)
    step.messages[0].isInapplicable = true
    step.told = [.init(at: time, what: "rejected \(reason)")]
    return step
  }

  /// Who owes a step is warned of a deadline that is kept, or moved, after that.
  static func warned(_ clock: Item.ClockKind, _ tier: Tier, _ time: String, due: String) -> Self {
    Self(told: [.init(at: time, what: "due-soon \(tier) \(clock), due \(due)")])
  }

  /// A deadline passes at a tier: the next tier of the chain supervises, if there is one, and a slip of a colour is issued.
  static func lapses(_ clock: Item.ClockKind, _ tier: Tier, _ slip: Slip, warned: String? = nil, at due: String) -> Self {
    var step = warned.map { Self.warned(clock, tier, $0, due: due) } ?? Self()
    let facts = "\(tier) \(clock), due \(due)"
    step.told.append(.init(at: due, what: (tier == .city ? "overdue " : "escalated ") + facts))
    step.told.append(.init(at: due, what: "slip \(slip) " + facts))
    return step
  }

  /// A deadline passes of a matter outside the chain: no tier above supervises, and no slip is issued.
  static func lapsesAlone(_ clock: Item.ClockKind, _ tier: Tier, warned: String, at due: String) -> Self {
    var step = Self.warned(clock, tier, warned, due: due)
    step.told.append(.init(at: due, what: "overdue \(tier) \(clock), due \(due)"))
    return step
  }

  /// A 约谈 is proposed, over what the matter has breached so far: 响应, 办结 or both (R34).
  static func summons(_ time: String, over clocks: Item.ClockKind...) -> Self {
    Self(told: [.init(at: time, what: "proposed " + clocks.map(\.rawValue).joined(separator: " and "))])
  }

  /// What is heard late shows that a deadline was kept after all: the breach did not happen, and its slip is withdrawn.
  static func annuls(_ clock: Item.ClockKind, _ tier: Tier, _ slip: Slip, due: String, at time: String) -> Self {
    let facts = "\(tier) \(clock), due \(due)"
    return Self(told: [.init(at: time, what: "annulled " + facts), .init(at: time, what: "withdrawn \(slip) " + facts)])
  }

  /// What says so was heard too late to be believed unseen: a person decides.
  static func contests(_ clock: Item.ClockKind, _ tier: Tier, due: String, at time: String) -> Self {
    Self(told: [.init(at: time, what: "contested \(tier) \(clock), due \(due)")])
  }
}

extension WalkMatter {
  static let pause = #"{"reason":"等待居民配合"}"#
  static let approved = #"{"decision":"approved"}"#
  static let rejected = #"{"decision":"rejected"}"#
  static let solved = #"{"closing":"已解决"}"#
  static let passed = #"{"passed":true}"#
  static let failed = #"{"passed":false}"#

  static func request(until: Instant) -> String { #"{"reason":"雨季不能施工","until":"\#(until.rfc3339)"}"# }

  static func grant(until: Instant, by approver: String) -> String {
    #"{"decision":"approved","until":"\#(until.rfc3339)","approver":"\#(approver)"}"#
  }

  /// A matter of 02-11 09:00 that is suspended from 11:00 for a day; answered half an hour after the warning; given more time by 区
  /// once, and not twice, after the warning of its settling; and settled half an hour after the last.
  ///
  /// `response`, `resolution` and `until` are when its holder is warned and until when: by what the pause has left of each clock, and by the
  /// extension.
  static func held(
    _ name: String, rule: String, category: String? = nil, grade: String? = nil, source: String? = nil,
    response: (warned: String, due: String)?, resolution: (warned: String, due: String), until: (warned: String, due: String)
  ) -> WalkMatter {
    let kind = String(rule.prefix { $0.isLetter })
    func after(_ time: String, _ minutes: Int64) -> String { (minute(time) + .seconds(minutes * 60)).minuteText }
    var steps: [Step] = [
      .says("02-11 09:00", openings[kind] ?? ""), .says("02-11 11:00", "\(kind).suspended", pause),
      .says("02-12 11:00", "\(kind).resumed"),
    ]
    if let response {
      let answer = kind == "complaint" ? "complaint.responded" : kind == "inspection" ? "inspection.reported" : "funding.reviewed"
      steps += [
        .warned(.response, .street, response.warned, due: response.due),
        .says(after(response.warned, 30), answer, kind == "funding" ? approved : nil),
      ]
    }
    let end = minute(until.due)
    steps += [
      .warned(.resolution, .street, resolution.warned, due: resolution.due),
      .says(after(resolution.warned, 10), "\(kind).extension-requested", request(until: end)),
      .says(after(resolution.warned, 20), "\(kind).extension-decided", grant(until: end, by: Place.胜阳港街道.district)),
      .inapplicable(after(resolution.warned, 30), "\(kind).extension-requested", request(until: end), "limit-reached"),
      .warned(.resolution, .street, until.warned, due: until.due),
      kind == "inspection"
        ? .closes(after(until.warned, 30), "rectification.verified", passed)
        : .closes(after(until.warned, 30), kind == "funding" ? "funding.disbursed" : "complaint.resolved"),
    ]
    return WalkMatter(
      name, "延期 preset (12345 practice): asked for before expiry, approved above, once; a pause suspends both clocks", rule: rule,
      category: category, grade: grade, source: source, at: .胜阳港街道, steps)
  }

  private static let openings = [
    "complaint": "complaint.submitted", "inspection": "inspection.assigned", "funding": "funding.requested",
  ]
}

// MARK: - What Duban tells

/// An event of Duban's as the walk looks at it: a CloudEvent, or what will become one.
struct ToldEvent: Sendable, Decodable {
  /// The matter that it is about; nil for what is about none.
  var matter: String?
  var told: WalkMatter.Told
  /// A notice's organ, title and text.
  var organ, title, body: String?

  private struct Facts: Decodable {
    struct Item: Decodable { var subject: String }
    var item: Item?
    var clock, dueAt, tier, from, colour, id, reason, reference, organ, title, body: String?
  }

  init(from decoder: any Decoder) throws {
    enum Keys: CodingKey { case type, time, data }
    let event = try decoder.container(keyedBy: Keys.self)
    let time = try Instant(rfc3339: event.decode(String.self, forKey: .time))
    let type = try event.decode(String.self, forKey: .type)
    guard let time, type.hasPrefix(EventType.prefix) else { throw TestFault("no event of Duban's: \(type)") }
    self.init(String(type.dropFirst(EventType.prefix.count)), at: time, try event.decode(Facts.self, forKey: .data))
  }

  init(_ event: Announcement) throws {
    let facts = try JSONDecoder().decode(Facts.self, from: Data(event.data.utf8))
    self.init(event.type.rawValue, at: event.occurredAt, facts)
  }

  private init(_ type: String, at time: Instant, _ facts: Facts) {
    matter = facts.item?.subject
    let due = facts.dueAt.flatMap { Instant(rfc3339: $0) }?.minuteText ?? "?"
    let deadline = "\(facts.tier ?? facts.from ?? "?") \(facts.clock ?? "?"), due \(due)"
    var what = type
    switch type {
    case "item.due-soon": what = "due-soon " + deadline
    case "item.escalated": what = "escalated " + deadline
    case "item.overdue": what = "overdue " + deadline
    case "item.closed": what = "closed"
    case "slip.issued": what = "slip \(facts.colour ?? "?") " + deadline
    case "slip.withdrawn": what = "withdrawn \(facts.colour ?? "?") " + deadline
    case "breach.annulled": what = "annulled " + deadline
    case "breach.contested": what = "contested " + deadline
    case "receipt.rejected", "receipt.accepted":
      guard type == "receipt.rejected" else { break }
      // Messages are numbered within their matter.
      matter = facts.id.map { String($0.prefix { $0 != "#" }) }
      what = "rejected \(facts.reason ?? "?")"
    case "notice.proposed", "notice.issued":
      (organ, title, body) = (facts.organ, facts.title, facts.body)
      // A 约谈 over a matter is known by the matter's id alone: the text does not name a confidential one.
      guard let id = (facts.reference ?? "").firstMatch(of: /^item\/\d+/) else { break }
      matter = String(id.0)
      let clocks = [("response", /(响应|初次反馈|审核)时限届满/), ("resolution", /(办结|整改|拨付|完成)时限届满/)]
      what = "proposed " + clocks.filter { (facts.body ?? "").contains($0.1) }.map(\.0).joined(separator: " and ")
    default: break
    }
    // What a source asks to be told of each message is no matter's.
    if type == "receipt.accepted" { matter = nil }
    told = WalkMatter.Told(at: time.minuteText, what: what)
  }
}
