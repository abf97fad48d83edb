// A random history of a handful of items: what upstream systems send about them, when it happened and when it arrives.

import Duban
import TestServers

extension Seeded {
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  /// One of the values, which must not be none.
  mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: values.indices, using: &self)] }
}

/// Messages and their hours of arrival.
struct EngineHistory: Sendable {
  /// Hour 0 of every history. Messages happen on full hours.
  static let start = ShanghaiTime(year: 2027, month: 1, day: 1).instant

  static func time(_ hour: Int) -> Instant { start + .hours(Int64(hour)) }

  struct Arrival: Sendable {
    var hour: Int
    var message: RawMessage
  }

  /// In the order in which they arrive.
  private(set) var arrivals: [Arrival] = []

  /// Whether whom the directory lacks is added to it.
  private(set) var teaches = false

  /// Whether another calendar comes.
  private(set) var importsCalendar = false

  /// The small city with what ``matters`` name and it lacks.
  static let taughtDirectory = TestStore.directory.replacing("districts:", with: "districts:\n  - { name: 不知道, streets: [不知道] }")
    .replacing("燃气公司]", with: "燃气公司, 无此单位]")

  /// Two clocks with slips, warnings and summonses; one that is urgent and cannot be put off; kinds that have less.
  /// Two between which operators move matters.
  static let policies = [
    policy,
    policy.replacing("policy: engine", with: "policy: other").replacing("summons-at: district", with: "summons-at: city")
      .replacing("within: 48h", with: "within: 36h")
      .replacing("slips: [blue, orange, red]", with: "slips: [blue, orange, red]\n    summons-at: district"),
  ]

  /// Takes days from the calendar that was announced for 2027.
  static let secondCalendar = Workdays.first + "2027-01-01,holiday,元旦\n2027-01-05,holiday,试验\n"

