// Random histories of one matter with its parts and duplicates: what happened, when, and when it was heard.

import Duban

/// A random history of a matter (主办件) with parts (协办件) and duplicates (重复件): anything at any time, whether it makes sense or not.
public struct MatterHistory: CustomStringConvertible, Sendable {
  /// What one message says.
  public struct Message: Hashable, Sendable, CustomStringConvertible {
    public var id: String
    /// Without the prefix `duban.`.
    public var type: String
    public var source: String
    public var subject: String
    public var occurredAt: Instant
    public var heardAt: Instant
    /// The members of `data`.
    public var data: [String]
    public var sequence: String?

    public init(
      id: String, type: String, source: String = MatterHistory.hotline, subject: String = MatterHistory.main, occurredAt: Instant,
      heardAt: Instant, data: [String] = [], sequence: String? = nil
    ) {
      (self.id, self.type, self.source, self.subject) = (id, type, source, subject)
      (self.occurredAt, self.heardAt, self.data, self.sequence) = (occurredAt, heardAt, data, sequence)
    }

    public var description: String {
      "\(id) \(type) of \(subject) at \(occurredAt.rfc3339), heard \(heardAt.rfc3339) \(sequence ?? "") \(data.joined(separator: ", "))"
    }

    public var text: String {
      let owner =
        source == MatterHistory.hotline ? [] : [#""item":{"source":"\#(MatterHistory.hotline)","subject":"\#(subject)"}"#]
      let sequence = sequence.map { #","sequence":"\#($0)""# } ?? ""
      return #"{"specversion":"1.0","id":"\#(id)","source":"\#(source)","type":"duban.\#(type)","time":"\#(occurredAt.rfc3339)","#
        + #""subject":"\#(subject)"\#(sequence),"data":{\#((owner + data).joined(separator: ","))}}"#
    }

    public func envelope() throws -> Envelope { try Envelope(RawMessage(body: Array(text.utf8))) }
  }

  /// What an operator or the directory did.
  public struct Act: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
      case movesPolicy(to: Int)
      case learns
    }

    public var at: Instant
    public var kind: Kind

    public init(at: Instant, kind: Kind) { (self.at, self.kind) = (at, kind) }
  }

  /// What a history may hold.
  public enum Law: Sendable {
    /// Anything.
    case functionOfLog
    /// Heard within the tolerances, no time in the future, no deadline that is stated too late to be kept.
    case arrival
    /// Heard whenever; nothing whose verdict turns on a deadline.
    case beyondTolerance
  }

  public static let hotline = "/hotline/12345"
  public static let night = "/portal/night"
  public static let main = "HS-1"
  public static let start = ShanghaiTime(year: 2026, month: 11, day: 20, hour: 8).instant

  public var messages: [Message] = []
  public var acts: [Act] = []
  /// When another calendar comes, and which.
  public var calendarChange: Instant?
  public var calendar = 1
  /// After everything.
  public var end = Self.start
  private var law: Law

  public var description: String {
    messages.sorted { $0.heardAt < $1.heardAt }.map(\.description).joined(separator: "\n") + "\n\(acts)"
  }

