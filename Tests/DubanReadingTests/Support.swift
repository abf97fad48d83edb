// A small city and a log in memory, for what is said of matters.

import Duban
import DubanReading
import DubanStore
import Testing

/// A matter's log as it grows.
struct Story {
  private(set) var log: [Entry] = []
  private(set) var breaches: [Breach] = []
  private var findings: [FindingRow] = []
  var references: References
  var sweptTo: Instant?

  init() throws { references = try Self.references() }

  static let key = ItemKey(source: "/hotline/12345", subject: "HS-1")

  static func references(
    _ policies: [String] = [policy], calendars: [(String, Int, String)] = [("2026-01-01T00:00", 1, calendar)]
  ) throws
    -> References
  {
    let versions = try policies.enumerated().map { i, text in try Policy(yaml: text, version: i + 1) }
    let organs = [
      Organ(id: 1, tier: .city, name: "黄石市", parentID: nil), Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1),
      Organ(id: 3, tier: .street, name: "胜阳港街道", parentID: 2), Organ(id: 4, tier: nil, name: "供水公司", parentID: 1),
    ]
    return References(
      policies: PolicyBook(current: versions[versions.count - 1], earlier: versions.dropLast()),
      directory: Directory(version: 1, organs: organs, sources: [UpstreamSource(uri: "/hotline/12345", name: "12345热线")]),
      calendars: Calendars(try calendars.map { (time($0), try WorkCalendar(csv: $2, version: $1)) }))
  }

  static let policy = """
    policy: test
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h }
        resolution: { within: 13wd from-next-day until-close, district: 5wd, city: 5wd }
        slips: [blue, orange, red]
      - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  static let calendar = """
    date,kind,name
    2026-10-01,holiday,国庆节
    2026-10-02,holiday,国庆节
    2026-10-03,holiday,国庆节
    2026-10-04,holiday,国庆节
    2026-10-05,holiday,国庆节
    2026-10-06,holiday,国庆节
    2026-10-07,holiday,国庆节
    2026-10-10,workday,国庆节调休
    """

  /// Something happened, and was recorded then or later.
  mutating func say(_ type: String, _ at: String, _ data: String = "{}", unit: String? = nil, recorded: String? = nil) throws {
    let body =
      #"{"specversion":"1.0","id":"m-\#(log.count + 1)","source":"/hotline/12345","type":"duban.\#(type)","#
      + #""time":"\#(at):00+08:00","subject":"HS-1","data":\#(data)}"#
    let envelope = try Envelope(RawMessage(body: Array(body.utf8)))
    log.append(
      Entry(
        number: Int32(log.count + 1), type: type, event: envelope.event, unit: unit, key: envelope.key, occurredAt: envelope.time,
        recordedAt: time(recorded ?? at), stamp: references.directory.stamp(envelope.event, policy: 1)))
  }

  /// An operator or Duban itself did something.
  mutating func append(_ event: Event, _ at: String) { log.append(Entry(own: event, on: matter(), at: time(at))) }

  /// Sweeps, and puts on record what lapsed.
  mutating func sweep(_ at: String) {
    sweptTo = time(at)
    let fold = Fold.whole(log, of: matter(), references: references, now: time(at), recorded: breaches)
    for lapse in fold.lapses where !breaches.contains(where: { $0.lapse.step == lapse.step }) {
      breaches.append(Breach(itemID: 1, number: Int32(breaches.count + 1), lapse: lapse))
    }
  }

  mutating func decide(_ number: Int32, _ status: Breach.Status) { breaches[Int(number) - 1].status = status }

  /// A person decided about a breach.
  mutating func decide(_ number: Int32, _ decision: Breach.Decision, _ at: String, by person: String, because reason: String) {
    if let status = decision.status(after: breaches[Int(number) - 1].status) { decide(number, status) }
    findings.append(
      FindingRow(
        at: time(at), type: "breach.decided",
        data: #"{"breach":\#(number),"by":"\#(person)","decision":"\#(decision.rawValue)","because":"\#(reason)"}"#))
  }

  func matter() -> Matter {
    var matter = Matter(id: 1, key: Self.key, kind: .complaint, at: time("2026-09-28T09:00"))
    (matter.log.entries, matter.log.breaches, matter.log.sweptTo) = (Int32(log.count), Int32(breaches.count), sweptTo)
    return matter
  }

  func account(asAt: String? = nil, asOf: String? = nil) -> Account {
    Account(
      of: matter(), log: log, breaches: breaches, findings: findings, references: references, now: time("2027-01-01T00:00"),
      asAt: asAt.map(time), asOf: asOf.map(time))
  }

  func text(_ language: Language = .zh, of unit: String? = nil, asAt: String? = nil, asOf: String? = nil) -> [String] {
    account(asAt: asAt, asOf: asOf).paragraphs(of: unit, in: language, now: time("2026-11-01T00:00"))
  }
}

/// A time in Asia/Shanghai.
func time(_ text: String) -> Instant { Instant(rfc3339: text + ":00+08:00") ?? Instant(microseconds: 0) }

let place = #"{"region":{"district":"黄石港区","street":"胜阳港街道"}}"#