  static let policy = """
    policy: engine
    counts-from-hearing-after: 1h
    annuls-within: 30h
    rules:
      - kind: complaint
        category: 应急
        response: { within: 2h, district: 1h, city: 1h }
        resolution: { within: 24h, district: 4h, city: 4h }
        slips: [orange, red, red]
        summons-at: district
        extensions: 0
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h, warn: 6h }
        resolution: { within: 19d, district: 5d, city: 5d, warn: 24h }
        slips: [blue, orange, red]
        extensions: 2
      - kind: inspection
        response: { within: 7d, district: 3d, city: 3d }
        resolution: { within: 3wd, district: 1wd, city: 5d }
        pauses: [天气]
      - kind: funding
        response: { within: 15d, district: 5d, city: 5d }
        resolution: { within: 30d, district: 5d, city: 5d }
        approver: city
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  init(_ random: inout Seeded) {
    var sent: [(hour: Int, text: String)] = []
    func send(_ type: String, _ item: ItemKey, at hour: Int, _ data: String = "{}", from other: String? = nil) {
      let data = other == nil ? data : #"{"item":{"source":"\#(item.source)","subject":"\#(item.subject)"}}"#
      sent.append(
        (
          hour,
          Sample.event(
            type, id: "m\(sent.count)", source: other ?? item.source, subject: item.subject, time: Self.time(hour).rfc3339,
            data: data)
        ))
    }
    let complaints = (0..<Int.random(in: 2...4, using: &random)).map { i in
      ItemKey(source: random.pick(Self.sources), subject: "S\(i)")
    }
    for item in complaints {
      let opened = Int.random(in: 0..<60, using: &random)
      if random.chance(94) { send("complaint.submitted", item, at: opened, random.pick(Self.matters)) }
      for _ in 0..<Int.random(in: 0...7, using: &random) {
        let hour = opened + random.pick([3, 30, 80, 500, 700]).advanced(by: Int.random(in: 0..<30, using: &random))
        let until = Self.time(hour + Int.random(in: 0..<600, using: &random)).rfc3339
        let into = random.chance(8) ? ItemKey(source: Self.sources[0], subject: "T") : random.pick(complaints)
        let (type, data) = random.pick([
          ("accepted", "{}"), ("accepted", Self.named), ("responded", "{}"), ("responded", "{}"), ("resolved", "{}"),
          ("resolved", "{}"),
          ("returned", #"{"reason":"非本辖区"}"#), ("reopened", "{}"), ("rated", #"{"rating":"不满意"}"#), ("withdrawn", "{}"),
          ("suspended", #"{"reason":"等待居民配合"}"#), ("resumed", "{}"), ("resumed", "{}"),
          ("extension-requested", #"{"reason":"雨季","until":"\#(until)"}"#),
          ("extension-decided", #"{"decision":"approved","until":"\#(until)","approver":"\#(random.pick(["黄石市", "黄石港区"]))"}"#),
          ("extension-decided", #"{"decision":"rejected"}"#),
          ("merged", #"{"into":{"source":"\#(into.source)","subject":"\#(into.subject)"}}"#),
          ("merged", #"{"into":{"source":"\#(into.source)","subject":"\#(into.subject)"}}"#), ("urged", "{}"),
        ])
        switch type {
        case "urged": send("reminder.urged", item, at: hour, from: random.chance(50) ? "/portal/street" : nil)
        // An item cannot follow itself: such a message would not be read at all.
        case "merged" where into == item: send("complaint.accepted", item, at: hour)
        case "merged": send("complaint.merged", item, at: hour, data)
        default: send("complaint.\(type)", item, at: hour, random.chance(20) ? Self.part(random.pick(Self.units), data) : data)
        }
      }
    }
    if random.chance(40) { Self.addOther(random.pick(["inspection", "funding", "reminder"]), &random, send) }
    schedule(sent, &random)
    teaches = random.chance(50)
    importsCalendar = random.chance(40)
  }

  static let sources = ["/hotline/12345", "/qr/mashang"]

  private static let named = #"{"lead":"燃气公司","supporting":["供水公司","供电公司"]}"#
  /// The last is in no directory, and may be no unit of the matter at all.
  private static let units = ["供水公司", "供电公司", "燃气公司", "无此单位"]

  /// The same event about a unit's part in its matter.
  private static func part(_ unit: String, _ data: String) -> String {
    #"{"part":"\#(unit)""# + (data == "{}" ? "" : ",") + data.dropFirst()
  }

  private static let matters = [
    #"{"region":{"district":"黄石港区","street":"花湖街道"},"lead":"供水公司","supporting":["供电公司","无此单位"]}"#,
    #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"category":"雨污接驳"}"#,
    #"{"region":{"district":"黄石港区","street":"花湖街道"},"category":"应急"}"#, #"{"region":{"district":"黄石港区"}}"#,
    #"{"region":{"district":"不知道","street":"不知道"}}"#,
  ]

  /// An item of another kind, with a few events of its own.
  private static func addOther(
    _ kind: String, _ random: inout Seeded, _ send: (String, ItemKey, Int, String, String?) -> Void
  ) {
    let item = ItemKey(source: sources[0], subject: "other")
    let opened = Int.random(in: 0..<60, using: &random)
    let (opening, data, others): (String, String, [(String, String)]) =
      switch kind {
      case "inspection":
        (
          "inspection.assigned", matters[0],
          [
            ("inspection.reported", "{}"), ("rectification.submitted", "{}"), ("rectification.verified", #"{"passed":true}"#),
            ("rectification.verified", #"{"passed":false}"#), ("inspection.suspended", #"{"reason":"天气"}"#),
            ("inspection.suspended", #"{"reason":"没空"}"#), ("inspection.resumed", "{}"), ("complaint.responded", "{}"),
          ]
        )
      case "funding":
        (
          "funding.requested", matters[0],
          [
            ("funding.reviewed", #"{"decision":"approved"}"#), ("funding.reviewed", #"{"decision":"rejected"}"#),
            ("funding.disbursed", "{}"), ("funding.used", "{}"), ("funding.resumed", "{}"),
          ]
        )
      default:
        (
          "reminder.scheduled", #"{"due":"\#(time(opened + 100).rfc3339)","region":{"district":"下陆区","street":"新下陆街道"}}"#,
          [("reminder.done", "{}"), ("reminder.cancelled", "{}"), ("reminder.urged", "{}")]
        )
      }
    send(opening, item, opened, data, nil)
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      let (type, data) = random.pick(others)
      send(type, item, opened + Int.random(in: 0..<700, using: &random), data, nil)
    }
  }

  /// Most arrive within the hour, some much later and some before it; or, after an outage, all at once. A quarter arrives twice, and
  /// one in twenty once more with other content.
  private mutating func schedule(_ sent: [(hour: Int, text: String)], _ random: inout Seeded) {
    let isAfterOutage = random.chance(30)
    for (hour, text) in sent {
      var texts = [text]
      if random.chance(25) { texts.append(text) }
      if random.chance(5) { texts.append(text.replacing("\"specversion\"", with: "\"note\":\"另一件\",\"specversion\"")) }
      for text in texts {
        let lag = random.chance(60) ? 0 : random.chance(20) ? -3 : Int.random(in: 0..<random.pick([8, 40, 150]), using: &random)
        arrivals.append(Arrival(hour: isAfterOutage ? 800 : max(0, hour + lag), message: RawMessage(body: Array(text.utf8))))
      }
    }
    arrivals.shuffle(using: &random)
    arrivals.sort { $0.hour < $1.hour }
  }
}