  public init(_ random: inout Seeded, for law: Law) {
    self.law = law
    let span = [Span.hours(2), .hours(12), .days(3), .days(20)].randomElement(using: &random) ?? .days(3)
    // The coarser, the more ties.
    let steps = [4, 12, 60, 4000].randomElement(using: &random) ?? 12
    func time(_ random: inout Seeded) -> Instant {
      Self.start
        + Span(
          microseconds: span.microseconds / 1_000_000 / Int64(steps) * Int64.random(in: 0...Int64(steps), using: &random)
            * 1_000_000)
    }
    let kind = Int.random(in: 0..<10, using: &random)
    let opens =
      [6: "problem.raised", 7: "inspection.assigned", 8: "funding.requested", 9: "reminder.scheduled"][kind]
      ?? "complaint.submitted"
    let category = ["应急", "保洁", "投诉", "琐事", "其他"].randomElement(using: &random) ?? "其他"
    let street = ["胜阳港街道", "花湖街道", "不存在街道"].randomElement(using: &random) ?? ""
    let duplicates = ["HS-2", "HS-3"].prefix(kind < 5 || kind == 6 ? Int.random(in: 0...2, using: &random) : 0)
    let first = Bool.random(using: &random) ? Self.start : time(&random)
    open(&random, Self.main, opens, at: first, street, category)
    if law == .functionOfLog, Int.random(in: 0..<8, using: &random) == 0 {
      open(&random, Self.main, opens, at: time(&random), street, category)
    }
    for duplicate in duplicates { open(&random, duplicate, opens, at: time(&random), street, category) }
    for _ in 0..<Int.random(in: 1...16, using: &random) {
      let subject = Int.random(in: 0..<3, using: &random) == 0 ? duplicates.randomElement(using: &random) ?? Self.main : Self.main
      say(&random, of: subject, opens, at: time(&random), until: time(&random) + .hours(30))
    }
    for _ in 0..<(Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 1...3, using: &random) : 0) {
      acts.append(Act(at: time(&random), kind: .movesPolicy(to: Bool.random(using: &random) ? 8 : 7)))
    }
    if law == .functionOfLog, street == "花湖街道" || Bool.random(using: &random) {
      acts.append(Act(at: time(&random), kind: .learns))
    }
    if Int.random(in: 0..<3, using: &random) == 0 {
      (calendarChange, calendar) = (time(&random), Int.random(in: 1...2, using: &random))
    }
    // Acts are held fixed: at a time when the matter is known, whenever it is heard. They may change what the policy allows.
    switch law {
    case .functionOfLog: break
    case .arrival: acts.removeAll { $0.at < first + .hours(1) }
    case .beyondTolerance: acts = []
    }
    end = Self.start + span + .days(6)
    reheard(&random)
  }

  private mutating func tell(_ random: inout Seeded, _ type: String, at time: Instant, of subject: String, _ data: [String]) {
    let isOpening = ["complaint.submitted", "inspection.assigned", "problem.raised", "funding.requested", "reminder.scheduled"]
      .contains(type)
    let source = !isOpening && Int.random(in: 0..<6, using: &random) == 0 ? Self.night : Self.hotline
    let sequence = Int.random(in: 0..<3, using: &random) == 0 ? "\(Int.random(in: 0...9, using: &random))" : nil
    messages.append(
      Message(
        id: "m\(messages.count + 1)", type: type, source: source, subject: subject, occurredAt: time, heardAt: time, data: data,
        sequence: sequence))
  }

  private mutating func open(
    _ random: inout Seeded, _ subject: String, _ type: String, at time: Instant, _ street: String, _ category: String
  ) {
    var data = [Self.region(&random, street), #""category":"\#(category)""#, #""title":"路灯不亮""#]
    if Bool.random(using: &random) { data += Self.units(&random) }
    if type == "inspection.assigned", Int.random(in: 0..<3, using: &random) == 0 {
      data.append(#""checklist":{"name":"\#(SampleCity.checklistName)"}"#)
    }
    if type == "reminder.scheduled" || type == "problem.raised" && Bool.random(using: &random) {
      data.append(#""due":"\#((time + .hours(Int64.random(in: 2...30, using: &random))).rfc3339)""#)
    }
    tell(&random, type, at: time, of: subject, data)
  }

  private mutating func say(
    _ random: inout Seeded, of subject: String, _ opens: String, at time: Instant, until: Instant
  ) {
    let family = String(opens.prefix { $0 != "." })
    var part: [String] = []
    if Int.random(in: 0..<3, using: &random) == 0 { part = [#""part":"\#(Self.unit(&random))""#] }
    let until = Instant(microseconds: until.microseconds / 60_000_000 * 60_000_000)
    let mayExtend = law != .beyondTolerance
    func say(_ type: String, _ data: [String] = []) { tell(&random, "\(family).\(type)", at: time, of: subject, data) }
    switch family {
    case "inspection" where Int.random(in: 0..<2, using: &random) == 0:
      switch Int.random(in: 0..<7, using: &random) {
      case 0...1: say("reported", part + (Int.random(in: 0..<3, using: &random) == 0 ? [#""closing":"已解决""#] : []))
      case 4: say("closed", part)
      case 5: say("cancelled", part)
      case 6: say("reported", part + Self.report(&random))
      case 2: tell(&random, "rectification.submitted", at: time, of: subject, part)
      default:
        tell(&random, "rectification.verified", at: time, of: subject, part + [#""passed":\#(Bool.random(using: &random))"#])
      }
    case "problem" where Int.random(in: 0..<4, using: &random) > 0:
      let check = [#""passed":\#(Int.random(in: 0..<3, using: &random) > 0)"#, #""reason":"渗漏""#]
      switch Int.random(in: 0..<15, using: &random) {
      case 0: say("planned", part + [#""measure":"改接管道""#])
      case 1...3:
        say("closure-requested", part + [#""evidence":["照片"]"#])
        // So that duplicates are checked, too.
        if subject != Self.main {
          tell(&random, "problem.rechecked", at: time + .seconds(60), of: subject, part + [#""passed":true"#])
        }
      case 4...5: say("confirmed", part + check)
      case 6...7: say("rechecked", part + check)
      case 8:
        let approver = Bool.random(using: &random) ? "黄石港区" : "黄石市"
        let decision = Int.random(in: 0..<3, using: &random) == 0 ? "rejected" : "approved"
        say("closure-decided", part + [#""decision":"\#(decision)""#, #""approver":"\#(approver)""#])
      case 9: say("spot-checked", part + check)
      case 10: say("urged", part)
      case 11...13 where subject != Self.main: say("merged", [#""into":{"source":"\#(Self.hotline)","subject":"\#(Self.main)"}"#])
      default: say(Bool.random(using: &random) ? "rebounded" : "withdrawn", part)
      }
    case "funding" where Int.random(in: 0..<2, using: &random) == 0:
      switch Int.random(in: 0..<3, using: &random) {
      case 0: say("reviewed", part + [#""decision":"\#(Bool.random(using: &random) ? "approved" : "rejected")""#])
      case 1: say("disbursed", part)
      default: say("used", part)
      }
    case "reminder":
      switch Int.random(in: 0..<6, using: &random) {
      case 0...1: say("done", part)
      case 2: say("cancelled", part)
      case 3: say("urged", part)
      // A unit that gets a part after the stated time has the policy's limit from its hearing on.
      case 4: say("accepted", [#""lead":"\#(Self.unit(&random))""#])
      default: say(["assigned", "reassigned"].randomElement(using: &random) ?? "", Self.assignment(&random))
      }
    default:
      let isComplaint = family == "complaint"
      let approver = [#""approver":"\#(Bool.random(using: &random) ? "黄石港区" : "黄石市")""#]
      let decision = [#""decision":"\#(Int.random(in: 0..<3, using: &random) == 0 ? "rejected" : "approved")""#]
      switch Int.random(in: 0..<40, using: &random) {
      case 24...26:
        let isFirst = family != "inspection" && Bool.random(using: &random)
        say(isFirst ? "assigned" : "reassigned", Self.assignment(&random))
      case 27...28 where isComplaint: say("contacted", part + (Bool.random(using: &random) ? [#""reached":false"#] : []))
      case 29 where isComplaint:
        let closing = Bool.random(using: &random) ? "无法联系" : "已解决"
        say("closure-requested", part + [#""closing":"\#(closing)""#])
      case 30...31 where isComplaint: say("closure-decided", part + decision + approver)
      case 32 where isComplaint: say("return-decided", part + decision + approver)
      case 33...34 where isComplaint: say("parked", part + [#""reason":"历史遗留""#] + approver)
      case 35 where isComplaint: say("unparked", part)
      case 36 where isComplaint: say("parking-reviewed", part)
      case 37...38 where isComplaint:
        let judgement = ["重办", "维持", "剔除"].randomElement(using: &random) ?? "维持"
        say("judged", part + [#""judgement":"\#(judgement)""#] + approver)
      case 39 where isComplaint:
        switch Int.random(in: 0..<3, using: &random) {
        case 0: say("consulted", [#""minutes":"由街道牵头""#])
        case 1: say("archived")
        default: say("urged", part)
        }
      case 39: say("accepted", Self.units(&random))
      case 0...2 where isComplaint: say("responded", part)
      case 3...5 where isComplaint: say("resolved", part)
      case 6 where isComplaint: say("withdrawn", part)
      case 7...8 where isComplaint: say("reopened", part)
      case 9 where isComplaint: say("rated", part + [#""rating":"\#(Bool.random(using: &random) ? "不满意" : "满意")""#])
      case 10...11 where isComplaint: say("accepted", Self.units(&random))
      case 12 where isComplaint: say("returned", part + [#""reason":"非本辖区""#])
      case 13...14 where isComplaint:
        if subject != Self.main {
          let main = subject == "HS-3" && Bool.random(using: &random) ? "HS-2" : Self.main
          say("merged", [#""into":{"source":"\#(Self.hotline)","subject":"\#(main)"}"#])
        }
      case 13...17:
        let reason = Int.random(in: 0..<4, using: &random) == 0 ? "天气" : "等待居民配合"
        say("suspended", part + [#""reason":"\#(reason)""#])
      case 18...20: say("resumed", part)
      case 21...22 where mayExtend: say("extension-requested", part + [#""reason":"雨季""#, #""until":"\#(until.rfc3339)""#])
      case 23 where mayExtend:
        let decision = Int.random(in: 0..<4, using: &random) == 0 ? "rejected" : "approved"
        let approver = Int.random(in: 0..<2, using: &random) == 0 ? "黄石港区" : "黄石市"
        say(
          "extension-decided",
          part + [#""decision":"\#(decision)""#, #""until":"\#(until.rfc3339)""#, #""approver":"\#(approver)""#])
      default: if isComplaint { say("responded", part) }
      }
    }
  }

  /// Clean, with a check that failed, or on a checklist that is not known.
  private static func report(_ random: inout Seeded) -> [String] {
    let isUnknown = Int.random(in: 0..<3, using: &random) == 0
    return [
      #""checklist":{"name":"\#(isUnknown ? "unknown" : SampleCity.checklistName)","version":1}"#,
      #""results":{"雨污分流":\#(Bool.random(using: &random))}"#,
    ]
  }

  private static func assignment(_ random: inout Seeded) -> [String] {
    var data: [String] = []
    if Bool.random(using: &random) {
      let street = ["胜阳港街道", "花湖街道", "不存在街道"].randomElement(using: &random) ?? ""
      data.append(region(&random, street))
    }
    if Int.random(in: 0..<3, using: &random) == 0 {
      data.append(#""tier":"\#(["community", "district", "city"].randomElement(using: &random) ?? "city")""#)
    }
    if data.isEmpty || Int.random(in: 0..<3, using: &random) == 0 { data.append(#""lead":"\#(unit(&random))""#) }
    if Int.random(in: 0..<4, using: &random) == 0 { data.append(#""final":true"#) }
    return data
  }

  private static func region(_ random: inout Seeded, _ street: String) -> String {
    let community = ["磁湖社区", "延安路社区", "无此社区"].randomElement(using: &random) ?? ""
    let named = Int.random(in: 0..<3, using: &random) == 0 ? "" : #","community":"\#(community)""#
    return #""region":{"district":"黄石港区","street":"\#(street)"\#(named)}"#
  }

  private static func unit(_ random: inout Seeded) -> String {
    ["供水公司", "供电公司", "燃气公司", "无名公司"].randomElement(using: &random) ?? "供水公司"
  }

  private static func units(_ random: inout Seeded) -> [String] {
    var data: [String] = []
    if Int.random(in: 0..<3, using: &random) == 0 { data.append(#""lead":"\#(unit(&random))""#) }
    let supporting = Set((0..<Int.random(in: 0...2, using: &random)).map { _ in unit(&random) }).sorted()
    if !supporting.isEmpty { data.append(#""supporting":[\#(supporting.map { #""\#($0)""# }.joined(separator: ","))]"#) }
    return data
  }

  /// Draws anew when each message is heard.
  public mutating func reheard(_ random: inout Seeded) {
    let isPrompt = Int.random(in: 0..<4, using: &random) == 0
    for i in messages.indices {
      let delay: Span
      switch (law, Int.random(in: 0..<8, using: &random)) {
      case (.arrival, _): delay = .seconds(isPrompt ? 1 : Int64.random(in: 0...1500, using: &random))
      case (_, 0...2): delay = .seconds(Int64.random(in: 0...30, using: &random))
      case (_, 3...4): delay = .seconds(Int64.random(in: 0...3600, using: &random))
      case (_, 5): delay = .seconds(Int64.random(in: 0...36_000, using: &random))
      case (.functionOfLog, 6): delay = .seconds(-Int64.random(in: 0...90, using: &random))
      default: delay = .seconds(Int64.random(in: 0...600_000, using: &random))
      }
      messages[i].heardAt = messages[i].occurredAt + delay
    }
    end = max(end, (messages.map(\.heardAt).max() ?? end) + .hours(1))
  }
}
